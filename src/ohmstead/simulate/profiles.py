"""Standard load profiles: how much of a year's electricity a household or business uses when.

The BDEW profiles of 1999 as the package demandlib (MIT) ships them: a table of season, weekday and
quarter of an hour.  Only its data file is read: its code brings pandas and 100 MB with it, and a
gateway has to stay small.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from ohmstead.errors import Unavailable

QUARTERS = 96


def season(day: date) -> str:
    """The BDEW's season: summer from 15 May to 14 September, winter from 1 November to 20 March."""
    shown = (day.month, day.day)
    if (5, 15) <= shown <= (9, 14):
        return "summer"
    return "winter" if shown >= (11, 1) or shown <= (3, 20) else "transition"


def smoothed(of_year: int) -> float:
    """The factor that lets the household profile rise and fall with the day of the year (1 to 366).

    Source: BDEW, Anwendung der repräsentativen Lastprofile, dynamised H0; the first factor as
    demandlib corrects it, so that a year's mean is 1.
    """
    t = of_year - 0.5
    return -3.916649251e-10 * t**4 + 3.2e-7 * t**3 - 7.02e-5 * t**2 + 0.0021 * t + 1.24


@dataclass(frozen=True, slots=True)
class Profile:
    """One load profile: 96 powers a day, for each season and weekday."""

    name: str
    _rows: dict[tuple[str, int], tuple[float, ...]]

    def powers(self, day: date) -> tuple[float, ...]:
        """96 powers, kW in each quarter of an hour of the wall clock, for 1000 kWh in a year."""
        row = self._rows[season(day), day.weekday()]
        if self.name != "h0":
            return row
        factor = smoothed(day.timetuple().tm_yday)
        return tuple(value * factor for value in row)


def _source() -> Path:
    found = find_spec("demandlib")
    if found is None or found.origin is None:
        raise Unavailable(
            "simulated meters need the package demandlib for their load profiles; install it"
        )
    return Path(found.origin).parent / "bdew" / "bdew_data" / "selp_series.csv"


@lru_cache(maxsize=8)
def profile(name: str) -> Profile:
    """The profile with a BDEW name: `h0` households, `g0` to `g6` business, `l0` to `l2` farms.

    Unavailable if demandlib is missing, KeyError for an unknown name.
    """
    rows: dict[tuple[str, int], list[float]] = {}
    with _source().open(encoding="utf-8", newline="") as lines:
        for line in csv.DictReader(lines):
            key = line["period"], int(line["weekday"]) - 1
            rows.setdefault(key, []).append(float(line[name]))
    return Profile(name, {key: tuple(powers) for key, powers in rows.items()})
