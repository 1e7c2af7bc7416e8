"""MEP replies; own tables after the fields that open MEP readers use."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import cut, heard, refusals, telegrams
from tests.wire.test_corpus import compare

from ohmstead.errors import BadInput
from ohmstead.reading import units
from ohmstead.simulate import mep as meter
from ohmstead.wire import mep_tables as tables
from ohmstead.wire.mep import Mep, MepClient
from ohmstead.wire.mep_requests import Question, digest, key_of, question, read_part, read_table
from ohmstead.wire.telegram import Refused, Telegram, Value

KEY = key_of("0123456789ABCDEFGHIJ")
NOW = {"1.7.0": 1234, "4.7.0": 56, "32.7.0": 230.412, "31.7.0": 5.371, "14.7.0": 49.98}
POWER = meter.power_table(NOW)
ENERGY = meter.energy_table(
    {"1.8": 12_345_678, "2.8": 4_321, "3.8": 777, "4.8": 88_888},
    [{"1.8": 12_000_000, "2.8": 4_000}, {"1.8": 345_678, "2.8": 321}],
)
REPLY = meter.table(POWER)


def asked(table: int) -> bytes:
    return read_table(table, 7, KEY)


def one(data: bytes, table: int | None = None) -> Telegram:
    (telegram,) = telegrams(Mep(asked(table) if table else None), data)
    return telegram


def values(data: bytes, table: int | None = None) -> dict[str, float | str]:
    return {key: value.value for key, value in one(data, table).values.items()}


def test_recorded_telegrams_give_what_others_have_read_in_them(corpus: Path) -> None:
    """telegrams/mep: `expected`, as the open reader they were published with says."""
    for file in sorted((corpus / "telegrams" / "mep").glob("*.json")):
        recording = json.loads(file.read_text())
        request = recording["request_hex"]
        decoder = Mep(bytes.fromhex(request) if request else None)
        (telegram,) = telegrams(decoder, bytes.fromhex(recording["raw_hex"]))
        compare(recording, telegram)


def test_recorded_tables_are_recognised_without_their_request(corpus: Path) -> None:
    """telegrams/mep: both kinds of table have the same length, so what is in them decides."""
    for file in sorted((corpus / "telegrams" / "mep").glob("*.json")):
        recording = json.loads(file.read_text())
        if recording["expected"]:
            compare(recording, one(bytes.fromhex(recording["raw_hex"])))


def test_recorded_requests_are_read(corpus: Path) -> None:
    """telegrams/mep: `request_hex` asks for `table`."""
    for file in sorted((corpus / "telegrams" / "mep").glob("*.json")):
        recording = json.loads(file.read_text())
        if request := recording["request_hex"]:
            found = question(bytes.fromhex(request))
            assert str(found) == recording["table"]
            assert read_table(found.table, found.sequence)[:-8].hex() == request[:-16]


@pytest.mark.parametrize("piece", [1000, 1, 7])
def test_damaged_streams_give_as_many_telegrams_as_they_hold(corpus: Path, piece: int) -> None:
    """telegrams/bad/mep-*: `expect`, at once and in pieces, with the request and without."""
    for file in sorted((corpus / "telegrams" / "bad").glob("mep-*.json")):
        recording = json.loads(file.read_text())
        raw = bytes.fromhex(recording["raw_hex"])
        for request in (None, asked(tables.BT28)):
            found = heard(Mep(request), [raw[at : at + piece] for at in range(0, len(raw), piece)])
            count = sum(isinstance(each, Telegram) for each in found)
            assert count == recording["expect"]["telegrams"], file.name


def test_what_is_momentary_stands_in_bt28() -> None:
    """ANSI C12.19, table 28: W and var, mA, mV, mHz."""
    found = one(REPLY, tables.BT28).values
    assert found["32.7.0"] == Value(230.412, "V", raw=230412, scaler=-3)
    assert {key: found[key].value for key in NOW} == NOW
    assert one(REPLY).values == found


def test_the_demands_before_bt28_move_it() -> None:
    """BT21: 4 bytes a present demand, or 7 with the time it has left."""
    layout = tables.layout_of(bytes([tables.REMAINING_FLAG, 0, 0, 8, 0, 0, 1, 4, 2, 10]))
    moved = meter.table(bytes(14) + POWER)
    assert layout.power == 14
    (told,) = telegrams(Mep(asked(tables.BT28), layout), moved)
    assert told.values == one(moved).values == one(REPLY).values


def test_energies_and_tiers_stand_in_bt23() -> None:
    """ANSI C12.19, table 23: the total, then the tiers that have counted."""
    found = values(meter.table(ENERGY), tables.BT23)
    blocks = [[found.pop(f"{code}.8.{tier}") for code in (1, 2, 3, 4)] for tier in (0, 1, 2)]
    assert blocks == [
        [12_345_678, 4_321, 777, 88_888],
        [12_000_000, 4_000, 0, 0],
        [345_678, 321, 0, 0],
    ]
    assert found == {}


def test_a_count_of_resets_moves_bt23() -> None:
    """BT21, first byte, bit 2."""
    layout = tables.layout_of(bytes([tables.RESETS_FLAG, *bytes(9)]))
    assert layout.energy == 1
    moved = meter.table(b"\x03" + ENERGY)
    assert values(moved) == values(meter.table(ENERGY))
    (told,) = telegrams(Mep(asked(tables.BT23), layout), moved)
    assert told.values == one(moved).values


def test_tiers_that_do_not_make_up_the_total_are_left_out() -> None:
    """Where a meter divides its table otherwise, a wrong tariff would be worse than none."""
    table = meter.energy_table({"1.8": 5000}, [{"1.8": 4000}])
    assert values(meter.table(table)).keys() == {"1.8.0", "2.8.0", "3.8.0", "4.8.0"}


def test_the_maker_and_the_number_are_the_meter() -> None:
    """ANSI C12.19, table 1; ET03 holds the utility's number."""
    maker = one(meter.table(meter.maker_table("OHM", "83331", (3, 14), "0011223344")), tables.BT01)
    assert (maker.identity.model, maker.identity.id) == ("83331", "0011223344")
    assert maker.values["0.2.0"] == Value("3.14")
    utility = one(meter.table(b"7359990012345".ljust(139)), tables.ET03)
    assert utility.identity.id == utility.values["96.1.0"].value == "7359990012345"


