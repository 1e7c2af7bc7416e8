"""The variables of templates, listed with their present values.

A list of objects with one key each, every value a text; a number nobody knows is `"null"`, a text
nobody knows is empty.  Source: REST/MQTT 2.0, 4.1.1 (names) and 4.1.2 (shape and order).
"""

from collections.abc import Iterator

from ohmstead.reading import catalogue
from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces.device import Device, Ethernet, Wifi
from ohmstead.surfaces.spelling import local, text, utc, wall

UNKNOWN = "null"

QUANTITIES: tuple[tuple[str, str], ...] = tuple(
    (name, quantity.obis)
    for quantity in catalogue.TEMPLATES
    for name in (quantity.template or "", *quantity.aliases)
)
"""Variable name and catalogue key, in the document's order, aliases after their own name."""


def _known(value: float | None) -> str:
    return UNKNOWN if value is None else text(value)


def _meter(identity: Identity, device: Device) -> Iterator[tuple[str, str]]:
    yield "meter.id", identity.id or ""
    yield "meter.type", identity.logical_name or ""
    yield "meter.vendor", identity.vendor or ""
    yield "meter.model", identity.model or ""
    yield "meter.interface", identity.interface or ""
    yield "meter.protocol", identity.protocol or ""
    yield "meter.protocol_ver", identity.protocol_version or ""
    yield "meter.status", device.meter_status


def _host(identity: Identity, device: Device) -> Iterator[tuple[str, str]]:
    """What belongs to the hardware: a gateway in software has no plug, and perhaps no radio."""
    yield "plug.interface", identity.interface or "NONE"
    for source in ("usb", "p1", "mbus"):  # Quirk 2: the sample's `pl` is a misprint of p1
        yield f"plug.voltage.{source}", UNKNOWN
    yield from _wifi(device.wifi)
    if device.ethernet:  # as the sample has it, a port that is not there is not listed
        yield "eth.state", "up" if device.ethernet.up else "down"
        yield from _interface("eth", device.ethernet)


def _wifi(wifi: Wifi | None) -> Iterator[tuple[str, str]]:
    status = wifi.status.lower() if wifi else "disabled"
    connected = wifi if wifi and wifi.bssid else None
    yield "wifi.mode", "off" if status == "disabled" else "sta"
    yield "wifi.sta.status", status
    yield "wifi.sta.ssid", connected.ssid if connected else ""
    yield "wifi.sta.bssid", connected.bssid if connected else ""
    yield "wifi.sta.rssi", _known(connected.rssi if connected else None)
    yield "wifi.sta.channel", _known(connected.channel if connected else None)
    yield from _interface("wifi.sta", wifi)


def _interface(name: str, one: Wifi | Ethernet | None) -> Iterator[tuple[str, str]]:
    yield f"{name}.mac", one.mac if one else ""
    yield f"{name}.ip", one.ip if one else ""
    yield f"{name}.mask", one.mask if one else ""
    yield f"{name}.gw", one.gateway if one else ""
    yield f"{name}.dns", one.dns if one else ""


def _pairs(reading: Reading | None, device: Device) -> Iterator[tuple[str, str]]:
    identity = reading.identity if reading else Identity()
    at = (reading.meter_at or reading.at) if reading else None
    yield "sys.name", device.name
    yield "sys.id", device.id
    yield "sys.firmware", device.firmware
    yield "sys.date_time", wall(device.now, device.zone)
    for name, obis in QUANTITIES:
        yield name, _known(reading.get(obis) if reading else None)
    yield "tariff", _known(reading.tariff if reading else None)
    yield "conv_factor", text(device.conv_factor)
    yield "timestamp", str(int(at.timestamp())) if at else UNKNOWN
    yield "meter.date_time", wall(at, device.zone) if at else ""
    yield from _meter(identity, device)
    yield from _host(identity, device)
    yield "meter.date_time_local", local(at, device.zone) if at else ""
    yield "meter.date_time_utc", utc(at) if at else ""
    yield "sys.date_time_local", local(device.now, device.zone)
    yield "sys.date_time_utc", utc(device.now)
    for index, channel in enumerate(reading.channels if reading else ()):
        yield f"vol[{index}].bus", str(channel.bus)
        yield f"vol[{index}].meter_id", channel.meter_id or ""
        yield f"vol[{index}].date_time", wall(channel.at, device.zone) if channel.at else ""
        yield f"vol[{index}].cumulative", _known(channel.value)


def document(reading: Reading | None, device: Device) -> list[dict[str, str]]:
    """Every variable in the document's order, one object each; later additions stand at the end."""
    return [{name: value} for name, value in _pairs(reading, device)]
