"""Everything in the database as it is at one moment, and back into an empty one.

Rows go as COPY's text, which every version of PostgreSQL reads; the schema is not in it, since the
numbered files make it: those that the database had are named.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
import psycopg
from psycopg import sql

from ohmstead.errors import BadInput, Conflict, Unavailable
from ohmstead.store import months
from ohmstead.store.archive_floors import ARCHIVING
from ohmstead.store.database import AWAY, CONNECT_TIMEOUT_S, HALF, hidden, migrate, schema

PIECE = 8 << 20
"""About how many bytes of a table are in one piece."""
WAIT_S, LOOK_S = 600.0, 1.0
LOCK_TIMEOUT = "60s"
OWN = ("_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock", HALF)
"""Tables that tell of the schema, not of the installation."""

TABLES = """
    SELECT t.relname, CASE WHEN c.relkind = 'p' THEN c.relname ELSE t.relname END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT l.relname FROM pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid
        WHERE p.isleaf AND l.relkind = 'r'
        UNION SELECT c.relname WHERE c.relkind = 'r') AS t
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND NOT c.relname = ANY(%s) ORDER BY 2, 1
"""
COLUMNS = """
    SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
    AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename !~ '^_?yoyo'
"""
REFERENCES = """
    SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND conrelid <> confrelid
"""
Name: TypeAlias = str
Write: TypeAlias = Callable[[Name, bytes], None]
Connected: TypeAlias = psycopg.Connection[tuple[Any, ...]]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table, or one part of a table in parts: `into` is where its rows belong."""

    name: str
    into: str
    columns: tuple[str, ...]
    rows: int


class Dump(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a dump is of: the numbered files of the schema, the tables, where numbering stands."""

    schema: tuple[str, ...]
    tables: tuple[Table, ...]
    sequences: dict[str, int]
    server: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of a table, in order."""

    table: str
    content: bytes


def dump(url: str, write: Write, say: Callable[[str], None]) -> Dump:
    """Hand every table to `write`, piece by piece under names like `readings_2025_03/000000.copy`.

    One snapshot, while others go on writing; nothing is archived meanwhile.  Blocking; Unavailable,
    Conflict, BadInput where there is nothing of ours.
    """
    found = schema(url)
    if found.unknown:
        raise Conflict(f"the database has {', '.join(found.unknown)} of a newer Ohmstead: use that")
    if not found.applied:
        raise BadInput(f"the database at {hidden(url)} is no Ohmstead's: it has nothing to back up")
    with connected(url) as guard, connected(url) as connection:
        guard.autocommit = True
        _while_nobody_archives(guard)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        names = guard.execute(TABLES, (list(OWN),)).fetchall()
        connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'".encode())
        everything = sql.SQL(", ").join(sql.Identifier(name) for name, _ in names)
        if names:
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(everything))
        tables = []
        place = {table: n for n, table in enumerate(_order(connection, {t for _, t in names}))}
        for name, into in sorted(names, key=lambda each: (place[each[1]], each[0])):
            say(name)
            columns = tuple(row[0] for row in connection.execute(COLUMNS, (f'"{name}"',)))
            rows = _copied(connection, name, columns, write)
            tables.append(Table(name, into, columns, rows))
        sequences = dict(connection.execute(SEQUENCES).fetchall())
        version = connection.execute("SHOW server_version").fetchone() or ("",)
        connection.rollback()
    return Dump(tuple(found.applied), tuple(tables), sequences, str(version[0]))


def _while_nobody_archives(guard: Connected) -> None:
    deadline = time.monotonic() + WAIT_S
    while True:
        held = guard.execute("SELECT pg_try_advisory_lock_shared(%s)", (ARCHIVING,)).fetchone()
        if held and held[0]:
            return
        if time.monotonic() > deadline:
            raise Conflict("another program archives or restores readings; try again later")
        time.sleep(LOOK_S)


def _copied(connection: Connected, name: str, columns: Sequence[str], write: Write) -> int:
    """Copy a table out; gives its rows."""
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(name), listed)
    number, waiting = 0, bytearray()
    cursor = connection.cursor()
    with cursor.copy(statement) as copy:
        for some in copy:
            waiting += some
            if len(waiting) >= PIECE and waiting.endswith(b"\n"):
                write(f"{name}/{number:06}.copy", bytes(waiting))
                number, waiting = number + 1, bytearray()
    if waiting or number == 0:
        write(f"{name}/{number:06}.copy", bytes(waiting))
    return cursor.rowcount


