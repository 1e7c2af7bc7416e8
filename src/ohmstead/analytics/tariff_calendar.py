"""When a tariff's times are: bill periods, seasons, holidays, bands of the clock on the wall."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

import holidays as library

from ohmstead.analytics.tariff import Band, Bill, Holidays, Season, Tariff, Version
from ohmstead.errors import BadInput

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"
QUARTER_MIN = 15
DAY_MIN = 24 * 60
DAY = timedelta(days=1)
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_YEARLY = re.compile(r"(\d{2})-(\d{2})")
LEAP = 2024
"""A year that has every day of a year."""


class Days(Protocol):
    """A set of days."""

    def __contains__(self, day: object, /) -> bool: ...


def period_of(bill: Bill, day: date) -> tuple[date, date]:
    """The bill period that `day` is in: its first day, and the day after its last.

    >>> [f"{each}" for each in period_of(Bill(months=3, day=15), date(2026, 4, 14))]
    ['2026-01-15', '2026-04-15']
    """
    month = day.year * 12 + day.month - 1 - (day.day < bill.day)
    month -= (month - (bill.month - 1)) % bill.months
    return _of_month(month, bill.day), _of_month(month + bill.months, bill.day)


def periods(bill: Bill, first: date, last: date) -> Iterator[tuple[date, date]]:
    """Every bill period that has a day from `first` to before `last`."""
    while first < last:
        period = period_of(bill, first)
        yield period
        first = period[1]


def months_before(day: date, months: int) -> date:
    """The first day of the month that is `months` before that of `day`."""
    return _of_month(day.year * 12 + day.month - 1 - months, 1)


def _of_month(month: int, day: int) -> date:
    return date(month // 12, month % 12 + 1, day)


def version_on(tariff: Tariff, day: date) -> Version | None:
    """The version that holds on `day`."""
    for version in tariff.versions:
        if version.first <= day and (version.last is None or day < version.last):
            return version
    return None


def rate_on(tariff: Tariff, day: date) -> Decimal:
    """The percent of tax on `day`; 0 where no rate is given for it."""
    for rate in tariff.rates:
        if (rate.first is None or rate.first <= day) and (rate.last is None or day < rate.last):
            return rate.percent
    return Decimal(0)


def days(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to before `last`."""
    while first < last:
        yield first
        first += DAY


def hours_in(written: str) -> list[tuple[int, int]]:
    """Minutes of the day that `HH:MM-HH:MM` names, two stretches when it goes over midnight.

    >>> hours_in("22:00-06:00")
    [(1320, 1440), (0, 360)]
    """
    found = _HOURS.fullmatch(written.strip())
    if not found:
        raise BadInput(f"{written!r} are no hours; they look like 07:00-19:00")
    first, last = (int(found[n]) * 60 + int(found[n + 1]) for n in (1, 3))
    if int(found[2]) > 59 or int(found[4]) > 59 or first >= DAY_MIN or last > DAY_MIN:
        raise BadInput(f"{written!r} are no hours of a day, which has 00:00 to 24:00")
    if first % QUARTER_MIN or last % QUARTER_MIN:
        raise BadInput(f"{written!r} begin or end within a quarter of an hour; take :00, :15, …")
    if first == last:
        raise BadInput(f"{written!r} has no length; the whole day is 00:00-24:00")
    return [(first, last)] if first < last else [(first, DAY_MIN), *([(0, last)] if last else [])]


def days_in(written: Sequence[str]) -> frozenset[str]:
    """The days that words like `mon-fri`, `sun` and `holiday` name; all when there are none.

    >>> sorted(days_in(["sat-mon"]))
    ['mon', 'sat', 'sun']
    """
    found: set[str] = set()
    for word in written:
        first, dash, last = word.strip().lower().partition("-")
        if not {first, last or first} <= {*WEEK, HOLIDAY} or (dash and HOLIDAY in (first, last)):
            raise BadInput(f"{word!r} is no day; take {', '.join(WEEK)}, mon-fri, or {HOLIDAY}")
        if first == HOLIDAY:
            found.add(HOLIDAY)
            continue
        n = WEEK.index(first)
        span = (WEEK.index(last or first) - n) % len(WEEK)
        found.update(WEEK[(n + each) % len(WEEK)] for each in range(span + 1))
    return frozenset(found or {*WEEK, HOLIDAY})


