"""Costs worked out by hand: each rule of docs/tariffs.md, with its arithmetic spelled out."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analytics.tariffs import DAY_NIGHT, amounts, at, billed, energy, line, tariff

from ohmstead.analytics.tariff_bill import NO_ENERGY, NO_PRICE

D = Decimal


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
