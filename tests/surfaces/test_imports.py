"""What the readers of files share: numbers, units, and the hour that clocks show twice."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.surfaces.imports import Target, WallClock, number

ZURICH = ZoneInfo("Europe/Zurich")


@pytest.mark.parametrize(
    "text, decimal, value",
    [
        ("1'234.5", ".", 1234.5),
        ("1.234.567,8", ",", 1234567.8),
        ("1,234", ".", 1234.0),
        (" -0,25 ", ",", -0.25),
        ("1e-3", ".", 0.001),
        ("12 345.6", ".", 12345.6),
        (".5", ".", 0.5),
    ],
)
def test_numbers_as_people_write_them(text: str, decimal: str, value: float) -> None:
    """docs/imports.md, "Any CSV": the decimal sign, and what stands between thousands."""
    assert number(text, decimal) == value


@pytest.mark.parametrize("text", ["", "x", "1,5", "1.2.3", "1 kWh", "nan", "inf", "1e22", "٣x"])
def test_what_is_no_number_is_said(text: str) -> None:
    """docs/imports.md: what is refused is said."""
    with pytest.raises(ValueError, match=r"is not a number|too large"):
        number(text)


def test_units_become_the_catalogues() -> None:
    """docs/imports.md, "Any CSV": without noise of binary fractions; others are refused."""
    assert Target("1.8.0", "Wh").kept(75180.0) == 75.18
    assert Target("1.7.0", "MW").kept(0.5) == 500.0
    assert Target("value", "l", "m3").kept(1234.0) == 1.234
    assert Target("value", "kWh", "MWh").kept(1500.0) == 1.5
    for key, unit, into in (("1.8.0", "kW", None), ("1.9.9", None, None), ("value", "kWh", "m3")):
        with pytest.raises(BadInput):
            Target(key, unit, into)


@pytest.mark.parametrize("minutes", [15, 30, 60])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_hour_that_clocks_show_twice(minutes: int, backwards: bool) -> None:
    """docs/imports.md, "Any CSV": the order decides, ascending or descending."""
    first = datetime(2025, 10, 25, 20, tzinfo=UTC)
    moments = [first + n * timedelta(minutes=minutes) for n in range(12 * 60 // minutes)]
    moments = moments[::-1] if backwards else moments
    clock = WallClock(ZURICH)
    walls = [each.astimezone(ZURICH).replace(tzinfo=None) for each in moments]
    assert [clock.moment(wall) for wall in walls] == moments


def test_a_time_that_clocks_skip_is_refused() -> None:
    """docs/imports.md, "Any CSV": 02:30 is not shown on the last Sunday of March."""
    clock = WallClock(ZURICH)
    with pytest.raises(ValueError, match="never shown"):
        clock.moment(datetime(2025, 3, 30, 2, 30))
    aware = datetime(2025, 3, 30, 2, 30, tzinfo=UTC)
    assert clock.moment(aware) == aware


def test_a_time_at_the_edge_of_the_calendar_is_refused() -> None:
    """docs/imports.md: a clock that was never set ends no import; UTC has no such moment."""
    clock = WallClock(ZURICH)
    with pytest.raises(ValueError, match="0001-01-01 00:00:00 is not a time of this world"):
        clock.moment(datetime(1, 1, 1))


@given(st.text(max_size=20), st.sampled_from(".,"))
def test_any_text_is_a_number_or_refused(text: str, decimal: str) -> None:
    """docs/imports.md: noise never ends an import."""
    with suppress(ValueError):
        assert isinstance(number(text, decimal), float)
