"""From a socket to a feature and back.  Source: REST/MQTT 2.0, 6.1 and Appendix A; RFC 9110."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.gateway.serving import Served, served

from ohmstead import errors
from ohmstead.gateway import api as room
from ohmstead.gateway.api import UNLICENSED
from ohmstead.gateway.http import (
    LONGEST_BODY,
    NO_CONTENT,
    Request,
    Response,
    Route,
    json,
    text,
)

WAIT_S = 10
HOST = "whatwatt_9F8124"


class Feature:
    """A feature that does as it is told, and remembers what became of its streams."""

    def __init__(self) -> None:
        self.raises: Exception = RuntimeError("unforeseen")
        self.closed = asyncio.Event()
        self.endless = asyncio.Event()

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/things/{name}", self.thing),
            Route("PUT", "/things/{name}", self.thing),
            Route("DELETE", "/things/{name}", self.nothing),
            Route("GET", "/files/{path*}", self.file),
            Route("POST", "/load", self.load, streamed=True, too_long=413),
            Route("POST", "/small", self.thing, longest_body=10, too_long=413),
            Route("GET", "/trouble", self.trouble),
            Route("GET", "/licensed", self.nothing, licensed=True),
            Route("GET", "/stream", self.stream),
            Route("GET", "/broken", self.broken),
        )

    async def thing(self, request: Request) -> Response:
        return json([dict(request.parameters), dict(request.query), request.body.decode()])

    async def nothing(self, request: Request) -> Response:
        return NO_CONTENT

    async def file(self, request: Request) -> Response:
        headers = [("cache-control", "max-age=1"), ("X-Own", "1")]
        return text(repr(request.parameters["path"]), headers=headers)

    async def load(self, request: Request) -> Response:
        assert request.chunks is not None
        size = 0
        async for chunk in request.chunks:
            size += len(chunk)
        return text(str(size))

    async def trouble(self, request: Request) -> Response:
        raise self.raises

    async def stream(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            try:
                yield b"first"
                await self.endless.wait()
                yield b"last"
            finally:
                self.closed.set()

        return Response(body=pieces(), media="text/plain")

    async def broken(self, request: Request) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            raise OSError("the disk is gone")

        return Response(body=pieces(), headers=[("content-length", "10")])


@pytest.fixture
def feature() -> Feature:
    return Feature()


@pytest.fixture
async def api(feature: Feature) -> AsyncIterator[Served]:
    async with served(feature.routes(), host_name=lambda: HOST) as found:
        yield found


async def test_paths_and_queries_come_decoded(api: Served) -> None:
    """RFC 3986, 2.1: `%2C` is a comma, in a path as in a query."""
    answer = await api.client.put("/things/a%20b?id=1%2C2&id=3&empty=", content=b"body")
    assert answer.json() == [{"name": "a b"}, {"id": "3", "empty": ""}, "body"]
    for path, rest in (("/files", None), ("/files/", ""), ("/files/A/b.csv", "A/b.csv")):
        assert (await api.client.get(path)).text == repr(rest)
    assert (await api.client.get("/files/A/")).text == "'A/'"


@pytest.mark.parametrize("path", ["/things", "/things/a/b", "/thing", "/", "/files2", "//things/a"])
async def test_a_path_that_is_none_is_not_found(api: Served, path: str) -> None:
    """Appendix A: 404, in the words of the vendor's OpenAPI."""
    answer = await api.client.get(path)
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_method_that_is_none_is_told_which_there_are(api: Served) -> None:
    """RFC 9110, 15.5.6 and 9.3.7."""
    answer = await api.client.post("/things/a")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, PUT, DELETE, HEAD")
    answer = await api.client.options("/things/a")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, PUT, DELETE, HEAD, OPTIONS")
    head = await api.client.head("/things/a")
    assert (head.status_code, head.content, head.headers["content-type"]) == (
        200,
        b"",
        "application/json; charset=utf-8",
    )
    assert (await api.client.head("/stream")).content == b""


async def test_a_feature_may_say_its_own_headers(api: Served) -> None:
    """A header of the feature stands in the place of the API's."""
    headers = (await api.client.get("/files/x")).headers
    assert (headers.get_list("cache-control"), headers["x-own"]) == (["max-age=1"], "1")


