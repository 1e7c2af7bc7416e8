"""A building behind a meter: what it uses, what its roof makes, how that changes in a day."""

from collections.abc import Iterator
from dataclasses import dataclass

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


Change = tuple[int, int, int, int, int, int, int]
"""(at, mW more on L1, L2, L3, mvar more on L1, L2, L3): whole numbers, so that nothing is lost.

A bare tuple: a meter makes half a million of them when it starts.
"""


def split(power: int, phase: int) -> tuple[int, int, int]:
    """A power on L1, L2, L3: on one of them, or a third on each, which add up to it exactly."""
    if phase == ALL_PHASES:
        third = power // 3
        return (third, third, power - 2 * third)
    return (power if phase == 0 else 0, power if phase == 1 else 0, power if phase == 2 else 0)


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
        powers, tan_phi = self._profile.powers(day.date), self._building.tan_phi
        draws = Draws(self._site.seed, _BASE, day.number)
        mood = draws.between(0.8, 1.2) * self._base_kwh * 1000
        first, second = self._shares
        o1 = o2 = o3 = 0
        for at in range(day.start, day.end, 900):
            quarter = day.wall(at) // 900 % QUARTERS
            milliwatts = int(powers[quarter] * mood * (0.8 + 0.4 * draws.unit()))
            p1, p2 = int(milliwatts * first), int(milliwatts * second)
            p3 = milliwatts - p1 - p2
            steps = (int(p1 * tan_phi) - int(o1 * tan_phi), int(p2 * tan_phi) - int(o2 * tan_phi))
            yield (at, p1 - o1, p2 - o2, p3 - o3, *steps, int(p3 * tan_phi) - int(o3 * tan_phi))
            o1, o2, o3 = p1, p2, p3

    def _roof(self, day: Day) -> Iterator[Change]:
        """What the roof makes, taken off the phases; nothing before the sun is up."""
        roof, site = self._building.roof, self._site
        if roof is None:
            return
        o1, o2, o3 = 0, 0, 0
        end = day.start
        per_light = roof.kwp * roof.performance * 1_000_000
        sun, clouds = weather.sun(site.place, day, roof.tilt), weather.clouds(day, site.seed)
        for (at, clear), share in zip(sun, clouds, strict=False):
            p1, p2, p3 = split(int(clear * per_light * share), ALL_PHASES)
            yield (at, o1 - p1, o2 - p2, o3 - p3, 0, 0, 0)
            o1, o2, o3, end = p1, p2, p3, at + weather.STEP_S
        yield (end, o1, o2, o3, 0, 0, 0)

    def _running(self, began: Day, day: Day) -> Iterator[Change]:
        """The runs that began on one day, as far as they lie in another."""
        for run in self._began(began):
            if run.end > day.start and run.start < day.end and run.end > run.start:
                p1, p2, p3 = split(int(run.watts * 1000), run.phase)
                q1, q2, q3 = split(int(run.vars * 1000), run.phase)
                yield (max(run.start, day.start), p1, p2, p3, q1, q2, q3)
                if run.end < day.end:
                    yield (run.end, -p1, -p2, -p3, -q1, -q2, -q3)

    def _began(self, day: Day) -> list[Run]:
        if self._runs is None or self._runs[0] != day.number:
            appliances = enumerate(self._building.appliances, start=100)
            runs = [run for key, one in appliances for run in one.runs(day, self._site, key)]
            self._runs = (day.number, runs)
        return self._runs[1]
