"""A DLMS data notification: which values it carries, whatever way the meter lays them out.

Source: IEC 62056-5-3 (data-notification APDU), IEC 62056-6-2 (register, scaler-unit, date-time),
and the meters.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, NamedTuple

from ohmstead.reading import units
from ohmstead.reading.obis import ELECTRICITY, Obis
from ohmstead.reading.reading import Identity
from ohmstead.wire.axdr import Bits, Enum, Reader, Unreadable
from ohmstead.wire.telegram import Refused, Telegram, Value
from ohmstead.wire.vendors import VENDORS, prefix_of

DATA_NOTIFICATION = 0x0F
INVOKE_ID = 4  # bytes of long-invoke-id-and-priority
DATE_TIME = 12  # bytes of a date-time octet string
LOGICAL_NAME = 6  # bytes
OCTET_STRING = 0x09
SCALER_UNIT = 2  # elements

NOT_SPECIFIED = 0x8000  # deviation
SUMMER_TIME = 0x80  # in the clock status
FURTHEST_M = 840  # minutes that a deviation may be at most, both ways

MAKERS: tuple[tuple[str, str, str], ...] = (
    ("AIDON", "AID", "Aidon"),
    ("Kamstrup", "KAM", "Kamstrup"),
    ("KFM", "KFM", "Kaifa"),
)
"""How a list's name (0.2.129) begins -> the maker's letters and name."""

_PRINTABLE = re.compile(rb"[\x20-\x7e]+")


class Item(NamedTuple):
    """One value as the list has it: its code, what A-XDR gave, and scaler and unit where they are
    with it."""

    code: str
    """As `Obis.short`."""
    data: Any
    scaler: int | None = None
    unit: str | None = None


@lru_cache(maxsize=1024)
def code_of(name: bytes) -> str:
    """The short code of a logical name.  Swiss and Norwegian meters say channel 1 for themselves:
    it is read as 0.

    >>> code_of(bytes.fromhex("0101010800ff"))
    '1.8.0'
    """
    a, b, c, d, e, f = name
    return Obis(a, 0 if a == ELECTRICITY and b == 1 else b, c, d, e, f).short


def moment(data: bytes) -> datetime | None:
    """What the 12 bytes of a COSEM date-time say; None where date or hour are left open.

    Aware when they name their deviation from UTC, else naive with the fold of the summer-time flag
    (summer 0). Hundredths are kept where they are a number.  Source: IEC 62056-6-2, 4.1.6.1; the
    deviation is counted from local time to UTC, so central European summer time is -120.

    >>> str(moment(bytes.fromhex("07e704010615202300ff8880")))
    '2023-04-01 21:32:35+02:00'
    """
    year, (month, day), (hour, minute, second, hundredths) = (
        int.from_bytes(data[:2], "big"),
        data[2:4],
        data[5:9],
    )
    deviation, status = int.from_bytes(data[9:11], "big", signed=True), data[11]
    offset = None
    if deviation != NOT_SPECIFIED - 0x10000 and abs(deviation) <= FURTHEST_M:
        offset = timezone(timedelta(minutes=-deviation))
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
    return at.replace(tzinfo=None, microsecond=0).isoformat()


def read(apdu: bytes) -> tuple[datetime | None, Any]:
    """The time and the body of a data notification; Unreadable for anything else."""
    reader = Reader(apdu)
    tag = reader.take(1)[0]
    if tag != DATA_NOTIFICATION:
        raise Unreadable(f"the APDU 0x{tag:02X} is no data notification")
    reader.take(INVOKE_ID)
    length = reader.length()
    if length == OCTET_STRING:  # Kaifa puts the tag of an octet string in front of the length
        length = reader.length()
    stamp = reader.take(length)
    body = reader.value()
    if reader.rest:
        raise Unreadable(f"{reader.rest} bytes follow the data")
    return moment(stamp) if length == DATE_TIME else None, body


def items(body: Any) -> list[Item]:
    """The values of a body whose codes stand in front of them, in rows or one after the other.

    A row is a structure {code, value} or {code, value, {scaler, unit}}; without rows the same three
    follow each other directly.
    """
    if isinstance(body, tuple) and body and isinstance(body[0], list):
        raise Unreadable("push lists, whose codes stand apart from their values, are not read")
    found: list[Item] = []
    if isinstance(body, list | tuple):
        _collect(body, found)
    return found


def _collect(elements: list[Any] | tuple[Any, ...], found: list[Item]) -> None:
    index, count = 0, len(elements)
    while index < count:
        element = elements[index]
        index += 1
        if isinstance(element, list | tuple):
            _collect(element, found)
        elif type(element) is bytes and len(element) == LOGICAL_NAME and index < count:
            data = elements[index]
            index += 1
            scaled = elements[index] if index < count else None
            if type(scaled) is tuple and len(scaled) == SCALER_UNIT and type(scaled[1]) is Enum:
                found.append(Item(code_of(element), data, scaled[0], units.COSEM.get(scaled[1])))
                index += 1
            else:
                found.append(Item(code_of(element), data))


def value_of(item: Item) -> Value | None:
    """What an item says: a number scaled into its unit, or a text; None where it says nothing."""
    _, data, scaler, unit = item
    if isinstance(data, int | float):
        raw = int(data) if isinstance(data, int) else None
        return Value(
            data if scaler is None else units.shifted(data, scaler), unit, None, raw, scaler
        )
    if isinstance(data, str):
        return Value(data) if data else None
    if type(data) is bytes and data:
        if len(data) == DATE_TIME and (at := moment(data)):
            return Value(written(at), at=at)
        return Value(data.decode("ascii") if _PRINTABLE.fullmatch(data) else data.hex().upper())
    if isinstance(data, Bits):
        return Value(data.data.hex().upper())
    return None


@lru_cache(maxsize=64)
def _identity(texts: tuple[str | None, ...], title: str | None) -> Identity:
    """Who the meter is, from what it says under `IDENTIFYING` and its system title."""
    said = {key: text for key, text in zip(IDENTIFYING, texts, strict=True) if text}
    name = said.get("0.2.129")
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


IDENTIFYING = ("96.1.0", "96.1.1", "96.1.7", "42.0.0", "0.0.5", "0.2.129")


def telegram(
    apdu: bytes, *, framing: str, raw: bytes, offset: int = 0, title: str | None = None
) -> Telegram | Refused:
    """The telegram of one plain data notification; `title` is the maker's letters of a system
    title, if known."""
    try:
        at, body = read(apdu)
        listed = items(body)
    except Unreadable as error:
        return Refused(f"DLMS: {error}", offset)
    values = {}
    for item in listed:
        value = value_of(item)
        if value is not None:
            values[item.code] = value
    if not values:
        return Refused("DLMS: the notification holds no value with a code", offset)
    return Telegram("DLMS", framing, values, _clock(values) or at, _who(values, title), raw)


def _clock(values: Mapping[str, Value]) -> datetime | None:
    clock = values.get("1.0.0")
    return clock.at if clock else None


def _who(values: Mapping[str, Value], title: str | None) -> Identity:
    return _identity(
        tuple([str(values[key].value) if key in values else None for key in IDENTIFYING]), title
    )
