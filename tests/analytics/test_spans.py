"""Buckets of questions: ISO weeks, years, and what is cut."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.analytics.spans import SPANS, Span, bounds, months_only

ZONES = ("Europe/Zurich", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


@pytest.mark.parametrize(
    "span, first, last, begins",
    [
        ("week", date(2025, 12, 27), date(2026, 1, 7), ["2025-12-27", "2025-12-29", "2026-01-05"]),
        ("month", date(2024, 1, 31), date(2024, 3, 2), ["2024-01-31", "2024-02-01", "2024-03-01"]),
        ("year", date(2024, 12, 31), date(2025, 1, 2), ["2024-12-31", "2025-01-01"]),
        ("whole", date(2025, 3, 1), date(2025, 4, 1), ["2025-03-01"]),
    ],
)
def test_where_long_buckets_begin(span: Span, first: date, last: date, begins: list[str]) -> None:
    """docs/questions.md: weeks begin on Monday (ISO 8601), and what reaches further is cut."""
    zone = ZoneInfo("Europe/Zurich")
    found = [datetime.fromtimestamp(at, zone) for at in bounds(span, first, last, zone)]
    assert [str(each.date()) for each in found] == [*begins, str(last)]
    assert all((each.hour, each.minute) == (0, 0) for each in found)


@pytest.mark.parametrize(
    "zone, day, hours",
    [("Europe/Zurich", date(2025, 3, 30), 23), ("Europe/Zurich", date(2025, 10, 26), 25)],
)
def test_a_day_has_as_many_hours_as_clocks_show(zone: str, day: date, hours: int) -> None:
    """docs/questions.md: days are those of the site's clocks."""
    after = day + timedelta(days=1)
    assert len(bounds("hour", day, after, ZoneInfo(zone))) - 1 == hours


@settings(max_examples=25)
@given(
    st.sampled_from(SPANS),
    st.dates(date(2023, 1, 1), date(2025, 12, 31)),
    st.integers(1, 60),
    st.sampled_from(ZONES),
)
def test_buckets_follow_each_other(span: Span, first: date, days: int, zone: str) -> None:
    """docs/questions.md: whatever the bucket, together they are what was asked for."""
    last, where = first + timedelta(days=days), ZoneInfo(zone)
    found = bounds(span, first, last, where)
    assert datetime.fromtimestamp(found[0], UTC).astimezone(where).date() == first
    assert datetime.fromtimestamp(found[-1], UTC).astimezone(where).date() == last
    assert all(one < other for one, other in pairwise(found))
    assert not months_only(span, first, last) or first.day == 1
