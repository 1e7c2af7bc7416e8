"""The way to PostgreSQL: a pool of connections, and the numbered SQL files that make the schema."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import psycopg
import yoyo
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from ohmstead.errors import BadInput, Conflict, Unavailable

Connection: TypeAlias = psycopg.AsyncConnection[TupleRow]
Record: TypeAlias = dict[str, Any]
Parameters: TypeAlias = Mapping[str, Any] | Sequence[Any]

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
"""What psycopg raises when the server is away, ends, or has no room: worth another try."""
UNFIT = (psycopg.DataError, UnicodeEncodeError)
"""What it raises for values that no column takes: a zero character, a number too large."""
MIGRATING = 0x0E57EAD
"""The advisory lock of whoever changes the schema."""
LOCK_TIMEOUT, LOCK_AGAIN_S, LOCK_TRIES = "2s", 1.0, 30
"""How long a change of the schema waits for a table, holding up others; and how often it tries."""
HALF = "half_restored"
"""The table that a database has while a backup is restored into it."""
CONNECT_TIMEOUT_S = 10
CONNECTED_WITH: Mapping[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "application_name": "ohmstead",
    "options": "-c timezone=UTC -c client_min_messages=warning",
}
WAIT_S = 15.0
"""How long a question waits for a connection, longer than a restart of the server takes."""
ASK_AGAIN_S = 0.5


class Database:
    """PostgreSQL, by URL; open it before use.

    While the server is away every question waits up to `WAIT_S` and then raises Unavailable.
    """

    def __init__(self, url: str, *, size: int = 8) -> None:
        self.url = checked(url)
        self._pool = AsyncConnectionPool(
            self.url,
            open=False,
            min_size=1,
            max_size=size,
            reconnect_timeout=0,  # no waiting longer and longer: whoever asks next tries again
            check=AsyncConnectionPool.check_connection,
            kwargs=dict(CONNECTED_WITH),
            name="ohmstead",
        )

    async def open(self) -> None:
        """Begin to connect; does not wait for the server."""
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # who asks is told, once
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close(timeout=5)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_trouble: object) -> None:
        await self.close()

    async def ready(self, timeout_s: float) -> None:
        """Wait until the server answers; Unavailable after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    try:
                        await self.one("SELECT 1 AS answer")
                    except Unavailable:
                        continue
                    return
        except TimeoutError:
            raise Unavailable(f"no PostgreSQL answers at {hidden(self.url)}") from None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction, committed at the end; Unavailable, BadInput."""
        with understood(self.url):
            connection = await self._taken()
            try:
                async with connection:
                    yield connection
            finally:
                await self._pool.putconn(connection)

    async def _taken(self) -> Connection:
        """A connection of the pool, asked for again and again while the server restarts."""
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while True:
            try:
                return await self._pool.getconn(timeout=ASK_AGAIN_S)
            except PoolTimeout:
                if asyncio.get_running_loop().time() > deadline:
                    raise

    async def rows(self, question: str, parameters: Parameters = ()) -> list[Record]:
        """Every row that answers `question`, as column -> value."""
        async with self.transaction() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(question.encode(), parameters)
            return await cursor.fetchall() if cursor.description else []

    async def one(self, question: str, parameters: Parameters = ()) -> Record | None:
        """The first row that answers `question`, None when none does."""
        found = await self.rows(question, parameters)
        return found[0] if found else None

    async def change(self, statement: str, parameters: Parameters = ()) -> int:
        """Do `statement`; gives how many rows it touched."""
        async with self.transaction() as connection:
            return (await connection.execute(statement.encode(), parameters)).rowcount


@contextmanager
def understood(url: str) -> Iterator[None]:
    """Say what the driver says in our errors: Unavailable, BadInput."""
    try:
        yield
    except UNFIT as trouble:
        raise BadInput(f"the database cannot keep that ({_first_line(trouble)})") from trouble
    except AWAY as trouble:
        raise Unavailable(
            f"the database at {hidden(url)} is away ({_first_line(trouble)}); try again"
        ) from trouble


def checked(url: str) -> str:
    """`url` if it names a PostgreSQL database; BadInput otherwise."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise BadInput(
            f"{hidden(url)!r} is not the URL of a PostgreSQL database; "
            "it looks like postgresql://user:password@host:5432/name"
        )
    return url


