"""Chance that repeats itself."""

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.simulate.draws import Draws, mixed, unit, wave

keys = st.integers(0, 2**64 - 1)


@given(st.lists(keys, min_size=1, max_size=4), st.integers(0, 3))
def test_every_key_counts(values: list[int], index: int) -> None:
    """One bit of one key changes the whole number."""
    index %= len(values)
    other = [*values]
    other[index] ^= 1
    assert mixed(*values) != mixed(*other)
    assert 0 <= unit(*values) < 1


@given(st.floats(0, 2e9), keys)
def test_a_wave_is_smooth(at_s: float, key: int) -> None:
    """A line through chance values does not jump: two units over one step at most."""
    assert -1 <= wave(at_s, 600, key) <= 1
    assert abs(wave(at_s + 6, 600, key) - wave(at_s, 600, key)) <= 0.021


def test_draws_are_spread_evenly() -> None:
    """SplitMix64 passes every test of randomness; the mean and the tenths must at least fit."""
    draws = Draws(7, 7)
    values = [draws.unit() for _ in range(20_000)]
    assert abs(sum(values) / len(values) - 0.5) < 0.01
    tenths = [sum(n / 10 <= value < (n + 1) / 10 for value in values) for n in range(10)]
    assert max(tenths) - min(tenths) < 300


def test_a_whole_number_has_the_mean_that_was_asked_for() -> None:
    """1.4 times a day is once on most days and twice on the others."""
    draws = Draws(8)
    counts = [draws.often(1.4) for _ in range(10_000)]
    assert set(counts) == {1, 2}
    assert abs(sum(counts) / len(counts) - 1.4) < 0.03
