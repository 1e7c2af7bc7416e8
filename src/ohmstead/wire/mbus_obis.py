"""Which OBIS code an M-Bus record stands for, so that it can be read like any other meter's value.

An electricity meter's records get the codes of the catalogue; any other meter's reading becomes
`0-N:24.2.1`, as a P1 telegram names a meter on channel N, with its device type and identifier.
Records of the past, of limits and of errors have none.  Source: IEC 62056-6-1; EN 13757-1, annex
(OBIS codes of media); the makers' manuals for their subunits.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from ohmstead.reading.obis import Obis
from ohmstead.wire import mbus_makers
from ohmstead.wire.dif import Function, Head, Record
from ohmstead.wire.telegram import Value
from ohmstead.wire.vif import BETWEEN, NEUTRAL, PHASES

ENERGY, DEMAND, POWER = 8, 6, 7  # value group D: counter, highest mean of a period, momentary
IMPORT, EXPORT, REACTIVE_IN, REACTIVE_OUT, APPARENT, NET = 1, 2, 3, 4, 9, 16
CURRENT, VOLTAGE, FREQUENCY, NEUTRAL_CURRENT = 11, 12, 14, 91
FIRST_BETWEEN = 124  # voltages between L1-L2, L2-L3, L3-L1
PHASE = 20  # value group C grows by this from phase to phase
REACTIVE = frozenset(c + PHASE * n for c in (REACTIVE_IN, REACTIVE_OUT) for n in (0, 1, 2, 3))

_FOUR: Mapping[int, int] = MappingProxyType({0: IMPORT, 1: EXPORT, 2: REACTIVE_IN, 3: REACTIVE_OUT})
_PLAIN: Mapping[int, int] = MappingProxyType({0: IMPORT})
SUBUNITS: Mapping[str, Mapping[int, int]] = MappingProxyType(
    {
        "ABB": _FOUR,
        "GMC": _FOUR,
        "EMU": MappingProxyType({0: IMPORT, 2: REACTIVE_IN}),
        "SBC": MappingProxyType({0: IMPORT, 1: REACTIVE_IN}),
        "FIN": MappingProxyType({0: IMPORT, 1: REACTIVE_IN}),
    }
)
"""Maker's letters -> what the subunits of an energy or power are; reactive ones are in Wh and W."""

PHASES_BY_SUBUNIT = frozenset({"GMC"})
"""Makers whose subunits 1 to 3 of a voltage or current are its phases."""

UNITS = frozenset({"Wh", "varh", "VAh", "W", "var", "VA", "V", "A", "Hz"})
"""Those of the catalogue's quantities; an energy in calories is another's."""

REACTIVE_UNITS: Mapping[str, str] = MappingProxyType({"Wh": "varh", "W": "var"})

Signed = tuple[int, int]
_SIGNED: Mapping[str, Signed] = MappingProxyType(
    {"reactive power": (REACTIVE_IN, REACTIVE_OUT), "power": (NET, NET)}
)
_ENERGIES: Mapping[str, Signed] = MappingProxyType(
    {
        "energy": (IMPORT, EXPORT),
        "reactive energy": (REACTIVE_IN, REACTIVE_OUT),
        "apparent energy": (APPARENT, APPARENT + 1),
    }
)


def of_electricity(records: Iterable[Record], letters: str) -> dict[str, Value]:
    """The values with a code that is said exactly once: said twice, nobody knows which is meant."""
    found: dict[str, Value | None] = {}
    for head, value in records:
        if head is None or value is None or isinstance(value.value, str):
            continue
        code = _electricity(head, letters)
        if code is None:
            continue
        c, d, e = code
        unit, number = value.unit, value.value
        if c in REACTIVE:
            unit = REACTIVE_UNITS.get(unit or "", unit)
            if d == POWER and number < 0:
                c, number = c + 1, -number
        key = Obis(1, 0, c, d, e).short
        found[key] = (
            None if key in found else Value(number, unit, value.at, value.raw, value.scaler)
        )
    return {key: value for key, value in found.items() if value is not None}


