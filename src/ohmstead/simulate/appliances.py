"""What runs in a building besides the standard profile: when each appliance is on, and how strong.

An appliance lists the runs that begin on a day; the same day and seed give the same runs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ohmstead.simulate.days import Day
from ohmstead.simulate.draws import Draws
from ohmstead.simulate.weather import Place, temperature, usual_temperature

ALL_PHASES = 3
HEATING_BELOW_C = 15.0


class Run(NamedTuple):
    """One stretch of steady power: epoch seconds, W, var, and the phase 0..2 or all three."""

    start: int
    end: int
    watts: float
    vars: float
    phase: int


@dataclass(frozen=True, slots=True)
class Site:
    """What an appliance may ask about: the seed of its building, the place, the weather there."""

    seed: int
    place: Place

    def temperature(self, day: Day) -> float:
        """°C, mean of the day."""
        return temperature(self.place, day, self.seed)


class Appliance(Protocol):
    """Something that is on at times."""

    def runs(self, day: Day, site: Site, key: int, /) -> Iterator[Run]:
        """The runs that begin on a day; `key` keeps two appliances of one building apart."""
        ...

    def yearly_kwh(self, site: Site, /) -> float:
        """What it uses in a usual year, kWh."""
        ...


def _phase(site: Site, key: int) -> int:
    return int(3 * Draws(site.seed, key, 0).unit())


@dataclass(frozen=True, slots=True)
class Compressor:
    """A fridge or freezer: on for a while, then off, round the clock."""

    watts: float = 95
    on_s: int = 960
    period_s: int = 3000
    tan_phi: float = 0.6

    def runs(self, day: Day, site: Site, key: int) -> Iterator[Run]:
        draws, phase = Draws(site.seed, key, day.number), _phase(site, key)
        at = day.start + int(draws.between(0, self.period_s))
        while at < day.end:
            on_s = int(self.on_s * draws.between(0.8, 1.2))
            yield Run(at, at + on_s, self.watts, self.watts * self.tan_phi, phase)
            at += int(self.period_s * draws.between(0.9, 1.1))

    def yearly_kwh(self, _site: Site, /) -> float:
        return self.watts * self.on_s / self.period_s * 8.76


@dataclass(frozen=True, slots=True)
class Routine:
    """Something people switch on: so many times a day, in certain hours, with a programme.

    `programme` holds (seconds, W) one after the other; `hours` are windows of the wall clock.
    """

    per_day: float
    programme: tuple[tuple[int, float], ...]
    hours: tuple[tuple[int, int], ...]
    tan_phi: float = 0.0
    phase: int | None = None

    def runs(self, day: Day, site: Site, key: int) -> Iterator[Run]:
        draws = Draws(site.seed, key, day.number)
        fixed = _phase(site, key) if self.phase is None else self.phase
        for _ in range(draws.often(self.per_day)):
            first, last = self.hours[int(len(self.hours) * draws.unit())]
            at = day.at(int(draws.between(first, last) * 3600))
            longer, stronger = draws.between(0.7, 1.3), draws.between(0.9, 1.1)
            for seconds, watts in self.programme:
                end = at + int(seconds * longer)
                yield Run(at, end, watts * stronger, watts * stronger * self.tan_phi, fixed)
                at = end

    def yearly_kwh(self, _site: Site, /) -> float:
        once = sum(seconds * watts for seconds, watts in self.programme)
        return once * self.per_day * 365 / 3_600_000


@dataclass(frozen=True, slots=True)
class Charger:
    """A wall box: some evenings a car, which takes what it drove."""

    watts: float = 11_000
    per_day: float = 0.45
    kwh: tuple[float, float] = (6.0, 22.0)
    hours: tuple[int, int] = (18, 23)

    def runs(self, day: Day, site: Site, key: int) -> Iterator[Run]:
        draws = Draws(site.seed, key, day.number)
        if draws.unit() < self.per_day:
            at = day.at(int(draws.between(*self.hours) * 3600))
            end = at + int(draws.between(*self.kwh) * 3_600_000 / self.watts)
            yield Run(at, end, self.watts, -0.03 * self.watts, ALL_PHASES)

    def yearly_kwh(self, _site: Site, /) -> float:
        return 365 * self.per_day * sum(self.kwh) / 2


@dataclass(frozen=True, slots=True)
class HeatPump:
    """A heat pump that cycles: it follows the day's temperature, hot water comes on top."""

    watts: float = 2600
    kwh_per_kelvin: float = 1.5
    """Electricity for a day that is one kelvin below the heating limit."""
    hot_water_kwh: float = 3.0
    cycle_s: int = 3600
    tan_phi: float = 0.35

    def _daily_kwh(self, outside_c: float) -> float:
        needed = self.kwh_per_kelvin * max(0.0, HEATING_BELOW_C - outside_c) + self.hot_water_kwh
        return min(needed, self.watts * 22 / 1000)

    def runs(self, day: Day, site: Site, key: int) -> Iterator[Run]:
        draws = Draws(site.seed, key, day.number)
        on_s = self._daily_kwh(site.temperature(day)) * 3_600_000 / self.watts
        cycles = max(2, math.ceil(on_s / self.cycle_s))
        apart = (day.end - day.start) / cycles
        for cycle in range(cycles):
            spare = max(0.0, apart - on_s / cycles)
            at = day.start + int(cycle * apart + spare * draws.unit())
            end = at + int(on_s / cycles)
            yield Run(at, end, self.watts, self.watts * self.tan_phi, ALL_PHASES)

    def yearly_kwh(self, site: Site) -> float:
        usual = (usual_temperature(site.place, of_year) for of_year in range(1, 366))
        return sum(map(self._daily_kwh, usual))
