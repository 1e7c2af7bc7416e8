"""The records of the variable data structure of the M-Bus, one after the other.

A record is a data information block (how long the data is, and of which storage, tariff and
subunit), a value information block (see `vif`) and the data.  The two blocks of a meter's records
never change, so each is taken apart once.  Source: EN 13757-3:2018, 6.3 and annex A (data types).
"""

import math
from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from ohmstead.reading.units import shifted
from ohmstead.wire import vif
from ohmstead.wire.axdr import Unreadable, single
from ohmstead.wire.telegram import Value
from ohmstead.wire.vif import Information, informed

FILLER, REST, REST_AND_MORE = 0x2F, 0x0F, 0x1F
SPECIAL = 0x0F
MOST_EXTENSIONS = 10
VARIABLE = -1
LENGTHS = (0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, VARIABLE, 6, 0)
"""Bytes of data, by the low four bits of the DIF."""
REAL, FIRST_BCD = 0x5, 0x9


class Function(IntEnum):
    """Which value of its quantity a record holds."""

    NOW = 0
    MAXIMUM = 1
    MINIMUM = 2
    ERROR = 3


class Head(NamedTuple):
    """What the two blocks before the data say."""

    kind: int
    """The data field: low four bits of the DIF."""
    function: Function
    storage: int
    tariff: int
    subunit: int
    information: Information


class Record(NamedTuple):
    """One record; `head` is None for what the maker keeps to itself, a text in hexadecimal."""

    head: Head | None
    value: Value | None
    """None where the record says nothing: no data, an empty text, an invalid time."""


def records(data: bytes, *, reversed_: bool = False) -> Iterator[Record]:
    """The records of `data` in their order; Unreadable where one is cut off or makes no sense.

    With `reversed_` numbers come with their highest byte first (mode 2).
    """
    at, end = 0, len(data)
    while at < end:
        dif = data[at]
        if dif == FILLER:
            at += 1
            continue
        if dif & SPECIAL == SPECIAL:
            if dif not in (REST, REST_AND_MORE):
                raise Unreadable(f"the special function 0x{dif:02X} is not known")
            text = data[at + 1 :].hex(" ").upper()
            yield Record(None, Value(text) if text else None)
            return
        start, at = at, _after_blocks(data, at)
        head = _head(data[start:at])
        length = LENGTHS[head.kind]
        if length == VARIABLE:
            yield Record(head, _variable(head.information, data[at : at + 1 + _size(data, at)]))
            at += 1 + _size(data, at)
            continue
        chunk = data[at : at + length]
        if len(chunk) < length:
            raise Unreadable("the last record is cut off")
        yield Record(head, _value(head, chunk[::-1] if reversed_ else chunk))
        at += length


def _after_blocks(data: bytes, at: int) -> int:
    """Where the data begins of the record at `at`."""
    at = _after_chain(data, at)
    vif_at = at
    if vif_at >= len(data):
        raise Unreadable("a record has no value information")
    if data[vif_at] & vif.CODE == vif.TEXT:  # its text comes before any code that follows
        text = data[at + 1 : at + 2]
        at += 1 + (text[0] if text else 0)
        if not text or at >= len(data):
            raise Unreadable("a unit in words is cut off")
        return _after_chain(data, at + 1) if data[vif_at] & vif.MORE else at + 1
    return _after_chain(data, at)


def _after_chain(data: bytes, start: int) -> int:
    """Behind the first byte from `start` on that says no other follows."""
    for at in range(start, min(len(data), start + 1 + MOST_EXTENSIONS)):
        if not data[at] & vif.MORE:
            return at + 1
    raise Unreadable("the head of a record has no end")


@lru_cache(maxsize=1024)
def _head(blocks: bytes) -> Head:
    """What the two blocks of a record say."""
    dif = blocks[0]
    storage, tariff, subunit = dif >> 6 & 1, 0, 0
    at = 1
    while blocks[at - 1] & vif.MORE:
        more = blocks[at]
        storage |= (more & 0x0F) << (4 * at - 3)
        tariff |= (more >> 4 & 3) << (2 * at - 2)
        subunit |= (more >> 6 & 1) << (at - 1)
        at += 1
    function = Function(dif >> 4 & 3)
    return Head(dif & 0x0F, function, storage, tariff, subunit, _information(blocks[at:]))


def _information(block: bytes) -> Information:
    code, codes = block[0], block[1:]
    if code in (vif.FIRST_EXTENSION, vif.SECOND_EXTENSION):
        table = vif.FB if code == vif.FIRST_EXTENSION else vif.FD
        return informed(table[codes[0] & vif.CODE], codes[1:])
    if code == vif.THIRD_EXTENSION:
        return informed(vif.RESERVED, codes, own=True)
    primary = vif.PRIMARY[code & vif.CODE]
    if code & vif.CODE == vif.TEXT:
        return informed(primary, codes[1 + codes[0] :])
    return informed(primary, codes, own=code & vif.CODE == vif.MANUFACTURER)


