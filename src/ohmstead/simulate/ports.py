"""Where a simulated meter can be read: a pseudo-terminal, a connection out, or one in."""

import asyncio
import fcntl
import os
import pty
import socket
import struct
import termios
import tty
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ohmstead.errors import BadInput, Unavailable
from ohmstead.settings.address import Address
from ohmstead.simulate.live import Heard, Live

PIECE = 4096
MOST_WAITING = 64 * 1024
"""Bytes that wait for a slow reader; further telegrams are lost."""
MOST_READERS = 64
CONNECT_S = 10.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
PTY, TCP, LISTEN = "pty", "tcp", "listen"

Say = Callable[[str], None]
"""Told what a person should know."""


@dataclass(frozen=True, slots=True)
class Port:
    """What `--port` names."""

    kind: str
    address: Address | None = None

    def __str__(self) -> str:
        return f"{self.kind}://{self.address}" if self.address else self.kind


def port(written: str) -> Port:
    """The port that a person wrote; BadInput says what it should look like.

    >>> str(port("pty")), str(port("tcp://127.0.0.1:2000"))
    ('pty', 'tcp://127.0.0.1:2000')
    """
    if written == PTY:
        return Port(PTY)
    parts = urlsplit(written)
    whole = not (parts.path.strip("/") or parts.query or parts.fragment)
    with suppress(BadInput):
        if parts.scheme in (TCP, LISTEN) and whole:
            address = Address.parse(parts.netloc)
            if address.port or parts.scheme == LISTEN:
                return Port(parts.scheme, address)
    raise BadInput(
        f"{written!r} is not a port; write pty, tcp://HOST:PORT (to connect to a reader)"
        " or listen://HOST:PORT (to wait for readers)"
    )


class PtyLine:
    """The meter's end of a pseudo-terminal; the other end looks like a serial port."""

    def __init__(self) -> None:
        try:
            self._ours, self._theirs = pty.openpty()
        except OSError as error:
            raise Unavailable(f"no pseudo-terminal can be had: {error.strerror}") from error
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self._last = 0  # bytes of the last telegram

    def send(self, data: bytes) -> None:
        """Hands bytes over; where nobody has read the last telegram it is gone, as on a line.

        Told apart only now: the kernel takes a while to carry bytes from one end to the other.
        """
        if self._last and self._unread() >= self._last:
            termios.tcflush(self._theirs, termios.TCIFLUSH)
        self._last = len(data)
        with suppress(BlockingIOError):
            while data:
                data = data[os.write(self._ours, data) :]

    def _unread(self) -> int:
        found = fcntl.ioctl(self._theirs, termios.FIONREAD, bytes(4))
        return int(struct.unpack("i", found)[0])

    def listen(self, heard: Heard) -> None:
        """Gives what the reader writes to `heard`, until it is closed."""
        loop = asyncio.get_running_loop()

        def ready() -> None:
            with suppress(BlockingIOError):
                heard(os.read(self._ours, PIECE))

        loop.add_reader(self._ours, ready)

    def close(self) -> None:
        """Takes the pseudo-terminal away."""
        asyncio.get_running_loop().remove_reader(self._ours)
        os.close(self._ours)
        os.close(self._theirs)


class SocketLine:
    """A connection to one reader."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def send(self, data: bytes) -> None:
        """Hands bytes over, unless too many wait already."""
        if self._writer.transport.get_write_buffer_size() <= MOST_WAITING:
            self._writer.write(data)


async def talk(live: Live, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection from its beginning to its end."""
    line = SocketLine(writer)
    heard = live.opened(line)
    try:
        with suppress(OSError):
            while data := await reader.read(PIECE):
                heard(data)
    finally:
        live.closed(line)
        writer.close()


async def _connected(live: Live, address: Address, say: Say) -> None:
    """Connects out, again and again."""
    wait_s = FIRST_WAIT_S
    while True:
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(address.host, address.port)
        except (OSError, TimeoutError) as error:
            why = getattr(error, "strerror", None) or str(error) or "no answer"
            say(f"{address} is not reached ({why}); next try in {wait_s:.0f} s")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            continue
        say(f"connected to {address}")
        wait_s = FIRST_WAIT_S
        await talk(live, reader, writer)
        say(f"the connection to {address} ended; next try in {wait_s:.0f} s")
        await asyncio.sleep(wait_s)


@asynccontextmanager
async def opened(
    at: Port, live: Live, say: Say
) -> AsyncIterator[tuple[str, Coroutine[None, None, None] | None]]:
    """The port, open for as long as the block lasts: where it is, and what must run beside it.

    Where: the path of the pseudo-terminal, or the address.  Unavailable when it cannot be had.
    """
    if at.address is None:
        line = PtyLine()
        line.listen(live.opened(line))
        try:
            yield line.path, None
        finally:
            live.closed(line)
            line.close()
    elif at.kind == TCP:
        yield str(at), _connected(live, at.address, say)
    else:
        async with _listening(at.address, live, say) as bound:
            yield f"{LISTEN}://{bound}", None


@asynccontextmanager
async def _listening(address: Address, live: Live, say: Say) -> AsyncIterator[Address]:
    readers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(readers) >= MOST_READERS:
            say(f"a reader is turned away: {MOST_READERS} are connected")
            writer.close()
            return
        readers.add(writer)
        say(f"a reader connected, {len(readers)} now")
        try:
            await talk(live, reader, writer)
        finally:
            readers.discard(writer)
            say(f"a reader left, {len(readers)} now")

    try:
        server = await asyncio.start_server(serve, address.host, address.port)
    except (OSError, socket.gaierror) as error:
        raise Unavailable(
            f"the simulated meter cannot listen on {address}: {error.strerror or error}."
            " Stop the program that uses this port, or choose another one."
        ) from error
    async with server:
        try:
            yield Address(address.host, server.sockets[0].getsockname()[1])
        finally:
            for writer in list(readers):
                writer.close()
