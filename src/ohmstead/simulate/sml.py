"""What a German meter's optical head sends: SML messages in a file.  The mirror of wire/sml.

Source: BSI TR-03109-1, annex IVb (Smart Message Language 1.04).
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias, Union

from ohmstead.reading.obis import Obis
from ohmstead.wire.crc import fcs16

ESCAPE, VERSION = b"\x1b" * 4, b"\x01" * 4
OCTETS, BOOLEAN, SIGNED, UNSIGNED, LIST = 0x00, 0x40, 0x50, 0x60, 0x70
OPEN, CLOSE, GET_LIST = 0x0101, 0x0201, 0x0701
LIST_NAME = bytes.fromhex("0100620affff")
END = b"\x00"


class Unsigned(NamedTuple):
    """A number without a sign, in so many bytes."""

    value: int
    width: int


Field: TypeAlias = Union[bool, int, bytes, Unsigned, Sequence["Field"], None]  # noqa: UP007
"""What a field may be; None is left out, a bare number is signed and as short as it can be."""


class Entry(NamedTuple):
    """One value of a list; `unit` is its number in COSEM."""

    obis: Obis
    value: int | bytes | Unsigned
    unit: int | None = None
    scaler: int | None = None
    status: int | None = None


def field(value: Field) -> bytes:
    """A field with its type and length."""
    if value is None:
        return b"\x01"
    if isinstance(value, bool):
        return bytes((BOOLEAN | 2, value))
    if isinstance(value, Unsigned):
        return _headed(UNSIGNED, value.value.to_bytes(value.width, "big"))
    if isinstance(value, int):
        width = (value if value >= 0 else ~value).bit_length() // 8 + 1
        return _headed(SIGNED, value.to_bytes(width, "big", signed=True))
    if isinstance(value, bytes):
        return _headed(OCTETS, value)
    return _head(LIST, len(value)) + b"".join(map(field, value))


def _headed(kind: int, content: bytes) -> bytes:
    """Content behind its length, which counts its own bytes too."""
    own = 1
    while len(content) + own >= 16**own:
        own += 1
    return _head(kind, len(content) + own) + content


def _head(kind: int, length: int) -> bytes:
    """Type and length, four bits of it in a byte, the highest first."""
    nibbles = [length & 0x0F]
    while length := length >> 4:
        nibbles.insert(0, length & 0x0F)
    nibbles[0] |= kind
    return bytes([0x80 | nibble for nibble in nibbles[:-1]] + nibbles[-1:])


def message(number: int, kind: int, body: Field) -> bytes:
    """One message with its checksum."""
    transaction = number.to_bytes(4, "big")
    inside = field(transaction) + field(Unsigned(0, 1)) * 2 + field((Unsigned(kind, 2), body))
    checked = b"\x76" + inside
    return checked + b"\x63" + fcs16(checked).to_bytes(2, "little") + END


def entry(one: Entry) -> Field:
    """The seven fields of a value."""
    return (
        bytes(one.obis),
        None if one.status is None else Unsigned(one.status, 4),
        None,
        None if one.unit is None else Unsigned(one.unit, 1),
        one.scaler,
        one.value,
        None,
    )


def file(server: bytes, entries: Sequence[Entry], *, seconds: int, number: int = 0) -> bytes:
    """A file that opens, lists and closes; `seconds` since the meter's start."""
    time = (Unsigned(1, 1), Unsigned(seconds, 4))
    opened = (None, None, number.to_bytes(4, "big"), server, time, None)
    listed = (None, server, LIST_NAME, time, [entry(one) for one in entries], None, None)
    messages = (
        message(3 * number, OPEN, opened)
        + message(3 * number + 1, GET_LIST, listed)
        + message(3 * number + 2, CLOSE, (None,))
    )
    return transported(messages)


def transported(messages: bytes) -> bytes:
    """Messages as they go over the line: escaped, filled up, with a checksum."""
    fill = -len(messages) % 4
    inside = messages.replace(ESCAPE, ESCAPE * 2) + bytes(fill)
    data = ESCAPE + VERSION + inside + ESCAPE + bytes((0x1A, fill))
    return data + fcs16(data).to_bytes(2, "little")
