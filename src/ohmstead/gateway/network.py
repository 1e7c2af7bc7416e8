"""Lines over a network: a server we connect to, a port that an adapter connects or sends to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from ohmstead.errors import Unavailable
from ohmstead.gateway.line import Line, StreamLine
from ohmstead.gateway.source import Listen, Setting, Tcp, Udp

DATAGRAMS = 64
"""Datagrams that may wait; the oldest are dropped."""

_log = structlog.get_logger("gateway.port")


async def connect(at: Tcp) -> Line:
    """A connection to a server; OSError when there is none."""
    reader, writer = await asyncio.open_connection(at.host, at.port)
    _keep_alive(writer)
    return StreamLine(reader, writer)


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    peer: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):  # it may have gone again already
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


class Listening:
    """A TCP port: whoever connects is the meter's adapter, and the newest is the one that counts.

    An adapter that lost its power connects again and leaves the old connection open behind it.
    """

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[StreamLine] = asyncio.Queue(1)
        self._newest: StreamLine | None = None

    async def came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection."""
        _keep_alive(writer)
        if self._newest:
            await self._newest.close()
        if self._waiting.full():
            self._waiting.get_nowait()
        self._newest = StreamLine(reader, writer)
        self._waiting.put_nowait(self._newest)

    async def next(self) -> Line:
        """The next connection."""
        return await self._waiting.get()

    async def close(self) -> None:
        """Ends the connection there is."""
        if self._newest:
            await self._newest.close()


def _taken(at: Listen | Udp, error: OSError) -> Unavailable:
    return Unavailable(
        f"the gateway cannot listen on {at.host}:{at.port}: {error.strerror or error};"
        " stop the program that uses this port, or choose another one"
    )


@asynccontextmanager
async def listening(at: Listen) -> AsyncIterator[Listening]:
    """The port, open; Unavailable when it cannot be had."""
    found = Listening()
    try:
        server = await asyncio.start_server(found.came, at.host, at.port, backlog=4)
    except OSError as error:
        raise _taken(at, error) from error
    try:
        yield found
    finally:
        server.close()
        await found.close()


class Datagrams(asyncio.DatagramProtocol):
    """What is sent to a UDP port, by one sender at a time.

    Who is heard first is the meter's adapter until it was silent for `silence_s`; what others send
    meanwhile is passed over.
    """

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(DATAGRAMS)
        self._sender: tuple[str, int] | None = None
        self._heard_s = 0.0
        self._transport: asyncio.BaseTransport | None = None
        self.dropped = 0
        self.passed_over = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._sender != addr and self._sender and now_s - self._heard_s < self._silence_s:
            self.passed_over += 1
            if self.passed_over.bit_count() == 1:
                _log.warning("datagram of another sender", sender=addr[0], count=self.passed_over)
            return
        self._sender, self._heard_s = addr, now_s
        if self._waiting.full():
            self._waiting.get_nowait()
            self.dropped += 1
        if data:
            self._waiting.put_nowait(data)

    async def read(self, timeout_s: float) -> bytes:
        async with asyncio.timeout(timeout_s):
            return await self._waiting.get()

    async def write(self, data: bytes) -> None:
        raise OSError(f"a UDP port only listens; it cannot send {len(data)} bytes")

    async def written(self) -> None:
        """Nothing ever is."""

    async def set(self, setting: Setting, *, keep: bool = False) -> None:
        """There is nothing to set."""

    async def close(self) -> None:
        if self._transport:
            self._transport.close()


async def bind(at: Udp) -> Line:
    """The UDP port; Unavailable when it cannot be had."""
    loop = asyncio.get_running_loop()
    try:
        _, found = await loop.create_datagram_endpoint(
            lambda: Datagrams(at.silence_s), local_addr=(at.host, at.port)
        )
    except OSError as error:
        raise _taken(at, error) from error
    return found
