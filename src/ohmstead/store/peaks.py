"""The highest demands of a meter, and when they were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import numpy as np

from ohmstead.analytics import energy, peaks
from ohmstead.analytics.energy import Floats, Steps, longest_step_s, summed, together
from ohmstead.analytics.energy_calendar import QUARTER_S, offset_s
from ohmstead.analytics.energy_calendar import edges as calendar_edges
from ohmstead.errors import BadInput
from ohmstead.store.answers import default_quantity, energy_unit, power_unit
from ohmstead.store.database import Database
from ohmstead.store.duration import WHOLE
from ohmstead.store.energy import Energies
from ohmstead.store.energy_columns import moment
from ohmstead.store.energy_ways import IMPORT, VALUE, Way, counted
from ohmstead.store.meters import Meter
from ohmstead.store.rollup_notes import named
from ohmstead.store.rollups import Rollups

Clock = Literal["clock", "sliding"]
CLOCKS: tuple[Clock, ...] = ("clock", "sliding")
WINDOWS = (15, 30, 60)
"""Minutes."""
PEAKS_MOST = 1000
Ended: TypeAlias = tuple[float, float]
"""When a window ended, in epoch seconds, and its demand."""

FOUND = """
    SELECT extract(epoch FROM at)::float8, {column} FROM rollups
    WHERE stream = %s AND level = 0 AND part = 0 AND at >= %s AND at < %s AND {column} IS NOT NULL
    ORDER BY {column} DESC, at LIMIT %s
"""
READ = """
    SELECT extract(epoch FROM at)::float8, coalesce(meter_crc, 0), {columns} FROM readings
    WHERE stream = %s AND at >= %s AND at <= %s ORDER BY at
"""
POWERED = """
    SELECT at FROM rollups WHERE stream = %s AND level = 3 AND part = 0 AND at >= %s AND at < %s
    AND import_guessed IS NOT NULL LIMIT 1
