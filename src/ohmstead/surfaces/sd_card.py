"""The rows of the SD card: one line of CSV for a reading, 64 columns.

Source: REST/MQTT 2.0, 6.13; the columns and their meaning as in the device's later documentation
(CSV format, "Field reference"): what is not known is empty, texts are quoted, numbers are not,
`TIME` is the meter's clock in local time, `RP` the interval between readings in milliseconds.
"""

import re
from collections.abc import Iterator

from ohmstead.reading import catalogue
from ohmstead.reading.reading import Reading
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.spelling import text, wall

_NAMES = {identity.obis: identity.sd_card or "" for identity in catalogue.IDENTITIES}

COLUMNS: tuple[str, ...] = (
    *("RID", "TIME", _NAMES["96.1.0"], "MSTAT", _NAMES["96.14.0"]),
    *(q.sd_card for q in catalogue.ELECTRICAL if q.sd_card),
    *(_NAMES["42.0.0"], _NAMES["96.1.1"], "MIF", "MPROT", "RP"),
)

END = b"\n"
"""Lines end in LF.  Source: the samples, which were taken from a device."""

HEADER: bytes = ",".join(COLUMNS).encode() + END

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _quoted(written: str | None) -> str:
    """A text between quotes, its own quotes doubled (RFC 4180); a row stays one line."""
    plain = _CONTROL.sub(" ", written or "").replace('"', '""')
    return f'"{plain}"'


def _number(value: float | None) -> str:
    return "" if value is None else text(value)


def _fields(reading: Reading, device: Device) -> Iterator[str]:
    who = reading.identity
    yield str(reading.number)
    yield _quoted(wall(reading.meter_at or reading.at, device.zone))
    yield _quoted(who.id)
    yield _quoted(device.meter_status)
    yield _number(reading.tariff)
    yield from (_number(reading.get(q.obis)) for q in catalogue.ELECTRICAL if q.sd_card)
    yield from map(_quoted, (who.logical_name, who.model, who.interface, who.protocol))
    yield "" if reading.interval_s is None else str(round(reading.interval_s * 1000))


def row(reading: Reading, device: Device) -> bytes:
    """The line of `reading`, its end included."""
    return ",".join(_fields(reading, device)).encode("utf-8", "replace") + END
