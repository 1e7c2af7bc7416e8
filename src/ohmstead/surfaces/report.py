"""The report: the device's full account of one reading, and the way back from it.

`document` writes what `/api/v1/report` answers and what goes up to the cloud; `parse` reads it
there, and reads what a real device of the vendor sends as well.  Source: REST/MQTT 2.0, 3.1;
`volume` and `date_time_utc` as in the device's later documentation.

What has no place in the documented object stands in two further members of `report`: `timestamp`
(the moment of receipt, UTC seconds) and `further` (other quantities by OBIS code).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.derived import with_derived
from ohmstead.reading.numbers import MOST
from ohmstead.reading.reading import Channel, Identity, Reading
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.spelling import local, number, utc, wall

Json = dict[str, Any]

SECTIONS = ("instantaneous_power", "voltage", "current", "energy", "max_demand", "power_factor")
"""The order in which the samples print the parts of `report`."""

PATHS: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    sorted(
        ((q.obis, tuple(q.report.split("."))) for q in catalogue.ALL if q.report),
        key=lambda entry: SECTIONS.index(entry[1][0]),
    )
)
"""Catalogue key and path in `report`.  Quirks 3 and 4: `energy.reactive`, spelled so, and there."""

IDENTITY: tuple[str, ...] = (
    "interface",
    "protocol",
    "protocol_version",
    "logical_name",
    "id",
    "model",
    "vendor",
    "prefix",
)
"""Fields of `meter`, named alike in `Identity`, in the order of the sample."""

PLACED = frozenset(obis for obis, _ in PATHS)

LONGEST_PAYLOAD = 65_536
MOST_FURTHER = 200
MOST_CHANNELS = 32
LONGEST_TEXT = 128

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_KEY = re.compile(r"s?\d{1,3}\.\d{1,3}\.\d{1,3}")


# --- the way out -----------------------------------------------------------------------------


def _put(tree: Json, path: tuple[str, ...], value: float) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = number(value)


def _times(prefix: str, at: datetime, zone: ZoneInfo) -> Json:
    return {
        prefix: wall(at, zone),
        f"{prefix}_local": local(at, zone),
        f"{prefix}_utc": utc(at),
    }


def _volume(channel: Channel, zone: ZoneInfo) -> Json:
    entry: Json = {"bus": channel.bus, "meter_id": channel.meter_id or ""}
    if channel.at is not None:
        entry |= {"date_time": wall(channel.at, zone), "date_time_utc": utc(channel.at)}
    if channel.value is not None:
        entry["cumulative"] = number(channel.value)
    return entry | {"kind": channel.kind, "unit": channel.unit or ""}


def _report(reading: Reading, device: Device) -> Json:
    report: Json = {"id": reading.number}
    if reading.interval_s is not None:
        report["interval"] = number(reading.interval_s)
    if reading.tariff is not None:
        report["tariff"] = reading.tariff
    report |= _times("date_time", reading.meter_at or reading.at, device.zone)
    for obis, path in PATHS:
        value = reading.get(obis)
        if value is not None:
            _put(report, path, value)
    report["conv_factor"] = number(device.conv_factor)
    if reading.channels:
        report["volume"] = [_volume(channel, device.zone) for channel in reading.channels]
    further = {k: number(v) for k, v in sorted(reading.values.items()) if k not in PLACED}
    if further:
        report["further"] = further
    report["timestamp"] = round((reading.at - _EPOCH) / timedelta(seconds=1), 3)
    return report


def document(reading: Reading | None, device: Device) -> Json:
    """The object `{report, meter, system}`; what the meter did not say is not in it.

    Before the first reading `report` is empty and `meter` has its status only.
    """
    identity = reading.identity if reading else Identity()
    said = ((name, getattr(identity, name)) for name in IDENTITY)
    return {
        "report": _report(reading, device) if reading else {},
        "meter": {"status": device.meter_status, **{k: v for k, v in said if v is not None}},
        "system": {
            "id": device.id,
            **_times("date_time", device.now, device.zone),
            "boot_id": device.boot_id,
            "time_since_boot": int(device.uptime_s),
        },
    }


# --- the way back ----------------------------------------------------------------------------


def _object(parent: Json, name: str, where: str) -> Json:
    found = parent.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadInput(f"{where}{name} must be an object, not {str(found)[:40]!r}")
    return found


def _number(value: object, where: str) -> float | None:
    """A finite number, or None for null; a text or a truth value is refused."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{where} must be a number, not {str(value)[:40]!r}")
    try:
        found = float(value)
    except OverflowError:
        found = float("inf")
    if not abs(found) <= MOST:
        raise BadInput(f"{where} is too large; at most {MOST:g} is taken")
    return found


def _whole(value: object, where: str) -> int | None:
    found = _number(value, where)
    return None if found is None else int(found)


