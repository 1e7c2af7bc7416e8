"""Readouts and signing on; own blocks after IEC 62056-21."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import cut, heard, p1, refusals, telegrams
from tests.wire.test_corpus import compare

from ohmstead.errors import BadInput
from ohmstead.simulate import iec62056_21 as meter
from ohmstead.wire.iec62056_21 import Readout
from ohmstead.wire.iec62056_21_data import keys_of, moment_of, values_of
from ohmstead.wire.iec62056_21_sign_on import SignOn, Step
from ohmstead.wire.telegram import Refused, Telegram, Value

IDENT = meter.identification("OHM", "5", "\\2VIRTUAL-7")
LINES = (
    "F.F(00000000)",
    "0.0.0(00012345)",
    "C.1.0(87654321)",
    "0.9.1(14:15:30)",
    "0.9.2(25-07-03)",
    "1.8.0(0012345.678*kWh)",
    "1.8.1*02(0011111.1*kWh)",
    "1.6.1(01.234*kW)(2507021345)",
    "3.8.0(000518.309*kVArh)",
    "32.7(230.4*V)",
    "31.7(005*A)",
    "C.7.1(0004)",
)
CHECKED = IDENT + meter.checked(LINES)
BARE = meter.unchecked(LINES)


def one(data: bytes) -> Telegram:
    (telegram,) = telegrams(Readout(), data)
    return telegram


def values(*lines: str) -> dict[str, Value]:
    return values_of(meter.unchecked(lines))


def test_recorded_readouts_give_what_others_have_read_in_them(corpus: Path) -> None:
    """telegrams/iec62056-21: `expected`; one that comes unasked, without identification."""
    for file in sorted((corpus / "telegrams" / "iec62056-21").glob("*.json")):
        recording = json.loads(file.read_text())
        telegram = one(bytes.fromhex(recording["raw_hex"]))
        compare(recording, telegram)
        assert telegram.at is not None


def test_nobody_elses_telegrams_are_taken(corpus: Path) -> None:
    """telegrams: P1 has medium and channel in its codes, the others are no text."""
    for file in sorted((corpus / "telegrams").glob("*/*.json")):
        recording = json.loads(file.read_text())
        found = heard(Readout(), [bytes.fromhex(recording["raw_hex"])])
        assert len(found) == (recording["protocol"] == "IEC62056-21"), file.name


@pytest.mark.parametrize("data", [CHECKED, IDENT + BARE, BARE, CHECKED[len(IDENT) :]])
def test_a_readout_gives_its_values(data: bytes) -> None:
    """IEC 62056-21, 6.3 and 6.5: with and without identification, with and without check."""
    telegram = one(data)
    found = telegram.values
    assert found["1.8.0"] == Value(12345.678, "kWh")
    assert found["1.8.1*2"] == Value(11111.1, "kWh")
    assert found["1.6.1"] == Value(1.234, "kW", datetime(2025, 7, 2, 13, 45))
    assert found["3.8.0"] == Value(518.309, "kvarh")
    assert found["32.7"] == found["32.7.0"] == Value(230.4, "V")
    assert found["F.F"] == Value("00000000")
    assert telegram.at == datetime(2025, 7, 3, 14, 15, 30)
    assert (telegram.raw, telegram.identity.id) == (data, "00012345")


def test_the_identification_names_maker_and_model() -> None:
    """IEC 62056-21, 6.3.2: three letters, rate, mark of mode E, model."""
    identity = one(meter.identification("LGZ", "4", "\\2ZMD120AR") + meter.checked(LINES)).identity
    assert (identity.vendor, identity.prefix, identity.model) == (
        "Landis+Gyr",
        "LGZ",
        "ZMD120AR",
    )
    assert identity.protocol == "IEC"


@pytest.mark.parametrize(
    "code,keys",
    [
        ("1-0:1.8.0*255", ("1.8.0",)),
        ("0-1:24.2.1", ("0-1:24.2.1",)),
        ("1.8.0*01", ("1.8.0*1",)),
        ("1.8.0&12", ("1.8.0*12",)),
        ("14.7", ("14.7", "14.7.0")),
        ("01.08.00", ("1.8.0",)),
        ("C.90.1", ("C.90.1",)),
        ("P.01", ("P.1",)),
        ("1-0:C.1.0", ()),
    ],
)
def test_the_ways_to_write_a_code(code: str, keys: tuple[str, ...]) -> None:
    """IEC 62056-6-1; EDIS codes leave out medium and channel, some meters the tariff too."""
    assert keys_of(code) == keys


@pytest.mark.parametrize(
    "line,value",
    [
        ("1.8.0(123.4*kwh)", Value(123.4, "kWh")),
        ("1.8.0(0123,4*kWh)", Value(123.4, "kWh")),
        ("1.8.0(00123.4 kWh)", Value(123.4, "kWh")),
        ("1.8.0(-5*Wh)", Value(-5, "Wh")),
        ("1.8.0(00123.4)", Value("00123.4")),
        ("0.0.0(1234V)", Value("1234V")),
        ("1.8.0(12:00)", Value("12:00")),
        ("1.8.0(2507021345)(12.5*kW)", Value(12.5, "kW", datetime(2025, 7, 2, 13, 45))),
        ("1.8.0(12.5*kW)(25-07-02 13:45)", Value(12.5, "kW", datetime(2025, 7, 2, 13, 45))),
        ("1.8.0(1*kW)(2*kW)(3*kW)", Value(1, "kW")),
        ("1.8.0(1*kW)(0000)", Value(1, "kW")),
        ("1.8.0()(2*kW)", None),
        ("1.8.0()", None),
    ],
)
def test_the_ways_to_write_a_value(line: str, value: Value | None) -> None:
    """IEC 62056-21, 6.5: value, `*`, unit; further brackets belong to the same code."""
    assert next(iter(values(line).values()), None) == value


def test_a_line_may_hold_several_data_sets() -> None:
    """IEC 62056-21, 6.5: a data line is any number of data sets."""
    found = values(
        "1.8.1(1*kWh)1.8.2(2*kWh)(2507021345)", "(7*kWh)", "9.8.0(3*kWh)", "1.8.1(4*kWh)"
    )
    assert [value.value for value in found.values()] == [1, 2, 3]
    assert found["1.8.2"].at == datetime(2025, 7, 2, 13, 45)


@pytest.mark.parametrize(
    "written,at",
    [
        ("2403211015", datetime(2024, 3, 21, 10, 15)),
        ("24-03-21,10:15:59", datetime(2024, 3, 21, 10, 15, 59)),
        ("1240321101559", datetime(2024, 3, 21, 10, 15, 59)),
        ("2024-03-21 10:15", None),
        ("9999999999", None),
        ("12.5*kW", None),
    ],
)
def test_the_ways_to_write_a_moment(written: str, at: datetime | None) -> None:
    """Meters write date and time together as they like; what is none of these stays text."""
    assert moment_of(written) == at


def test_one_clock_may_hold_date_and_time() -> None:
    """IEC 62056-6-1: 0.9.4 is date and time."""
    assert one(meter.unchecked(["0.9.4(2403211015)", "1.8.0(1*kWh)"])).at == datetime(
        2024, 3, 21, 10, 15
    )
    assert one(meter.unchecked(["0.9.1(10:15)", "0.9.2(24-03-21)"])).at is None


def test_the_answer_to_one_question_has_no_exclamation_mark() -> None:
    """IEC 62056-21, 6.3.14: data message of a read command."""
    block = b"0.0.0(12345678)\x03"
    bcc = 0
    for byte in block:
        bcc ^= byte
    assert one(b"\x02" + block + bytes([bcc])).values == {"0.0.0": Value("12345678")}


def test_a_wrong_check_is_refused_with_both_numbers_and_its_place() -> None:
    """IEC 62056-21, 6.3.1: BCC, the sum without carry of all behind STX."""
    data = b"xx\r\n" + CHECKED[:-1] + bytes([CHECKED[-1] ^ 0x55])
    (refused,) = refusals(Readout(), data)
    assert "BCC" in refused.reason
    assert refused.offset == 4


def test_a_telegram_of_p1_is_left_to_its_own_decoder() -> None:
    """P1 has a CRC, or at least codes with medium and channel."""
    for data in (p1(), p1(crc=False), p1()[30:], p1(crc=False)[30:]):
        assert heard(Readout(), [data * 2]) == []


def test_the_echo_of_the_acknowledgement_is_passed_over() -> None:
    """An optical head hears itself; the identification still counts."""
    data = b"/?!\r\n" + IDENT + b"\x06050\r\n" + CHECKED[len(IDENT) :]
    assert one(data).identity.prefix == "OHM"


def test_a_block_whose_beginning_is_missing_is_refused() -> None:
    """What stands before its ETX was checked, but nobody saw all of it."""
    for start in (len(IDENT) + 4, 60):
        assert [type(found) for found in heard(Readout(), [CHECKED[start:]])] == [Refused]
    assert one(BARE[4:]).values["C.1.0"].value == "87654321"


def test_a_cut_block_costs_only_itself() -> None:
    """A reader that was unplugged in the middle."""
    for length in (30, 60, len(CHECKED) - 4, len(CHECKED) - 1):
        found = heard(Readout(), [CHECKED[:length] + CHECKED])
        assert [found[-1]] == heard(Readout(), [CHECKED]), length
        assert all(isinstance(each, Refused) for each in found[:-1]), length
        assert [type(each) for each in heard(Readout(), [CHECKED[:length]])] == [Refused], length


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_the_end_of_the_stream_completes_a_readout_without_check(kept: int) -> None:
    """A file may end right behind the `!`."""
    assert len(telegrams(Readout(), BARE[: -2 + kept or None])) == 1
    assert len(telegrams(Readout(), b"\xff\r\n" + BARE[: -2 + kept or None])) == 1


def test_a_block_without_values_is_refused() -> None:
    """There is nothing to read in it."""
    (refused,) = refusals(Readout(), IDENT + meter.checked(["0.0.0()"]))
    assert "no value" in refused.reason


numbers = st.dictionaries(
    st.tuples(st.integers(1, 99), st.sampled_from([6, 7, 8]), st.integers(0, 9)),
    st.tuples(st.integers(0, 10**7), st.sampled_from(["kWh", "kvarh", "kW", "V", "A"])),
    min_size=1,
    max_size=20,
)


@given(numbers, st.booleans(), st.booleans())
def test_what_is_encoded_is_decoded(
    said: dict[tuple[int, int, int], tuple[int, str]], named: bool, checked: bool
) -> None:
    """simulate/iec62056_21 mirrors wire/iec62056_21."""
    lines = [
        f"{c}.{d}.{e}({number / 1000:011.3f}*{unit})" for (c, d, e), (number, unit) in said.items()
    ]
    data = (IDENT if named else b"") + (meter.checked if checked else meter.unchecked)(lines)
    expected = {
        f"{c}.{d}.{e}": Value(number / 1000, unit) for (c, d, e), (number, unit) in said.items()
    }
    assert one(data).values == expected


@given(st.lists(st.integers(0, 10_000), max_size=6))
def test_a_telegram_may_arrive_in_any_pieces(places: list[int]) -> None:
    """A serial line cuts where it likes."""
    data = (
        b"x\x02\r\n" + BARE + CHECKED + CHECKED[:90] + b"\x00\x02" + CHECKED + IDENT + BARE + b"!"
    )
    whole = heard(Readout(), [data])
    assert heard(Readout(), cut(data, places)) == whole
    assert [type(found) for found in whole] == [Telegram, Telegram, Refused, Telegram, Telegram]


noise = st.binary(max_size=300) | st.sampled_from(
    [b"\x02", b"\x02\x03", b"\x020.0.0(1)", b"/ABC5x\r\n", b"1.8.0(1*kWh)\r\n" * 99, bytes(5000)]
)


@given(st.lists(noise, max_size=20))
def test_noise_is_never_raised_and_never_held(parts: list[bytes]) -> None:
    """A line that nobody drives."""
    decoder = Readout()
    for part in parts * 5:
        decoder.feed(part)
        assert decoder.held <= Readout.LONGEST + 4096
    decoder.close()
    assert decoder.held == 0


def test_binary_noise_is_not_kept_in_the_hope_of_a_line() -> None:
    """What is held looks like a telegram that is on its way; zeros do not."""
    decoder = Readout()
    decoder.feed(bytes(500) + b"\x16\x10")
    assert decoder.held == 0


@pytest.mark.parametrize("endless", [b"\x020.0.0(1)\r\n", b"1.8.0(1*kWh)\r\n", b"\x02", b"a"])
def test_what_never_ends_is_not_kept(endless: bytes) -> None:
    """A meter that prints for ever."""
    decoder = Readout()
    for _ in range(60):
        decoder.feed(endless[:1] + endless[1:] * (4000 // len(endless)))
        decoder.feed(endless[1:] * (4000 // len(endless)))
        assert decoder.held <= Readout.LONGEST + 4096
    decoder.feed(b"\x02\r\n")
    assert isinstance(decoder.feed(CHECKED)[-1], Telegram)


@given(st.integers(0, len(CHECKED) * 8 - 1))
def test_a_flipped_bit_never_gives_a_wrong_value(bit: int) -> None:
    """IEC 62056-21: the BCC covers all behind STX; what stands before it is no value."""
    data = bytearray(CHECKED)
    data[bit // 8] ^= 1 << bit % 8
    right = one(CHECKED).values
    for found in telegrams(Readout(), bytes(data)):
        assert bit // 8 <= len(IDENT)
        assert found.values == right


@pytest.mark.parametrize(
    "ident,step",
    [
        (b"/OHM5VIRTUAL\r\n", Step(b"\x06050\r\n", 9600, 0.2)),
        (b"/OHm0VIRTUAL\r\n", Step(b"\x06000\r\n", 300, 0.02)),
        (b"/OHM6\\2VIRTUAL\r\n", Step(b"\x06060\r\n", 19_200, 0.2)),
        (b"/OHMCVIRTUAL\r\n", Step(b"", 2400, 0.2)),
        (b"/KAM 12345\r\n", None),
        (b"/OHM9VIRTUAL\r\n", Step(b"", 300, 0.2)),
    ],
)
def test_the_rate_is_what_the_meter_offers(ident: bytes, step: Step | None) -> None:
    """IEC 62056-21, 6.4: mode C is acknowledged, in mode B the meter changes alone, in mode A
    nothing changes."""
    sign_on = SignOn()
    assert sign_on.begin() == Step(b"/?!\r\n", 300)
    assert sign_on.feed(b"/?!\r\n" + ident[:4]) is None
    found = sign_on.feed(ident[4:])
    assert found == (step or Step(b"", 300, 0.2))
    assert sign_on.feed(ident) is None
    assert sign_on.identification == ident


def test_a_line_that_cannot_go_so_fast_stays_at_300() -> None:
    """IEC 62056-21, 6.3.3: Z 0 keeps the first rate."""
    assert SignOn(fastest=4800).feed(IDENT) == Step(b"\x06000\r\n", 300, 0.2)


def test_a_meter_may_be_addressed() -> None:
    """IEC 62056-21, 6.3.1: up to 32 characters."""
    assert SignOn("00012345").begin().write == b"/?00012345!\r\n"
    with pytest.raises(BadInput, match="letters and digits"):
        SignOn("1!\r\n")


@given(st.lists(st.binary(max_size=400), max_size=9))
def test_signing_on_keeps_no_more_than_an_identification(parts: list[bytes]) -> None:
    """A line that nobody drives."""
    sign_on = SignOn()
    for part in parts:
        sign_on.feed(part)
        assert sign_on.held <= 256


def test_signing_on_to_a_meter_gives_its_readout() -> None:
    """IEC 62056-21, 6.4.3 (mode C), from the first byte to the values."""
    sign_on, readout = SignOn(), Readout()
    said, rate = meter.answer(sign_on.begin().write, IDENT, LINES)
    assert rate is None
    readout.feed(said)
    step = sign_on.feed(said)
    assert step is not None
    said, rate = meter.answer(step.write, IDENT, LINES)
    assert rate == step.baudrate == 9600
    (telegram,) = readout.feed(said)
    assert isinstance(telegram, Telegram)
    assert (telegram.raw, telegram.identity.prefix) == (CHECKED, "OHM")
