"""Powers, voltages and currents of one moment belong to each other."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.reading.catalogue import BY_OBIS
from ohmstead.simulate import MODELS, Simulated
from ohmstead.simulate.moment import ripple

METER = Simulated("hdlc-aidon", 9)
moments = st.datetimes(datetime(2025, 1, 2), datetime(2026, 12, 31), timezones=st.just(UTC))


@settings(deadline=None)
@given(moments)
def test_on_each_phase_power_is_voltage_times_current_times_cos_phi(at: datetime) -> None:
    """P² + Q² = (U·I)²."""
    v = METER.moment(at).values
    for c in (20, 40, 60):
        net = v[f"{c + 1}.7.0"] - v[f"{c + 2}.7.0"]
        reactive = v[f"{c + 3}.7.0"] - v[f"{c + 4}.7.0"]
        apparent = v[f"{c + 12}.7.0"] * v[f"{c + 11}.7.0"] / 1000
        assert math.hypot(net, reactive) == pytest.approx(apparent)


@settings(deadline=None)
@given(moments)
def test_the_phases_add_up_to_the_total(at: datetime) -> None:
    """The meter measures the sum over its phases; import and export never at once."""
    v = METER.moment(at).values
    net = v["1.7.0"] - v["2.7.0"]
    assert net == pytest.approx(sum(v[f"{c + 1}.7.0"] - v[f"{c + 2}.7.0"] for c in (20, 40, 60)))
    assert min(v["1.7.0"], v["2.7.0"]) == 0
    assert v["16.7.0"] == pytest.approx(net)
    assert 0 <= v["13.7.0"] <= 1


@settings(deadline=None)
@given(moments)
def test_every_value_is_one_a_grid_can_have(at: datetime) -> None:
    """EN 50160: 230 V ± 10 %, 50 Hz ± 1 %; a house connection carries 3 × 63 A."""
    for obis, value in METER.moment(at).values.items():
        unit = BY_OBIS[obis].unit if obis in BY_OBIS else None
        low, high = {"V": (207, 253), "A": (0, 63), "Hz": (49.5, 50.5)}.get(unit or "", (-44, 1e6))
        assert low <= value <= high, obis


@settings(deadline=None)
@given(moments)
def test_totals_are_the_sum_of_the_tariffs(at: datetime) -> None:
    """Each register shows whole Wh, cut off, so the sum may be one short."""
    v = METER.moment(at).values
    for c in (1, 2):
        parts = round(1000 * (v[f"{c}.8.1"] + v[f"{c}.8.2"]))
        assert round(1000 * v[f"{c}.8.0"]) - parts in (0, 1)


@settings(deadline=None)
@given(st.integers(0, 2**40), st.integers(0, 2**32))
def test_the_ripple_cancels_out(seed: int, pair: int) -> None:
    """So the registers need not know of it."""
    assert ripple(seed, 2 * pair) + ripple(seed, 2 * pair + 1) == pytest.approx(2)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_seen_is_what_the_counters_count(name: str) -> None:
    """An hour of power, second by second, against the growth of the counters: within 2 Wh."""
    meter = Simulated(name, 2)
    start = datetime(2025, 3, 8, 11, tzinfo=UTC)
    seen = [meter.moment(start + timedelta(seconds=n)).values for n in range(3601)]
    for power, counter in (("1.7.0", "1.8.0"), ("2.7.0", "2.8.0"), ("3.7.0", "3.8.0")):
        integral = sum(values[power] for values in seen[:-1]) / 3600
        assert seen[-1][counter] - seen[0][counter] == pytest.approx(integral, abs=0.002)


@pytest.mark.parametrize("first", [0, 1])
def test_the_ripple_leans_to_neither_side(first: int) -> None:
    """A meter that reports every other second must not always look too low."""
    factors = [ripple(5, second) for second in range(first, 40_000, 2)]
    assert sum(factors) / len(factors) == pytest.approx(1, abs=0.0005)
