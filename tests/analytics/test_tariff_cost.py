"""Costs worked out by hand: each rule of docs/tariffs.md, with its arithmetic spelled out."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analytics.tariffs import amounts, at, billed, energy, line, tariff

from ohmstead.analytics.tariff_bill import NO_ENERGY, NO_PRICE, NO_VERSION

D = Decimal
DAY_NIGHT = [
    {"name": "high", "days": ["mon-fri"], "hours": ["07:00-19:00"]},
    {"name": "low"},
]


def test_one_price() -> None:
    """docs/tariffs.md, Energy: a day of 96 quarters of 0.25 kWh is 24 kWh; 24 x 0.20 = 4.80."""
    bill, quarters = billed(tariff(energy("0.20")), "2025-07-01", "2025-07-02")
    assert amounts(bill) == [("Energy", None, D("24.00"), D("4.80"))]
    assert (bill.net, bill.vat, bill.gross, bill.complete) == (D("4.80"), 0, D("4.80"), True)
    assert [each.net for each in quarters] == [D("0.0500")] * 96  # 0.25 x 0.20


def test_bands_by_weekday_and_hour() -> None:
    """docs/tariffs.md, Bands: a week from Monday has 5 x 12 h high = 60 kWh, and 168 - 60 low."""
    of = tariff(energy(prices={"high": "0.30", "low": "0.20"}), bands=DAY_NIGHT)
    bill, _ = billed(of, "2025-07-07", "2025-07-14")
    assert amounts(bill) == [
        ("Energy", "high", D(60), D("18.00")),
        ("Energy", "low", D(108), D("21.60")),
    ]
    assert bill.gross == D("39.60")


@pytest.mark.parametrize(
    "day, high",
    [
        ("2025-04-18", 0),  # Good Friday
        ("2025-04-17", 12),
        ("2025-05-01", 0),  # Labour Day: a holiday in Zurich
        ("2025-12-24", 0),  # one of the tariff's own, each year
        ("2025-12-31", 12),
        ("2025-08-01", 12),  # a holiday that the tariff does without
    ],
)
def test_holidays_are_no_weekdays(day: str, high: int) -> None:
    """docs/tariffs.md, Holidays: of a canton, some more, some less; then mon-fri does not hold."""
    where = {
        "country": "CH",
        "subdivision": "ZH",
        "extra": ["12-24"],
        "without": ["2025-08-01"],
    }
    of = tariff(energy(prices={"high": "1", "low": "0"}), bands=DAY_NIGHT, holidays=where)
    after = f"{day[:8]}{int(day[8:]) + 1:02}" if day != "2025-12-31" else "2026-01-01"
    bill, _ = billed(of, day, after)
    assert bill.gross == high


def test_a_canton_has_holidays_of_its_own() -> None:
    """docs/tariffs.md, Holidays: Corpus Christi is one in Luzern, and none in Zurich."""
    found = {}
    for canton in ("LU", "ZH"):
        where = {"country": "CH", "subdivision": canton}
        of = tariff(energy(prices={"high": "1", "low": "0"}), bands=DAY_NIGHT, holidays=where)
        found[canton] = billed(of, "2025-06-19", "2025-06-20")[0].gross
    assert found == {"LU": 0, "ZH": 12}


def test_seasons_over_new_year() -> None:
    """docs/tariffs.md, Seasons: winter from 10-01 to 04-01; 31 March is in it, 1 April is not."""
    of = tariff(
        energy(prices={"winter": "0.30", "summer": "0.20"}),
        seasons=[{"name": "w", "from": "10-01", "to": "04-01"}],
        bands=[{"name": "winter", "seasons": ["w"]}, {"name": "summer"}],
    )
    bill, _ = billed(of, "2025-03-31", "2025-04-02", "0.25")
    assert amounts(bill) == [
        ("Energy", "winter", D(24), D("7.20")),
        ("Energy", "summer", D(24), D("4.80")),
    ]
    assert billed(of, "2025-12-31", "2026-01-01")[0].gross == D("7.20")


@pytest.mark.parametrize(
    "zone, day, after, night, kwh",
    [
        # 00:00 to 06:00 has five hours when clocks go forward in it, seven when they go back
        ("Europe/Zurich", "2025-03-30", "2025-03-31", 5, 23),
        ("Europe/Zurich", "2025-10-26", "2025-10-27", 7, 25),
        ("Europe/Lisbon", "2025-03-30", "2025-03-31", 5, 23),
        ("Australia/Lord_Howe", "2025-04-06", "2025-04-07", D("6.5"), D("24.5")),
        ("Australia/Lord_Howe", "2025-10-05", "2025-10-06", D("5.5"), D("23.5")),
        ("Asia/Kathmandu", "2025-03-30", "2025-03-31", 6, 24),
        ("Europe/Zurich", "2028-02-29", "2028-03-01", 6, 24),
    ],
)
def test_bands_are_of_the_clock_on_the_wall(
    zone: str, day: str, after: str, night: D, kwh: D
) -> None:
    """docs/tariffs.md, Bands: days of 23, 24.5 or 25 hours; 1 kWh an hour, 1 each at night."""
    of = tariff(
        energy(prices={"night": "1", "day": "0"}),
        bands=[{"name": "night", "hours": ["00:00-06:00"]}, {"name": "day"}],
    )
    bill, _ = billed(of, day, after, zone=zone)
    assert (bill.gross, sum(each.quantity or 0 for each in bill.lines)) == (night, kwh)


def test_blocks_are_crossed_within_an_interval() -> None:
    """docs/tariffs.md, Blocks: 10 kWh a quarter; 100 at 0.10, 20 at 0.20, the rest at 0.30."""
    of = tariff(
        {
            "kind": "block",
            "name": "B",
            "blocks": [
                {"to": 105, "price": "0.10"},
                {"to": 112, "price": "0.20"},
                {"price": "0.30"},
            ],
        }
    )
    bill, quarters = billed(of, "2025-07-01", "2025-07-02", "10")
    # 96 x 10 = 960 kWh: 105 x 0.10 = 10.50; 7 x 0.20 = 1.40; 848 x 0.30 = 254.40
    assert amounts(bill) == [
        ("B", "0 to 105", D(105), D("10.50")),
        ("B", "105 to 112", D(7), D("1.40")),
        ("B", "above 112", D(848), D("254.40")),
    ]
    # the eleventh quarter ends at 110: 5 x 0.10 + 5 x 0.20; the twelfth at 120: 2 x 0.20 + 8 x 0.30
    assert [each.net for each in quarters[9:13]] == [D("1.00"), D("1.50"), D("2.80"), D("3.00")]


def test_blocks_of_a_band_and_in_proportion() -> None:
    """docs/tariffs.md, Blocks: only high counts; half of June makes half of the threshold."""
    block = {
        "kind": "block",
        "name": "B",
        "bands": ["high"],
        "blocks": [{"to": 60, "price": "0.10"}, {"price": "1"}],
    }
    # 1 to 15 June 2025: ten weekdays (2-6, 9-13) of 12 kWh high = 120: 60 x 0.10 + 60 x 1
    assert billed(tariff(block, bands=DAY_NIGHT), "2025-06-01", "2025-06-16")[0].gross == D("66.00")
    # half of the month: 30 x 0.10 + 90 x 1
    half = tariff({**block, "prorated": True}, bands=DAY_NIGHT)
    assert billed(half, "2025-06-01", "2025-06-16")[0].gross == D("93.00")


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


def test_what_is_exported_earns() -> None:
    """docs/tariffs.md, Feed-in: 24 kWh in at 0.30, 48 out at 0.10 in the band and 0.05 else."""
    of = tariff(
        energy("0.30"),
        energy(name="Sun", quantity="export", prices={"high": "0.10", "low": "0.05"}, vat=False),
        bands=DAY_NIGHT,
        vat="10",
    )
    bill, quarters = billed(of, "2025-07-07", "2025-07-08", {"1.8.0": "0.25", "2.8.0": "0.5"})
    # high 24 x 0.10 = 2.40, low 24 x 0.05 = 1.20; tax on 7.20 only
    assert amounts(bill) == [
        ("Energy", None, D(24), D("7.20")),
        ("Sun", "high", D(24), D("-2.40")),
        ("Sun", "low", D(24), D("-1.20")),
    ]
    assert (bill.net, bill.vat, bill.gross) == (D("3.60"), D("0.72"), D("4.32"))
    assert quarters[0].net == D("0.25") * D("0.30") - D("0.5") * D("0.05")
    assert quarters[0].vat == D("0.0075")


def test_a_meter_that_says_no_export_owes_nothing_for_it() -> None:
    """docs/tariffs.md, What is not known: such a line is empty, and the bill is complete."""
    of = tariff(energy("0.30"), energy("0.10", name="Sun", quantity="export"))
    bill, quarters = billed(of, "2025-07-07", "2025-07-08", {"1.8.0": "1", "2.8.0": lambda _: None})
    assert (bill.gross, bill.complete) == (D("28.80"), True)
    assert (line(bill, "Sun").net, line(bill, "Sun").absent) == (None, True)
    assert quarters[0].net == D("0.30")


def test_prices_by_the_hour() -> None:
    """docs/tariffs.md, Dynamic: (price / 1000 x 1.1 + 0.02) a kWh; prices may be negative."""
    day = at("2025-07-07")
    prices = {day + n * 900: D(100) if n < 48 else D(-50) for n in range(96)}
    of = tariff(
        {"kind": "dynamic", "name": "Spot", "per": "MWh", "factor": "1.1", "plus": "0.02"},
    )
    bill, quarters = billed(of, "2025-07-07", "2025-07-08", "0.5", prices=prices)
    # 24 kWh x 0.13 = 3.12; 24 kWh x (-0.055 + 0.02) = -0.84
    assert bill.gross == D("2.28")
    assert line(bill, "Spot").price == D("2.28") / 48
    assert (quarters[0].net, quarters[48].net) == (D("0.065"), D("-0.0175"))


def test_a_price_that_is_missing_is_not_zero() -> None:
    """docs/tariffs.md, What is not known: that hour costs nobody knows what, and is listed."""
    day = at("2025-07-07")
    prices = {day + n * 900: D("0.10") for n in range(96) if n // 4 != 10}
    bill, quarters = billed(
        tariff({"kind": "dynamic", "name": "Spot"}), "2025-07-07", "2025-07-08", "1", prices=prices
    )
    assert [n for n, each in enumerate(quarters) if each.net is None] == [40, 41, 42, 43]
    (missing,) = bill.missing
    assert (missing.first_s, missing.last_s, missing.why) == (
        day + 36_000,
        day + 39_600,
        NO_PRICE,
    )
    spot = line(bill, "Spot")
    assert (spot.quantity, spot.unpriced, spot.net) == (96, 4, D("9.20"))
    assert not bill.complete


def test_energy_that_is_missing_is_not_zero() -> None:
    """docs/tariffs.md, What is not known: neither the interval nor the bill takes it for 0."""
    day = at("2025-07-07")
    bill, quarters = billed(
        tariff(energy("0.10")),
        "2025-07-07",
        "2025-07-08",
        lambda at_s: None if at_s < day + 7200 else D(1),
    )
    assert (quarters[7].net, quarters[7].why, quarters[8].net) == (None, NO_ENERGY, D("0.10"))
    assert [(each.first_s, each.last_s) for each in bill.missing] == [(day, day + 7200)]
    assert (bill.gross, bill.complete) == (D("8.80"), False)
    none, _ = billed(tariff(energy("0.10")), "2025-07-07", "2025-07-08", lambda _: None)
    assert (line(none, "Energy").quantity, line(none, "Energy").net) == (None, None)


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


def test_the_meters_own_registers() -> None:
    """docs/tariffs.md, Registers: T1 at 0.30 and T2 at 0.20, whatever the time; exports alike."""
    of = tariff(
        energy(prices={"T1": "0.30", "T2": "0.20"}),
        energy(name="Sun", quantity="export", prices={"T1": "0.1", "T2": "0.1"}),
        energy("0.01", name="Levy"),
        bands=[{"name": "T1", "register": 1}, {"name": "T2", "register": 2}],
    )
    said = {"1.8.0": "0.5", "1.8.1": "0.4", "1.8.2": "0.1", "2.8.1": "0.2", "2.8.2": "0"}
    bill, _ = billed(of, "2025-07-01", "2025-07-02", said)
    assert amounts(bill) == [
        ("Energy", "T1", D("38.4"), D("11.52")),
        ("Energy", "T2", D("9.6"), D("1.92")),
        ("Sun", "T1", D("19.2"), D("-1.92")),
        ("Sun", "T2", D(0), D(0)),
        ("Levy", None, D(48), D("0.48")),
    ]


def test_what_is_no_electricity() -> None:
    """docs/tariffs.md, Quantities: gas is charged by the cubic metre that its meter counts."""
    of = tariff(energy("1.20", quantity="value"))
    bill, _ = billed(of, "2025-07-01", "2025-07-02", {"value": "0.125"}, unit="m3")
    assert (line(bill, "Energy").quantity, line(bill, "Energy").unit) == (12, "m3")
    assert bill.gross == D("14.40")


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


decimals = st.decimals(min_value=-2, max_value=2, places=4, allow_nan=False)
energies = st.decimals(min_value=0, max_value=20, places=9, allow_nan=False)


@settings(max_examples=25, deadline=None)
@given(
    day=st.sampled_from(["2025-03-30", "2025-10-26", "2025-07-01", "2025-12-25"]),
    kwh=st.lists(energies, min_size=1, max_size=7),
    prices=st.lists(decimals, min_size=3, max_size=3),
    threshold=st.decimals(min_value="0.001", max_value=500, places=3),
)
def test_intervals_add_up_to_the_bill(
    day: str, kwh: list[D], prices: list[D], threshold: D
) -> None:
    """docs/tariffs.md, Rounding: the exact amounts of lines are the sum of their intervals."""
    high, low, spot = prices
    of = tariff(
        energy(prices={"high": f"{high}", "low": f"{low}"}),
        {
            "kind": "block",
            "name": "B",
            "blocks": [{"to": f"{threshold}", "price": f"{low}"}, {"price": f"{high}"}],
        },
        energy("0.07", name="Sun", quantity="export"),
        {"kind": "dynamic", "name": "Spot"},
        bands=DAY_NIGHT,
        holidays={"country": "CH"},
    )
    after = f"{day[:8]}{int(day[8:]) + 1:02}"

    def history(at_s: int) -> D:
        return kwh[at_s // 900 % len(kwh)]

    bill, quarters = billed(
        of,
        day,
        after,
        {"1.8.0": history, "2.8.0": history},
        prices=dict.fromkeys(range(at(day), at(after), 900), spot),
    )
    exact = [each.exact for each in bill.lines if each.exact is not None]
    assert sum(each.net or 0 for each in quarters) == sum(exact)
    assert bill.net == sum(each.net or 0 for each in bill.lines)
    assert bill.gross == bill.net + bill.vat + bill.rounding
    used = sum(history(each.at_s) for each in quarters)
    for name in ("Energy", "B", "Sun", "Spot"):
        assert sum(each.quantity or 0 for each in bill.lines if each.name == name) == used
