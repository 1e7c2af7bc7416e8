"""Gas and water meters behind the electricity meter: litres by the hour."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ohmstead.simulate.appliances import HEATING_BELOW_C, Site
from ohmstead.simulate.days import Day, day_of
from ohmstead.simulate.draws import mixed, unit
from ohmstead.simulate.ledger import FITTED
from ohmstead.simulate.weather import usual_temperature

_PIPE = 31
_HOURS = (1, 1, 1, 1, 1, 3, 8, 9, 7, 5, 4, 4, 5, 4, 3, 3, 4, 7, 9, 8, 6, 4, 2, 1)
"""How a day's use spreads over the hours of the wall clock."""


@dataclass(frozen=True, slots=True)
class Pipe:
    """One such meter: its use in a usual year, and how much of that is for heating."""

    yearly_m3: float
    heating: float
    key: int


class PipeMeter:
    """Whole litres since the meter was fitted, read at every full hour."""

    def __init__(self, pipe: Pipe, site: Site, zone: ZoneInfo) -> None:
        self._pipe = pipe
        self._site = site
        self._zone = zone
        usual = (usual_temperature(site.place, of_year) for of_year in range(1, 366))
        self._kelvin_days = sum(max(0.0, HEATING_BELOW_C - celsius) for celsius in usual)
        self._opening = [mixed(site.seed, _PIPE, pipe.key) % 3_000_000]

    def at(self, moment: datetime) -> tuple[datetime, float]:
        """(the last full hour before an aware moment, m³ then)."""
        hour = moment.astimezone(self._zone).replace(minute=0, second=0, microsecond=0)
        day = day_of(hour.date(), self._zone)
        index = (hour.date() - FITTED).days
        for number in range(len(self._opening) - 1, index):
            self._opening.append(self._opening[-1] + self._litres(number))
        passed = min(24, (int(hour.timestamp()) - day.start) // 3600)
        share = sum(_HOURS[:passed]) / sum(_HOURS)
        return hour, (self._opening[index] + int(self._litres(index) * share)) / 1000

    def _litres(self, index: int) -> int:
        day = day_of(FITTED + timedelta(days=index), self._zone)
        return int(self._usual_m3(day) * 1000 * (0.75 + 0.5 * self._mood(day.date)))

    def _usual_m3(self, day: Day) -> float:
        cold = max(0.0, HEATING_BELOW_C - self._site.temperature(day)) / self._kelvin_days
        return self._pipe.yearly_m3 * (self._pipe.heating * cold + (1 - self._pipe.heating) / 365)

    def _mood(self, day: date) -> float:
        return unit(self._site.seed, _PIPE, self._pipe.key, day.toordinal())
