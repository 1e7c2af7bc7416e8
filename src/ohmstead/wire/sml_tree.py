"""The fields of SML: numbers, texts and lists, each behind a byte that says its type and length.

High nibble: 0x80 another length byte follows, 0x70 the type; low nibble: the length, with its own
bytes (a list: how many fields).  Source: BSI TR-03109-1, annex IVb (Smart Message Language 1.04),
chapter 6 (SML binary encoding).
"""

from ohmstead.wire.axdr import Unreadable


class Narrow(int):
    """A negative number of at most three bytes; `unsigned` is what its bits are without a sign."""

    unsigned: int


Field = bytes | bool | int | list["Field"] | None
"""None: a field that was left out (an empty octet string), or the end of a message."""

MORE, KIND, LENGTH = 0x80, 0x70, 0x0F
OCTETS, BOOLEAN, SIGNED, UNSIGNED, LIST = 0x00, 0x40, 0x50, 0x60, 0x70
LEFT_OUT, END = 0x01, 0x00
DEEPEST = 16
LONGEST_NUMBER, NARROW = 8, 3
LENGTH_BYTES = 4


def field(data: bytes, at: int, depth: int = 0) -> tuple[Field, int]:
    """The field at `at`, and where the next one begins; Unreadable where it is none."""
    if at >= len(data):
        raise Unreadable("a message is cut off")
    head = data[at]
    if head in (LEFT_OUT, END):
        return None, at + 1
    kind, size, start = head & KIND, head & LENGTH, at + 1
    while head & MORE:
        if start - at > LENGTH_BYTES or start >= len(data):
            raise Unreadable("the length of a field makes no sense")
        head = data[start]
        size = size << 4 | head & LENGTH
        start += 1
    if kind == LIST:
        return _fields(data, start, size, depth)
    end = at + size
    if size < start - at or end > len(data):
        raise Unreadable("a field is longer than its message")
    if kind == OCTETS:
        return data[start:end] or None, end
    if kind in (SIGNED, UNSIGNED) and 0 < end - start <= LONGEST_NUMBER:
        number = int.from_bytes(data[start:end], "big", signed=kind == SIGNED)
        if number < 0 and end - start <= NARROW:
            number = Narrow(number)
            number.unsigned = int.from_bytes(data[start:end], "big")
        return number, end
    if kind == BOOLEAN and end - start == 1:
        return data[start] != 0, end
    raise Unreadable(f"a field of the type 0x{kind:02X} and {end - start} bytes is not known")


def _fields(data: bytes, at: int, count: int, depth: int) -> tuple[list[Field], int]:
    if depth >= DEEPEST:
        raise Unreadable(f"lists are nested deeper than {DEEPEST}")
    if count > len(data) - at:
        raise Unreadable("a list has more fields than its message has bytes")
    fields: list[Field] = []
    for _ in range(count):
        one, at = field(data, at, depth + 1)
        fields.append(one)
    return fields, at
