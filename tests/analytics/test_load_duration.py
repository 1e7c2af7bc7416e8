"""Load duration, against numpy and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.analytics.load_duration import PERCENTS, load_duration

POWERS = st.lists(st.floats(-100, 100), min_size=1, max_size=50)


def test_a_curve_by_hand() -> None:
    """docs/questions.md, load duration: 4 kW for 15 min, 1 kW for 30, 15 not known."""
    found = load_duration(np.array([1.0, np.nan, 4.0, 1.0]), np.full(4, 0.25))
    assert found.power.tolist() == [4.0, 1.0, 1.0]
    assert found.hours.tolist() == [0.25, 0.5, 0.75]
    assert found.known_hours == 0.75
    assert [found.hours_at_least(each) for each in (5.0, 4.0, 1.5, 1.0, 0.0)] == [
        0.0, 0.25, 0.25, 0.75, 0.75,
    ]  # fmt: skip


def test_nothing_known() -> None:
    """docs/questions.md: what is not known is null, never 0."""
    found = load_duration(np.array([np.nan]), np.ones(1))
    assert (found.known_hours, found.percentile(10), found.hours_at_least(0.0)) == (0.0, None, 0.0)


@settings(max_examples=25)
@given(POWERS)
def test_percentiles_are_those_of_numpy(powers: list[float]) -> None:
    """docs/questions.md: on a straight line between two powers; thinning keeps both ends."""
    found = load_duration(np.array(powers), np.full(len(powers), 0.25))
    for percent in PERCENTS:
        wanted = pytest.approx(float(np.percentile(powers, percent)), abs=1e-9)
        assert found.percentile(percent) == wanted
    thin = found.thinned(5)
    assert len(thin.power) <= 5
    assert (thin.power[0], thin.hours[-1]) == (max(powers), found.known_hours)
