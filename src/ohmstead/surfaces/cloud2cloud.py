"""Cloud2Cloud: what an integration receives of a reading.

The default payload, the fields that a template may name, and templates themselves: a text with
`${name}` as on the gateway (`surfaces/template.py`), or a JSON structure whose texts hold the
names.  Source: Cloud2Cloud 2.0, section 6; REST/MQTT 2.0, 4.1.1.

The time of a message is the reading's (`Reading.at`), in whole seconds; the meter's own clock is
`meter.date_time_utc`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from ohmstead.reading import catalogue
from ohmstead.reading.reading import Reading
from ohmstead.surfaces import variables
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.spelling import local, utc, wall

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Source:
    """What a message is made of.

    With `zero`, a number that the meter did not say is 0, otherwise null.  `zone` is the site's.
    """

    mac: str
    reading: Reading
    zone: ZoneInfo
    zero: bool = False


Getter = Callable[[Source], Value]


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a template may name."""

    name: str
    """As this project writes it."""
    label: str
    value: Getter
    is_number: bool = True
    unit: str | None = None
    also: tuple[str, ...] = ()
    """Other spellings that mean the same."""
    default: str | None = None
    """Its path in the default payload."""
    listed: bool = True
    """Whether the document lists it; the others are offered besides."""


def _at(source: Source) -> datetime:
    return source.reading.at.astimezone(UTC)


def _meter_at(source: Source) -> datetime | None:
    return source.reading.meter_at


def _seconds(source: Source) -> Value:
    return int(_at(source).timestamp())


def _number(source: Source, obis: str) -> Value:
    value = source.reading.get(obis)
    return 0 if value is None and source.zero else value


def _net(source: Source) -> Value:
    """16.7.0: A+ - A-, computed here when the meter says both (or what is not said counts as 0)."""
    reading = source.reading
    value = reading.get("16.7.0")
    if value is not None or not source.zero:
        return value
    return (reading.get("1.7.0") or 0) - (reading.get("2.7.0") or 0)


def _identity(source: Source, name: str) -> Value:
    said: str | None = getattr(source.reading.identity, name)
    return said


def _clock(source: Source, of: Callable[[Source], datetime | None], way: str) -> Value:
    at = of(source)
    if at is None:
        return None
    return utc(at) if way == "utc" else {"wall": wall, "local": local}[way](at, source.zone)


def _tariff(source: Source) -> Value:
    tariff = source.reading.tariff
    return 0 if tariff is None and source.zero else tariff


def _nothing(source: Source, *, is_number: bool) -> Value:
    return 0 if is_number and source.zero else None


def _head() -> Iterator[Field]:
    yield Field(
        "MAC",
        "Identifier of the device (Wi-Fi MAC); also in the topic",
        lambda source: source.mac,
        is_number=False,
        also=("mac", "sys.id"),
    )
    yield Field(
        "timestamp", "Time, UTC, UNIX seconds", _seconds, unit="s",
        also=("Timestamp",), default="Timestamp",
    )  # fmt: skip
    yield Field(
        "timestamp_iso",
        "Time, UTC, ISO 8601",
        partial(_clock, of=_at, way="utc"),
        is_number=False,
        also=("timestamp (string)", "timestamp_string", "sys.date_time_utc"),
    )


def _spellings(quantity: catalogue.Quantity, name: str) -> Iterator[str]:
    signed = quantity.obis.startswith("s")
    yield quantity.obis
    yield quantity.obis.replace(".", "_", 1)  # the gateway's document writes 71_7.0
    if signed:
        yield f"{quantity.obis[1:]} (signed)"  # as the table of 2.0 does
    yield from (each for each in quantity.aliases if each != name)
    if quantity.cloud2cloud:
        yield quantity.cloud2cloud


def _quantity(quantity: catalogue.Quantity) -> Field:
    name = quantity.obis.replace(".", "_")
    return Field(
        name=name,
        label=quantity.label,
        value=_net if quantity.obis == "16.7.0" else partial(_number, obis=quantity.obis),
        unit=quantity.unit,
        also=tuple(_spellings(quantity, name)),
        default=quantity.cloud2cloud,
        listed=quantity.offered,
    )


_IDENTITY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "meter.id": ("id", "Meter: identifier"),
        "meter.type": ("logical_name", "Meter: logical device name"),
        "meter.model": ("model", "Meter: model"),
        "meter.vendor": ("vendor", "Meter: vendor"),
        "meter.interface": ("interface", "Meter: interface"),
        "meter.protocol": ("protocol", "Meter: protocol"),
        "meter.protocol_ver": ("protocol_version", "Meter: version of the protocol"),
    }
)


def _further() -> Iterator[Field]:
    yield Field("tariff", "Present tariff", _tariff, listed=False)
    for name, (of, label) in _IDENTITY.items():
        get = partial(_identity, name=of)
        yield Field(name, label, get, is_number=False, listed=False)
    for whose, at, label in (
        ("meter", _meter_at, "Meter's clock"),
        ("sys", _at, "Time"),
    ):
        for end, way, words in (
            ("date_time", "wall", "local, with a Z that is not true"),
            ("date_time_local", "local", "local, with its offset"),
            ("date_time_utc", "utc", "UTC"),
        ):
            if (whose, way) == ("sys", "utc"):
                continue  # that is timestamp_iso
            get = partial(_clock, of=at, way=way)
            name, label_of = f"{whose}.{end}", f"{label}, {words}"
            yield Field(name, label_of, get, is_number=False, listed=False)


def _never(known: frozenset[str]) -> Iterator[Field]:
    """Variables of the gateway that do not come to the cloud: known, and never reported."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    nobody = Device(
        id="", now=epoch, started_at=epoch, boot_id="", zone=ZoneInfo("UTC"), firmware=""
    )
    for listed in variables.document(None, nobody):
        for name, said in listed.items():
            if name not in known:
                number = said == variables.UNKNOWN or name == "conv_factor"
                value = partial(_nothing, is_number=number)
                label = "Only the gateway knows it; never reported here"
                yield Field(name, label, value, is_number=number, listed=False)


def _all() -> Iterator[Field]:
    ours = (*_head(), *map(_quantity, catalogue.ALL), *_further())
    yield from ours
    yield from _never(frozenset(n for field in ours for n in (field.name, *field.also)))


FIELDS: tuple[Field, ...] = tuple(_all())
"""Every field: those the document lists, then what is offered besides."""

NAMED: Mapping[str, Field] = MappingProxyType(
    {name: field for field in FIELDS for name in (field.name, *field.also)}
)

SECTIONS = ("Timestamp", "InstantaneousPower", "Voltage", "Current", "Energy")
"""The order of the default payload.  Source: Cloud2Cloud 2.0, section 6."""


def _default() -> dict[str, Any]:
    tree: dict[str, Any] = {}
    known = [field for field in FIELDS if field.default]
    for section in SECTIONS:
        for field in known:
            *parents, last = (field.default or "").split(".")
            if (*parents, last)[0] != section:
                continue
            at = tree
            for name in parents:
                at = at.setdefault(name, {})
            at[last] = f"${{{field.name}}}"
    return tree


DEFAULT: Mapping[str, Any] = MappingProxyType(_default())
"""The default template, as a JSON structure."""

DEFAULT_TEXT = json.dumps(_default(), indent=2)
"""The same, spelled as the document prints its output: two spaces a level."""
