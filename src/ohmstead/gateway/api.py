"""The local API: from a request on a socket to the feature that answers it, and back.

Plain ASGI, no framework: a small machine serves it.  On the way lie the door (which pages may ask,
who has the password, what a licence opens) and the bounds (of bodies, and of a client's patience).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import parse_qsl

import structlog

from ohmstead.errors import BadInput, OhmsteadError, TooLarge
from ohmstead.gateway import origins
from ohmstead.gateway.http import Found, Request, Response, Route, Table, answer_to, trouble

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

COMMON = {"x-content-type-options": "nosniff", "cache-control": "no-store"}

TAKE_S = 30.0
"""A client that does not take a piece of the answer for so long is gone."""
GIVE_S = 30.0
"""A client that does not give the rest of its body for so long is gone."""
OVERRUN = 65_536
"""A body that is too long is read so much further: a client that still writes does not listen."""
UNLICENSED = "License required"
"""Source: the newer firmware's licence document."""

_log = structlog.get_logger("gateway.api")


class Door(Protocol):
    """Who may ask."""

    async def refused(self, request: Request, target: str) -> Response | None:
        """The answer to one who may not; None to one who may.  `target` is the request's path and
        query as they were sent."""
        ...


class Open:
    """A door without a lock."""

    async def refused(self, request: Request, target: str) -> Response | None:
        """Everybody may."""
        del request, target
        return None


class Api:
    """The ASGI app."""

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        door: Door | None = None,
        host_name: Callable[[], str] = str,
        licensed: bool = True,
    ) -> None:
        """`host_name` is the device's, for the pages that may ask; without `licensed` the routes
        that need a licence are not there."""
        self._table = Table(routes)
        self._door = door or Open()
        self._host_name = host_name
        self._licensed = licensed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        request = _request(scope)
        allowed = origins.allowed(request, self._host_name())
        try:
            if allowed:
                response = await self._answer(request, _target(scope), receive)
            else:
                response = trouble(404, "There is nothing here for pages of other hosts.")
        except _Gone:
            return
        if allowed:
            more = origins.headers(request)
            response = replace(response, headers=[*response.headers, *more])
        await _sent(response, scope["method"], receive, send)

    async def _answer(self, request: Request, target: str, receive: Receive) -> Response:
        """What is answered, whatever happens."""
        found = self._table.find(request.method, request.path)
        if request.method == "OPTIONS" and found is not None:
            return origins.preflight(request, [*found.methods, "OPTIONS"])
        try:
            return await self._asked(request, target, found, receive)
        except OhmsteadError as error:
            return answer_to(error)
        except _Gone:
            raise
        except Exception:
            _log.exception("request failed", method=request.method, path=request.path)
            return trouble(500, "This should not have happened; the log of the gateway says more.")

    async def _asked(
        self, request: Request, target: str, found: Found | None, receive: Receive
    ) -> Response:
        """Past the door to the route; raises what its handler raises."""
        route = found.route if found else None
        body = _Body(receive, route.longest_body if route else 0)
        if route and not route.streamed:
            request = replace(request, body=await body.whole(route.too_long))
        refusal = await self._door.refused(request, target)
        if refusal is not None:
            return refusal
        if found is None or route is None:
            return _nobody(request, found)
        if route.licensed and not self._licensed:
            return trouble(404, UNLICENSED)
        chunks = body.chunks() if route.streamed else None
        return await route.handler(replace(request, parameters=found.parameters, chunks=chunks))


def _nobody(request: Request, found: Found | None) -> Response:
    if found is None:
        return trouble(404, f"There is nothing at {request.path}.")
    methods = ", ".join(found.methods)
    message = f"{request.path} takes {methods}, not {request.method}."
    return trouble(405, message, headers=[("allow", methods)])


class _Gone(Exception):
    """The client went away before it had said everything."""


def _request(scope: Scope) -> Request:
    query = scope["query_string"].decode("latin-1")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        },
        client=(scope.get("client") or ("",))[0],
    )


def _target(scope: Scope) -> str:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


class _Body:
    """The body of a request, read as far as it may be long."""

    def __init__(self, receive: Receive, longest: int) -> None:
        self._receive = receive
        self._longest = longest

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives; _Gone when it ends before its end."""
        more = True
        while more:
            async with asyncio.timeout(GIVE_S):
                message = await self._receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            more = message.get("more_body", False)
            yield message.get("body", b"")

    async def whole(self, too_long: int) -> bytes:
        """All of it; BadInput or TooLarge when it is too long, or does not come."""
        body = bytearray()
        try:
            async for chunk in self.chunks():
                body += chunk
                if len(body) > self._longest + OVERRUN:
                    break
        except TimeoutError as error:
            raise BadInput("the rest of the body did not come") from error
        if len(body) > self._longest:
            kind = TooLarge if too_long == 413 else BadInput
            raise kind(f"the body is longer than {self._longest} bytes")
        return bytes(body)


async def _sent(response: Response, method: str, receive: Receive, send: Send) -> None:
    """Sends an answer; one that comes bit by bit ends when the client goes away."""
    await send(_start(response))
    if isinstance(response.body, bytes):
        await send({"type": "http.response.body", "body": response.body})
        return
    if method == "HEAD":
        async with _closed(response.body):
            await send({"type": "http.response.body", "body": b""})
        return
    pieces = asyncio.create_task(_pieces(response.body, send), name="answer:pieces")
    client = asyncio.create_task(_gone(receive), name="answer:client")
    try:
        await asyncio.wait({pieces, client}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pieces.cancel()
        client.cancel()
        ends = await asyncio.gather(pieces, client, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            _log.warning("answer broken off", why=str(end) or type(end).__name__)
            return  # a response that is not completed makes the server close the connection
    await send({"type": "http.response.body", "body": b"", "more_body": False})


@asynccontextmanager
async def _closed(body: AsyncIterator[bytes]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if isinstance(body, AsyncGenerator):
            await body.aclose()


async def _pieces(body: AsyncIterator[bytes], send: Send) -> None:
    async with _closed(body):
        async for piece in body:
            async with asyncio.timeout(TAKE_S):
                await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Name(bytes):
    """A header's name as the device spells it: `Content-Length`.

    Names are the same in any case (RFC 9110, 5.1), but scripts look for `^Location:` in what
    `curl -i` prints, and the server would write it small.
    """

    __slots__ = ()

    def lower(self) -> "_Name":
        """Stays as it is: this is how the server makes a name small."""
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes) and bytes.lower(self) == bytes.lower(other)

    def __hash__(self) -> int:
        return hash(bytes.lower(self))


SPELLED = {"www-authenticate": "WWW-Authenticate", "etag": "ETag"}


def _name(lower: str) -> bytes:
    """
    >>> _name("x-content-type-options")
    b'X-Content-Type-Options'
    """
    return _Name((SPELLED.get(lower) or lower.title()).encode("latin-1"))


def _start(response: Response) -> Message:
    headers = dict(COMMON)
    if response.media:
        headers["content-type"] = response.media
    if isinstance(response.body, bytes) and response.status != 204:
        headers["content-length"] = str(len(response.body))
    given = [(name.lower(), value) for name, value in response.headers]
    for name, _ in given:
        headers.pop(name, None)
    every = [*headers.items(), *given]
    return {
        "type": "http.response.start",
        "status": response.status,
        "headers": [(_name(name), value.encode("latin-1")) for name, value in every],
    }
