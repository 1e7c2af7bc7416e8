"""What one quantity was in each bucket of time: of the readings, or of what is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

import numpy as np

from ohmstead.analytics import energy
from ohmstead.analytics.energy import Floats, Steps
from ohmstead.store.answers import Column, label_of
from ohmstead.store.database import Database, listed
from ohmstead.store.energy_columns import DIGITS, Columns, moment, plain
from ohmstead.store.energy_ways import EXPORT, IMPORT, NET, Way, chosen
from ohmstead.store.meters import Meter
from ohmstead.store.raw import column_of, unit_of
from ohmstead.store.rollup_notes import named
from ohmstead.store.rollups import Rollups

Edges: TypeAlias = Sequence[int]
POWERS = {"1.7.0": "", "2.7.0": "export_"}
"""Quantity -> how its columns in the rollups begin."""
POWER_OF = {"import_integrated": "1.7.0", "export_integrated": "2.7.0"}
GAUGE = """
    SELECT width_bucket(at, %(edges)s::timestamptz[]) - 1,
        avg({column}), min({column}), max({column})
    FROM readings
    WHERE stream = %(stream)s AND at >= %(first)s AND at < %(last)s AND {column} IS NOT NULL
    GROUP BY 1
"""
KEPT = """
    SELECT extract(epoch FROM at)::float8, {p}mean, {p}samples, {p}least, {p}most FROM rollups
    WHERE stream = %s AND level = %s AND part = 0 AND at >= %s AND at < %s AND {p}mean IS NOT NULL
"""
READ = """
    SELECT extract(epoch FROM at)::float8, coalesce(meter_crc, 0), {listed} FROM readings
    WHERE stream = %(stream)s AND at <= %(last)s AND at >= coalesce(
        (SELECT max(at) FROM readings WHERE stream = %(stream)s AND at <= %(first)s), %(first)s)
    ORDER BY at
"""
EVER = "SELECT columns FROM rollup_streams WHERE stream = %s"


class Bins:
    """Buckets of one quantity, asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def gauge(self, meter: Meter, quantity: str, edges: Edges) -> Column:
        """Mean, least and most of the readings in each bucket."""
        moments = [moment(edge) for edge in edges]
        question = GAUGE.format(column=column_of(quantity))
        asked = {
            "edges": moments[:-1],
            "stream": meter.stream,
            "first": moments[0],
            "last": moments[-1],
        }
        async with self._database.transaction() as connection:
            found = await (await connection.execute(question.encode(), asked)).fetchall()
        table = np.full((3, len(edges) - 1), np.nan)
        for n, *values in found:
            table[:, n] = values
        return _column(meter, quantity, table)

    async def kept(self, meter: Meter, quantity: str, edges: Edges, level: int) -> Column:
        """The same from the rollups of a level, whose edges these are."""
        await Rollups(self._database).refresh([meter.stream])
        question = KEPT.format(p=POWERS.get(quantity, ""))
        asked = meter.stream, level, moment(edges[0]), moment(edges[-1])
        async with self._database.transaction() as connection:
            cursor = await connection.execute(question.encode(), asked, binary=True)
            rows = np.array(await cursor.fetchall(), dtype=np.float64).reshape(-1, 5)
        at, mean, samples, least, most = rows.T
        count = len(edges) - 1
        place = np.searchsorted(np.array(edges), at, side="right") - 1
        weights = np.bincount(place, weights=samples, minlength=count)
        none = weights == 0
        sums = np.bincount(place, weights=mean * samples, minlength=count)
        lows, highs = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(lows, place, least)
        np.maximum.at(highs, place, most)
        table = np.stack([sums / np.where(none, 1.0, weights), lows, highs])
        return _column(meter, quantity, np.where(none, np.nan, table))

    async def energy(self, meter: Meter, quantity: str, edges: Edges) -> Columns:
        """Energy in buckets that are shorter than those that are kept."""
        if quantity == NET:
            taken = await self.energy(meter, IMPORT, edges)
            return taken.less(await self.energy(meter, EXPORT, edges))
        way = await self._way(meter, quantity)
        names = [column_of(POWER_OF[c]) if c in POWER_OF else c for c in way.columns]
        span = moment(edges[0]), moment(edges[-1] + energy.longest_step_s(meter.interval_s))
        rows = await self._readings(meter, names, *span)
        bounds = np.array(edges, dtype=np.float64)
        found = [self._steps(meter, rows, n, way) for n in range(len(names))]
        pairs = [energy.within(each, bounds) for each in found]
        whole, across = _added([a for a, _ in pairs]), _added([b for _, b in pairs])
        whole = (whole * way.factor).round(DIGITS)
        guessed = whole if way.guessed else np.nan_to_num((across * way.factor).round(DIGITS))
        covered = np.zeros(len(edges) - 1)
        for each in found:
            covered = np.maximum(covered, energy.spans_s(each, each.measured, bounds))
        return Columns(
            start=bounds[:-1].astype(np.int64),
            end=bounds[1:].astype(np.int64),
            energy=whole,
            estimated=np.where(np.isnan(whole), np.nan, guessed),
            completeness=np.minimum(covered / np.diff(bounds), 1.0).round(6).astype(np.float64),
            source="readings",
        )

    async def _way(self, meter: Meter, quantity: str) -> Way:
        await Rollups(self._database).refresh([meter.stream])
        row = await self._database.one(EVER, (meter.stream,))
        way = chosen(meter, quantity, frozenset(named(row["columns"] if row else 0)))
        return way if way.columns else Way(("value",), 0.0)

    async def _readings(
        self, meter: Meter, names: Sequence[str], first: datetime, last: datetime
    ) -> Floats:
        question = READ.format(listed=listed(names))
        asked = {"stream": meter.stream, "first": first, "last": last}
        async with self._database.transaction() as connection:
            cursor = await connection.execute(question.encode(), asked, binary=True)
            rows = await cursor.fetchall()
        return np.array(rows, dtype=np.float64).reshape(len(rows), 2 + len(names))

    def _steps(self, meter: Meter, rows: Floats, n: int, way: Way) -> Steps:
        at, who, said = rows[:, 0], rows[:, 1].astype(np.int64), rows[:, 2 + n]
        longest_s = energy.longest_step_s(meter.interval_s)
        if way.guessed:
            return energy.integrated(at, said, longest_s)
        if meter.reading == "interval":
            return energy.summed(at, said, meter.interval_s, longest_s)
        return energy.counted(at, said, longest_s, who)


def _added(parts: Sequence[Floats]) -> Floats:
    """The sum of what is known; NaN where nothing is."""
    stacked = np.stack(parts)
    total: Floats = np.nansum(stacked, axis=0)
    return np.where(np.isnan(stacked).all(axis=0), np.nan, total)


def _column(meter: Meter, quantity: str, table: Floats) -> Column:
    """Rows of mean, least and most as a column."""
    mean, least, most = (plain(each.round(DIGITS)) for each in table)
    return Column(
        quantity=quantity,
        label=label_of(quantity),
        unit=unit_of(quantity, meter.unit or ""),
        statistic="mean",
        values=mean,
        least=least,
        most=most,
    )
