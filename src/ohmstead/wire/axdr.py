"""A-XDR: how DLMS writes data down, read into Python values, with limits on depth, count and size.

octet-string -> bytes, visible and UTF-8 string -> str, array -> list, structure -> tuple, enum ->
Enum, integers -> int, boolean -> bool, float -> float, null -> None, bit string -> Bits; date-time,
date and time (the tagged ones) -> bytes.  Source: IEC 62056-6-2, 4.1.5 (common data types); IEC
61334-6 (A-XDR lengths).
"""

import math
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

MAX_DEPTH = 16
"""Meters nest 4 deep; the call stack must not depend on what a stream says."""
MAX_ELEMENTS = 4096
"""Elements of one APDU, all levels together; the longest push list has under 300."""


class Unreadable(ValueError):
    """The bytes are no A-XDR within the limits; the text says why.  It never leaves the wire."""


class Enum(int):
    """An integer that names something (a unit)."""

    __slots__ = ()


class Bits(NamedTuple):
    """A bit string: so many bits, left aligned in the bytes."""

    bits: int
    data: bytes


_ENUMS = tuple(Enum(number) for number in range(256))

_SINGLE = struct.Struct(">f")
Unpack = Callable[[bytes, int], tuple[Any, ...]]


def _written(form: str) -> tuple[int, Unpack]:
    found = struct.Struct(">" + form)
    return found.size, found.unpack_from


def _bcd(data: bytes, at: int) -> tuple[int]:
    return ((data[at] >> 4) * 10 + (data[at] & 15),)


def single(data: bytes, at: int = 0) -> tuple[float]:
    """The number that four bytes of floating point are meant to be, without the noise of a double.

    >>> single(bytes.fromhex("42f6e979"))
    (123.456,)
    """
    (exact,) = _SINGLE.unpack_from(data, at)
    if not math.isfinite(exact) or exact == float(f"{exact:.9g}"):
        return (exact,)  # it needs no more digits than one who writes by hand
    whole = data[at : at + _SINGLE.size]
    shorter = (float(f"{exact:.{digits}g}") for digits in (6, 7, 8))
    return (next((number for number in shorter if _is_single(number, whole)), exact),)


def _is_single(number: float, written: bytes) -> bool:
    try:
        return _SINGLE.pack(number) == written
    except OverflowError:  # the largest of all, rounded up
        return False


def _enum(data: bytes, at: int) -> tuple[Enum]:
    return (_ENUMS[data[at]],)


_FIXED: dict[int, tuple[int, Unpack]] = {
    0x03: _written("?"),
    0x05: _written("i"),
    0x06: _written("I"),
    0x0D: (1, _bcd),
    0x0F: _written("b"),
    0x10: _written("h"),
    0x11: _written("B"),
    0x12: _written("H"),
    0x14: _written("q"),
    0x15: _written("Q"),
    0x16: (1, _enum),
    0x17: (_SINGLE.size, single),
    0x18: _written("d"),
    0x19: _written("12s"),
    0x1A: _written("5s"),
    0x1B: _written("4s"),
}
"""Tag -> (bytes, what reads them at a position)."""

LONG = 0x80
"""From here on the first byte of a length says in how many more the length is written."""
_ARRAY, _STRUCTURE, _BITS, _OCTETS, _VISIBLE, _UTF8 = 0x01, 0x02, 0x04, 0x09, 0x0A, 0x0C
_TEXTS = frozenset((_OCTETS, _VISIBLE, _UTF8))
_NULL, _DONT_CARE, _COMPACT = 0x00, 0xFF, 0x13


