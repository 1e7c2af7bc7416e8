"""The Modbus TCP server: the meter's values for PLCs and energy managers.

Source: the device's later documentation, "Modbus" (read input registers, any unit id; newer
firmware reads holding registers too); Modbus application protocol 1.1b3; Modbus messaging on
TCP/IP 1.0b (framing, and which connection goes when there are too many).
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import cast

import structlog

from ohmstead.gateway.board import Board
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.http import Route
from ohmstead.surfaces.device import Device, ModbusState
from ohmstead.surfaces.registers import Image

READ_HOLDING, READ_INPUT = 3, 4
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3  # 1.1b3, 7
EXCEPTION = 0x80
MOST_WORDS = 125  # 1.1b3, 6.3 and 6.4

HEADER = struct.Struct(">HHHB")  # transaction, protocol, length of what follows, unit
SHORTEST, LONGEST = 2, 254  # of `length`: unit and function; unit and the longest PDU

MOST_CONNECTIONS = 32
IDLE_S = 600.0
"""A connection that asks nothing for so long is closed."""
RETRY_S = 30.0
"""A port that could not be had is tried again so often."""

_log = structlog.get_logger("gateway.modbus")

Read = Callable[[int, int], bytes | None]
"""`count` words from `address` on; None where any of them does not exist."""


def answer(pdu: bytes, read: Read) -> bytes:
    """The answer to one request; an exception is an answer too.

    >>> answer(bytes([4, 0, 1, 0, 1]), lambda address, count: bytes([0, 7])).hex()
    '04020007'
    >>> answer(bytes([6, 0, 1, 0, 1]), lambda address, count: None).hex()
    '8601'
    """
    function = pdu[0]
    if function not in (READ_HOLDING, READ_INPUT):
        return bytes([function | EXCEPTION, ILLEGAL_FUNCTION])
    if len(pdu) != 5:
        return bytes([function | EXCEPTION, ILLEGAL_VALUE])
    address, count = struct.unpack(">HH", pdu[1:])
    if not 1 <= count <= MOST_WORDS:
        return bytes([function | EXCEPTION, ILLEGAL_VALUE])
    words = read(address, count)
    if words is None:
        return bytes([function | EXCEPTION, ILLEGAL_ADDRESS])
    return bytes([function, len(words)]) + words


class _Connection(asyncio.Protocol):
    """One client: requests are answered in their order, as fast as it takes the answers."""

    def __init__(self, server: "ModbusServer") -> None:
        self._server = server
        self._buffer = bytearray()
        self._paused = False
        self._transport: asyncio.Transport | None = None
        self.heard_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one, and does not say so
        self.heard_s = self._server.now_s()
        self._server.came(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's word)
        self._server.went(self)

    def close(self) -> None:
        """Ends it, at once: what it has not taken by now it will not take."""
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self.heard_s = self._server.now_s()
        self._buffer += data
        self._proceed()

    def pause_writing(self) -> None:
        """The client does not take its answers: it is not listened to until it does."""
        self._paused = True
        if self._transport:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()
            self._proceed()

    def _proceed(self) -> None:
        while not self._paused and len(self._buffer) >= HEADER.size:
            transaction, protocol, length, unit = HEADER.unpack_from(self._buffer)
            if protocol or not SHORTEST <= length <= LONGEST:
                self.close()  # no Modbus; where the next frame begins, nobody knows
                self._buffer.clear()
                return
            end = HEADER.size - 1 + length
            if len(self._buffer) < end:
                return
            said = answer(bytes(self._buffer[HEADER.size : end]), self._server.read)
            del self._buffer[:end]
            if self._transport:
                self._transport.write(HEADER.pack(transaction, 0, len(said) + 1, unit) + said)


class ModbusServer:
    """Serves a map of registers on the port of the settings, while they switch it on."""

    def __init__(
        self,
        configuration: Configuration,
        image: Callable[[], Image],
        board: Board,
        device: Callable[[], Device],
        host: str,
        *,
        licensed: bool = True,
        idle_s: float = IDLE_S,
        retry_s: float = RETRY_S,
    ) -> None:
        """`image` gives the map that counts when it is called; `host` is where to listen.  A device
        that is not `licensed` does not, whatever the settings say."""
        self._configuration = configuration
        self._image = image
        self._board = board
        self._device = device
        self._host = host
        self._licensed = licensed
        self._idle_s = idle_s
        self._retry_s = retry_s
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.trouble = ""
        """Why it does not listen though it should, in words."""

    @property
    def port(self) -> int | None:
        """Where it listens; None while it does not."""
        if self._server is None or not self._server.sockets:
            return None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def state(self) -> ModbusState:
        """Whether it is switched on, whether it listens, and why not."""
        enabled = self._configuration.settings.services.modbus.enable and self._licensed
        return ModbusState(enabled, self.port is not None, self.trouble)

    def routes(self) -> Sequence[Route]:
        """None: it answers on a port of its own."""
        return ()

    def now_s(self) -> float:
        """The loop's time: connections are idle by it."""
        return asyncio.get_running_loop().time()

    def read(self, address: int, count: int) -> bytes | None:
        """Words of the map, as the latest reading has them."""
        return self._image().read(address, count, self._board.latest, self._device())

    # --- connections

    def came(self, connection: _Connection) -> None:
        """A client more; the one that was silent longest goes when there are too many.

        Source: messaging on TCP/IP 1.0b, 4.2.2: of clients that crashed the server may never hear.
        """
        if len(self._connections) >= MOST_CONNECTIONS:
            min(self._connections, key=lambda one: one.heard_s).close()
        self._connections.add(connection)

    def went(self, connection: _Connection) -> None:
        """A client less."""
        self._connections.discard(connection)

    def _close_idle(self) -> None:
        now_s = self.now_s()
        for connection in tuple(self._connections):
            if now_s - connection.heard_s >= self._idle_s:
                connection.close()

    # --- the port

    async def run(self) -> None:
        """Listens as the settings say, and follows when they change."""
        wanted: tuple[bool, int] | None = None
        try:
            while True:
                version = self._configuration.version
                setting = self._configuration.settings.services.modbus
                enabled = setting.enable and self._licensed
                now = (enabled, setting.port)
                if now != wanted or (enabled and self._server is None):
                    await self._stop()
                    if enabled:
                        await self._listen(setting.port)
                    wanted = now
                self._close_idle()
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(self._retry_s, self._idle_s / 2)):
                        await self._configuration.changed(version)
        finally:
            await self._stop()

    async def _listen(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: _Connection(self), self._host, port, backlog=MOST_CONNECTIONS
            )
        except OSError as error:
            trouble = (
                f"the Modbus server cannot listen on {self._host}:{port}:"
                f" {error.strerror or error}; choose another services.modbus.port"
            )
            if trouble != self.trouble:
                _log.warning("modbus", why=trouble)
            self.trouble = trouble
            return
        self.trouble = ""
        _log.info("modbus server listens", host=self._host, port=self.port)

    async def _stop(self) -> None:
        server, self._server = self._server, None
        self.trouble = ""
        if server is None:
            return
        server.close()
        for connection in tuple(self._connections):
            connection.close()
        await server.wait_closed()
        _log.info("modbus server stopped")
