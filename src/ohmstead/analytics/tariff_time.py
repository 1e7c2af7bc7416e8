"""What is charged by time: shares of a day, a month, a year or a bill period; peaks of power."""

import calendar
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ohmstead.analytics.energy_calendar import QUARTER_S
from ohmstead.analytics.tariff import Demand, Per

Bands = Callable[[int], str | None]
"""The band at a moment (epoch s, the start of a quarter of an hour)."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest demand, kW, and when its window began (epoch s); None where there can be none."""

    kw: Decimal
    at_s: int | None


def shares(
    per: Per, first: date, last: date, period: tuple[date, date]
) -> Iterator[tuple[int, int]]:
    """How many days of each `per` lie from `first` to before `last`, and how many it has.

    >>> list(shares("month", date(2026, 1, 31), date(2026, 3, 1), (date.min, date.max)))
    [(1, 31), (28, 28)]
    """
    if per == "bill":
        yield (last - first).days, (period[1] - period[0]).days
    elif per == "day":
        yield (last - first).days, 1
    else:
        while first < last:
            end, whole = _end(per, first)
            yield (min(end, last) - first).days, whole
            first = end


def _end(per: Per, day: date) -> tuple[date, int]:
    """The day after the month or year of `day`, and how many days that has."""
    if per == "year":
        return date(day.year + 1, 1, 1), 366 if calendar.isleap(day.year) else 365
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return after, calendar.monthrange(day.year, day.month)[1]


def share(amount: Decimal, of: Iterable[tuple[int, int]]) -> Decimal:
    """`amount` for each whole, in proportion where it is not whole."""
    return sum((amount * part / whole for part, whole in of), Decimal(0))


def peak(
    charge: Demand, demand: Mapping[int, Decimal], span_s: tuple[int, int], band: Bands
) -> Peak | None:
    """The highest demand of the windows within `span_s` and the charge's bands; None: not known.

    `demand` maps the start of the last quarter of a window (epoch s) to its mean power, kW.
    Where the bands hold at no time of the span, nothing can be demanded in them: that is zero.
    """
    before_s = charge.minutes * 60 - QUARTER_S
    highest: tuple[Decimal, int] | None = None
    for last_s, kw in demand.items():
        first_s = last_s - before_s
        if highest is not None and (kw, -first_s) <= highest:
            continue
        if first_s < span_s[0] or last_s >= span_s[1]:
            continue
        if charge.bands and any(
            band(at_s) not in charge.bands for at_s in range(first_s, last_s + 1, QUARTER_S)
        ):
            continue
        highest = kw, -first_s
    if highest is not None:
        return Peak(highest[0], -highest[1])
    if charge.bands and all(band(at_s) not in charge.bands for at_s in range(*span_s, QUARTER_S)):
        return Peak(Decimal(0), None)
    return None


def billed_kw(charge: Demand, own: Peak | None, earlier: Peak | None) -> Decimal | None:
    """What is charged for: the peak, the share of the earlier one, the least; None: not known."""
    found = [] if own is None else [own.kw]
    if charge.ratchet is not None and earlier is not None:
        found.append(earlier.kw * charge.ratchet.percent / 100)
    if charge.least_kw is not None and found:
        found.append(charge.least_kw)
    return max(found) if own is not None else None
