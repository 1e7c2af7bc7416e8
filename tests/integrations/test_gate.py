"""Which reports are passed on."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.integrations.gate import due

START = datetime(2026, 3, 1, tzinfo=UTC)
STEPS = st.lists(st.floats(0.001, 90), min_size=1, max_size=40)


def chosen(ats: list[datetime], interval_s: float) -> list[datetime]:
    """The reports that go out when they come one after another."""
    last: datetime | None = None
    out = []
    for at in ats:
        if due(at, last, interval_s, at):
            last = at
            out.append(at)
    return out


def moments(steps: list[float]) -> list[datetime]:
    at, found = START, []
    for step in steps:
        at += timedelta(seconds=step)
        found.append(at)
    return found


@given(STEPS, st.sampled_from([0.0, 1.0, 10.0, 30.0]))
def test_two_messages_are_never_closer_than_the_interval(
    steps: list[float], interval_s: float
) -> None:
    """Cloud2Cloud 1.0, section 2: 30 seconds are the least; counted as the message tells them."""
    out = [int(at.timestamp()) for at in chosen(moments(steps), interval_s)]
    assert all(b - a >= interval_s for a, b in itertools.pairwise(out))


@given(STEPS, st.integers(0, 39))
def test_what_comes_again_is_chosen_again(steps: list[float], crash: int) -> None:
    """After a crash the reports since the last acknowledged batch come again."""
    ats = moments(steps)
    out = chosen(ats, 30)
    last = out[min(crash, len(out) - 1)]  # what was kept of the run before
    again = [at for at in ats if due(at, last, 30, ats[-1])]
    assert last in again
    assert [at for at in again if at < last] == []


def test_reports_as_often_as_the_interval_all_go_out() -> None:
    """The default interval with a device that sends every 30 seconds, a little late each time."""
    ats = [START + timedelta(seconds=30.004 * n) for n in range(100)]
    assert chosen(ats, 30) == ats


def test_no_interval_passes_everything_on() -> None:
    """An admin may lower the interval to nothing."""
    ats = [START + timedelta(milliseconds=100 * n) for n in range(20)]
    assert chosen(ats, 0) == ats


def test_a_clock_that_was_ahead_holds_nothing_up() -> None:
    """A device's clock was an hour ahead and is put right."""
    ahead = START + timedelta(hours=1)
    assert due(START, ahead, 30, received_at=START + timedelta(seconds=1))
    assert not due(START, ahead, 30, received_at=ahead + timedelta(seconds=1))
