"""What the M-Bus encoder says, the decoder reads; EN 13757-3."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.simulate import en13757 as made
from ohmstead.wire.cipher import Keys
from ohmstead.wire.dif import records
from ohmstead.wire.en13757 import over_mbus
from ohmstead.wire.telegram import Telegram, Value

WHOLE = st.sampled_from(sorted(made.WIDTHS)).flatmap(
    lambda width: st.integers(-(2 ** (8 * width - 1)), 2 ** (8 * width - 1) - 1).map(
        lambda value: (value, made.whole(value, width))
    )
)
DECIMAL = st.sampled_from(sorted(made.DIGITS)).flatmap(
    lambda digits: st.integers(1 - 10 ** (digits - 1), 10**digits - 1).map(
        lambda value: (value, made.decimal(value, digits))
    )
)
REAL = st.floats(width=32, allow_nan=False, allow_infinity=False).map(
    lambda value: (value, made.real(value))
)
LETTERS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
TEXT = LETTERS.map(lambda value: (value, made.text(value)))
PLACES = st.fixed_dictionaries(
    {
        "function": st.integers(0, 3),
        "storage": st.integers(0, 2**20),
        "tariff": st.integers(0, 2**10),
        "subunit": st.integers(0, 2**5),
    }
)


@given(st.one_of(WHOLE, DECIMAL, REAL, TEXT), PLACES)
def test_a_record_comes_back_as_it_went(
    said: tuple[float | str, made.Data], places: dict[str, int]
) -> None:
    """Every data type, every storage, tariff, subunit and function; of a single float the number
    that its 32 bits stand for, in as few digits as they need."""
    value, data = said
    ((head, read),) = records(made.record(b"\x03", data, **places))
    assert head is not None
    assert read is not None
    names = ("function", "storage", "tariff", "subunit")
    assert head[1:5] == tuple(places[name] for name in names)
    if isinstance(value, float) and isinstance(read.value, float):
        assert made.real(read.value) == made.real(value)
    else:
        assert read.value == value


@given(st.lists(st.one_of(WHOLE, DECIMAL), min_size=1, max_size=12), st.booleans())
def test_a_telegram_comes_back_as_it_went(said: list[tuple[int, made.Data]], sealed: bool) -> None:
    """Plain and encrypted, as many records as fit."""
    head = made.header("12345678", "EMU", 16, 2, access=200)
    rows = [made.record(b"\x03", data) for _, data in said]
    key = bytes(range(16))
    data = made.sealed(head, rows, key) if sealed else made.answer(head, rows)
    (telegram,) = over_mbus(Keys(key)).feed(data)
    assert isinstance(telegram, Telegram)
    assert [telegram.values[f"record:{n}"].value for n in range(len(said))] == [
        value for value, _ in said
    ]


@pytest.mark.parametrize("seconds", [False, True])
@pytest.mark.parametrize("month", [1, 7])
def test_a_time_comes_back_as_it_went(month: int, seconds: bool) -> None:
    """Types F and I: local time, and whether it is summer time."""
    at = datetime(2031, month, 25, 15, 43, 30 if seconds else 0, tzinfo=ZoneInfo("Europe/Zurich"))
    ((_, value),) = records(made.record(b"\x6d", made.time_point(at, seconds=seconds)))
    assert value is not None
    assert value.at == at.replace(tzinfo=None)
    assert value.at.fold == (month == 1)


def test_a_date_comes_back_as_it_went() -> None:
    """Type G."""
    ((_, value),) = records(made.record(b"\x6c", made.day(datetime(2029, 12, 31))))
    assert value == Value("2029-12-31", "-", datetime(2029, 12, 31))


@pytest.mark.parametrize(
    "what",
    [
        lambda: made.decimal(10**8),
        lambda: made.decimal(-(10**7)),
        lambda: made.text("x" * 192),
        lambda: made.frame(bytes(253)),
        lambda: made.sealed(made.header("1" * 8, "ABB", 2, 2), [bytes(250)], bytes(16)),
    ],
)
def test_what_does_not_fit_is_not_made(what: object) -> None:
    """A frame that nobody could read is worse than none."""
    with pytest.raises(ValueError, match=r"are more than|has more than|do not fit"):
        what()  # type: ignore[operator]
