"""Gas and water behind the meter."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.simulate.appliances import Site
from ohmstead.simulate.models import MODELS
from ohmstead.simulate.pipes import Pipe, PipeMeter

MODEL = MODELS["p1-be"]
GAS = PipeMeter(Pipe(1600, heating=0.82, key=1), Site(3, MODEL.place), MODEL.zone_info)
WATER = PipeMeter(Pipe(95, heating=0.0, key=2), Site(3, MODEL.place), MODEL.zone_info)
moments = st.datetimes(datetime(2025, 1, 2), datetime(2026, 12, 31), timezones=st.just(UTC))


@settings(deadline=None)
@given(st.lists(moments, min_size=2, max_size=6))
def test_volumes_never_go_back(times: list[datetime]) -> None:
    """Whatever the order in which they are asked for."""
    seen = {at: GAS.at(at)[1] for at in times}
    ordered = [seen[at] for at in sorted(seen)]
    assert ordered == sorted(ordered)


@settings(deadline=None)
@given(moments)
def test_the_value_is_that_of_the_last_full_hour(at: datetime) -> None:
    """DSMR 5: gas is read once an hour, its time stands beside it."""
    hour, volume = GAS.at(at)
    assert timedelta(0) <= at - hour < timedelta(hours=1)
    assert (hour.minute, hour.second) == (0, 0)
    assert GAS.at(hour) == (hour, volume)


@pytest.mark.parametrize("pipe, yearly", [(GAS, 1600), (WATER, 95)])
def test_a_year_is_near_what_is_stated(pipe: PipeMeter, yearly: float) -> None:
    """Within a quarter for gas, whose winters differ."""
    first, last = (pipe.at(datetime(year, 6, 1, tzinfo=UTC))[1] for year in (2025, 2026))
    assert last - first == pytest.approx(yearly, rel=0.25)


def test_gas_is_for_winter_and_water_for_every_day() -> None:
    """Heating follows the temperature, washing does not."""

    def used(pipe: PipeMeter, month: int) -> float:
        first, last = (pipe.at(datetime(2026, month, day, tzinfo=UTC))[1] for day in (1, 28))
        return last - first

    assert used(GAS, 1) > 5 * used(GAS, 7)
    assert used(WATER, 1) < 2 * used(WATER, 7)
