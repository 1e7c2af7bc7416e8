"""The ways meters lay values out in a data notification.

(a) rows {code, value, {scaler, unit}}; (b) the same three, or code and value, in one flat
structure; (c) a list of objects and then their values (Swiss push lists); (d) values in a fixed
order without codes (Norwegian Kaifa, Austrian IM350).  Two meters write codes in a way that is no
A-XDR: `repaired`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

from ohmstead.reading import units
from ohmstead.reading.obis import Obis
from ohmstead.wire.axdr import Enum

LOGICAL_NAME = 6  # bytes
SCALER_UNIT = 2  # elements
OBJECT = 4  # elements of a push object at least: class, logical name, attribute, data index
PUSH_SETUP = 40  # class
VALUE, SCALER_AND_UNIT = 2, 3  # attributes of a register
SERIAL = "96.1.0"
LIST_NAME = "0.2.129"


class Item(Struct, frozen=True, gc=False):
    """One value as the list has it: its code, what A-XDR gave, scaler and unit where they are with
    it."""

    code: str
    """As `Obis.short`."""
    data: Any
    scaler: int | None = None
    unit: str | None = None


@lru_cache(maxsize=1024)
def code_of(name: bytes) -> str:
    """The short code of a logical name.

    >>> code_of(bytes.fromhex("0101010800ff"))
    '1.8.0'
    """
    return Obis(*name).own.short


def items(body: Any) -> list[Item]:
    """The values of a body, whichever way they are laid out; none where it is a way nobody
    knows."""
    if not isinstance(body, list | tuple) or not body:
        return []
    if isinstance(body, tuple):
        if isinstance(body[0], list):
            return list(_pushed(body[0], body))
        fixed = _norwegian(body) or _austrian(body)
        if fixed:
            return fixed
    found: list[Item] = []
    _collect(body, found)
    if found and isinstance(body[0], str):
        found.append(Item(LIST_NAME, body[0]))
    if found and isinstance(body, tuple) and type(body[-1]) is bytes and not _is_last(found, body):
        found.append(Item(SERIAL, body[-1]))
    return found


def _is_last(found: list[Item], body: tuple[Any, ...]) -> bool:
    """Whether the last element is the value of the last code; else a flat list ends in its serial
    number."""
    return found[-1].data is body[-1]


def _collect(elements: list[Any] | tuple[Any, ...], found: list[Item]) -> None:
    """Layouts (a) and (b): a code, then its value, then perhaps scaler and unit."""
    index, count = 0, len(elements)
    while index < count:
        element = elements[index]
        index += 1
        kind = type(element)
        if kind is tuple or kind is list:
            _collect(element, found)
        elif kind is bytes and len(element) == LOGICAL_NAME and index < count:
            data = elements[index]
            index += 1
            behind = elements[index] if index < count else None
            if type(behind) is tuple and (scaled := _scaler_unit(behind)):
                found.append(Item(code_of(element), data, scaled[0], units.COSEM.get(scaled[1])))
                index += 1
            else:  # attribute 1 is the name itself, which says nothing
                found.append(Item(code_of(element), b"" if data == element else data))


def _scaler_unit(data: Any) -> tuple[int, Enum] | None:
    """`data` if it is a {scaler, unit}: an int8 and an enum.  Source: IEC 62056-6-2, 4.3.2."""
    if type(data) is not tuple or len(data) != SCALER_UNIT or type(data[1]) is not Enum:
        return None
    return data if type(data[0]) is int and -128 <= data[0] <= 127 else None


def _pushed(objects: list[Any], values: tuple[Any, ...]) -> Iterator[Item]:
    """Layout (c): the first object is the list itself, so objects and values go side by side.

    A list that does not name itself has one object less than there are elements.
    """
    if len(objects) == len(values) - 1:
        values = values[1:]
    if len(objects) != len(values):
        return
    scaled: dict[bytes, tuple[int, Enum]] = {}
    pairs: list[tuple[bytes, Any]] = []
    for thing, data in zip(objects, values, strict=True):
        if not isinstance(thing, tuple) or len(thing) < OBJECT:
            return
        kind, name, attribute = thing[:3]
        if type(name) is not bytes or len(name) != LOGICAL_NAME:
            return
        if attribute == SCALER_AND_UNIT and (both := _scaler_unit(data)):
            scaled[name] = both
        elif attribute == VALUE and kind != PUSH_SETUP:
            pairs.append((name, data))
    for name, data in pairs:
        scaler, unit = scaled.get(name, (None, None))
        yield Item(code_of(name), data, scaler, None if unit is None else units.COSEM.get(unit))


Order = tuple[tuple[str, int | None, str | None], ...]

_POWERS: Order = (("1.7.0", 0, "W"), ("2.7.0", 0, "W"), ("3.7.0", 0, "var"), ("4.7.0", 0, "var"))
_AMPERES: Order = tuple((f"{c}.7.0", -3, "A") for c in (31, 51, 71))
_VOLTS: Order = tuple((f"{c}.7.0", -1, "V") for c in (32, 52, 72))
_ENERGIES: Order = (
    ("1.8.0", 0, "Wh"),
    ("2.8.0", 0, "Wh"),
    ("3.8.0", 0, "varh"),
    ("4.8.0", 0, "varh"),
)
_NAMES: Order = ((LIST_NAME, None, None), (SERIAL, None, None), ("96.1.7", None, None))
_CLOCK: Order = (("1.0.0", None, None),)
_ONE_PHASE = (*_NAMES, *_POWERS, _AMPERES[0], _VOLTS[0])
_THREE_PHASES = (*_NAMES, *_POWERS, *_AMPERES, *_VOLTS)
_NORWEGIAN: dict[int, Order] = {
    len(order): order
    for order in (
        _POWERS[:1],
        _ONE_PHASE,
        _THREE_PHASES,
        (*_ONE_PHASE, *_CLOCK, *_ENERGIES),
        (*_THREE_PHASES, *_CLOCK, *_ENERGIES),
    )
}
"""Number of elements -> what they are.  Source: NVE/Kaifa, KFM_001, lists 1 to 3."""

_AUSTRIAN_ENERGIES = 4
"""Where they begin: after the push setup's name, the serial number, time and date."""
_AUSTRIAN = (*_ENERGIES, *_POWERS[:2])
"""Source: Siemens/Iskraemeco IM350 and AM550 in Austria, the order the network operator
describes."""


