"""Local days, also those on which the clocks change, and the tariff clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.simulate.days import BELGIAN, DUTCH, SINGLE, SWISS, Day, TariffClock, day_of

ZURICH = ZoneInfo("Europe/Zurich")
SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 3)


def when(day: Day, wall_s: int) -> datetime:
    """The moment, in UTC, at which the wall clock shows so many seconds after midnight."""
    return datetime.fromtimestamp(day.at(wall_s), UTC)


@pytest.mark.parametrize("on, hours", [(SPRING, 23), (AUTUMN, 25), (PLAIN, 24)])
def test_a_day_has_23_to_25_hours(on: date, hours: int) -> None:
    """Directive 2000/84/EC: clocks change on the last Sundays of March and October."""
    day = day_of(on, ZURICH)
    assert (day.end - day.start) / 3600 == hours


@pytest.mark.parametrize("on, expected", [(SPRING, 5), (AUTUMN, 6), (PLAIN, 5)])
def test_seven_o_clock_is_seven_o_clock_on_every_day(on: date, expected: int) -> None:
    """CET is UTC+1, CEST UTC+2."""
    assert when(day_of(on, ZURICH), 7 * 3600).hour == expected


@given(st.dates(date(2025, 1, 1), date(2037, 12, 31)), st.integers(0, 86_399))
def test_the_wall_clock_reads_back(on: date, wall_s: int) -> None:
    """Apart from the hour that the spring change skips."""
    day = day_of(on, ZURICH)
    at = day.at(wall_s)
    skipped = day.end - day.start < 86_400 and 7200 <= wall_s < 10_800
    assert day.wall(at) == wall_s + (3600 if skipped else 0)


@pytest.mark.parametrize(
    "clock, on, changes",
    [
        (DUTCH, PLAIN, [(0, 1), (7, 2), (23, 1)]),
        (DUTCH, date(2026, 6, 6), [(0, 1)]),
        (BELGIAN, PLAIN, [(0, 2), (7, 1), (22, 2)]),
        (SWISS, PLAIN, [(0, 2), (7, 1), (20, 2)]),
        (SWISS, date(2026, 6, 6), [(0, 2), (7, 1), (13, 2)]),
        (SWISS, AUTUMN, [(0, 2)]),
        (SINGLE, PLAIN, [(0, 1)]),
    ],
)
def test_the_tariff_clock_changes_at_these_hours(
    clock: TariffClock, on: date, changes: list[tuple[int, int]]
) -> None:
    """Dutch T1 is the low tariff, Belgian and Swiss T1 the high one."""
    day = day_of(on, ZURICH)
    assert [(day.wall(at) // 3600, t) for at, t in clock.changes(day)] == changes
