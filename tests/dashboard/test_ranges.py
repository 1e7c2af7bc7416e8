"""Spans as a query writes them."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.dashboard.problems import Misfit
from ohmstead.dashboard.ranges import days, moments

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2025, 10, 26, 12, tzinfo=UTC)


def test_today_may_have_25_hours() -> None:
    """On the day of the clock change the default span is as long as the day."""
    first, last = moments(None, None, ZURICH, NOW)
    assert last - first == timedelta(hours=25)


@pytest.mark.parametrize(
    "given_from, given_to",
    [("2025-10-20T00:00:00Z", None), (None, "2025-10-21T00:00:00Z")],
)
def test_one_end_alone_makes_a_day(given_from: str | None, given_to: str | None) -> None:
    """The other end is a day away."""
    first, last = moments(given_from, given_to, ZURICH, NOW)
    assert first == datetime(2025, 10, 20, tzinfo=UTC)
    assert last == datetime(2025, 10, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    "given_from, given_to",
    [("2025-10-01", None), (None, "2025-10-15"), ("2025-10-01", "2025-10-15")],
)
def test_one_day_alone_makes_a_fortnight(given_from: str | None, given_to: str | None) -> None:
    """The other end is fourteen days away."""
    span = days(given_from, given_to, date(2026, 1, 1))
    assert span == (date(2025, 10, 1), date(2025, 10, 15))


@given(st.text(max_size=40) | st.none(), st.text(max_size=40) | st.none())
def test_any_text_is_a_span_or_a_misfit(first: str | None, last: str | None) -> None:
    """Whatever a stranger writes: a bounded span or a 400, nothing else."""
    for ask in (
        lambda: moments(first, last, ZURICH, NOW),
        lambda: days(first, last, NOW.date()),
    ):
        with suppress(Misfit):
            start, end = ask()
            assert timedelta() < end - start <= timedelta(days=400)
