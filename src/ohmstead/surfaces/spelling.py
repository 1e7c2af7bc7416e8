"""How numbers and times are written on every surface of the device."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

LARGEST_EXACT = 2**53  # beyond it a float no longer tells neighbouring integers apart


def number(value: float) -> float:
    """`value` as the device prints it: an integral one without a fraction, a negative zero as 0.

    Source: REST/MQTT 2.0, 3.1 (`"l2":0`, `"total":0.037`).

    >>> number(0.0), number(-0.0), number(36.0), number(0.037)
    (0, 0, 36, 0.037)
    """
    return int(value) if value == int(value) and abs(value) < LARGEST_EXACT else value


def text(value: float) -> str:
    """`number` as text, never in powers of ten.

    >>> text(24.087), text(0.0), text(0.00001)
    ('24.087', '0', '0.00001')
    """
    return f"{Decimal(repr(number(value))):f}"


def wall(at: datetime, zone: ZoneInfo) -> str:
    """Local wall time with a `Z` that is not true, as the device writes `date_time`.

    Source: REST/MQTT 2.0, 3.1, `.report.date_time`: "in local time".  Quirk 19.

    >>> wall(datetime(2025, 10, 7, 12, 26, 10, tzinfo=UTC), ZoneInfo("Europe/Zurich"))
    '2025-10-07T14:26:10Z'
    """
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%SZ")


def local(at: datetime, zone: ZoneInfo) -> str:
    """Local time with its offset: `2025-10-07T14:26:10+02:00`."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def utc(at: datetime) -> str:
    """`2025-10-07T12:26:10Z`, and this Z is true."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def date(at: datetime, zone: ZoneInfo) -> str:
    """`2025-10-07`, in local time."""
    return at.astimezone(zone).strftime("%Y-%m-%d")


def time_of_day(at: datetime, zone: ZoneInfo) -> str:
    """`14:26:10`, in local time."""
    return at.astimezone(zone).strftime("%H:%M:%S")
