"""Energy between readings: histories with answers that were worked out by hand."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.analytics.plainly import sliding_peak_kw

from ohmstead.analytics import energy
from ohmstead.analytics.energy import Kind

H = 3600.0
NAN = float("nan")


@dataclass(frozen=True)
class History:
    """Hours and counter; what is used in each hour of the first ones, and what lies between."""

    says: str
    hours: list[float]
    counter: list[float]
    kwh: list[float]
    estimated: list[float]
    kinds: list[Kind]
    meter: list[int] | None = None


M, G, R, W, X = Kind.MEASURED, Kind.GAP, Kind.RESET, Kind.ROLLOVER, Kind.EXCHANGE
HISTORIES = [
    History("plain", [0, 1, 2], [10, 12, 15], [2, 3], [0, 0], [M, M]),
    History("nothing used", [0, 1, 2], [10, 10, 10], [0, 0], [0, 0], [M, M]),
    History("one reading says nothing", [0], [10], [NAN, NAN], [NAN, NAN], []),
    History("reset to zero", [0, 1, 2], [10, 0, 4], [NAN, 4], [NAN, 0], [R, M]),
    History("reset in between", [0, 1, 2, 3], [10, 12, 1, 3], [2, NAN, 2], [0, NAN, 0], [M, R, M]),
    History("a digit lost is no rollover", [0, 1], [950, 20], [NAN], [NAN], [R]),
    History("rollover at 5 digits", [0, 1, 2], [99998, 3, 5], [5, 2], [0, 0], [W, M]),
    History("rollover at 6 digits", [0, 1], [999_999.5, 1.25], [1.75], [0], [W]),
    History("rollover at 32 bits of Wh", [0, 1], [4_294_967.0, 0.704], [1.0], [0], [W]),
    History("too much for a rollover", [0, 1], [99_000, 500], [NAN], [NAN], [R]),
    History("rollover to exactly zero", [0, 1], [99_999.9, 0], [0.1], [0], [W]),
    History("exchange upwards", [0, 1, 2], [10, 500, 501], [NAN, 1], [NAN, 0], [X, M], [7, 8, 8]),
    History("exchange downwards", [0, 1, 2], [10, 0, 1], [NAN, 1], [NAN, 0], [X, M], [7, 8, 8]),
    History("who is not known is no exchange", [0, 1], [10, 11], [1], [0], [M], [7, 0]),
    History("hole", [0, 1, 5, 6], [0, 1, 9, 10], [1, 2, 2, 2, 2, 1], [0, 2, 2, 2, 2, 0], [M, G, M]),
    History("rollover in a hole", [0, 4], [99_998, 2], [1] * 4, [1] * 4, [G]),
    History("reset in a hole", [0, 4], [50, 2], [NAN] * 4, [NAN] * 4, [R]),
    History("across an edge", [0, 0.5, 1.5], [0, 1, 4], [2.5, 1.5], [0, 0], [M, M]),
    History("a column left out", [0, 0.5, 1], [0, NAN, 3], [3], [0], [M]),
]  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.says)
def test_a_history_gives_what_was_worked_out_by_hand(history: History) -> None:
    """docs/energy.md: resets, rollovers, exchange, holes; never negative, never invented."""
    meter = None if history.meter is None else np.array(history.meter)
    steps = energy.counted(np.array(history.hours) * H, np.array(history.counter), 1.75 * H, meter)
    edges = np.arange(len(history.kwh) + 1) * H
    kwh, estimated = energy.within(steps, edges)
    assert steps.kind.tolist() == history.kinds
    assert kwh == pytest.approx(history.kwh, abs=1e-9, nan_ok=True)
    wanted = [each or NAN for each in history.estimated]
    assert estimated == pytest.approx(wanted, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    "before, after, hours, used",
    [
        (999.0, 1.0, 1, 2.0),  # three digits, which are never found
        (99_999.0, 1.0, 1, None),  # six digits: far from the end
        (950_000.0, 200_000.0, 40, 250_000.0),  # in a long hole: not near its end, and known
        (400_000.0, 0.0, 90, None),  # more than half a range: a reset
        (1_000_001.0, 1.0, 1, None),  # more than it can show
    ],
)
def test_a_known_range_is_where_a_counter_begins_anew(
    before: float, after: float, hours: int, used: float | None
) -> None:
    """docs/energy.md: the digits of a meter, where somebody said how many there are."""
    wrap = np.full(2, 1000.0 if before < 1000 else 1e6)
    at, counter = np.array([0, hours * H]), np.array([before, after])
    steps = energy.counted(at, counter, 1.75 * H, wrap=wrap)
    assert steps.energy.tolist() == pytest.approx([NAN if used is None else used], nan_ok=True)


def test_a_hole_longer_than_a_year_and_more_belongs_to_no_bucket() -> None:
    """docs/energy.md: nobody could say to which."""
    steps = energy.counted(np.array([0.0, 401 * 24 * H]), np.array([1.0, 2.0]), 1.75 * H)
    assert np.isnan(energy.within(steps, np.array([0.0, H]))[0]).all()


def test_a_meter_of_intervals_is_summed() -> None:
    """Wattics, data format: energy of the interval; after a hole it is that of one interval."""
    at, used = np.array([1, 2, 5, 6.0]) * H, np.array([1, 2, 4, 8.0])
    steps = energy.summed(at, used, H, 1.75 * H)
    kwh, estimated = energy.within(steps, np.arange(7) * H)
    assert kwh == pytest.approx([1, 2, NAN, NAN, 4, 8], nan_ok=True)
    assert np.nansum(estimated) == 0


def test_power_is_integrated_where_no_counter_is() -> None:
    """docs/energy.md: the mean of both ends; nothing across a hole."""
    at, kw = np.array([0, 1, 2, 6, 7.0]) * H, np.array([1, 3, 3, 5, 5.0])
    kwh, _ = energy.within(energy.integrated(at, kw, 1.75 * H), np.arange(8) * H)
    assert kwh == pytest.approx([2, 3, NAN, NAN, NAN, NAN, 5], nan_ok=True)


def test_demand_on_the_clock_and_sliding() -> None:
    """The same half hour of 8 kW, seen by the clock's hours and by any 60 minutes."""
    at = np.array([0, 0.75, 1.25, 2.0, 3.0]) * H
    steps = energy.counted(at, np.array([0, 0, 4, 4, 4.0]), 1.75 * H)
    clock = energy.demand_kw(steps, np.array([1, 2, 3]) * H, H)
    assert clock == pytest.approx([2, 2, 0])
    assert sliding_peak_kw(steps, np.arange(4) * H, H) == pytest.approx([2, 4, 2])


