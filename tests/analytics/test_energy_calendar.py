"""Where buckets of time begin: in the zones and on the days where that is not obvious."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from ohmstead.analytics import energy_calendar as calendar

DAYS = [
    ("Europe/Zurich", date(2025, 3, 30), 23.0),
    ("Europe/Zurich", date(2025, 10, 26), 25.0),
    ("Europe/Zurich", date(2024, 2, 29), 24.0),
    ("Europe/Lisbon", date(2025, 3, 30), 23.0),
    ("Europe/Lisbon", date(2025, 10, 26), 25.0),
    ("Australia/Lord_Howe", date(2025, 4, 6), 24.5),
    ("Australia/Lord_Howe", date(2025, 10, 5), 23.5),
    ("Asia/Kathmandu", date(2025, 3, 30), 24.0),
    ("Asia/Beirut", date(2025, 3, 30), 23.0),
]


@pytest.mark.parametrize("zone, day, hours", DAYS)
def test_a_day_is_as_long_as_the_clocks_say(zone: str, day: date, hours: float) -> None:
    """IANA time zones: days on which clocks are changed, also by half an hour, also at midnight."""
    where = ZoneInfo(zone)
    begin = calendar.midnight_s(day, where)
    end = calendar.midnight_s(day + timedelta(days=1), where)
    assert (end - begin) / 3600 == hours
    assert calendar.edges("day", begin, end, where) == [begin, end]
    found = calendar.edges("hour", begin, end, where)
    assert (found[0], found[-1]) == (begin, end)
    lengths = [(b - a) / 3600 for a, b in pairwise(found)]
    assert sorted(set(lengths)) in ([1.0], [0.5, 1.0])
    assert lengths.count(0.5) == (hours % 1) * 2
    assert len(calendar.edges("15min", begin, end, where)) - 1 == hours * 4


def test_hours_of_kathmandu_begin_at_a_quarter_of_utc() -> None:
    """Asia/Kathmandu stands 5:45 ahead of UTC."""
    where = ZoneInfo("Asia/Kathmandu")
    begin = calendar.midnight_s(date(2025, 1, 1), where)
    assert [edge % 3600 for edge in calendar.edges("hour", begin, begin + 7200, where)] == [900] * 3


def test_a_month_with_a_leap_day() -> None:
    """February of 2024 has 29 days, of 2025 28."""
    where = ZoneInfo("Europe/Zurich")
    for year, days in ((2024, 29), (2025, 28)):
        inside = calendar.midnight_s(date(year, 2, 10), where)
        first, last = calendar.edges("month", inside, inside + 1, where)
        assert (last - first) / 86_400 == days


@pytest.mark.parametrize("size", calendar.SIZES)
@pytest.mark.parametrize("offset_s", [0, 1, 899, 900, 3599])
def test_edges_hold_what_they_were_asked_for(size: calendar.Size, offset_s: int) -> None:
    """The first bucket holds the first moment, the last one the last; not one more."""
    where = ZoneInfo("Australia/Lord_Howe")
    first = calendar.midnight_s(date(2025, 4, 5), where) + offset_s
    last = first + 100_000
    found = calendar.edges(size, first, last, where)
    assert found[0] <= first < found[1]
    assert found[-2] < last <= found[-1]
    assert found == sorted(set(found))
