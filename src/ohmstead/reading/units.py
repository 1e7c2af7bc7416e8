"""Units: from what a meter says to what the catalogue keeps.

The catalogue keeps kW, kWh, kvar, kvarh, kVA, V, A, Hz, m3, °C; meters say W or kW,
`kVArh` or `kvarh`.
COSEM's enumeration of units is in IEC 62056-6-2, clause "unit".
"""

from decimal import Decimal

COSEM: dict[int, str] = {
    8: "deg",
    9: "°C",
    13: "m3",
    14: "m3",
    19: "l",
    23: "Pa",
    24: "bar",
    25: "J",
    27: "W",
    28: "VA",
    29: "var",
    30: "Wh",
    31: "VAh",
    32: "varh",
    33: "A",
    35: "V",
    44: "Hz",
    45: "1/Wh",
    46: "1/varh",
    56: "%",
    63: "g/m3",
}
"""COSEM unit number -> unit; 255 (no unit) and anything unknown are left out."""

KEPT: dict[str, tuple[str, int]] = {
    "W": ("kW", -3),
    "kW": ("kW", 0),
    "MW": ("kW", 3),
    "Wh": ("kWh", -3),
    "kWh": ("kWh", 0),
    "MWh": ("kWh", 3),
    "var": ("kvar", -3),
    "kvar": ("kvar", 0),
    "Mvar": ("kvar", 3),
    "varh": ("kvarh", -3),
    "kvarh": ("kvarh", 0),
    "Mvarh": ("kvarh", 3),
    "VA": ("kVA", -3),
    "kVA": ("kVA", 0),
    "VAh": ("kVAh", -3),
    "kVAh": ("kVAh", 0),
    "mV": ("V", -3),
    "V": ("V", 0),
    "kV": ("V", 3),
    "mA": ("A", -3),
    "A": ("A", 0),
    "Hz": ("Hz", 0),
    "m3": ("m3", 0),
    "l": ("m3", -3),
    "GJ": ("GJ", 0),
    "MJ": ("GJ", -3),
    "J": ("GJ", -9),
    "°C": ("°C", 0),
    "deg": ("deg", 0),
    "%": ("%", 0),
}
"""Unit as a meter says it -> (unit as the catalogue keeps it, power of ten between them)."""

_TWO_WAYS = {"MW", "mV", "mA", "Mvar", "MWh", "Mvarh"}  # in lower case, milli looks like mega
_SPELLED = {unit.lower(): unit for unit in KEPT if unit not in _TWO_WAYS}


def named(spelled: str) -> str:
    """The unit that a meter spells its own way: `kVArh` is kvarh, `m³` is m3; unknown ones stay.

    >>> named("kVArh"), named("m³"), named("dm3"), named("bar")
    ('kvarh', 'm3', 'l', 'bar')
    """
    plain = spelled.strip().replace("³", "3")
    if plain in KEPT:
        return plain
    if plain.lower() in ("dm3", "litre", "liter"):
        return "l"
    return _SPELLED.get(plain.lower(), plain)


def shifted(value: float, power: int) -> float:
    """`value` times ten to the `power`, without the noise of a binary fraction.

    >>> shifted(2307, -1), shifted(10049926, -3), shifted(75.18, -3), shifted(5, 0), shifted(7, 2)
    (230.7, 10049.926, 0.07518, 5, 700)
    """
    if power == 0:
        return value
    if not isinstance(value, int):
        return float(Decimal(repr(value)).scaleb(power))
    if power > 0:
        return value * int(10**power)
    return value / int(10**-power)


def kept(value: float, unit: str | None) -> tuple[float, str | None]:
    """`value` in the unit the catalogue keeps, and that unit; an unknown unit is left as it is.

    >>> kept(1122, "W"), kept(10.5, "kVArh"), kept(3, None)
    ((1.122, 'kW'), (10.5, 'kvarh'), (3, None))
    """
    if unit is None:
        return value, None
    name, power = KEPT.get(named(unit), (unit, 0))
    return shifted(value, power), name
