"""The buckets a question asks for: as energy_calendar's, and ISO weeks, years, and all in one."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from ohmstead.analytics.energy_calendar import edges, midnight_s

Span = Literal["15min", "hour", "day", "week", "month", "year", "whole"]
SPANS: tuple[Span, ...] = ("15min", "hour", "day", "week", "month", "year", "whole")
LONG: tuple[Span, ...] = ("day", "week", "month", "year", "whole")
"""Those that begin at midnight."""


def bounds(span: Span, first: date, last: date, zone: ZoneInfo) -> list[int]:
    """The edges (epoch seconds) of the buckets from `first` to before `last`, days of `zone`.

    A bucket that reaches further is cut.  Weeks begin on Monday.  Source: ISO 8601, 3.1.1.23.

    >>> len(bounds("week", date(2025, 11, 1), date(2025, 12, 1), ZoneInfo("Europe/Zurich"))) - 1
    5
    """
    start, end = midnight_s(first, zone), midnight_s(last, zone)
    if span in ("15min", "hour"):
        inside = edges("hour" if span == "hour" else "15min", start, end, zone)
    else:
        inside = [midnight_s(day, zone) for day in _begins(span, first, last)]
    return [start, *(edge for edge in inside if start < edge < end), end]


def _begins(span: Span, first: date, last: date) -> list[date]:
    """The days after `first` on which a bucket begins."""
    begins = BEGINS[span]
    days = (first + timedelta(days=n) for n in range(1, (last - first).days))
    return [day for day in days if begins(day)]


BEGINS: dict[Span, Callable[[date], bool]] = {
    "day": lambda _day: True,
    "week": lambda day: day.weekday() == 0,
    "month": lambda day: day.day == 1,
    "year": lambda day: (day.month, day.day) == (1, 1),
    "whole": lambda _day: False,
}


def months_only(span: Span, first: date, last: date) -> bool:
    """Whether every bucket is made of whole months."""
    return span in ("month", "year", "whole") and first.day == 1 and last.day == 1
