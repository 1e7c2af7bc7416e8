"""KMP replies; own frames after Kamstrup's description of the protocol."""

import json
from pathlib import Path

import pytest
from fuzz import harness
from fuzz.decoders import TARGETS
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import cut, heard, refusals, slow_crc, telegrams
from tests.wire.test_corpus import compare

from ohmstead.simulate import kmp as meter
from ohmstead.simulate.kmp import Register
from ohmstead.wire import kmp
from ohmstead.wire.kmp import Kmp
from ohmstead.wire.telegram import Refused, Telegram, Value

OMNIPOWER = {
    1: Register(10526, 0, "kWh"),
    13: Register(10526027, 0, "Wh"),
    1023: Register(212, -3, "kW"),
    1054: Register(236, 0, "V"),
    1076: Register(36, -2, "A"),
    1080: Register(39, -3, "kW"),
}
REPLY = meter.registers(OMNIPOWER)

registers = st.builds(
    Register,
    st.integers(-(2**32) + 1, 2**32 - 1),
    st.integers(-9, 9),
    st.sampled_from(["", "Wh", "kWh", "GJ", "W", "kvar", "V", "A", "°C", "m3", "l/h", "bar"]),
)


def one(data: bytes) -> Telegram:
    (telegram,) = telegrams(Kmp(), data)
    return telegram


def framed(body: str) -> bytes:
    return kmp.sealed(kmp.FROM_METER, bytes.fromhex(body))


def test_recorded_telegrams_give_what_others_have_read_in_them(corpus: Path) -> None:
    """telegrams/kmp: `expected`, agreed on with PyKMP 0.0.2."""
    for file in sorted((corpus / "telegrams" / "kmp").glob("*.json")):
        recording = json.loads(file.read_text())
        compare(recording, one(bytes.fromhex(recording["raw_hex"])))


@pytest.mark.parametrize("piece", [1000, 1, 3])
def test_damaged_streams_give_as_many_telegrams_as_they_hold(corpus: Path, piece: int) -> None:
    """telegrams/bad/kmp-*: `expect`, at once and in pieces."""
    for file in sorted((corpus / "telegrams" / "bad").glob("kmp-*.json")):
        recording = json.loads(file.read_text())
        raw = bytes.fromhex(recording["raw_hex"])
        found = heard(Kmp(), [raw[at : at + piece] for at in range(0, len(raw), piece)])
        count = sum(isinstance(each, Telegram) for each in found)
        assert count == recording["expect"]["telegrams"], file.name


def test_an_electricity_meter_gives_obis_keys_too() -> None:
    """Registers of OMNIPOWER; the finer of two energies is taken."""
    values = one(REPLY).values
    assert values["register:1"] == Value(10526, "kWh", raw=10526, scaler=0)
    assert values["1.8.0"] == Value(10526027, "Wh", raw=10526027, scaler=0)
    found = {key: values[key].value for key in ("1.7.0", "32.7.0", "31.7.0", "21.7.0")}
    assert found == {"1.7.0": 0.212, "32.7.0": 236, "31.7.0": 0.36, "21.7.0": 0.039}


def test_the_same_number_in_a_heat_meter_is_no_energy() -> None:
    """Register 1 of a MULTICAL is a date: the unit tells."""
    values = one(meter.registers({1: Register(260703, 0, "yy:mm:dd")})).values
    assert values.keys() == {"register:1"}
    assert values["register:1"].unit == "yy:mm:dd"


def test_the_serial_number_is_the_meter() -> None:
    """KMP, 6.2.2 (GetSerialNo); register 1001 says it too."""
    telegram = one(meter.serial(12345678))
    assert telegram.values == {"serial": Value("12345678")}
    assert (telegram.identity.id, telegram.identity.vendor) == ("12345678", "Kamstrup")
    assert one(meter.registers({1001: Register(7654321)})).identity.id == "7654321"


