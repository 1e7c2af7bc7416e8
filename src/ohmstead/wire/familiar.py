"""Lists that came before, read at a glance.

A meter pushes the same list every time: tags, lengths, codes, scalers and texts are the same bytes
in the same places, only numbers and clocks change.  What `cosem.telegram` makes of such a list is
learned once, as the bytes that must be equal and the places where the numbers stand; the next one
is compared, and its numbers are taken out in one go.  What comes out is the same, several times as
fast.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ohmstead.reading import units
from ohmstead.wire import cosem, scalers
from ohmstead.wire.axdr import Reader, Unreadable
from ohmstead.wire.cosem import (
    CLOCK,
    DATE_TIME,
    IDENTIFYING,
    identity,
    maker_of,
    moment,
    value_of,
    written,
)
from ohmstead.wire.layouts import Item, items
from ohmstead.wire.scalers import VOLTS
from ohmstead.wire.telegram import Refused, Telegram, Value

LISTS = 8
"""Lists of one meter; Norwegian meters have three."""
VAIN = 64
"""Telegrams in a row of which none was familiar, until nothing more is learned: learning costs as
much as reading."""
LONGEST = 4096
"""Bytes of a list that is learned; the longest seen has 700."""

_ARRAY, _STRUCTURE, _DATE_TIME = 0x01, 0x02, 0x19
_FORMS = {
    0x05: "i", 0x06: "I", 0x0F: "b", 0x10: "h", 0x11: "B", 0x12: "H", 0x14: "q", 0x15: "Q",
}  # fmt: skip
"""Tag -> how `struct` reads the number behind it."""
_TIMES = {_DATE_TIME: f"{DATE_TIME}s", 0x1A: "5s", 0x1B: "4s"}
"""The same for date-time, date and time with tags of their own."""
_SCALER_UNIT = b"\x02\x02\x0f"
_PLACE = 1 << 64
"""Numbers from here on, which A-XDR has none of, are places."""
_CLOCK = b"\xff\xff\xff\xffTIME"
"""So begins what stands for a time, its place behind it; no time does."""


class Places(Reader):
    """A reader that gives, for a number or a date-time that may change, where it stands."""

    __slots__ = ("_whole", "forms")

    def __init__(self, data: bytes, position: int = 0) -> None:
        super().__init__(data, position)
        self._whole = data
        self.forms: dict[int, str] = {}
        """Place -> how `struct` reads what stands there."""

    def value(self, depth: int = 0) -> Any:
        """The next element."""
        start = self.position
        tag = self.take(1)[0]
        if tag in _FORMS:
            return _PLACE + self._place(_FORMS[tag])
        if tag in _TIMES:
            return _CLOCK + self._place(_TIMES[tag]).to_bytes(4, "big")
        if tag in (_ARRAY, _STRUCTURE) and not self._whole.startswith(_SCALER_UNIT, start):
            return self._many(tag, depth + 1)
        return self._kept(start, depth)

    def _elements(self, count: int, depth: int) -> list[Any]:
        """The list of objects, which is first in a push list, never changes."""
        begins = self.position
        listed = count and depth == 1 and self._whole[begins] == _ARRAY
        first = [self._kept(begins, depth)] if listed else []
        return [*first, *(self.value(depth) for _ in range(count - len(first)))]

    def _kept(self, start: int, depth: int) -> Any:
        """The element at `start` as it is; a place only for a date-time."""
        plain = Reader(self._whole, start)
        found = plain.value(depth)
        self.position = plain.position
        if type(found) is not bytes or len(found) != DATE_TIME or moment(found) is None:
            return found
        self.position -= DATE_TIME
        return _CLOCK + self._place(_TIMES[_DATE_TIME]).to_bytes(4, "big")

    def _place(self, form: str) -> int:
        """What is here may change."""
        place = self.position
        self.take(struct.calcsize(">" + form))
        self.forms[place] = form
        return place


class Field(NamedTuple):
    """What becomes of the number at one place."""

    code: str
    power: int | None
    """None where it depends on the number: clocks, and voltages without a scaler."""
    unit: str | None
    scaler: int | None


@dataclass(frozen=True, slots=True)
class Familiar:
    """One list that came before."""

    size: int
    mask: int
    same: int
    """The list as one number; `mask` makes its places zero."""
    numbers: struct.Struct
    fields: tuple[Field, ...]
    """What `numbers` gives, in its order."""
    sent: int | None
    """Where the time of the notification stands, if it has one."""
    in_front: bool
    """Whether that time is the clock of the list."""
    values: Mapping[str, Value]
    """All codes in their order; those of `fields` as they were."""
    texts: tuple[str | None, ...]
    maker: str | None

    def read(self, apdu: bytes, framing: str, raw: bytes, title: str | None) -> Telegram | None:
        """The telegram; None where `apdu` is another list."""
        if len(apdu) != self.size or int.from_bytes(apdu, "big") & self.mask != self.same:
            return None
        values = dict(self.values)
        at = None
        if self.sent is not None:
            at = moment(apdu[self.sent : self.sent + DATE_TIME])
            if at is None:
                return None
            if self.in_front:
                values[CLOCK] = Value(written(at), at=at)
        for field, data in zip(self.fields, self.numbers.unpack(apdu), strict=True):
            code, power, unit, scaler = field
            if power is None:
                value = value_of(Item(code, data, scaler, unit), self.maker)
                if value is not None:
                    values[code] = value
            else:
                number = units.shifted(data, power) if power else data
                values[code] = Value(number, unit, None, data, scaler)
        clock = values.get(CLOCK)
        at = (clock and clock.at) or at
        return Telegram("DLMS", framing, values, at, identity(self.texts, title), raw, apdu)


class Lists:
    """The lists that one meter pushes: learned as they come, the oldest of them forgotten."""

    def __init__(self) -> None:
        self._known: tuple[Familiar, ...] = ()
        self._in_vain = 0

    def telegram(
        self, apdu: bytes, *, framing: str, raw: bytes, offset: int = 0, title: str | None = None
    ) -> Telegram | Refused:
        """What `cosem.telegram` gives."""
        for known in self._known:
            if found := known.read(apdu, framing, raw, title):
                self._in_vain = 0
                return found
        told = cosem.telegram(apdu, framing=framing, raw=raw, offset=offset, title=title)
        if isinstance(told, Telegram) and len(apdu) <= LONGEST and self._in_vain < VAIN:
            self._in_vain += 1
            new = learned(told)
            # nothing is believed of it before it has read this one alike
            if new is not None and new.read(apdu, framing, raw, title) == told:
                self._known = (new, *self._known)[:LISTS]
        return told


def learned(told: Telegram) -> Familiar | None:
    """What can be known of the next list from one that was read; None where that is nothing."""
    apdu = told.apdu
    reader = Places(apdu)
    try:
        stamp = cosem.sent(reader)
        sent = None if moment(stamp) is None else reader.position - DATE_TIME
        listed = items(reader.value())
    except Unreadable:  # one whose faults were put right
        return None
    counted = {item.code: item for item in listed if value_of(item) is not None}
    moving = {place: item for item in counted.values() if (place := _place_of(item.data))}
    if _CLOCK in apdu or any(item.code in IDENTIFYING for item in moving.values()):
        return None
    in_front = CLOCK in told.values and CLOCK not in counted
    if in_front and sent is None:  # its clock is another code's
        return None
    maker = maker_of(listed)
    form, mask = ">", bytearray(b"\xff" * len(apdu))
    for place, kind in sorted(reader.forms.items()):
        _free(mask, place, struct.calcsize(">" + kind))
        if place in moving:
            form += f"{place - struct.calcsize(form)}x{kind}"
    _free(mask, 1, cosem.INVOKE_ID)
    if sent is not None:
        _free(mask, sent, DATE_TIME)
    taken = int.from_bytes(mask, "big")
    return Familiar(
        size=len(apdu),
        mask=taken,
        same=int.from_bytes(apdu, "big") & taken,
        numbers=struct.Struct(f"{form}{len(apdu) - struct.calcsize(form)}x"),
        fields=tuple([_field(moving[place], maker) for place in sorted(moving)]),
        sent=sent,
        in_front=in_front,
        values=told.values,
        texts=cosem.texts(told.values),
        maker=maker,
    )


def _place_of(data: Any) -> int:
    """Where what may change stands; 0 where `data` never does."""
    if type(data) is bytes and data.startswith(_CLOCK):
        return int.from_bytes(data[len(_CLOCK) :], "big")
    return data - _PLACE if type(data) is int and data > _PLACE else 0


def _free(mask: bytearray, place: int, size: int) -> None:
    mask[place : place + size] = bytes(size)


def _field(item: Item, maker: str | None) -> Field:
    code, scaler, unit = item.code, item.scaler, item.unit
    if type(item.data) is bytes:
        return Field(code, None, unit, scaler)
    if scaler is not None:
        return Field(code, scaler, unit, scaler)
    power, bare = scalers.known(code, maker)
    return Field(code, None if bare == VOLTS else power, bare, None)
