"""German meters with SML: the lists of values that they push.

A file holds messages; the one that counts is the answer to a request that nobody made, a list of
{name, status, time, unit, scaler, value, signature}.  Source: BSI TR-03109-1, annex IVb, chapter 5
(messages); DIN 43863-5 (identifiers of meters); the meters.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from itertools import product
from typing import TypeGuard

from ohmstead.reading import units
from ohmstead.reading.obis import from_bytes
from ohmstead.reading.reading import Identity
from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.sml_frame import File, SmlFrames, checks
from ohmstead.wire.sml_tree import END, Field, Narrow, field
from ohmstead.wire.telegram import Refused, Telegram, Value
from ohmstead.wire.vendors import VENDORS, prefix_of

GET_LIST_RESPONSE = 0x0701
MESSAGE = 0x76  # a list of six fields
LIST_FIELDS, ENTRY_FIELDS, NAME = 7, 7, 6
SECONDS_INDEX, UTC_TIME, LOCAL_TIME = 1, 2, 3
EARLIEST_S = 946_684_800  # 2000-01-01: what is less counts seconds since the meter started
LATEST_S = 0xFFFF_FFFF
FURTHEST_M = 840
MOST_POWER = 30

IDS = ("96.1.0", "0.0.9", "0.0.0", "96.1.255")
"""Where meters say who they are, the best first."""
IDENTIFIERS = frozenset(IDS[:2])
MAKERS = ("96.50.1*1", "129-129:199.130.3")

DZG = b"\x0a\x01DZG"
DZG_OLD = 60_000_000  # serial numbers of meters with the wrong sign are below
POWER, PHASE_POWERS = "16.7.0", ("36.7.0", "56.7.0", "76.7.0")
EXPORTING, KNOWN_STATUS, FIXED_STATUS = 0x800, 0xFFE0_00FF, 0x04

SERVER = 10  # bytes of an identifier
LETTERS = 3  # of a maker
NUMBER = re.compile(r"[0-9A-F]{1,2} [A-Z]{3}[0-9A-F]{2} \d{4,} \d{4}")


class Sml:
    """The decoder of SML as it comes from an optical head."""

    def __init__(self) -> None:
        self._frames = SmlFrames()

    def feed(self, data: bytes) -> list[Telegram | Refused]:
        """Whatever `data` completes."""
        return self._all(self._frames.feed(data))

    def close(self) -> list[Telegram | Refused]:
        """What the end of the stream completes."""
        return self._all(self._frames.close())

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return self._frames.held

    def _all(self, files: list[File | Refused]) -> list[Telegram | Refused]:
        found: list[Telegram | Refused] = []
        for file in files:
            if isinstance(file, Refused):
                found.append(file)
            else:
                found += telegrams(file)
        return found


def telegrams(file: File) -> list[Telegram | Refused]:
    """A telegram for every list of values in a file, or why there is none."""
    found: list[Telegram | Refused] = []
    try:
        found.extend(_listed(body, file) for body in bodies(file.messages))
    except Unreadable as error:
        found.append(Refused(f"SML: {error}", file.offset))
    return found or [Refused("SML: the file holds no list of values", file.offset)]


def bodies(messages: bytes) -> Iterator[list[Field]]:
    """The lists of values in these messages; Unreadable where a message is none, or damaged."""
    at = 0
    while at < len(messages):
        start, at = at, at + 1
        if messages[start] == END:  # some meters count fill bytes wrongly
            continue
        if messages[start] != MESSAGE:
            raise Unreadable("a message does not begin with six fields")
        for _ in ("transaction", "group", "abort on error"):
            _, at = field(messages, at)
        body, end = field(messages, at)
        told, at = field(messages, end)
        if not isinstance(told, int) or not checks(messages[start:end], told):
            raise Unreadable("the checksum of a message is wrong")
        at += 1  # the end of the message
        if _is_list(body, 2) and body[0] == GET_LIST_RESPONSE and _is_list(body[1], LIST_FIELDS):
            yield body[1]


def _is_list(value: Field, count: int) -> TypeGuard[list[Field]]:
    return isinstance(value, list) and len(value) == count


def _listed(body: list[Field], file: File) -> Telegram | Refused:
    """The telegram of one list."""
    _, server, _, sensor_time, entries, _, gateway_time = body
    if not isinstance(entries, list):
        return Refused("SML: a list has no entries", file.offset)
    server = server if isinstance(server, bytes) else b""
    values: dict[str, Value] = {}
    positive: dict[str, Value] = {}
    status: int | None = None
    for entry in entries:
        if not _is_list(entry, ENTRY_FIELDS):
            return Refused("SML: an entry of a list does not have seven fields", file.offset)
        name, told, time, unit, scaler, data, _ = entry
        if not isinstance(name, bytes) or len(name) != NAME:
            continue
        key = _short(name)
        if isinstance(told, int):
            status = told
        value = _value(key, data, scaler, unit, time)
        if value is not None:
            values[key] = value
        if isinstance(data, Narrow) and (key == POWER or key in PHASE_POWERS):
            other = _value(key, data.unsigned, scaler, unit, time)
            positive |= {key: other} if other is not None else {}
    if not values:
        return Refused("SML: a list holds no value", file.offset)
    if positive and server.startswith(DZG):
        _put_right(values, positive, server, status)
    at = moment(sensor_time) or moment(gateway_time)
    said = (tuple(_said(values, key) for key in keys) for keys in (IDS, MAKERS))
    return Telegram("SML", "sml", values, at, _identity(server, *said), file.raw)


@lru_cache(maxsize=512)
def _short(name: bytes) -> str:
    return from_bytes(name).short


def _put_right(
    values: dict[str, Value], positive: Mapping[str, Value], server: bytes, status: int | None
) -> None:
    """Give powers the sign that they lost: DZG's DVS74 cuts positive ones off a byte too early.

    The status says in which direction energy flows; without one the serial number tells how old the
    meter is.  A phase may flow against the others, so of the phases those are taken that make the
    total; where that is not known they stay as they are.  Source: the maker's manual of the DVS74,
    status word; libsml, commit 81c4026.
    """
    is_told = status is not None and status & KNOWN_STATUS == FIXED_STATUS
    if not is_told and int.from_bytes(server[-4:], "big") >= DZG_OLD:
        return
    if POWER in positive and not (is_told and (status or 0) & EXPORTING):
        values[POWER] = positive[POWER]
    total = values.get(POWER)
    if total is None or not all(key in values for key in PHASE_POWERS):
        return
    ways = product(*((values[key], positive.get(key, values[key])) for key in PHASE_POWERS))
    values.update(zip(PHASE_POWERS, min(ways, key=lambda way: _apart(total, way)), strict=True))


def _apart(total: Value, phases: Iterable[Value]) -> float:
    """How far the phases are from the total."""
    said = sum(value.value for value in phases if not isinstance(value.value, str))
    return abs(said - total.value) if not isinstance(total.value, str) else 0


def _value(key: str, data: Field, scaler: Field, unit: Field, time: Field) -> Value | None:
    """What an entry says; None where it says nothing."""
    if isinstance(data, bool):
        return Value(int(data))
    if isinstance(data, int):
        power = scaler if isinstance(scaler, int) and abs(scaler) <= MOST_POWER else None
        name = units.COSEM.get(unit) if isinstance(unit, int) else None
        at = moment(time) if time else None
        return Value(units.shifted(data, power or 0), name, at, int(data), power)
    if isinstance(data, bytes):
        return Value(identifier(data) if key in IDENTIFIERS else text(data))
    at = moment(data)
    return Value(at.isoformat(), at=at) if at else None


def text(data: bytes) -> str:
    """Octets as the text they are, else in hexadecimal."""
    plain = data.rstrip(b"\0")
    if plain and plain.isascii() and plain.decode("ascii").isprintable():
        return plain.decode("ascii")
    return data.hex().upper()


def identifier(data: bytes) -> str:
    """The number on a meter's face, as DIN 43863-5 writes it; other octets like any text.

    >>> identifier(bytes.fromhex("0a01445a47000282225e"))
    '1 DZG00 4208 2910'
    """
    maker = data[2:5]
    if len(data) == SERVER and data[0] in (9, 10) and maker.isalpha() and maker.isascii():
        number = f"{int.from_bytes(data[6:], 'big'):08}"
        return f"{data[1]:X} {maker.decode()}{data[5]:02X} {number[:-4]} {number[-4:]}"
    return text(data)


def moment(time: Field) -> datetime | None:
    """The moment of a time field, aware; None for one that counts seconds since the meter's start.

    A local time has its offset and that of summer time in minutes behind it.
    """
    if not _is_list(time, 2):
        return None
    kind, said = time
    offset = timedelta()
    if kind == LOCAL_TIME and _is_list(said, 3):
        said, *minutes = said
        shift = sum(part for part in minutes if isinstance(part, int))
        offset = timedelta(minutes=shift) if abs(shift) <= FURTHEST_M else offset
    elif kind != UTC_TIME:
        return None
    if not isinstance(said, int) or not EARLIEST_S <= said <= LATEST_S:
        return None
    return datetime.fromtimestamp(said, timezone(offset) if offset else UTC)


def _said(values: Mapping[str, Value], key: str) -> str | None:
    value = values.get(key)
    return str(value.value) if value else None


Texts = tuple[str | None, ...]


@lru_cache(maxsize=256)
def _identity(server: bytes, ids: Texts, makers: Texts) -> Identity:
    """Who the meter is, from what it says of itself and from the address that it answers with."""
    named = identifier(server) if server else None
    number = next(filter(None, ids), named)
    letters = next(filter(None, makers), None)
    if not letters and number and NUMBER.fullmatch(number):
        letters = number.split()[1][:3]
    return Identity(
        id=number,
        vendor=VENDORS.get(letters, letters) if letters else None,
        prefix=prefix_of(letters) if letters and len(letters) == LETTERS else None,
        protocol="SML",
        interface="TTL",
    )
