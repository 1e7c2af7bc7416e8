"""The compact payload: everything that a real whatwatt Go can say, through one template.

A device knows no reports over MQTT, only a template of at most 1023 characters.  This one is made
so that its output is JSON whatever the meter leaves out and whatever the firmware does not know
(an unknown name stays `${...}`): all numbers stand inside texts.  What a meter calls itself stands
last, so that a quotation mark in it spoils nothing else.  It keeps to its limit also if a firmware
counts the backslashes with which JSON writes it.
Source: REST/MQTT 2.0, 4 (1023 characters) and 4.1.1 (variables).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from ohmstead.errors import BadInput
from ohmstead.reading.derived import with_derived
from ohmstead.reading.reading import Channel, Identity, Reading
from ohmstead.surfaces import report
from ohmstead.surfaces.template import Template

LONGEST = 1023
"""Characters of a template.  Source: REST/MQTT 2.0, 4, `.publish.template`."""
CHANNELS = 3
"""Gas, water, heat meters that fit in."""

_CARRIED = (
    "1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 3.8.0 3.8.1 3.8.2 4.8.0 4.8.1 4.8.2 "
    "5.8.0 5.8.1 5.8.2 6.8.0 6.8.1 6.8.2 7.8.0 7.8.1 7.8.2 8.8.0 8.8.1 8.8.2 "
    "1.6.0 1.6.1 1.6.2 2.6.0 2.6.1 2.6.2 "
    "1.7.0 21.7.0 41.7.0 61.7.0 2.7.0 22.7.0 42.7.0 62.7.0 "
    "3.7.0 23.7.0 43.7.0 63.7.0 4.7.0 24.7.0 44.7.0 64.7.0 9.7.0 "
    "31.7.0 51.7.0 71.7.0 s31.7.0 s51.7.0 s71.7.0 32.7.0 52.7.0 72.7.0 13.7.0"
)
"""What version 1 carries.  Devices in the field keep their template: never edit it, add another."""
_QUANTITIES = tuple(_CARRIED.split())

_IDENTITY: Mapping[str, str] = MappingProxyType(
    {
        "meter.interface": "interface",
        "meter.protocol": "protocol",
        "meter.protocol_ver": "protocol_version",
        "meter.vendor": "vendor",
        "meter.id": "id",
        "meter.type": "logical_name",
        "meter.model": "model",
    }
)
_CHANNEL = ("bus", "cumulative", "date_time", "meter_id")


def _written(version: int) -> str:
    values = ",".join(f"${{{obis.replace('.', '_')}}}" for obis in _QUANTITIES)
    volumes = "|".join(f"${{vol[{n}].{name}}}" for n in range(CHANNELS) for name in _CHANNEL)
    names = "|".join(f"${{{name}}}" for name in _IDENTITY)
    times = "${timestamp},${sys.date_time_utc},${sys.date_time}"
    return (
        f'{{"ohmstead":{version},"id":"${{sys.id}}","t":"{times},${{tariff}}","v":"{values}"'
        f',"vol":"{volumes}","m":"{names}"}}'
    )


TEMPLATE = _written(1)
"""What provisioning writes into a device."""

BEGIN = b'{"ohmstead":'
_VERSIONS: Mapping[str, tuple[Template, tuple[str, ...]]] = MappingProxyType(
    {"1": (Template(TEMPLATE), _QUANTITIES)}
)
_VERSION = re.compile(r'\{"ohmstead":(\d{1,4}),')
_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,40})?([eE][+-]?\d{1,2})?")
_STEP = re.compile(r'\\(["\\/])')


def _said(value: str) -> str | None:
    """A variable's value, None where it is absent: nothing, `null`, or unknown to the firmware."""
    return None if value in ("", "null") or value.startswith("${") else value


def _number(value: str, name: str) -> float | None:
    said = _said(value.strip())
    if said is None:
        return None
    if not _NUMBER.fullmatch(said):
        raise BadInput(f"{name} must be a number, not {said[:40]!r}")
    return float(said)


def _text(value: str, name: str) -> str | None:
    said = _said(_STEP.sub(r"\1", value))
    if said is not None and len(said) > report.LONGEST_TEXT:
        raise BadInput(f"{name} must be a text of at most {report.LONGEST_TEXT} characters")
    return said


def _clock(value: str, zone: ZoneInfo, name: str) -> datetime | None:
    """A time; None where there is none, or where it is that of a clock nobody has set."""
    said = _said(value)
    if said is None:
        return None
    try:
        at = datetime.fromisoformat(said.removesuffix("Z"))
    except ValueError as error:
        raise BadInput(f"{name} must be a time like 2025-10-07T14:26:10Z: {error}") from error
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    return at.astimezone(UTC) if report.EARLIEST < at < report.LATEST else None


def _stamp(value: str) -> datetime | None:
    stamp = _number(value, "timestamp")
    if stamp is None or not report.EARLIEST.timestamp() < stamp < report.LATEST.timestamp():
        return None
    return datetime.fromtimestamp(stamp, UTC)


def _channels(said: Mapping[str, str], zone: ZoneInfo) -> Iterator[Channel]:
    for n in range(CHANNELS):
        bus, cumulative, at, meter_id = (said[f"vol[{n}].{name}"] for name in _CHANNEL)
        value = _number(cumulative, f"vol[{n}].cumulative")
        if value is not None:
            yield Channel(
                bus=int(_number(bus, f"vol[{n}].bus") or 0),
                kind="other",
                value=value,
                unit=None,
                meter_id=_text(meter_id, f"vol[{n}].meter_id"),
                at=_clock(at, zone, f"vol[{n}].date_time"),
            )


def parse(payload: bytes, zone: ZoneInfo) -> Reading:
    """The reading that a device told through TEMPLATE; BadInput, naming the place, if it is none.

    `at` is the device's own clock (`sys.date_time_utc`, which older firmware does not know), else
    the meter's (`timestamp`), else `sys.date_time` as local time of `zone`; all to the second.
    """
    text = payload.decode("utf-8", errors="replace").strip()
    version = _VERSION.match(text)
    if version is None or version[1] not in _VERSIONS:
        raise BadInput(
            f"{text[:24]!r} is no template of ours, or of a newer Ohmstead; provision the device"
        )
    template, quantities = _VERSIONS[version[1]]
    said = template.read(text)
    if said is None:
        raise BadInput(
            "the payload is not what our template gives: it is cut off or was changed in the "
            "device; `ohmstead provision` writes it anew"
        )
    numbers = ((obis, _number(said[obis.replace(".", "_")], obis)) for obis in quantities)
    meter_at, tariff = _stamp(said["timestamp"]), _number(said["tariff"], "tariff")
    at = (
        _clock(said["sys.date_time_utc"], ZoneInfo("UTC"), "sys.date_time_utc")
        or meter_at
        or _clock(said["sys.date_time"], zone, "sys.date_time")
    )
    if at is None:
        raise BadInput("the payload has no time: neither the device's clock nor the meter's is set")
    return Reading(
        meter=_text(said["sys.id"], "sys.id") or "",
        at=at,
        values=with_derived({obis: value for obis, value in numbers if value is not None}),
        identity=Identity(**{field: _text(said[name], name) for name, field in _IDENTITY.items()}),
        channels=tuple(_channels(said, zone)),
        tariff=int(tariff) if tariff else None,  # 0: the meter has not said it
        meter_at=meter_at,
    )


def either(payload: bytes, zone: ZoneInfo) -> Reading:
    """The reading in what a device sent: a report of our gateway, or this compact payload."""
    return (parse if payload.lstrip()[: len(BEGIN)] == BEGIN else report.parse)(payload, zone)
