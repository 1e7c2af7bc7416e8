"""The registers of the Modbus server: which value stands where, and how its bytes are made.

A map is a list of blocks, a block a start address and registers that follow each other.  Source:
the device's later documentation, "Modbus" (identifiers, types and lengths, word order, date and
time type); the catalogue names the identifiers.

What the meter did not say is NaN in `float` and `double`.  An integer has no such word: it is 0, as
the document sends it wherever a layout is fixed (REST/MQTT 2.0, 3.2; and 2.3, `.meter.tariff`: "if
specified then value is different from zero").
"""

import re
import struct
from bisect import bisect_right as bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from math import nan
from types import MappingProxyType
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.reading import Reading
from ohmstead.surfaces.device import Device

Json = dict[str, object]
Type = Literal["double", "float", "long", "int", "short"]
WordOrder = Literal["msw", "lsw"]

LAST_ADDRESS = 9998
"""0-based; 39999 as PLCs count."""
TEXT_BYTES = 24
WORD_BYTES = 2

# --- what a value is --------------------------------------------------------------------------

Known = Callable[[Reading | None, Device], float | None]
Spelled = Callable[[Reading | None, Device], bytes]


def _of_reading(obis: str) -> Known:
    return lambda reading, _: reading.get(obis) if reading else None


def _current(obis: str) -> Known:
    """A signed current; without a sign where the direction of its phase is not known."""
    plain = obis.removeprefix("s")

    def signed(reading: Reading | None, _: Device) -> float | None:
        if reading is None:
            return None
        found = reading.get(obis)
        return reading.get(plain) if found is None else found

    return signed


def _meters_clock(reading: Reading | None) -> datetime | None:
    return (reading.meter_at or reading.at) if reading else None


def _timestamp(reading: Reading | None, _: Device) -> float | None:
    at = _meters_clock(reading)
    return int(at.timestamp()) if at else None


def _numbers() -> Iterator[tuple[str, Known]]:
    yield "0", lambda *_: 0
    yield "1", lambda *_: 1
    for quantity in catalogue.ALL:
        if quantity.modbus:
            known = _current if quantity.modbus.startswith("current.") else _of_reading
            yield quantity.modbus, known(quantity.obis)
    yield "96.14.0", lambda reading, _: reading.tariff if reading else None
    yield "conv_factor", lambda _, device: device.conv_factor
    yield "report.timestamp", _timestamp
    yield "sys.timestamp", lambda _, device: int(device.now.timestamp())


NUMBERS: Mapping[str, Known] = MappingProxyType(dict(_numbers()))
"""Identifier -> its number in the catalogue's unit, before the scaler."""


def _text(written: str | None) -> bytes:
    """A text in 24 bytes, cut or filled with zeros."""
    return (written or "").encode("utf-8", "replace")[:TEXT_BYTES].ljust(TEXT_BYTES, b"\0")


def _date_time(at: datetime | None, zone: ZoneInfo) -> bytes:
    """Year (two bytes), month, day, hour, minute, second, daylight saving: local time.

    Source: "Date and Time Type".
    """
    if at is None:
        return bytes(8)
    local = at.astimezone(zone)
    fields = (local.month, local.day, local.hour, local.minute, local.second, bool(local.dst()))
    return struct.pack(">H6B", local.year, *fields)


def _firmware(version: str) -> bytes:
    """Major, minor, release, and three bytes that are not used.  Source: the example of range 3."""
    parts = [min(int(part), 255) for part in re.findall(r"\d+", version)[:3]]
    return bytes(parts).ljust(6, b"\0")


TEXTS: Mapping[str, tuple[int, Spelled]] = MappingProxyType(
    {
        "96.1.0": (TEXT_BYTES, lambda reading, _: _text(reading.identity.id if reading else None)),
        "96.1.1": (
            TEXT_BYTES,
            lambda reading, _: _text(reading.identity.model if reading else None),
        ),
        "42.0.0": (
            TEXT_BYTES,
            lambda reading, _: _text(reading.identity.logical_name if reading else None),
        ),
        "sys.id": (6, lambda _, device: bytes.fromhex(device.id)),
        "sys.firmware": (6, lambda _, device: _firmware(device.firmware)),
    }
)
"""Identifier -> how many bytes, and which.  Type and scaler do not apply to them."""

MOMENTS: Mapping[str, Spelled] = MappingProxyType(
    {
        "report.date_time": lambda reading, device: _date_time(_meters_clock(reading), device.zone),
        "sys.date_time": lambda _, device: _date_time(device.now, device.zone),
    }
)
"""The same for moments, 8 bytes each.  A sample prints a type for them, which changes nothing."""

# --- how a number is made into bytes ----------------------------------------------------------

WORDS: Mapping[str, int] = MappingProxyType(
    {"double": 4, "float": 2, "long": 4, "int": 2, "short": 1}
)
_FLOATS = {"double": (">d", 1.7976931348623157e308), "float": (">f", 3.4028234663852886e38)}
"""Form and largest number: IEEE 754, binary64 and binary32."""


