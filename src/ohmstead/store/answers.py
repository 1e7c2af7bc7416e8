"""What questions are answered with: columns of equal length, with unit and where they come from."""

from collections.abc import Sequence
from dataclasses import dataclass

from ohmstead.reading.catalogue import BY_OBIS
from ohmstead.store.energy_columns import Columns, plain
from ohmstead.store.meters import Meter


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity over time; null where nothing is known.

    `statistic` is sum (energy of each bucket), mean (of what was read in it, with `least` and
    `most`) or reading (what was read at that moment).  `estimated` is what of a sum lay across
    holes, or was made of power.
    """

    quantity: str
    label: str
    unit: str
    statistic: str
    values: Sequence[float | None]
    estimated: Sequence[float | None] | None = None
    least: Sequence[float | None] | None = None
    most: Sequence[float | None] | None = None


def label_of(quantity: str) -> str:
    """What the catalogue calls a quantity."""
    known = BY_OBIS.get(quantity)
    return known.label if known is not None else OTHERS.get(quantity, quantity)


OTHERS = {"16.8.0": "Net energy", "value": "Value"}


def energy_column(quantity: str, unit: str, of: Columns) -> Column:
    """Energy as a column."""
    return Column(
        quantity=quantity,
        label=label_of(quantity),
        unit=unit,
        statistic="sum",
        values=plain(of.energy),
        estimated=plain(of.estimated),
    )


def energy_unit(meter: Meter) -> str:
    """What energy of a meter is answered in when nobody asks for a quantity."""
    return "kWh" if meter.type == "electricity" else meter.unit or ""


def default_quantity(meter: Meter) -> str:
    """What a meter counts: imported energy, or its value."""
    return "1.8.0" if meter.type == "electricity" else "value"


def power_unit(unit: str) -> str:
    """The unit of so much energy an hour.

    >>> power_unit("kWh"), power_unit("m3")
    ('kW', 'm3/h')
    """
    return {"kWh": "kW", "Wh": "W", "MWh": "MW", "kvarh": "kvar"}.get(unit, f"{unit or '1'}/h")


def total(values: Sequence[float | None]) -> float | None:
    """The sum of what is known; None where nothing is.

    >>> total([1.0, None, 0.5]), total([None])
    (1.5, None)
    """
    known = [value for value in values if value is not None]
    return round(sum(known), 9) if known else None


def share(part: float | None, whole: float | None) -> float | None:
    """A share of 0 to 1; None where that is nothing by nothing."""
    return None if part is None or not whole else round(part / whole, 6)