def hidden(url: str) -> str:
    """`url` without its password, for messages.

    >>> hidden("postgresql://me:secret@db:5432/energy")
    'postgresql://me@db:5432/energy'
    """
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, user.split(":")[0] + at + host, parts.path, "", ""))


@dataclass(frozen=True, slots=True)
class Schema:
    """Which of the numbered files a database has, and which it waits for."""

    applied: Sequence[str]
    pending: Sequence[str]
    unknown: Sequence[str]
    """What a newer program applied: this one must leave such a database alone."""


def schema(url: str) -> Schema:
    """What the database at `url` has; blocking, and changes nothing.  Unavailable."""
    with _connected(url) as connection:
        return _schema(connection)


def migrate(
    url: str, *, only: Collection[str] | None = None, restoring: bool = False
) -> Sequence[str]:
    """Bring the schema at `url` to the newest version; blocking.  Gives the files it applied.

    Several programs may call this at once: one does the work, the others wait for it.  A lock row
    that a killed program left behind is taken away, since nobody else can hold it then.  Each file
    is applied and noted in one transaction, and waits for locks only shortly, again and again, so
    that a cloud that runs goes on.  `only` leaves out files that are not in it; `restoring` is said
    by who fills the database from a backup.

    Conflict when the database is of a newer program, or was restored by half.  Unavailable.
    """
    scheme_end = checked(url).index(":")
    with _connected(url) as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", (MIGRATING,))
        found = _schema(guard, restoring=restoring)
        if found.unknown:
            raise Conflict(
                f"the database at {hidden(url)} was made by a newer Ohmstead (it has "
                f"{', '.join(found.unknown)}): start that version, or restore a backup of this one"
            )
        wanted = [name for name in found.pending if only is None or name in only]
        for tries_left in range(LOCK_TRIES, 0, -1):
            try:
                _apply(f"postgresql+psycopg{url[scheme_end:]}", wanted)
                break
            except psycopg.errors.LockNotAvailable:
                if tries_left == 1:
                    raise
                time.sleep(LOCK_AGAIN_S)
        return wanted


@contextmanager
def _connected(url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    try:
        with psycopg.connect(
            checked(url), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
        ) as connection:
            yield connection
    except psycopg.OperationalError as trouble:
        raise Unavailable(
            f"the database at {hidden(url)} cannot be reached: {_first_line(trouble)}"
        ) from trouble


def _schema(connection: psycopg.Connection[TupleRow], *, restoring: bool = False) -> Schema:
    half, there = connection.execute(
        "SELECT to_regclass(%s) IS NOT NULL, to_regclass('_yoyo_migration') IS NOT NULL", (HALF,)
    ).fetchone() or (False, False)
    if half and not restoring:
        raise Conflict(
            "a backup was restored into this database only by half: restore it again with --force"
        )
    rows = connection.execute("SELECT migration_id FROM _yoyo_migration") if there else ()
    applied = {row[0] for row in rows}
    folder = files("ohmstead.store") / "migrations"
    known = sorted(f.name[:-4] for f in folder.iterdir() if f.name.endswith(".sql"))
    return Schema(
        tuple(name for name in known if name in applied),
        tuple(name for name in known if name not in applied),
        tuple(sorted(applied - set(known))),
    )


def _apply(url: str, wanted: Collection[str]) -> None:
    """Apply the files `wanted`: what each does and the note of it in one transaction."""
    backend = yoyo.get_backend(url)
    try:
        backend.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        with as_file(files("ohmstead.store") / "migrations") as folder:
            steps = yoyo.read_migrations(str(folder))
            backend.break_lock()
            with backend.lock():
                for step in backend.to_apply(steps):
                    if step.id not in wanted:
                        continue
                    if not step.use_transactions:  # an index that is made beside writers
                        backend.apply_one(step)
                        continue
                    with backend.transaction():
                        step.process_steps(backend, "apply")
                        backend.mark_one(step)
    finally:
        backend.connection.close()


def listed(columns: Iterable[str], prefix: str = "") -> str:
    """Columns as SQL writes a list of them: `a, b`, or `t.a, t.b` with a prefix."""
    return ", ".join(f"{prefix}{column}" for column in columns)


def _first_line(trouble: BaseException) -> str:
    return str(trouble).strip().partition("\n")[0] or type(trouble).__name__
