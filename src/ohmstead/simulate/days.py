"""Local days and the tariff clock: where a wall clock's hours lie on the line of seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of a zone; `start` and `end` in epoch seconds, 23 to 25 hours apart."""

    date: date
    zone: ZoneInfo
    start: int
    end: int

    @property
    def number(self) -> int:
        """Days since 1 January of the year 1."""
        return self.date.toordinal()

    @property
    def of_year(self) -> int:
        """1 on 1 January."""
        return self.date.timetuple().tm_yday

    def at(self, wall_s: int) -> int:
        """The epoch second at which the wall clock shows `wall_s` seconds after midnight.

        The hour that a change of clocks repeats means its first pass, the one it skips the hour
        after.
        """
        if self.end - self.start == DAY_S:
            return self.start + wall_s
        shown = datetime.combine(self.date, datetime.min.time(), self.zone) + timedelta(
            seconds=wall_s
        )
        return int(shown.timestamp())

    def wall(self, at: int) -> int:
        """Seconds after midnight that the wall clock shows at an epoch second of this day."""
        if self.end - self.start == DAY_S:
            return at - self.start
        shown = datetime.fromtimestamp(at, self.zone)
        return shown.hour * 3600 + shown.minute * 60 + shown.second


def midnight(day: date, zone: ZoneInfo) -> int:
    """The epoch second at which a local day begins."""
    return int(datetime.combine(day, datetime.min.time(), zone).timestamp())


def day_of(day: date, zone: ZoneInfo) -> Day:
    """A local day with its bounds."""
    return Day(day, zone, midnight(day, zone), midnight(day + timedelta(days=1), zone))


@dataclass(frozen=True, slots=True)
class TariffClock:
    """Which register counts when: each kind of day holds (hour, tariff) from midnight on."""

    weekday: tuple[tuple[int, int], ...]
    saturday: tuple[tuple[int, int], ...]
    sunday: tuple[tuple[int, int], ...]

    def changes(self, day: Day) -> Iterator[tuple[int, int]]:
        """(epoch second, tariff from then on), the first one at the day's start."""
        weekday = day.date.weekday()
        plan = self.weekday if weekday < 5 else self.saturday if weekday == 5 else self.sunday
        for hour, tariff in plan:
            yield day.at(hour * 3600), tariff


SINGLE = TariffClock(((0, 1),), ((0, 1),), ((0, 1),))
"""One tariff round the clock."""

DUTCH = TariffClock(((0, 1), (7, 2), (23, 1)), ((0, 1),), ((0, 1),))
"""T1 is the low tariff: nights from 23 to 7 and the weekend."""

BELGIAN = TariffClock(((0, 2), (7, 1), (22, 2)), ((0, 2),), ((0, 2),))
"""T1 is the day tariff, 7 to 22 on working days."""

SWISS = TariffClock(((0, 2), (7, 1), (20, 2)), ((0, 2), (7, 1), (13, 2)), ((0, 2),))
"""T1 is the high tariff: 7 to 20 on working days, 7 to 13 on Saturdays, as in many Swiss towns."""
