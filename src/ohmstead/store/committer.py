"""Readings into the database: one transaction a batch, each reading exactly once.

The newest reading of each stream moves `latest` forward, which tells what was newest before.  Rows
newer than that are new, and are copied into `readings`; where one is not, all of the batch are
inserted where (stream, time) is free.  Every writer may do so at the same time: order check and
insert stand in one transaction, streams in one order.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import psycopg
import structlog

from ohmstead.clock import Clock
from ohmstead.errors import Unavailable
from ohmstead.store import archive_floors, at_once, months, rollup_notes
from ohmstead.store.batch import Batch, Row, batch_of
from ohmstead.store.database import Connection, Database, listed
from ohmstead.store.fates import BEFORE_ALL, NEWEST, Fate, Late, Outcome, count, fates_of, late_ones
from ohmstead.store.own_connection import OwnConnection
from ohmstead.store.packed import Column, Kind, array

__all__ = ["Committer", "Fate", "Late", "Outcome", "Row"]

RETRY_S = (0.05, 2.0)
"""First and longest wait before a batch is tried again."""


MOVE_LATEST = """
    INSERT INTO latest (stream, at, identity, raw, accepted)
    SELECT unnest(%s::int4[]), unnest(%s::timestamptz[]), unnest(%s::jsonb[]),
        unnest(%s::bytea[]), 1
    ON CONFLICT (stream) DO UPDATE SET
        previous_at = latest.at, at = excluded.at,
        identity = coalesce(excluded.identity, latest.identity), raw = excluded.raw,
        accepted = latest.accepted + 1
    WHERE excluded.at > latest.at
    RETURNING stream, previous_at
"""
COPY = "COPY readings ({names}) FROM STDIN (FORMAT BINARY)"
INSERT = """
    INSERT INTO readings ({names}) SELECT {arrays}
    ON CONFLICT (stream, at) DO NOTHING RETURNING stream, at
