"""P1 telegrams, line by line; own telegrams after the companion standards."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import LINES, heard, p1, refusals, telegrams

from ohmstead.wire.p1 import P1, text_of, time_of
from ohmstead.wire.telegram import Refused, Telegram, Value


def one(data: bytes) -> Telegram:
    (telegram,) = telegrams(P1(), data)
    return telegram


def values(*lines: str) -> dict[str, Value]:
    return dict(one(p1(lines)).values)


def test_a_telegram_of_dsmr_5_gives_its_values() -> None:
    """P1 companion standard 5.0.2, 6.12 (list of objects)."""
    telegram = one(p1())
    assert telegram.values["1.8.1"] == Value(1234.567, "kWh")
    assert telegram.values["31.7.0"] == Value(5, "A")
    assert telegram.values["0-1:24.2.1"] == Value(123.456, "m3", datetime(2025, 7, 3, 14, 10))
    assert telegram.values["1.0.0"].value == "250703141500S"
    assert telegram.values["96.14.0"].value == "0002"
    assert telegram.protocol == "DSMR"
    assert telegram.framing == "p1"
    assert telegram.at == datetime(2025, 7, 3, 14, 15)


def test_the_raw_bytes_are_the_telegram_and_nothing_around_it() -> None:
    """P1 companion standard 5.0.2, 6.2: from `/` to the CRC."""
    assert one(b"noise 12 (x)\r\n" + p1() + b"more").raw == p1()[:-2]


def test_empty_lines_and_logs_of_the_past_are_no_values() -> None:
    """P1 5.0.2, 6.12: 96.13.0 empty, 99.97.0 a log of failures; e-MUCS 1.7, 98.1.0 a list of
    months."""
    found = values(
        "1-0:1.8.0(000001.000*kWh)",
        "0-0:96.13.0()",
        "1-0:99.97.0(1)(0-0:96.7.19)(250101000000W)(0000000240*s)",
        "0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(250101000000W)(241203181500W)(01.862*kW)",
    )
    assert found.keys() == {"1.8.0"}


def test_the_gas_of_dsmr_2_and_3_stands_on_the_next_line() -> None:
    """P1 companion standard 2.2+, 24.3.0: time, status, period, count, code and unit, then the
    value alone."""
    data = p1(
        (
            "0-1:24.1.0(3)",
            "0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)",
            "(00001.001)",
            "0-1:24.4.0(1)",
        ),
        crc=False,
    )
    found = one(data).values
    assert found["0-1:24.3.0"] == Value(1.001, "m3", datetime(2016, 11, 7, 19))
    assert found["0-1:24.4.0"].value == "1"


def test_a_peak_has_its_time_before_or_after_it() -> None:
    """e-MUCS 1.7, 1.6.0: time first; IEC 62056-21 writes the time behind the value."""
    found = values("1-0:1.6.0(231102114500W)(03.064*kW)", "1-0:2.6.0(01.5*kW)(231102114500W)")
    at = datetime(2023, 11, 2, 11, 45, fold=1)
    assert found == {"1.6.0": Value(3.064, "kW", at), "2.6.0": Value(1.5, "kW", at)}
    assert found["1.6.0"].at == at
    assert found["1.6.0"].at.fold == 1


def test_a_number_without_a_unit_stays_text() -> None:
    """P1 5.0.2, 6.12: counts have leading zeros, and the number of a switch is a name."""
    found = values("0-0:96.7.21(00013)", "0-1:24.2.1(700101010000W)(00000000)", "0-1:24.1.0(003)")
    assert [found[key].value for key in ("96.7.21", "0-1:24.2.1", "0-1:24.1.0")] == [
        "00013",
        "00000000",
        "003",
    ]


def test_units_are_spelled_as_ohmstead_spells_them() -> None:
    """Swedish and Austrian meters write kVArh and Wh (SEK Handbook 463; reading.units.named)."""
    found = values(
        "1-0:3.8.0(00000518.309*kVArh)",
        "1-0:1.8.0(006545766*Wh)",
        "0-1:24.2.1(250703141000S)(1.5*m³)",
    )
    assert [(value.value, value.unit) for value in found.values()] == [
        (518.309, "kvarh"),
        (6545766, "Wh"),
        (1.5, "m3"),
    ]


def test_a_line_nobody_knows_keeps_its_code() -> None:
    """The decoder has no list of codes: EasyMeter writes a storage number, others a channel (IEC
    62056-6-1)."""
    found = values(
        "1-0:1.8.0*255(00032549.5061662*kWh)",
        "1-0:1.8.0*01(00012.3*kWh)",
        "7-0:3.0.0(1*m3)",
        "1-0:x(1*V)",
    )
    assert found.keys() == {"1.8.0", "1.8.0*1", "7-0:3.0.0"}


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("crc", [True, False])
def test_lines_may_end_either_way_and_the_crc_may_be_missing(end: str, crc: bool) -> None:
    """P1 2.2 has no CRC; converters to a network turn CR LF into LF."""
    assert one(p1(end=end, crc=crc)).values["1.7.0"].value == 1.234


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_the_end_of_the_stream_completes_a_telegram_without_crc(kept: int) -> None:
    """A file may end right behind the `!`."""
    data = p1(crc=False)[: -2 + kept or None]
    assert len(telegrams(P1(), data)) == 1


def test_a_telegram_with_crc_needs_no_line_end_behind_it() -> None:
    """Recorded telegrams often end in the last digit."""
    decoder = P1()
    assert len(decoder.feed(p1()[:-2])) == 1


def test_a_cut_telegram_costs_only_itself() -> None:
    """A meter that was unplugged in the middle: the next telegram follows at once, inside a
    line."""
    for length in (4, 12, 30, 200, len(p1()) - 7):
        found = heard(P1(), [p1()[:length] + p1()])
        assert sum(isinstance(one, Telegram) for one in found) == 1


def test_a_wrong_crc_is_refused_with_both_numbers_and_its_place() -> None:
    """P1 companion standard 5.0.2, 6.2."""
    data = b"xx" + p1()[:-6] + b"0000\r\n"
    (refused,) = refusals(P1(), data)
    assert "0000" in refused.reason
    assert refused.offset == 2


@given(st.integers(0, len(p1()) * 8 - 1))
def test_a_flipped_bit_never_gives_a_telegram(bit: int) -> None:
    """P1 companion standard 5.0.2, 6.2: the CRC covers `/` to `!`; its own digits are not covered
    by anything."""
    data = bytearray(p1())
    data[bit // 8] ^= 1 << bit % 8
    whole = p1()
    digits = bytes(data[-6:-2])
    harmless = bit // 8 >= len(whole) - 2 or digits.upper() == whole[-6:-2] != digits
    assert bool(telegrams(P1(), bytes(data))) == harmless


def test_a_slash_inside_a_text_does_not_begin_a_telegram() -> None:
    """Only an identification line has no brackets (P1 5.0.2, 6.2)."""
    assert values("0-0:42.0.0(ABC/XYZ-1)", "1-0:1.7.0(1*W)")["1.7.0"].value == 1


def test_a_meter_that_calls_itself_channel_1_is_the_meter() -> None:
    """Swiss meters write 1-1:1.8.0 for the meter's own register; gas on channel 1 stays 0-1."""
    lines = ["1-1:1.8.0(00012.3*kWh)", "0-1:24.2.1(250703141000S)(1.5*m3)"]
    (found,) = telegrams(P1(), p1(lines))
    assert list(found.values) == ["1.8.0", "0-1:24.2.1"]