@pytest.mark.parametrize(
    "error",
    [
        errors.BadInput("b"),
        errors.NotFound("n"),
        errors.Conflict("c"),
        errors.TooLarge("l"),
        errors.TooMany("m"),
        errors.Unavailable("u"),
        errors.OhmsteadError("o"),
    ],
)
async def test_an_error_is_the_status_it_knows(
    api: Served, feature: Feature, error: errors.OhmsteadError
) -> None:
    """6.1 and 6.6: 400, 404, 409, 413, 429, 500, 503; with a text that says what to do."""
    feature.raises = error
    answer = await api.client.get("/trouble")
    assert (answer.status_code, answer.json()["message"]) == (error.status, str(error))


async def test_an_unforeseen_error_is_a_500_that_tells_nothing(api: Served) -> None:
    """6.1: 500 internal problem; the log has the rest."""
    answer = await api.client.get("/trouble")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "unforeseen" not in answer.text


async def test_a_body_is_taken_up_to_its_bound(api: Served) -> None:
    """4: 8 kB; what says so has 413."""
    for path, longest, status in (("/things/a", LONGEST_BODY, 400), ("/small", 10, 413)):
        method = "PUT" if status == 400 else "POST"
        for size, expected in ((longest, 200), (longest + 1, status), (500_000, status)):
            answer = await api.client.request(method, path, content=b"x" * size)
            assert answer.status_code == expected
    assert (await api.client.get("/things/a")).status_code == 200


async def test_a_large_body_is_streamed_to_who_wants_it(api: Served) -> None:
    """6.14: a firmware has megabytes; they are never held as a whole."""
    assert (await api.client.post("/load", content=b"x" * 3_000_000)).text == "3000000"


async def test_a_body_that_stops_is_not_waited_for(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that promises more than it sends holds nothing up."""
    monkeypatch.setattr(room, "GIVE_S", 0.05)
    port = int(api.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PUT /things/a HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf")
    async with asyncio.timeout(WAIT_S):
        assert b"400 Bad Request" in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_stream_is_closed_when_its_client_goes(api: Served, feature: Feature) -> None:
    """Nothing is read from a disk or a meter for somebody who has left."""
    async with api.client.stream("GET", "/stream") as response:
        async for piece in response.aiter_bytes():
            assert piece == b"first"
            break
    async with asyncio.timeout(WAIT_S):
        await feature.closed.wait()


async def test_a_stream_ends_with_its_end(api: Served, feature: Feature) -> None:
    """RFC 9112, 7.1: chunked, and complete."""
    feature.endless.set()
    assert (await api.client.get("/stream")).text == "firstlast"


async def test_a_stream_that_breaks_is_not_taken_for_whole(api: Served) -> None:
    """RFC 9112, 8: an incomplete message ends with its connection."""
    with pytest.raises(httpx.RemoteProtocolError):
        await api.client.get("/broken")
    assert (await api.client.get("/things/a")).status_code == 200


async def test_what_needs_a_licence_is_not_there_without(feature: Feature) -> None:
    """Newer firmware, licence page: 404 License required."""
    for licensed, status in ((True, 204), (False, 404)):
        async with served(feature.routes(), licensed=licensed) as api:
            answer = await api.client.get("/licensed")
            assert answer.status_code == status
            assert licensed or answer.json()["message"] == UNLICENSED
            assert (await api.client.get("/things/a")).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://whatwatt-9F8124.local",
        "http://WHATWATT-9f8124",
        "http://whatwatt_9F8124.local:8080",
        "https://whatwatt-9F8124",
    ],
)
async def test_pages_of_the_device_may_ask(api: Served, origin: str) -> None:
    """Newer firmware: allowed are the device's host name and that with .local."""
    for path, status in (("/things/a", 200), ("/nothing", 404)):
        answer = await api.client.get(path, headers={"origin": origin})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["vary"] == "Origin"
    asked = {"origin": origin, "access-control-request-method": "PUT"}
    answer = await api.client.options("/things/a", headers=asked)
    assert answer.status_code == 204
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "authorization" in answer.headers["access-control-allow-headers"]


async def test_a_page_may_ask_the_host_it_came_from(api: Served) -> None:
    """RFC 6454, 5: the device's own pages, by whatever address they were fetched."""
    answer = await api.client.get("/things/a", headers={"origin": api.url})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://whatwatt-9F8124.local.evil.example",
        "http://evil.example/whatwatt-9F8124.local",
        "file://whatwatt-9F8124.local",
        "http://[",
        "whatwatt-9F8124.local",
    ],
)
async def test_pages_of_other_hosts_find_nothing(
    api: Served, feature: Feature, origin: str
) -> None:
    """Newer firmware: "Disallowed origins receive HTTP 404 without CORS headers"."""
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        answer = await api.client.request(method, "/things/a", headers={"origin": origin})
        assert answer.status_code == 404
        assert not [name for name in answer.headers if name.startswith("access-control")]