def _text(value: object, where: str) -> str | None:
    """A text; None for null and for the empty text, with which a device says that it has none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise BadInput(f"{where} must be a text of at most {LONGEST_TEXT} characters")
    return value


def _moment(value: object, zone: tzinfo, where: str) -> datetime | None:
    """An ISO time; one whose `Z` is not to be trusted is local time of `zone`."""
    written = _text(value, where)
    if written is None:
        return None
    try:
        at = datetime.fromisoformat(written.removesuffix("Z"))
    except ValueError as error:
        raise BadInput(f"{where} must be a time like 2025-10-07T14:26:10Z: {error}") from error
    return _plausible(at if at.tzinfo else at.replace(tzinfo=zone), where)


def _plausible(at: datetime, where: str) -> datetime:
    try:
        moment = at.astimezone(UTC)
    except OverflowError:
        moment = LATEST
    if not EARLIEST <= moment < LATEST:
        raise BadInput(f"{where} is not in this century: {at.isoformat()}")
    return moment


def _clock(parent: Json, zone: ZoneInfo, where: str) -> datetime | None:
    """`date_time_utc`, else `date_time_local` with its offset, else `date_time`, which is local.

    Quirk 19: its Z is not true.
    """
    for name, assumed in (("date_time_utc", UTC), ("date_time_local", zone), ("date_time", zone)):
        found = _moment(parent.get(name), assumed, where + name)
        if found:
            return found
    return None


def _received(report: Json, system: Json, zone: ZoneInfo) -> datetime:
    stamp = _number(report.get("timestamp"), "report.timestamp")
    if stamp is not None:
        if abs(stamp) > LATEST.timestamp():
            raise BadInput(f"report.timestamp is not in this century: {stamp}")
        return _plausible(_EPOCH + timedelta(milliseconds=round(stamp * 1000)), "report.timestamp")
    found = _clock(report, zone, "report.") or _clock(system, zone, "system.")
    if found is None:
        raise BadInput("the report has no time: timestamp, date_time_utc or date_time is needed")
    return found


def _tree() -> Json:
    """PATHS as nested names, an OBIS code at the end of each."""
    tree: Json = {}
    for obis, path in PATHS:
        at = tree
        for name in path[:-1]:
            at = at.setdefault(name, {})
        at[path[-1]] = obis
    return tree


_PLACES: Mapping[str, Any] = _tree()


def _placed(report: Json, places: Mapping[str, Any], where: str, values: dict[str, float]) -> None:
    """Put what stands at documented places into `values`, by OBIS code.

    It goes through what the report has, which is less than what there may be.
    """
    for name, said in report.items():
        place = places.get(name)
        if place is None or said is None:
            continue
        if type(place) is not str:
            if type(said) is not dict:
                raise BadInput(f"{where}{name} must be an object, not {str(said)[:40]!r}")
            _placed(said, place, f"{where}{name}.", values)
        elif (type(said) is float or type(said) is int) and -MOST <= said <= MOST:
            values[place] = float(said)
        elif (number := _number(said, where + name)) is not None:
            values[place] = number


def _further(report: Json) -> Iterator[tuple[str, float]]:
    entries = _object(report, "further", "report.")
    if not entries:
        return
    if len(entries) > MOST_FURTHER:
        raise BadInput(f"report.further has {len(entries)} members; {MOST_FURTHER} are accepted")
    for key, said in entries.items():
        if key not in catalogue.BY_OBIS and not _KEY.fullmatch(key):
            raise BadInput(f"report.further: {key[:40]!r} is not an OBIS code like 14.7.0")
        value = _number(said, f"report.further.{key}")
        if value is not None:
            yield key, value


def _channels(report: Json, zone: ZoneInfo) -> Iterator[Channel]:
    entries = report.get("volume") or []
    if not isinstance(entries, list) or len(entries) > MOST_CHANNELS:
        raise BadInput(f"report.volume must be a list of at most {MOST_CHANNELS} objects")
    for index, entry in enumerate(entries):
        where = f"report.volume[{index}]."
        if not isinstance(entry, dict):
            raise BadInput(f"report.volume[{index}] must be an object")
        kind = _text(entry.get("kind"), f"{where}kind") or "other"
        yield Channel(
            bus=_whole(entry.get("bus"), f"{where}bus") or 0,
            kind=kind if kind in catalogue.BY_MEDIUM else "other",
            value=_number(entry.get("cumulative"), f"{where}cumulative"),
            unit=_text(entry.get("unit"), f"{where}unit"),
            meter_id=_text(entry.get("meter_id"), f"{where}meter_id"),
            at=_clock(entry, zone, where),
        )


def _decoded(payload: bytes) -> Mapping[str, Any]:
    if len(payload) > LONGEST_PAYLOAD:
        raise BadInput(f"a report of {len(payload)} bytes; at most {LONGEST_PAYLOAD} are accepted")
    try:
        found = msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"the report is not a JSON object: {error}") from error
    return found


def parse(payload: bytes, zone: ZoneInfo) -> Reading:
    """The reading that a report tells; BadInput, naming the field, where it cannot be one.

    `meter` is the device's id (`system.id`, empty if it has none).  `at` is `report.timestamp`,
    else `report.date_time_utc`, else `report.date_time` as local time of `zone`, else the same of
    `system`.  Sums and nets the sender left out are added (`with_derived`).
    """
    whole = dict(_decoded(payload))
    report, system, meter = (_object(whole, name, "") for name in ("report", "system", "meter"))
    if not report:
        raise BadInput("the payload has no report: an object with the member 'report' is expected")
    values = dict(_further(report))
    _placed(report, _PLACES, "report.", values)
    return Reading(
        meter=_text(system.get("id"), "system.id") or "",
        at=_received(report, system, zone),
        values=with_derived(values),
        identity=Identity(**{k: _text(meter.get(k), f"meter.{k}") for k in IDENTITY}),
        channels=tuple(_channels(report, zone)),
        tariff=_whole(report.get("tariff"), "report.tariff"),
        meter_at=_clock(report, zone, "report."),
        number=_whole(report.get("id"), "report.id") or 0,
        interval_s=_number(report.get("interval"), "report.interval"),
    )