def _bytes(value: float | None, kind: str, scaler: int) -> bytes:
    """`value` times ten to the `scaler`, most significant byte first; too large ones saturate."""
    scaled = None if value is None else Decimal(repr(value)).scaleb(scaler)
    if kind in _FLOATS:
        form, most = _FLOATS[kind]
        number = nan if scaled is None else max(-most, min(most, float(scaled)))
        return struct.pack(form, number)
    length = WORDS[kind] * WORD_BYTES
    largest = (1 << (8 * length - 1)) - 1
    whole = 0 if scaled is None else round(scaled)
    return max(-largest - 1, min(largest, whole)).to_bytes(length, "big", signed=True)


# --- the map ----------------------------------------------------------------------------------


class Register(Struct, frozen=True):
    """One value of a block; `type` and `scaler` mean something for numbers only."""

    id: str
    type: Type = "double"
    scaler: Annotated[int, Meta(ge=-6, le=6)] = 0

    @property
    def size(self) -> int:
        """How many 16-bit words it takes."""
        if self.id in TEXTS:
            return TEXTS[self.id][0] // WORD_BYTES
        return 4 if self.id in MOMENTS else WORDS[self.type]

    def encoded(self, reading: Reading | None, device: Device, word_order: WordOrder) -> bytes:
        """Its bytes; the word order is that of numbers, texts are always in reading order."""
        if self.id in TEXTS:
            return TEXTS[self.id][1](reading, device)
        if self.id in MOMENTS:
            return MOMENTS[self.id](reading, device)
        found = _bytes(NUMBERS[self.id](reading, device), self.type, self.scaler)
        if word_order == "msw":
            return found
        return b"".join(found[at : at + 2] for at in range(len(found) - 2, -1, -2))


class Block(Struct, frozen=True, omit_defaults=True):
    """Registers that follow each other from `start_address` on."""

    start_address: Annotated[int, Meta(ge=0, le=LAST_ADDRESS)]
    registers: tuple[Register, ...]
    word_order: WordOrder | None = None
    """None: not said, which means `msw`."""

    @property
    def size(self) -> int:
        """How many words it takes."""
        return sum(register.size for register in self.registers)

    @property
    def end_address(self) -> int:
        """The first address behind it."""
        return self.start_address + self.size


def parse(payload: bytes) -> tuple[Block, ...]:
    """The map that `payload` (JSON) describes; BadInput says what is wrong with it."""
    try:
        return checked(msgspec.json.decode(payload, type=tuple[Block, ...]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"this is not a list of register blocks: {error}") from error


def checked(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The blocks as they are, or BadInput that names what is wrong: an identifier that does not
    exist, an end behind the last address, two blocks at one place."""
    for at, block in enumerate(blocks):
        for position, register in enumerate(block.registers):
            if not (register.id in NUMBERS or register.id in TEXTS or register.id in MOMENTS):
                raise BadInput(
                    f"[{at}].registers[{position}].id: there is no register {register.id[:40]!r}"
                )
        if block.end_address > LAST_ADDRESS + 1:
            raise BadInput(
                f"[{at}]: {block.size} words from {block.start_address} on"
                f" end behind {LAST_ADDRESS}, the last address"
            )
    for one, next_ in pairwise(sorted(blocks, key=lambda block: block.start_address)):
        if next_.start_address < one.end_address:
            raise BadInput(
                f"the block from {next_.start_address} on overlaps the one from"
                f" {one.start_address} to {one.end_address - 1}"
            )
    return blocks


def _plain(register: Register) -> Json:
    if register.id in TEXTS:
        return {"id": register.id}
    return {"id": register.id, "type": register.type, "scaler": register.scaler}


def compact(blocks: Sequence[Block]) -> list[Json]:
    """The map as it may be posted again, with the defaults that took effect."""
    return [
        {
            "start_address": block.start_address,
            **({"word_order": block.word_order} if block.word_order else {}),
            "registers": [_plain(register) for register in block.registers],
        }
        for block in blocks
    ]


def detailed(blocks: Sequence[Block], address: Callable[[int], object] = int) -> list[Json]:
    """The map with the address and size of everything; `address` spells an address."""
    return [
        {
            "start_address": address(block.start_address),
            "word_order": block.word_order or "msw",
            "end_address": address(block.end_address),
            "size": block.size,
            "registers": [
                {**_plain(register), "address": address(at), "size": register.size}
                for at, register in _placed(block)
            ],
        }
        for block in blocks
    ]


def hexadecimal(address: int) -> str:
    """An address as `?address_format=hex` spells it: `0x0321`."""
    return f"0x{address:04X}"


def _placed(block: Block) -> Iterator[tuple[int, Register]]:
    at = block.start_address
    for register in block.registers:
        yield at, register
        at += register.size


class Image:
    """A map that can be read."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._places = [
            (at, register, block.word_order or "msw")
            for block in sorted(blocks, key=lambda block: block.start_address)
            for at, register in _placed(block)
        ]
        self._starts = [at for at, _, _ in self._places]

    def read(
        self, address: int, count: int, reading: Reading | None, device: Device
    ) -> bytes | None:
        """`count` words from `address` on; None when any of them is outside all blocks.

        A read may begin or end inside a value, and go on in a block that follows at once.
        """
        found = bytearray()
        wanted, end = address, address + count
        for at, register, word_order in self._places[max(0, bisect(self._starts, address) - 1) :]:
            if wanted >= end or not at <= wanted < at + register.size:
                break
            value = register.encoded(reading, device, word_order)
            found += value[(wanted - at) * WORD_BYTES :]
            wanted = at + register.size
        return bytes(found[: count * WORD_BYTES]) if wanted >= end else None
