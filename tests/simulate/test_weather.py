"""Weather that follows from a seed."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.simulate.days import day_of
from ohmstead.simulate.homes import OSLO, ZURICH
from ohmstead.simulate.weather import STEP_S, clouds, sun, temperature, usual_temperature

ZONE = ZoneInfo("Europe/Zurich")
YEAR = [day_of(date(2025, 1, 1) + timedelta(days=n), ZONE) for n in range(365)]


@pytest.mark.parametrize(
    "on, rise, set_",
    [
        (date(2025, 6, 21), (3, 29), (19, 26)),
        (date(2025, 12, 21), (7, 9), (15, 38)),
        (date(2025, 3, 20), (5, 27), (17, 36)),
    ],
)
def test_the_sun_rises_and_sets_with_the_almanac(
    on: date, rise: tuple[int, int], set_: tuple[int, int]
) -> None:
    """Almanac for Zurich, UTC, within twenty minutes: it counts the first edge of the sun."""
    times = [at for at, _ in sun(ZURICH, day_of(on, ZONE), 30)]
    for at, (hour, minute) in ((times[0], rise), (times[-1] + STEP_S, set_)):
        told = datetime(on.year, on.month, on.day, hour, minute, tzinfo=UTC).timestamp()
        assert abs(at - told) < 20 * 60


@given(st.sampled_from(YEAR), st.integers(0, 100))
def test_light_is_between_darkness_and_a_clear_sky(day: object, seed: int) -> None:
    """Clear-sky irradiance on the ground stays under 1.3 kW/m², clouds only take away."""
    assert isinstance(day, type(YEAR[0]))
    assert all(0 < clear < 1.3 for _, clear in sun(OSLO, day, 30))
    assert all(0 < share <= 1 for share in islice(clouds(day, seed), 200))


def test_winter_is_colder_than_summer() -> None:
    """The mean of a year is the place's own, January and July lie a swing apart from it."""
    months = {
        month: [temperature(ZURICH, d, 3) for d in YEAR if d.date.month == month]
        for month in (1, 7)
    }
    january, july = (sum(days) / len(days) for days in months.values())
    assert january < 5
    assert july > 14
    year = [usual_temperature(ZURICH, n) for n in range(1, 366)]
    assert sum(year) / 365 == pytest.approx(ZURICH.mean_c, abs=0.1)