"""


class Committer:
    """Writes batches; calls take turns, several processes may each have one.

    One that is to have a connection of its `own` is closed after use.
    """

    def __init__(self, database: Database, clock: Clock, *, own: bool = False) -> None:
        self._database = database
        self._own = OwnConnection(database) if own else None
        self._clock = clock
        self._turn = asyncio.Lock()
        self._months: set[months.Month] = set()
        self._short = True
        self._log = structlog.get_logger("ohmstead.store")

    async def close(self) -> None:
        """Close its own connection."""
        if self._own is not None:
            await self._own.close()

    async def commit(self, rows: Sequence[Row], late: Late = "store") -> Outcome:
        """Store `rows` in one transaction and say what became of each.

        When the database is away, the same batch is tried again until it is stored or the caller
        is cancelled.  When that leaves a doubt (the answer to a commit was lost), the second try
        finds the rows there and calls them duplicates: nothing is stored twice.
        """
        async with self._turn:
            if late == "discard" and self._own is not None and self._short and rows:
                outcome = await self._at_once(self._own, rows)
                if outcome is not None:
                    return outcome
            reasons = dict(self._refusals(rows))
            kept = [(n, row) for n, row in enumerate(rows) if n not in reasons]
            fates, old = await self._stored(kept, late, Counter(rows[n].stream for n in reasons))
        whole = (fates.get(n, Fate.REFUSED) for n in range(len(rows)))
        return Outcome(tuple(whole), MappingProxyType({**reasons, **old}))

    async def _at_once(self, own: OwnConnection, rows: Sequence[Row]) -> Outcome | None:
        """What became of ordinary rows, or None: then nothing is known of them, as before."""
        batch = batch_of(list(enumerate(rows)))
        if not at_once.fits(batch, self._clock.now()):
            return None
        try:
            await self._have_months(batch.months())
            async with own.alone() as connection:
                moved = await at_once.store(connection, batch)
            if moved.all_of(batch):
                return Outcome((Fate.ACCEPTED,) * len(rows))
            async with own.transaction() as connection:
                fates = await at_once.judged(connection, batch, moved)
        except psycopg.errors.FeatureNotSupported as trouble:
            self._short = False  # Citus, perhaps: the next batch need not find out again
            self._log.info("batches go the long way", why=str(trouble))
            return None
        except (Unavailable, psycopg.Error) as trouble:
            # The long way finds out what it is, and does not store again what is there.
            self._log.info("a batch goes the long way", rows=len(rows), why=str(trouble))
            return None
        return Outcome(tuple(fates[n] for n in range(len(rows))))

    def _refusals(self, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
        now = self._clock.now()
        well = _all_allowed(rows, now)
        for n, row in enumerate(rows):
            if not well and not months.allowed(months.month_of(row.at), now):
                yield n, f"its time {row.at:%Y-%m-%d} is outside the months that are kept"
            elif row.tariff is not None and not -(2**15) <= row.tariff < 2**15:
                yield n, f"tariff {row.tariff} is not a small number"
            elif row.number is not None and not -(2**63) <= row.number < 2**63:
                yield n, f"number {row.number} is too large"

    async def _stored(
        self, kept: list[tuple[int, Row]], late: Late, refused: Counter[int]
    ) -> tuple[dict[int, Fate], Mapping[int, str]]:
        if not kept and not refused:
            return {}, {}
        wait_s, again, careful = RETRY_S[0], False, False
        while True:
            try:
                return await self._try(kept, late, refused, careful=careful)
            except Unavailable as trouble:
                self._log.warning(
                    "a batch waits for the database", rows=len(kept), why=str(trouble)
                )
            except psycopg.errors.UniqueViolation:
                if careful:
                    raise
                careful = True  # `latest` did not know of a reading that is there
            except psycopg.errors.CheckViolation:
                if again:
                    raise
                again = True
                self._months.clear()  # a part was taken away since it was made: make it again
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_S[1])

    async def _try(
        self, kept: list[tuple[int, Row]], late: Late, refused: Counter[int], *, careful: bool
    ) -> tuple[dict[int, Fate], Mapping[int, str]]:
        """What became of each row that may come in, and why others, of archived time, may not."""
        await self._have_months(set(_months(row.at for _, row in kept)))
        async with (self._own or self._database).transaction() as connection:
            old = await self._too_old(connection, kept)
            if old:
                refused = refused + Counter(row.stream for n, row in kept if n in old)
                kept = [(n, row) for n, row in kept if n not in old]
            if not kept:
                await count(connection, Counter(), refused)
                return {}, old
            batch = batch_of(kept)
            before = await _move_latest(connection, batch)
            moved = tuple(before)
            new = not careful and _all_new(batch, before, late)
            if new:
                await _copy(connection, batch)
                fates = dict.fromkeys(batch.numbers, Fate.ACCEPTED)
                if not batch.one_each:
                    keys = {(row.stream, row.at) for _, row in kept}
                    fates = dict(fates_of(kept, before, keys, late))
            else:
                fates = await _insert(connection, kept, before, late)
            if refused or not (new and batch.one_each):
                tally = Counter((row.stream, fates[n]) for n, row in kept)
                tally.subtract((stream, Fate.ACCEPTED) for stream in moved)  # counted in latest
                await count(connection, tally, refused)
            async with connection.pipeline():  # one way there and back for both
                await _note(connection, batch, fates)
                await connection.commit()
        return fates, old

    async def _too_old(
        self, connection: Connection, kept: list[tuple[int, Row]]
    ) -> Mapping[int, str]:
        now = self._clock.now()
        keys = ((n, row.stream, row.at) for n, row in kept)
        if kept and min(row.at for _, row in kept) >= now - archive_floors.YOUNG:
            return {}
        return await archive_floors.too_old(connection, keys, now)

    async def _have_months(self, needed: set[months.Month]) -> None:
        needed |= set(months.wanted_now(self._clock.now()))
        if missing := needed - self._months:
            async with self._database.transaction() as connection:
                await months.make(connection, missing)
            self._months |= missing


async def _move_latest(connection: Connection, batch: Batch) -> dict[int, datetime]:
    """Let `latest` show the newest rows; gives the streams that moved, and from when."""
    given = [
        array(Column("int4", batch.streams[batch.newest])),
        array(Column("timestamptz", batch.at[batch.newest])),
        batch.identities(),
        batch.raws(),
    ]
    async with connection.pipeline():  # with the beginning of the transaction
        moved = await connection.execute(MOVE_LATEST, given, binary=True)
    return {stream: previous or BEFORE_ALL for stream, previous in await moved.fetchall()}


def _all_new(batch: Batch, before: Mapping[int, datetime], late: Late) -> bool:
    """Whether each row is newer than all that its stream had, there once, and stays."""
    if len(before) < len(batch.newest) or (late == "discard" and not batch.one_each):
        return False
    if any(row.at <= before[row.stream] for row in batch.rows):
        return False
    return batch.one_each or len({(row.stream, row.at) for row in batch.rows}) == len(batch.rows)


async def _copy(connection: Connection, batch: Batch) -> None:
    """Rows that are new, each one."""
    statement = COPY.format(names=listed(batch.columns))
    async with connection.cursor().copy(statement.encode()) as copy:
        await copy.write(batch.copied())


async def _insert(
    connection: Connection, kept: list[tuple[int, Row]], before: dict[int, datetime], late: Late
) -> dict[int, Fate]:
    """Rows of which some may be there: into `readings` where (stream, time) is free."""
    fresh = kept
    if late == "discard":
        still = sorted({row.stream for _, row in kept} - set(before))
        asked = await connection.execute(NEWEST, (still,), binary=True)
        before |= dict(await asked.fetchall())
        dropped = set(late_ones(kept, before))
        fresh = [each for each in kept if each[0] not in dropped]
    new: set[tuple[Any, ...]] = set()
    if fresh:
        batch = batch_of(fresh)
        found = batch.columns
        statement = INSERT.format(names=listed(found), arrays=_placeholders(found))
        inserted = await connection.execute(statement.encode(), batch.arrays(), binary=True)
        new = set(await inserted.fetchall())
    return dict(fates_of(kept, before, new, late))


def _placeholders(found: Mapping[str, Kind]) -> str:
    # Among what is selected they go on together row by row (SELECT, "SELECT List"); after FROM
    # each would be written out as a table first.
    return ", ".join(f"unnest(%s::{kind}[])" for kind in found.values())


async def _note(connection: Connection, batch: Batch, fates: Mapping[int, Fate]) -> None:
    """Note what is new, so that its buckets are made."""
    streams, at, bits = batch.streams, batch.at, batch.bits
    if not {Fate.ACCEPTED, Fate.LATE}.issuperset(fates.values()):
        new = np.array([fates[n] in (Fate.ACCEPTED, Fate.LATE) for n in batch.numbers])
        streams, at, bits = streams[new], at[new], bits[new]
    await rollup_notes.write(connection, streams, at, bits)


def _all_allowed(rows: Sequence[Row], now: datetime) -> bool:
    """Whether the months of all rows are kept; the first and the last one say it."""
    if not rows:
        return True
    first, last = min(row.at for row in rows), max(row.at for row in rows)
    return all(months.allowed(months.month_of(at), now) for at in (first, last))


def _months(times: Iterable[datetime]) -> Iterator[months.Month]:
    """The month (UTC) of each of `times`."""
    for at in times:
        moment = at if at.tzinfo is UTC else at.astimezone(UTC)
        yield moment.year, moment.month
