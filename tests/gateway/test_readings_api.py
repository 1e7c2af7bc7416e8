"""The local API over real sockets.  Source: REST/MQTT 2.0, 2.3, 3.1, 3.2, 4.1.2, Appendix A."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from tests.surfaces.test_report import AT, a_device

from ohmstead.gateway.api import Api
from ohmstead.gateway.board import Board
from ohmstead.gateway.readings_api import Readings
from ohmstead.house.http import HttpServer, listen
from ohmstead.reading.reading import Reading

DOCUMENTS = ("/api/v1/report", "/api/v1/system", "/api/v1/variables")
LIVE = "/api/v1/live"
READING = Reading("A842E39F8124", AT, {"1.7.0": 0.037, "32.7.0": 234.0}, number=1)
WAIT_S = 10


class Served:
    """An API on a real port, and a client of it."""

    def __init__(self, board: Board, client: httpx.AsyncClient) -> None:
        self.board = board
        self.client = client

    def post(self, number: int) -> None:
        at = AT + timedelta(seconds=number)
        self.board.post(replace(READING, number=number, at=at, values={"1.7.0": float(number)}))


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    board = Board()
    sock = listen("127.0.0.1", 0, "the test")
    async with HttpServer(Api(Readings(board, a_device).routes()), sock) as server:
        base = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=base, timeout=WAIT_S) as client:
            yield Served(board, client)
        board.close()
    sock.close()


class Stream:
    """One client of the live stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def event(self) -> dict[str, object] | None:
        """The next event's fields, None when the stream has ended."""
        async with asyncio.timeout(WAIT_S):
            lines = []
            async for line in self._lines:
                if not line:
                    break
                lines.append(line)
        if not lines:
            return None
        assert lines[0] == "event: live"
        fields: dict[str, object] = json.loads(lines[1].removeprefix("data: "))
        return fields


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_documents_are_json_that_nobody_stores(served: Served, path: str) -> None:
    """Appendix A and the device's headers: 200, JSON in UTF-8, nosniff, no-store."""
    for _ in range(2):
        answer = await served.client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json()
        served.board.post(READING)


async def test_the_report_tells_the_latest_reading(served: Served) -> None:
    """3.1: `report.instantaneous_power.active.positive.total`, in kW."""
    served.board.post(READING)
    report = (await served.client.get("/api/v1/report")).json()
    assert report["report"]["instantaneous_power"]["active"]["positive"]["total"] == 0.037
    assert report["system"]["id"] == "A842E39F8124"
    assert '"l1":234}' in (await served.client.get("/api/v1/report")).text


@pytest.mark.parametrize("path", ["/", "/api/v1", "/api/v1/reports", "/api/v1/report/none"])
async def test_a_path_that_is_none_is_not_found(served: Served, path: str) -> None:
    """Appendix A: 404 Not Found."""
    answer = await served.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [*DOCUMENTS, LIVE])
async def test_what_is_read_cannot_be_written(served: Served, path: str) -> None:
    """2.3, 3, 4.1.2: method GET; anything else is told which it may be.  RFC 9110, 15.5.6."""
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await served.client.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    head = await served.client.head(path)
    assert (head.status_code, head.content) == (200, b"")


async def test_the_stream_sends_every_reading(served: Served) -> None:
    """3.2: text/event-stream, an event `live` as often as the meter reports."""
    async with served.client.stream("GET", LIVE) as response:
        stream = Stream(response)
        assert response.headers["content-type"] == "text/event-stream"
        for number in (1, 2, 3):
            served.post(number)
            fields = await stream.event()
            assert fields is not None
            assert fields["P_In"] == number


async def test_3_2_readings_that_come_together_are_an_event_each(served: Served) -> None:
    """3.2: "at the same frequency as the meter sends reports": none is left out."""
    served.post(1)
    async with served.client.stream("GET", LIVE) as response:
        stream = Stream(response)
        assert await stream.event()
        for number in range(2, 12):
            served.post(number)
        events = [await stream.event() for _ in range(2, 12)]
    assert [event and event["P_In"] for event in events] == list(range(2, 12))


async def test_the_latest_reading_is_sent_at_once(served: Served) -> None:
    """A meter that reports once a minute: who comes in between need not wait for it."""
    served.post(7)
    async with served.client.stream("GET", LIVE) as response:
        fields = await Stream(response).event()
    assert fields is not None
    assert fields["P_In"] == 7


async def test_a_new_client_ends_the_stream_of_the_one_before(served: Served) -> None:
    """3.2, note: "You can only establish one connection to this endpoint"."""
    served.post(1)
    async with served.client.stream("GET", LIVE) as first:
        older = Stream(first)
        assert await older.event()
        async with served.client.stream("GET", LIVE) as second:
            newer = Stream(second)
            assert await newer.event()
            assert await older.event() is None
            served.post(2)
            assert await newer.event()
        async with served.client.stream("GET", LIVE) as third:
            assert await Stream(third).event()


async def test_the_end_of_the_program_ends_the_stream(served: Served) -> None:
    """Ctrl-C: streams end by themselves, nobody waits for them."""
    served.post(1)
    async with served.client.stream("GET", LIVE) as response:
        stream = Stream(response)
        assert await stream.event()
        served.board.close()
        assert await stream.event() is None
