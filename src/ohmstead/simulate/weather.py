"""Weather at a place that follows from a seed: temperature, sun and clouds."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ohmstead.simulate.days import DAY_S, Day
from ohmstead.simulate.draws import Draws, wave

STEP_S = 300
"""The sun's power is taken as steady for this long."""

_SPELL, _DAILY, _SKY = 11, 12, 13


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meter stands; degrees north and east."""

    north: float
    east: float
    mean_c: float = 10.0
    """Mean temperature of the year."""
    swing_c: float = 9.0
    """How far January is below and July above it."""


def usual_temperature(place: Place, of_year: int) -> float:
    """°C, daily mean, as usual on this day of the year; coldest on 20 January."""
    return place.mean_c - place.swing_c * math.cos(2 * math.pi * (of_year - 20) / 365.25)


def temperature(place: Place, day: Day, seed: int) -> float:
    """°C, mean of this day: the usual one, spells of some days, a little from day to day."""
    spell = 4.5 * wave(day.number, 6, seed, _SPELL) + 2.0 * wave(day.number, 2, seed, _DAILY)
    return usual_temperature(place, day.of_year) + spell


def sun(place: Place, day: Day, tilt: float) -> Iterator[tuple[int, float]]:
    """(epoch second, kW/m² on a roof that faces south) for every step of daylight, without clouds.

    Declination after Cooper (1969), equation of time after Spencer (1971, shortened), direct light
    after Meinel (1976) with a tenth of diffuse light.  `tilt` in degrees from level.
    """
    angle = 2 * math.pi * (day.of_year - 81) / 365
    declination = math.radians(23.45) * math.sin(angle)
    minutes = 9.87 * math.sin(2 * angle) - 7.53 * math.cos(angle) - 1.5 * math.sin(angle)
    noon = (day.number - 719_163) * DAY_S + DAY_S / 2 - place.east * 240 - minutes * 60
    north, roof = math.radians(place.north), math.radians(place.north - tilt)
    rise = -math.tan(north) * math.tan(declination)
    half_s = math.acos(max(-1.0, min(1.0, rise))) * DAY_S / (2 * math.pi)
    low, high = math.sin(north) * math.sin(declination), math.cos(north) * math.cos(declination)
    flat, steep = math.sin(roof) * math.sin(declination), math.cos(roof) * math.cos(declination)
    first = math.ceil((noon - half_s) / STEP_S) * STEP_S
    for at in range(first, int(noon + half_s), STEP_S):
        turned = math.cos((at + STEP_S / 2 - noon) * 2 * math.pi / DAY_S)
        elevation = low + high * turned
        if elevation > 0.01:
            direct = 1.353 * 0.7 ** ((1 / elevation) ** 0.678)
            yield at, direct * (max(0.0, flat + steep * turned) + 0.1)


def clouds(day: Day, seed: int) -> Iterator[float]:
    """The share of a clear sky's light that arrives, in (0, 1], one for each step; without end.

    A day is clear, changing or overcast, by chance; clear ones are more frequent in summer.
    """
    draws = Draws(seed, _SKY, day.number)
    summer = 0.5 - 0.5 * math.cos(2 * math.pi * (day.of_year - 10) / 365.25)
    kind = draws.unit()
    if kind < 0.22 + 0.2 * summer:
        usual, taken = draws.between(0.9, 1.0), 0.04
    elif kind < 0.68 + 0.12 * summer:
        usual, taken = draws.between(0.65, 0.95), 0.85
    else:
        usual, taken = draws.between(0.15, 0.35), 0.4
    passing = draws.unit()
    while True:
        passing += 0.5 * (draws.unit() - passing)
        yield usual * (1 - taken * max(0.0, passing - 0.35))
