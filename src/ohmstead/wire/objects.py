"""The COSEM objects of a DLMS telegram as the meter sent them: class, tag, raw value, unit, scaler.

For a look at what the meter really says.  Source: the newer firmware's `report/objects`; types and
units are those of IEC 62056-6-2.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from ohmstead.reading import units
from ohmstead.wire import scalers
from ohmstead.wire.axdr import MAX_DEPTH, Bits, Enum, Reader, Unreadable, width_of
from ohmstead.wire.cosem import moment, read, written
from ohmstead.wire.layouts import (
    LOGICAL_NAME,
    OBJECT,
    PUSH_SETUP,
    SCALER_AND_UNIT,
    SCALER_UNIT,
    VALUE,
    code_of,
)
from ohmstead.wire.telegram import Telegram, Value

DATA, REGISTER, CLOCK = 1, 3, 8
"""Classes."""
_CLOCKS = ("1.0.0",)
UNITLESS = ("13.7.", "33.7.", "53.7.", "73.7.")
"""Registers without a unit: power factors."""
_NUMBERS = {name: number for number, name in reversed(units.COSEM.items())}
_ARRAY, _STRUCTURE = 0x01, 0x02

Json = dict[str, Any]
Powers = Mapping[str, int]
"""Short code -> the power of ten that is set for it."""


class Leaf(Struct, frozen=True):
    """An element as it came: its tag, so many bytes, and what they mean."""

    tag: int
    size: int
    data: Any


class Tagged(Reader):
    """A reader that keeps the tags; what a compact array holds has its tag."""

    __slots__ = ("_whole",)

    def __init__(self, data: bytes, position: int = 0) -> None:
        super().__init__(data, position)
        self._whole = data

    def value(self, depth: int = 0) -> Any:
        """The next element: a Leaf, or a list or tuple of such."""
        start = self.position
        tag = self.take(1)[0]
        if tag in (_ARRAY, _STRUCTURE):
            count = self.length()
            if depth >= MAX_DEPTH or count > self.rest:  # an element has at least one byte
                raise Unreadable(f"{count} elements are said to follow in {self.rest} bytes")
            elements = [self.value(depth + 1) for _ in range(count)]
            return elements if tag == _ARRAY else tuple(elements)
        plain = Reader(self._whole, start)
        found = plain.value(depth)
        self.position = plain.position
        return _leaves(tag, found)


def _leaves(tag: int, found: Any) -> Any:
    """What was read, with its tag at every element."""
    if isinstance(found, Bits) or not isinstance(found, list | tuple):
        return Leaf(tag, _size(tag, found), found)
    return type(found)([_leaves(tag, each) for each in found])


def _size(tag: int, data: Any) -> int:
    if isinstance(data, Bits):
        return len(data.data)
    width = width_of(tag)
    if width is None:
        return len(data) if isinstance(data, bytes | str) else 0
    return width


def name_of(name: bytes) -> str:
    """A logical name as the device spells it.

    >>> name_of(bytes.fromhex("0101010800ff"))
    '1-1:1.8.0'
    """
    a, b, c, d, e, _ = name
    return f"{a}-{b}:{c}.{d}.{e}"


def applied(telegram: Telegram, code: str, powers: Powers) -> int | None:
    """The power of ten that makes a raw number of the telegram its value; None for other values.

    The one that is set counts first, then the telegram's own, then what the meter's kind implies.
    """
    value = telegram.values.get(code)
    if value is None or value.raw is None or isinstance(value.value, str):
        return None
    if value.scaler is None and value.unit is None and not code.startswith(UNITLESS):
        return None
    if code in powers:
        return powers[code]
    if value.scaler is not None:
        return value.scaler
    if value.raw and value.value:
        return round(math.log10(abs(value.value / value.raw)))
    return scalers.assumed(code, value.raw)[0]


def objects(telegram: Telegram, powers: Powers) -> list[Json]:
    """The objects of a telegram, in its order; none for one that is not DLMS."""
    if telegram.protocol != "DLMS" or not telegram.apdu:
        return []
    try:
        _, body = read(Tagged(telegram.apdu))
    except Unreadable:  # one whose faults were put right: its values still are known
        return [_bare(code, value) for code, value in telegram.values.items()]
    if isinstance(body, tuple) and body and isinstance(body[0], list):
        found = list(_pushed(body[0], body))
    else:
        found = list(_rows(body))
    if 2 * len(found) < len(telegram.values):  # values in an agreed order, without their names
        return [_bare(code, value) for code, value in telegram.values.items()]
    return [_sized(thing, telegram, powers) for thing in found]


def _sized(thing: Json, telegram: Telegram, powers: Powers) -> Json:
    """A register, with the unit and the scaler that count where the telegram has none."""
    name = thing.pop("code", None)
    if thing["class"] != REGISTER or "scaler" in thing:
        return thing
    code = code_of(name)
    value = telegram.values.get(code)
    number = _NUMBERS.get(value.unit or "") if value else None
    scaler = applied(telegram, code, powers)
    return {
        **thing,
        **({} if number is None else {"unit": number}),
        **({} if scaler is None else {"scaler": scaler}),
    }


def _bare(code: str, value: Value) -> Json:
    """What is left of an object whose place in the telegram cannot be told."""
    raw = value.value if value.raw is None else value.raw
    numeric = not isinstance(raw, str)
    unit = _NUMBERS.get(value.unit or "")
    return {
        "logical_name": code,
        "class": REGISTER if numeric and unit is not None else DATA,
        "value": raw,
        **({} if unit is None else {"unit": unit}),
        **({} if value.scaler is None else {"scaler": value.scaler}),
    }


def _object(name: bytes, kind: int, leaf: Leaf) -> Json:
    data = leaf.data
    clock = moment(data) if type(data) is bytes else None
    if clock is not None:
        data = written(clock)
    elif isinstance(data, bytes):
        data = data.hex().upper()
    elif isinstance(data, Bits):
        data = data.data.hex().upper()
    return {
        "logical_name": name_of(name),
        "class": kind,
        "tag": leaf.tag,
        "size": leaf.size,
        "value": data,
        "code": name,
    }


def _scaled(pair: Any) -> tuple[int, int] | None:
    """Scaler and unit, where an element is the two."""
    if not isinstance(pair, tuple) or len(pair) != SCALER_UNIT:
        return None
    scaler, unit = pair
    if not isinstance(scaler, Leaf) or not isinstance(unit, Leaf) or type(unit.data) is not Enum:
        return None
    return int(scaler.data), int(unit.data)


def _is_name(element: Any) -> bool:
    return (
        isinstance(element, Leaf)
        and type(element.data) is bytes
        and len(element.data) == LOGICAL_NAME
    )


def _is_entry(thing: Any) -> bool:
    """Whether an element is {class, logical name, attribute, data index, ...}."""
    return (
        isinstance(thing, tuple)
        and len(thing) >= OBJECT
        and all(isinstance(part, Leaf) for part in thing[:OBJECT])
        and _is_name(thing[1])
    )


def _rows(elements: Any) -> Iterator[Json]:
    """A code, then its value, then perhaps scaler and unit."""
    if not isinstance(elements, list | tuple):
        return
    index = 0
    while index < len(elements):
        element = elements[index]
        index += 1
        if not isinstance(element, Leaf):
            yield from _rows(element)
            continue
        if not _is_name(element) or index == len(elements):
            continue
        data = elements[index]
        index += 1
        if not isinstance(data, Leaf):
            yield from _rows(data)
            continue
        scaled = _scaled(elements[index]) if index < len(elements) else None
        index += scaled is not None
        code = code_of(element.data)
        number = isinstance(data.data, int | float) and not isinstance(data.data, bool)
        kind = REGISTER if scaled or number else CLOCK if code in _CLOCKS else DATA
        yield {**_object(element.data, kind, data), **_with(scaled)}


def _with(scaled: tuple[int, int] | None) -> Json:
    return {} if scaled is None else {"unit": scaled[1], "scaler": scaled[0]}


def _pushed(listed: list[Any], values: tuple[Any, ...]) -> Iterator[Json]:
    """A list of objects, then their values side by side; the first object is the list itself."""
    entries = [thing for thing in listed if _is_entry(thing)]
    if len(entries) == len(values) - 1:
        values = values[1:]
    if len(entries) != len(values):
        return
    pairs = [
        (tuple(leaf.data for leaf in e[:OBJECT]), v) for e, v in zip(entries, values, strict=True)
    ]
    scaled = {
        name: _scaled(data)
        for (_, name, attribute, _), data in pairs
        if attribute == SCALER_AND_UNIT
    }
    for (kind, name, attribute, _), data in pairs:
        if kind == PUSH_SETUP and attribute == VALUE:
            yield {
                "logical_name": name_of(name),
                "class": kind,
                "size": len(entries),
                "push_object_list": [
                    {
                        "logical_name": name_of(other),
                        "class": of,
                        "attribute": at,
                        "data_index": place,
                    }
                    for (of, other, at, place), _ in pairs
                ],
            }
        elif attribute == VALUE and isinstance(data, Leaf):
            yield {**_object(name, kind, data), **_with(scaled.get(name))}
