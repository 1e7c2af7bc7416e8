"""The door for programs that ask the database from other machines: TLS, and readers alone.

Our own PostgreSQL is built without TLS and listens on this machine only.  The door speaks the first
words of its protocol: it asks for TLS, looks at who wants to sign in, and hands everything after
that to the server, which asks for the password.
Source: PostgreSQL documentation, "Message Flow" and "Message Formats" (SSLRequest, StartupMessage,
CancelRequest, ErrorResponse).
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from itertools import takewhile
from urllib.parse import urlsplit

import structlog

from ohmstead.store.sql_readers import PREFIX

CONNECTIONS_MOST = 64
OPENING_TIMEOUT_S = 20.0
"""How long TLS and the first words may take."""
END_TIMEOUT_S = 5.0
PIECE_BYTES = 64 * 1024
STARTUP_MOST = 10_000
"""Bytes of a StartupMessage; PostgreSQL's own limit."""
VERSION_3, SSL, GSS, CANCEL = 196608, 80877103, 80877104, 80877102
NO_TLS = "TLS is required here: connect with sslmode=verify-full (docs/sql-views.md)"
NOT_A_READER = f"only readers sign in here: their names begin with {PREFIX} (docs/sql-views.md)"
FULL = f"{CONNECTIONS_MOST} programs are connected already; try again"
AWAY = "the database starts; try again"

log = structlog.get_logger("sql")


class Refused(Exception):
    """What is said to a client before its connection is closed: words, and an SQLSTATE."""

    def __init__(self, words: str, code: str = "28000") -> None:
        super().__init__(words)
        self.code = code


class SqlDoor:
    """Takes readers on `sock` and hands them to the server that `url` names at that moment."""

    def __init__(self, sock: socket.socket, tls: ssl.SSLContext, url: Callable[[], str]) -> None:
        self._sock, self._tls, self._url = sock, tls, url
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return int(self._sock.getsockname()[1])

    async def __aenter__(self) -> "SqlDoor":
        self._server = await asyncio.start_server(self._take, sock=self._sock, limit=PIECE_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=END_TIMEOUT_S)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio runs this as one)
        task.set_name("sql:connection")
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except Refused as refusal:
            with contextlib.suppress(OSError, TimeoutError):
                writer.write(error(str(refusal), refusal.code))
                async with asyncio.timeout(END_TIMEOUT_S):
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as trouble:
            log.debug("a connection ended", why=repr(trouble))  # ssl.SSLError is an OSError
        finally:
            self._open.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) > CONNECTIONS_MOST:
            raise Refused(FULL, "53300")
        async with asyncio.timeout(OPENING_TIMEOUT_S):
            await self._secured(reader, writer)
            first = await opening(reader)
            at = urlsplit(self._url())
            try:
                inside, out = await asyncio.open_connection(at.hostname, at.port, limit=PIECE_BYTES)
            except OSError:
                raise Refused(AWAY, "57P03") from None
        try:
            out.write(first)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass(reader, out), name="sql:in")
                both.create_task(_pass(inside, writer), name="sql:out")
        except ExceptionGroup as group:
            if group.split(OSError)[1]:
                raise
        finally:
            out.close()

    async def _secured(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin TLS, which is asked for in the clear; Refused for whoever does without."""
        while True:
            asked = await reader.read(STARTUP_MOST)
            # From here to the handshake nothing is read in the clear: what somebody else put behind
            # the request must not count as said inside (CVE-2021-23214 was that).
            if asked == struct.pack("!ii", 8, GSS):
                writer.write(b"N")
                await writer.drain()
                continue
            if asked != struct.pack("!ii", 8, SSL):
                raise Refused(NO_TLS)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(b"S")
            await writer.start_tls(self._tls, ssl_handshake_timeout=OPENING_TIMEOUT_S)
            return


async def opening(reader: asyncio.StreamReader) -> bytes:
    """The first message inside TLS, whole; Refused when it is not a reader's, or no message."""
    length, code = struct.unpack("!ii", await reader.readexactly(8))
    if not 8 <= length <= STARTUP_MOST:
        raise Refused("that is no message of PostgreSQL", "08P01")
    rest = await reader.readexactly(length - 8)
    whole = struct.pack("!ii", length, code) + rest
    if code == CANCEL:
        return whole
    if code >> 16 != VERSION_3 >> 16:
        raise Refused("that version of the protocol is not spoken here", "08P01")
    said = parameters(rest)
    if not said.get("user", "").startswith(PREFIX) or "replication" in said:
        raise Refused(NOT_A_READER)
    return whole


def parameters(body: bytes) -> dict[str, str]:
    """Names and values of a StartupMessage.

    >>> parameters(b"user\\0reader_a\\0database\\0postgres\\0\\0")
    {'user': 'reader_a', 'database': 'postgres'}
    """
    words = body.decode("utf-8", "replace").split("\0")
    pairs = zip(words[::2], words[1::2], strict=False)
    return dict(takewhile(lambda pair: pair[0] != "", pairs))


def error(words: str, code: str) -> bytes:
    """An ErrorResponse that ends the connection."""
    fields = f"SFATAL\0VFATAL\0C{code}\0M{words}\0\0".encode()
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Hand on what comes, no faster than it is taken; the end is the end of both ways."""
    while piece := await source.read(PIECE_BYTES):
        target.write(piece)
        await target.drain()
    raise ConnectionResetError("the other side is done")
