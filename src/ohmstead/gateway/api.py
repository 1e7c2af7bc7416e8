"""The local API: what the device answers over HTTP.  Source: REST/MQTT 2.0, 2.3, 3 and 4.1.2.

Plain ASGI, no framework: four resources, and a small machine to serve them from.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog

from ohmstead.gateway.board import Board
from ohmstead.reading.reading import Reading
from ohmstead.surfaces import live, report, system, variables
from ohmstead.surfaces.device import Device

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Present = Callable[[], Device]
Document = Callable[[Reading | None, Device], object]

DOCUMENTS: dict[str, Document] = {
    "/api/v1/report": report.document,
    "/api/v1/variables": variables.document,
    "/api/v1/system": system.document,
}
LIVE = "/api/v1/live"

COMMON = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
JSON = b"application/json; charset=utf-8"
TEXT = b"text/plain; charset=utf-8"
EVENTS = b"text/event-stream"

LOOK_S = 3600.0
"""A stream waits so long for a reading before it looks again whether it still should."""
TAKE_S = 30.0
"""A client that does not take an event for so long is gone."""

_log = structlog.get_logger("gateway.api")


class Api:
    """The ASGI app."""

    def __init__(self, board: Board, device: Present) -> None:
        """`device` gives the state of the device at the moment it is called."""
        self._board = board
        self._device = device
        self._stream: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        path = scope["path"].rstrip("/")
        document = DOCUMENTS.get(path)
        if document is None and path != LIVE:
            known = ", ".join([*DOCUMENTS, LIVE])
            await _answer(send, 404, TEXT, f"There is nothing here; there is {known}.\n".encode())
        elif scope["method"] not in ("GET", "HEAD"):
            body = f"{path} can only be read (GET).\n".encode()
            await _answer(send, 405, TEXT, body, (b"allow", b"GET, HEAD"))
        elif document is not None:
            body = msgspec.json.encode(document(self._board.latest, self._device()))
            await _answer(send, 200, JSON, body)
        elif scope["method"] == "HEAD":
            await _answer(send, 200, EVENTS, b"")
        else:
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The stream of readings, for one client at a time: a new one ends the one before.

        Source: 3.2, note: "You can only establish one connection to this endpoint".
        """
        await send(_start(200, EVENTS))
        stream = asyncio.create_task(self._events(send), name="live:events")
        client = asyncio.create_task(_gone(receive), name="live:client")
        older, self._stream = self._stream, stream
        if older:
            older.cancel()
        try:
            await asyncio.wait({stream, client}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._stream is stream:
                self._stream = None
            stream.cancel()
            client.cancel()
            ends = await asyncio.gather(stream, client, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                _log.warning("live stream broken off", why=str(end) or type(end).__name__)
                return  # a response that is not completed makes the server close the connection
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self, send: Send) -> None:
        """Event after event, from the latest reading on; a slow client gets fewer, none late."""
        shown: Reading | None = None
        while True:
            try:
                reading = await self._board.next(shown, LOOK_S)
            except TimeoutError:
                continue
            if reading is None:
                return
            shown = reading
            body = live.event(reading, self._device())
            async with asyncio.timeout(TAKE_S):
                await send({"type": "http.response.body", "body": body, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _start(status: int, kind: bytes, *more: tuple[bytes, bytes]) -> Message:
    headers = [(b"content-type", kind), *COMMON, *more]
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _answer(
    send: Send, status: int, kind: bytes, body: bytes, *more: tuple[bytes, bytes]
) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send(_start(status, kind, length, *more))
    await send({"type": "http.response.body", "body": body})