def test_the_clock_is_utc_unless_a_zone_is_applied() -> None:
    """ANSI C12.19, table 52: LTIME_DATE and its qualifier."""
    at = datetime(2025, 7, 3, 12, 15, 30, tzinfo=UTC)
    assert one(meter.table(meter.clock_table(at)), tables.BT52).at == at
    local = one(meter.table(bytes.fromhex("1901020304052c")), tables.BT52).at
    assert local == datetime(2025, 1, 2, 3, 4, 5)
    assert one(meter.table(bytes.fromhex("19ff0203040500")), tables.BT52).at is None


def test_a_part_of_a_table_gives_what_is_in_it() -> None:
    """OSGP, partial read: offset in three bytes, count in two."""
    request = read_part(tables.BT28, 28, 12, 1)
    (telegram,) = telegrams(Mep(request), meter.table(POWER[28:40]))
    assert telegram.values.keys() == {"32.7.0", "52.7.0", "72.7.0"}
    assert telegram.values["32.7.0"].value == 230.412
    assert question(request) == Question(tables.BT28, 28, 12, 1)


def test_a_wrong_sequence_number_comes_with_the_right_one() -> None:
    """OSGP, response code 0C: the reply is whole, and has no values."""
    refused = meter.reply(0x0C, bytes.fromhex("00c974d1"))
    found = heard(Mep(asked(tables.BT28)), [refused])
    assert [type(each) for each in found] == [Telegram, Refused]
    assert "00c974d1" in refusals(Mep(), refused)[0].reason


def test_a_wrong_key_is_said_to_be_one() -> None:
    """OSGP, response code 0B."""
    found = refusals(Mep(asked(tables.BT23)), meter.reply(0x0B))
    assert [each.status for each in found] == ["ENCRYPTION KEY"]


