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
Clock = Callable[[int], int]
"""How far, in seconds, the clock on the wall is ahead of UTC at a moment."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest demand, kW, and when its window began (epoch s); None where there can be none."""

    kw: Decimal
    at_s: int | None
    note: str | None = None
    """Why there can be none."""


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
    charge: Demand,
    demand: Mapping[int, Decimal],
    span_s: tuple[int, int],
    band: Bands,
    clock: Clock,
) -> Peak | None:
    """The highest demand of the windows within `span_s` and the charge's bands; None: not known.

    `demand` maps the start of the last quarter of a window (epoch s) to its mean power, kW.
    Where no window of the clock lies wholly in the bands, nothing is demanded in them: that is
    zero, and the note says why.
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
    note = _never(charge, span_s, band, clock)
    return Peak(Decimal(0), None, note) if note else None


def _never(charge: Demand, span_s: tuple[int, int], band: Bands, clock: Clock) -> str | None:
    """Why no window of the clock can lie in the charge's bands; None where one can."""
    if not charge.bands:
        return None
    held, longest_s, window_s = 0, 0, charge.minutes * 60
    for at_s in range(*span_s, QUARTER_S):
        held = held + QUARTER_S if band(at_s) in charge.bands else 0
        longest_s = max(longest_s, held)
        end_s = at_s + QUARTER_S
        if held >= window_s and (end_s + clock(at_s)) % window_s == 0:
            return None
    named = " and ".join(charge.bands)
    if not longest_s:
        return f"{named} holds at no time of these days"
    return (
        f"no {charge.minutes} minutes of the tariff clock lie wholly in {named}, which holds "
        f"for at most {longest_s // 60} minutes on end"
    )


def billed_kw(charge: Demand, own: Peak | None, earlier: Peak | None) -> Decimal | None:
    """What is charged for: the peak, the share of the earlier one, the least; None: not known."""
    found = [] if own is None else [own.kw]
    if charge.ratchet is not None and earlier is not None:
        found.append(earlier.kw * charge.ratchet.percent / 100)
    if charge.least_kw is not None and found:
        found.append(charge.least_kw)
    return max(found) if own is not None else None