def test_the_type_and_the_revision_are_said_in_letters() -> None:
    """KMP, 6.2.1 (GetType): A is 1; zero means that the meter does not say."""
    telegram = one(meter.kind(0x0A01, "F12"))
    assert telegram.values == {"type": Value("0A01"), "revision": Value("F12")}
    assert one(framed("3f01 0a01 0000")).values == {"type": Value("0A01")}


@pytest.mark.parametrize(
    "signs,mantissa,value",
    [
        (0x43, "00fb", 0.251),
        (0x00, "00000000", 0),
        (0x03, "000000f5", 245000),
        (0xC2, "00001964", -65),
        (0x80, "05", -5),
        (0x7F, "01", 1e-63),
    ],
)
def test_a_number_is_mantissa_and_power_of_ten(signs: int, mantissa: str, value: float) -> None:
    """KMP, 4.2: SI, SE, six bits of exponent."""
    assert kmp.number(signs, bytes.fromhex(mantissa)) == value


def test_every_group_of_four_units_begins_without_a_prefix() -> None:
    """KMP, units: Wh, J, cal, varh, VAh, W, var, VA; 64 of them."""
    firsts = [kmp.UNITS[number] for number in range(1, 33, 4)]
    assert firsts == ["Wh", "J", "cal", "varh", "VAh", "W", "var", "VA"]
    assert [kmp.UNITS[at] for at in (33, 37, 40, 47, 51, 53, 64)] == [
        "V",
        "°C",
        "m3",
        "hh:mm:ss",
        "",
        "RTC",
        "datetime",
    ]
    assert len(kmp.UNITS) == 64


def test_plain_numbers_texts_and_unknown_units() -> None:
    """KMP, units 0 and 51 (number), 54 (ASCII); a later document may have more."""
    values = one(framed("3f10 0063 3304 00 00000007 0070 3604 00 414230 00 0071 f001 00 09")).values
    assert values["register:99"] == Value(7, None, raw=7, scaler=0)
    assert values["register:112"] == Value("AB0")
    assert values["register:113"].unit == "unit 240"


def test_the_echo_of_the_request_is_passed_over() -> None:
    """An optical head hears itself."""
    assert one(kmp.request_registers(1, 13, 1023) + REPLY).raw == REPLY


def test_requests_are_what_others_send() -> None:
    """KMP, 6.2.5: 80 3F 10, the count, the registers, the CRC; stuffed where needed (register
    128)."""
    assert kmp.request_registers(60).hex() == "803f1001003cb25f0d"
    assert kmp.request_serial()[:3].hex() == "803f02"
    assert kmp.request_type()[:3].hex() == "803f01"
    assert bytes.fromhex("001b7f") in kmp.request_registers(128)
    assert [len(poll) >= 8 for poll in kmp.polls(range(2000, 2019))] == [True] * 3


@pytest.mark.parametrize("asked", [(), tuple(range(9)), (65536,), (-1,)])
def test_a_request_that_no_meter_answers_is_not_made(asked: tuple[int, ...]) -> None:
    """KMP, 6.2.5: one to eight registers of 16 bits."""
    with pytest.raises(ValueError, match="regist"):
        kmp.request_registers(*asked)


@pytest.mark.parametrize(
    "body,why",
    [
        ("3f02 0123", "4 bytes"),
        ("3f01 0123", "4 bytes"),
        ("3f10 003c 03 04 43 0000d6", "says 4 bytes"),
        ("3f10 003c 03 00 43", "says 0 bytes"),
        ("3f10 003c 03 09 00 000000000000000001", "9 bytes"),
        ("3f10 003c", "2 bytes"),
        ("3f10", "none of the registers"),
        ("3f", "too short"),
    ],
)
def test_a_right_crc_does_not_make_a_reply(body: str, why: str) -> None:
    """KMP, 6.2: each reply has its form."""
    (refused,) = refusals(Kmp(), b"xy" + framed(body))
    assert why in refused.reason
    assert refused.offset == 2


