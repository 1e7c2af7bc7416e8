"""Ways to a quantity of energy: the columns of the rollups whose sum it is."""

from dataclasses import dataclass

from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_OBIS, Kind
from ohmstead.store import columns
from ohmstead.store.meters import Meter

IMPORT, EXPORT, NET, VALUE = "1.8.0", "2.8.0", "16.8.0", "value"
"""What was taken, what was given, the first less the second; and what any meter counts."""
KWH = {"kWh": 1.0, "Wh": 0.001, "MWh": 1000.0, "GJ": 1 / 0.0036}
INTEGRATED = {IMPORT: "import_integrated", EXPORT: "export_integrated"}
QUADRANTS = {"3.8.0": ("5.8.0", "6.8.0"), "4.8.0": ("7.8.0", "8.8.0")}
"""Reactive import is that of the quadrants I and II, export of III and IV.

Source: DLMS UA Blue Book, OBIS codes of electricity, value group C.
"""


@dataclass(frozen=True, slots=True)
class Way:
    """The columns whose sum a quantity is, and the factor to its unit.

    `guessed` says that it is made of power, and so estimated.
    """

    columns: tuple[str, ...]
    factor: float = 1.0
    guessed: bool = False


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
    found = [Way((known.column,)), *(Way(each) for each in _sums(quantity))]
    return [*found, value] if quantity == IMPORT else found


def _sums(quantity: str) -> list[tuple[str, ...]]:
    """What adds up to a quantity: its phases, its tariffs, its quadrants."""
    c, d, e = quantity.split(".")
    if e != "0" or int(c) >= 20:
        return []
    parts = [
        [f"{int(c) + 20 * n}.{d}.0" for n in (1, 2, 3)],
        [f"{c}.{d}.{n}" for n in (1, 2)],
        QUADRANTS.get(quantity, ()),
    ]
    named = [tuple(columns.VALUES[obis] for obis in each if obis in BY_OBIS) for each in parts]
    return [each for each in named if each]


def chosen(meter: Meter, quantity: str, had: frozenset[str]) -> Way:
    """The first way whose columns the stream ever had, or the power where there is no counter."""
    for way in ways(meter, quantity):
        if had & set(way.columns):
            return way
    guessed = INTEGRATED.get(quantity)
    return Way((guessed,) if guessed and meter.type == "electricity" else (), guessed=True)


def unit_of(meter: Meter, quantity: str) -> str:
    """The unit in which a quantity of energy of this meter is answered."""
    if quantity == VALUE:
        return meter.unit or ""
    known = BY_OBIS.get(quantity)
    return known.unit or "" if known is not None else "kWh"
