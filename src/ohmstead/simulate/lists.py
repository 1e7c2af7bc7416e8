"""The ways DLMS meters lay values out in a notification.  The mirror of wire/layouts.

*To add a way: one class with `body`.*
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from ohmstead.reading import obis, units
from ohmstead.reading.obis import Obis
from ohmstead.simulate import dlms
from ohmstead.simulate.occasion import Occasion, Says

_NUMBERS: Mapping[str, int] = MappingProxyType(
    {unit: number for number, unit in units.COSEM.items()}
)
DATA, REGISTER, CLOCK, PUSH_SETUP = 1, 3, 8, 40
"""Classes.  Source: IEC 62056-6-2."""
_VALUE, _SCALER_UNIT = 2, 3


@dataclass(frozen=True, slots=True)
class Register:
    """A number of the moment, sent as a whole number of `unit` times ten to the `scaler`."""

    key: str
    tag: int
    unit: str
    scaler: int = 0
    channel: int = 0
    """Value group B of its code: Swiss and Norwegian meters say 1."""
    kind: int = REGISTER

    @property
    def name(self) -> Obis:
        """Its code."""
        return obis.parse(self.key)._replace(b=self.channel)

    def said(self, on: Occasion) -> bytes:
        """The value with its type."""
        _, power = units.KEPT[self.unit]
        return dlms.number(
            self.tag, round(on.moment.values[self.key] * 10 ** -(power + self.scaler))
        )

    @property
    def scaled(self) -> bytes:
        """Its {scaler, unit}."""
        return dlms.scaler_unit(self.scaler, _NUMBERS[self.unit])


@dataclass(frozen=True, slots=True)
class Fact:
    """Anything but a number: who the meter is, or what time it has."""

    key: str
    says: Says
    kind: int = DATA

    @property
    def name(self) -> Obis:
        """Its code."""
        return obis.parse(self.key)

    def said(self, on: Occasion) -> bytes:
        """The value with its type."""
        return self.says(on)

    @property
    def scaled(self) -> bytes | None:
        """Nothing: it is no number."""
        return None


Entry = Register | Fact
Entries = tuple[Entry, ...]


def fixed(words: str) -> Says:
    """A visible string that never changes."""
    return lambda _: dlms.text(words)


def fixed_octets(words: str) -> Says:
    """An octet string that never changes."""
    return lambda _: dlms.octets(words.encode("ascii"))


def serial(on: Occasion) -> bytes:
    """The serial number as a visible string."""
    return dlms.text(on.serial)


def serial_octets(on: Occasion) -> bytes:
    """The serial number as an octet string."""
    return dlms.octets(on.serial.encode("ascii"))


def clock(on: Occasion) -> bytes:
    """The meter's time as an octet string."""
    return dlms.date_time(on.moment.local)


class Layout(Protocol):
    """A way to write a list of values."""

    def body(self, on: Occasion) -> bytes:
        """The body of the notification."""
        ...


@dataclass(frozen=True, slots=True)
class Rows:
    """(a) An array of rows {code, value, {scaler, unit}}."""

    entries: Entries

    def body(self, on: Occasion) -> bytes:
        """One row an entry."""
        return dlms.array(
            *(
                dlms.structure(dlms.name(one.name), one.said(on), *filter(None, [one.scaled]))
                for one in self.entries
            )
        )


@dataclass(frozen=True, slots=True)
class Compact:
    """(a) The same rows of numbers as a compact array; all of them have the type of the first."""

    registers: tuple[Register, ...]

    def body(self, on: Occasion) -> bytes:
        """The type of a row, then every row without tags."""
        tag = self.registers[0].tag
        scaled = bytes([dlms.STRUCTURE, 2, dlms.INT8, dlms.ENUM])
        kind = bytes([dlms.STRUCTURE, 3, dlms.OCTETS, tag]) + scaled
        rows = b""
        for one in self.registers:
            _, _, _, scaler, _, unit = one.scaled
            rows += dlms.name(one.name)[1:] + one.said(on)[1:] + bytes([scaler, unit])
        return dlms.compact_array(kind, rows)


@dataclass(frozen=True, slots=True)
class Flat:
    """(b) One structure: code, value, and where it is `scaled` {scaler, unit}, over and over.

    `first` and `last` stand around them without a code: a list's name, a time, a serial number.
    """

    entries: Entries
    first: Says | None = None
    last: Says | None = None
    scaled: bool = False

    def body(self, on: Occasion) -> bytes:
        """All in a row."""
        parts = [self.first(on)] if self.first else []
        for one in self.entries:
            parts += [dlms.name(one.name), one.said(on)]
            if self.scaled and one.scaled:
                parts.append(one.scaled)
        return dlms.structure(*parts, *([self.last(on)] if self.last else []))


@dataclass(frozen=True, slots=True)
class Objects:
    """(c) The list of pushed objects, and then their values; with `scaled` {scaler, unit} as well.

    The first object is the push setup, whose value is the list itself.
    """

    entries: Entries
    scaled: bool = False

    def body(self, on: Occasion) -> bytes:
        """Objects and values side by side."""
        objects = [_object(PUSH_SETUP, Obis(0, 8, 25, 9, 0), _VALUE)]
        values = []
        for one in self.entries:
            objects.append(_object(one.kind, one.name, _VALUE))
            values.append(one.said(on))
            if self.scaled and one.scaled:
                objects.append(_object(one.kind, one.name, _SCALER_UNIT))
                values.append(one.scaled)
        return dlms.structure(dlms.array(*objects), *values)


def _object(kind: int, code: Obis, attribute: int) -> bytes:
    return dlms.structure(
        dlms.number(dlms.UINT16, kind),
        dlms.name(code),
        dlms.number(dlms.INT8, attribute),
        dlms.number(dlms.UINT16, 0),
    )


@dataclass(frozen=True, slots=True)
class Fixed:
    """(d) Values alone, in an order that the reader must know."""

    entries: Entries

    def body(self, on: Occasion) -> bytes:
        """The values."""
        return dlms.structure(*(one.said(on) for one in self.entries))


@dataclass(frozen=True, slots=True)
class Descriptors:
    """(e) Rows whose code is an attribute descriptor without tags, which is no A-XDR."""

    entries: Entries

    def body(self, on: Occasion) -> bytes:
        """Class, code and attribute bare, then the value."""
        return dlms.structure(
            *(
                bytes([dlms.STRUCTURE, 2])
                + one.kind.to_bytes(2, "big")
                + bytes(one.name)
                + bytes([_VALUE])
                + one.said(on)
                for one in self.entries
            )
        )


@dataclass(frozen=True, slots=True)
class Lists:
    """Another list at other times: the last whose seconds divide the clock, else the first."""

    every_s: tuple[tuple[int, Layout], ...]

    def body(self, on: Occasion) -> bytes:
        """The list whose turn it is."""
        second = int(on.moment.local.timestamp())
        due = [layout for every, layout in self.every_s if second % every == 0]
        return (due or [self.every_s[0][1]])[-1].body(on)
