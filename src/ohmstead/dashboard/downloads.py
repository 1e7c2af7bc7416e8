"""Tables as downloads: made page by page while they are sent, and never whole in memory."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.response.base import ASGIResponse

from ohmstead.dashboard.problems import Slower
from ohmstead.surfaces import formats
from ohmstead.surfaces.formats import Format
from ohmstead.surfaces.table import Page, Sheet, Writer

AT_ONCE = 4
"""Exports that are made at the same time; each takes a part of a processor and of the database."""
RETRY_S = 10
PLAIN = frozenset("-_.")
FILE = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY))


class Turns:
    """Who makes an export at the moment, or whatever else takes its time."""

    def __init__(self, at_once: int = AT_ONCE, what: str = "exports") -> None:
        self._left, self._what = at_once, what

    @contextmanager
    def taken(self) -> Iterator[None]:
        """A turn, for as long as the block lasts; Slower when there is none."""
        if self._left <= 0:
            why = f"as many {self._what} as may be are being made; try again"
            raise Slower(why, RETRY_S)
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1


@dataclass(frozen=True, slots=True)
class Download:
    """What is to be sent: rows, how they are written, and what the file is called."""

    sheet: Sheet
    pages: AsyncIterator[Page]
    format: Format
    name: str

    @property
    def disposition(self) -> bytes:
        """Source: RFC 6266, 4; RFC 8187 for what is not ASCII."""
        name = f"{self.name}.{self.format.suffix}"
        plain = "".join(c if c.isascii() and (c.isalnum() or c in PLAIN) else "_" for c in name)
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}".encode()


class Sending(ASGIResponse):
    """A download on its way; trouble before its first page is an ordinary answer."""

    def __init__(self, download: Download, turns: Turns) -> None:
        super().__init__(media_type=download.format.media_type)
        self._download, self._turns = download, turns

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        """Send it all, or until the client goes."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self._turns.taken())
            of = self._download
            writer = await asyncio.to_thread(of.format.write, of.sheet)
            stack.push_async_callback(asyncio.to_thread, writer.close)
            first = await anext(of.pages, None)
            pieces = _pieces(first, of.pages, writer)
            begun = await anext(pieces, b"")
            headers = [
                (b"content-type", of.format.media_type.encode()),
                (b"content-disposition", of.disposition),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            sending = asyncio.create_task(_send(begun, pieces, send), name="download:send")
            leaving = asyncio.create_task(_left(receive), name="download:leave")
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, leaving):
                    task.cancel()
                await asyncio.wait({sending, leaving})
            if sending.cancelled():  # whoever asked has gone
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                sending.result()


async def _pieces(
    first: Page | None, pages: AsyncIterator[Page], writer: Writer
) -> AsyncIterator[bytes]:
    """The bytes of the file; the work is done beside the event loop."""
    page = first
    while page is not None:
        if said := await asyncio.to_thread(writer.feed, page):
            yield said
        page = await anext(pages, None)
    rest = writer.end()
    while (piece := await asyncio.to_thread(lambda: next(rest, None))) is not None:
        yield piece


async def _send(begun: bytes, pieces: AsyncIterator[bytes], send: Any) -> None:
    await send({"type": "http.response.body", "body": begun, "more_body": True})
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class File(Response[bytes]):
    """What a route hands to the framework: the sending above."""

    def __init__(self, download: Download, turns: Turns) -> None:
        super().__init__(b"", media_type=download.format.media_type)
        self._sending = Sending(download, turns)

    def to_asgi_response(self, *_given: Any, **_named: Any) -> ASGIResponse:
        return self._sending


def described(among: tuple[str, ...]) -> type[Operation]:
    """How the description lists what a route answers: a file, in one of these formats."""

    @dataclass
    class Files(Operation):
        def __post_init__(self) -> None:
            answer = (self.responses or {}).get("200")
            if isinstance(answer, OpenAPIResponse):
                kinds = {formats.BY_NAME[name].media_type for name in among}
                answer.content = dict.fromkeys(sorted(kinds), FILE)

    return Files
