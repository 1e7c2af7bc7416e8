"""What one quantity was in each bucket of time: of the readings, or of what is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np

from ohmstead.analytics import energy, energy_rest
from ohmstead.analytics.energy import Floats, Kind, Steps
from ohmstead.analytics.energy_rest import Family, Piece
from ohmstead.store.answers import Column, label_of
from ohmstead.store.database import Database, listed
from ohmstead.store.energy_columns import DIGITS, Columns, moment, plain
from ohmstead.store.energy_ways import EXPORT, FAMILIES, IMPORT, KWH, NET, ways
from ohmstead.store.meters import Meter
from ohmstead.store.raw import column_of, unit_of
from ohmstead.store.rollups import Rollups

Edges: TypeAlias = Sequence[int]
POWERS = {"1.7.0": "", "2.7.0": "export_"}
"""Quantity -> how its columns in the rollups begin."""
POWER_OF = {"import_guessed": "1.7.0", "export_guessed": "2.7.0"}
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
        family = FAMILIES.get(quantity) if meter.type == "electricity" else None
        if family is None:
            first = ways(meter, quantity)[0]
            names, factor, guessed = list(first.columns), first.factor, None
        else:
            names, factor = [family.own, *(c for each in family.others for c in each)], 1.0
            guessed = family.guessed
        power = [column_of(POWER_OF[guessed])] if guessed else []
        span = moment(edges[0]), moment(edges[-1] + energy.longest_step_s(meter.interval_s))
        rows = _Rows(meter, names, await self._readings(meter, [*names, *power], *span))
        found = list(rows.pieces(family, factor))
        return _columns(found, rows.all(), np.array(edges, dtype=np.float64))

    async def _readings(
        self, meter: Meter, names: Sequence[str], first: datetime, last: datetime
    ) -> Floats:
        question = READ.format(listed=listed(names))
        asked = {"stream": meter.stream, "first": first, "last": last}
        async with self._database.transaction() as connection:
            cursor = await connection.execute(question.encode(), asked, binary=True)
            rows = await cursor.fetchall()
        return np.array(rows, dtype=np.float64).reshape(len(rows), 2 + len(names))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Readings of a meter: columns of `table` are time, mark, the counters `names`, and power."""

    meter: Meter
    names: Sequence[str]
    table: Floats

    def pieces(self, family: Family | None, factor: float) -> Iterator[Piece]:
        """All that counts."""
        if family is None:
            yield from (Piece(self.steps(column), factor) for column in self.names)
            return
        yield Piece(self.steps(family.own))
        value_kwh = KWH.get(self.meter.unit or "", 0.0)
        yield from energy_rest.pieces(
            family, self.names, self.steps, lambda _: False, self.power, value_kwh
        )

    def steps(self, column: str) -> Steps:
        """Those of a counter."""
        return self._of(self.table[:, 2 + self.names.index(column)])

    def all(self) -> Steps:
        """What lies between the readings, whatever they say."""
        return self._of(np.ones(len(self.table)))

    def _of(self, said: Floats) -> Steps:
        at, who = self.table[:, 0], self.table[:, 1].astype(np.int64)
        longest_s = energy.longest_step_s(self.meter.interval_s)
        if self.meter.reading == "interval":
            return energy.summed(at, said, self.meter.interval_s, longest_s)
        digits = self.meter.counter_digits
        wrap = None if digits is None else np.full(len(at), 10.0**digits)
        return energy.counted(at, said, longest_s, who, wrap=wrap)

    def power(self, _: str) -> Steps:
        """Those of the power."""
        longest_s = energy.longest_step_s(self.meter.interval_s)
        return energy.integrated(self.table[:, 0], self.table[:, -1], longest_s)


def _columns(found: Sequence[Piece], rows: Steps, bounds: Floats) -> Columns:
    """The buckets between `bounds`, of all that counts; `rows` are the steps of all readings."""
    pairs = [energy.within(each.steps, bounds) for each in found]
    factors = [each.factor for each in found]
    whole = _added([of * by for (of, _), by in zip(pairs, factors, strict=True)]).round(DIGITS)
    unsure = [
        (of if each.guessed else holes) * each.factor
        for each, (of, holes) in zip(found, pairs, strict=True)
    ]
    guessed = np.nan_to_num(_added(unsure).round(DIGITS))
    lost = np.zeros(len(bounds) - 1)
    for each in found:
        lost = np.maximum(lost, energy.spans_s(each.steps, each.steps.kind == Kind.RESET, bounds))
    covered = np.maximum(energy.spans_s(rows, rows.measured, bounds) - lost, 0)
    return Columns(
        start=bounds[:-1].astype(np.int64),
        end=bounds[1:].astype(np.int64),
        energy=whole,
        estimated=np.where(np.isnan(whole), np.nan, guessed),
        completeness=np.minimum(covered / np.diff(bounds), 1.0).round(6).astype(np.float64),
        source="readings",
    )


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
