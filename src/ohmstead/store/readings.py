"""Questions about what was measured, each named by what it asks."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ohmstead.reading.reading import Identity
from ohmstead.store import columns
from ohmstead.store.database import Database, Record, listed
from ohmstead.store.meters import Meter

IMPORT_KWH, EXPORT_KWH = columns.VALUES["1.8.0"], columns.VALUES["2.8.0"]
IMPORT_KW, EXPORT_KW = columns.VALUES["1.7.0"], columns.VALUES["2.7.0"]
NET_KW = columns.VALUES["16.7.0"]
POINTS_MOST = 10_000
DAYS_MOST = 750
BEFORE = timedelta(days=40)
"""How far before the first day the counter it starts from is looked for."""
QUARTER = timedelta(minutes=15)
"""What completeness counts in: within it, a counter that was read once has lost no energy."""
GAP = 1.75
"""Readings further apart than this many intervals have a hole between them."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest reading of a stream; `values` maps catalogue keys to numbers."""

    stream: int
    at: datetime
    received_at: datetime
    values: Mapping[str, float]
    value: float | None
    tariff: int | None
    meter_at: datetime | None
    number: int | None
    identity: Identity


@dataclass(frozen=True, slots=True)
class Power:
    """Mean power in equal steps of time, kW; None where nothing was measured.

    `at[i]` is the start of step i in epoch seconds, a multiple of `resolution_s`.
    """

    resolution_s: float
    at: Sequence[float]
    imported: Sequence[float | None]
    exported: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Day:
    """Energy of one local day, in the meter's unit (kWh); None where nothing is known.

    `completeness` is the share of quarter hours (of the meter's intervals, where these are longer)
    in which anything was read, 0 to 1; of a day that still runs, of those up to now.
    """

    date: date
    start: datetime
    end: datetime
    imported: float | None
    exported: float | None
    completeness: float

    @property
    def hours(self) -> float:
        """23, 24 or 25 (or what else the zone makes of the day)."""
        return (self.end - self.start) / timedelta(hours=1)


LATEST = f"""
    SELECT stream, at, identity, {listed(columns.ALL)} FROM newest WHERE stream = ANY(%s)
"""  # noqa: S608  (names of the catalogue, nothing from outside)
POWER = f"""
    SELECT date_bin(%(step)s, at, 'epoch') AS step,
           avg({IMPORT_KW}) AS imported, avg({EXPORT_KW}) AS exported,
           min(at) AS first, max(at) AS last
    FROM (
        SELECT at,
            CASE WHEN {IMPORT_KW} IS NULL AND {EXPORT_KW} IS NULL
                THEN greatest({NET_KW}, 0) ELSE {IMPORT_KW} END AS {IMPORT_KW},
            CASE WHEN {IMPORT_KW} IS NULL AND {EXPORT_KW} IS NULL
                THEN greatest(-{NET_KW}, 0) ELSE {EXPORT_KW} END AS {EXPORT_KW}
        FROM readings
        WHERE stream = %(stream)s AND at >= %(first)s AND at < %(last)s
            AND num_nonnulls({IMPORT_KW}, {EXPORT_KW}, {NET_KW}) > 0
    ) AS measured
    GROUP BY 1 ORDER BY 1
"""  # noqa: S608
COUNTED = """
    SELECT width_bucket(at - interval '1 microsecond', %(bounds)s::timestamptz[]) AS day,
           sum(CASE WHEN step < 0 THEN 0 ELSE step END) AS energy,
           count(DISTINCT date_bin(%(slot)s, at - interval '1 microsecond', 'epoch')) AS slots
    FROM (
        SELECT at, {column} - lag({column}) OVER (ORDER BY at) AS step
        FROM readings
        WHERE stream = %(stream)s AND {column} IS NOT NULL AND at <= %(last)s
            AND at >= coalesce(
                (SELECT max(at) FROM readings WHERE stream = %(stream)s AND {column} IS NOT NULL
                    AND at <= %(first)s AND at >= %(before)s),
                %(first)s)
    ) AS counted
    GROUP BY 1
"""
SUMMED = """
    SELECT width_bucket(at - interval '1 microsecond', %(bounds)s::timestamptz[]) AS day,
           sum({column}) AS energy,
           count(DISTINCT date_bin(%(slot)s, at - interval '1 microsecond', 'epoch')) AS slots
    FROM readings
    WHERE stream = %(stream)s AND {column} IS NOT NULL AND at > %(first)s AND at <= %(last)s
    GROUP BY 1
"""


