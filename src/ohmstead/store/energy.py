"""Energy of meters by buckets of time, from the rollups.  docs/energy.md has the rules."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise

from ohmstead.analytics.energy_calendar import SIZES, Size, edges, midnight_s
from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_OBIS, Kind
from ohmstead.store import columns, rollup_notes
from ohmstead.store.database import Database, Record, listed
from ohmstead.store.meters import Meter
from ohmstead.store.rollups import Rollups

IMPORT, EXPORT, NET = "1.8.0", "2.8.0", "16.8.0"
"""What was taken, what was given, and the first less the second."""
BUCKETS_MOST = 500_000
LEVEL = {size: level for level, size in enumerate(SIZES)}
KWH = {"kWh": 1.0, "Wh": 0.001, "MWh": 1000.0, "GJ": 1 / 0.0036}
INTEGRATED = {IMPORT: "import_integrated", EXPORT: "export_integrated"}
DIGITS = 9
"""Behind the point: a thousandth of a milliwatt-hour, below which there is only noise of sums."""
FOUND = """
    SELECT at, part, covered_s, {listed} FROM rollups
    WHERE stream = %s AND level = %s AND at >= %s AND at < %s ORDER BY at, part
"""
EVER = "SELECT columns FROM rollup_streams WHERE stream = %s"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Energy from `start` to `end` (aware, UTC): None where nothing is known of it.

    `estimated` is what of `energy` lay across a hole, or was made of power; `completeness` is the
    share (0 to 1) of the time, up to now, in which the meter was read as often as it should be.
    """

    start: datetime
    end: datetime
    energy: float | None
    estimated: float | None
    completeness: float


@dataclass(frozen=True, slots=True)
class _Source:
    """The columns whose sum a quantity is, each with its factor."""

    columns: tuple[str, ...]
    factor: float = 1.0
    guessed: bool = False


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
        bounds = bounds_of(size, first, last, meter)
        await self._rollups.refresh([meter.stream])
        if quantity == NET:
            taken = await self._buckets(meter, IMPORT, size, bounds, now)
            given = await self._buckets(meter, EXPORT, size, bounds, now)
            return [_less(a, b) for a, b in zip(taken, given, strict=True)]
        return await self._buckets(meter, quantity, size, bounds, now)

    async def by_day(
        self, meter: Meter, first: date, last: date, now: datetime
    ) -> list[tuple[Bucket, Bucket | None]]:
        """Import and export of each day, in the meter's own unit; export only of electricity."""
        bounds = bounds_of("day", first, last, meter)
        await self._rollups.refresh([meter.stream])
        if meter.type != "electricity":
            own = _Source(("value",))
            found = await self._read(meter, own, "day", bounds, now)
            return [(each, None) for each in found]
        taken = await self._buckets(meter, IMPORT, "day", bounds, now)
        given = await self._buckets(meter, EXPORT, "day", bounds, now)
        return list(zip(taken, given, strict=True))

    async def _buckets(
        self, meter: Meter, quantity: str, size: Size, bounds: Sequence[int], now: datetime
    ) -> list[Bucket]:
        return await self._read(meter, await self._source(meter, quantity), size, bounds, now)

    async def _read(
        self, meter: Meter, source: _Source, size: Size, bounds: Sequence[int], now: datetime
    ) -> list[Bucket]:
        level = LEVEL["day" if size == "month" else size]
        names = source.columns or (columns.VALUES[IMPORT],)
        rows = await self._database.rows(
            FOUND.format(listed=listed(names)),
            (meter.stream, level, _moment(bounds[0]), _moment(bounds[-1])),
        )
        inside: list[list[Record]] = [[] for _ in bounds[1:]]
        for row in rows:
            inside[bisect_right(bounds, row["at"].timestamp()) - 1].append(row)
        spans = zip(pairwise(bounds), inside, strict=True)
        return [_bucket(a, b, of, source, now) for (a, b), of in spans]

    async def _source(self, meter: Meter, quantity: str) -> _Source:
        """The first way to the quantity that the stream ever had: its own counter, the sum of the
        phases, of the tariffs, the one value; and power where there is no counter."""
        row = await self._database.one(EVER, (meter.stream,))
        had = set(rollup_notes.named(row["columns"] if row else 0))
        for source in ways(meter, quantity):
            if had & set(source.columns):
                return source
        guessed = INTEGRATED.get(quantity)
        return _Source((guessed,) if guessed and meter.type == "electricity" else (), guessed=True)


