"""The live stream, over a real server's sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from tests.dashboard.conftest import KEY, NOW, PASSWORD, World, assert_problem

from ohmstead.access import secrets
from ohmstead.dashboard import stream
from ohmstead.dashboard.asked import ids_in
from ohmstead.dashboard.live import Watcher
from ohmstead.house.http import HttpServer, listen

SECOND = timedelta(seconds=1)


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is signed in, over TCP."""
    await world.user()
    sock = listen("127.0.0.1", 0, "the test")
    with sock:
        async with HttpServer(world.app, sock) as server:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{server.port}", timeout=10
            ) as signed_in:
                body = {"email": "ada@example.org", "password": PASSWORD}
                assert (await signed_in.post("/api/session", json=body)).status_code == 200
                yield signed_in
            world.hub.close()


class Stream:
    """What a browser's EventSource would see."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def block(self) -> list[str]:
        """The lines up to the next empty one; empty at the end of the stream."""
        lines: list[str] = []
        async with asyncio.timeout(10):
            async for line in self._lines:
                if not line and lines:
                    return lines
                if line:
                    lines.append(line)
        return lines

    async def reading(self) -> dict[str, object]:
        """The data of the next reading."""
        while (lines := await self.block())[:1] != ["event: reading"]:
            assert lines, "the stream has ended"
        said: dict[str, object] = json.loads(lines[1].removeprefix("data: "))
        return said

    async def ends(self) -> bool:
        """Whether the stream ends, whatever comes before."""
        while await self.block():
            pass
        return True


@asynccontextmanager
async def live(client: httpx.AsyncClient, query: str = "") -> AsyncIterator[Stream]:
    async with client.stream("GET", f"/api/live{query}") as answer:
        assert answer.status_code == 200
        yield Stream(answer)


async def test_the_newest_comes_at_once_and_then_what_is_posted(
    world: World, client: httpx.AsyncClient
) -> None:
    """First the newest of each meter that was asked for, from the store; then from the hub."""
    meter, other = await world.meter("m1"), await world.meter("m2")
    await world.measured(meter, (NOW, {"1.7.0": 1.5}))
    await world.measured(other, (NOW, {"1.7.0": 9.0}))
    async with live(client, "?meters=m1") as events:
        assert events.answer.headers["content-type"].startswith("text/event-stream")
        assert events.answer.headers["cache-control"] == "no-store"
        assert await events.reading() == {
            "meter": "m1",
            "at": "2035-11-21T12:00:00Z",
            "values": {"1.7.0": 1.5},
        }
        world.hub.post("m2", NOW + SECOND, {"1.7.0": 8.0})
        world.hub.post("m1", NOW + SECOND, {"1.7.0": 2.5})
        assert (await events.reading())["values"] == {"1.7.0": 2.5}


async def test_all_meters_are_watched_when_none_is_named(
    world: World, client: httpx.AsyncClient
) -> None:
    """Without `meters`: every one that may be seen, also those whose id has a comma."""
    await world.meter("a,b")
    await world.meter("g1", type="gas")
    async with live(client) as events:
        assert (await events.block()) == ["retry: 2000"]
        world.hub.post("a,b", NOW, {"1.7.0": 1.0})
        assert (await events.reading())["meter"] == "a,b"
        world.hub.post("g1", NOW, {}, 7.5)
        assert (await events.reading())["value"] == 7.5
    async with live(client, "?meters=a%2Cb,g1") as events:
        world.hub.post("a,b", NOW, {"1.7.0": 3.0})
        assert (await events.reading())["values"] == {"1.7.0": 3.0}


async def test_signing_out_ends_the_stream(world: World, client: httpx.AsyncClient) -> None:
    """At once where this server ended the session."""
    await world.meter()
    async with live(client) as events:
        await events.block()
        assert (await client.delete("/api/session")).status_code == 204
        assert await events.ends()
    assert world.hub.watchers == 0


async def test_a_session_that_ended_elsewhere_ends_the_stream(
    world: World, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is looked at again after each heartbeat; a quiet stream has a comment then."""
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.05)
    await world.meter()
    token = client.cookies["ohmstead_session"]
    async with live(client) as events:
        await events.block()
        assert await events.block() == [": still here"]
        world.clock.set(NOW + 16 * SECOND)
        assert await events.block() == [": still here"]
        await world.sessions.end(secrets.digest(KEY, token))
        world.clock.set(NOW + 40 * SECOND)
        assert await events.ends()


async def test_the_server_ends_its_streams_before_it_stops(
    world: World, client: httpx.AsyncClient
) -> None:
    """Hub.close lets every stream come to a proper end."""
    await world.meter()
    async with live(client) as events:
        await events.block()
        world.hub.close()
        assert await events.ends()


class _Told(set[Watcher]):
    """A set that tells when something is taken out."""

    def __init__(self, left: asyncio.Event) -> None:
        self._left = left

    def discard(self, watcher: Watcher) -> None:
        super().discard(watcher)
        self._left.set()


async def test_a_client_that_leaves_frees_its_place(
    world: World, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed connection is noticed without anything being sent."""
    await world.meter()
    left = asyncio.Event()
    monkeypatch.setattr(world.hub, "_watchers", _Told(left))
    async with live(client) as events:
        await events.block()
        assert world.hub.watchers == 1
    async with asyncio.timeout(10):
        await left.wait()
    assert world.hub.watchers == 0


async def test_too_many_streams_are_refused(
    world: World, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """429 for one session's too many, 503 when all places are taken; both say when to retry."""
    await world.meter()
    monkeypatch.setattr(world.hub, "_most_of_one", 1)
    async with live(client) as events:
        await events.block()
        refused = await client.get("/api/live")
        assert_problem(refused, 429, "this session has 1")
        assert refused.headers["retry-after"] == "5"
        monkeypatch.setattr(world.hub, "_most", 1)
        refused = await client.get("/api/live")
        assert_problem(refused, 503, "1 live streams are open")
        assert refused.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    "query, status", [("?meters=", 400), ("?meters=,,", 400), ("?meters=m1,nobody", 404)]
)
async def test_a_wrong_question_is_a_problem(
    world: World, client: httpx.AsyncClient, query: str, status: int
) -> None:
    """No meter at all is 400, one that is not there 404, in JSON before any stream begins."""
    await world.meter()
    assert_problem(await client.get(f"/api/live{query}"), status)


async def test_too_many_meters_are_refused(world: World, client: httpx.AsyncClient) -> None:
    """One stream carries a bounded number of meters."""
    ids = ",".join(f"m{number}" for number in range(1001))
    assert_problem(await client.get(f"/api/live?meters={ids}"), 400, "1001 meters")


def test_ids_are_decoded_after_they_are_split() -> None:
    """A comma inside an id is percent-encoded; bytes that are no UTF-8 do no harm."""
    assert ids_in(b"meters=%C3%A4,b%2Cc&x=1&meters=d&meters=%ff") == ["ä", "b,c", "d", "\ufffd"]
    assert ids_in(b"") == ids_in(b"meters=") == []
