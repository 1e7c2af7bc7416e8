"""The registers: the integral of power, exact to the milliwatt-second."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.simulate import MODELS
from ohmstead.simulate.appliances import Site
from ohmstead.simulate.building import Load
from ohmstead.simulate.days import day_of
from ohmstead.simulate.ledger import Ledger, Registers, settled

MODEL = MODELS["p1-be"]


def ledger(seed: int = 3, opening: Registers | None = None) -> Ledger:
    """A Belgian meter with a roof, from zero."""
    load = Load(MODEL.building, Site(seed, MODEL.place))
    return Ledger(load, MODEL.building.tariffs, MODEL.zone_info, opening or Registers())


SHARED = ledger()
moments = st.datetimes(datetime(2025, 1, 2), datetime(2026, 12, 31), timezones=st.just(UTC))


@settings(deadline=None, max_examples=30)
@given(moments, st.integers(1, 900))
def test_registers_grow_by_power_times_time(at: datetime, seconds: int) -> None:
    """Summed second by second over the power that was seen."""
    at = at.replace(microsecond=0)
    net = [sum(SHARED.at(at + timedelta(seconds=n))[0].power) for n in range(seconds)]
    first, last = SHARED.at(at)[1], SHARED.at(at + timedelta(seconds=seconds))[1]
    assert last.in_1 + last.in_2 - first.in_1 - first.in_2 == sum(p for p in net if p > 0)
    assert last.out_1 + last.out_2 - first.out_1 - first.out_2 == -sum(p for p in net if p < 0)


@settings(deadline=None)
@given(st.lists(moments, min_size=2, max_size=5))
def test_registers_never_go_back(times: list[datetime]) -> None:
    """Whatever the order in which they are asked for."""
    seen = {at: SHARED.at(at)[1] for at in times}
    ordered = [seen[at] for at in sorted(seen)]
    for earlier, later in pairwise(ordered):
        assert all(a <= b for a, b in zip(earlier[:6], later[:6], strict=True))


@settings(deadline=None, max_examples=5)
@given(st.lists(moments, min_size=1, max_size=3))
def test_a_meter_asked_late_tells_the_same_past(times: list[datetime]) -> None:
    """Past and live come from the same registers."""
    other = ledger()
    assert [other.at(at) for at in times] == [SHARED.at(at) for at in times]


def test_each_tariff_counts_in_its_own_hours() -> None:
    """A Belgian working day: T1 grows from 7 to 22 only."""
    zone = MODEL.zone_info
    readings = [SHARED.at(datetime(2026, 2, 3, h, tzinfo=zone))[1] for h in range(24)]
    for hour, (a, b) in enumerate(pairwise(readings)):
        day = 7 <= hour < 22
        assert (b.in_1 + b.out_1 > a.in_1 + a.out_1) is day
        assert (b.in_2 + b.out_2 > a.in_2 + a.out_2) is not day


def test_the_demand_is_the_highest_quarter_of_the_month() -> None:
    """e-MUCS: 1.6.0 is the highest mean import of a quarter of an hour since the month began."""
    zone, highest = MODEL.zone_info, 0
    start = datetime(2026, 2, 1, tzinfo=zone)
    quarters = [start + timedelta(minutes=15 * n) for n in range(96 * 5 + 1)]
    totals = [(r := SHARED.at(at)[1]).in_1 + r.in_2 for at in quarters]
    for at, before, after in zip(quarters[1:], totals, totals[1:], strict=False):
        highest = max(highest, (after - before) // 900)
        assert SHARED.at(at)[1].demand == highest
    assert SHARED.at(start)[1].demand == 0


def test_nothing_is_known_from_before_the_meter_was_fitted() -> None:
    """A counter has a beginning."""
    with pytest.raises(BadInput, match="2025-01-01"):
        SHARED.at(datetime(2024, 12, 31, 12, tzinfo=UTC))


@pytest.mark.parametrize("on, quarters", [((2026, 3, 29), 92), ((2026, 10, 25), 100)])
def test_a_day_on_which_the_clocks_change_has_all_its_quarters(
    on: tuple[int, int, int], quarters: int
) -> None:
    """Summer time: 23 and 25 hours."""
    zone = MODEL.zone_info
    day = day_of(datetime(*on).date(), zone)
    load = Load(MODEL.building, Site(3, MODEL.place))
    before = day_of((datetime(*on) - timedelta(days=1)).date(), zone)
    account = settled(day, load.changes(day, before), {day.start: 1}, Registers())
    assert sum(start % 900 == 0 for start in account.starts) == quarters
    assert account.starts[0] == day.start
    assert account.starts[-1] < day.end
