"""The schema: numbered files, applied once by whoever comes first, and fit for Citus."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

import ohmstead
from ohmstead.errors import BadInput, Conflict, Unavailable
from ohmstead.reading import catalogue
from ohmstead.store import columns
from ohmstead.store.database import Database, checked, hidden, migrate, schema

PACKAGE = Path(ohmstead.__file__).parent
DISTRIBUTED = (
    "readings",
    "latest",
    "counters",
    "rollups",
    "stream_events",
    "rollup_notes",
    "rollup_streams",
    "archive_floors",
)
BY_STREAM = rf"\b({'|'.join(DISTRIBUTED)})\b"


async def test_every_quantity_has_its_column_where_readings_are(database: Database) -> None:
    """The catalogue is the one list of what is measured: `q.column`, double precision."""
    for table in ("readings", "newest"):
        found = await database.rows(
            "SELECT column_name AS name, data_type AS kind FROM information_schema.columns"
            " WHERE table_name = %s",
            (table,),
        )
        kinds = {row["name"]: row["kind"] for row in found}
        for quantity in catalogue.ALL:
            assert kinds[quantity.column] == "double precision"
        assert set(columns.ALL) | {"stream", "at"} <= set(kinds)


async def test_the_newest_of_one_stream_is_looked_up_by_its_key(database: Database) -> None:
    """docs/decisions/0052: the index knows where the newest reading of a stream is."""
    async with database.transaction() as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.execute("EXPLAIN SELECT * FROM newest WHERE stream = 7")
        steps = [str(each[0]).strip() for each in await plan.fetchall()]
    assert "Index Cond: (stream = 7)" in steps, steps


async def test_stream_is_in_the_key_of_what_is_distributed(database: Database) -> None:
    """Citus: the distribution column is part of every unique key of a distributed table."""
    found = await database.rows(
        "SELECT conrelid::regclass::text AS of, pg_get_constraintdef(oid) AS key FROM pg_constraint"
        " WHERE contype IN ('p', 'u') AND conrelid = ANY(%s::text[]::regclass[])",
        (list(DISTRIBUTED),),
    )
    assert len(found) == len(DISTRIBUTED)
    assert all("(stream" in row["key"] for row in found)


def _statements(source: str) -> list[str]:
    """The SQL texts of a file: whatever in quotes begins with a verb of SQL."""
    joined = re.sub(r'"\s*\n\s*f?"', "", source)
    quoted = re.findall(r'"""(.*?)"""|"([^"\n]*)"', joined, flags=re.DOTALL)
    texts = (" ".join((long or short).split()) for long, short in quoted)
    return [t for t in texts if re.match(r"(SELECT|INSERT|UPDATE|DELETE)\b", t)]


def test_every_statement_on_a_distributed_table_carries_the_stream() -> None:
    """Design, chosen parts: the same SQL runs on Citus, distributed by stream."""
    seen = [s for file in sorted(PACKAGE.rglob("*.py")) for s in _statements(file.read_text())]
    found = [each for each in seen if re.search(rf"(FROM|INTO|JOIN|UPDATE) {BY_STREAM}", each)]
    assert len(found) >= 30  # a check needs something to check
    for statement in found:
        assert re.search(r"\bstream\b", statement), statement


def test_files_are_numbered_without_a_gap() -> None:
    """Migrations are numbered files, never edited."""
    folder = files("ohmstead.store") / "migrations"
    numbers = sorted(int(file.name[:4]) for file in folder.iterdir() if file.name.endswith(".sql"))
    assert numbers == list(range(1, len(numbers) + 1))


async def test_many_may_migrate_at_once(postgres_url: str, database_url: str) -> None:
    """One program does it, the others wait; a lock row of a killed one does not stop them."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    migrate(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    async with asyncio.timeout(30):
        await asyncio.gather(*(asyncio.to_thread(migrate, database_url) for _ in range(3)))


def test_a_database_of_a_newer_program_is_left_alone(database_url: str) -> None:
    """docs/backup.md, upgrades: forward only; an older program must not write what it misreads."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
            " VALUES ('x', '9999.of-the-future', now())"
        )
        with pytest.raises(Conflict, match=r"newer Ohmstead \(it has 9999\.of-the-future\)"):
            migrate(database_url)
        assert schema(database_url).unknown == ("9999.of-the-future",)
        connection.execute("DELETE FROM _yoyo_migration WHERE migration_hash = 'x'")
    assert migrate(database_url) == []


def test_a_file_is_applied_with_its_note_or_not_at_all(database_url: str) -> None:
    """docs/backup.md, upgrades: killed in between, the next start goes on where it was."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        everything = schema(database_url).pending
        assert schema(database_url).applied == ()
        assert migrate(database_url, only=everything[:2]) == list(everything[:2])
        connection.execute("CREATE TABLE mails (in_the_way integer)")
        with pytest.raises(psycopg.errors.DuplicateTable):
            migrate(database_url)
        assert schema(database_url).pending == everything[2:]
        found = connection.execute("SELECT to_regclass('second_factors')").fetchone()
        assert found == (None,)
        connection.execute("DROP TABLE mails")
    assert migrate(database_url) == list(everything[2:])
    assert schema(database_url).pending == ()


def test_a_table_that_is_in_use_is_waited_for(database_url: str) -> None:
    """docs/backup.md, upgrades: a change of the schema stands in nobody's way for long."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    names = schema(database_url).pending
    migrate(database_url, only=names[:2])
    with ThreadPoolExecutor() as pool, psycopg.connect(database_url) as busy:
        busy.execute("LOCK TABLE sessions IN ACCESS SHARE MODE")
        done = pool.submit(migrate, database_url)
        with psycopg.connect(database_url, autocommit=True) as watcher:
            waits = (
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
            )
            while watcher.execute(waits).fetchone() == (0,) and not done.done():
                continue  # each look is a question to the server
        busy.rollback()
        assert done.result(timeout=60) == list(names[2:])


def test_a_database_that_is_not_there_is_said_so() -> None:
    """Errors name what, which, and hide the password."""
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1/none") as raised:
        migrate("postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://host", "nonsense", ""])
def test_what_is_not_a_postgresql_url_is_refused(url: str) -> None:
    """BadInput says what a URL looks like."""
    with pytest.raises(BadInput, match="postgresql://user:password@host:5432/name"):
        checked(url)


def test_a_url_is_shown_without_its_password() -> None:
    """Passwords do not go into messages."""
    assert hidden("postgresql://a:b@h:1/d?sslmode=require") == "postgresql://a@h:1/d"
    assert hidden("postgresql://h/d") == "postgresql://h/d"
