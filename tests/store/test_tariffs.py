"""Tariffs, contracts, prices and costs on a real database."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.analytics.tariffs import energy, tariff
from tests.store.conftest import NOW, MakeMeter

from ohmstead.analytics.tariff_bill import NO_CONTRACT, NO_ENERGY
from ohmstead.clock import SetClock
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.audit import By
from ohmstead.store.committer import Committer, Row
from ohmstead.store.costs import Costs
from ohmstead.store.database import Database
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.prices import Prices
from ohmstead.store.sites import Organisations
from ohmstead.store.tariffs import Tariffs
from ohmstead.store.virtual_meters import VirtualMeters

D = Decimal
BY = By("test", NOW)
QUARTER = timedelta(minutes=15)


def day(written: str) -> date:
    return date.fromisoformat(written)


async def measured(
    database: Database, clock: SetClock, meter: Meter, first: datetime, *kwh: dict[str, float]
) -> None:
    """Counters that grow by so much in each quarter of an hour from `first` on."""
    counted: dict[str, float] = dict.fromkeys(kwh[0], 1000.0)
    rows = [Row(meter.stream, first, clock.now(), counted)]
    for n, each in enumerate(kwh, start=1):
        counted = {obis: round(counted[obis] + used, 9) for obis, used in each.items()}
        rows.append(Row(meter.stream, first + n * QUARTER, clock.now(), counted))
    await Committer(database, clock).commit(rows)


async def test_contracts_do_not_overlap_and_leave_their_past(
    database: Database, make_meter: MakeMeter
) -> None:
    """docs/tariffs.md, Contracts: refused by name, ended at midnight, never erased."""
    meter, tariffs = await make_meter(), Tariffs(database)
    one, two = [
        await tariffs.add(tariff(energy("1"), name=name), None, by=BY) for name in ("One", "Two")
    ]
    await tariffs.assign(meter, one.id, day("2025-01-01"), day("2025-07-01"), by=BY)
    for first, last in (
        ("2025-06-30", None),
        ("2024-01-01", None),
        ("2024-01-01", "2025-01-02"),
        ("2025-03-01", "2025-04-01"),
    ):
        end = day(last) if last else None
        with pytest.raises(Conflict, match=r"tariff 1 \(One\) from 2025-01-01 to 2025-07-01 alre"):
            await tariffs.assign(meter, two.id, day(first), end, by=BY)
    await tariffs.assign(meter, two.id, day("2025-07-01"), None, by=BY)
    await tariffs.assign(meter, two.id, day("2024-12-01"), day("2025-01-01"), by=BY)
    with pytest.raises(NotFound, match="has no tariff on the day before 2024-12-01"):
        await tariffs.end(meter, day("2024-12-01"), by=BY)
    ended = await tariffs.end(meter, day("2025-09-01"), by=BY)
    assert (ended.tariff, ended.first, ended.last) == (two.id, day("2025-07-01"), day("2025-09-01"))
    assert [(each.tariff, f"{each.last}") for each in await tariffs.contracts(meter=meter)] == [
        (two.id, "2025-01-01"),
        (one.id, "2025-07-01"),
        (two.id, "2025-09-01"),
    ]
    with pytest.raises(Conflict, match="has been used"):
        await tariffs.remove(one.id, by=BY)
    later = await tariffs.assign(meter, one.id, day("2026-01-01"), None, by=BY)
    with pytest.raises(Conflict, match="it began"):
        await tariffs.withdraw(meter, ended.id, day("2025-11-21"), by=BY)
    await tariffs.withdraw(meter, later.id, day("2025-11-21"), by=BY)
    assert len(await tariffs.contracts(meter=meter)) == 3
    with pytest.raises(BadInput, match="is not after from"):
        await tariffs.assign(meter, one.id, day("2026-01-01"), day("2026-01-01"), by=BY)
    await Meters(database).remove(meter.id)
    await tariffs.remove(one.id, by=BY)


async def test_of_two_at_once_only_one_is_given(database: Database, make_meter: MakeMeter) -> None:
    """docs/tariffs.md, Contracts: one tariff on any day, however many ask at the same time."""
    meter, tariffs = await make_meter(), Tariffs(database)
    kept = await tariffs.add(tariff(energy("1")), None, by=BY)
    asked = [tariffs.assign(meter, kept.id, day("2025-01-01"), None, by=BY) for _ in range(6)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(each, Conflict) for each in found) == 5
    assert len(await tariffs.contracts()) == 1


async def test_names_are_taken_once_for_each_organisation(
    database: Database, make_meter: MakeMeter
) -> None:
    """docs/tariffs.md, Contracts: only tariffs of the meter's organisation, or everybody's."""
    meter, tariffs = await make_meter(), Tariffs(database)
    other = await Organisations(database).add("Other")
    own = meter.site.organisation
    for of in (None, own, other.id):
        await tariffs.add(tariff(energy("1"), name="Home"), of, by=BY)
        with pytest.raises(Conflict, match="a tariff named 'home' already"):
            await tariffs.add(tariff(energy("1"), name="home"), of, by=BY)
    assert [each.organisation for each in await tariffs.all(own)] == [None, own]
    assert len(await tariffs.all()) == 3
    with pytest.raises(NotFound, match="of another organisation than meter 'm1'"):
        await tariffs.assign(meter, 5, day("2025-01-01"), None, by=BY)


async def test_costs_from_readings_and_contracts(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/tariffs.md, Costs: another contract from midnight on, a peak, export, a hole before."""
    meter, tariffs, asked = await make_meter(interval_s=900.0), Tariffs(database), Costs(database)
    first = datetime(2025, 6, 30, 10, tzinfo=UTC)  # noon in Zurich
    kwh = [{"1.8.0": 0.25 if n != 60 else 2.0, "2.8.0": 0.125} for n in range(4 * 36)]
    await measured(database, clock, meter, first, *kwh)
    power = {"kind": "demand", "name": "Power", "price": 31}
    sun = energy("0.10", name="Sun", quantity="export")
    june = await tariffs.add(tariff(energy("1"), name="June"), None, by=BY)
    july = await tariffs.add(tariff(energy("2"), power, sun, name="July"), None, by=BY)
    await tariffs.assign(meter, june.id, day("2025-06-30"), day("2025-07-01"), by=BY)
    await tariffs.assign(meter, july.id, day("2025-07-01"), day("2025-07-02"), by=BY)
    span = day("2025-06-29"), day("2025-07-03")
    none, before, after, end = await asked.by(meter, "day", *span, NOW)
    assert (none.energy, none.missing[0].why) == (None, NO_CONTRACT)
    # 12 h of 1 kWh at 1; 24 h of 1 kWh and 1.75 more at 2, less 12 kWh at 0.10
    assert (before.energy, before.kwh, before.completeness) == (12, 12, 0.5)
    assert [each.why for each in before.missing] == [NO_ENERGY]
    assert (after.energy, after.kwh, after.export_kwh) == (D("50.3"), D("25.75"), 12)
    assert (after.completeness, after.missing, end.energy) == (1.0, [], None)
    # what nobody charges is told all the same: what was exported before, 12 h of 0.5 kWh
    assert (none.export_kwh, before.export_kwh) == (None, 6)
    quarters = await asked.by(meter, "15min", *span, NOW)
    assert sum(each.energy or 0 for each in quarters) == D("62.3")
    one, two = await asked.bills(meter, *span, NOW)
    assert (one.bill.gross, one.bill.complete, one.contract.name) == (12, False, "June")
    # 51.50, one of 31 days of 8 kW at 31, -1.20
    assert [each.net for each in two.bill.lines] == [D("51.50"), 8, D("-1.20")]
    assert two.bill.lines[1].at_s == (first + 60 * QUARTER).timestamp()
    assert (two.bill.complete, two.open, two.energy.kwh) == (True, False, D("25.75"))
    with pytest.raises(NotFound, match="'m1' has no tariff from 2024-01-01 to 2024-02-01"):
        await asked.bills(meter, day("2024-01-01"), day("2024-02-01"), NOW)


