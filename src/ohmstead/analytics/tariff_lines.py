"""The lines of a bill: of energy, of time, of peaks, and shares of other lines.

*To add a kind of charge: its line here, and one branch in `lines_of`.*
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from ohmstead.analytics.tariff import (
    Block,
    Counted,
    Demand,
    Dynamic,
    Energy,
    Fixed,
    Percent,
    Version,
    earns,
    quantity_of,
    unit_of,
)
from ohmstead.analytics.tariff_bill import ZERO, Line
from ohmstead.analytics.tariff_energy import Counting, Key, Sum
from ohmstead.analytics.tariff_span import Part, Span
from ohmstead.analytics.tariff_time import Peak, billed_kw, share, shares

UNITS: Mapping[str, str] = {"day": "day", "month": "month", "year": "year", "bill": "bill period"}


def energy_lines(n: int, m: int, part: Part, charge: Counted, counting: Counting) -> Iterator[Line]:
    """A line for each band, block or price of charge `m` in part `n`.

    One with nothing in it when none of its energy is known.
    """
    found = [(key, each) for key, each in counting.sums.items() if (key.part, key.charge) == (n, m)]
    for key, each in sorted(found, key=lambda pair: _order(part.version, charge, pair[0].label)):
        yield Line(
            name=charge.name,
            kind="energy",
            part=key.label,
            first=part.first,
            last=part.last,
            quantity=each.quantity,
            unit=unit_of(charge, counting.unit),
            price=_price(charge, key, each),
            exact=each.amount,
            vat_percent=part.rate if charge.vat else None,
            estimated=each.estimated,
            unpriced=each.unpriced,
        )
    if not found and not (isinstance(charge, Block) and charge.bands):
        yield Line(
            name=charge.name,
            kind="energy",
            part=None,
            first=part.first,
            last=part.last,
            quantity=None,
            unit=unit_of(charge, counting.unit),
            price=None,
            exact=None,
            vat_percent=part.rate if charge.vat else None,
            absent=quantity_of(charge) in counting.absent,
        )


def _price(charge: Counted, key: Key, each: Sum) -> Decimal | None:
    """The price of a line; the mean one where it changes all the time."""
    priced = each.quantity - each.unpriced
    if not isinstance(charge, Dynamic) or each.amount is None or not priced:
        return key.price
    return each.amount * (-1 if earns(charge) else 1) / priced


def _order(version: Version | None, charge: Counted, label: str | None) -> int:
    """Bands in the order of the version; blocks as they come."""
    names = [band.name for band in version.bands] if version is not None else []
    if not isinstance(charge, Energy) or label not in names:
        return len(names)
    return names.index(label)


def time_line(part: Part, charge: Fixed, span: Span) -> Line:
    """The line of a charge of time alone; its quantity is how many months, or what else."""
    whole = list(shares(charge.per, part.first, part.last, span.period))
    return Line(
        name=charge.name,
        kind="fixed",
        part=None,
        first=part.first,
        last=part.last,
        quantity=share(Decimal(1), whole),
        unit=UNITS[charge.per],
        price=charge.amount,
        exact=share(charge.amount, whole),
        vat_percent=part.rate if charge.vat else None,
    )


def peak_line(
    part: Part, charge: Demand, span: Span, own: Peak | None, earlier: Peak | None
) -> Line:
    """The line of the highest demand, kW; its price is for the days of the part."""
    kw = billed_kw(charge, own, earlier)
    whole = list(shares(charge.per, part.first, part.last, span.period))
    return Line(
        name=charge.name,
        kind="demand",
        part=None,
        first=part.first,
        last=part.last,
        quantity=kw,
        unit="kW",
        price=share(charge.price, whole),
        exact=None if kw is None else share(charge.price * kw, whole),
        vat_percent=part.rate if charge.vat else None,
        at_s=None if own is None else own.at_s,
        note=None if own is None else own.note,
    )


def share_line(part: Part, charge: Percent, lines: Sequence[Line]) -> Line:
    """The line of a share of others: its quantity is the sum it is taken of."""
    of = [
        line.exact
        for line in lines
        if line.exact is not None and (not charge.of or line.name in charge.of)
    ]
    base = sum(of, ZERO)
    return Line(
        name=charge.name,
        kind="percent",
        part=None,
        first=part.first,
        last=part.last,
        quantity=base,
        unit="%",
        price=charge.percent,
        exact=base * charge.percent / 100,
        vat_percent=part.rate if charge.vat else None,
    )
