"""Ways to a quantity of energy: the columns of the rollups whose sum it is."""

from dataclasses import dataclass
from types import MappingProxyType

from ohmstead.analytics import energy_rest
from ohmstead.analytics.energy_rest import EXPORT, IMPORT, VALUE
from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_OBIS, Kind
from ohmstead.store.meters import Meter

__all__ = ["EXPORT", "IMPORT", "NET", "VALUE", "Way", "counted", "kept", "unit_of", "ways"]

NET = "16.8.0"
"""What was imported less what was exported."""
KWH = {"kWh": 1.0, "Wh": 0.001, "MWh": 1000.0, "GJ": 1 / 0.0036}
FAMILIES = MappingProxyType({each.quantity: each for each in energy_rest.FAMILIES})


@dataclass(frozen=True, slots=True)
class Way:
    """The columns whose sum a quantity is, and the factor to its unit.

    What the column `guessed` among them has is made of power, and so estimated.
    """

    columns: tuple[str, ...]
    factor: float = 1.0
    guessed: str | None = None


def kept(meter: Meter, quantity: str) -> Way:
    """The columns of the rollups whose sum a quantity of a meter is; BadInput when it has none.

    Of electricity they are its own counter, what stood in for it in time that it does not cover,
    and power in time that no counter covers.
    """
    first = ways(meter, quantity)[0]
    family = FAMILIES.get(quantity)
    if meter.type != "electricity" or family is None:
        return first
    columns = (family.own, family.rest, *([family.guessed] if family.guessed else []))
    return Way(columns, guessed=family.guessed)


def ways(meter: Meter, quantity: str) -> list[Way]:
    """The ways to a quantity of a meter, best first; BadInput when it is none of energy.

    They are its own counter, the sums of phases, tariffs, quadrants, and the one value.
    """
    if quantity == VALUE:
        return [Way((VALUE,))]
    value = Way((VALUE,), KWH.get(meter.unit or "", 0.0))
    if meter.type != "electricity":
        if quantity != IMPORT:
            raise BadInput(
                f"meter {meter.id!r} is of {meter.type}, and counts no {quantity!r}: "
                f"leave the quantity out, or ask for {VALUE}"
            )
        if not value.factor:
            unit = meter.unit or "no unit"
            raise BadInput(
                f"meter {meter.id!r} of {meter.type} counts {unit}, which is no energy: "
                f"ask for the quantity {VALUE}"
            )
        return [value]
    known = BY_OBIS.get(quantity)
    if known is None or known.kind is not Kind.COUNTER:
        raise BadInput(
            f"{quantity!r} is not a counter of energy; take one like {IMPORT} (imported), "
            f"{EXPORT} (exported), 1.8.1 (tariff 1), 5.8.0 (reactive, Q1) or {NET} (net)"
        )
    found = [Way((known.column,)), *(Way(each) for each in energy_rest.sums_of(quantity))]
    return [*found, value] if quantity == IMPORT else found


def counted(meter: Meter, quantity: str, had: frozenset[str]) -> Way | None:
    """The first way whose counters the stream ever had; None where there is none."""
    return next((way for way in ways(meter, quantity) if had & set(way.columns)), None)


def unit_of(meter: Meter, quantity: str) -> str:
    """The unit in which a quantity of energy of this meter is answered."""
    if quantity == VALUE:
        return meter.unit or ""
    known = BY_OBIS.get(quantity)
    return known.unit or "" if known is not None else "kWh"
