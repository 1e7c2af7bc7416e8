"""The fixed data structure of old M-Bus meters: two counters and their units in 16 bytes.

`identifier 4 | access | status | unit and medium 2 | counter 4 | counter 4`.  Source: EN 1434-3,
7.2 (fixed data structure); its table of units.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.dif import bcd
from ohmstead.wire.telegram import Value

LENGTH = 16
BINARY, STORED = 0x01, 0x02  # in the status
SAME_BUT_STORED, FIRST, LAST = 0x3E, 0x02, 0x39
THREE = (1, 10, 100)


def _units() -> Iterator[tuple[str, float]]:
    """Unit and factor of the codes 0x02 to 0x39, in their order."""
    groups = (
        *("Wh", "kWh", "MWh", "kJ", "MJ", "GJ", "W", "kW", "MW", "kJ/h", "MJ/h", "GJ/h"),
        *("ml", "l", "m^3", "ml/h", "l/h", "m^3/h"),
    )
    for unit in groups:
        for factor in THREE:
            yield unit, factor
    yield "°C", 0.001
    yield "Units for H.C.A.", 1


UNITS: tuple[tuple[str, float], ...] = tuple(_units())


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the 16 bytes say; a counter that is no number in decimal digits stays text."""

    identifier: str
    device_type: int
    values: tuple[Value, Value]
    is_stored: bool

    @property
    def energy(self) -> Value | None:
        """The present counter of electrical energy, if the first one is that."""
        first = self.values[0]
        fits = (first.unit or "").endswith("Wh") and not isinstance(first.value, str)
        return first if fits and not self.is_stored else None


def read(data: bytes, *, reversed_: bool = False) -> Fixed:
    """The two counters; Unreadable for anything of another length.

    With `reversed_` numbers come with their highest byte first (mode 2).
    """
    if len(data) != LENGTH:
        raise Unreadable(f"the fixed data structure has {LENGTH} bytes, this has {len(data)}")
    identifier, status, kinds = data[:4], data[5], data[6:8]
    first, second = data[8:12], data[12:16]
    if reversed_:
        identifier, kinds, first, second = (
            part[::-1] for part in (identifier, kinds, first, second)
        )
    codes = [kind & 0x3F for kind in kinds]
    if codes[1] == SAME_BUT_STORED:
        codes[1] = codes[0]
    values = tuple(
        _counter(raw, code, is_binary=bool(status & BINARY))
        for raw, code in zip((first, second), codes, strict=True)
    )
    medium = kinds[0] >> 6 | kinds[1] >> 6 << 2
    return Fixed(
        identifier[::-1].hex().upper(), medium, (values[0], values[1]), bool(status & STORED)
    )


def _counter(raw: bytes, code: int, *, is_binary: bool) -> Value:
    number = int.from_bytes(raw, "little", signed=True) if is_binary else bcd(raw)
    if isinstance(number, str) or not FIRST <= code <= LAST:
        return Value(number)
    unit, factor = UNITS[code - FIRST]
    return Value(number * factor if factor >= 1 else number / 1000, unit, None, number)
