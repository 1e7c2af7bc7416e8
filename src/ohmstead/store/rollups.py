"""Rollups: what is kept of quarters of an hour, hours, days and months, re-made from readings.

A commit notes what is new (store/rollup_notes.py).  Whoever works a note off makes every bucket
anew that it may touch, in the transaction that takes the note away: a crash leaves the note.
"""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import pairwise

import structlog

from ohmstead.analytics.energy_calendar import edges as calendar_edges
from ohmstead.errors import Unavailable
from ohmstead.store import archive_floors, rollup_notes
from ohmstead.store.database import Connection, Database, listed
from ohmstead.store.rollup_range import LEVELS, SUMS, Range, moment, remake, stretch
from ohmstead.store.rollup_streams import Stream, stream_of

log = structlog.get_logger(__name__)

MAKING = 0x0E57EAF
"""The advisory lock of whoever makes the buckets of a stream."""
NOTES_MOST = 500
PAUSE_S = 2.0
STREAMS_MOST = 200

NOTES = """
    SELECT id, first, last, columns FROM rollup_notes WHERE stream = %s ORDER BY id LIMIT %s
"""
NOTED = "SELECT DISTINCT stream FROM rollup_notes WHERE stream = ANY(%s) LIMIT %s"
NOTED_ANY = "SELECT DISTINCT stream FROM rollup_notes LIMIT %s"
STRIKE = "DELETE FROM rollup_notes WHERE stream = %s AND id = ANY(%s)"
CLEAR = "DELETE FROM rollups WHERE stream = %s AND level = %s AND at >= %s AND at < %s"
SUM_UP = f"""
    INSERT INTO rollups (stream, level, at, part, {listed(SUMS)})
    SELECT q.stream, %s, b.first, q.part, {", ".join(SUMS.values())}
    FROM unnest(%s::timestamptz[], %s::timestamptz[]) AS b (first, last)
    JOIN rollups q ON q.stream = %s AND q.level = %s AND q.at >= b.first AND q.at < b.last
    GROUP BY q.stream, b.first, q.part
"""  # noqa: S608  (names of the catalogue, nothing from outside)


class Rollups:
    """Keeps the buckets as the readings are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def refresh(self, streams: Sequence[int]) -> None:
        """Work off every note of `streams`; what is asked afterwards is as the readings are."""
        wanted = list(streams)
        while noted := await self._database.rows(NOTED, (wanted, STREAMS_MOST)):
            for row in noted:
                await self.make(row["stream"])

    async def make(self, stream: int) -> int:
        """Work off the oldest notes of a stream; gives how many."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (MAKING, stream))
            found = await connection.execute(NOTES, (stream, NOTES_MOST))
            notes = await found.fetchall()
            if not notes:
                return 0
            known = await stream_of(connection, stream, [note[3] for note in notes])
            if known is not None:
                ranges = [
                    await stretch(
                        connection,
                        known,
                        note[1].timestamp(),
                        note[2].timestamp(),
                        known.columns if note[3] is None else rollup_notes.named(note[3]),
                    )
                    for note in notes
                ]
                touched = merged(ranges)
                exact = await archive_floors.exact_from(connection, stream)
                for each in archive_floors.cut(touched, exact):
                    await remake(connection, known, each)
                for each in touched:
                    await _sum_up(connection, known, each)
            await connection.execute(STRIKE, (stream, [note[0] for note in notes]))
            return len(notes)

    async def run(self) -> None:
        """Work off notes as they come, until cancelled."""
        while True:
            try:
                for row in await self._database.rows(NOTED_ANY, (STREAMS_MOST,)):
                    await self._make_or_say(row["stream"])
            except Unavailable as trouble:
                log.warning("rollups wait for the database", why=str(trouble))
            await asyncio.sleep(PAUSE_S)

    async def _make_or_say(self, stream: int) -> None:
        """One stream that cannot be made must not hold up all others; its notes stay."""
        try:
            await self.make(stream)
        except Unavailable:
            raise
        except Exception:  # whatever it is, the readings are safe
            log.exception("rollups of a stream not made", stream=stream)


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Ranges that touch become one.

    >>> merged([(0, 10), (20, 30), (5, 12)])
    [(0, 12), (20, 30)]
    """
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


async def _sum_up(connection: Connection, stream: Stream, of: Range) -> None:
    """Hours from quarters, days from hours, months from days."""
    first, last = of
    for level, size in enumerate(LEVELS[1:], start=1):
        bounds = calendar_edges(size, first, last, stream.source.zone)
        first, last = bounds[0], bounds[-1]
        await connection.execute(CLEAR, (stream.stream, level, moment(first), moment(last)))
        pairs = [(moment(a), moment(b)) for a, b in pairwise(bounds)]
        await connection.execute(
            SUM_UP.encode(),
            (level, [a for a, _ in pairs], [b for _, b in pairs], stream.stream, level - 1),
        )