class Reader:
    """A position in an APDU; every `read` moves it on, and raises Unreadable rather than reading
    past the end."""

    __slots__ = ("_data", "_left", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data = data
        self._left = MAX_ELEMENTS
        self.position = position

    @property
    def rest(self) -> int:
        """Bytes not yet read."""
        return len(self._data) - self.position

    def take(self, count: int) -> bytes:
        """The next `count` bytes as they are."""
        start, end = self.position, self.position + count
        if end > len(self._data):
            raise Unreadable(f"{count} bytes are said to follow, {len(self._data) - start} do")
        self.position = end
        return self._data[start:end]

    def length(self) -> int:
        """A length: one byte up to 127, else 8n and the length in n bytes."""
        first = self.take(1)[0]
        if first < LONG:
            return first
        if first > LONG + 4:
            raise Unreadable(f"a length of {first - LONG} bytes is too long")
        return int.from_bytes(self.take(first - LONG), "big")

    def value(self, depth: int = 0) -> Any:
        """The next element with all that is in it."""
        tag = self.take(1)[0]
        if tag in _FIXED:
            return self._fixed(tag)
        if tag == _COMPACT:
            return self._compact(depth + 1)
        if tag in (_ARRAY, _STRUCTURE):
            return self._many(tag, depth + 1)
        return self._sized(tag)

    def _sized(self, tag: int) -> bytes | str | Bits | None:
        """What says its own length, or has none."""
        if tag == _OCTETS:
            return self.take(self.length())
        if tag in (_VISIBLE, _UTF8):
            return self.take(self.length()).decode("utf-8", "replace")
        if tag == _BITS:
            bits = self.length()
            return Bits(bits, self.take((bits + 7) // 8))
        if tag not in (_NULL, _DONT_CARE):
            raise Unreadable(f"there is no data type 0x{tag:02X}")
        return None

    def _compact(self, depth: int) -> list[Any]:
        """A compact array: the type once, then the contents of all elements without their tags."""
        kind = self._kind(depth)
        inside = Reader(self.take(self.length()))
        inside._left = self._left
        found = []
        while inside.rest:
            before = inside.position
            found.append(inside._typed(kind, depth + 1))
            if inside.position == before:
                raise Unreadable("a compact array of elements without contents has no end")
        self._left = inside._left
        return found

    def _kind(self, depth: int) -> tuple[int, Any]:
        """A type description.  Source: IEC 62056-5-3, 8.1 (TypeDescription)."""
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise Unreadable(f"nested more than {MAX_DEPTH} deep, or too many elements")
        tag = self.take(1)[0]
        if tag == _ARRAY:
            count = int.from_bytes(self.take(2), "big")
            return tag, (count, self._kind(depth + 1))
        if tag == _STRUCTURE:
            return tag, [self._kind(depth + 1) for _ in range(self.length())]
        return tag, None

    def _typed(self, kind: tuple[int, Any], depth: int) -> Any:
        """The next contents, of a type that is known."""
        self._left -= 1
        if depth > 2 * MAX_DEPTH or self._left < 0:
            raise Unreadable(f"more than {MAX_ELEMENTS} elements")
        tag, inner = kind
        if tag == _STRUCTURE:
            return tuple([self._typed(each, depth + 1) for each in inner])
        if tag == _ARRAY:
            count, each = inner
            return [self._typed(each, depth + 1) for _ in range(count)]
        return self._fixed(tag) if tag in _FIXED else self._sized(tag)

    def _fixed(self, tag: int) -> Any:
        """What has one length only; its tag is read."""
        size, unpack = _FIXED[tag]
        if size > self.rest:
            raise Unreadable(f"{size} bytes are said to follow, {self.rest} do")
        (found,) = unpack(self._data, self.position)
        self.position += size
        return found

    def _many(self, tag: int, depth: int) -> list[Any] | tuple[Any, ...]:
        if depth > MAX_DEPTH:
            raise Unreadable(f"nested more than {MAX_DEPTH} deep")
        count = self.length()
        if count > min(self.rest, self._left):  # an element has at least one byte
            raise Unreadable(f"{count} elements are said to follow in {self.rest} bytes")
        self._left -= count
        elements = self._elements(count, depth)
        return elements if tag == _ARRAY else tuple(elements)

    def _elements(self, count: int, depth: int) -> list[Any]:
        """The next `count` elements; numbers and short octet strings here, at once, the others by
        `value`."""
        try:
            return self._at_once(count, depth)
        except (IndexError, struct.error):
            raise Unreadable("the last element is cut off") from None

    def _at_once(self, count: int, depth: int) -> list[Any]:
        data, at, end = self._data, self.position, len(self._data)
        elements: list[Any] = []
        for _ in range(count):
            tag = data[at]
            if tag in _FIXED:
                size, unpack = _FIXED[tag]
                elements.append(unpack(data, at + 1)[0])
                at += 1 + size
            elif tag in _TEXTS and (size := data[at + 1]) < LONG and at + 2 + size <= end:
                text = data[at + 2 : at + 2 + size]
                elements.append(text if tag == _OCTETS else text.decode("utf-8", "replace"))
                at += 2 + size
            else:
                self.position = at
                elements.append(self.value(depth))
                at = self.position
        self.position = at
        return elements


def width_of(tag: int) -> int | None:
    """Bytes behind a tag whose data have one length only; None for the others.

    >>> width_of(0x12), width_of(0x00), width_of(0x09)
    (2, 0, None)
    """
    if tag in (_NULL, _DONT_CARE):
        return 0
    fixed = _FIXED.get(tag)
    return fixed[0] if fixed else None


def read(data: bytes) -> Any:
    """The one element that `data` is; Unreadable if it is not, or if something is left over.

    >>> read(bytes.fromhex("02020fff1623"))
    (-1, 35)
    """
    reader = Reader(data)
    value = reader.value()
    if reader.rest:
        raise Unreadable(f"{reader.rest} bytes are left over")
    return value