def _value(head: Head, data: bytes) -> Value | None:
    """The value of fixed length that `data` (lowest byte first) stands for."""
    kind, information = head.kind, head.information
    if not data:
        return None
    if kind < REAL or kind in (6, 7):
        if information.is_time and kind != 1:
            return time_point(data)
        return scaled(int.from_bytes(data, "little", signed=True), information)
    if kind == REAL:
        (number,) = single(data[::-1])
        return scaled(number, information) if math.isfinite(number) else None
    digits = bcd(data)
    return Value(digits) if isinstance(digits, str) else scaled(digits, information)


def scaled(raw: float, information: Information) -> Value:
    """A number in its unit."""
    value = shifted(raw, information.power)
    if information.factor != 1:
        value *= information.factor
    if information.offset:
        value += information.offset
    whole = raw if isinstance(raw, int) else None
    scaler = information.power if whole is not None and information.factor == 1 else None
    return Value(value, information.unit, None, whole, scaler)


def bcd(data: bytes) -> int | str:
    """The number in decimal digits, lowest byte first; F in front is a minus (type A).

    Other digits above 9 are how meters show an error; what they then say stays text.

    >>> bcd(bytes.fromhex("5634")), bcd(bytes.fromhex("34f1")), bcd(bytes.fromhex("eeee"))
    (3456, -134, 'EEEE')
    """
    digits = data[::-1].hex()
    if digits.isdecimal():
        return int(digits)
    if digits[:1] == "f" and digits[1:].isdecimal():
        return -int(digits[1:])
    return digits.upper()


def _size(data: bytes, at: int) -> int:
    """How many bytes follow the LVAR at `at`; Unreadable where they do not."""
    lvar = data[at] if at < len(data) else None
    size = None
    if lvar is None:
        raise Unreadable("the last record is cut off")
    if lvar <= 0xBF:
        size = lvar
    elif lvar < 0xF0:
        size = lvar & 0x0F
    elif lvar <= 0xF4:
        size = 4 * (lvar - 0xEC)
    elif lvar <= 0xF6:
        size = 48 if lvar == 0xF5 else 64
    if size is None or at + 1 + size > len(data):
        raise Unreadable(f"the length 0x{lvar:02X} of a record is too long")
    return size


def _variable(information: Information, data: bytes) -> Value | None:
    """The value of variable length; `data` begins with its LVAR."""
    lvar, rest = data[0], data[1:]
    if not rest:
        return None
    if lvar <= 0xBF:
        text = rest[::-1].decode("latin-1").strip("\0 ")
        if not text:
            return None
        return Value(text if text.isprintable() else rest.hex(" ").upper(), information.unit)
    if lvar < 0xE0:
        digits = bcd(rest)
        if isinstance(digits, str):
            return Value(digits)
        return scaled(-digits if lvar >= 0xD0 else digits, information)
    return scaled(int.from_bytes(rest, "little", signed=True), information)


DATE, TIME_OF_DAY, TO_THE_MINUTE, TO_THE_SECOND = 2, 3, 4, 6  # bytes of the types G, J, F and I


def time_point(data: bytes) -> Value | None:
    """A date or time of the types G, J, F or I, by its length; None for one that is marked invalid.

    The text has a Z behind a time, as M-Bus readers write it, though it is the meter's local time;
    `at` is that time, with the fold of the summer-time bit.
    """
    if len(data) == DATE:
        year, month, day = _date(data[0], data[1])
        text = f"{year:04}-{month:02}-{day:02}"
        return Value(text, vif.TIME, _moment(year, month, day))
    if len(data) == TIME_OF_DAY:
        second, minute, hour = data[0] & 0x3F, data[1] & 0x3F, data[2] & 0x1F
        return Value(f"{hour:02}:{minute:02}:{second:02}", vif.TIME)
    second, summer, clock = 0, data[1] & 0x80, data
    if len(data) == TO_THE_SECOND:
        second, summer, clock = data[0] & 0x3F, data[0] & 0x40, data[1:]
    elif len(data) != TO_THE_MINUTE:
        return None
    if clock[0] & 0x80:
        return None
    minute, hour = clock[0] & 0x3F, clock[1] & 0x1F
    century = clock[1] >> 5 & 3 if len(data) == TO_THE_MINUTE else 0
    year, month, day = _date(clock[2], clock[3], century)
    text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    at = _moment(year, month, day, hour, minute, second)
    return Value(text, vif.TIME, at and at.replace(fold=0 if summer else 1))


def _date(low: int, high: int, century: int = 0) -> tuple[int, int, int]:
    """Year, month and day; a year up to 80 is of this century where none is told."""
    year = low >> 5 | (high & 0xF0) >> 1
    hundreds = century or (1 if year <= 80 else 0)
    return 1900 + 100 * hundreds + year, high & 0x0F, low & 0x1F


def _moment(*parts: int) -> datetime | None:
    try:
        return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001  (local wall time)
    except ValueError:
        return None
