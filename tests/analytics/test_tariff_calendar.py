"""Bill periods, hours and seasons at their edges."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analytics.tariffs import energy, tariff

from ohmstead.analytics.currency import DIGITS, rounded
from ohmstead.analytics.tariff import Bill
from ohmstead.analytics.tariff_calendar import Calendar, hours_in, period_of, periods
from ohmstead.analytics.tariff_time import share, shares


@pytest.mark.parametrize(
    "bill, day, first, last",
    [
        (Bill(), "2026-02-28", "2026-02-01", "2026-03-01"),
        (Bill(), "2025-12-31", "2025-12-01", "2026-01-01"),
        (Bill(day=28), "2026-03-27", "2026-02-28", "2026-03-28"),
        (Bill(day=28), "2026-03-28", "2026-03-28", "2026-04-28"),
        (Bill(months=3), "2026-05-31", "2026-04-01", "2026-07-01"),
        (Bill(months=2, month=12), "2026-01-31", "2025-12-01", "2026-02-01"),
        (Bill(months=12, month=10), "2026-09-30", "2025-10-01", "2026-10-01"),
        (Bill(months=12, month=10, day=15), "2026-10-14", "2025-10-15", "2026-10-15"),
        (Bill(months=6, month=7), "2024-02-29", "2024-01-01", "2024-07-01"),
    ],
)
def test_the_bill_period_of_a_day(bill: Bill, day: str, first: str, last: str) -> None:
    """docs/tariffs.md, Bill period: months from a day of a month, one of them in a given month."""
    found = period_of(bill, date.fromisoformat(day))
    assert [each.isoformat() for each in found] == [first, last]


bills = st.builds(
    Bill,
    months=st.sampled_from([1, 2, 3, 4, 6, 12]),
    day=st.integers(1, 28),
    month=st.integers(1, 12),
)
days = st.dates(date(1995, 1, 1), date(2100, 1, 1))


@settings(max_examples=30, deadline=None)
@given(bills, days, days)
def test_bill_periods_follow_each_other(bill: Bill, one: date, other: date) -> None:
    """docs/tariffs.md, Bill period: every day is in one, and a whole one costs a whole fee."""
    found = list(periods(bill, *sorted((one, other))))
    for (_, last), (first, _) in pairwise(found):
        assert last == first
    period = period_of(bill, one)
    assert period[0] <= one < period[1]
    assert period_of(bill, period[0]) == period
    fee = Decimal("12.34")
    assert share(fee, shares("bill", *period, period)) == fee
    if bill.day == 1:
        assert share(fee, shares("month", *period, period)) == bill.months * fee


def test_hours_may_go_over_midnight() -> None:
    """docs/tariffs.md, Bands: the hours after midnight are those of the new day."""
    assert hours_in("22:00-06:00") == [(1320, 1440), (0, 360)]
    assert hours_in("22:00-24:00") == hours_in("22:00-00:00") == [(1320, 1440)]
    bands = [{"name": "n", "days": ["fri"], "hours": ["22:00-06:00"]}, {"name": "d"}]
    made = tariff(energy(prices={"n": 1, "d": 2}), bands=bands)
    calendar = Calendar(made.versions[0])
    friday, saturday = calendar.bands(date(2025, 7, 4)), calendar.bands(date(2025, 7, 5))
    assert [friday[n] for n in (0, 23, 24, 87, 88, 95)] == ["n", "n", "d", "d", "n", "n"]
    assert set(saturday) == {"d"}


def test_currencies_have_their_own_smallest_parts() -> None:
    """ISO 4217, list one: two digits for most, none for the yen, three for the dinar of Kuwait."""
    assert [DIGITS[code] for code in ("CHF", "EUR", "JPY", "KWD")] == [2, 2, 0, 3]
    assert [rounded(Decimal(text), "CHF") for text in ("0.005", "-0.005", "0.0049")] == [
        Decimal(text) for text in ("0.01", "-0.01", "0.00")
    ]
