"""Appliances: what they say of a year is what their runs add up to."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from ohmstead.simulate.appliances import Appliance, Charger, HeatPump, Site
from ohmstead.simulate.days import day_of
from ohmstead.simulate.homes import HOUSEHOLD, SHOP, ZURICH

ZONE = ZoneInfo("Europe/Zurich")
YEAR = [day_of(date(2025, 1, 1) + timedelta(days=n), ZONE) for n in range(365)]
SITE = Site(99, ZURICH)
EVERY = (*HOUSEHOLD, *SHOP, Charger(), HeatPump())


@pytest.mark.parametrize("appliance", EVERY, ids=lambda a: type(a).__name__)
def test_a_year_of_runs_is_the_year_it_states(appliance: Appliance) -> None:
    """The rest of a building's use is left to the profile, so the statement must hold."""
    runs = [run for day in YEAR for run in appliance.runs(day, SITE, 100)]
    kwh = sum((run.end - run.start) * run.watts for run in runs) / 3_600_000
    assert kwh == pytest.approx(appliance.yearly_kwh(SITE), rel=0.15)


@pytest.mark.parametrize("appliance", EVERY, ids=lambda a: type(a).__name__)
def test_runs_begin_on_their_day_and_are_the_same_each_time(appliance: Appliance) -> None:
    """A day must not depend on which day was asked about before."""
    for day in YEAR[80:100]:
        runs = list(appliance.runs(day, SITE, 7))
        assert runs == list(appliance.runs(day, SITE, 7))
        assert all(day.start <= run.start <= run.end and run.watts > 0 for run in runs)
        assert all(run.end < day.end + 86_400 for run in runs)


def test_a_heat_pump_works_most_on_cold_days() -> None:
    """Heating follows the difference to 15 °C."""
    on_s = {
        day.number: sum(run.end - run.start for run in HeatPump().runs(day, SITE, 1))
        for day in YEAR
    }
    by_cold = sorted(YEAR, key=SITE.temperature)
    coldest, warmest = by_cold[:30], by_cold[-30:]
    assert sum(on_s[d.number] for d in coldest) > 5 * sum(on_s[d.number] for d in warmest)
    assert max(on_s.values()) <= 22.1 * 3600
