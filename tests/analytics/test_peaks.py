"""Which windows are peaks, and exactly when the highest ended."""

import numpy as np

from ohmstead.analytics.energy import counted
from ohmstead.analytics.peaks import apart, highest_end


def test_windows_that_overlap_are_one_peak() -> None:
    """docs/questions.md, peaks: of those that overlap the highest, and no fewer than asked for."""
    ends = [(3600.0, 9.0), (4500.0, 8.5), (900.0, 8.0), (5400.0, 7.0)]
    assert apart(ends, 1800.0, 2) == [0, 2]
    assert apart(ends, 1800.0, 9) == [0, 2, 3]
    assert apart(ends, 900.0, 3) == [0, 1, 2]


def test_the_highest_window_ends_with_a_reading() -> None:
    """docs/energy.md, peak demand: 2 kW from 00:05 to 00:20, read each five minutes."""
    at = np.arange(0.0, 3601.0, 300.0)
    used = np.where((at > 300) & (at <= 1200), 2 / 12, 0.0).cumsum()
    steps = counted(at, used, 600.0)
    assert highest_end(steps, 900.0, 1800.0, 900.0) == 1200.0


def test_a_hole_has_no_peak() -> None:
    """docs/questions.md, peaks: a time with a hole in it has none."""
    steps = counted(np.array([0.0, 7200.0]), np.array([0.0, 4.0]), 600.0)
    assert highest_end(steps, 900.0, 1800.0, 900.0) is None
