"""When somebody asks of the management API: days and moments, months; as its clients write them."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from litestar.params import QueryParameter

from ohmstead.dashboard.problems import Misfit, shown

SPAN_MOST_DAYS = 90
YEARS = (1990, 2199)
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T]+(\d.*))?")
_PLUS_LOST = re.compile(r"(T.*\d) (\d\d:?\d\d)")
"""An offset from UTC whose plus sign became a space on the way, as it does in an unquoted query."""
_DIGITS = re.compile(r"[0-9]{1,6}")

From = Annotated[
    str | None,
    QueryParameter(
        name="from",
        max_length=40,
        description="First day, DD/MM/YYYY, of the site; or a moment in UTC, 2018-01-31 13:00:00.",
    ),
]
To = Annotated[
    str | None,
    QueryParameter(
        name="to", max_length=40, description="Last day, which is included; or a moment in UTC."
    ),
]
Month = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        schema_extra={"pattern": "^(0?[1-9]|1[0-2])$"},
        description="Of the year, 1 to 12 or 01 to 12. Default: this one.",
    ),
]
Year = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        schema_extra={"pattern": "^(199[0-9]|20[0-9]{2}|21[0-9]{2})$"},
        description="Default: this one.",
    ),
]


def span(first: str, last: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """`from` and `to` as moments, the second exclusive; Misfit.

    >>> [f"{at:%d.%m. %H}" for at in span("01/07/2025", "01/07/2025", ZoneInfo("Europe/Zurich"))]
    ['30.06. 22', '01.07. 22']
    """
    start, _ = _moment("from", first, zone)
    begun, ended = _moment("to", last, zone)
    if begun < start or ended <= start:
        raise Misfit("to", f"{shown(last)} is not after from, {shown(first)}")
    if (begun - start).days > SPAN_MOST_DAYS:  # whole days, as the clients count them
        raise Misfit("to", f"{shown(last)} is more than {SPAN_MOST_DAYS} days after from")
    return start, ended


def _moment(field: str, written: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When what was written begins and ends: a day of the zone, or one moment (UTC unless said).

    >>> [f"{_moment('to', at, ZoneInfo('Asia/Tokyo'))[1]:%d. %H:%M}" for at in (
    ...     "31/01/2018", "31-01-2018 13:00", "2018-01-31T13:00:00 01:00", "2018-01-31 13:00:00")]
    ['31. 15:00', '31. 13:00', '31. 12:00', '31. 13:00']
    """
    text = _PLUS_LOST.sub(r"\1+\2", written.strip())
    try:
        if found := _DAY_FIRST.fullmatch(text):
            on = date(*map(int, found.group(3, 2, 1)))
            if found[4] is None:
                return _day(on, zone)
            text = f"{on}T{found[4]}"
        if len(text) == len("2018-01-31") and "T" not in text:
            return _day(date.fromisoformat(text), zone)
        read = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Misfit(
            field, f"{shown(written)} is no time; it looks like 31/01/2018 or 2018-01-31 13:00:00"
        ) from None
    if not YEARS[0] <= read.year <= YEARS[1]:
        raise Misfit(field, f"{shown(written)} is not between the years {YEARS[0]} and {YEARS[1]}")
    at = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    return at, at


def _day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError(day)
    ends = (datetime.combine(each, time.min, zone) for each in (day, day + timedelta(days=1)))
    begin, end = (each.astimezone(UTC) for each in ends)
    return begin, end


def month_of(month: str | None, year: str | None, today: date) -> tuple[date, date]:
    """The first day of a month, and the day after its last, or after today; Misfit.

    >>> [f"{day}" for day in month_of("06", "2018", date(2018, 6, 2))]
    ['2018-06-01', '2018-06-03']
    """
    first = date(
        _number("year", year, *YEARS, today.year), _number("month", month, 1, 12, today.month), 1
    )
    following = (first + timedelta(days=32)).replace(day=1)
    return first, min(following, today + timedelta(days=1))


def _number(field: str, written: str | None, least: int, most: int, otherwise: int) -> int:
    """What is written, also with zeros before it, as clients write months."""
    if written is None:
        return otherwise
    text = written.strip()
    if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
        raise Misfit(field, f"{shown(written)} is not a whole number from {least} to {most}")
    return int(text)
