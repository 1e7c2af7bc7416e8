"""The meters behind the meter: gas, water and heat that a telegram carries on channels 1 to 9."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ohmstead.reading import catalogue, units
from ohmstead.reading.reading import Channel
from ohmstead.wire.p1 import text_of
from ohmstead.wire.telegram import Value

ON_A_CHANNEL = re.compile(r"0-([1-9]):(\d+\.\d+\.\d+)")
VALUES = ("24.2.1", "24.2.3", "24.3.0")
"""Last value; the same before temperature correction (Fluvius); hourly value of DSMR 2.2 and 3."""
TYPE = "24.1.0"  # M-Bus device type
IDS = ("96.1.0", "96.1.1", "96.1.2")
"""Equipment identifier; Fluvius gives it as 96.1.1 and, for a customer's label, 96.1.2."""

HEAT = "register:60"
"""The heat of a Kamstrup MULTICAL; other meters count something else there, or nothing."""
HEAT_UNITS = ("Wh", "kWh", "MWh", "GJ", "MJ")

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # a meter that was never read is dated 1970


def moment(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A meter's time as aware UTC; one without an offset is wall time of `zone`.  None stays."""
    if at is None:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def channels(values: Mapping[str, Value], zone: ZoneInfo) -> tuple[Channel, ...]:
    """What the telegram says about the meters behind it, by channel number; a heat meter that
    answers itself is its own channel 1."""
    by_bus: dict[int, dict[str, Value]] = {}
    for key, value in values.items():
        if found := ON_A_CHANNEL.fullmatch(key):
            by_bus.setdefault(int(found[1]), {})[found[2]] = value
    return (*_channels(by_bus, zone), *_heat(values))


def _heat(values: Mapping[str, Value]) -> Iterator[Channel]:
    said = values.get(HEAT)
    if said is None or isinstance(said.value, str) or said.unit not in HEAT_UNITS:
        return
    serial = values.get("serial")
    value, unit = units.kept(said.value, said.unit)
    yield Channel(1, "heat", value, unit, str(serial.value) if serial else None)


def _channels(by_bus: Mapping[int, Mapping[str, Value]], zone: ZoneInfo) -> Iterator[Channel]:
    for bus, said in sorted(by_bus.items()):
        value, unit, at = _last(said, zone)
        meter_id = next((text for key in IDS if (text := _text(said.get(key)))), None)
        if not value and meter_id is None and (value is None or any(key in said for key in IDS)):
            continue  # the meter has a place for it, and nothing is connected
        yield Channel(bus, _kind(said.get(TYPE)), value, unit, meter_id, at)


def _last(
    said: Mapping[str, Value], zone: ZoneInfo
) -> tuple[float | None, str | None, datetime | None]:
    for key in VALUES:
        value = said.get(key)
        if value is None or isinstance(value.value, str):
            continue
        at = moment(value.at, zone)
        if at is None or at >= EARLIEST:
            return *units.kept(value.value, value.unit), at
    return None, None, None


def _kind(device_type: Value | None) -> str:
    """The kind of meter from its M-Bus device type (EN 13757-3)."""
    said = str(device_type.value) if device_type else ""
    medium = catalogue.BY_MBUS.get(int(said)) if said.isdigit() else None
    return medium.kind if medium else "other"


def _text(value: Value | None) -> str | None:
    """An identifier: the text its hexadecimal digits spell, None where there is none."""
    said = text_of(value.value) if value and isinstance(value.value, str) else ""
    return said if said.strip("0") else None
