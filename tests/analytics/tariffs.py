"""What the tests of tariffs share: short tariffs, steady histories, and the bill of both."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ohmstead.analytics.energy_calendar import midnight_s
from ohmstead.analytics.tariff import Tariff
from ohmstead.analytics.tariff_bill import Bill, Line, Priced
from ohmstead.analytics.tariff_calendar import period_of
from ohmstead.analytics.tariff_check import read
from ohmstead.analytics.tariff_cost import costs
from ohmstead.analytics.tariff_span import Measured, Span, Used

Kwh = str | Callable[[int], Decimal | None]
"""The energy of every quarter, or of the one that begins at a moment (epoch s)."""
DAY_NIGHT = [
    {"name": "high", "days": ["mon-fri"], "hours": ["07:00-19:00"]},
    {"name": "low"},
]


def tariff(*charges: Mapping[str, Any], **more: Any) -> Tariff:
    """A tariff from 2025 on with these charges; `bands` and the like go into its version."""
    inside = {name: more.pop(name) for name in ("bands", "seasons", "holidays") if name in more}
    version = {"from": "2025-01-01", "charges": [*charges], **inside}
    return read({"name": "T", "currency": "CHF", "versions": [version], **more})


def energy(price: str | None = None, name: str = "Energy", **more: Any) -> dict[str, Any]:
    """A charge of energy."""
    return {"kind": "energy", "name": name, **({"price": price} if price else {}), **more}


def at(day: str, zone: str = "Europe/Zurich") -> int:
    """Midnight of a day (epoch s)."""
    return midnight_s(date.fromisoformat(day), ZoneInfo(zone))


def billed(
    of: Tariff,
    first: str,
    last: str,
    kwh: Kwh | Mapping[str, Kwh] = "0.25",
    *,
    zone: str = "Europe/Zurich",
    since: str | None = None,
    demand: Mapping[int, Mapping[int, Decimal]] | None = None,
    prices: Mapping[int, Decimal] | None = None,
    unit: str = "",
) -> tuple[Bill, list[Priced]]:
    """The bill of a contract from `first` to before `last`, within the period that `first` is in.

    The meter uses `kwh` each quarter of an hour: by quantity, or all of it imported.
    """
    span = date.fromisoformat(first), date.fromisoformat(last)
    first_s, last_s = at(first, zone), at(last, zone)
    quarters = range(first_s, last_s, 900)
    histories = kwh if isinstance(kwh, Mapping) else {"1.8.0": kwh}
    used = {}
    for obis, each in histories.items():
        values = [Decimal(each) if isinstance(each, str) else each(at_s) for at_s in quarters]
        used[obis] = Used(values, [None if value is None else Decimal(0) for value in values])
    began = date.fromisoformat(since) if since else span[0]
    return costs(
        of,
        Span(*span, period_of(of.bill, span[0]), began),
        ZoneInfo(zone),
        Measured(first_s, used, demand or {}, {"spot": prices or {}}, unit),
    )


def line(bill: Bill, name: str, part: str | None = None) -> Line:
    """The one line of a bill with this name, and this band or block."""
    (found,) = (each for each in bill.lines if (each.name, each.part) == (name, part))
    return found


def amounts(bill: Bill) -> list[tuple[str, str | None, Decimal | None, Decimal | None]]:
    """Name, band, quantity and rounded amount of each line."""
    return [(each.name, each.part, each.quantity, each.net) for each in bill.lines]
