"""The same period before, by hand."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from ohmstead.analytics.comparison import With, before, is_by_date, matched
from ohmstead.analytics.spans import Span, bounds

ZONE = ZoneInfo("Europe/Zurich")


@pytest.mark.parametrize(
    "first, last, with_, weekdays, wanted",
    [
        ("2025-03-10", "2025-03-17", "previous", False, ("2025-03-03", "2025-03-10")),
        ("2025-03-01", "2025-04-01", "previous", False, ("2025-02-01", "2025-03-01")),
        ("2025-01-01", "2026-01-01", "previous", False, ("2024-01-01", "2025-01-01")),
        ("2025-01-01", "2025-03-01", "previous", False, ("2024-11-01", "2025-01-01")),
        ("2025-03-03", "2025-03-13", "previous", True, ("2025-02-17", "2025-02-27")),
        ("2024-02-29", "2024-03-01", "year", False, ("2023-02-28", "2023-03-01")),
        ("2024-02-01", "2024-03-01", "year", False, ("2023-02-01", "2023-03-01")),
        ("2025-03-03", "2025-03-10", "year", True, ("2024-03-04", "2024-03-11")),
    ],
)
def test_the_period_before(
    first: str, last: str, with_: With, weekdays: bool, wanted: tuple[str, str]
) -> None:
    """docs/questions.md, comparison: months by months, days by days, Mondays by Mondays."""
    days = date.fromisoformat(first), date.fromisoformat(last)
    found = before(*days, with_, weekdays=weekdays)
    assert tuple(map(str, found)) == wanted
    if weekdays:
        assert found[0].weekday() == days[0].weekday()


def order(
    span: Span, ours: tuple[date, date], with_: With, weekdays: bool = False
) -> list[int | None]:
    theirs = before(*ours, with_, weekdays=weekdays)
    one, other = (bounds(span, *each, ZONE)[:-1] for each in (ours, theirs))
    by_date = is_by_date(*ours, with_, weekdays=weekdays)
    return matched(one, other, span, ZONE, by_date=by_date)


def test_a_leap_day_has_no_partner_and_shifts_nothing() -> None:
    """docs/questions.md, comparison: days of a year belong together by their date."""
    found = order("day", (date(2024, 1, 1), date(2025, 1, 1)), "year")
    assert found[59] is None
    assert (found[58], found[60], found[-1]) == (58, 59, 364)


def test_a_day_of_23_hours_shifts_nothing() -> None:
    """docs/questions.md, comparison: hours belong together by the clock."""
    day = date(2025, 3, 31)
    found = order("hour", (day, day + timedelta(days=1)), "previous")
    assert found == [0, 1, None, *range(2, 23)]


def test_days_of_a_longer_month_have_no_partner() -> None:
    """docs/questions.md, comparison: 29 to 31 March are beside nothing of February."""
    found = order("day", (date(2025, 3, 1), date(2025, 4, 1)), "previous")
    assert found == [*range(28), None, None, None]
