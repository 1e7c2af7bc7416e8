"""The meter's registers at any moment: the integral of the building's power since its fitting.

Power is steady between two changes, so a register is exact: the energy at the start of the stretch
plus power times seconds.  All sums are whole milliwatt-seconds.
"""

from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ohmstead.errors import BadInput
from ohmstead.simulate.building import Change, Load
from ohmstead.simulate.days import Day, TariffClock, day_of

FITTED = date(2025, 1, 1)
"""The day on which every simulated meter was fitted; there is nothing before it."""

QUARTER_S = 900
KEPT_DAYS = 4


class Registers(NamedTuple):
    """mWs and mvars: import and export by tariff, reactive energy both ways; demand in mW."""

    in_1: int = 0
    in_2: int = 0
    out_1: int = 0
    out_2: int = 0
    reactive_in: int = 0
    reactive_out: int = 0
    quarter: int = 0
    """Import when the running quarter of an hour began."""
    demand: int = 0
    """Highest mean import of a quarter of an hour since the month began."""
    demand_at: int = 0


class Stretch(NamedTuple):
    """Steady power from `at` on: mW and mvar by phase, and the registers at its start."""

    at: int
    power: tuple[int, int, int]
    reactive: tuple[int, int, int]
    tariff: int
    registers: tuple[int, ...]


Row = tuple[int, tuple[int, int, int], tuple[int, int, int], int, tuple[int, ...]]
"""A stretch before anybody asks about it."""


@dataclass(frozen=True, slots=True)
class Account:
    """One day of the meter: when its stretches begin, what they hold, the registers at its end."""

    starts: list[int]
    stretches: list[Row]
    close: Registers


def grown(stretch: Stretch, seconds: float) -> Registers:
    """The registers `seconds` into a stretch."""
    r = Registers(*stretch.registers)
    net, var = sum(stretch.power), sum(stretch.reactive)
    taken, given = int(max(net, 0) * seconds), int(max(-net, 0) * seconds)
    first = stretch.tariff == 1
    return r._replace(
        in_1=r.in_1 + (taken if first else 0),
        in_2=r.in_2 + (0 if first else taken),
        out_1=r.out_1 + (given if first else 0),
        out_2=r.out_2 + (0 if first else given),
        reactive_in=r.reactive_in + int(max(var, 0) * seconds),
        reactive_out=r.reactive_out + int(max(-var, 0) * seconds),
    )


class Ledger:
    """Answers for one meter; days are worked out when asked about, and only the last few kept."""

    def __init__(
        self, load: Load, tariffs: TariffClock, zone: ZoneInfo, opening: Registers
    ) -> None:
        self._load = load
        self._tariffs = tariffs
        self._zone = zone
        self._opening = [opening]
        """Registers at the start of each day since FITTED."""
        self._kept: OrderedDict[int, Account] = OrderedDict()

    def at(self, moment: datetime) -> tuple[Stretch, Registers]:
        """What holds at an aware moment: the stretch it lies in and the registers.

        BadInput before the meter was fitted.
        """
        epoch_s = moment.timestamp()
        account = self._account(moment.astimezone(self._zone).date())
        row = account.stretches[bisect_right(account.starts, epoch_s) - 1]
        stretch = Stretch._make(row)
        return stretch, grown(stretch, epoch_s - stretch.at)

    def _account(self, asked: date) -> Account:
        index = (asked - FITTED).days
        if index < 0:
            raise BadInput(f"simulated meters begin on {FITTED}, {asked} is before that")
        if index in self._kept:
            return self._kept[index]
        for number in range(min(index, len(self._opening) - 1), index + 1):
            account = self._settled(number)
            if number + 1 == len(self._opening):
                self._opening.append(account.close)
        self._kept[index] = account
        if len(self._kept) > KEPT_DAYS:
            self._kept.popitem(last=False)
        return account

    def _settled(self, index: int) -> Account:
        """A day from its opening registers to its closing ones."""
        date_ = FITTED + timedelta(days=index)
        day, before = day_of(date_, self._zone), day_of(date_ - timedelta(days=1), self._zone)
        opening = self._opening[index]
        if date_.day == 1:
            opening = opening._replace(demand=0, demand_at=day.start)
        tariffs = dict(self._tariffs.changes(day))
        changes = self._load.changes(day, before)
        changes += [(at, 0, 0, 0, 0, 0, 0) for at in tariffs]
        changes.sort()
        return settled(day, changes, tariffs, opening)


def settled(
    day: Day, changes: list[Change], tariffs: dict[int, int], opening: Registers
) -> Account:
    """A day worked out: the one place where power turns into energy.

    `changes` in order, with one at each quarter of an hour; written for speed, as two years of
    days are worked out when a meter starts.
    """
    in_1, in_2, out_1, out_2, var_in, var_out, quarter, demand, demand_at = opening
    p1 = p2 = p3 = q1 = q2 = q3 = 0
    tariff, last = 1, day.start
    starts: list[int] = []
    stretches: list[Row] = []
    changes.append((day.end, 0, 0, 0, 0, 0, 0))
    for at, d1, d2, d3, e1, e2, e3 in changes:
        if seconds := at - last:
            sums = (in_1, in_2, out_1, out_2, var_in, var_out, quarter, demand, demand_at)
            starts.append(last)
            stretches.append((last, (p1, p2, p3), (q1, q2, q3), tariff, sums))
            energy, reactive = (p1 + p2 + p3) * seconds, (q1 + q2 + q3) * seconds
            if tariff == 1:
                in_1, out_1 = (in_1 + energy, out_1) if energy > 0 else (in_1, out_1 - energy)
            else:
                in_2, out_2 = (in_2 + energy, out_2) if energy > 0 else (in_2, out_2 - energy)
            if reactive > 0:
                var_in += reactive
            else:
                var_out -= reactive
            if at % QUARTER_S == 0:
                mean = (in_1 + in_2 - quarter) // QUARTER_S
                quarter = in_1 + in_2
                if mean > demand:
                    demand, demand_at = mean, at
            last = at
        tariff = tariffs.get(at, tariff)
        p1, p2, p3, q1, q2, q3 = p1 + d1, p2 + d2, p3 + d3, q1 + e1, q2 + e2, q3 + e3
    close = Registers(in_1, in_2, out_1, out_2, var_in, var_out, quarter, demand, demand_at)
    return Account(starts, stretches, close)
