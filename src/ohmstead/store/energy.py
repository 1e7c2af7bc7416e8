"""Energy of meters by buckets of time, from the rollups.  docs/energy.md has the rules."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

from ohmstead.analytics.energy_calendar import Size
from ohmstead.analytics.spans import Span, bounds, months_only
from ohmstead.errors import BadInput
from ohmstead.store import virtual_energy
from ohmstead.store.database import Database
from ohmstead.store.energy_columns import Bucket, Columns, Rows, moment, summed
from ohmstead.store.energy_ways import EXPORT, IMPORT, NET, VALUE, Way, kept
from ohmstead.store.meters import Meter
from ohmstead.store.packed import seconds, unpacked, whole_arrays
from ohmstead.store.rollups import Rollups

BUCKETS_MOST = 500_000
METERS_MOST = 2000
LEVELS = ("15min", "hour", "day", "month")
"""What is kept, by its number in the table."""
FOUND = """
    SELECT array_agg(stream), array_agg(at), array_agg(part), array_agg(coalesce(covered_s, 0)),
           {listed} FROM rollups
    WHERE stream = ANY(%s) AND level = %s AND at >= %s AND at < %s
"""


class Energies:
    """Energy, asked for; every answer is as the readings are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rollups = Rollups(database)

    async def by(
        self,
        meter: Meter,
        quantity: str,
        size: Size,
        first: date,
        last: date,
        now: datetime,
    ) -> list[Bucket]:
        """Energy in each bucket of `size` from `first` to before `last`, days of the meter's site.

        A month that is not asked for wholly is cut.  BadInput says what is wrong.
        """
        return (await self.columns(meter, quantity, size, first, last, now)).buckets()

    async def columns(
        self,
        meter: Meter,
        quantity: str,
        span: Span,
        first: date,
        last: date,
        now: datetime,
    ) -> Columns:
        """The same in columns, and by week, year or all in one, too."""
        return (await self.many([meter], quantity, span, first, last, now))[meter.stream]

    async def many(
        self,
        meters: Sequence[Meter],
        quantity: str,
        span: Span,
        first: date,
        last: date,
        now: datetime,
    ) -> dict[int, Columns]:
        """The same of many meters in one zone, by stream; BadInput when one has no such energy."""
        if not meters:
            return {}
        checked(meters, span, first, last)
        edges = bounds(span, first, last, meters[0].site.zone)
        return await self.between(meters, quantity, edges, level_of(span, first, last), now)

    async def between(
        self,
        meters: Sequence[Meter],
        quantity: str,
        edges: Sequence[int],
        level: int,
        now: datetime,
    ) -> dict[int, Columns]:
        """The same between `edges` (epoch seconds), each of which is one of buckets of `level`."""
        if virtual := [meter for meter in meters if meter.formula is not None]:
            measured = [meter for meter in meters if meter.formula is None]
            found = await self.between(measured, quantity, edges, level, now) if measured else {}
            return {**found, **await self._virtual(virtual, quantity, edges, level, now)}
        await self._rollups.refresh([meter.stream for meter in meters])
        if quantity != NET:
            return await self._read(meters, quantity, edges, level, now)
        taken = await self._read(meters, IMPORT, edges, level, now)
        given = await self._read(meters, EXPORT, edges, level, now)
        return {stream: each.less(given[stream]) for stream, each in taken.items()}

    async def _virtual(
        self,
        meters: Sequence[Meter],
        quantity: str,
        edges: Sequence[int],
        level: int,
        now: datetime,
    ) -> dict[int, Columns]:
        async def read(inputs: Sequence[Meter], of: str, from_level: int) -> dict[int, Columns]:
            return await self.between(inputs, of, edges, from_level, now)

        asked = virtual_energy.Asked(edges, level, now.timestamp())
        return await virtual_energy.columns(self._database, meters, quantity, asked, read)

    async def by_day(
        self, meter: Meter, first: date, last: date, now: datetime
    ) -> list[tuple[Bucket, Bucket | None]]:
        """Import and export of each day, in the meter's own unit; export only of electricity."""
        electric = meter.type == "electricity"
        taken = await self.by(meter, IMPORT if electric else VALUE, "day", first, last, now)
        if not electric or virtual_energy.counts_one_thing(meter):
            return [(each, None) for each in taken]
        given = await self.by(meter, EXPORT, "day", first, last, now)
        return list(zip(taken, given, strict=True))

    async def _read(
        self,
        meters: Sequence[Meter],
        quantity: str,
        edges: Sequence[int],
        level: int,
        now: datetime,
    ) -> dict[int, Columns]:
        """One question for all meters that count the quantity in the same way."""
        found: dict[int, Columns] = {}
        for way, streams in _ways(meters, quantity).items():
            rows = await self._rows(streams, way, level, edges)
            found |= summed(rows, streams, way, edges, now.timestamp(), LEVELS[level])
        return found

    async def _rows(
        self, streams: Sequence[int], way: Way, level: int, edges: Sequence[int]
    ) -> Rows:
        names = way.columns
        listed = ", ".join(f"array_agg(coalesce({name}, 'NaN'))" for name in names)
        asked = list(streams), level, moment(edges[0]), moment(edges[-1])
        async with self._database.transaction() as connection:
            cursor = connection.cursor(binary=True)
            whole_arrays(cursor.adapters)
            await cursor.execute(FOUND.format(listed=listed).encode(), asked)
            stream, at, part, covered, *said = await cursor.fetchone() or (None,) * (4 + len(names))
        return Rows(
            stream=unpacked(stream, "int4").astype(np.int64),
            at=seconds(unpacked(at, "timestamptz")),
            part=unpacked(part, "int2").astype(np.int64),
            covered_s=unpacked(covered, "float8"),
            said=np.column_stack([unpacked(each, "float8") for each in said]),
        )


def _ways(meters: Sequence[Meter], quantity: str) -> dict[Way, list[int]]:
    """Streams by how each counts the quantity."""
    found: dict[Way, list[int]] = defaultdict(list)
    for meter in meters:
        found[kept(meter, quantity)].append(meter.stream)
    return found


def level_of(span: Span, first: date, last: date) -> int:
    """The coarsest buckets that are kept and add up to those asked for exactly."""
    if months_only(span, first, last):
        return LEVELS.index("month")
    return LEVELS.index(span) if span in ("15min", "hour") else LEVELS.index("day")


def checked(meters: Sequence[Meter], span: Span, first: date, last: date) -> None:
    """BadInput when a span is none, or too much is asked for at once."""
    if first >= last:
        raise BadInput(f"{first} is not before {last}: the last day is not part of what is asked")
    each = {"15min": 96, "hour": 24, "day": 1}.get(span, 1 / 7)
    if len(meters) * (last - first).days * each > BUCKETS_MOST or len(meters) > METERS_MOST:
        raise BadInput(f"{first} to {last} by {span} is too much at once; ask for fewer days")
