"""Quantities of a meter over time, at a resolution that fits so many pixels.

Energy and power come from the rollups wherever they are fine enough; all else, and what is finer
than a quarter of an hour, from the readings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

import numpy as np

from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.analytics.energy_calendar import edges as calendar_edges
from ohmstead.analytics.spans import bounds
from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_MEDIUM, BY_OBIS, Kind
from ohmstead.store.answers import Column, energy_column, label_of
from ohmstead.store.database import Database
from ohmstead.store.energy import LEVELS, Energies
from ohmstead.store.energy_columns import DIGITS, plain
from ohmstead.store.energy_ways import EXPORT, IMPORT, NET, VALUE, unit_of
from ohmstead.store.meters import Meter
from ohmstead.store.raw import Raw
from ohmstead.store.series_bins import POWERS, Bins, Edges
from ohmstead.store.virtual_energy import counts_one_thing

FINE = {"10s": 10, "1min": 60, "5min": 300}
"""Resolutions that are made of readings, in seconds."""
SECONDS = {**FINE, "15min": 900, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_629_746}
READINGS = "readings"
Resolution = Literal[
    "auto", "readings", "10s", "1min", "5min", "15min", "hour", "day", "week", "month"
]
ENERGY_OF = {"1.7.0": IMPORT, "2.7.0": EXPORT}
RESOLUTIONS: tuple[Resolution, ...] = get_args(Resolution)
QUANTITIES_MOST = 12
PIXELS_MOST = 10_000
READ_MOST = 300_000
"""How many readings a chart may be made of where rollups could do it, about."""
READ_EVER = 5_000_000
"""How many it may be made of at all."""


@dataclass(frozen=True, slots=True)
class Series:
    """Buckets from `start` to `end` (epoch seconds), or readings, of which the two are the same.

    `resolution` is how long the buckets are; `sources` says, column by column, what they were made
    of: readings, or the kept 15min, hour, day, month.
    """

    meter: str
    timezone: str
    resolution: str
    sources: Sequence[str]
    start: Sequence[float]
    end: Sequence[float]
    columns: Sequence[Column]


class SeriesOf:
    """Series, asked for."""

    def __init__(self, database: Database) -> None:
        self._energies = Energies(database)
        self._bins = Bins(database)
        self._raw = Raw(database)

    async def of(
        self,
        meter: Meter,
        quantities: Sequence[str],
        first: datetime,
        last: datetime,
        now: datetime,
        *,
        pixels: int = 800,
        resolution: str = "auto",
    ) -> Series:
        """Whole buckets that hold `first` to before `last` (aware); BadInput."""
        named = checked(meter, quantities)
        chosen = resolution_of(meter, named, first, last, pixels, resolution)
        if chosen == READINGS:
            return await self._readings(meter, named, first, last)
        edges = edges_of(chosen, first, last, meter)
        columns, sources = [], []
        for quantity in named:
            column, source = await self._column(meter, quantity, chosen, edges, now)
            columns.append(column)
            sources.append(source)
        return Series(
            meter=meter.id,
            timezone=meter.site.timezone,
            resolution=chosen,
            sources=sources,
            start=edges[:-1],
            end=edges[1:],
            columns=columns,
        )

    async def _column(
        self, meter: Meter, quantity: str, resolution: str, edges: Edges, now: datetime
    ) -> tuple[Column, str]:
        """One quantity between `edges`, and what it was made of."""
        kept = level_name(resolution)
        if is_energy(meter, quantity):
            if kept is None:
                found = await self._bins.energy(meter, quantity, edges)
            else:
                level = LEVELS.index(kept)
                found = (await self._energies.between([meter], quantity, edges, level, now))[
                    meter.stream
                ]
            return energy_column(quantity, unit_of(meter, quantity), found), kept or READINGS
        if kept is not None and in_rollups(meter, quantity):
            level = LEVELS.index(kept)
            column = await self._bins.kept(meter, quantity, edges, level)
            known = any(value is not None for value in column.values)
            if not known and quantity in ENERGY_OF and not only_imports(meter, quantity):
                column = await self._of_energy(meter, quantity, edges, level, now)
            return column, kept
        return await self._bins.gauge(meter, quantity, edges), READINGS

    async def _of_energy(
        self, meter: Meter, quantity: str, edges: Edges, level: int, now: datetime
    ) -> Column:
        """The mean power of each bucket of a meter that says none: measured energy by its hours."""
        asked = [meter], ENERGY_OF[quantity], edges, level, now
        (found,) = (await self._energies.between(*asked)).values()
        elapsed_s = np.minimum(found.end, now.timestamp()) - found.start
        hours = np.maximum(elapsed_s, 0.0) * found.completeness / 3600
        measured = hours > 0
        power = (found.energy - found.estimated) / np.where(measured, hours, 1.0)
        mean = np.where(measured, power, np.nan).round(DIGITS)
        return Column(quantity, label_of(quantity), "kW", "mean", plain(mean))

    async def _readings(
        self, meter: Meter, quantities: Sequence[str], first: datetime, last: datetime
    ) -> Series:
        """Readings as they are, counters too."""
        found = await self._raw.stretch(meter, first, last, quantities, PIXELS_MOST)
        if found.next is not None:
            raise BadInput(
                f"there are more than {PIXELS_MOST} readings; ask for less time, for a resolution, "
                "or page through /readings"
            )
        return Series(
            meter=meter.id,
            timezone=meter.site.timezone,
            resolution=READINGS,
            sources=[READINGS] * len(found.columns),
            start=found.at,
            end=found.at,
            columns=found.columns,
        )


def checked(meter: Meter, quantities: Sequence[str]) -> list[str]:
    """The quantities, or those that are usual for the meter; BadInput."""
    named = list(dict.fromkeys(quantities))
    if len(named) > QUANTITIES_MOST:
        raise BadInput(f"{len(named)} quantities are too many at once; at most {QUANTITIES_MOST}")
    for each in named:
        known = BY_OBIS.get(each)
        if each not in (NET, VALUE) and (known is None or known.kind is Kind.TEXT):
            raise BadInput(
                f"{each!r} is not a quantity; take one of /api/catalogue like 1.7.0 (power), 1.8.0 "
                f"(energy), 32.7.0 (voltage), {NET} (net energy) or {VALUE} (what it counts)"
            )
    return named or (["1.7.0", "2.7.0"] if meter.type == "electricity" else [VALUE])


def is_energy(meter: Meter, quantity: str) -> bool:
    """Whether a quantity is a counter, whose buckets are sums."""
    if quantity == VALUE:
        return BY_MEDIUM[meter.type].reading is Kind.COUNTER
    known = BY_OBIS.get(quantity)
    return quantity == NET or (known is not None and known.kind is Kind.COUNTER)


def only_imports(meter: Meter, quantity: str) -> bool:
    """Whether a formula says itself what it counts, so that nothing is exported."""
    return ENERGY_OF[quantity] != IMPORT and counts_one_thing(meter)


def in_rollups(meter: Meter, quantity: str) -> bool:
    """Whether mean, least and most of a quantity that is no counter are kept."""
    return quantity in POWERS if meter.type == "electricity" else quantity == VALUE


def resolution_of(
    meter: Meter,
    quantities: Sequence[str],
    first: datetime,
    last: datetime,
    pixels: int,
    wanted: str,
) -> str:
    """The finest resolution that has at most `pixels` points, or the one that is wanted; BadInput.

    Readings themselves where there are few enough, and none of the quantities is a sum.
    """
    if wanted not in RESOLUTIONS:
        raise BadInput(f"{wanted!r} is not a resolution; take one of {', '.join(RESOLUTIONS)}")
    span_s = (last - first).total_seconds()
    readings = span_s / meter.interval_s
    virtual = meter.formula is not None
    if wanted == "auto":
        wanted = _finest(meter, quantities, span_s, pixels)
    elif wanted in FINE and virtual:
        raise BadInput(f"meter {meter.id!r} is a formula; its finest resolution is 15min")
    elif wanted in SECONDS and span_s / SECONDS[wanted] > PIXELS_MOST:
        raise BadInput(f"that is more than {PIXELS_MOST} buckets of {wanted}; ask for less time")
    kept = level_name(wanted) is not None
    raw = not kept or not all(is_energy(meter, q) or in_rollups(meter, q) for q in quantities)
    if raw and readings > READ_EVER:
        raise BadInput(
            f"that needs about {readings:.0f} readings, and {READ_EVER} are taken at once; "
            "ask for less time"
        )
    return wanted


def _finest(meter: Meter, quantities: Sequence[str], span_s: float, pixels: int) -> str:
    sums = any(is_energy(meter, each) for each in quantities)
    readings = span_s / meter.interval_s
    virtual = meter.formula is not None
    if not sums and not virtual and readings <= pixels:
        return READINGS
    for name, seconds in SECONDS.items():
        least_s = 2 * meter.interval_s if name in FINE else meter.interval_s
        if name in FINE and (virtual or readings > READ_MOST):
            continue
        if seconds >= least_s and span_s / seconds <= pixels:
            return name
    return "month"


def level_name(resolution: str) -> str | None:
    """The kept buckets that make those of a resolution; None where only readings do."""
    if resolution in FINE or resolution == READINGS:
        return None
    return "day" if resolution == "week" else resolution


def edges_of(resolution: str, first: datetime, last: datetime, meter: Meter) -> list[int]:
    """The edges (epoch seconds) of the whole buckets that hold `first` to `last`."""
    start, end = first.timestamp(), last.timestamp()
    zone = meter.site.zone
    if resolution in FINE:
        step = FINE[resolution]
        return list(range(int(start // step) * step, int(-(-end // step)) * step + 1, step))
    if resolution == "week":
        begin, over = first.astimezone(zone).date(), last.astimezone(zone)
        monday = begin - timedelta(days=begin.weekday())
        after = (over - timedelta(microseconds=1)).date()
        return bounds("week", monday, after + timedelta(days=7 - after.weekday()), zone)
    size = next(each for each in SIZES if each == resolution)
    return calendar_edges(size, start, end, zone)
