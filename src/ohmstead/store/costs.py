"""What the energy of a meter costs: by quarter of an hour, hour, day and month, and by bill.

docs/tariffs.md has the rules, analytics/tariff_cost.py the arithmetic.
"""

import asyncio
import math
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from ohmstead.analytics.energy_calendar import QUARTER_S, Size, midnight_s, offset_s
from ohmstead.analytics.spans import bounds
from ohmstead.analytics.tariff import Dynamic, Tariff
from ohmstead.analytics.tariff_bill import NO_CONTRACT, ZERO, Bill, Missing, Priced, missing_of
from ohmstead.analytics.tariff_calendar import months_before, periods
from ohmstead.analytics.tariff_cost import costs
from ohmstead.analytics.tariff_span import Measured, Span, Used, quantities, windows
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies, checked
from ohmstead.store.energy_columns import DIGITS, Columns, moment, plain
from ohmstead.store.energy_ways import EXPORT, IMPORT, VALUE
from ohmstead.store.meters import Meter
from ohmstead.store.prices import Prices
from ohmstead.store.tariffs import Contract, Tariffs

By = Literal["15min", "hour", "day", "month", "bill"]
DEMAND = """
    SELECT at, clock_{minutes} AS kw FROM rollups
    WHERE stream = %s AND level = 0 AND part = 0 AND at >= %s AND at < %s
    AND clock_{minutes} IS NOT NULL ORDER BY at
"""


@dataclass(slots=True)
class Cost:
    """What the time from `start` to `end` (aware, UTC) costs, without peaks: those are on bills.

    `energy` is of the charges of energy, `standing` the share of what is charged by the day, both
    without tax; `net` is both, `gross` with `vat`.  They are sums of the quarters whose cost is
    known, None where none is; `missing` are the others.  `completeness` is from 0 to 1.
    """

    start: datetime
    end: datetime
    currency: str | None = None
    kwh: Decimal | None = None
    export_kwh: Decimal | None = None
    estimated_kwh: Decimal | None = None
    completeness: float = 0.0
    energy: Decimal | None = None
    standing: Decimal | None = None
    vat: Decimal | None = None
    missing: list[Missing] = field(default_factory=list)

    @property
    def net(self) -> Decimal | None:
        """Energy and standing."""
        return None if self.energy is None else self.energy + (self.standing or ZERO)

    @property
    def gross(self) -> Decimal | None:
        """With tax."""
        return None if self.net is None else self.net + (self.vat or ZERO)


@dataclass(frozen=True, slots=True)
class Billed:
    """A bill, of which contract, and the energy of its time; `open`: its time is not over."""

    contract: Contract
    bill: Bill
    energy: Cost
    open: bool


@dataclass(frozen=True, slots=True)
class _Quarter:
    """A priced quarter, the energy in it, and how much of its time has passed and was measured."""

    priced: Priced
    kwh: Decimal | None
    export_kwh: Decimal | None
    estimated_kwh: Decimal | None
    elapsed_s: float
    covered_s: float
    currency: str | None