def yearly(written: str) -> tuple[int, int]:
    """Month and day of `MM-DD`; BadInput."""
    found = _YEARLY.fullmatch(written.strip())
    try:
        day = date(LEAP, int(found[1]), int(found[2])) if found else None
    except ValueError:
        day = None
    if day is None:
        raise BadInput(f"{written!r} is no day of a year; it looks like 04-01 (month, day)")
    return day.month, day.day


def is_in(season: Season, day: date) -> bool:
    """Whether `day` is of the season; one whose days do not ascend goes over New Year."""
    first, last, at = yearly(season.first), yearly(season.last), (day.month, day.day)
    return first <= at < last if first < last else at >= first or at < last


class Calendar:
    """The bands of a version, asked for by day and minute; BadInput when they cannot be.

    A holiday is not also a Monday: a band whose days are told holds on it only when `holiday` is
    one of them.
    """

    def __init__(self, version: Version) -> None:
        self._version = version
        self._holidays = _Named(version.holidays)
        self._fits = [
            (band.name, days_in(band.days), frozenset(band.seasons), _minutes(band))
            for band in version.bands
        ]
        self._known: dict[date, tuple[str | None, ...]] = {}

    def is_holiday(self, day: date) -> bool:
        """Whether it is one."""
        return day in self._holidays

    def bands(self, day: date) -> tuple[str | None, ...]:
        """The band of each of the 96 quarters that a clock shows on `day`; None: of none."""
        if day not in self._known:
            self._known[day] = self._of(day)
        return self._known[day]

    def _of(self, day: date) -> tuple[str | None, ...]:
        kind = HOLIDAY if self.is_holiday(day) else WEEK[day.weekday()]
        now = {season.name for season in self._version.seasons if is_in(season, day)}
        fits = [
            (name, minutes)
            for name, on, seasons, minutes in self._fits
            if kind in on and (not seasons or seasons & now)
        ]
        return tuple(
            next((name for name, minutes in fits if n * QUARTER_MIN in minutes), None)
            for n in range(DAY_MIN // QUARTER_MIN)
        )


def _minutes(band: Band) -> frozenset[int]:
    if not band.hours:
        return frozenset(range(0, DAY_MIN, QUARTER_MIN))
    spans = [span for written in band.hours for span in hours_in(written)]
    return frozenset(minute for span in spans for minute in range(*span, QUARTER_MIN))


class _Named:
    """The holidays that a version names."""

    def __init__(self, given: Holidays) -> None:
        self._extra, self._without = _written(given.extra), _written(given.without)
        self._official: Days = _official(given)

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        names = {day, (day.month, day.day)}
        if names & self._without:
            return False
        return bool(names & self._extra) or day in self._official


def _written(given: Sequence[str]) -> frozenset[date | tuple[int, int]]:
    found: set[date | tuple[int, int]] = set()
    for each in given:
        try:
            found.add(date.fromisoformat(each.strip()))
        except ValueError:
            found.add(yearly(each))
    return frozenset(found)


def _official(given: Holidays) -> Days:
    if given.country is None:
        if given.subdivision or given.categories:
            raise BadInput("holidays of a subdivision or category need their country, like CH")
        return frozenset[date]()
    known = library.list_supported_countries()
    if given.country not in known:
        raise BadInput(f"holidays of {given.country!r} are not known; it looks like CH or DE")
    if given.subdivision is not None and given.subdivision not in known[given.country]:
        places = ", ".join(known[given.country]) or "none"
        raise BadInput(
            f"{given.subdivision!r} is no subdivision of {given.country} with holidays of its own;"
            f" there are {places}"
        )
    try:
        found: Days = library.country_holidays(
            given.country, subdiv=given.subdivision, categories=given.categories or None
        )
    except (ValueError, NotImplementedError) as trouble:
        raise BadInput(f"holidays of {given.country} are not known so: {trouble}") from None
    return found
