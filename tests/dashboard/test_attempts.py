"""Guessing made slow."""

from datetime import UTC, datetime, timedelta

import pytest

from ohmstead.clock import SetClock
from ohmstead.dashboard.attempts import FREE, FREE_OF_ADDRESS, Attempts
from ohmstead.dashboard.problems import Slower

START = datetime(2025, 11, 21, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


def after(clock: SetClock, seconds: float) -> None:
    clock.set(clock.now() + timedelta(seconds=seconds))


def test_the_wait_doubles_up_to_a_quarter_of_an_hour(clock: SetClock) -> None:
    """10, 20, 40 … 900 seconds after the fifth, sixth, seventh … failure."""
    attempts, waits = Attempts(clock), []
    for _ in range(FREE):
        attempts.begin("ada", "192.0.2.1")
    for _ in range(9):
        with pytest.raises(Slower) as slower:
            attempts.begin("ada", "192.0.2.1")
        waits.append(slower.value.retry_s)
        after(clock, slower.value.retry_s)
        attempts.begin("ada", "192.0.2.1")
    assert waits == [10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_success_forgets(clock: SetClock) -> None:
    """Somebody who remembers the password after four tries has five free ones again."""
    attempts = Attempts(clock)
    for _ in range(3):
        for _ in range(FREE):
            attempts.begin("ada", "192.0.2.1")
        attempts.succeeded("ada", "192.0.2.1")


def test_an_hour_of_quiet_forgets(clock: SetClock) -> None:
    """Old failures are no reason to wait."""
    attempts = Attempts(clock)
    for _ in range(FREE):
        attempts.begin("ada", "192.0.2.1")
    after(clock, 3601)
    for _ in range(FREE):
        attempts.begin("ada", "192.0.2.1")


def test_one_address_may_not_try_every_account(clock: SetClock) -> None:
    """Thirty failures from one address slow it down whatever the account; others go on."""
    attempts = Attempts(clock)
    for number in range(FREE_OF_ADDRESS):
        attempts.begin(f"user{number}", "2001:db8::1")
    with pytest.raises(Slower):
        attempts.begin("another", "2001:db8::2")
    attempts.begin("another", "2001:db8:0:1::1")


def test_the_table_is_bounded(clock: SetClock) -> None:
    """The longest quiet are forgotten first, however many addresses a stranger has."""
    attempts = Attempts(clock, most=10)
    for number in range(1000):
        attempts.begin("ada", f"10.0.{number // 250}.{number % 250}")
    assert len(attempts._failures) == 10
