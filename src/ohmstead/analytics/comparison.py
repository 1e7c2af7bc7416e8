"""The same period before: which days it has, and which of its buckets is which of ours."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from ohmstead.analytics.spans import Span

With = Literal["previous", "year"]
WITH: tuple[With, ...] = ("previous", "year")
YEAR_WEEKS = 52
Days = tuple[date, date]


def before(first: date, last: date, with_: With, *, weekdays: bool = False) -> Days:
    """The period to compare with, `last` not part of either.

    `previous` is what lies just before: as many months where whole months are asked for, else as
    many days.  `year` is the same dates a year ago.  With `weekdays` it is moved by whole weeks, so
    that a Monday is compared with a Monday: as few as clear the period, or 52.

    >>> [str(day) for day in before(date(2025, 3, 1), date(2025, 4, 1), "previous")]
    ['2025-02-01', '2025-03-01']
    >>> [str(day) for day in before(date(2025, 3, 3), date(2025, 3, 8), "year", weekdays=True)]
    ['2024-03-04', '2024-03-09']
    """
    days = (last - first).days
    if weekdays:
        weeks = YEAR_WEEKS if with_ == "year" else -(-days // 7)
        back = timedelta(weeks=weeks)
        return first - back, last - back
    if with_ == "year":
        return year_ago(first, (2, 28)), year_ago(last, (3, 1))
    if first.day == 1 and last.day == 1:
        months = 12 * (last.year - first.year) + last.month - first.month
        return months_ago(first, months), first
    return first - timedelta(days=days), first


def year_ago(day: date, leap: tuple[int, int]) -> date:
    """The same date a year ago; of 29 February the month and day of `leap`.

    >>> str(year_ago(date(2024, 2, 29), (2, 28)))
    '2023-02-28'
    """
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, *leap)
    return day.replace(year=day.year - 1)


def months_ago(first: date, months: int) -> date:
    """The first of a month so many months before another first.

    >>> str(months_ago(date(2025, 1, 1), 2))
    '2024-11-01'
    """
    number = 12 * first.year + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def matched(
    ours: Sequence[float],
    theirs: Sequence[float],
    span: Span,
    zone: ZoneInfo,
    *,
    by_date: bool = False,
) -> list[int | None]:
    """For each of our buckets, by its start, which of theirs it is compared with, or None.

    Long ones by their number.  Days by their number or, `by_date`, by the month's number and the
    date, so that a leap day or a shorter month shifts nothing; and shorter ones by the time of the
    clock, too, so that neither does a day of 23 hours.
    """
    if span in ("week", "month", "year", "whole"):
        return [n if n < len(theirs) else None for n in range(len(ours))]
    known = {key: n for n, key in enumerate(_keys(theirs, zone, by_date))}
    return [known.get(key) for key in _keys(ours, zone, by_date)]


Key = tuple[int, int, int, int]
"""Month, day, minute, and whether clocks show it for the second time."""


def _keys(starts: Sequence[float], zone: ZoneInfo, by_date: bool) -> list[Key]:
    local = [datetime.fromtimestamp(start, UTC).astimezone(zone) for start in starts]
    first = local[0].date()

    def key(each: datetime) -> Key:
        months = 12 * (each.year - first.year) + each.month - first.month
        day = (months, each.day) if by_date else (0, (each.date() - first).days)
        return (*day, 60 * each.hour + each.minute, each.fold)

    return [key(each) for each in local]


def is_by_date(first: date, last: date, with_: With, *, weekdays: bool) -> bool:
    """Whether days of the two periods belong together by their date in the month."""
    months = first.day == 1 and last.day == 1
    return not weekdays and (with_ == "year" or months)
