"""Rollups: what is kept of quarters of an hour, hours, days and months, re-made from readings.

A commit notes what is new (store/rollup_notes.py).  Whoever works notes off makes every bucket
anew that they may touch; a note is taken away only when that is committed: a crash leaves it.  The
worker makes many streams at once, and rests longer when there was more to do: then more readings of
each are worked off together.  Whoever asks about a stream does not wait for that.
"""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
import structlog

from ohmstead.errors import Unavailable
from ohmstead.store import archive_floors, rollup_pending
from ohmstead.store.database import Connection, Database
from ohmstead.store.packed import Column, array
from ohmstead.store.rollup_make import make
from ohmstead.store.rollup_pending import ALL, Pending
from ohmstead.store.rollup_range import moment

log = structlog.get_logger(__name__)

MAKING = 0x0E57EAF
"""The advisory lock of whoever makes the buckets of a stream."""
PAUSE_S = (2.0, 30.0)
REST = 4.0
"""The worker rests so many times as long as it worked, within `PAUSE_S`."""
MANY, EACH, PERIOD_S = 200, 2, 120.0
"""When so many streams or more had so many packets each, or more, it begins every so many seconds.

Then more packets of each are worked off together; where each has one, waiting would gain nothing.
"""
TOGETHER, OF_LOCKS = (50, 1000), 8
"""Streams made in one transaction, least and most, and what part of the server's locks they take.

A server has room for so many locks a connection; we take one a stream.
"""
ROOM = """
    SELECT current_setting('max_locks_per_transaction')::int8
           * current_setting('max_connections')::int8
"""
TRIES = 10
"""How often buckets are made again because a month went into the archive meanwhile."""
WORKING = 0x0E57EB2
"""The advisory lock of the worker: of several processes one works.

It is no lock of rows, since with one the transaction would count as writing all the time.
"""
ALONE = "SELECT pg_try_advisory_xact_lock(%s)"
LOCK = """
    SELECT pg_advisory_xact_lock(%s, stream)
    FROM (SELECT unnest(%s::int4[]) AS stream ORDER BY 1) AS asked
"""


class Rollups:
    """Keeps the buckets as the readings are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def refresh(self, streams: Sequence[int]) -> None:
        """Make what is new of `streams`; what is asked afterwards is as the readings are."""
        async with self._database.transaction() as connection:
            pending = await rollup_pending.of_streams(connection, streams)
            groups = await _groups(connection, pending)
        for group in groups:
            await self._make(pending.only(group))

    async def run(self) -> None:
        """Work off notes as they come, until cancelled."""
        while True:
            began, pending = time.monotonic(), Pending({}, {}, [])
            try:
                pending = await self._worked_off()
            except Unavailable as trouble:
                log.warning("rollups wait for the database", why=str(trouble))
            await asyncio.sleep(rest_s(time.monotonic() - began, pending))

    async def work_off(self) -> int:
        """Work off all notes there are; gives of how many streams, 0 while another process does.

        What cannot be made is said and noted for its stream alone: it must not hold up others.
        """
        return len((await self._worked_off()).stretches)

    async def _worked_off(self) -> Pending:
        async with self._database.transaction() as connection:
            alone = await (await connection.execute(ALONE, (WORKING,))).fetchone()
            if alone is None or not alone[0]:
                return Pending({}, {}, [])
            pending = await rollup_pending.of_all(connection)
            groups = await _groups(connection, pending)
            for stream in await self._made(pending, groups):
                if stream not in pending.notes:
                    for each in pending.stretches[stream]:
                        bits = None if each.bits == ALL else each.bits
                        given = stream, moment(each.first), moment(each.last), bits
                        await connection.execute(rollup_pending.KEEP, given)
            await rollup_pending.strike(connection, Pending({}, {}, pending.batches))
        return pending

    async def _made(self, pending: Pending, groups: list[list[int]]) -> list[int]:
        """Make what is pending; gives the streams that cannot be made."""
        failed: list[int] = []
        while groups:
            group = groups.pop()
            try:
                await self._make(pending.only(group), later=True)
            except Unavailable:
                raise
            except Exception:  # whatever it is, the readings are safe
                if len(group) == 1:
                    log.exception("rollups of a stream not made", stream=group[0])
                    failed += group
                else:  # one of them it is: find out which
                    half = len(group) // 2
                    groups += [group[:half], group[half:]]
        return failed

    async def _make(self, pending: Pending, *, later: bool = False) -> None:
        """Make what is pending and take the notes away, in one transaction.

        Again where readings left into the archive meanwhile: buckets must not be made of what is
        left of them.
        """
        streams = list(pending.stretches)
        for _ in range(TRIES):
            async with self._database.transaction() as connection:
                await _lock(connection, streams)
                exact = await archive_floors.exact_of(connection, streams)
                await make(connection, pending.stretches, later=later)
                if await archive_floors.exact_of(connection, streams) == exact:
                    await rollup_pending.strike(connection, pending)
                    return
                await connection.rollback()
        raise Unavailable("readings are leaving into the archive just now; try again in a moment")


def rest_s(took_s: float, done: Pending) -> float:
    """How long the worker rests after it worked so long.

    >>> rest_s(1.0, Pending({}, {}, []))
    4.0
    """
    if len(done.stretches) >= MANY and done.packets >= EACH * len(done.stretches):
        return max(PERIOD_S - took_s, took_s)
    return min(max(REST * took_s, PAUSE_S[0]), PAUSE_S[1])


async def _groups(connection: Connection, pending: Pending) -> list[list[int]]:
    """The streams, as many at a time as the server has room for locks."""
    streams = sorted(pending.stretches)
    if len(streams) <= TOGETHER[0]:
        return [streams] if streams else []
    room = (await (await connection.execute(ROOM)).fetchone() or (0,))[0]
    together = min(max(room // OF_LOCKS, TOGETHER[0]), TOGETHER[1])
    return [streams[n : n + together] for n in range(0, len(streams), together)]


async def _lock(connection: Connection, streams: Sequence[int]) -> None:
    await connection.execute(LOCK, (MAKING, array(Column("int4", np.array(streams)))))
