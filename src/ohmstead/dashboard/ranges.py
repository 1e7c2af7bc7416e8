"""Spans of time as a query writes them: read, filled in, and bounded."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ohmstead.dashboard.problems import Misfit, shown

FIRST_YEAR, LAST_YEAR = 1990, 2199
POWER_MOST_DAYS = 60
ENERGY_MOST_DAYS = 400
ENERGY_DAYS = 14
"""How many days of energy are given when nobody says, with today."""


def moments(
    first: str | None,
    last: str | None,
    zone: ZoneInfo,
    now: datetime,
    *,
    most_days: int = POWER_MOST_DAYS,
) -> tuple[datetime, datetime]:
    """`from` and `to` as aware moments: today of the zone when neither is given, else one day.

    Raises Misfit when one cannot be read, they do not follow each other, or lie too far apart.
    """
    start = None if first is None else moment("from", first, zone)
    end = None if last is None else moment("to", last, zone)
    day = timedelta(days=1)
    if start is None and end is None:
        today = now.astimezone(zone).date()
        start, end = _midnight(today, zone), _midnight(today + day, zone)
    start = start or (end or now) - day
    end = end or start + day
    if start >= end:
        raise Misfit("from", f"{shown(first)} is not before to, {end.isoformat()}")
    if end - start > timedelta(days=most_days):
        raise Misfit("to", f"{shown(last)} is more than {most_days} days after from")
    return start, end


def moment(field: str, written: str, zone: ZoneInfo) -> datetime:
    """The moment that `written` names, UTC; without an offset it is local time of `zone`.

    >>> moment("from", "2025-07-01T00:00:00", ZoneInfo("Europe/Zurich")).isoformat()
    '2025-06-30T22:00:00+00:00'
    """
    text = written.strip()
    head, space, tail = text.rpartition(" ")
    if space and "T" in head:  # the + of an offset, which a query string turns into a space
        text = f"{head}+{tail}"
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Misfit(
            field, f"{shown(written)} is not a time; it looks like 2025-07-01T00:00:00Z"
        ) from None
    _bounded(field, written, read.year)
    return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)


def days(
    first: str | None, last: str | None, today: date, *, most: int = ENERGY_MOST_DAYS
) -> tuple[date, date]:
    """`from` and `to` (exclusive) as days: the last fourteen with today when neither is given.

    Raises Misfit when one cannot be read, they do not follow each other, or lie too far apart.

    >>> [day.isoformat() for day in days(None, None, date(2025, 7, 14))]
    ['2025-07-01', '2025-07-15']
    """
    span = timedelta(days=ENERGY_DAYS)
    start = None if first is None else day_named("from", first)
    end = None if last is None else day_named("to", last)
    if end is None:
        end = today + timedelta(days=1) if start is None else start + span
    start = start or end - span
    if start >= end:
        raise Misfit("from", f"{shown(first)} is not before to, {end.isoformat()}")
    if (end - start).days > most:
        raise Misfit("to", f"{shown(last)} is more than {most} days after from")
    return start, end


def day_named(field: str, written: str) -> date:
    """The day that `written` names; Misfit."""
    try:
        read = date.fromisoformat(written.strip())
    except ValueError:
        raise Misfit(field, f"{shown(written)} is not a day; it looks like 2025-07-01") from None
    _bounded(field, written, read.year)
    return read


def _bounded(field: str, written: str, year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Misfit(
            field, f"{shown(written)} is not between the years {FIRST_YEAR} and {LAST_YEAR}"
        )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)