def test_a_wrong_escape_is_refused() -> None:
    """KMP, 3.1: 1B stands before 7F, BF, F2, F9 and E4 only."""
    assert refusals(Kmp(), bytes.fromhex("403f1b410d"))[0].reason.startswith("KMP: an escape")


def test_a_frame_that_does_not_end_is_said_to() -> None:
    """A meter that was unplugged."""
    assert [type(found) for found in heard(Kmp(), [REPLY[:-4]])] == [Refused]


def test_what_a_meter_says_to_others_is_no_telegram() -> None:
    """Addresses 3F, 7F, BF; other commands (here SetClock) have no values."""
    assert heard(Kmp(), [framed("01 02 01234567"), framed("3f 09"), b"\x06"]) == []


@given(st.dictionaries(st.integers(0, 0xFFFF), registers, min_size=1, max_size=8))
def test_what_is_encoded_is_decoded(values: dict[int, Register]) -> None:
    """simulate/kmp mirrors wire/kmp."""
    found = one(meter.registers(values)).values
    for number, register in values.items():
        value = found[f"register:{number}"]
        assert value.raw == register.whole
        assert value.scaler == register.exponent
        assert value.unit == (register.unit or None)
        assert value.value == pytest.approx(register.whole * 10.0**register.exponent)


@given(st.binary(max_size=40))
def test_a_frame_holds_no_special_byte_and_its_crc(body: bytes) -> None:
    """KMP, 3.1 and 3.2: CRC-16 with the polynomial 1021, start 0, high byte first."""
    whole = kmp.sealed(kmp.FROM_METER, b"\x3f\x10" + body)
    inside = whole[1:-1]
    assert not set(inside) & {0x40, 0x80, 0x0D, 0x06}
    assert kmp.opened(inside) == kmp.Frame(0x3F, 0x10, body)
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in b"\x3f\x10" + body)
    crc = int(f"{slow_crc(mirrored, polynomial=0x8408, start=0):016b}"[::-1], 2)
    sent = kmp.sealed(0x40, b"\x3f\x10" + body)
    for special in (0x06, 0x0D, 0x80, 0x40, 0x1B):
        sent = sent.replace(bytes([0x1B, special ^ 0xFF]), bytes([special]))
    assert sent[-3:-1] == crc.to_bytes(2, "big")


@given(st.lists(st.integers(0, 10_000), max_size=6))
def test_a_telegram_may_arrive_in_any_pieces(places: list[int]) -> None:
    """A serial line cuts where it likes."""
    data = b"\x40\x3f" + kmp.request_serial() + REPLY + b"\x06\x0d" + meter.serial(5)
    whole = [found.raw for found in telegrams(Kmp(), data)]
    found = heard(Kmp(), cut(data, places))
    assert [each.raw for each in found if isinstance(each, Telegram)] == whole
    assert len(whole) == 2


@given(st.lists(st.binary(max_size=300) | st.just(b"@?\x10" * 50), max_size=20))
def test_noise_is_never_raised_and_never_held(parts: list[bytes]) -> None:
    """A line that nobody drives."""
    decoder = Kmp()
    for part in parts:
        assert not any(isinstance(found, Telegram) for found in decoder.feed(part))
        assert decoder.held <= Kmp.LONGEST
    decoder.close()
    assert decoder.held == 0


@given(st.integers(0, len(REPLY) * 8 - 1))
def test_a_flipped_bit_never_gives_a_telegram(bit: int) -> None:
    """KMP, 3.2: the CRC covers address, command and data."""
    data = bytearray(REPLY)
    data[bit // 8] ^= 1 << bit % 8
    assert telegrams(Kmp(), bytes(data)) == []


def test_a_byte_is_not_looked_at_again_for_every_one_that_follows() -> None:
    """`Stream`: a bounded number of times, however the stream is cut; found by `make fuzz`."""
    target = TARGETS["kmp"]
    harness.fed(target, b"\x40" + bytes(400), 1)
    harness.fed(target, (b"\x40\x3f" + bytes(20) + b"\x80") * 40, 1)
