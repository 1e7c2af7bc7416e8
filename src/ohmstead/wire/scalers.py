"""What a number means where the telegram gives neither scaler nor unit: it is known of the meters
only.

Swiss push lists and Kamstrup's lists carry bare numbers.  The unit follows from the code; the power
of ten is the one that the makers' papers give, and for voltages the number itself tells 230 from
2300.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from ohmstead.reading.units import shifted
from ohmstead.wire.telegram import Value

ENERGY, GAUGE = 8, 7  # value group D
PHASE = 20  # what a phase adds to value group C
PHASES = 3
VOLTS = "V"

_UNITS: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        **{(c, ENERGY): "Wh" for c in (1, 2, 15, 16)},
        **{(c, ENERGY): "varh" for c in (3, 4, 5, 6, 7, 8)},
        **{(c, ENERGY): "VAh" for c in (9, 10)},
        **{(c, GAUGE): "W" for c in (1, 2, 15, 16)},
        **{(c, GAUGE): "var" for c in (3, 4, 5, 6, 7, 8)},
        **{(c, GAUGE): "VA" for c in (9, 10)},
        (11, GAUGE): "A",
        (12, GAUGE): VOLTS,
        (14, GAUGE): "Hz",
    }
)
"""Value groups C (of the total) and D -> base unit.  Source: IEC 62056-6-1, table of
electricity."""

_FACTOR = 13  # power factor
_POWERS: Mapping[str | None, Mapping[str, int]] = MappingProxyType(
    {
        None: MappingProxyType({"A": -2}),
        "Kamstrup": MappingProxyType({"A": -2, "Wh": 1, "varh": 1}),
    }
)
"""Maker (None: everybody else) -> unit -> power of ten.

Landis+Gyr E360 and E450, Iskraemeco AM550: currents in 10 mA; the E570 has whole amperes and needs
a set of its own.  Kamstrup HAN-NVE: energies in 10 Wh.
"""

_MODELS: tuple[tuple[re.Pattern[str], Mapping[str, int]], ...] = (
    (re.compile(r"E\s?570|ZMG|ZFG|ZMD", re.IGNORECASE), MappingProxyType({"V": 0, "A": 0})),
    (re.compile(r"E\s?450|ZMF|ZCF|ZMX", re.IGNORECASE), MappingProxyType({"V": 0, "A": -2})),
    (re.compile(r"E\s?360|AM\s?550", re.IGNORECASE), MappingProxyType({"V": -1, "A": -2})),
    (
        re.compile(r"Kamstrup|Omnipower|Omnia", re.IGNORECASE),
        MappingProxyType({"A": -2, "Wh": 1, "varh": 1}),
    ),
)
"""What a model calls itself or is called -> unit -> power of ten; the first that fits.

The E570 sends whole amperes: the device's scaler set `lge570` is for it.  Source: REST/MQTT 2.0,
6.3.
"""

HIGHEST_V = 800
"""A voltage above is counted in tenths: no customer has more than 690 V."""


def assumed(code: str, number: float, maker: str | None = None) -> tuple[int, str | None]:
    """The power of ten and the unit of a bare number under a short code; (0, None) where nothing is
    known.

    >>> assumed("1.8.0", 21956), assumed("71.7.0", 9)
    ((0, 'Wh'), (-2, 'A'))
    >>> assumed("32.7.0", 2357), assumed("32.7.0", 236)
    ((-1, 'V'), (0, 'V'))
    """
    power, unit = known(code, maker)
    return (-1, unit) if unit == VOLTS and abs(number) > HIGHEST_V else (power, unit)


@lru_cache(maxsize=1024)
def known(code: str, maker: str | None) -> tuple[int, str | None]:
    """The same without the number, which only voltages ask for.

    Remembered: a meter's list never changes.
    """
    if ":" in code:  # another channel or medium
        return 0, None
    quantity, processing, _ = code.split(".", 2)
    c, d = int(quantity), int(processing)
    total = c % PHASE if c < PHASE * (PHASES + 1) else c
    if (total, d) == (_FACTOR, GAUGE):
        return -3, None
    unit = _UNITS.get((total, d))
    if unit is None or unit == VOLTS:
        return 0, unit
    return _POWERS.get(maker, _POWERS[None]).get(unit, 0), unit


def powers_of(model: str) -> Mapping[str, int]:
    """Unit -> power of ten of a model, from any text that names it; empty when none is known.

    >>> powers_of("Landis+Gyr E570"), powers_of("something else")
    (mappingproxy({'V': 0, 'A': 0}), {})
    """
    return next((powers for named, powers in _MODELS if named.search(model)), {})


def by_model(values: Mapping[str, Value], model: str) -> Mapping[str, Value]:
    """`values`, the bare numbers among them (no scaler in the telegram) as `model` means them."""
    powers = powers_of(model)
    if not powers:
        return values
    return {key: _rescaled(value, powers) for key, value in values.items()}


def _rescaled(value: Value, powers: Mapping[str, int]) -> Value:
    power = powers.get(value.unit or "")
    if power is None or value.raw is None or value.scaler is not None:
        return value
    number = shifted(value.raw, power)
    return Value(number, value.unit, at=value.at, raw=value.raw)