class Costs:
    """Costs, asked for; every answer is as the readings and the tariffs are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._energies, self._prices = Energies(database), Prices(database)
        self._tariffs = Tariffs(database)

    async def bills(self, meter: Meter, first: date, last: date, now: datetime) -> list[Billed]:
        """Every bill that has a day from `first` to before `last`, each of them whole.

        NotFound when the meter has no tariff on those days.
        """
        checked([meter], "day", first, last)
        zone = meter.site.zone
        found: list[Billed] = []
        async for contract, bill, quarters in self._all(meter, first, last, now):
            end = moment(midnight_s(bill.last, zone))
            total = Cost(moment(midnight_s(bill.first, zone)), end)
            _add(total, quarters)
            found.append(Billed(contract, bill, total, end > now))
        if not found:
            raise _none(meter, first, last)
        return found

    async def by(
        self, meter: Meter, size: Size, first: date, last: date, now: datetime
    ) -> list[Cost]:
        """The cost of each bucket of `size` from `first` to before `last`, days of its site.

        NotFound when the meter has no tariff on those days; Conflict when it has two currencies.
        """
        checked([meter], size, first, last)
        edges = bounds(size, first, last, meter.site.zone)
        rows = [Cost(moment(a), moment(b)) for a, b in pairwise(edges)]
        inside: list[list[_Quarter]] = [[] for _ in rows]
        seen: set[int] = set()
        async for _, _, quarters in self._all(meter, first, last, now):
            for each in quarters:
                if edges[0] <= each.priced.at_s < edges[-1]:
                    inside[bisect_right(edges, each.priced.at_s) - 1].append(each)
                    seen.add(each.priced.at_s)
        if not seen:
            raise _none(meter, first, last)
        for each in await self._without(meter, first, last, now, seen):
            inside[bisect_right(edges, each.priced.at_s) - 1].append(each)
        for row, of in zip(rows, inside, strict=True):
            _add(row, sorted(of, key=lambda each: each.priced.at_s))
        if len({row.currency for row in rows} - {None}) > 1:
            raise Conflict(
                f"from {first} to {last} costs are in two currencies; ask for each alone"
            )
        return rows

    async def _all(
        self, meter: Meter, first: date, last: date, now: datetime
    ) -> AsyncIterator[tuple[Contract, Bill, list[_Quarter]]]:
        """Every bill that has a day in the span, with its quarters."""
        for contract in await self._tariffs.contracts(meter=meter):
            begin, end = max(first, contract.first), min(last, contract.last or last)
            if begin >= end:
                continue
            tariff = (await self._tariffs.get(contract.tariff)).tariff
            spans = [
                Span(
                    max(period[0], contract.first),
                    min(period[1], contract.last or period[1]),
                    period,
                    contract.first,
                )
                for period in periods(tariff.bill, begin, end)
            ]
            read = {  # of all bills at once: each question brings the rollups up to date
                obis: await self._read(meter, obis, spans[0].first, spans[-1].last, now)
                for obis in sorted(_told_of(meter) | set(quantities(tariff)))
            }
            for span in spans:
                bill, quarters = await self._bill(meter, contract.tariff, tariff, span, read, now)
                yield contract, bill, quarters

    async def _bill(
        self,
        meter: Meter,
        id: int,
        tariff: Tariff,
        span: Span,
        read: Mapping[str, Columns],
        now: datetime,
    ) -> tuple[Bill, list[_Quarter]]:
        main, zone = main_of(meter), meter.site.zone
        first_s, last_s = midnight_s(span.first, zone), midnight_s(span.last, zone)
        read = {obis: _cut(each, first_s, last_s) for obis, each in read.items()}
        demand = {
            minutes: await self._demand(meter, minutes, months, span, now)
            for minutes, months in windows(tariff).items()
        }
        prices = {
            series: await self._prices.between(id, series, first_s, last_s)
            for series in _series(tariff)
        }
        used = {obis: _used(each) for obis, each in read.items()}
        measured = Measured(first_s, used, demand, prices, meter.unit or "")
        bill, priced = await asyncio.to_thread(costs, tariff, span, zone, measured)
        return bill, list(_quarters(priced, read[main], used, main, now, tariff.currency))

    async def _read(
        self, meter: Meter, obis: str, first: date, last: date, now: datetime
    ) -> Columns:
        """Energy by quarter of an hour."""
        try:
            return await self._energies.columns(meter, obis, "15min", first, last, now)
        except BadInput as trouble:
            if meter.type == "electricity":
                raise
            raise BadInput(f'{trouble}; a charge of quantity = "value" is for it') from None

    async def _demand(
        self, meter: Meter, minutes: int, months: int, span: Span, now: datetime
    ) -> dict[int, Decimal]:
        """Demand by the start of the last quarter of its window, as far back as it counts.

        Of a virtual meter it is the mean power of quarters that are wholly measured.
        """
        begin = span.first
        if months:
            begin = max(months_before(span.period[0], months), span.since)
        if meter.formula is not None:
            energy = await self._read(meter, IMPORT, begin, span.last, now)
            return _demand_of(energy, minutes, meter.site.zone)
        ends = [moment(midnight_s(each, meter.site.zone)) for each in (begin, span.last)]
        found = await self._database.rows(DEMAND.format(minutes=minutes), (meter.stream, *ends))
        return {int(row["at"].timestamp()): _decimal(row["kw"]) for row in found}

    async def _without(
        self, meter: Meter, first: date, last: date, now: datetime, seen: set[int]
    ) -> list[_Quarter]:
        """The quarters that no contract covers."""
        zone = meter.site.zone
        if len(seen) * QUARTER_S == midnight_s(last, zone) - midnight_s(first, zone):
            return []
        main = main_of(meter)
        every = {
            obis: await self._read(meter, obis, first, last, now)
            for obis in sorted(_told_of(meter))
        }
        read = every[main]
        used = {obis: _used(each) for obis, each in every.items()}
        none = [Priced(at_s, None, None, ZERO, ZERO, NO_CONTRACT) for at_s in read.start.tolist()]
        found = _quarters(none, read, used, main, now, None)
        return [each for each in found if each.priced.at_s not in seen]


def main_of(meter: Meter) -> str:
    """What the costs of a meter are about: what it imports, or what it counts if not electric."""
    return IMPORT if meter.type == "electricity" else VALUE


def _told_of(meter: Meter) -> set[str]:
    """What a row tells, whatever is charged; a formula need not know what its meters export."""
    told = {main_of(meter)}
    return told | {EXPORT} if meter.type == "electricity" and meter.formula is None else told


def _quarters(
    priced: Sequence[Priced],
    read: Columns,
    used: Mapping[str, Used],
    main: str,
    now: datetime,
    currency: str | None,
) -> Iterable[_Quarter]:
    given = used.get(EXPORT)
    rows = zip(priced, used[main].energy, used[main].estimated, read.completeness, strict=True)
    for n, (each, kwh, estimated, completeness) in enumerate(rows):
        elapsed_s = max(0.0, min(float(QUARTER_S), now.timestamp() - each.at_s))
        yield _Quarter(
            each,
            kwh,
            None if given is None else given.energy[n],
            estimated,
            elapsed_s,
            elapsed_s * float(completeness),
            currency,
        )


def _cut(read: Columns, first_s: int, last_s: int) -> Columns:
    """The quarters from `first_s` to before `last_s`."""
    of = slice(*((each - int(read.start[0])) // QUARTER_S for each in (first_s, last_s)))
    return Columns(
        read.start[of],
        read.end[of],
        read.energy[of],
        read.estimated[of],
        read.completeness[of],
        read.source,
    )


def _demand_of(read: Columns, minutes: int, zone: ZoneInfo) -> dict[int, Decimal]:
    """Mean power on the clock of windows of quarters that are wholly measured."""
    quarters = minutes * 60 // QUARTER_S
    whole = (read.completeness >= 1.0) & (read.estimated == 0.0)
    kwh = np.where(whole, read.energy, np.nan)
    found: dict[int, Decimal] = {}
    for n in range(quarters - 1, len(kwh)):
        at_s = int(read.start[n])
        if (at_s + QUARTER_S + offset_s(at_s, zone)) % (minutes * 60) == 0:
            kw = float(kwh[n - quarters + 1 : n + 1].sum()) * 60 / minutes
            if not math.isnan(kw):
                found[at_s] = _decimal(kw)
    return found


def _series(tariff: Tariff) -> set[str]:
    return {
        charge.series
        for version in tariff.versions
        for charge in version.charges
        if isinstance(charge, Dynamic)
    }


def _used(read: Columns) -> Used:
    return Used(
        [_maybe(each) for each in plain(read.energy)],
        [_maybe(each) for each in plain(read.estimated)],
    )


def _add(row: Cost, quarters: Sequence[_Quarter]) -> None:
    """Sum the quarters up into `row`."""
    for each in quarters:
        row.currency = row.currency or each.currency
        row.kwh = _plus(row.kwh, each.kwh)
        row.estimated_kwh = _plus(row.estimated_kwh, each.estimated_kwh)
        row.export_kwh = _plus(row.export_kwh, each.export_kwh)
        row.energy = _plus(row.energy, each.priced.net)
        row.vat = _plus(row.vat, each.priced.vat)
        if each.currency is not None:
            row.standing = _plus(row.standing, each.priced.standing)
            row.vat = _plus(row.vat, each.priced.standing_vat)
    if row.energy is None:
        row.vat = None
    row.missing = missing_of(each.priced for each in quarters)
    elapsed_s = sum(each.elapsed_s for each in quarters)
    covered_s = sum(each.covered_s for each in quarters)
    row.completeness = round(covered_s / elapsed_s, 6) if elapsed_s else 0.0


def _plus(total: Decimal | None, more: Decimal | None) -> Decimal | None:
    return total if more is None else more if total is None else total + more


def _maybe(value: float | None) -> Decimal | None:
    return None if value is None else _decimal(value)


def _decimal(value: float) -> Decimal:
    """The number that is meant: below `DIGITS` there is only noise of sums."""
    return Decimal(repr(round(value, DIGITS)))


def _none(meter: Meter, first: date, last: date) -> NotFound:
    return NotFound(
        f"meter {meter.id!r} has no tariff from {first} to {last}; "
        f"give it one with `ohmstead admin tariff assign {meter.id} TARIFF --from DAY`"
    )
