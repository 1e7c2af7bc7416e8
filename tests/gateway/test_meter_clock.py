"""The meter's clock, put right.  Source: REST/MQTT 2.0, 6.3."""

from datetime import UTC, datetime, timedelta

from ohmstead.gateway.meter_clock import LEAST_HOLD_S, MeterClock

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_an_offset_is_added_to_what_the_meter_says() -> None:
    """6.3, `.time_offset`: seconds, both ways; a moment that leaves the calendar stays."""
    clock = MeterClock(-3600)
    assert clock.right(AT, AT) == AT - timedelta(hours=1)
    clock.use(2**31 - 1, follows=False)
    assert clock.right(AT, AT) == AT + timedelta(seconds=2**31 - 1)
    last = datetime.max.replace(tzinfo=UTC)
    assert clock.right(last, AT) == last
    assert clock.right(None, AT) is None


def test_an_offset_follows_the_clock_of_the_machine() -> None:
    """6.3, `.sync_time_offset_with_ntp`: adjusted by itself; it stays when that is switched off."""
    clock = MeterClock(5, follows=True)
    said = AT - timedelta(minutes=10)
    assert clock.right(said, AT) == AT
    assert clock.offset_s == 600
    clock.use(clock.offset_s, follows=False)
    assert clock.right(said, AT + timedelta(seconds=30)) == AT
    assert clock.offset_s == 600


def test_a_following_offset_does_not_tremble() -> None:
    """A telegram takes a moment: every second more or less must not be written to the disk."""
    clock = MeterClock(follows=True)
    later = AT
    for delay_s in (0.4, 1.9, 0.1, 1.4):
        later += timedelta(seconds=LEAST_HOLD_S + 1)
        clock.right(later - timedelta(seconds=delay_s), later)
        assert clock.offset_s == 0
    clock.right(later - timedelta(seconds=60), later)
    assert clock.offset_s == 60
    clock.right(later, later + timedelta(seconds=1))
    assert clock.offset_s == 60
    clock.right(later, later + timedelta(seconds=LEAST_HOLD_S + 2))
    assert clock.offset_s == 62