"""
MONTH = timedelta(days=32)
EVER = "SELECT columns FROM rollup_streams WHERE stream = %s"


@dataclass(frozen=True, slots=True)
class Peaks:
    """The highest demands, the highest first; `start` and `end` of each window in epoch seconds.

    `exact` says whether that is to the reading; otherwise the window ended within a quarter of an
    hour before `end`, and its readings are no longer here.
    """

    meter: str
    timezone: str
    unit: str
    resolution: str
    source: str
    window_min: int
    kind: Clock
    start: Sequence[float]
    end: Sequence[float]
    demand: Sequence[float]
    exact: Sequence[bool]


class PeakList:
    """The highest demands, asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self,
        meter: Meter,
        first: datetime,
        last: datetime,
        now: datetime,
        window_min: int | None = None,
        kind: Clock = "clock",
        count: int = 10,
    ) -> Peaks:
        """The `count` highest of the windows that end in quarters from `first` to before `last`.

        Without `window_min` they are as short as the meter's interval allows.  BadInput where it is
        shorter, and where sliding windows are not known: of a formula, of power alone.
        """
        window_min = window_of(meter, window_min)
        await Rollups(self._database).refresh([meter.stream])
        window_s, way = 60.0 * window_min, await self._way(meter)
        if way is not None:
            found = await self._kept(meter, first, last, f"{kind}_{window_min}", count)
            found = [(end, demand * way.factor) for end, demand in found]
            if kind == "clock" and await self._powered(meter, first, last):
                found += await self._derived(meter, first, last, now, window_s, powered=True)
                found = sorted(set(found), key=_highest_first)
        elif kind == "clock":
            found = await self._derived(meter, first, last, now, window_s)
        else:
            raise BadInput(
                f"meter {meter.id!r} has no counter of what it imports: "
                "its sliding peaks are not known, take kind clock"
            )
        if kind == "sliding" and way is not None:
            kept = await self._apart(meter, way, found, window_s, count)
        else:
            kept = [(*found[n], True) for n in peaks.apart(found, window_s, count)]
        return Peaks(
            meter=meter.id,
            timezone=meter.site.timezone,
            unit=power_unit(energy_unit(meter)),
            resolution=f"{window_min}min",
            source="15min",
            window_min=window_min,
            kind=kind,
            start=[end - window_s for end, _, _ in kept],
            end=[end for end, _, _ in kept],
            demand=[round(demand, 9) for _, demand, _ in kept],
            exact=[exact for _, _, exact in kept],
        )

    async def _apart(
        self, meter: Meter, way: Way, found: Sequence[Ended], window_s: float, count: int
    ) -> list[tuple[float, float, bool]]:
        """As peaks.apart, asking when a window ended only where it may be one of them."""
        kept: list[tuple[float, float, bool]] = []
        for quarter_end, demand in found:
            if len(kept) == count:
                break
            if any(
                max(abs(quarter_end - QUARTER_S - end), abs(quarter_end - end)) < window_s
                for end, _, _ in kept
            ):
                continue
            exact = await self._ended(meter, way, quarter_end, window_s)
            ended = quarter_end if exact is None else exact
            if all(abs(ended - end) >= window_s for end, _, _ in kept):
                kept.append((ended, demand, exact is not None))
        return kept

    async def _kept(
        self, meter: Meter, first: datetime, last: datetime, column: str, count: int
    ) -> list[Ended]:
        """The highest of the rollups, enough of them that `count` do not overlap."""
        shadowed = 2 * max(WINDOWS) // 15 + 1 if column.startswith("sliding") else 1
        asked = meter.stream, first, last, count * shadowed
        async with self._database.transaction() as connection:
            cursor = await connection.execute(FOUND.format(column=column).encode(), asked)
            return [(at + QUARTER_S, demand) for at, demand in await cursor.fetchall()]

    async def _derived(
        self,
        meter: Meter,
        first: datetime,
        last: datetime,
        now: datetime,
        window_s: float,
        *,
        powered: bool = False,
    ) -> list[Ended]:
        """Mean powers of windows on the clock, of quarters that were measured whole; highest first.

        Of what has no peaks in the rollups: formulas over meters, and power alone; `powered` takes
        none but windows in which energy was made of power.
        """
        begin = first.timestamp() - window_s
        edges = calendar_edges("15min", begin, last.timestamp(), meter.site.zone)
        quantity = default_quantity(meter)
        found = await Energies(self._database).between([meter], quantity, edges, 0, now)
        known = found[meter.stream]
        whole = (known.completeness >= WHOLE) & (known.end <= now.timestamp())
        energy = np.where(whole, known.energy, np.nan)
        n = int(window_s // QUARTER_S)
        if len(energy) < n:
            return []
        demand = np.convolve(energy, np.ones(n), "valid") / (window_s / 3600)
        if powered:
            some = np.convolve(known.estimated > 0, np.ones(n), "valid") > 0
            demand = np.where(some, demand, np.nan)
        ends = known.end[n - 1 :].tolist()
        windows = [
            (end, power)
            for end, power in zip(ends, demand.tolist(), strict=True)
            if power == power  # noqa: PLR0124  (NaN)
            and first.timestamp() < end <= last.timestamp()
            and (end + offset_s(end, meter.site.zone)) % window_s == 0
        ]
        return sorted(windows, key=_highest_first)

    async def _powered(self, meter: Meter, first: datetime, last: datetime) -> bool:
        """Whether some of what a meter with a counter imported is known of its power alone."""
        asked = meter.stream, first - MONTH, last
        return meter.type == "electricity" and bool(await self._database.rows(POWERED, asked))

    async def _way(self, meter: Meter) -> Way | None:
        """The counters whose peaks the rollups keep; None where they keep none."""
        row = await self._database.one(EVER, (meter.stream,))
        had = frozenset(named(row["columns"] if row else 0))
        quantity = IMPORT if meter.type == "electricity" else VALUE
        return None if meter.formula is not None else counted(meter, quantity, had)

    async def _ended(
        self, meter: Meter, way: Way, quarter_end: float, window_s: float
    ) -> float | None:
        """When the highest window that ended in this quarter did, from the readings around it."""
        longest_s = longest_step_s(meter.interval_s)
        begin = quarter_end - QUARTER_S - window_s - longest_s
        question = READ.format(columns=", ".join(way.columns))
        asked = meter.stream, moment(begin), moment(quarter_end + longest_s)
        async with self._database.transaction() as connection:
            cursor = await connection.execute(question.encode(), asked, binary=True)
            rows = np.array(await cursor.fetchall(), dtype=np.float64)
        rows = rows.reshape(-1, 2 + len(way.columns))
        at, who = rows[:, 0], rows[:, 1].astype(np.int64)
        digits = meter.counter_digits
        wrap = None if digits is None else np.full(len(at), 10.0**digits)

        def steps_of(said: Floats) -> Steps:
            if meter.reading == "interval":
                return summed(at, said, meter.interval_s, longest_s)
            return energy.counted(at, said, longest_s, who, wrap=wrap)

        steps = together(list(rows[:, 2:].T), steps_of)
        return peaks.highest_end(steps, quarter_end - QUARTER_S, quarter_end, window_s)


def _highest_first(of: Ended) -> tuple[float, float]:
    return -of[1], of[0]


def window_of(meter: Meter, wanted: int | None) -> int:
    """The minutes of a window, no shorter than the meter's interval; BadInput."""
    long = [each for each in WINDOWS if 60 * each >= meter.interval_s]
    if wanted is None and long:
        return long[0]
    if wanted not in long:
        raise BadInput(
            f"meter {meter.id!r} speaks each {meter.interval_s / 60:g} minutes: "
            f"a window of {wanted or max(WINDOWS)} is not known"
            + (f", take {' or '.join(map(str, long))}" if long else "")
        )
    return wanted
