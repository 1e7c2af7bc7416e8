"""A line to the meter: bytes in, and bytes out for those who are asked; opened again when lost."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

import structlog

from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.source import Setting
from ohmstead.wire.telegram import NOT_CONNECTED

OPEN_S = 10.0
CLOSE_S = 5.0
WRITE_S = 10.0
PIECE = 4096
LOOK_S = 3600.0
"""A line that may be silent for ever is looked at again after so long."""

Tell = Callable[[str | None], None]
"""Told how the port stands, each time that changes: NOT CONNECTED, NO DATA, RECOGNITION or
NOT RECOGNIZED; None when it is open and its bytes speak for themselves."""

_log = structlog.get_logger("gateway.port")


class CannotSet(OSError):
    """The port is there, and its hardware has no such setting."""


class Line(Protocol):
    """An open line."""

    async def read(self, timeout_s: float) -> bytes:
        """What has come; empty when the line has ended.  TimeoutError or OSError."""
        ...

    async def write(self, data: bytes) -> None:
        """Sends `data`.  TimeoutError or OSError."""
        ...

    async def written(self) -> None:
        """Waits until all that was written has left, as far as that can be known."""
        ...

    async def set(self, setting: Setting, *, keep: bool = False) -> None:
        """Listens and speaks with this setting from now on; nothing where there is none to set.
        CannotSet or OSError.  With `keep` what has come already stays, where it can be good."""
        ...

    async def close(self) -> None:
        """Lets go of it."""
        ...


Open = Callable[[], Awaitable[Line]]
"""Opens the line; OSError or TimeoutError when that cannot be done now."""


class StreamLine:
    """A line over an asyncio stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, timeout_s: float) -> bytes:
        async with asyncio.timeout(timeout_s):
            return await self._reader.read(PIECE)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        async with asyncio.timeout(WRITE_S):
            await self._writer.drain()

    async def written(self) -> None:
        """What a network has taken is on its way."""

    async def set(self, setting: Setting, *, keep: bool = False) -> None:
        """A network has nothing to set: the adapter at its other end was set by its owner."""

    async def close(self) -> None:
        self._writer.close()


class _Heard:
    """A line that remembers whether it brought anything."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.anything = False
        self.write, self.written = line.write, line.written
        self.set, self.close = line.set, line.close

    async def read(self, timeout_s: float) -> bytes:
        found = await self._line.read(timeout_s)
        self.anything = self.anything or bool(found)
        return found


async def lines(
    name: str, open_line: Open, tell: Tell, backoff: Backoff, open_s: float | None = OPEN_S
) -> AsyncGenerator[Line, None]:
    """The line, opened again each time it was lost; it must be used up before the next is asked
    for.

    Waits longer after each line that brought nothing.  `open_s` is the longest that opening may
    take, None for a line that others open.
    """
    failures = 0
    while True:
        try:
            async with asyncio.timeout(open_s):
                opened = _Heard(await open_line())
        except (OSError, TimeoutError) as error:
            failures += 1
            if failures.bit_count() == 1:  # 1, 2, 4, 8, ...: an absent meter must not fill the log
                why = str(error) or "no answer"
                _log.warning("meter not reached", line=name, why=why, tries=failures)
        else:
            _log.info("meter connected", line=name)
            tell(None)
            try:
                yield opened
            finally:
                tell(NOT_CONNECTED)
                await opened.close()
            failures = 1 if opened.anything else failures + 1
        await asyncio.sleep(backoff.wait_s(failures))


async def pieces(
    line: Line, name: str, silence_s: float | None = None
) -> AsyncGenerator[bytes, None]:
    """What a line brings until it breaks, ends or, where that is told, falls silent."""
    why = "it ended"
    try:
        while True:
            try:
                piece = await line.read(silence_s or LOOK_S)
            except TimeoutError:
                if silence_s is None:
                    continue
                why = f"silent for {silence_s:g} s"
                break
            if not piece:
                break
            yield piece
    except OSError as error:
        why = str(error) or type(error).__name__
    _log.warning("meter connection ended", line=name, why=why)


async def pushed(
    opened: AsyncIterator[Line], name: str, silence_s: float | None
) -> AsyncGenerator[bytes, None]:
    """All that is pushed over one line after the other."""
    async for line in opened:
        async with aclosing(pieces(line, name, silence_s)) as found:
            async for piece in found:
                yield piece
