"""Lists of prices as people have them: separators, headers, time zones, holes."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.analytics.price_list import Price, of_csv, quarters
from ohmstead.errors import BadInput

ZURICH = ZoneInfo("Europe/Zurich")


def at(written: str) -> int:
    """A moment (epoch s)."""
    return int(datetime.fromisoformat(written).timestamp())


@pytest.mark.parametrize(
    "text",
    [
        "start,price\n2026-01-01T00:00:00+01:00,0.0912\n2026-01-01T01:00:00+01:00,-0.004\n",
        "2025-12-31T23:00:00Z,0.0912\r\n2026-01-01T00:00:00Z,-0.004\r\n",
        "\ufeffTimestamp;Price (CHF/kWh)\n2026-01-01 00:00+01:00;0,0912\n\n"
        "2026-01-01 01:00+01:00;-,004",
        "time\tend\tvalue\n2026-01-01T00:00+01:00\t2026-01-01T01:00+01:00\t0.0912\n"
        "2026-01-01T01:00+01:00\t\t-0.004\n",
        "price,start\n0.0912,2026-01-01T00:00\n-4e-3,2026-01-01T01:00\n",
    ],
)
def test_the_same_prices_in_many_forms(text: str) -> None:
    """docs/tariffs.md, Prices by the hour: comma, semicolon or tab, with or without names."""
    found = quarters(of_csv(text, ZURICH))
    first = at("2025-12-31T23:00:00+00:00")
    assert list(found) == [first + n * 900 for n in range(8)]
    assert list(found.values()) == [Decimal("0.0912")] * 4 + [Decimal("-0.004")] * 4


def test_the_hour_that_comes_twice() -> None:
    """docs/tariffs.md, Prices by the hour: of two that are the same, the second is later."""
    hours = ["00:00", "01:00", "02:00", "02:00", "03:00"]
    text = "\n".join(f"2025-10-26 {hour},{n}" for n, hour in enumerate(hours))
    found = quarters(of_csv(text, ZURICH))
    assert [found[at("2025-10-25T22:00:00+00:00") + n * 3600] for n in range(5)] == [*range(5)]
    assert len(found) == 20
    ends = ["01:00", "02:00", "03:00", "03:00", "04:00"]
    pairs = zip(hours, ends, strict=True)
    text = "start,end,price\n" + "\n".join(
        f"2025-10-26 {a},2025-10-26 {b},{n}" for n, (a, b) in enumerate(pairs)
    )
    assert quarters(of_csv(text, ZURICH)) == found


def test_the_hour_that_is_skipped() -> None:
    """docs/tariffs.md, Prices by the hour: 02:00 is on no clock that day, 01:00 ends at 03:00."""
    with pytest.raises(BadInput, match="line 1: '2025-03-30 02:00' is not on the clocks"):
        of_csv("2025-03-30 02:00,1", ZURICH)
    (price,) = of_csv("start,end,price\n2025-03-30 01:00,2025-03-30 03:00,1", ZURICH)
    assert price.end_s == price.start_s + 3600


def test_how_long_a_price_holds() -> None:
    """docs/tariffs.md, Prices by the hour: the shortest step; a hole stays a hole."""
    hourly = [Price(n * 3600, None, Decimal(n)) for n in (0, 1, 3)]
    assert sorted(quarters(hourly)) == [n * 900 for n in (*range(8), *range(12, 16))]
    assert len(quarters(hourly[:1])) == 4
    assert len(quarters(hourly[:1], 900)) == 1
    mixed = [*hourly, *(Price(20_000_700 + n * 900, None, Decimal(n)) for n in range(4))]
    with pytest.raises(BadInput, match="how long each holds cannot be told"):
        quarters(mixed)
    with pytest.raises(BadInput, match="1970-01-01T00:15:00Z has two prices, 0 and 7"):
        quarters([hourly[0], Price(900, 1800, Decimal(7))])


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "the list of prices is empty"),
        ("a,b\n1,2", "names no column 'start'"),
        ("start,b\n1,2", "names no column 'price'; it has 'start, b'"),
        ("start,price\nyesterday,2", "line 2: 'yesterday' is not a time"),
        ("start,price\n2026-01-01T00:00Z", "line 2: '2026-01-01T00:00Z' has not all of its cells"),
        ("2026-01-01T00:00Z,cheap", "line 1: 'cheap' is not a price"),
        ("2026-01-01T00:00Z,", "line 1: '' is not a price"),
        ("2026-01-01T00:00Z,inf", "Infinity is not a price"),
        ("2026-01-01T00:00Z,0.0000000000001", "more than 12 digits"),
        ("2026-01-01T00:00,1", "does not say how far it is from UTC"),
        ("2026-01-01T00:05Z,1", "not the start of a quarter of an hour"),
        ("1926-01-01T00:00Z,1", "not between the years"),
    ],
)
def test_what_is_no_price_is_named(text: str, complaint: str) -> None:
    """docs/tariffs.md, Prices by the hour: an error names the line and what it has."""
    with pytest.raises(BadInput, match=complaint):
        of_csv(text)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet='0123456789-T:Z+,;\t\n". aprice', max_size=80) | st.text(max_size=40))
def test_whatever_is_given_is_prices_or_refused(text: str) -> None:
    """docs/tariffs.md, Prices by the hour: nothing but BadInput comes of noise."""
    try:
        quarters(of_csv(text, ZoneInfo("UTC")))
    except BadInput:
        return


def test_a_year_of_quarters() -> None:
    """docs/tariffs.md, Prices by the hour: 35,040 prices are one list."""
    first = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
    text = "\n".join(
        f"{datetime.fromtimestamp(first + n * 900, UTC).isoformat()},{n}" for n in range(35_040)
    )
    assert len(quarters(of_csv(text))) == 35_040