def test_date_and_time_may_stand_alone() -> None:
    """IEC 62056-6-1, 0.9.1 and 0.9.2: the local time and date of the meter."""
    (found,) = telegrams(P1(), p1(["1-0:0.9.1(141500S)", "1-0:0.9.2(250703)", "1-0:1.8.0(1*kWh)"]))
    assert found.at == datetime(2025, 7, 3, 14, 15)
    (found,) = telegrams(P1(), p1(["1-0:0.9.1(141500)", "1-0:1.8.0(1*kWh)"]))
    assert found.at is None


def test_a_telegram_without_any_value_is_refused() -> None:
    """There is nothing to read in it."""
    assert [type(found) for found in heard(P1(), [p1(("nothing",))])] == [Refused]


def test_who_the_meter_is() -> None:
    """P1 5.0.2, 6.12: 96.1.1 is hexadecimal, 0.2.8 the version; IEC 62056-21, 6.3.2: the
    identification."""
    identity = one(p1()).identity
    assert identity.id == identity.model == "OHM00000012345"
    assert (identity.prefix, identity.vendor, identity.protocol_version) == ("OHM", None, "5.0")
    assert (identity.protocol, identity.interface) == ("DSMR", "P1")
    other = one(p1(("0-0:42.0.0(LGZ1030655933512)", "1-0:1.7.0(1*W)"), ident="/LGF5E360")).identity
    assert (other.logical_name, other.model, other.vendor) == (
        "LGZ1030655933512",
        "E360",
        "Landis+Gyr",
    )


def test_what_is_hexadecimal_for_no_text_is_left_alone() -> None:
    """Serial numbers of digits only look hexadecimal too."""
    assert text_of("12345678901234567890") == "12345678901234567890"
    assert text_of("0A0B0C") == "0A0B0C"


@pytest.mark.parametrize(
    "written,at",
    [
        ("170102192002W", datetime(2017, 1, 2, 19, 20, 2, fold=1)),
        ("200426223001S", datetime(2020, 4, 26, 22, 30, 1)),
        ("150701190000s", datetime(2015, 7, 1, 19)),
        ("161107190000", datetime(2016, 11, 7, 19)),
        ("20240111 09:35:00", datetime(2024, 1, 11, 9, 35)),
        ("20240111093500", datetime(2024, 1, 11, 9, 35)),
        ("632525252525W", None),
        ("003", None),
    ],
)
def test_the_ways_to_write_a_time(written: str, at: datetime | None) -> None:
    """P1 5.0.2, 6.4 (YYMMDDhhmmssX); 2.2 without X; NES with dashes and colons."""
    found = time_of(written)
    assert found == at
    assert at is None or (found is not None and found.fold == at.fold)


@given(st.integers(0, 10**9), st.integers(0, 3))
def test_a_number_is_read_exactly(number: int, decimals: int) -> None:
    """P1 5.0.2, 6.5 (Fn(x,y) with a fixed number of decimals)."""
    written = f"{number:010d}"
    written = f"{written[:-decimals]}.{written[-decimals:]}" if decimals else written
    assert values(f"1-0:1.8.0({written}*kWh)")["1.8.0"].value == float(written)


def test_the_lines_of_a_telegram_keep_their_order() -> None:
    """What is shown of a telegram is shown as the meter sent it."""
    keys = list(one(p1()).values)
    assert keys[0] == "1-3:0.2.8"
    assert keys[-1] == "0-1:24.2.1"
    assert len(keys) == len(LINES) - 2
