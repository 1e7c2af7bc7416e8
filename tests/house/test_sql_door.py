"""The door for readers: TLS first, readers alone, and what they ask and cancel goes through."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from os import getpid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import pytest_asyncio

from ohmstead.clock import SystemClock
from ohmstead.house.authority import Authority
from ohmstead.house.http import listen
from ohmstead.house.sql_door import SqlDoor, error, parameters
from ohmstead.store.audit import By
from ohmstead.store.database import Database
from ohmstead.store.sql_readers import SqlReaders

TIMEOUT_S = 30.0
BY = By("test", datetime(2025, 11, 21, tzinfo=UTC))


class Hall:
    """A door, the authority behind its certificate, and a reader to go through."""

    def __init__(self, port: int, authority: Path, database: str, login: tuple[str, str]) -> None:
        self.port, self.authority, self.database, self.login = port, authority, database, login

    async def connect(self, **other: Any) -> psycopg.AsyncConnection:
        words = {
            "host": "127.0.0.1",
            "port": self.port,
            "dbname": self.database,
            "user": self.login[0],
            "password": self.login[1],
            "sslmode": "verify-full",
            "sslrootcert": str(self.authority),
            "connect_timeout": 20,
        }
        return await psycopg.AsyncConnection.connect(**{**words, **other})

    async def said_to(self, *words: bytes) -> bytes:
        """All that the door answers to bytes in the clear."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for word in words:
            writer.write(word)
        async with asyncio.timeout(TIMEOUT_S):
            answer = await reader.read()
        writer.close()
        return answer


@pytest_asyncio.fixture
async def hall(database: Database, tmp_path: Path) -> AsyncIterator[Hall]:
    authority = Authority(tmp_path / "pki", SystemClock())
    files = authority.ensure()
    readers = SqlReaders(database)
    login = await readers.add(f"door{getpid()}", None, by=BY)
    name = urlsplit(database.url).path.strip("/")
    sock = listen("127.0.0.1", 0, "SQL")
    async with SqlDoor(sock, authority.server_context(), lambda: database.url) as door:
        yield Hall(door.port, files.ca, name, login)
    await readers.remove(login[0], by=BY)


async def test_a_reader_comes_in_over_tls_and_its_questions_go_through(hall: Hall) -> None:
    """docs/sql-views.md: sslmode=verify-full with the cloud's own authority."""
    async with await hall.connect() as connection:
        assert connection.pgconn.ssl_in_use
        cursor = await connection.execute(
            "SELECT repeat('x', 3000), n FROM generate_series(1, 2000) n"
        )
        assert sum(len(text) for text, _ in await cursor.fetchall()) == 6_000_000


async def test_a_query_can_be_cancelled_through_the_door(hall: Hall) -> None:
    """PostgreSQL, Canceling Requests in Progress: a connection of its own says so."""
    async with await hall.connect() as connection:
        asking = asyncio.create_task(connection.execute("SELECT pg_sleep(300)"))
        async with asyncio.timeout(TIMEOUT_S):
            while not asking.done():
                await connection.cancel_safe(timeout=TIMEOUT_S)
                await asyncio.wait({asking}, timeout=0.2)
        with pytest.raises(psycopg.errors.QueryCanceled):
            await asking


async def test_nobody_comes_in_without_tls_or_with_noise(hall: Hall) -> None:
    """docs/sql-views.md: without TLS the door is shut, and says so."""
    with pytest.raises(psycopg.OperationalError, match="TLS is required here"):
        await hall.connect(sslmode="disable")
    assert b"TLS is required here" in await hall.said_to(b"GET / HTTP/1.1\r\n\r\n")
    behind = struct.pack("!ii", 8, 80877103) + b"more"
    assert b"TLS is required here" in await hall.said_to(behind), "CVE-2021-23214"
    assert (await hall.said_to(struct.pack("!ii", 8, 80877104), b"junk")).startswith((b"N", b"E"))


async def test_nobody_else_comes_in(hall: Hall, tmp_path: Path) -> None:
    """docs/sql-views.md: the installation's own user comes from this machine alone."""
    for user in ("ohmstead", "postgres", "readers", " "):
        with pytest.raises(psycopg.OperationalError, match="only readers sign in here"):
            await hall.connect(user=user, password="x")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await hall.connect(password="wrong")
    other = Authority(tmp_path / "other", SystemClock()).ensure().ca
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        await hall.connect(sslrootcert=str(other))
    with pytest.raises(psycopg.OperationalError):
        await hall.connect(ssl_min_protocol_version="TLSv1", ssl_max_protocol_version="TLSv1.1")

    # Message Formats: a StartupMessage says its length and version.
    context = ssl.create_default_context(cafile=str(hall.authority))
    for noise in (struct.pack("!ii", 4, 196608), struct.pack("!ii", 9_999_999, 196608), b"\0" * 8):
        reader, writer = await asyncio.open_connection("127.0.0.1", hall.port)
        writer.write(struct.pack("!ii", 8, 80877103))
        async with asyncio.timeout(TIMEOUT_S):
            assert await reader.readexactly(1) == b"S"
            await writer.start_tls(context, server_hostname="127.0.0.1")
            writer.write(noise)
            assert b"is no message of PostgreSQL" in await reader.read()
        writer.close()


def test_words_of_the_protocol() -> None:
    """PostgreSQL, Message Formats: StartupMessage and ErrorResponse."""
    assert parameters(b"user\0reader_a\0options\0\0\0") == {"user": "reader_a", "options": ""}
    assert error("no", "28000") == b"E\0\0\0\x1eSFATAL\0VFATAL\0C28000\0Mno\0\0"
