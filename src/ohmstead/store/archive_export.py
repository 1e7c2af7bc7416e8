"""The readings of a month, out of the database and into a file; and from the file back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from ohmstead.errors import Unavailable
from ohmstead.store import archive_file, columns, months
from ohmstead.store.archive_file import Writer, Written
from ohmstead.store.database import AWAY, CONNECT_TIMEOUT_S, Connection, hidden, listed

STREAMS_MOST = 50
FETCHED = 5000
MONTH = "FROM readings WHERE stream = ANY(%s) AND at >= %s AND at < %s"
HOW_MANY = (
    "SELECT stream, count(*), "
    + ", ".join(f"count({column})" for column in columns.TYPES)
    + f" {MONTH} GROUP BY stream"
)
ROWS = "SELECT stream, at, false, {listed} " + MONTH + " ORDER BY stream, at"
LEAD = (
    "SELECT r.stream, r.at, true, {listed} FROM unnest(%s::int4[], %s::timestamptz[]) AS k (stream,"
    " at) JOIN readings r ON r.stream = k.stream AND r.at = k.at"
)
BACK = """
    INSERT INTO readings (stream, at, {listed}) SELECT stream, at, {listed} FROM returning_rows
    ON CONFLICT (stream, at) DO NOTHING
"""


def write(
    url: str,
    path: Path,
    meters: Mapping[int, str],
    lead: Mapping[int, Sequence[datetime]],
    first: datetime,
    last: datetime,
    said: Mapping[str, str],
) -> Written:
    """Write the readings of `meters` (stream -> id) from `first` to before `last`; blocking.

    `lead` are the moments before the month whose readings go along.  One snapshot of the database;
    what came out of it, what was written, and what is read back are compared.  Unavailable.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SET TIME ZONE 'UTC'")
            expected, used = _expected(connection, list(meters), first, last)
            names = ("stream", "at", "lead", *used)
            writer = Writer(path, names, meters, said)
            try:
                for rows in _rows(connection, list(meters), lead, first, last, used):
                    writer.add(rows)
                written = writer.close()
            except BaseException:
                writer.give_up()
                raise
    except AWAY as trouble:
        raise Unavailable(f"the database at {hidden(url)} went away: {trouble}") from trouble
    except OSError as trouble:
        raise Unavailable(f"the archive file {path} cannot be written: {trouble}") from trouble
    told = {"rows": written.rows, **written.counts}
    if told != expected:
        path.unlink(missing_ok=True)
        wrong = [name for name in expected if expected[name] != told[name]]
        raise Unavailable(f"{path} has not what the database has ({', '.join(wrong)}): not kept")
    return written


def _expected(
    connection: psycopg.Connection[tuple[Any, ...]],
    streams: Sequence[int],
    first: datetime,
    last: datetime,
) -> tuple[dict[str, int], list[str]]:
    """How many rows, and how many of each column, the database counts; the columns in use."""
    names = ("rows", *columns.TYPES)
    found = dict.fromkeys(names, 0)
    for some in _parts(streams):
        for _, *counts in connection.execute(HOW_MANY.encode(), (some, first, last)):
            for name, count in zip(names, counts, strict=True):
                found[name] += count
    return found, [column for column in columns.TYPES if found[column]]


def _rows(
    connection: psycopg.Connection[tuple[Any, ...]],
    streams: Sequence[int],
    lead: Mapping[int, Sequence[datetime]],
    first: datetime,
    last: datetime,
    used: Sequence[str],
) -> Iterator[list[Sequence[Any]]]:
    """The rows sorted by stream and time, those of the lead among them, some at a time."""
    for some in _parts(sorted(streams)):
        pairs = [(stream, at) for stream in some for at in lead.get(stream, ())]
        before: dict[int, list[Sequence[Any]]] = {}
        if pairs:
            question = LEAD.format(listed=listed(used, "r.")).encode()
            for row in connection.execute(question, [list(c) for c in zip(*pairs, strict=True)]):
                before.setdefault(row[0], []).append(row)
        with connection.cursor(name="month", binary=True) as cursor:
            cursor.execute(ROWS.format(listed=listed(used)).encode(), (some, first, last))
            while rows := cursor.fetchmany(FETCHED):
                merged: list[Sequence[Any]] = []
                for row in rows:
                    if row[0] in before:
                        merged += sorted(before.pop(row[0]), key=lambda each: each[1])
                    merged.append(row)
                yield merged


def _parts(streams: Sequence[int]) -> Iterator[list[int]]:
    for n in range(0, len(streams), STREAMS_MOST):
        yield list(streams[n : n + STREAMS_MOST])


async def bring_back(
    connection: Connection, path: Path, streams: set[int], with_lead: set[int]
) -> int:
    """Insert the rows of a file again, of `streams` alone; gives how many were not there.

    Those before the month only of the streams `with_lead`.  No bucket is made anew of them.
    """
    fresh = 0
    names = tuple(columns.TYPES)
    temporary = (
        "CREATE TEMPORARY TABLE returning_rows (stream int4, at timestamptz, "
        + ", ".join(f"{column} {kind}" for column, kind in columns.TYPES.items())
        + ") ON COMMIT DROP"
    )
    await connection.execute(temporary.encode())
    statement = f"COPY returning_rows (stream, at, {listed(names)}) FROM STDIN (FORMAT BINARY)"
    for table in archive_file.groups(path):
        wanted = pc.is_in(table["stream"], value_set=_array(streams))
        lead = pc.and_(table["lead"], pc.invert(pc.is_in(table["stream"], _array(with_lead))))
        rows = table.filter(pc.and_(wanted, pc.invert(lead)))
        if not rows.num_rows:
            continue
        await months.make(connection, set(map(months.month_of, _ends_of_months(rows["at"]))))
        present = [name for name in names if name in rows.column_names]
        plain = rows.select(["stream", "at", *present]).to_pydict()
        missing = [None] * rows.num_rows
        async with connection.cursor().copy(statement.encode()) as copy:
            copy.set_types(("int4", "timestamptz", *columns.TYPES.values()))
            for row in zip(
                plain["stream"],
                plain["at"],
                *(plain.get(name, missing) for name in names),
                strict=True,
            ):
                await copy.write_row(row)
        done = await connection.execute(BACK.format(listed=listed(names)).encode())
        fresh += done.rowcount
        await connection.execute("TRUNCATE returning_rows")
    return fresh


def _ends_of_months(at: Any) -> list[datetime]:
    """One moment of each month that there is."""
    return list(pc.unique(pc.floor_temporal(at, unit="month")).to_pylist())


def _array(streams: set[int]) -> Any:
    return pa.array(sorted(streams), pa.int32())
