"""Which readings stay when a month goes into the archive, and how the others leave.

Energy between the last reading before an edge and the first after it belongs to both sides.  So a
stream keeps what buckets at the edge are made of: the quarter of an hour of its last reading, the
hour of peak demand before it, and of each counter one reading more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ohmstead.analytics.energy_calendar import floor_quarter
from ohmstead.analytics.energy_rollup import WINDOW_S
from ohmstead.store import months
from ohmstead.store.database import Connection, listed
from ohmstead.store.months import Month
from ohmstead.store.rollup_range import moment
from ohmstead.store.rollup_streams import Stream, stream_of

ALIVE = timedelta(days=35)
"""A counter that was not read for longer than this before the last reading is not waited for."""
LOCK_TIMEOUT = "3s"

LAST = "SELECT max(at) FROM readings WHERE stream = %s AND at < %s"
LAST_OF_EACH = """
    SELECT {maxima} FROM readings
    WHERE stream = %(stream)s AND at <= %(last)s AND at >= %(last)s - %(alive)s
"""
BEFORE = """
    (SELECT at FROM readings WHERE stream = %(stream)s AND at < %(since)s
     AND at >= %(since)s - %(alive)s AND {column} IS NOT NULL ORDER BY at DESC LIMIT 1)
"""
LEAVE = """
    DELETE FROM readings WHERE stream = %s AND at >= coalesce(%s, '-infinity'::timestamptz)
    AND at < %s AND NOT at = ANY(%s)
"""
STAYING = """
    SELECT at FROM readings
    WHERE stream = %s AND at < %s AND (at >= %s OR at = ANY(%s)) ORDER BY at
"""
RAISED = """
    INSERT INTO archive_floors (stream, floor, archived, exact) VALUES (%s, %s, %s, %s)
    ON CONFLICT (stream) DO UPDATE SET
        floor = excluded.floor, archived = excluded.archived, exact = excluded.exact
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of a stream before an edge: everything from `since` on, and the `extras`.

    Its buckets from `exact` on can be made anew of that.
    """

    since: datetime
    extras: Sequence[datetime]
    exact: datetime


async def kept_of(connection: Connection, stream: int, edge: datetime) -> Kept | None:
    """What stays of a stream before `edge`; None when it has no readings there, or no meter."""
    known = await stream_of(connection, stream, [])
    found = await (await connection.execute(LAST, (stream, edge))).fetchone()
    last: datetime | None = found[0] if found else None
    if known is None or last is None:
        return None
    begin = await _begin(connection, known, last)
    exact = floor_quarter(begin)
    since = moment(exact - WINDOW_S)
    questions = [BEFORE.format(column=column) for column in ("at", *known.columns)]
    asked = await connection.execute(
        f"SELECT {', '.join(questions)}".encode(),
        {"stream": stream, "since": since, "alive": ALIVE},
    )
    extras = {at for at in await asked.fetchone() or () if at}
    return Kept(since, sorted(extras), moment(exact))


async def _begin(connection: Connection, of: Stream, last: datetime) -> float:
    """The earliest of the last readings of each counter that is alive, epoch seconds."""
    maxima = [f"max(at) FILTER (WHERE {column} IS NOT NULL)" for column in of.columns]
    asked = await connection.execute(
        LAST_OF_EACH.format(maxima=listed(["max(at)", *maxima])).encode(),
        {"stream": of.stream, "last": last, "alive": ALIVE},
    )
    begin: float = min(at.timestamp() for at in await asked.fetchone() or () if at)
    return begin - (of.source.interval_s if of.source.interval else 0)


async def raised(connection: Connection, stream: int, edge: datetime, kept: Kept | None) -> None:
    """From now on everything of `stream` before `edge` is archived, but what is kept."""
    await connection.execute(RAISED, (stream, edge, edge, kept.exact if kept else edge))


async def lowered(connection: Connection, stream: int, edge: datetime, kept: Kept | None) -> None:
    """Everything of `stream` from `edge` on is back; without anything before, all of it is."""
    if kept is None:
        await connection.execute("DELETE FROM archive_floors WHERE stream = %s", (stream,))
    else:
        await raised(connection, stream, edge, kept)


async def leave(
    connection: Connection,
    stream: int,
    edge: datetime,
    not_before: datetime | None,
    kept: Kept | None,
) -> int:
    """Delete the readings of a stream before `edge` but those `kept`; gives how many left.

    What is older than `not_before` is left alone.
    """
    until, extras = (min(kept.since, edge), kept.extras) if kept else (edge, ())
    done = await connection.execute(LEAVE, (stream, not_before, until, list(extras)))
    return done.rowcount


async def moments(
    connection: Connection, stream: int, kept: Kept, edge: datetime
) -> Sequence[datetime]:
    """The times of the readings that are kept before `edge`."""
    asked = await connection.execute(STAYING, (stream, edge, kept.since, list(kept.extras)))
    return [at for (at,) in await asked.fetchall()]


async def replace_part(
    connection: Connection, month: Month, edge: datetime, keep: Mapping[int, Kept | None]
) -> None:
    """Put a part with only what stays in the place of a month's part, or none.

    Much cheaper than deleting.  The table is locked for an instant, at the end; Unavailable when
    that does not come about soon.  Streams that are not in `keep` stay as they are.
    """
    part, new = months.name_of(month), f"{months.name_of(month)}_kept"
    since = {stream: kept.since if kept else edge for stream, kept in keep.items()}
    extras = [(stream, at) for stream, kept in keep.items() if kept for at in kept.extras]
    for table, rows in (("staying", list(since.items())), ("staying_too", extras)):
        await connection.execute(
            f"CREATE TEMPORARY TABLE {table} (stream int4, at timestamptz) ON COMMIT DROP".encode()
        )
        async with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
            for row in rows:
                await copy.write_row(row)
    await connection.execute("ANALYZE staying, staying_too")
    for statement in (
        f"CREATE TABLE {new} (LIKE {part} INCLUDING ALL)",
        f"INSERT INTO {new} SELECT r.* FROM {part} r LEFT JOIN staying s ON s.stream = r.stream"  # noqa: S608
        " WHERE s.stream IS NULL OR r.at >= s.at"
        " OR EXISTS (SELECT FROM staying_too t WHERE t.stream = r.stream AND t.at = r.at)",
    ):
        await connection.execute(statement.encode())
    found = await connection.execute(f"SELECT EXISTS (SELECT stream FROM {new})".encode())  # noqa: S608
    something = (await found.fetchone() or (False,))[0]
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'".encode())
    first, last = months.start(month), edge
    statements = [f"ALTER TABLE readings DETACH PARTITION {part}", f"DROP TABLE {part}"]
    if something:
        statements += [
            f"ALTER TABLE {new} RENAME TO {part}",
            f"ALTER TABLE readings ATTACH PARTITION {part}"
            f" FOR VALUES FROM ('{first.isoformat()}') TO ('{last.isoformat()}')",
        ]
    else:
        statements.append(f"DROP TABLE {new}")
    for statement in statements:
        await connection.execute(statement.encode())