async def test_a_virtual_meter_has_peaks_too(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/tariffs.md, Demand: twice a meter of 1 kW, and of 8 kW for a quarter of an hour."""
    meter = await make_meter(interval_s=900.0)
    first = datetime(2025, 6, 30, 22, tzinfo=UTC)
    kwh = [{"1.8.0": 2.0 if n == 50 else 0.25} for n in range(96)]
    await measured(database, clock, meter, first, *kwh)
    virtual = await VirtualMeters(database).add("v1", meter.site.id, "2 * m1")
    charges = [
        {"kind": "demand", "name": f"{minutes}", "price": 31, "minutes": minutes}
        for minutes in (15, 30, 60)
    ]
    kept = await Tariffs(database).add(tariff(*charges), None, by=BY)
    await Tariffs(database).assign(virtual, kept.id, day("2025-07-01"), day("2025-07-02"), by=BY)
    (found,) = await Costs(database).bills(virtual, day("2025-07-01"), day("2025-07-02"), NOW)
    # 4 kWh in a quarter; 4.5 in a half; 5.5 in an hour
    assert [each.quantity for each in found.bill.lines] == [16, 9, D("5.5")]
    assert found.bill.complete


async def test_registers_of_the_meter_are_billed(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/tariffs.md, Bands: 1.8.1 and 1.8.2 as the meter counts them, whatever the time."""
    meter = await make_meter(interval_s=900.0)
    first = datetime(2025, 6, 30, 22, tzinfo=UTC)
    kwh = [{"1.8.0": 0.5, "1.8.1": 0.5 if n % 2 else 0.0, "1.8.2": 0.0 if n % 2 else 0.5}
           for n in range(96)]  # fmt: skip
    await measured(database, clock, meter, first, *kwh)
    bands = [{"name": "T1", "register": 1}, {"name": "T2", "register": 2}]
    of = tariff(energy(prices={"T1": "0.30", "T2": "0.20"}), bands=bands)
    kept = await Tariffs(database).add(of, None, by=BY)
    await Tariffs(database).assign(meter, kept.id, day("2025-07-01"), day("2025-07-02"), by=BY)
    (found,) = await Costs(database).bills(meter, day("2025-07-01"), day("2025-07-02"), NOW)
    assert [(each.part, each.quantity, each.net) for each in found.bill.lines] == [
        ("T1", 24, D("7.20")),
        ("T2", 24, D("4.80")),
    ]


async def test_gas_is_billed_by_the_cubic_metre(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/tariffs.md, Quantities: `value` is what a meter of gas counts, in its unit."""
    meter = await make_meter("g1", type="gas", interval_s=3600.0)
    first = datetime(2025, 6, 30, 22, tzinfo=UTC)
    rows = [
        Row(meter.stream, first + n * timedelta(hours=1), clock.now(), {}, value=10.0 + n / 8)
        for n in range(25)
    ]
    await Committer(database, clock).commit(rows)
    kept = await Tariffs(database).add(tariff(energy("1.20", quantity="value")), None, by=BY)
    await Tariffs(database).assign(meter, kept.id, day("2025-07-01"), None, by=BY)
    (row,) = await Costs(database).by(meter, "day", day("2025-07-01"), day("2025-07-02"), NOW)
    (found,) = await Costs(database).bills(meter, day("2025-07-01"), day("2025-07-02"), NOW)
    assert (row.energy, row.kwh) == (D("3.60"), 3)
    assert (found.bill.lines[0].quantity, found.bill.lines[0].unit) == (3, "m3")
    both = await Costs(database).bills(meter, day("2025-07-01"), day("2025-08-02"), NOW)
    assert [(f"{each.bill.first}", each.bill.gross, each.bill.complete) for each in both] == [
        ("2025-07-01", D("3.60"), False),
        ("2025-08-01", D("0.00"), False),
    ]
    plain = await Tariffs(database).add(tariff(energy("1"), name="Plain"), None, by=BY)
    await Tariffs(database).assign(meter, plain.id, day("2025-06-01"), day("2025-07-01"), by=BY)
    with pytest.raises(BadInput, match=r'counts m3, .* quantity = "value" is for it'):
        await Costs(database).bills(meter, day("2025-06-01"), day("2025-06-02"), NOW)


async def test_prices_are_kept_by_quarter(database: Database) -> None:
    """docs/tariffs.md, Prices by the hour: exact, replaced, gone with their tariff."""
    kept = await Tariffs(database).add(tariff(energy("1")), None, by=BY)
    prices = Prices(database)
    some: dict[int, Any] = {0: D("0.123456789012"), 900: D("-1"), 1800: D("0")}
    assert await prices.keep(kept.id, "spot", some, by=BY) == 3
    assert await prices.keep(kept.id, "spot", {**some, 900: D("2"), 2700: D(3)}, by=BY) == 2
    assert await prices.between(kept.id, "spot", 0, 2700) == {**some, 900: D(2)}
    assert [(each.series, each.quarters) for each in await prices.series(kept.id)] == [("spot", 4)]
    with pytest.raises(NotFound, match="there is no tariff 99"):
        await prices.keep(99, "spot", some, by=BY)
    with pytest.raises(BadInput, match="'a b' is not a name"):
        await prices.keep(kept.id, "a b", some, by=BY)
    await Tariffs(database).remove(kept.id, by=BY)
    assert await prices.series(kept.id) == []
