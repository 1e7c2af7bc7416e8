"""Readings into the database: one transaction a batch, each reading exactly once.

The batch is copied into a temporary table; the newest of each stream moves `latest` forward, which
tells what was newest before; then everything not there yet goes into `readings`.  Every writer may
do so at the same time: order check and insert stand in one transaction, streams in one order.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal
from zlib import crc32

import msgspec
import psycopg
import structlog
from psycopg.types.json import Jsonb

from ohmstead.clock import Clock
from ohmstead.errors import Unavailable
from ohmstead.reading.reading import NOTHING, Identity
from ohmstead.store import archive_floors, columns, months, rollup_notes
from ohmstead.store.database import Connection, Database, listed

RETRY_S = (0.05, 2.0)
"""First and longest wait before a batch is tried again."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reading on its way into the database.

    `at` and `received_at` are aware; `values` maps catalogue keys to numbers in the catalogue's
    unit (keys it does not know are left out); `value` is the one number of a meter that is not
    electric; `raw` is what arrived, byte for byte.
    """

    stream: int
    at: datetime
    received_at: datetime
    values: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    tariff: int | None = None
    meter_at: datetime | None = None
    number: int | None = None
    identity: Identity | None = None
    value: float | None = None
    raw: bytes | None = None


class Fate(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    """Stored, and newer than everything of its stream."""
    LATE = "late"
    """Older than the newest of its stream: stored all the same, unless late ones are discarded."""
    DUPLICATE = "duplicate"
    """Its stream has a reading of that moment already; the first one stays."""
    REFUSED = "refused"
    """Not storable; `Outcome.reasons` says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each row of a batch: `fates[i]` belongs to `rows[i]`."""

    fates: tuple[Fate, ...]
    reasons: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """Index of a refused row -> why."""

    @property
    def accepted(self) -> int:
        return self.fates.count(Fate.ACCEPTED)

    @property
    def late(self) -> int:
        return self.fates.count(Fate.LATE)

    @property
    def duplicate(self) -> int:
        return self.fates.count(Fate.DUPLICATE)

    @property
    def refused(self) -> int:
        return self.fates.count(Fate.REFUSED)


Late = Literal["store", "discard"]

MAKE_BATCH = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS batch (n int4, stream int4, at timestamptz, "
    + ", ".join(f"{column} {kind}" for column, kind in columns.TYPES.items())
    + ", identity jsonb, raw bytea) ON COMMIT DELETE ROWS"
)
MOVE_LATEST = f"""
    INSERT INTO latest (stream, at, {listed(columns.ALL)}, identity, raw)
    SELECT DISTINCT ON (stream) stream, at, {listed(columns.ALL)}, identity, raw
    FROM batch ORDER BY stream, at DESC, n
    ON CONFLICT (stream) DO UPDATE SET
        previous_at = latest.at, at = excluded.at,
        {", ".join(f"{c} = excluded.{c}" for c in columns.ALL)},
        identity = coalesce(excluded.identity, latest.identity), raw = excluded.raw
    WHERE excluded.at > latest.at
    RETURNING stream, previous_at
"""  # noqa: S608  (names of the catalogue, nothing from outside)
NEWEST = "SELECT stream, at FROM latest WHERE stream = ANY(%s)"
DROP_LATE = "DELETE FROM batch WHERE n = ANY(%s)"
INSERT = f"""
    INSERT INTO readings (stream, at, {listed(columns.ALL)})
    SELECT DISTINCT ON (stream, at) stream, at, {listed(columns.ALL)}
    FROM batch ORDER BY stream, at, n
    ON CONFLICT (stream, at) DO NOTHING
    RETURNING stream, at
"""  # noqa: S608
COUNT = """
    INSERT INTO counters (stream, accepted, late, duplicate, refused)
    SELECT * FROM unnest(%s::int4[], %s::int8[], %s::int8[], %s::int8[], %s::int8[])
    ON CONFLICT (stream) DO UPDATE SET
        accepted = counters.accepted + excluded.accepted, late = counters.late + excluded.late,
        duplicate = counters.duplicate + excluded.duplicate,
        refused = counters.refused + excluded.refused
