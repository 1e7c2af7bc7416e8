"""Buildings: over a year they use what they state, and their roofs make nothing at night."""

from bisect import bisect_right
from dataclasses import replace
from datetime import date, timedelta

import pytest

from ohmstead.simulate import MODELS
from ohmstead.simulate.appliances import Charger, Site
from ohmstead.simulate.building import Building, Load
from ohmstead.simulate.days import SINGLE, Day, day_of
from ohmstead.simulate.homes import OSLO
from ohmstead.simulate.ledger import Account, Registers, settled
from ohmstead.simulate.model import Model

FIRST = date(2025, 1, 1)


def days(model: Model, first: int, last: int) -> list[Day]:
    """Local days of a model's zone, counted from 1 January 2025."""
    return [day_of(FIRST + timedelta(days=n), model.zone_info) for n in range(first, last)]


def account(load: Load, day: Day) -> Account:
    """A day of a load from registers at zero."""
    before = day_of(day.date - timedelta(days=1), day.zone)
    return settled(day, load.changes(day, before), {day.start: 1}, Registers())


BUILDINGS = {id(model.building): name for name, model in MODELS.items()}.values()
"""A model for each building: many kinds of meters stand in the same one."""


@pytest.mark.parametrize("name", BUILDINGS)
def test_a_year_is_within_five_percent_of_what_the_building_states(name: str) -> None:
    """Whatever the seed; what the roof makes is left out."""
    model = MODELS[name]
    load = Load(replace(model.building, roof=None), Site(4711, model.place))
    closes = [account(load, day).close for day in days(model, 0, 365)]
    kwh = sum(close.in_1 for close in closes) / 3_600_000_000
    assert kwh == pytest.approx(model.building.yearly_kwh, rel=0.05)
    assert sum(close.out_1 for close in closes) == 0


@pytest.mark.parametrize("name", [name for name in BUILDINGS if MODELS[name].building.roof])
def test_a_roof_makes_what_roofs_there_make_and_nothing_at_night(name: str) -> None:
    """PVGIS: 800 to 1100 kWh a year for each kW of panels between Oslo and Zurich."""
    model = MODELS[name]
    assert model.building.roof
    site = Site(4711, model.place)
    load, without = Load(model.building, site), Load(replace(model.building, roof=None), site)
    made = 0
    for day in days(model, 0, 365):
        shaded, sunny = account(without, day), account(load, day)
        made += shaded.close.in_1 - sunny.close.in_1 + sunny.close.out_1
        for hour in (0, 1, 2, 23):
            assert power(sunny, day.at(3600 * hour)) == power(shaded, day.at(3600 * hour))
    assert 800 < made / 3_600_000_000 / model.building.roof.kwp < 1100


def power(day: Account, at: int) -> tuple[int, int, int]:
    """mW on each phase at an epoch second of a day."""
    return day.stretches[bisect_right(day.starts, at) - 1][1]


def test_a_day_is_the_same_whatever_was_asked_before() -> None:
    """A load is a function of seed and day."""
    model = MODELS["hdlc-aidon"]
    site = Site(5, model.place)
    used, fresh = Load(model.building, site), Load(model.building, site)
    week = days(model, 100, 107)
    forth = [account(used, day) for day in week]
    back = [account(used, day) for day in reversed(week)]
    assert forth == back[::-1] == [account(fresh, day) for day in week]


def test_appliances_may_not_use_more_than_the_building() -> None:
    """The profile must have something left, else the statement is wrong."""
    with pytest.raises(ValueError, match="state a larger use"):
        Load(Building(2000, "h0", (Charger(),), SINGLE), Site(1, OSLO))
