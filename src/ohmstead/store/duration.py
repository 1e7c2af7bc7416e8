"""How long the power was how high, from quarters of an hour or hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

import numpy as np

from ohmstead.analytics.load_duration import BASE_PERCENT, PERCENTS, load_duration
from ohmstead.store.answers import power_unit
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies
from ohmstead.store.energy_ways import unit_of
from ohmstead.store.meters import Meter

WHOLE = 0.999
"""How much of a bucket must be measured for its mean power to count."""


@dataclass(frozen=True, slots=True)
class Duration:
    """`power` descending, and for how many `hours` it was at least that high.

    `percentiles` of `percents` say below which power it was for so many percent of the time;
    `base_load` is the tenth.  `unknown_hours` were not measured wholly and are in none of it.
    """

    meter: str
    quantity: str
    timezone: str
    unit: str
    resolution: str
    source: str
    power: Sequence[float | None]
    hours: Sequence[float]
    percents: Sequence[float]
    percentiles: Sequence[float | None]
    base_load: float | None
    known_hours: float
    unknown_hours: float
    at_least: Sequence[float]
    at_least_hours: Sequence[float]


class Durations:
    """Load duration, asked for."""

    def __init__(self, database: Database) -> None:
        self._energies = Energies(database)

    async def of(
        self,
        meter: Meter,
        quantity: str,
        by: Literal["15min", "hour"],
        first: date,
        last: date,
        now: datetime,
        *,
        at_least: Sequence[float] = (),
        points: int = 500,
    ) -> Duration:
        """The curve from `first` to before `last`, days of the site; BadInput."""
        found = await self._energies.columns(meter, quantity, by, first, last, now)
        hours = (found.end - found.start) / 3600.0
        over = found.end <= now.timestamp()
        measured = (found.completeness >= WHOLE) & over & ~np.isnan(found.energy)
        power = np.where(measured, found.energy / hours, np.nan)
        curve = load_duration(power, hours)
        shown = curve.thinned(points)

        def rounded(value: float | None) -> float | None:
            return None if value is None else round(value, 9)

        return Duration(
            meter=meter.id,
            quantity=quantity,
            timezone=meter.site.timezone,
            unit=power_unit(unit_of(meter, quantity)),
            resolution=by,
            source=found.source,
            power=shown.power.round(9).tolist(),
            hours=shown.hours.tolist(),
            percents=list(PERCENTS),
            percentiles=[rounded(curve.percentile(each)) for each in PERCENTS],
            base_load=rounded(curve.percentile(BASE_PERCENT)),
            known_hours=curve.known_hours,
            unknown_hours=float(hours[over].sum()) - curve.known_hours,
            at_least=list(at_least),
            at_least_hours=[curve.hours_at_least(each) for each in at_least],
        )
