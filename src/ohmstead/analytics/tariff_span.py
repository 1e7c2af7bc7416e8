"""What a bill is made of: days, their versions and rates of tax, and what was measured on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby

from ohmstead.analytics.energy_calendar import QUARTER_S
from ohmstead.analytics.tariff import (
    Block,
    Charges,
    Counted,
    Demand,
    Energy,
    Percent,
    Tariff,
    Version,
    quantity_of,
)
from ohmstead.analytics.tariff_calendar import DAY, days, rate_on, version_on


@dataclass(frozen=True, slots=True)
class Used:
    """One quantity by quarter of an hour, and what of it is estimated: kWh (kvarh) or None."""

    energy: Sequence[Decimal | None]
    estimated: Sequence[Decimal | None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured from `first_s` on (epoch s), by quarters that follow each other.

    `used` is by OBIS code.  `demand` is by minutes of the window, then by the start of its last
    quarter, kW, as far back as peaks count.  `prices` is by series, then by quarter, for a kWh or
    MWh as the tariff says.  `unit` is that of the meter's value, where it is not electric.
    """

    first_s: int
    used: Mapping[str, Used]
    demand: Mapping[int, Mapping[int, Decimal]] = field(default_factory=dict)
    prices: Mapping[str, Mapping[int, Decimal]] = field(default_factory=dict)
    unit: str = ""

    def number(self, at_s: int) -> int:
        """Which of the quarters begins at `at_s`."""
        return (at_s - self.first_s) // QUARTER_S


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `first` to before `last` that a bill is for, of a bill period.

    `since` is the day on which the contract began: no peak before it counts.
    """

    first: date
    last: date
    period: tuple[date, date]
    since: date


@dataclass(frozen=True, slots=True)
class Part:
    """Days of a bill on which the same version and the same rate of tax (percent) hold."""

    first: date
    last: date
    version: Version | None
    rate: Decimal


def parts(tariff: Tariff, first: date, last: date) -> list[Part]:
    """The parts of the days from `first` to before `last`."""
    found: list[Part] = []
    keyed = ((day, version_on(tariff, day), rate_on(tariff, day)) for day in days(first, last))
    for _, group in groupby(keyed, key=lambda each: (id(each[1]), each[2])):
        of = list(group)
        found.append(Part(of[0][0], of[-1][0] + DAY, of[0][1], of[0][2]))
    return found


def registers(version: Version, charge: Counted) -> list[int | None]:
    """The meter's own registers that a charge is counted by; [None] where it is by the clock."""
    names: Sequence[str] = ()
    if isinstance(charge, Energy):
        names = list(charge.prices)
    elif isinstance(charge, Block):
        names = charge.bands
    found: list[int | None] = [
        band.register for band in version.bands if band.register is not None and band.name in names
    ]
    return found or [None]


def quantities(tariff: Tariff) -> set[str]:
    """The OBIS codes of all that any version counts."""
    return {
        quantity_of(charge, register)
        for version in tariff.versions
        for charge in version.charges
        if isinstance(charge, Counted)
        for register in registers(version, charge)
    }


def windows(tariff: Tariff) -> Mapping[int, int]:
    """The windows of demand that any version charges, minutes: how many months back they count."""
    found: dict[int, int] = {}
    for version in tariff.versions:
        for charge in version.charges:
            if isinstance(charge, Demand):
                months = charge.ratchet.months if charge.ratchet is not None else 0
                found[charge.minutes] = max(months, found.get(charge.minutes, 0))
    return found


def factors(charge: Charges, version: Version, rate: Decimal) -> tuple[Decimal, Decimal]:
    """What becomes of 1 of `charge` with the shares that are taken of it: without tax, and the tax.

    A charge of 1 with a surcharge of 10 % and a tax of 8 % on both is (1.1, 0.088).
    """
    net, taxed = Decimal(1), Decimal(charge.vat)
    for each in version.charges:
        if isinstance(each, Percent) and (not each.of or charge.name in each.of):
            net += each.percent / 100
            taxed += each.percent / 100 * each.vat
    return net, taxed * rate / 100
