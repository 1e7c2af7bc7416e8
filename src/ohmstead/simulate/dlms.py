"""DLMS data notifications: values with their codes, scalers and units.  The mirror of wire/dlms.

Source: IEC 62056-5-3, data-notification and A-XDR types; IEC 62056-6-2 for date-time and units.
"""

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta

from ohmstead.reading.obis import Obis

ARRAY, STRUCTURE, OCTETS, VISIBLE = 0x01, 0x02, 0x09, 0x0A
UINT32, INT16, UINT16 = 0x06, 0x10, 0x12
_FORMATS = {UINT32: ">BI", INT16: ">Bh", UINT16: ">BH"}


def name(obis: Obis) -> bytes:
    """A code as an octet string of six bytes."""
    return bytes((OCTETS, 6, *obis))


def number(tag: int, value: int) -> bytes:
    """A whole number with its type; struct.error where it does not fit."""
    return struct.pack(_FORMATS[tag], tag, value)


def text(value: str) -> bytes:
    """A visible string of at most 127 letters."""
    return bytes((VISIBLE, len(value))) + value.encode("ascii")


def scaler_unit(scaler: int, unit: int) -> bytes:
    """The structure {integer scaler, enum unit}."""
    return struct.pack(">BBBbBB", STRUCTURE, 2, 0x0F, scaler, 0x16, unit)


def date_time(local: datetime) -> bytes:
    """An aware local time as twelve octets, with its deviation and summer-time bit.

    Deviation is minutes from local time to UTC, so -60 for UTC+1.  Source: IEC 62056-6-2,
    date_time.
    """
    offset = local.utcoffset() or timedelta()
    return struct.pack(
        ">BBHBBBBBBBhB",
        OCTETS,
        12,
        local.year,
        local.month,
        local.day,
        local.isoweekday(),
        local.hour,
        local.minute,
        local.second,
        0xFF,
        -int(offset.total_seconds() // 60),
        0x80 if local.dst() else 0,
    )


def row(*parts: bytes) -> bytes:
    """A structure of already written parts."""
    return bytes((STRUCTURE, len(parts))) + b"".join(parts)


def notification(rows: Sequence[bytes]) -> bytes:
    """A data notification without a time of its own, whose body is an array of at most 127 rows."""
    return bytes.fromhex("0f4000000000") + bytes((ARRAY, len(rows))) + b"".join(rows)
