"""A packet of the push API, read and written: one JSON object, a meter at one moment.

An electrical packet has any subset of the fields that the catalogue names (`wattics`), in W, VA,
var, Wh, V, A and %; a packet of any other meter has `value`.  A typed decoder reads it in a few
microseconds; only what it cannot take is looked at a second time, to say what is wrong with it.
Source: Wattics REST API of 2019, "JSON Packet Format" and "Important notes".
"""

import json
import math
import re
import struct
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.numbers import MOST, Fields, Numbers

LARGEST = 65_536
"""Bytes of a packet.  One with every field has about 600."""
ID, AT, VALUE = "id", "tsISO8601", "value"
LONGEST_SHOWN = 60
KILO = frozenset({"kW", "kVA", "kvar", "kWh"})
"""Units of the catalogue of which a packet has the thousandth."""

_BY_NAME = {q.wattics: q for q in catalogue.ALL if q.wattics}
FIELDS: tuple[str, ...] = (*_BY_NAME, *catalogue.WATTICS_ALSO)
"""The electrical fields."""
OBIS: tuple[str, ...] = tuple(
    _BY_NAME[catalogue.WATTICS_ALSO.get(name, name)].obis for name in FIELDS
)
PER: tuple[float, ...] = tuple(
    1000.0 if catalogue.BY_OBIS[obis].unit in KILO else 1.0 for obis in OBIS
)
"""What a field is divided by to have the catalogue's unit."""
_TARGETS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {name: (obis, per) for name, obis, per in zip(FIELDS, OBIS, PER, strict=True)}
)
_OUT: tuple[tuple[str, str, float], ...] = tuple(
    (name, obis, per) for name, (obis, per) in _TARGETS.items() if name in _BY_NAME
)

NAN = math.nan
"""What a field is that was not sent; JSON has no such number."""
_Moment = Annotated[datetime, Meta(tz=True)]
_Number = Annotated[float, Meta(ge=-MOST, le=MOST)]
_Packet: Any = msgspec.defstruct(
    "_Packet",
    [(ID, str), (AT, _Moment), *((name, _Number | None, NAN) for name in (VALUE, *FIELDS))],
    frozen=True,
    gc=False,
)
_NUMBERS = Fields.of(OBIS[: len(_BY_NAME)], PER[: len(_BY_NAME)])
_pack = _NUMBERS.packed.pack
_MAIN = slice(3, 3 + len(_BY_NAME))
(_PLACE,) = (FIELDS.index(name) for name in catalogue.WATTICS_ALSO.values())
"""Of the one field that has another name, which stands last."""
_KNOWN = frozenset(_Packet.__struct_fields__)
_SIZE = len(_Packet.__struct_fields__)
_decode = msgspec.json.Decoder(_Packet).decode
_fields_of = msgspec.structs.astuple
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}|\d{8})[Tt ]"
    r"(\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,20})?)?|\d{4}(?:\d{2}(?:[.,]\d{1,20})?)?)"
    r"\s?(?:([Zz])|([+-])(\d{2}):?([0-5]\d)?)?",
    re.ASCII,
)
_MIDNIGHT = re.compile(r"24(?=:?00(?::?00(?:[.,]0+)?)?$)")
"""The end of a day, as 24 o'clock."""


class Said(NamedTuple):
    """What a packet says.

    `at` is aware, with the offset that was sent; `values` maps catalogue keys to numbers in the
    catalogue's unit; `value` is in the meter's own; `unknown` are fields that nobody knows.
    """

    id: str
    at: datetime
    values: Mapping[str, float]
    value: float | None
    unknown: tuple[str, ...] = ()


_said = partial(tuple.__new__, Said)
"""Makes one of all its parts, in half the time that naming them takes."""