def test_a_table_without_readings_says_so() -> None:
    """BT21 describes other tables."""
    found = heard(Mep(asked(tables.BT21)), [meter.table(bytes(10))])
    assert [type(each) for each in found] == [Telegram, Refused]


def test_a_reply_that_is_another_table_is_refused() -> None:
    """A reply that comes late answers the question before."""
    assert heard(Mep(asked(tables.BT28)), [meter.table(ENERGY)])[0] == Refused(
        "MEP: BT28 was asked for, the reply is another table", 0
    )


@pytest.mark.parametrize("data", [bytes(220), bytes(range(220)), meter.energy_table({"1.8": 9})])
def test_a_table_that_could_be_anything_is_refused_without_its_request(data: bytes) -> None:
    """The reply does not name its table."""
    (refused,) = refusals(Mep(), meter.table(data))
    assert "no request" in refused.reason


def test_what_many_streams_hold_is_not_mentioned_without_a_request() -> None:
    """Four bytes behind 00 0F 00 00 04 stand in many a list of another protocol."""
    assert heard(Mep(), [meter.table(bytes(4)), meter.reply(0x02)]) == []


@pytest.mark.parametrize("request_", [b"", b"\x00\x11", asked(28)[:-1], b"\xff" + asked(28)[1:]])
def test_what_is_no_request_is_said_to_be_none(request_: bytes) -> None:
    """The command line hands over what somebody typed."""
    with pytest.raises(BadInput, match="MEP request"):
        Mep(request_)


def test_the_digest_is_the_published_one() -> None:
    """OSGP's own example, as the cryptanalysts' reference implementation tests it."""
    message = bytes.fromhex("0202003000037f30ea6d0000000d0020980031c3000800000000 0011")
    assert digest(message, b"\xdf" * 12).hex() == "dbe5cde507b1cb3d"


