"""What energy costs: quarters of an hour and a tariff in, priced quarters and a bill out.

Amounts are decimal and exact; times are epoch seconds.  The rules stand in docs/tariffs.md.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from ohmstead.analytics.energy_calendar import QUARTER_S, midnight_s, offset_s
from ohmstead.analytics.tariff import Counted, Demand, Fixed, Percent, Tariff, Version
from ohmstead.analytics.tariff_bill import (
    NO_DEMAND,
    NO_VERSION,
    ZERO,
    Bill,
    Line,
    Missing,
    Priced,
    missing_of,
    summed_up,
)
from ohmstead.analytics.tariff_calendar import DAY, Calendar, days, months_before
from ohmstead.analytics.tariff_energy import Counting
from ohmstead.analytics.tariff_lines import energy_lines, peak_line, share_line, time_line
from ohmstead.analytics.tariff_span import Measured, Part, Span, factors, parts
from ohmstead.analytics.tariff_time import Peak, peak, share, shares

EPOCH = date(1970, 1, 1).toordinal()
DAY_S = 86_400


def costs(
    tariff: Tariff, span: Span, zone: ZoneInfo, measured: Measured
) -> tuple[Bill, list[Priced]]:
    """The bill of a span of days, and its quarters of an hour with their price.

    `measured` has at least the quarters of those days, in `zone`.
    """
    return _Reckoning(tariff, span, zone, measured).made()


class _Reckoning:
    """One bill being made."""

    def __init__(self, tariff: Tariff, span: Span, zone: ZoneInfo, measured: Measured) -> None:
        self._tariff, self._span, self._zone, self._measured = tariff, span, zone, measured
        self._parts = parts(tariff, span.first, span.last)
        held = {part.version.first: part.version for part in self._parts if part.version}
        self._calendars = {first: Calendar(version) for first, version in held.items()}
        self._counting = Counting(span, measured, self._never_said())

    def _never_said(self) -> set[str]:
        """What is exported, where the meter says no such thing in all of the span."""
        first, last = (self._measured.number(self._midnight(each)) for each in self._ends())
        return {
            obis
            for obis, used in self._measured.used.items()
            if obis.startswith("2.") and all(each is None for each in used.energy[first:last])
        }

    def made(self) -> tuple[Bill, list[Priced]]:
        """The bill, and the quarters."""
        quarters = [
            priced
            for n, part in enumerate(self._parts)
            for day in days(part.first, part.last)
            for priced in self._day(n, part, day)
        ]
        missing = missing_of(quarters)
        lines: list[Line] = []
        for n, part in enumerate(self._parts):
            if part.version is not None:
                own = list(self._lines(n, part, part.version))
                missing += self._without_peak(part, own)
                shared = [each for each in part.version.charges if isinstance(each, Percent)]
                lines += [*own, *(share_line(part, charge, own) for charge in shared)]
        return summed_up(self._tariff, self._span.period, self._ends(), lines, missing), quarters

    def _day(self, n: int, part: Part, day: date) -> Iterator[Priced]:
        first_s, last_s = self._midnight(day), self._midnight(day + DAY)
        version = part.version
        if version is None:
            for at_s in range(first_s, last_s, QUARTER_S):
                yield Priced(at_s, None, None, ZERO, ZERO, NO_VERSION)
            return
        shown = self._calendars[version.first].bands(day)
        charges = [(each, *factors(each, version, part.rate)) for each in version.charges]
        counted = [
            (m, charge, net, vat)
            for m, (charge, net, vat) in enumerate(charges)
            if isinstance(charge, Counted)
        ]
        fixed = [(*each, self._of_day(each[0], day)) for each in charges]
        quarters = (last_s - first_s) // QUARTER_S
        standing = sum((amount * net for _, net, _, amount in fixed), ZERO) / quarters
        standing_vat = sum((amount * vat for _, _, vat, amount in fixed), ZERO) / quarters
        for at_s in range(first_s, last_s, QUARTER_S):
            band = shown[(at_s + offset_s(at_s, self._zone)) % DAY_S // QUARTER_S]
            total, tax, why = ZERO, ZERO, None
            for m, charge, net, vat in counted:
                cost, trouble = self._counting.cost((n, m), version, charge, at_s, band)
                total, tax, why = total + cost * net, tax + cost * vat, why or trouble
            if why is None:
                yield Priced(at_s, total, tax, standing, standing_vat)
            else:
                yield Priced(at_s, None, None, standing, standing_vat, why)

    def _of_day(self, charge: object, day: date) -> Decimal:
        """What a day costs by a charge of time."""
        if not isinstance(charge, Fixed):
            return ZERO
        return share(charge.amount, shares(charge.per, day, day + DAY, self._span.period))

    def _lines(self, n: int, part: Part, version: Version) -> Iterator[Line]:
        for m, charge in enumerate(version.charges):
            if isinstance(charge, Counted):
                yield from energy_lines(n, m, part, charge, self._counting)
            elif isinstance(charge, Fixed):
                yield time_line(part, charge, self._span)
            elif isinstance(charge, Demand):
                yield peak_line(part, charge, self._span, *self._peaks(version, charge))

    def _peaks(self, version: Version, charge: Demand) -> tuple[Peak | None, Peak | None]:
        """The highest demand of the version's days in this bill, and of the months before it."""
        same = [part for part in self._parts if part.version is version]
        demand = self._measured.demand.get(charge.minutes, {})
        calendar = self._calendars[version.first]

        def band(at_s: int) -> str | None:
            local_s = at_s + offset_s(at_s, self._zone)
            day = date.fromordinal(EPOCH + local_s // DAY_S)
            return calendar.bands(day)[local_s % DAY_S // QUARTER_S]

        def clock(at_s: int) -> int:
            return offset_s(at_s, self._zone)

        span_s = self._midnight(same[0].first), self._midnight(same[-1].last)
        own, span = peak(charge, demand, span_s, band, clock), self._span
        if charge.ratchet is None:
            return own, None
        back = max(months_before(span.period[0], charge.ratchet.months), span.since)
        before_s = self._midnight(back), self._midnight(span.first)
        return own, peak(charge, demand, before_s, band, clock)

    def _without_peak(self, part: Part, lines: list[Line]) -> Iterator[Missing]:
        """A stretch that has a charge of demand, and no demand known."""
        if any(line.kind == "demand" and line.quantity is None for line in lines):
            yield Missing(self._midnight(part.first), self._midnight(part.last), NO_DEMAND)

    def _ends(self) -> tuple[date, date]:
        return self._span.first, self._span.last

    def _midnight(self, day: date) -> int:
        return midnight_s(day, self._zone)
