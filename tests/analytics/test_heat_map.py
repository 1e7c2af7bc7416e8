"""Heat maps on days whose clocks are changed."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from ohmstead.analytics.heat_map import HeatMap, heat_map
from ohmstead.analytics.spans import Span, bounds


def made(zone: str, day: date, span: Span = "hour", days: int = 1) -> HeatMap:
    """The map of `days` whose every bucket is as much as it is minutes long."""
    edges = bounds(span, day, day + timedelta(days=days), ZoneInfo(zone))
    values = [(b - a) / 60 for a, b in pairwise(edges)]
    return heat_map(edges[:-1], values, 60 if span == "hour" else 15, ZoneInfo(zone))


def test_a_day_of_23_hours_leaves_one_out() -> None:
    """docs/questions.md, heat map: the time that clocks leave out is null."""
    found = made("Europe/Zurich", date(2025, 3, 30))
    assert (len(found.columns), found.columns[2]) == (24, "02:00")
    assert found.values == [[60.0] * 2 + [None] + [60.0] * 21]


def test_a_day_of_25_hours_has_one_more_column() -> None:
    """docs/questions.md, heat map: what clocks show twice comes last, and is null elsewhere."""
    found = made("Europe/Zurich", date(2025, 10, 25), days=2)
    assert found.columns[24:] == ["02:00 again"]
    assert found.values == [[60.0] * 24 + [None], [60.0] * 25]
    fine = made("Europe/Zurich", date(2025, 10, 26), "15min")
    assert fine.columns[96:] == [f"02:{n} again" for n in ("00", "15", "30", "45")]


@pytest.mark.parametrize(
    "day, minutes", [(date(2025, 4, 6), 24.5 * 60), (date(2025, 10, 5), 23.5 * 60)]
)
def test_half_an_hour_is_changed(day: date, minutes: float) -> None:
    """docs/energy.md: on Lord Howe Island days have 24.5 and 23.5 hours; nothing gets lost."""
    (row,) = made("Australia/Lord_Howe", day).values
    assert sum(each or 0.0 for each in row) == minutes


def test_a_day_of_which_nothing_is_known_has_its_row() -> None:
    """docs/questions.md: null, never 0."""
    first = bounds("hour", date(2025, 5, 1), date(2025, 5, 4), ZoneInfo("UTC"))
    found = heat_map([first[0], first[48]], [1.0, None], 60, ZoneInfo("UTC"))
    assert [str(day) for day in found.days] == ["2025-05-01", "2025-05-02", "2025-05-03"]
    assert [row[0] for row in found.values] == [1.0, None, None]