def ways(meter: Meter, quantity: str) -> list[_Source]:
    """The ways to a quantity of a meter, best first; BadInput when it is none of energy."""
    value = _Source(("value",), KWH.get(meter.unit or "", 0.0))
    if meter.type != "electricity":
        if quantity != IMPORT:
            raise BadInput(f"meter {meter.id!r} is of {meter.type}: leave --quantity out")
        if not value.factor:
            unit = meter.unit or "no unit"
            raise BadInput(f"meter {meter.id!r} of {meter.type} counts {unit}, which is no energy")
        return [value]
    known = BY_OBIS.get(quantity)
    if known is None or known.kind is not Kind.COUNTER:
        raise BadInput(
            f"{quantity!r} is not a counter of energy; take one like {IMPORT} (imported), "
            f"{EXPORT} (exported), 1.8.1 (tariff 1), 5.8.0 (reactive, Q1) or {NET} (net)"
        )
    c, d, e = quantity.split(".")
    found = [_Source((known.column,))]
    if e == "0" and int(c) < 20:
        sums = [[f"{int(c) + 20 * n}.{d}.0" for n in (1, 2, 3)], [f"{c}.{d}.{n}" for n in (1, 2)]]
        found += [
            _Source(tuple(columns.VALUES[obis] for obis in parts if obis in BY_OBIS))
            for parts in sums
        ]
    return [*found, value] if quantity == IMPORT else found


def bounds_of(size: Size, first: date, last: date, meter: Meter) -> list[int]:
    """The edges of the buckets, epoch seconds; BadInput when they are none or too many."""
    if first >= last:
        raise BadInput(f"{first} is not before {last}: the last day is not part of what is asked")
    zone = meter.site.zone
    start, end = midnight_s(first, zone), midnight_s(last, zone)
    if size in ("15min", "hour") and (end - start) / (900 if size == "15min" else 3600) > (
        BUCKETS_MOST
    ):
        raise BadInput(f"{first} to {last} by {size} is too much at once; ask for fewer days")
    found = edges(size, start, end, zone)
    return [start, *(edge for edge in found if start < edge < end), end]


def _bucket(start: int, end: int, rows: Sequence[Record], source: _Source, now: datetime) -> Bucket:
    whole = _total([row for row in rows if row["part"] == 0], source)
    across = _total([row for row in rows if row["part"] == 1], source)
    elapsed_s = min(end, now.timestamp()) - start
    covered_s = sum(row["covered_s"] or 0.0 for row in rows if row["part"] == 0)
    return Bucket(
        start=_moment(start),
        end=_moment(end),
        energy=whole,
        estimated=None if whole is None else whole if source.guessed else across or 0.0,
        completeness=round(min(1.0, covered_s / elapsed_s), 6) if elapsed_s > 0 else 0.0,
    )


def _total(rows: Sequence[Record], source: _Source) -> float | None:
    said = [row[c] for row in rows for c in source.columns if row[c] is not None]
    return round(sum(said) * source.factor, DIGITS) if said else None


def _less(one: Bucket, other: Bucket) -> Bucket:
    """Import less export; None where neither is known."""
    if one.energy is None and other.energy is None:
        return one
    return Bucket(
        start=one.start,
        end=one.end,
        energy=round((one.energy or 0.0) - (other.energy or 0.0), DIGITS),
        estimated=round((one.estimated or 0.0) - (other.estimated or 0.0), DIGITS),
        completeness=one.completeness,
    )


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(at_s, UTC)
