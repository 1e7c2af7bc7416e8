"""DLMS data notifications: values with their codes, scalers and units.  The mirror of wire/dlms.

Source: IEC 62056-5-3, data-notification and A-XDR types; IEC 62056-6-2 for date-time and units.
"""

import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from types import MappingProxyType

from ohmstead.reading.obis import Obis
from ohmstead.simulate.seal import length

ARRAY, STRUCTURE, OCTETS, VISIBLE, UTF8 = 0x01, 0x02, 0x09, 0x0A, 0x0C
INT32, UINT32, INT8, INT16, UINT8, UINT16 = 0x05, 0x06, 0x0F, 0x10, 0x11, 0x12
INT64, UINT64, ENUM = 0x14, 0x15, 0x16
COMPACT = 0x13
_FORMATS: Mapping[int, str] = MappingProxyType(
    {
        INT32: ">Bi",
        UINT32: ">BI",
        INT8: ">Bb",
        INT16: ">Bh",
        UINT8: ">BB",
        UINT16: ">BH",
        INT64: ">Bq",
        UINT64: ">BQ",
    }
)
_HEAD = bytes.fromhex("0f40000000")
_UNKNOWN = -0x8000  # deviation


def name(obis: Obis) -> bytes:
    """A code as an octet string of six bytes."""
    return octets(bytes(obis))


def number(tag: int, value: int) -> bytes:
    """A whole number with its type; struct.error where it does not fit."""
    return struct.pack(_FORMATS[tag], tag, value)


def octets(data: bytes) -> bytes:
    """An octet string."""
    return bytes([OCTETS]) + length(len(data)) + data


def text(value: str) -> bytes:
    """A visible string."""
    return bytes([VISIBLE]) + length(len(value)) + value.encode("ascii")


def scaler_unit(scaler: int, unit: int) -> bytes:
    """The structure {integer scaler, enum unit}."""
    return struct.pack(">BBBbBB", STRUCTURE, 2, INT8, scaler, ENUM, unit)


def clock(local: datetime, *, deviation: bool = True) -> bytes:
    """An aware local time in twelve bytes, with its summer-time bit and, if it has one, deviation.

    Deviation is minutes from local time to UTC, so -60 for UTC+1.  Source: IEC 62056-6-2,
    date_time.
    """
    offset = local.utcoffset() or timedelta()
    return struct.pack(
        ">HBBBBBBBhB",
        local.year,
        local.month,
        local.day,
        local.isoweekday(),
        local.hour,
        local.minute,
        local.second,
        0xFF,
        -int(offset.total_seconds() // 60) if deviation else _UNKNOWN,
        0x80 if local.dst() else 0,
    )


def date_time(local: datetime, *, deviation: bool = True) -> bytes:
    """The same as an octet string."""
    return octets(clock(local, deviation=deviation))


class Stamp(Enum):
    """How a notification says its own time."""

    NONE = "length 0"
    PLAIN = "length 12 and the bytes"
    TAGGED = "an octet string of 12, with its tag"
    FLOATING = "like PLAIN, with the deviation left open"

    def written(self, local: datetime) -> bytes:
        """What stands between invoke id and body."""
        match self:
            case Stamp.NONE:
                return b"\x00"
            case Stamp.TAGGED:
                return date_time(local)
            case _:
                return date_time(local, deviation=self is Stamp.PLAIN)[1:]


def structure(*parts: bytes) -> bytes:
    """A structure of already written parts."""
    return bytes([STRUCTURE]) + length(len(parts)) + b"".join(parts)


def array(*parts: bytes) -> bytes:
    """An array of already written parts."""
    return bytes([ARRAY]) + length(len(parts)) + b"".join(parts)


def compact_array(kind: bytes, contents: bytes) -> bytes:
    """An array whose elements have one type, told once, and no tags of their own.

    Source: IEC 62056-5-3, 8.1 (compact-array).
    """
    return bytes([COMPACT]) + kind + length(len(contents)) + contents


def notification(body: bytes, stamp: bytes = b"\x00") -> bytes:
    """A data notification around its body; without a stamp it has no time of its own."""
    return _HEAD + stamp + body
