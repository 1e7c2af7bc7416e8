"""Whether a tariff makes sense: what it names is there, its bands leave no hour out."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec

from ohmstead.analytics.currency import currency_named
from ohmstead.analytics.tariff import (
    NAMES,
    Block,
    Charges,
    Counted,
    Demand,
    Energy,
    Percent,
    Tariff,
    Version,
    quantity_of,
    shaped,
)
from ohmstead.analytics.tariff_calendar import LEAP, WEEK, Calendar, is_in, yearly
from ohmstead.analytics.tariff_span import registers
from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_OBIS, Kind

NET = "16.8.0"
MOST = Decimal(10) ** 9
FINEST = -12
MONTHS = (1, 2, 3, 4, 6, 12)


def read(given: Any) -> Tariff:
    """The tariff of a document that JSON or TOML was read into, checked; BadInput."""
    return checked(shaped(given))


def checked(tariff: Tariff) -> Tariff:
    """`tariff` with its versions in order of time, if it makes sense; BadInput says what does not.

    Whatever it names of bands, seasons, charges and holidays exists; no two versions or rates of
    tax hold on one day; bands that have prices leave no hour without one.
    """
    currency_named(tariff.currency)
    if not tariff.name.strip() or not tariff.name.isprintable():
        raise BadInput(f"{tariff.name!r} is not a name for a tariff: give printable characters")
    for number in _numbers(msgspec.structs.asdict(tariff)):
        if not number.is_finite() or abs(number) >= MOST:
            raise BadInput(f"{number} is no number for a tariff: it must be less than {MOST:.0f}")
        if int(number.as_tuple().exponent) < FINEST:
            raise BadInput(f"{number} has more than {-FINEST} digits behind the point")
    if tariff.bill.months not in MONTHS:
        raise BadInput(
            f"a bill period of {tariff.bill.months} months does not fit into a year; "
            f"take one of {', '.join(map(str, MONTHS))}"
        )
    if tariff.round_to is not None and not 0 < tariff.round_to <= 100:
        raise BadInput(f"round_to {tariff.round_to} is not between 0 and 100; it looks like 0.05")
    _rates(tariff)
    ordered = sorted(tariff.versions, key=lambda each: each.first)
    _apart([(each.first, each.last) for each in ordered], "versions")
    for version in ordered:
        try:
            _version(version)
        except BadInput as trouble:
            raise BadInput(f"version from {version.first}: {trouble}") from None
    return msgspec.structs.replace(tariff, versions=tuple(ordered))


def _numbers(value: Any) -> Iterator[Decimal]:
    """Every decimal anywhere in a tariff."""
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, msgspec.Struct):
        yield from _numbers(msgspec.structs.asdict(value))
    elif isinstance(value, dict):
        yield from _numbers(tuple(value.values()))
    elif isinstance(value, tuple):
        for each in value:
            yield from _numbers(each)


def _rates(tariff: Tariff) -> None:
    for rate in tariff.rates:
        if not 0 <= rate.percent <= 100:
            raise BadInput(f"a tax of {rate.percent} percent is not between 0 and 100")
    spans = sorted((rate.first or date.min, rate.last) for rate in tariff.rates)
    _apart(spans, "rates of tax")


def _apart(spans: Sequence[tuple[date, date | None]], what: str) -> None:
    for first, last in spans:
        if last is not None and last <= first:
            raise BadInput(f"{what}: to {last} is not after from {first}; to is the day after")
    for (first, last), (after, _) in pairwise(spans):
        if first == after:
            raise BadInput(f"{what}: two begin on {first}; put them into one, or move one")
        if last is None or after < last:
            raise BadInput(
                f"{what}: the one from {first} holds on {after} still, when the next one begins; "
                f"end it with to = {after}"
            )


def _version(version: Version) -> None:
    _once((season.name for season in version.seasons), "season")
    _once((band.name for band in version.bands), "band")
    _once((charge.name for charge in version.charges), "charge")
    for season in version.seasons:
        if yearly(season.first) == yearly(season.last):
            raise BadInput(f"season {season.name!r} has no days: from and to are the same")
    for band in version.bands:
        _known(band.seasons, [season.name for season in version.seasons], "season", band.name)
        if band.register is not None and (band.days or band.hours or band.seasons):
            raise BadInput(f"band {band.name!r} is a register of the meter: it has no other times")
    own = [band.register for band in version.bands if band.register is not None]
    if own and (len(own) < len(version.bands) or len(set(own)) < len(own)):
        raise BadInput("either every band is another register of the meter, or none is one")
    calendar = Calendar(version)
    for charge in version.charges:
        try:
            _charge(version, charge)
        except BadInput as trouble:
            raise BadInput(f"charge {charge.name!r}: {trouble}") from None
    if any(isinstance(each, Energy) and each.prices for each in version.charges) and not own:
        _covered(version, calendar)


def _covered(version: Version, calendar: Calendar) -> None:
    """Some band holds in every quarter of an hour: two years have every kind of day there is."""
    seen: set[tuple[object, ...]] = set()
    for n in range(2 * 366):
        day = date(LEAP, 1, 1) + timedelta(days=n)
        holiday = calendar.is_holiday(day)
        season = tuple(is_in(each, day) for each in version.seasons)
        kind = (holiday or day.weekday(), *season)
        if kind in seen:
            continue
        seen.add(kind)
        bands = calendar.bands(day)
        if None in bands:
            gap = bands.index(None)
            name = "a holiday" if holiday else WEEK[day.weekday()]
            raise BadInput(
                f"no band holds on {name} ({day:%m-%d}) at {gap // 4:02}:{gap % 4 * 15:02}; "
                "end the list with a band that has no times, which is then for all the rest"
            )


def _charge(version: Version, charge: Charges) -> None:
    names = [band.name for band in version.bands]
    if isinstance(charge, Counted):
        _quantity(version, charge)
    if isinstance(charge, Energy):
        if (charge.price is None) == (not charge.prices):
            raise BadInput("give either one price, or prices by band")
        if charge.prices:
            _known(charge.prices, names, "band", "prices")
            _known(names, list(charge.prices), "price of band", "prices (0 is one, too)")
    elif isinstance(charge, Block):
        _known(charge.bands, names, "band", "bands")
        ends = [step.to for step in charge.blocks]
        if None in ends[:-1] or ends[-1] is not None:
            raise BadInput("the last block, and no other, has no `to`: it is for all above")
        known = [Decimal(0), *(end for end in ends if end is not None)]
        if any(one >= other for one, other in pairwise(known)):
            raise BadInput("each block ends (`to`) above the one before, in kWh of a bill period")
    elif isinstance(charge, Demand):
        _known(charge.bands, names, "band", "bands")
        if charge.bands and any(band.register for band in version.bands):
            raise BadInput("a register of the meter has no times in which to look for a peak")
        if charge.ratchet is not None and not 0 < charge.ratchet.percent <= 100:
            raise BadInput(f"a ratchet of {charge.ratchet.percent} percent is not 0 to 100")
    elif isinstance(charge, Percent):
        others = [each.name for each in version.charges if not isinstance(each, Percent)]
        _known(charge.of, others, "charge", "of")


def _quantity(version: Version, charge: Counted) -> None:
    for register in registers(version, charge):
        obis = quantity_of(charge, register)
        if obis in (NET, NAMES["value"]) and register is None:
            continue
        known = BY_OBIS.get(obis)
        if known is None or known.kind is not Kind.COUNTER:
            raise BadInput(
                f"{charge.quantity!r}{'' if register is None else f' by register ({obis})'} is "
                "nothing that is counted; take import, export, net, value, or a code like 5.8.0"
            )


def _once(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadInput(f"there are two {what}s named {name!r}")
        seen.add(name)


def _known(names: Iterable[str], known: Sequence[str], what: str, where: str) -> None:
    for name in names:
        if name not in known:
            there = ", ".join(map(repr, known)) or "none"
            raise BadInput(f"{where}: there is no {what} {name!r}; there are {there}")
