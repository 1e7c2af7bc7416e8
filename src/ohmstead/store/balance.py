"""Everything that a meter counts, bucket by bucket: import, export, net, reactive, by phase."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from ohmstead.analytics.energy import Floats
from ohmstead.analytics.spans import Span
from ohmstead.store.answers import Column, default_quantity, energy_column
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies, checked
from ohmstead.store.energy_columns import DIGITS, Columns
from ohmstead.store.energy_ways import EXPORT, IMPORT, NET, unit_of
from ohmstead.store.meters import Meter
from ohmstead.store.virtual_energy import counts_one_thing

ACTIVE = (IMPORT, EXPORT, NET)
REACTIVE = ("3.8.0", "4.8.0", "5.8.0", "6.8.0", "7.8.0", "8.8.0")
TARIFFS = ("1.8.1", "1.8.2", "2.8.1", "2.8.2")
PHASES = {
    "1.8.0 phases": ("21.8.0", "41.8.0", "61.8.0"),
    "2.8.0 phases": ("22.8.0", "42.8.0", "62.8.0"),
}
"""Name of a sum of phases -> its phases."""
LABELS = {
    "1.8.0 phases": "Energy imported, sum of the phases",
    "2.8.0 phases": "Energy exported, sum of the phases",
}


@dataclass(frozen=True, slots=True)
class Balance:
    """Energy of each quantity that the meter counts; one of which nothing is known is left out.

    `1.8.0 phases` and `2.8.0 phases` are the sums of the phases.
    """

    meter: str
    timezone: str
    resolution: str
    source: str
    start: Sequence[float]
    end: Sequence[float]
    completeness: Sequence[float]
    columns: Sequence[Column]


class Balances:
    """Balances, asked for."""

    def __init__(self, database: Database) -> None:
        self._energies = Energies(database)

    async def of(self, meter: Meter, span: Span, first: date, last: date, now: datetime) -> Balance:
        """All that a meter counted from `first` to before `last`, days of its site; BadInput."""
        found: dict[str, Columns] = {}
        checked([meter] * len(_asked(meter)), span, first, last)
        for quantity in _asked(meter):
            found[quantity] = await self._energies.columns(meter, quantity, span, first, last, now)
        some = next(iter(found.values()))
        for name, phases in PHASES.items():
            if phases[0] in found:
                found[name] = _sum([found[each] for each in phases])
        return Balance(
            meter=meter.id,
            timezone=meter.site.timezone,
            resolution=span,
            source=some.source,
            start=some.start.tolist(),
            end=some.end.tolist(),
            completeness=some.completeness.tolist(),
            columns=[
                _column(meter, quantity, each)
                for quantity, each in found.items()
                if not np.isnan(each.energy).all()
            ],
        )


def _asked(meter: Meter) -> tuple[str, ...]:
    if meter.type != "electricity":
        return (default_quantity(meter),)
    if counts_one_thing(meter):
        return (IMPORT,)
    phases = [each for of in PHASES.values() for each in of]
    return (*ACTIVE, *REACTIVE, *TARIFFS, *phases)


def _column(meter: Meter, quantity: str, of: Columns) -> Column:
    made = energy_column(quantity, unit_of(meter, quantity.removesuffix(" phases")), of)
    return replace(made, label=LABELS.get(quantity, made.label))


def _sum(phases: Sequence[Columns]) -> Columns:
    """The phases that are known, added; NaN where none is."""
    energy = [each.energy for each in phases]
    estimated = [each.estimated for each in phases]
    none = np.isnan(energy).all(axis=0)

    def added(values: Sequence[Floats]) -> Floats:
        sums: Floats = np.nansum(values, axis=0)
        return np.where(none, np.nan, sums.round(DIGITS))

    return replace(phases[0], energy=added(energy), estimated=added(estimated))