"""
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
AFTER_ALL = datetime.max.replace(tzinfo=UTC)


class Committer:
    """Writes batches; calls take turns, several processes may each have one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._turn = asyncio.Lock()
        self._months: set[months.Month] = set()
        self._log = structlog.get_logger("ohmstead.store")

    async def commit(self, rows: Sequence[Row], late: Late = "store") -> Outcome:
        """Store `rows` in one transaction and say what became of each.

        When the database is away, the same batch is tried again until it is stored or the caller
        is cancelled.  When that leaves a doubt (the answer to a commit was lost), the second try
        finds the rows there and calls them duplicates: nothing is stored twice.
        """
        reasons = dict(self._refusals(rows))
        kept = [(n, row) for n, row in enumerate(rows) if n not in reasons]
        async with self._turn:
            fates, old = await self._stored(kept, late, Counter(rows[n].stream for n in reasons))
        whole = (fates.get(n, Fate.REFUSED) for n in range(len(rows)))
        return Outcome(tuple(whole), MappingProxyType({**reasons, **old}))

    def _refusals(self, rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
        now = self._clock.now()
        for n, row in enumerate(rows):
            if not months.allowed(months.month_of(row.at), now):
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
        wait_s, again = RETRY_S[0], False
        while True:
            try:
                return await self._try(kept, late, refused)
            except Unavailable as trouble:
                self._log.warning(
                    "a batch waits for the database", rows=len(kept), why=str(trouble)
                )
            except psycopg.errors.CheckViolation:
                if again:
                    raise
                again = True
                self._months.clear()  # a part was taken away since it was made: make it again
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_S[1])

    async def _try(
        self, kept: list[tuple[int, Row]], late: Late, refused: Counter[int]
    ) -> tuple[dict[int, Fate], Mapping[int, str]]:
        """What became of each row that may come in, and why others, of archived time, may not."""
        await self._have_months({months.month_of(row.at) for _, row in kept})
        async with self._database.transaction() as connection:
            keys = ((n, row.stream, row.at) for n, row in kept)
            old = await archive_floors.too_old(connection, keys, self._clock.now())
            if old:
                refused = refused + Counter(row.stream for n, row in kept if n in old)
                kept = [(n, row) for n, row in kept if n not in old]
            await connection.execute(MAKE_BATCH.encode())
            await _copy(connection, kept)
            moved = await connection.execute(MOVE_LATEST.encode(), binary=True)
            before = {stream: previous or BEFORE_ALL for stream, previous in await moved.fetchall()}
            if late == "discard":
                still = list({row.stream for _, row in kept} - set(before))
                asked = await connection.execute(NEWEST, (still,), binary=True)
                before |= dict(await asked.fetchall())
                await connection.execute(DROP_LATE, (list(_late(kept, before)),))
            inserted = await connection.execute(INSERT.encode(), binary=True)
            new = set(await inserted.fetchall())
            fates = dict(_fates(kept, before, new, late))
            await _count(connection, kept, fates, refused)
            fresh = (row for n, row in kept if fates[n] in (Fate.ACCEPTED, Fate.LATE))
            await rollup_notes.write(connection, map(_note, fresh))
        return fates, old

    async def _have_months(self, needed: set[months.Month]) -> None:
        needed |= set(months.wanted_now(self._clock.now()))
        if missing := needed - self._months:
            async with self._database.transaction() as connection:
                await months.make(connection, missing)
            self._months |= missing


async def _copy(connection: Connection, kept: list[tuple[int, Row]]) -> None:
    """Copy the rows into the batch: only the columns that one of them has."""
    seen = {obis for _, row in kept for obis in row.values}
    known = [obis for obis in columns.VALUES if obis in seen]
    names = [*columns.FIELDS, *(columns.VALUES[obis] for obis in known)]
    statement = (
        f"COPY batch (n, stream, at, identity, raw, {listed(names)}) FROM STDIN (FORMAT BINARY)"
    )
    types = ("int4", "int4", "timestamptz", "jsonb", "bytea", *(columns.TYPES[c] for c in names))
    async with connection.cursor().copy(statement.encode()) as copy:
        copy.set_types(types)
        newest = _newest(kept)
        for n, row in kept:
            who = _crc(row.identity.id) if row.identity and row.identity.id else None
            fields = (row.received_at, row.meter_at, row.number, row.tariff, row.value, who)
            shown = n in newest  # who and what arrived is kept of the newest reading only
            identity = _identity(row.identity) if shown and row.identity else None
            key = (n, row.stream, row.at, identity, row.raw if shown else None)
            await copy.write_row((*key, *fields, *map(row.values.get, known)))


def _newest(kept: list[tuple[int, Row]]) -> set[int]:
    """The row of each stream that `latest` may show, the first of those with the same time."""
    found: dict[int, tuple[datetime, int]] = {}
    for n, row in kept:
        if row.stream not in found or row.at > found[row.stream][0]:
            found[row.stream] = row.at, n
    return {n for _, n in found.values()}


@lru_cache(maxsize=10_000)
def _identity(identity: Identity) -> Jsonb | None:
    """What the meter says it is, without what is absent; jsonb knows no zero character."""
    said = {key: value.replace("\0", "") for key, value in asdict(identity).items() if value}
    return Jsonb(said, dumps=msgspec.json.encode) if said else None


def _note(row: Row) -> rollup_notes.New:
    return row.stream, row.at, row.values, row.value is not None


def _crc(serial: str) -> int:
    """A number for who the meter is, of 32 bits with a sign; never 0."""
    return (crc32(serial.encode()) or 1) - 2**31 or 1


def _late(kept: list[tuple[int, Row]], before: Mapping[int, datetime]) -> Iterator[int]:
    """The rows that are not newer than everything of their stream before them."""
    newest = dict(before)
    for n, row in kept:
        if row.at > newest.get(row.stream, AFTER_ALL):
            newest[row.stream] = row.at
        else:
            yield n


def _fates(
    kept: list[tuple[int, Row]],
    before: Mapping[int, datetime],
    new: set[tuple[Any, ...]],
    late: Late,
) -> Iterator[tuple[int, Fate]]:
    """What became of each row; a stream that did not move has nothing newer in this batch."""
    newest = dict(before)
    unclaimed = set(new)
    for n, row in kept:
        floor = newest.get(row.stream, AFTER_ALL)
        if (row.stream, row.at) in unclaimed:
            unclaimed.remove((row.stream, row.at))
            yield n, Fate.ACCEPTED if row.at > floor else Fate.LATE
            newest[row.stream] = max(floor, row.at)
        elif late == "discard" and row.at < floor and (row.stream, row.at) not in new:
            yield n, Fate.LATE
        else:
            yield n, Fate.DUPLICATE


async def _count(
    connection: Connection,
    kept: list[tuple[int, Row]],
    fates: Mapping[int, Fate],
    refused: Counter[int],
) -> None:
    tally = Counter((row.stream, fates[n]) for n, row in kept)
    streams = sorted({row.stream for _, row in kept} | set(refused))
    counts = [
        [tally[s, fate] for s in streams] for fate in (Fate.ACCEPTED, Fate.LATE, Fate.DUPLICATE)
    ]
    await connection.execute(COUNT, (streams, *counts, [refused[s] for s in streams]))
