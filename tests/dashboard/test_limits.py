"""How often somebody may ask."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.clock import SetClock
from ohmstead.dashboard.limits import Limits

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_so_many_a_minute_and_then_the_next_in_time() -> None:
    """docs/api.md, limits: all at once if they like, and then one after the other."""
    clock = SetClock(NOW)
    limits = Limits(clock, 60)
    left = [limits.take(b"a").remaining for _ in range(60)]
    assert left == list(range(59, -1, -1))
    early = limits.take(b"a")
    assert (early.retry_s, early.remaining, early.reset_s) == (1, 0, 60)
    clock.set(NOW + timedelta(seconds=1))
    assert limits.take(b"a").retry_s is None
    assert limits.take(b"a").retry_s == 1
    assert limits.take(b"b").remaining == 59
    clock.set(NOW + timedelta(seconds=120))
    assert limits.look(b"a").reset_s == 0
    assert limits.look(b"a") == limits.look(b"a")


@given(
    limit=st.integers(1, 1000),
    steps=st.lists(st.floats(0, 30, allow_nan=False), max_size=60),
)
def test_never_more_than_the_limit_in_a_window(limit: int, steps: list[float]) -> None:
    """RFC 6585, 4: a limit over time, whatever comes; waiting as long as told helps."""
    clock, at = SetClock(NOW), NOW
    limits, taken = Limits(clock, limit), 0
    for step in steps:
        at += timedelta(seconds=step)
        clock.set(at)
        said = limits.take(b"a")
        assert 0 <= said.remaining <= limit
        assert 0 <= said.reset_s <= 60
        taken += said.retry_s is None
        if said.retry_s is not None:
            at += timedelta(seconds=said.retry_s)
            clock.set(at)
            assert limits.take(b"a").retry_s is None
            taken += 1
    assert taken <= limit + limit * (at - NOW).total_seconds() / 60 + 1


def test_memory_is_bounded() -> None:
    """docs/api.md, limits: strangers with ever new tokens cost no more than a known number."""
    limits = Limits(SetClock(NOW), 1, most=10)
    for number in range(100):
        limits.take(b"%d" % number)
    assert len(limits._whole_at) == 10
    assert limits.take(b"99").retry_s is not None
    assert limits.take(b"1").retry_s is None