class Misfit(BadInput):
    """A packet, or one field of it, that is not acceptable; `field` is None for the whole."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


def parse(body: bytes, *, utc: bool = False) -> Said:
    """What the packet `body` says; raises Misfit with the field and what to do.

    `utc` takes a time without an offset as UTC.

    >>> parse(b'{"id":"m","tsISO8601":"2026-01-02T03:04:05.000+01:00","aP_1":1500}').values
    {'36.7.0': 1.5}
    """
    try:
        fields = _fields_of(_decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _carefully(body, utc)
    id, at, value = fields[:3]
    # Each field said stands between two commas: more of them are unknown, or said twice.
    members = body.count(b",") + 1 - id.count(",")
    if members != _SIZE - fields.count(NAN) or b"\\" in body:
        return _carefully(body, utc)
    main = fields[_MAIN]
    also = fields[-1]
    if also is not NAN and also is not None:
        main = (*main[:_PLACE], also, *main[_PLACE + 1 :])
    try:
        said = _pack(*main)
    except struct.error:  # one of them is null
        said = _pack(*(NAN if number is None else number for number in main))
    return _said((id, at, Numbers(_NUMBERS, said), None if value is NAN else value, ()))


def _carefully(body: bytes, utc: bool) -> Said:
    """The same for a packet that is unusual or wrong."""
    said = _object(body)
    for name in (ID, AT):
        if name not in said:
            raise Misfit(name, "it is missing; every packet has `id` and `tsISO8601`")
    id, at = said[ID], said[AT]
    if not isinstance(id, str):
        raise Misfit(ID, f"{_shown(id)} is not a text; it is the id of the meter")
    numbers = {name: _number(name, said[name]) for name in (VALUE, *FIELDS) if name in said}
    value = numbers.pop(VALUE, None)
    values = {
        _TARGETS[name][0]: number / _TARGETS[name][1]
        for name, number in numbers.items()
        if number is not None
    }
    unknown = tuple(name for name in said if name not in _KNOWN)
    return Said(id, moment(at, utc=utc), values, value, unknown)


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > LARGEST:
        raise Misfit(None, f"the packet has {len(body)} bytes; at most {LARGEST} are taken")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Misfit(None, f"the packet is not UTF-8 (byte {error.start})") from None
    if not text.strip():
        raise Misfit(None, "the body is empty; send one packet, a JSON object")
    try:
        said = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=float
        )
    except json.JSONDecodeError as error:
        hint = " (typographic quotes are not JSON's)" if set(text) & set("“”″") else ""
        raise Misfit(
            None, f"the packet is not JSON: {error.msg}, character {error.pos}{hint}"
        ) from None
    except RecursionError:
        raise Misfit(None, "the packet is nested too deeply; it is one flat object") from None
    if isinstance(said, list):
        raise Misfit(None, "the packet is a list; send one packet a request, or all to /batch")
    if not isinstance(said, dict):
        raise Misfit(None, f"the packet is {_shown(said)}, not a JSON object")
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            # half of a surrogate pair, which JSON may spell, is no text that can be answered
            shown = name[:LONGEST_SHOWN].encode(errors="backslashreplace").decode()
            raise Misfit(shown, "it is said twice")
        found[name] = value
    return found


def _no_constant(name: str) -> float:
    raise Misfit(None, f"{name} is not JSON; leave the field out, or send null")


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, float):
        raise Misfit(name, f"{_shown(value)} is not a number; send one, or null")
    if not abs(value) <= MOST:
        raise Misfit(name, f"the number is too large; at most {MOST:g} is taken")
    return value


def moment(written: object, *, utc: bool = False) -> datetime:
    """The moment of a `tsISO8601`, aware, with the offset that was sent; raises Misfit.

    Seconds and their fraction may be missing, a comma may stand for the point; 24:00 is the end of
    its day; the basic format is taken, too.
    Source: "The timestamp format must comply with the ISO8601 standard"; ISO 8601:2004, 4.2.3 and
    4.3.2; W3C NOTE-datetime.

    >>> moment("2016-02-10T21:45:31.070+11:00").utcoffset()
    datetime.timedelta(seconds=39600)
    """
    found = _MOMENT.fullmatch(written.strip()) if isinstance(written, str) else None
    like = "it looks like 2026-02-10T21:45:31.070+11:00"
    if found is None:
        raise Misfit(AT, f"{_shown(written)} is not a time; {like}")
    day, time, zulu, sign, hours, minutes = found.groups()
    if not zulu and not sign and not utc:
        raise Misfit(AT, f"{_shown(written)} has no offset from UTC; {like}")
    ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    time, midnight = _MIDNIGHT.subn("00", time.replace(",", "."))
    try:
        local = datetime.fromisoformat(f"{day}T{time}+00:00") + timedelta(days=midnight)
        offset = -ahead if sign == "-" else ahead
        at = datetime.fromisoformat(
            f"{local.replace(tzinfo=None).isoformat()}{_written_offset(offset)}"
        )
    except (ValueError, OverflowError):
        raise Misfit(AT, f"{_shown(written)} is not a time there is; {like}") from None
    return at


def _written_offset(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _shown(value: object) -> str:
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def document(
    id: str, at: datetime | None, values: Mapping[str, float], value: float | None
) -> dict[str, Any]:
    """A packet as somebody would have sent it; `at` with the offset it is to have.

    >>> document("m", None, {}, None)
    {'id': 'm', 'tsISO8601': None}
    """
    packet: dict[str, Any] = {ID: id, AT: None if at is None else written(at)}
    packet |= {name: plain(values[obis] * per) for name, obis, per in _OUT if obis in values}
    if value is not None:
        packet[VALUE] = value
    return packet


def plain(number: float) -> float:
    """A number without the noise of a binary product.

    >>> plain(1.1 * 1000)
    1100.0
    """
    return float(f"{number:.12g}")


def written(at: datetime) -> str:
    """A moment as packets write it, in milliseconds and with its offset.

    >>> written(moment("2026-01-02T03:04:05Z"))
    '2026-01-02T03:04:05.000+00:00'
    """
    return at.isoformat(timespec="milliseconds")
