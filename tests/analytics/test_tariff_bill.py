"""Versions, taxes, shares and rounding of bills, worked out by hand."""

from decimal import Decimal

import pytest
from tests.analytics.tariffs import at, billed, energy, tariff

from ohmstead.analytics.tariff_bill import NO_VERSION

D = Decimal


@pytest.mark.parametrize(
    "change, before, after",
    [("2025-07-01", 0, 31), ("2025-07-16", 15, 16), ("2025-07-31", 30, 1)],
)
def test_another_version_from_midnight_on(change: str, before: int, after: int) -> None:
    """docs/tariffs.md, Versions: 24 kWh a day, at 0.10 before and 0.20 after; also mid-month."""
    charges = [{"kind": "energy", "name": "E", "price": price} for price in ("0.10", "0.20")]
    versions = [
        {"from": "2025-01-01", "to": change, "charges": [charges[0]]},
        {"from": change, "charges": [charges[1]]},
    ]
    of = tariff(versions=versions)
    bill, quarters = billed(of, "2025-07-01", "2025-08-01")
    assert bill.gross == 24 * (before * D("0.10") + after * D("0.20"))
    assert len(bill.lines) == (2 if before else 1)
    turn = at(change)
    by_time = {each.at_s: each.net for each in quarters}
    assert (by_time.get(turn - 900, D("0.025")), by_time[turn]) == (D("0.025"), D("0.05"))


def test_blocks_go_on_and_peaks_begin_anew_with_another_version() -> None:
    """docs/tariffs.md, Versions: 120 kWh in five days, the threshold of 60 kWh counts once."""

    def version(first: str, price: str, **more: str) -> dict[str, object]:
        blocks = [{"to": 60, "price": "0"}, {"price": price}]
        charges = [
            {"kind": "block", "name": "B", "blocks": blocks},
            {"kind": "demand", "name": "P", "price": "31"},
        ]
        return {"from": first, "charges": charges, **more}

    versions = [version("2025-01-01", "1", to="2025-07-03"), version("2025-07-03", "2")]
    windows = {at("2025-07-01"): D(4), at("2025-07-05"): D(2)}
    bill, _ = billed(tariff(versions=versions), "2025-07-01", "2025-07-06", demand={15: windows})
    # 48 kWh free, then 12 free and 60 at 2; 31 a kW and month: 4 x 2 days, 2 x 3 days
    assert [each.net for each in bill.lines] == [0, 8, 0, 120, 6]


def test_days_without_a_version_are_listed() -> None:
    """docs/tariffs.md, Versions: from 2025-01-01 on; the day before costs nobody knows what."""
    bill, quarters = billed(tariff(energy("1")), "2024-12-31", "2025-01-01")
    assert (bill.lines, quarters[0].why, bill.missing[0].why) == ((), NO_VERSION, NO_VERSION)
    assert not bill.complete


def test_tax_changes_at_midnight_too() -> None:
    """docs/tariffs.md, Tax: Swiss rates of 2023 and 2024; lines and taxes of their own for each."""
    rates = [
        {"percent": "7.7", "to": "2024-01-01"},
        {"percent": "8.1", "from": "2024-01-01"},
    ]
    fee = {"kind": "fixed", "name": "Fee", "amount": "1", "per": "day"}
    of = tariff(
        versions=[{"from": "2020-01-01", "charges": [energy("1"), fee]}],
        vat=rates,
        bill={"months": 12, "month": 7},
    )
    bill, quarters = billed(of, "2023-12-31", "2024-01-02")
    # 25.00 a day: 1.925 -> 1.93, 2.025 -> 2.03
    assert [(tax.percent, tax.net, tax.vat) for tax in bill.taxes] == [
        (D("7.7"), D("25.00"), D("1.93")),
        (D("8.1"), D("25.00"), D("2.03")),
    ]
    assert (bill.net, bill.vat, bill.gross) == (50, D("3.96"), D("53.96"))
    assert sum(each.vat or 0 for each in quarters) == 24 * D("0.077") + 24 * D("0.081")


def test_shares_of_other_charges() -> None:
    """docs/tariffs.md, Percent: 10 % of energy, 1 % of all; tax of 8 % where it is due."""
    of = tariff(
        energy("0.50"),
        {"kind": "fixed", "name": "Fee", "amount": "3", "per": "day", "vat": False},
        {"kind": "percent", "name": "Town", "percent": 10, "of": ["Energy"]},
        {"kind": "percent", "name": "Fund", "percent": 1},
        vat=8,
    )
    bill, quarters = billed(of, "2025-07-01", "2025-07-02")
    # 12.00, 3.00; 10 % of 12 = 1.20; 1 % of 15 = 0.15; tax on 12 + 1.20 + 0.15
    assert [each.net for each in bill.lines] == [12, 3, D("1.20"), D("0.15")]
    assert (bill.vat, bill.gross) == (D("1.07"), D("17.42"))
    net = sum((each.net or 0) + each.standing for each in quarters)
    assert net == pytest.approx(D("16.35"), abs=D("1e-20"))
    vat = sum((each.vat or 0) + each.standing_vat for each in quarters)
    assert vat == pytest.approx(D("13.35") * D("0.08"), abs=D("1e-20"))


def test_lines_are_rounded_once_and_add_up() -> None:
    """docs/tariffs.md, Rounding: 1/3 thrice is 0.33 thrice is 0.99; to five centimes 1.00."""
    thirds = [{"kind": "fixed", "name": f"F{n}", "amount": "0.333", "per": "day"} for n in range(3)]
    bill, _ = billed(tariff(*thirds), "2025-07-01", "2025-07-02")
    assert (bill.net, bill.gross, bill.rounding) == (D("0.99"), D("0.99"), 0)
    bill, _ = billed(tariff(*thirds, round_to="0.05"), "2025-07-01", "2025-07-02")
    assert (bill.net, bill.rounding, bill.gross) == (D("0.99"), D("0.01"), D("1.00"))
    yen, _ = billed(tariff(*thirds, currency="JPY"), "2025-07-01", "2025-07-02")
    assert [each.net for each in yen.lines] == [0, 0, 0]
    half = {"kind": "fixed", "name": "F", "amount": "0.125", "per": "day"}
    assert billed(tariff(half), "2025-07-01", "2025-07-02")[0].gross == D("0.13")