class Readings:
    """What was measured."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(self, streams: Iterable[int]) -> dict[int, Latest]:
        """The newest reading of each of `streams` that has one."""
        found = await self._database.rows(LATEST, (list(streams),))
        return {row["stream"]: _latest(row) for row in found}

    async def power(self, meter: Meter, first: datetime, last: datetime, points: int) -> Power:
        """Mean power from `first` to before `last` (aware) in at most about `points` steps.

        A step is never shorter than the meter's interval.  One without a reading repeats the one
        before as long as no reading is missing: the next is less than `GAP` intervals away.  Any
        other empty step is None, a hole.
        """
        step_s = _step_s((last - first).total_seconds(), points, meter.interval_s)
        found = await self._database.rows(
            POWER,
            {
                "step": timedelta(seconds=step_s),
                "stream": meter.stream,
                "first": first,
                "last": last,
            },
        )
        start = math.floor(first.timestamp() / step_s)
        count = max(0, math.ceil(last.timestamp() / step_s) - start)
        imported: list[float | None] = [None] * count
        exported: list[float | None] = [None] * count
        previous: tuple[int, Record] | None = None
        for row in found:
            n = round(row["step"].timestamp() / step_s) - start
            imported[n], exported[n] = row["imported"], row["exported"]
            if previous and _close(previous[1], row, meter.interval_s):
                for between in range(previous[0] + 1, n):
                    imported[between] = previous[1]["imported"]
                    exported[between] = previous[1]["exported"]
            previous = n, row
        at = [(start + n) * step_s for n in range(count)]
        return Power(step_s, at, imported, exported)

    async def energy_by_day(
        self, meter: Meter, first_day: date, last_day: date, now: datetime
    ) -> list[Day]:
        """Energy of each local day of the meter's site from `first_day` to before `last_day`.

        Of a cumulative meter it is the growth of the counter since the last reading before the day
        (at most 40 days back) or, without one, since the first in it; where a counter falls back
        (another meter, a reset) that step counts as nothing.  Of an interval meter it is the sum.
        Meters that are not electric give their `value` as imported.
        """
        days = min((last_day - first_day).days, DAYS_MOST)
        if days <= 0:
            return []
        bounds = day_bounds(first_day, days, meter.site.zone)
        electric = meter.type == "electricity"
        known = await self._by_day(meter, IMPORT_KWH if electric else "value", bounds)
        sold = await self._by_day(meter, EXPORT_KWH, bounds) if electric else {}
        return [
            Day(
                date=first_day + timedelta(days=n),
                start=bounds[n],
                end=bounds[n + 1],
                imported=known[n + 1]["energy"] if n + 1 in known else None,
                exported=sold[n + 1]["energy"] if n + 1 in sold else None,
                completeness=_completeness(
                    max(side[n + 1]["slots"] if n + 1 in side else 0 for side in (known, sold)),
                    (min(bounds[n + 1], now) - bounds[n]) / _slot(meter),
                ),
            )
            for n in range(days)
        ]

    async def _by_day(self, meter: Meter, column: str, bounds: list[datetime]) -> dict[int, Record]:
        question = SUMMED if meter.reading == "interval" else COUNTED
        parameters = {
            "stream": meter.stream,
            "bounds": bounds,
            "slot": _slot(meter),
            "first": bounds[0],
            "last": bounds[-1],
            "before": bounds[0] - BEFORE,
        }
        found = await self._database.rows(question.format(column=column), parameters)
        return {row["day"]: row for row in found}


def day_bounds(first_day: date, days: int, zone: ZoneInfo) -> list[datetime]:
    """The moments (UTC) at which `days` local days begin, and the one at which the last ends."""
    dates = (first_day + timedelta(days=n) for n in range(days + 1))
    return [datetime.combine(day, time.min, zone).astimezone(UTC) for day in dates]


def _step_s(span_s: float, points: int, interval_s: float) -> float:
    wanted_s = span_s / max(1, min(points, POINTS_MOST))
    return max(1, math.ceil(wanted_s / interval_s)) * interval_s


def _close(one: Record, other: Record, interval_s: float) -> bool:
    return bool((other["first"] - one["last"]).total_seconds() < GAP * interval_s)


def _slot(meter: Meter) -> timedelta:
    return max(QUARTER, timedelta(seconds=meter.interval_s))


def _completeness(slots: int, expected: float) -> float:
    if expected < 1:
        return 1.0 if slots else 0.0
    return min(1.0, slots / expected)


def _latest(row: Record) -> Latest:
    values = {obis: row[column] for column, obis in columns.OBIS.items() if row[column] is not None}
    return Latest(
        stream=row["stream"],
        at=row["at"],
        received_at=row["received_at"],
        values=values,
        value=row["value"],
        tariff=row["tariff"],
        meter_at=row["meter_at"],
        number=row["number"],
        identity=Identity(**(row["identity"] or {})),
    )
