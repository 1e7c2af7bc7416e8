"""Energy as a matrix: a row a day, a column a time of the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ohmstead.analytics.heat_map import heat_map
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies
from ohmstead.store.energy_columns import plain
from ohmstead.store.energy_ways import unit_of
from ohmstead.store.meters import Meter


@dataclass(frozen=True, slots=True)
class Matrix:
    """`values[d][c]` is the energy of day `days[d]` at the local time `columns[c]`.

    A time that clocks show twice has, the second time, a column of its own at the end; one that
    they leave out, or of which nothing is known, is null.
    """

    meter: str
    quantity: str
    timezone: str
    unit: str
    resolution: str
    source: str
    days: Sequence[date]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]


class Matrices:
    """Heat maps, asked for."""

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
    ) -> Matrix:
        """The matrix from `first` to before `last`, days of the site; BadInput."""
        found = await self._energies.columns(meter, quantity, by, first, last, now)
        minutes = 60 if by == "hour" else 15
        made = heat_map(found.start.tolist(), plain(found.energy), minutes, meter.site.zone)
        return Matrix(
            meter=meter.id,
            quantity=quantity,
            timezone=meter.site.timezone,
            unit=unit_of(meter, quantity),
            resolution=by,
            source=found.source,
            days=made.days,
            columns=made.columns,
            values=made.values,
        )
