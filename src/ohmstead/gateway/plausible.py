"""Values that no meter means: a scaler that is wrong shows here first.

It warns and changes nothing: 2357 V are shown as the meter, or its setting, makes them.
"""

from collections.abc import Iterator, Mapping

from ohmstead.reading import catalogue
from ohmstead.surfaces.device import Doubt

VOLTS = (80.0, 300.0)
"""Between phase and neutral, from 100 V nets and transformers to 277 V; 0 is a phase not there."""
VOLTS_BETWEEN = (130.0, 520.0)
HERTZ = (45.0, 65.0)
FACTOR = (-1.0, 1.0)
MOST_A = 10_000.0
MOST_KW = 100_000.0

OFF, SPARE_KW = 2.0, 0.5
"""A power above `OFF` times what voltages and currents allow, and a little, is not what they are
of: current in 10 mA read as amperes, or amperes as 10 mA."""

_PHASES = (("32.7.0", "31.7.0"), ("52.7.0", "51.7.0"), ("72.7.0", "71.7.0"))
_BETWEEN = frozenset({"124.7.0", "125.7.0", "126.7.0"})


def _range(obis: str, unit: str | None) -> tuple[float, float] | None:
    if obis == "13.7.0":
        return FACTOR
    match unit:
        case "V":
            return VOLTS_BETWEEN if obis in _BETWEEN else VOLTS
        case "Hz":
            return HERTZ
        case "A":
            return -MOST_A, MOST_A
        case "kW" | "kvar" | "kVA":
            return -MOST_KW, MOST_KW
        case _:
            return None


def doubts(values: Mapping[str, float]) -> Iterator[Doubt]:
    """What in `values` (short OBIS -> number in the catalogue's unit) cannot be right."""
    for obis, value in values.items():
        quantity = catalogue.BY_OBIS.get(obis)
        unit = quantity.unit if quantity else None
        limits = _range(obis, unit) if quantity else None
        if limits and value and not limits[0] <= value <= limits[1]:
            yield Doubt(obis, value, f"{limits[0]:g} to {limits[1]:g} {unit or ''}".strip())
    yield from _powerless(values)


def _powerless(values: Mapping[str, float]) -> Iterator[Doubt]:
    """A power that the currents cannot carry."""
    there = [(values.get(volt), values.get(ampere)) for volt, ampere in _PHASES]
    pairs = [(u, i) for u, i in there if u is not None and i is not None]
    power = max(values.get("1.7.0", 0.0), values.get("2.7.0", 0.0))
    if not pairs or len(pairs) < sum(u is not None for u, _ in there):
        return
    carried_kw = sum(u * abs(i) for u, i in pairs) / 1000
    if power > OFF * carried_kw + SPARE_KW:
        what = f"at most {carried_kw:.3g} kW from voltages and currents"
        yield Doubt("1.7.0" if values.get("1.7.0") == power else "2.7.0", power, what)