@lru_cache(maxsize=1024)
def _electricity(head: Head, letters: str) -> tuple[int, int, int] | None:
    """Value groups C, D and E of a record; None where it has no code."""
    what = head.information
    quantity, phase = what.meaning.quantity, what.phase
    is_present = not head.storage and head.function in (Function.NOW, Function.MAXIMUM)
    if not is_present or what.further or what.unit not in UNITS:
        return None
    if head.function == Function.MAXIMUM:
        is_demand = quantity == "power" and not head.subunit and not phase and what.unit == "W"
        return (
            (EXPORT if what.direction < 0 else IMPORT, DEMAND, head.tariff) if is_demand else None
        )
    subunit = head.subunit
    if letters in PHASES_BY_SUBUNIT and quantity in ("voltage", "current") and subunit in PHASES:
        phase, subunit = subunit, 0
    if quantity in ("energy", "power") and what.unit in REACTIVE_UNITS:
        c = _of_subunit(quantity, subunit, letters)
        if c is None:
            return None
    elif subunit:
        return None
    else:
        c = _base(quantity)
    if c is None or (phase and not _has_phase(quantity, phase)):
        return None
    return _placed(quantity, c, phase, what.direction, head.tariff)


def _of_subunit(quantity: str, subunit: int, letters: str) -> int | None:
    c = SUBUNITS.get(letters, _PLAIN).get(subunit)
    return NET if c == IMPORT and quantity == "power" else c


def _base(quantity: str) -> int | None:
    if quantity in _ENERGIES:
        return _ENERGIES[quantity][0]
    if quantity in _SIGNED:
        return _SIGNED[quantity][0]
    singles = {
        "voltage": VOLTAGE,
        "current": CURRENT,
        "frequency": FREQUENCY,
        "apparent power": APPARENT,
    }
    return singles.get(quantity)


def _has_phase(quantity: str, phase: int) -> bool:
    if phase in BETWEEN:
        return quantity == "voltage"
    return quantity == "current" if phase == NEUTRAL else quantity != "frequency"


def _placed(
    quantity: str, c: int, phase: int, direction: int, tariff: int
) -> tuple[int, int, int] | None:
    """The code, once it is known which one it is of and that it has one at this phase."""
    if phase in BETWEEN:
        return FIRST_BETWEEN + phase - BETWEEN[0], POWER, 0
    if phase == NEUTRAL:
        return NEUTRAL_CURRENT, POWER, 0
    if direction:
        c = IMPORT if c == NET else c
        c += direction < 0 and c in (IMPORT, REACTIVE_IN, APPARENT)
    if quantity in _ENERGIES:
        return c + PHASE * phase, ENERGY, tariff
    return None if tariff else (c + PHASE * phase, POWER, 0)


def of_channel(
    records: Iterable[Record], device_type: int, channel: int, identifier: str | None
) -> dict[str, Value]:
    """What a P1 telegram would say of a gas, water or heat meter on `channel`."""
    quantity = "volume" if device_type in mbus_makers.VOLUME else "energy"
    if device_type not in mbus_makers.VOLUME and device_type not in mbus_makers.HEAT:
        return {}
    prefix = f"0-{channel}:"
    found = {f"{prefix}24.1.0": Value(device_type)}
    if identifier:
        found[f"{prefix}96.1.0"] = Value(identifier.encode().hex().upper())
    for head, value in records:
        if head is None or value is None or isinstance(value.value, str):
            continue
        if not _is_reading(head, quantity):
            continue
        key = f"{prefix}24.2.{3 if head.information.uncorrected else 1}"
        unit = "m3" if value.unit == "m^3" else value.unit
        found.setdefault(key, Value(value.value, unit, None, value.raw, value.scaler))
    return found


@lru_cache(maxsize=1024)
def _is_reading(head: Head, quantity: str) -> bool:
    """Whether a record is the present total of its meter."""
    what = head.information
    return (
        what.meaning.quantity == quantity
        and head[1:5] == (Function.NOW, 0, 0, 0)
        and not what.further
        and what.direction >= 0
    )
