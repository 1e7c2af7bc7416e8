"""What the gateway's pages ask besides the device's own API.  Ours, and marked so in the OpenAPI.

The pages must not read `/api/v1/live`: it has room for one client, and a page left open in a tab
would throw a home automation out again and again.  They ask `/api/v1/values` every now and then,
which costs nobody anything and is there without a licence, as the live stream is.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from ohmstead.gateway.board import Board
from ohmstead.gateway.http import About, Request, Response, Route, json
from ohmstead.gateway.logs_api import OURS
from ohmstead.reading import catalogue
from ohmstead.reading.labels import labels
from ohmstead.reading.reading import Channel, Reading
from ohmstead.surfaces import registers
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.registers import Block, Register
from ohmstead.surfaces.spelling import utc
from ohmstead.surfaces.template import Template

LONGEST_TEMPLATE = 1023


class Shown(Struct, frozen=True, omit_defaults=True):
    """One measured value."""

    obis: str
    value: float
    """In `unit`."""
    unit: str | None = None
    label: str = ""
    labels: dict[str, str] = {}
    """By language; none for what is not in the catalogue."""
    derived: bool = False
    """Whether the gateway worked it out."""


class Values(Struct, frozen=True):
    """The latest reading and the state of its meter."""

    status: str
    """Of the meter, in the device's words."""
    refused: int
    """Telegrams that were not understood, since the start."""
    refusal: str
    """Why the last one was not."""
    zone: str
    """Of the meter, an IANA name."""
    at: str | None
    """When the reading came, ISO 8601, UTC; None before the first."""
    age_s: float | None
    interval_s: float | None
    """Between the last two readings."""
    tariff: int | None
    values: list[Shown]
    channels: list[dict[str, Any]]
    """Gas, water, heat and others behind the meter."""
    id: str
    """The device's MAC."""
    claim: str | None
    """The code by which the owner takes this device over in its cloud; None without one."""


class Sketch(Struct, frozen=True):
    """A template of the MQTT client."""

    template: Annotated[str, Meta(max_length=LONGEST_TEMPLATE)]


class Preview(Struct, frozen=True):
    """The message that a template makes now."""

    message: str
    json: bool
    """Whether it is JSON."""


class Word(Struct, frozen=True):
    """What stands in a register now."""

    address: int
    value: float | str | None
    """As a client reads it; None where it is not a number."""


Present = Callable[[], Device]
Refusal = Callable[[], str]
Blocks = Callable[[], Sequence[Block]]


def _shown(obis: str, value: float, *, derived: bool) -> Shown:
    quantity = catalogue.BY_OBIS.get(obis)
    if quantity is None:
        return Shown(obis, value, derived=derived)
    return Shown(obis, value, quantity.unit, quantity.label, labels(quantity), derived)


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "bus": channel.bus,
        "kind": channel.kind,
        "value": channel.value,
        "unit": channel.unit,
        "meter_id": channel.meter_id,
        "at": utc(channel.at) if channel.at else None,
    }


_FORMS = {"double": ">d", "float": ">f", "long": ">q", "int": ">i", "short": ">h"}


def _read(register: Register, reading: Reading | None, device: Device) -> float | str | None:
    """What a client makes of the register's bytes: a number, a text, or a moment in hexadecimal."""
    said = register.encoded(reading, device, "msw")
    if register.id in registers.TEXTS:
        printable = said.rstrip(b"\0")
        return printable.decode() if printable.isascii() and len(said) > 6 else said.hex().upper()
    if register.id in registers.MOMENTS:
        year, *rest = struct.unpack(">H6B", said)
        month, day, hour, minute, second, _ = rest
        written = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        return written if year else None
    (number,) = struct.unpack(_FORMS[register.type], said)
    if number != number:  # noqa: PLR0124  (not a number)
        return None
    return float(f"{number:.{7 if register.type == 'float' else 15}g}")


class ValuesApi:
    """The latest reading, previews of templates and the content of the registers."""

    def __init__(
        self,
        board: Board,
        device: Present,
        *,
        refusal: Refusal = str,
        blocks: Blocks = tuple,
        claim: str | None = None,
    ) -> None:
        """`refusal` says why the last telegram was not understood, `blocks` the register map."""
        self._board = board
        self._device = device
        self._refusal = refusal
        self._blocks = blocks
        self._claim = claim

    def routes(self) -> Sequence[Route]:
        """`values`, `mqtt/preview` and `modbus/values`."""
        return (
            Route(
                "GET",
                "/api/v1/values",
                self._values,
                About(summary="The latest values, for the pages", source=OURS, gives=Values),
            ),
            Route(
                "POST",
                "/api/v1/mqtt/preview",
                self._preview,
                About(
                    summary="The message that a template makes of the latest values",
                    source=OURS,
                    takes=Sketch,
                    gives=Preview,
                ),
                licensed=True,
            ),
            Route(
                "GET",
                "/api/v1/modbus/values",
                self._registers,
                About(summary="What stands in the registers", source=OURS, gives=list[Word]),
                licensed=True,
            ),
        )

    async def _values(self, request: Request) -> Response:
        del request
        reading, device = self._board.latest, self._device()
        derived: frozenset[str] = reading.derived if reading else frozenset()
        found = reading.values.items() if reading else ()
        values = [_shown(obis, value, derived=obis in derived) for obis, value in found]
        age_s = max(0.0, (device.now - reading.at).total_seconds()) if reading else None
        return json(
            Values(
                status=device.meter_status,
                refused=device.refused,
                refusal=self._refusal(),
                zone=device.zone.key,
                at=utc(reading.at) if reading else None,
                age_s=None if age_s is None else round(age_s, 1),
                interval_s=reading.interval_s if reading else None,
                tariff=reading.tariff if reading else None,
                values=values,
                channels=[_channel(one) for one in reading.channels] if reading else [],
                id=device.id,
                claim=self._claim,
            )
        )

    async def _preview(self, request: Request) -> Response:
        sketch = request.json(Sketch)
        message = Template(sketch.template).render(self._board.latest, self._device())
        return json(Preview(message, _is_json(message)))

    async def _registers(self, request: Request) -> Response:
        del request
        reading, device = self._board.latest, self._device()
        found = []
        for block in self._blocks():
            at = block.start_address
            for register in block.registers:
                found.append(Word(at, _read(register, reading, device)))
                at += register.size
        return json(found)


def _is_json(message: str) -> bool:
    try:
        msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