def _norwegian(body: tuple[Any, ...]) -> list[Item]:
    order = _NORWEGIAN.get(len(body))
    if order is None or (len(body) > 1 and not _text(body[0]).startswith("KFM")):
        return []
    if len(body) == 1 and type(body[0]) is not int:
        return []
    return [
        Item(code, data, scaler, unit)
        for (code, scaler, unit), data in zip(order, body, strict=True)
    ]


def _austrian(body: tuple[Any, ...]) -> list[Item]:
    last = _AUSTRIAN_ENERGIES + len(_AUSTRIAN)
    if len(body) < last or type(body[0]) is not bytes or len(body[0]) != LOGICAL_NAME:
        return []
    numbers = body[_AUSTRIAN_ENERGIES:last]
    if not all(type(number) is int for number in numbers) or type(body[1]) is not bytes:
        return []
    found = [Item(code, data) for (code, *_), data in zip(_AUSTRIAN, numbers, strict=True)]
    return [Item(SERIAL, body[1]), *found]


def _text(data: Any) -> str:
    return data.decode("latin-1") if isinstance(data, bytes) else str(data)


_REPAIRS = (
    # EG.D (Sagemcom): an untagged descriptor {class, logical name, attribute} instead of the name
    (
        re.compile(rb"\x02\x02\x00[\x01-\x7f](.{5}\xff)[\x01-\x0f]", re.DOTALL),
        b"\x02\x02\x09\x06\\1",
    ),
    # Landis+Gyr ZMF100: tag and length of the name have changed places
    (re.compile(rb"\x02\x03\x06\x09(.{5}\xff)(?=[\x10\x12])", re.DOTALL), b"\x02\x03\x09\x06\\1"),
)


def repaired(apdu: bytes) -> Iterator[bytes]:
    """The APDU with the known faults of meters put right, for one that cannot be read as it is."""
    for fault, right in _REPAIRS:
        if fault.search(apdu):
            yield fault.sub(right, apdu)
