"""A building behind a meter: what it uses, what its roof makes, how that changes in a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import sub
from typing import NamedTuple

from ohmstead.simulate import weather
from ohmstead.simulate.appliances import ALL_PHASES, Appliance, Run, Site
from ohmstead.simulate.days import Day, TariffClock
from ohmstead.simulate.draws import Draws
from ohmstead.simulate.profiles import QUARTERS, profile

_BASE, _ROOF, _SHARES = 1, 2, 3
LEAST_BASE = 0.2
"""The least share of a year's use that the profile, and no appliance, must stand for."""


@dataclass(frozen=True, slots=True)
class Roof:
    """Solar panels that face south."""

    kwp: float
    tilt: float = 25.0
    performance: float = 0.75


@dataclass(frozen=True, slots=True)
class Building:
    """What is connected to one meter."""

    yearly_kwh: float
    """All that is used in a usual year, appliances included."""
    profile: str
    """BDEW load profile of what the appliances leave over."""
    appliances: tuple[Appliance, ...]
    tariffs: TariffClock
    roof: Roof | None = None
    tan_phi: float = -0.12
    """Reactive power of the profile's share; a home's electronics are a little capacitive."""


class Change(NamedTuple):
    """From `at` on, this much more on each phase: whole mW and mvar, so that nothing is lost."""

    at: int
    p1: int
    p2: int
    p3: int
    q1: int
    q2: int
    q3: int


def on_phase(at: int, milliwatts: int, millivars: int, phase: int) -> Change:
    """The change that a load on one phase, or on all three, makes."""
    if phase == ALL_PHASES:
        p, q = milliwatts // 3, millivars // 3
        return Change(at, p, p, milliwatts - 2 * p, q, q, millivars - 2 * q)
    powers, reactive = [0, 0, 0], [0, 0, 0]
    powers[phase], reactive[phase] = milliwatts, millivars
    return Change(at, *powers, *reactive)


class Load:
    """What a building draws from the grid, as changes at moments; it follows from seed and day."""

    def __init__(self, building: Building, site: Site) -> None:
        self._building = building
        self._site = site
        taken = sum(appliance.yearly_kwh(site) for appliance in building.appliances)
        base = building.yearly_kwh - taken
        if base < LEAST_BASE * building.yearly_kwh:
            raise ValueError(
                f"the appliances take {taken:.0f} of {building.yearly_kwh:.0f} kWh a year;"
                " state a larger use"
            )
        self._base_kwh = base
        self._profile = profile(building.profile)
        draws = Draws(site.seed, _SHARES)
        first, second = draws.between(0.3, 0.5), draws.between(0.2, 0.35)
        self._shares = (first, second)
        self._runs: tuple[int, list[Run]] | None = None

    def changes(self, day: Day, before: Day) -> list[Change]:
        """Every change of a day in order; those at its start set everything from nothing."""
        found = list(self._base(day))
        found += self._roof(day)
        found += self._running(before, day)
        found += self._running(day, day)
        found.sort()
        return found

    def _base(self, day: Day) -> Iterator[Change]:
        """The profile, a quarter of an hour each, with a day's and a quarter's own mood."""
        powers, site = self._profile.powers(day.date), self._site
        draws = Draws(site.seed, _BASE, day.number)
        mood = draws.between(0.8, 1.2) * self._base_kwh
        last = [0] * 6
        for at in range(day.start, day.end, 900):
            quarter = day.wall(at) // 900 % QUARTERS
            milliwatts = int(powers[quarter] * mood * (0.8 + 0.4 * draws.unit()) * 1000)
            p1, p2 = int(milliwatts * self._shares[0]), int(milliwatts * self._shares[1])
            now = (p1, p2, milliwatts - p1 - p2)
            new = [*now, *(int(p * self._building.tan_phi) for p in now)]
            yield Change(at, *map(sub, new, last))
            last = new

    def _roof(self, day: Day) -> Iterator[Change]:
        """What the roof makes, taken off the phases; nothing before the sun is up."""
        roof, site = self._building.roof, self._site
        if roof is None:
            return
        last, end = 0, day.start
        per_light = roof.kwp * roof.performance * 1_000_000
        sun, clouds = weather.sun(site.place, day, roof.tilt), weather.clouds(day, site.seed)
        for (at, clear), share in zip(sun, clouds, strict=False):
            made = int(clear * per_light * share)
            yield on_phase(at, last - made, 0, ALL_PHASES)
            last, end = made, at + weather.STEP_S
        yield on_phase(end, last, 0, ALL_PHASES)

    def _running(self, began: Day, day: Day) -> Iterator[Change]:
        """The runs that began on one day, as far as they lie in another."""
        for run in self._began(began):
            if run.end > day.start and run.start < day.end and run.end > run.start:
                milliwatts, millivars = int(run.watts * 1000), int(run.vars * 1000)
                yield on_phase(max(run.start, day.start), milliwatts, millivars, run.phase)
                if run.end < day.end:
                    yield on_phase(run.end, -milliwatts, -millivars, run.phase)

    def _began(self, day: Day) -> list[Run]:
        if self._runs is None or self._runs[0] != day.number:
            appliances = enumerate(self._building.appliances, start=100)
            runs = [run for key, one in appliances for run in one.runs(day, self._site, key)]
            self._runs = (day.number, runs)
        return self._runs[1]
