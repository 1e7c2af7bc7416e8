"""What the management API says of meters and appliances, in our words, and back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ohmstead.dashboard import management_shapes as shapes
from ohmstead.dashboard.management_words import about
from ohmstead.dashboard.problems import Misfit
from ohmstead.reading.catalogue import BY_MEDIUM
from ohmstead.store.managed_meters import Change, Managed
from ohmstead.store.meters import checked_id
from ohmstead.store.sites import named

READING = {"cum": "cumulative", "avg": "interval"}
WORDS = {ours: theirs for theirs, ours in READING.items()}


def wanted_of(
    said: shapes.MeterGiven, word: str, kind: str | None, start: Change, of: str = ""
) -> Change:
    """What is asked for, in our words; Misfit names the field.  `of` is the type it has."""
    if kind is not None and kind.lower() not in BY_MEDIUM:
        raise Misfit(f"{word}.type", f"{kind!r} is none of {', '.join(BY_MEDIUM)}")
    units = BY_MEDIUM[(kind or of).lower()].units
    if said.unit is not None and said.unit not in units and any(units):
        raise Misfit(f"{word}.unit", f"{said.unit!r} is none of {', '.join(units)}")
    reading = None if said.reading is None else said.reading.strip().lower()
    if reading is not None and reading not in READING:
        raise Misfit(f"{word}.reading", f"{said.reading!r} is none of {', '.join(READING)}")
    with about(f"{word}.reference"):
        id = None if said.reference is None else checked_id(said.reference)
    with about(f"{word}.name"):
        name = None if said.name is None else named(said.name, "a meter")
    return replace(
        start,
        id=id,
        name=name,
        type=None if kind is None else kind.lower(),
        interval_s=_seconds(said.process_sampling_rate),
        reading=None if reading is None else READING[reading],
        unit=said.unit,
        wh_per_pulse=said.wh_per_pulse,
        param_type=said.param_type,
    )


def _seconds(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes * 60, 3)


def shown(found: Managed) -> shapes.Meter:
    """A meter as the API gives it."""
    return shapes.Meter(**_fields(found))


def shown_appliance(found: Managed) -> shapes.Appliance:
    """An appliance as the API gives it."""
    return shapes.Appliance(
        **_fields(found),
        meter_id=found.parent,
        channel_param_type=found.channel_param_type,
    )


def _fields(found: Managed) -> Mapping[str, Any]:
    meter = found.meter
    minutes = round(meter.interval_s / 60, 4)
    rate = int(minutes) if minutes == int(minutes) else minutes
    return {
        "id": meter.stream,
        "reference": meter.id,
        "name": meter.name,
        "type": meter.type,
        "unit": meter.unit,
        "reading": WORDS[meter.reading],
        "process_sampling_rate": rate,
        "process_sampling_rate_minutes": rate,
        "wh_per_pulse": found.wh_per_pulse,
        "param_type": found.param_type,
        "site_id": meter.site.id,
        "site_name": meter.site.name,
        "organization_id": meter.site.organisation,
        "organization_name": found.organisation_name,
        "timezone": meter.site.timezone,
    }
