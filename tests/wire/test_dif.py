"""Records of the variable data structure: lengths, storages, data types; EN 13757-3."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.dif import Function, records
from ohmstead.wire.telegram import Value


def read(written: str) -> list[Value | None]:
    return [value for _, value in records(bytes.fromhex(written))]


@pytest.mark.parametrize(
    "written,value",
    [
        ("01 03 fe", Value(-2, "Wh", None, -2, 0)),
        ("02 2a d204", Value(123.4, "W", None, 1234, -1)),
        ("03 13 ffffff", Value(-0.001, "m^3", None, -1, -3)),
        ("04 06 d2040000", Value(1_234_000, "Wh", None, 1234, 3)),
        ("05 2b 00006643", Value(230.0, "W")),
        ("06 03 010000000000", Value(1, "Wh", None, 1, 0)),
        ("07 03 ffffffffffffffff", Value(-1, "Wh", None, -1, 0)),
        ("09 5b 21", Value(21, "°C", None, 21, 0)),
        ("0a fd48 0523", Value(230.5, "V", None, 2305, -1)),
        ("0b fd59 0210f0", Value(-1.002, "A", None, -1002, -3)),
        ("0c 78 78563412", Value(12345678, None, None, 12345678, 0)),
        ("0e 03 ee0000000000", Value("0000000000EE")),
        ("0d fd0c 03 433242", Value("B2C")),
        ("0d fd0c 03 203220", Value("2")),
        ("0d 03 c2 3412", Value(1234, "Wh", None, 1234, 0)),
        ("0d 03 d2 3412", Value(-1234, "Wh", None, -1234, 0)),
        ("0d 03 e3 010000", Value(1, "Wh", None, 1, 0)),
        ("0d fd0c 02 0001", Value("00 01")),
        ("04 20 3c000000", Value(60, "s", None, 60, 0)),
        ("02 21 0200", Value(120, "s", None, 2)),
        ("02 ab7a 0100", Value(1.1, "W", None, 1, 0)),
        ("02 7c 03 6b5770 0500", Value(5, "-", None, 5, 0)),
        ("02 fc 03 6b5770 75 0500", Value(0.5, "-", None, 5, -1)),
        ("0f 0102ff", Value("01 02 FF")),
        ("1f aa", Value("AA")),
    ],
)
def test_a_record_gives_its_value_in_its_unit(written: str, value: Value) -> None:
    """EN 13757-3, 6.3 and annex A: types A (decimal), B (whole), H (real), variable length."""
    assert read(written) == [value]


@pytest.mark.parametrize("written", ["00 03", "08 03", "0d fd0c 00", "0d fd0c 01 20", "0f"])
def test_a_record_may_say_nothing(written: str) -> None:
    """EN 13757-3: no data, selection for readout, an empty or blank text; it is counted."""
    assert read(written) == [None]


@pytest.mark.parametrize(
    "written,text,at",
    [
        ("02 6c 7f1c", "2011-12-31", datetime(2011, 12, 31)),
        ("02 6c 0000", "2000-00-00", None),
        ("04 6d 2b0f791a", "2011-10-25T15:43:00Z", datetime(2011, 10, 25, 15, 43, fold=1)),
        ("04 6d 2baf791a", "2011-10-25T15:43:00Z", datetime(2011, 10, 25, 15, 43)),
        ("06 6d 1e2b0f791a00", "2011-10-25T15:43:30Z", datetime(2011, 10, 25, 15, 43, 30, fold=1)),
        ("04 fd30 2b0f791a", "2011-10-25T15:43:00Z", datetime(2011, 10, 25, 15, 43, fold=1)),
        ("03 6d 1e2b0f", "15:43:30", None),
    ],
)
def test_times_are_text_and_a_moment(written: str, text: str, at: datetime | None) -> None:
    """EN 13757-3, annex A: types F (to the minute), G (date), I (to the second), J (time)."""
    (value,) = read(written)
    assert value == Value(text, "-", at)
    assert value is not None
    assert (value.at and value.at.fold) == (at and at.fold)


def test_an_invalid_time_is_no_value() -> None:
    """EN 13757-3, annex A: bit 7 of the minutes says that a time is not valid."""
    assert read("04 6d ab0f791a") == [None]


@pytest.mark.parametrize(
    "written,expected",
    [
        ("04 03 00000000", (Function.NOW, 0, 0, 0)),
        ("54 03 00000000", (Function.MAXIMUM, 1, 0, 0)),
        ("64 03 00000000", (Function.MINIMUM, 1, 0, 0)),
        ("34 03 00000000", (Function.ERROR, 0, 0, 0)),
        ("84 10 03 00000000", (Function.NOW, 0, 1, 0)),
        ("84 01 03 00000000", (Function.NOW, 2, 0, 0)),
        ("c4 02 03 00000000", (Function.NOW, 5, 0, 0)),
        ("84 80 40 03 00000000", (Function.NOW, 0, 0, 2)),
        ("84 90 40 03 00000000", (Function.NOW, 0, 1, 2)),
        ("84 b0 10 03 00000000", (Function.NOW, 0, 7, 0)),
        ("84 80 01 03 00000000", (Function.NOW, 32, 0, 0)),
    ],
)
def test_the_blocks_say_storage_tariff_and_subunit(
    written: str, expected: tuple[Function, int, int, int]
) -> None:
    """EN 13757-3, 6.3.4 and 6.3.5: the lowest bits come first."""
    ((head, _),) = records(bytes.fromhex(written))
    assert head is not None
    assert head[1:5] == expected


def test_fillers_are_no_records() -> None:
    """EN 13757-3, table 7: 0x2F fills up, and the next byte is a DIF again."""
    assert len(read("2f2f 0103 01 2f 0103 02 2f")) == 2


def test_mode_2_has_the_highest_byte_first() -> None:
    """EN 1434-3, mode 2 (CI 0x76)."""
    ((_, value),) = records(bytes.fromhex("02 03 04d2"), reversed_=True)
    assert value == Value(1234, "Wh", None, 1234, 0)


@pytest.mark.parametrize(
    "written",
    [
        "04",
        "04 03 0000",
        "84" * 12 + "03 00000000",
        "04 " + "83" * 12 + "00000000",
        "0d fd0c",
        "0d fd0c 05 41",
        "0d fd0c f7 41",
        "02 7c",
        "02 7c 05 41",
        "3f 00",
        "84",
        "04 83",
        "04 fd",
    ],
)
def test_what_makes_no_sense_is_refused(written: str) -> None:
    """EN 13757-3, 6.3: ten extensions at most, nothing behind the end, no reserved function."""
    with pytest.raises(Unreadable):
        read(written)


@given(st.binary(max_size=250))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """A meter may send what it likes: no other error is raised, and texts are printable."""
    try:
        for _, value in records(data):
            assert value is None or not isinstance(value.value, str) or value.value.isprintable()
    except Unreadable:
        pass
