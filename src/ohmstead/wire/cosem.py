"""A DLMS data notification: which values it carries, whatever way the meter lays them out.

Source: IEC 62056-5-3 (data-notification APDU), IEC 62056-6-2 (register, scaler-unit, date-time),
and the meters.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from math import isfinite
from struct import Struct
from typing import Any

from ohmstead.reading import units
from ohmstead.reading.reading import Identity
from ohmstead.wire import layouts, scalers
from ohmstead.wire.axdr import Bits, Reader, Unreadable
from ohmstead.wire.layouts import LIST_NAME, Item, items
from ohmstead.wire.telegram import Refused, Telegram, Value
from ohmstead.wire.vendors import VENDORS, prefix_of

DATA_NOTIFICATION = 0x0F
INVOKE_ID = 4  # bytes of long-invoke-id-and-priority
DATE_TIME = 12  # bytes of a date-time octet string
OCTET_STRING = 0x09

SUMMER_TIME = 0x80  # in the clock status
FURTHEST_M = 840  # minutes that a deviation may be at most, both ways; what is unspecified is more
_PARTS = Struct(">HBBBBBBBhB")
"""Year, month, day, day of week, hour, minute, second, hundredths, deviation, status."""
WALL_TIME = len("2025-07-03T14:15:00")

CLOCK = "1.0.0"
KAMSTRUP, KAMSTRUPS_CLOCK = "Kamstrup", "0-1:1.0.0"
MAKERS: tuple[tuple[str, str, str], ...] = (
    ("AIDON", "AID", "Aidon"),
    (KAMSTRUP, "KAM", "Kamstrup"),
    ("KFM", "KFM", "Kaifa"),
)
"""How a list's name (0.2.129) begins -> the maker's letters and name."""

_PRINTABLE = re.compile(rb"[\x20-\x7e]+")


@lru_cache(maxsize=64)
def _offset(deviation: int) -> timezone:
    return timezone(timedelta(minutes=-deviation))


@lru_cache(maxsize=64)
def moment(data: bytes) -> datetime | None:
    """What a COSEM date-time says; None where date or hour are left open, or it has not 12 bytes.

    Aware when they name their deviation from UTC, else naive with the fold of the summer-time flag
    (summer 0). Hundredths are kept where they are a number.  Source: IEC 62056-6-2, 4.1.6.1; the
    deviation is counted from local time to UTC, so central European summer time is -120.

    >>> str(moment(bytes.fromhex("07e704010615202300ff8880")))
    '2023-04-01 21:32:35+02:00'
    """
    if len(data) != DATE_TIME:
        return None
    year, month, day, _, hour, minute, second, hundredths, deviation, status = _PARTS.unpack(data)
    offset = _offset(deviation) if abs(deviation) <= FURTHEST_M else None
    winter = offset is None and status != 0xFF and not status & SUMMER_TIME
    try:
        return datetime(
            year, month, day, hour, minute if minute < 60 else 0, second if second < 60 else 0,
            hundredths * 10_000 if hundredths < 100 else 0, tzinfo=offset, fold=int(winter),
        )  # fmt: skip
    except ValueError:
        return None


def written(at: datetime) -> str:
    """The wall time of a date-time as text, the way the values of a telegram hold it.

    >>> written(datetime(2019, 12, 16, 7, 59, 40))
    '2019-12-16T07:59:40'
    """
    return at.isoformat(timespec="seconds")[:WALL_TIME]


def sent(reader: Reader) -> bytes:
    """The time of a data notification as it stands there; the reader is at the body behind it.

    Unreadable for anything else.
    """
    tag = reader.take(1)[0]
    if tag != DATA_NOTIFICATION:
        raise Unreadable(f"the APDU 0x{tag:02X} is no data notification")
    reader.take(INVOKE_ID)
    length = reader.length()
    if length == OCTET_STRING:  # Kaifa puts the tag of an octet string in front of the length
        length = reader.length()
    return reader.take(length)


def read(reader: Reader) -> tuple[datetime | None, Any]:
    """The time and the body of a data notification; Unreadable for anything else."""
    stamp = sent(reader)
    body = reader.value()
    if reader.rest:
        raise Unreadable(f"{reader.rest} bytes follow the data")
    return moment(stamp), body


def value_of(item: Item, maker: str | None = None) -> Value | None:
    """What an item says: a number scaled into its unit, or a text; None where it says nothing."""
    data, scaler, unit = item.data, item.scaler, item.unit
    if type(data) is int:
        if scaler is None:
            power, unit = scalers.known(item.code, maker)
            if unit == scalers.VOLTS:
                power, unit = scalers.assumed(item.code, data, maker)
        else:
            power = scaler
        return Value(units.shifted(data, power) if power else data, unit, None, data, scaler)
    if type(data) is bytes:
        return _octets(data)
    return _seldom(item, maker)


def _seldom(item: Item, maker: str | None) -> Value | None:
    """The same for what few lists hold: texts, floating point, truth, enums, bits."""
    data, scaler, unit = item.data, item.scaler, item.unit
    if isinstance(data, str):
        return Value(data.rstrip("\0"))
    if isinstance(data, bool):
        return Value(int(data))
    if isinstance(data, Bits):
        return Value(data.data.hex().upper())
    if not isinstance(data, int | float) or not isfinite(data):
        return None
    power = scaler
    if power is None:
        power, unit = scalers.assumed(item.code, data, maker)
    raw = None if isinstance(data, float) else int(data)
    return Value(units.shifted(data, power), unit, None, raw, scaler)


@lru_cache(maxsize=256)
def _octets(data: bytes) -> Value:
    """An octet string: a moment, a text, or else its hexadecimal digits.

    Remembered: most are names, which a meter says again and again.
    """
    if at := moment(data):
        return Value(written(at), at=at)
    text = data.rstrip(b"\0")
    return Value(text.decode("ascii") if _PRINTABLE.fullmatch(text) else data.hex().upper())


@lru_cache(maxsize=64)
def identity(texts: tuple[str | None, ...], title: str | None) -> Identity:
    """Who the meter is, from what it says under `IDENTIFYING` and its system title."""
    said = {key: text for key, text in zip(IDENTIFYING, texts, strict=True) if text}
    name = said.get(LIST_NAME)
    maker = next((maker for maker in MAKERS if name and name.startswith(maker[0])), None)
    prefix = prefix_of(said.get("42.0.0")) or title or (maker and maker[1])
    return Identity(
        id=said.get("96.1.0") or said.get("0.0.5") or said.get("96.1.1"),
        logical_name=said.get("42.0.0"),
        model=said.get("96.1.1") or said.get("96.1.7"),
        vendor=VENDORS.get(prefix or "") or (maker and maker[2]),
        prefix=prefix,
        protocol="DLMS",
        protocol_version=name,
    )


IDENTIFYING = ("96.1.0", "96.1.1", "96.1.7", "42.0.0", "0.0.5", LIST_NAME)


def telegram(
    apdu: bytes, *, framing: str, raw: bytes, offset: int = 0, title: str | None = None
) -> Telegram | Refused:
    """The telegram of one plain data notification; `title` is the maker's letters of a system
    title, if known."""
    try:
        at, body = _read_or_repaired(apdu)
    except Unreadable as error:
        return Refused(f"DLMS: {error}", offset)
    listed = items(body)
    maker = maker_of(listed)
    values = {}
    for item in listed:
        value = value_of(item, maker)
        if value is not None:
            values[item.code] = value
    if not values:
        return Refused("DLMS: the notification holds no value with a code", offset)
    named = LIST_NAME in values or len(body) == 1
    if at is None and KAMSTRUPS_CLOCK in values:
        at = values[KAMSTRUPS_CLOCK].at
    if at is not None and CLOCK not in values and named:
        # Norway's lists have their clock in front.  Source: NVE, HAN lists of Kaifa and Kamstrup
        values[CLOCK] = Value(written(at), at=at)
    if maker == KAMSTRUP and "96.1.1" in values:
        values.setdefault("96.1.7", values["96.1.1"])  # their type number, as in Norway's lists
    clock = values.get(CLOCK)
    at = (clock and clock.at) or at
    return Telegram("DLMS", framing, values, at, identity(texts(values), title), raw, apdu)


def maker_of(listed: Sequence[Item]) -> str | None:
    """The maker whose bare numbers are counted otherwise, by the name of its list."""
    for item in listed:
        if item.code == LIST_NAME:
            return KAMSTRUP if str(item.data).startswith(KAMSTRUP) else None
    return None


def _read_or_repaired(apdu: bytes) -> tuple[datetime | None, Any]:
    try:
        return read(Reader(apdu))
    except Unreadable:
        for other in layouts.repaired(apdu):
            with suppress(Unreadable):
                return read(Reader(other))
        raise


def texts(values: Mapping[str, Value]) -> tuple[str | None, ...]:
    """What a meter says under `IDENTIFYING`."""
    return tuple([str(values[key].value) if key in values else None for key in IDENTIFYING])