def spelled_out(message: bytes, key: bytes) -> bytes:
    """The digest as the paper writes it: key bit k, state byte j, blocks of 12 bits a key byte."""
    state = [0] * 8
    bits = [key[i] >> j & 1 for i in [*range(len(key)), *range(len(key) // 2)] for j in range(8)]
    blocks = [message[at : at + len(bits)] for at in range(0, len(message), len(bits))]
    for block in blocks or [b""]:
        for number, bit in enumerate(bits):
            j = 7 - number % 8
            z = block[number] if number < len(block) else 0
            x = 255 - (state[j] + j) % 256
            left, right = (x * 2) % 256 + x // 128, x // 2 + x % 2 * 128
            state[j] = (state[(j + 1) % 8] + z + (left if bit else -right)) % 256
    return bytes(state)


@given(st.binary(max_size=500), st.binary(min_size=16, max_size=16) | st.just(b"\xdf" * 12))
def test_the_digest_is_what_the_paper_describes(message: bytes, key: bytes) -> None:
    """Jovanovic and Neves, Practical Cryptanalysis of OSGP, section 2, with 16 bytes of key as
    MEP has."""
    assert digest(message, key) == spelled_out(message, key)


def test_a_key_has_sixteen_letters_that_count() -> None:
    """Utilities hand out 20; no error repeats the key."""
    assert key_of(" 0123456789ABCDEFxxxx\n") == b"0123456789ABCDEF"
    with pytest.raises(BadInput, match="has 5") as caught:
        key_of("SEVEN"[:5])
    assert "SEVEN" not in str(caught.value)
    assert KEY.hex() not in repr(MepClient(KEY))


def test_a_client_learns_the_sequence_number_and_goes_round() -> None:
    """OSGP, clause 9: the first request is refused with the right number in it."""
    known = {
        tables.BT21: bytes([0, 0, 0, 8, 0, 0, 0, 4, 0, 55]),
        tables.BT01: meter.maker_table("OHM", "83331", (1, 2), "77"),
        tables.BT23: ENERGY,
        tables.BT28: POWER,
    }
    client, sequence = MepClient(KEY), 0xCEACE9E2
    seen: list[Telegram | Refused] = []
    for _ in range(8):
        said = meter.answer(client.ask(), known, sequence, KEY)
        sequence = said.sequence
        seen += client.feed(said.data)
    found = [each for each in seen if isinstance(each, Telegram)]
    assert [next(iter(each.values)) for each in found] == ["96.1.0", *["1.7.0", "1.8.0"] * 2]
    assert ["0C" in each.reason for each in seen if isinstance(each, Refused)] == [True, False]
    assert client.held == 0


def test_a_client_with_the_wrong_key_hears_so() -> None:
    """OSGP, response code 0B."""
    client = MepClient(b"wrong key, alas!")
    (refused,) = client.feed(meter.answer(client.ask(), {}, 0, KEY).data)
    assert isinstance(refused, Refused)
    assert refused.status == "ENCRYPTION KEY"


def test_a_client_passes_over_a_bad_bt21_and_its_own_echo() -> None:
    """A converter may hand back what is written; the layout stays unknown then."""
    client = MepClient()
    (refused,) = client.feed(client.ask() + meter.table(bytes(3)))
    assert isinstance(refused, Refused)
    assert client.table == tables.BT01
    with pytest.raises(BadInput):
        MepClient(again=())


def test_alerts_and_echoes_are_passed_over() -> None:
    """A meter sends 00 00 when it wants attention; a converter echoes what is written."""
    data = b"\x00\x00" * 3 + asked(tables.BT28) + read_part(9, 0, 2, 3) + REPLY
    (telegram,) = telegrams(Mep(asked(tables.BT28)), data)
    assert telegram.raw == REPLY


raws = st.integers(-(2**31), 2**31 - 1)


@given(st.fixed_dictionaries({code: raws for _, code, _, _ in tables.POWER}))
def test_what_is_encoded_is_decoded(numbers: dict[str, int]) -> None:
    """simulate/mep mirrors wire/mep."""
    scalers = {code: scaler for _, code, _, scaler in tables.POWER}
    shown = {code: units.shifted(raw, scalers[code]) for code, raw in numbers.items()}
    request = read_table(tables.BT28, 0)
    decoder = Mep(request, tables.Layout())
    (telegram,) = telegrams(decoder, meter.table(meter.power_table(shown)))
    assert {code: value.raw for code, value in telegram.values.items()} == numbers


@given(st.lists(st.integers(0, 10_000), max_size=6))
def test_a_telegram_may_arrive_in_any_pieces(places: list[int]) -> None:
    """A serial line cuts where it likes; noise without zeros cannot begin a reply."""
    data = b"\xffnoise" + REPLY + b"\x00\x00\x33" + meter.table(ENERGY) + REPLY[:40]
    whole = [found.raw for found in telegrams(Mep(), data)]
    assert whole == [REPLY, meter.table(ENERGY)]
    found = heard(Mep(), cut(data, places))
    assert [each.raw for each in found if isinstance(each, Telegram)] == whole
    assert isinstance(found[-1], Refused)


noise = st.binary(max_size=300) | st.sampled_from(
    [bytes(50), b"\x02\x0b\x00\x02\x00", b"\x00\x09\x01" * 9, REPLY[:-1], b"\x00\x11\x30"]
)


@given(st.lists(noise, max_size=20))
def test_noise_is_never_raised_and_never_held(parts: list[bytes]) -> None:
    """A line that nobody drives."""
    for decoder in (Mep(), Mep(asked(tables.BT23)), MepClient()):
        for part in parts:
            decoder.feed(part)
            assert decoder.held <= 525
    closed = Mep()
    closed.feed(b"".join(parts))
    closed.close()
    assert closed.held == 0


@given(st.integers(0, 39))
def test_a_flipped_bit_in_the_header_never_gives_a_telegram(bit: int) -> None:
    """Length, code and count agree or nothing is believed; there is no checksum that could be
    checked."""
    data = bytearray(REPLY)
    data[bit // 8] ^= 1 << bit % 8
    assert telegrams(Mep(), bytes(data)) == []