def emptied(url: str, *, force: bool) -> None:
    """Make sure that a database has nothing in it; Conflict unless `force` empties it.

    What is there must not be in use.
    """
    with connected(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')"
        ).fetchone()
        if not found or not found[0]:
            return
        if not force:
            raise Conflict(
                f"the database at {hidden(url)} has {found[0]} tables: name an empty one, or add "
                "--force, and everything in it goes"
            )
        others = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name = 'ohmstead'"
        ).fetchone()
        if others and others[0]:
            raise Conflict(f"an Ohmstead works with the database at {hidden(url)}: stop it first")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
        connection.commit()


def load(url: str, told: Dump, pieces: Iterable[Piece], say: Callable[[str], None]) -> int:
    """Fill an empty database from a dump, then bring its schema up to date; gives the rows.

    All rows in one transaction, compared with what the dump counted; until the end the table `HALF`
    says that it is not whole.  Blocking; BadInput, Conflict, Unavailable.
    """
    known = schema(url)
    if newer := sorted(set(told.schema) - set(known.pending) - set(known.applied)):
        raise Conflict(
            f"the backup is of a newer Ohmstead (it has {', '.join(newer)}): restore it with that"
        )
    with connected(url) as connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {HALF} (since timestamptz)".encode())
        connection.commit()
    migrate(url, only=told.schema, restoring=True)
    with connected(url) as connection:
        rows = _filled(connection, told, pieces, say)
        for name, last in told.sequences.items():
            connection.execute("SELECT setval(%s::regclass, %s)", (f'"{name}"', last))
        connection.execute(f"DROP TABLE {HALF}".encode())
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")
    migrate(url)
    return rows


def _filled(
    connection: Connected, told: Dump, pieces: Iterable[Piece], say: Callable[[str], None]
) -> int:
    """Every table's rows; they come in the order of the dump: first what others refer to."""
    tables = {table.name: table for table in told.tables}
    for name in reversed(_order(connection, {table.into for table in told.tables})):
        left = connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(name)))
        if left.fetchone() is not None:  # what a numbered file put in
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
    for table in told.tables:
        _part(connection, table)
    found = dict.fromkeys(tables, 0)
    last = ""
    for piece in pieces:
        table = tables[piece.table]
        if piece.table != last:
            last = piece.table
            say(last)
        found[table.name] += _copied_in(connection, table, piece.content)
    for table in told.tables:
        if found[table.name] != table.rows:
            raise BadInput(f"{table.name} has {found[table.name]} rows instead of {table.rows}")
    return sum(found.values())


def _copied_in(connection: Connected, table: Table, content: bytes) -> int:
    listed = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.into), listed)
    cursor = connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            copy.write(content)
    except psycopg.DataError as trouble:
        raise BadInput(f"the rows of {table.name} cannot be read: {trouble}") from trouble
    return cursor.rowcount


def _order(connection: Connected, tables: set[str]) -> list[str]:
    """Tables so that each comes after those it refers to."""
    needs: dict[str, set[str]] = {name: set() for name in tables}
    for of, to in connection.execute(REFERENCES):
        if of in needs and to in needs:
            needs[of].add(to)
    ordered: list[str] = []
    while needs:
        free = sorted(name for name, wanted in needs.items() if not wanted - set(ordered))
        if not free:
            raise Conflict(f"the tables {', '.join(sorted(needs))} refer to each other in a ring")
        ordered += free
        for name in free:
            del needs[name]
    return ordered


def _part(connection: Connected, table: Table) -> None:
    """Make the part of `readings` that a table's rows belong to."""
    month = re.fullmatch(r"readings_(\d{4})_(\d{2})", table.name)
    if month is None or table.into != "readings":
        return
    first = int(month[1]), int(month[2])
    there = connection.execute("SELECT to_regclass(%s)", (table.name,)).fetchone()
    if there and there[0] is None:
        ends = months.start(first), months.start(months.after(first))
        connection.execute(
            sql.SQL("CREATE TABLE {} PARTITION OF readings FOR VALUES FROM ({}) TO ({})").format(
                sql.Identifier(table.name), *(sql.Literal(end.isoformat()) for end in ends)
            )
        )


@contextmanager
def connected(url: str) -> Iterator[Connected]:
    """A connection to the database at `url`; Unavailable when it is away, or too busy."""
    try:
        with psycopg.connect(
            url, connect_timeout=CONNECT_TIMEOUT_S, options="-c timezone=UTC"
        ) as connection:
            yield connection
    except AWAY as trouble:
        said = str(trouble).strip().partition("\n")[0]
        raise Unavailable(f"the database at {hidden(url)} is away or busy ({said})") from trouble


def counted(tables: Iterable[Table]) -> Mapping[str, int]:
    """How many rows each table has, its parts together."""
    found: dict[str, int] = {}
    for table in tables:
        found[table.into] = found.get(table.into, 0) + table.rows
    return found
