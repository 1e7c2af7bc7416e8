"""What a cost is told as: quarters of an hour with their price, and the lines and sums of a bill.

A quarter is exact.  A line is rounded to the cent, once; sums are of what the lines show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from ohmstead.analytics.currency import rounded
from ohmstead.analytics.energy_calendar import QUARTER_S
from ohmstead.analytics.tariff import Tariff

NO_ENERGY = "no energy"
NO_PRICE = "no price"
NO_VERSION = "no version of the tariff"
NO_CONTRACT = "no contract"
NO_DEMAND = "no demand"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Priced:
    """A quarter of an hour from `at_s` (epoch s): what its energy costs, None where not known.

    `net` and `vat` are of the charges of energy, `standing` and `standing_vat` its share of what is
    charged by the day; `why` says what is missing.  Peaks are on bills only.
    """

    at_s: int
    net: Decimal | None
    vat: Decimal | None
    standing: Decimal
    standing_vat: Decimal
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A stretch of time (epoch s) of which the cost is not known, and why."""

    first_s: int
    last_s: int
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill, for the days from `first` to before `last`.

    `quantity` is in `unit`; `price` is for one of it, None where it changed all the time; `exact`
    is the amount without tax before it was rounded to `net`; None where nothing is known.
    `absent`: of something that the meter never says, which leaves nothing open.  `note` says why a
    peak is none.
    """

    name: str
    kind: str
    part: str | None
    first: date
    last: date
    quantity: Decimal | None
    unit: str
    price: Decimal | None
    exact: Decimal | None
    vat_percent: Decimal | None
    estimated: Decimal | None = None
    unpriced: Decimal | None = None
    at_s: int | None = None
    absent: bool = False
    net: Decimal | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """Value added tax of one rate: on how much, and how much."""

    percent: Decimal
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of the days from `first` to before `last`; `period` is the whole bill period.

    `net + vat + rounding` is `gross`.  `completeness` is the share (0 to 1) of its time in which
    the meter was read as it should be; `estimated` what of its energy is estimated, kWh.
    """

    first: date
    last: date
    period: tuple[date, date]
    currency: str
    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    net: Decimal
    vat: Decimal
    rounding: Decimal
    gross: Decimal
    missing: tuple[Missing, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing that belongs on it is missing."""
        return not self.missing


def summed_up(
    tariff: Tariff,
    period: tuple[date, date],
    span: tuple[date, date],
    lines: Iterable[Line],
    missing: Sequence[Missing],
) -> Bill:
    """The bill of these lines: each rounded, tax by rate on the sums, the total as it is paid."""
    currency = tariff.currency
    shown = tuple(
        replace(line, net=None if line.exact is None else rounded(line.exact, currency))
        for line in lines
    )
    rates = sorted({line.vat_percent for line in shown if line.vat_percent is not None})
    taxes = tuple(_tax(rate, shown, currency) for rate in rates)
    net = sum((line.net for line in shown if line.net is not None), rounded(ZERO, currency))
    vat = sum((tax.vat for tax in taxes), rounded(ZERO, currency))
    paid = _to_pay(net + vat, tariff.round_to)
    return Bill(
        first=span[0],
        last=span[1],
        period=period,
        currency=currency,
        lines=shown,
        taxes=taxes,
        net=net,
        vat=vat,
        rounding=paid - net - vat,
        gross=paid,
        missing=tuple(missing),
    )


def _tax(percent: Decimal, lines: Sequence[Line], currency: str) -> Tax:
    of = [each.net for each in lines if each.vat_percent == percent and each.net is not None]
    net = sum(of, rounded(ZERO, currency))
    return Tax(percent, net, rounded(net * percent / 100, currency))


def _to_pay(total: Decimal, round_to: Decimal | None) -> Decimal:
    """`total` in whole steps of `round_to`.

    >>> _to_pay(Decimal("12.38"), Decimal("0.05"))
    Decimal('12.40')
    """
    if round_to is None:
        return total
    return ((total / round_to).quantize(Decimal(1), ROUND_HALF_UP) * round_to).quantize(total)


def missing_of(quarters: Iterable[Priced]) -> list[Missing]:
    """Where cost is not known: stretches of quarters that follow each other, by their reason."""
    found: list[Missing] = []
    for why, group in groupby(quarters, key=lambda each: each.why):
        for each in group if why is not None else ():
            if found and found[-1].last_s == each.at_s and found[-1].why == why:
                found[-1] = replace(found[-1], last_s=each.at_s + QUARTER_S)
            else:
                found.append(Missing(each.at_s, each.at_s + QUARTER_S, why or ""))
    return found
