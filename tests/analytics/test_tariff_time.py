"""Fees by days and peaks of power, worked out by hand."""

from decimal import Decimal

import pytest
from tests.analytics.tariffs import DAY_NIGHT, at, billed, line, tariff

D = Decimal


def test_fixed_fees_by_days() -> None:
    """docs/tariffs.md, Fixed: 17 of 31 days of March, 17 of 365, 17 of 90 (Q1), 17 days."""
    fees = [
        {"kind": "fixed", "name": per, "amount": amount, "per": per}
        for per, amount in (("month", "31"), ("year", "365"), ("bill", "90"), ("day", "0.5"))
    ]
    bill, quarters = billed(tariff(*fees, bill={"months": 3}), "2025-03-15", "2025-04-01")
    assert [each.net for each in bill.lines] == [D(17), D(17), D(17), D("8.5")]
    assert line(bill, "bill").quantity == D(17) / 90
    # each of 17 days costs 3.50; that of 23 hours is spread over 92 quarters
    assert sum(each.standing for each in quarters) == pytest.approx(D("59.5"), abs=D("1e-20"))
    march = [each for each in quarters if at("2025-03-30") <= each.at_s < at("2025-03-31")]
    assert (len(march), march[0].standing) == (92, D("3.5") / 92)
    whole, _ = billed(tariff(fees[0]), "2025-02-01", "2025-03-01")
    assert whole.gross == D("31.00")


def test_demand_is_of_the_highest_window() -> None:
    """docs/tariffs.md, Demand: 8 kW at 10:00 counts in the band, 9 kW at 22:00 does not."""
    day = at("2025-07-07")
    windows = {day + 40 * 900: D(8), day + 41 * 900: D(8), day + 88 * 900: D(9)}
    charge = {"kind": "demand", "name": "Power", "price": "5", "bands": ["high"]}
    of = tariff(charge, {**charge, "name": "Any", "bands": []}, bands=DAY_NIGHT)
    bill, _ = billed(of, "2025-07-01", "2025-08-01", demand={15: windows})
    assert [(each.quantity, each.net) for each in bill.lines] == [(8, D(40)), (9, D(45))]
    assert (line(bill, "Power").at_s, line(bill, "Any").at_s) == (
        day + 40 * 900,
        day + 88 * 900,
    )
    # a contract of 10 of 31 days: 9 x 5 x 10 / 31 = 14.516...
    part, _ = billed(of, "2025-07-01", "2025-07-11", demand={15: windows})
    assert line(part, "Any").net == D("14.52")


def test_a_window_of_an_hour_lies_wholly_in_the_band() -> None:
    """docs/tariffs.md, Demand: 18:00 to 19:00 does, 18:30 to 19:30 would not."""
    day = at("2025-07-07")
    # by the start of the last quarter: 18:45 is the window from 18:00, 19:15 that from 18:30
    windows = {day + 75 * 900: D(3), day + 77 * 900: D(7), day + 3 * 900: D(20)}
    charge = {"kind": "demand", "name": "P", "price": "1", "minutes": 60, "bands": ["high"]}
    bill, _ = billed(
        tariff(charge, bands=DAY_NIGHT), "2025-07-07", "2025-07-08", demand={60: windows}
    )
    assert (line(bill, "P").quantity, line(bill, "P").at_s) == (3, day + 72 * 900)


def test_a_band_that_never_holds_has_no_peak_to_pay() -> None:
    """docs/tariffs.md, Demand: a band of winter is 0 kW in July; one that held is not known."""
    bands = [{"name": "high", "seasons": ["winter"]}, {"name": "low"}]
    charges = [
        {"kind": "demand", "name": name, "price": "5", "bands": [name]} for name in ("high", "low")
    ]
    seasons = [{"name": "winter", "from": "10-01", "to": "04-01"}]
    of = tariff(*charges, bands=bands, seasons=seasons)
    bill, _ = billed(of, "2025-07-01", "2025-08-01", demand={15: {at("2025-07-07"): D(8)}})
    assert [(each.name, each.quantity, each.net) for each in bill.lines] == [
        ("high", 0, D(0)),
        ("low", 8, D(40)),
    ]
    assert line(bill, "high").at_s is None
    assert line(bill, "high").note == "high holds at no time of these days"
    assert not bill.missing
    unknown, _ = billed(of, "2025-07-01", "2025-08-01", demand={15: {}})
    assert [each.quantity for each in unknown.lines] == [0, None]
    assert [each.why for each in unknown.missing] == ["no demand"]


@pytest.mark.parametrize(
    "hours, minutes, kw",
    [
        ("12:00-12:30", 60, 0),
        ("12:30-13:30", 60, 0),  # an hour, and none of the clock's
        ("12:00-13:00", 60, None),
        ("12:15-12:45", 30, 0),
        ("12:00-12:30", 30, None),
        ("12:00-12:15", 15, None),
    ],
)
def test_a_band_shorter_than_a_window_has_no_peak_to_pay(
    hours: str, minutes: int, kw: int | None
) -> None:
    """docs/tariffs.md, Demand: only windows count that lie in the band wholly; the line says it."""
    charge = {"kind": "demand", "name": "P", "price": "5", "minutes": minutes, "bands": ["noon"]}
    of = tariff(charge, bands=[{"name": "noon", "hours": [hours]}, {"name": "rest"}])
    bill, _ = billed(of, "2025-03-29", "2025-04-01", demand={minutes: {}})
    found = line(bill, "P")
    assert (found.quantity, bool(bill.missing)) == (kw, kw is None)
    assert kw is None or f"no {minutes} minutes of the tariff clock" in (found.note or "")


def test_a_ratchet_and_a_least() -> None:
    """docs/tariffs.md, Demand: 80 % of June's 10 kW is 8, more than July's own 6; 7 at least."""
    windows = {at("2025-06-10"): D(10), at("2025-07-10"): D(6), at("2025-02-10"): D(99)}
    charge = {"kind": "demand", "name": "P", "price": "2"}
    ratchet = {"ratchet": {"months": 3, "percent": 80}}
    asked = ("2025-07-01", "2025-08-01")
    found = [
        line(billed(tariff({**charge, **more}), *asked, demand={15: windows}, since=since)[0], "P")
        for more, since in (
            ({}, "2025-01-01"),
            (ratchet, "2025-01-01"),
            (ratchet, "2025-07-01"),  # what was before the contract is not its
            ({"least_kw": 7}, "2025-01-01"),
        )
    ]
    assert [each.quantity for each in found] == [6, 8, 6, 7]
    assert [each.net for each in found] == [12, 16, 12, 14]