def test_demand_is_not_known_of_a_window_with_a_hole() -> None:
    """docs/energy.md: a peak is measured, never estimated."""
    steps = energy.counted(np.array([0, 1, 5, 6.0]) * H, np.array([0, 1, 9, 10.0]), 1.75 * H)
    found = energy.demand_kw(steps, np.arange(1, 7) * H, H)
    assert found == pytest.approx([1, NAN, NAN, NAN, NAN, 1], nan_ok=True)


@given(
    gaps=st.lists(st.integers(1, 20_000), min_size=1, max_size=30),
    used=st.lists(st.floats(0, 50), min_size=31, max_size=31),
    size=st.sampled_from([900, 3600, 86_400]),
)
def test_buckets_sum_up_to_the_counters_difference(
    gaps: list[int], used: list[float], size: int
) -> None:
    """docs/energy.md: whatever the edges, nothing is lost or added."""
    at = np.concatenate([[0], np.cumsum(gaps)]).astype(float)
    counter = np.cumsum(used[: len(at)])
    edges = np.arange(0, at[-1] + size, size).astype(float)
    kwh, _ = energy.within(energy.counted(at, counter, 1575.0), edges)
    assert np.nansum(kwh) == pytest.approx(counter[-1] - counter[0], abs=1e-9)
    assert not (kwh < -1e-9).any()
