"""SML files, whole and damaged; own ones made by `simulate.sml`."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import cut, heard, refusals, slow_crc, telegrams
from tests.wire.test_stream import work

from ohmstead.reading.obis import Obis
from ohmstead.simulate import sml as made
from ohmstead.simulate.sml import Entry, Unsigned
from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.sml import Sml, identifier, moment
from ohmstead.wire.sml_frame import SmlFrames, kermit
from ohmstead.wire.sml_tree import field
from ohmstead.wire.stream import PIECE
from ohmstead.wire.telegram import Telegram, Value

SERVER = bytes.fromhex("0a01454d480000bc614e")
ENTRIES = [
    Entry(Obis(1, 0, 96, 50, 1, 1), b"EMH"),
    Entry(Obis(1, 0, 96, 1, 0), SERVER),
    Entry(Obis(1, 0, 1, 8, 0), Unsigned(54_301_577, 8), 30, -1, 0x1C0104),
    Entry(Obis(1, 0, 16, 7, 0), -29912, 27, -2),
    Entry(Obis(1, 0, 32, 7, 0), Unsigned(2305, 2), 35, -1),
    Entry(Obis(129, 129, 199, 130, 5), bytes(48)),
]
FILE = made.file(SERVER, ENTRIES, seconds=1234)


def only(data: bytes) -> Telegram:
    (telegram,) = telegrams(Sml(), data)
    return telegram


def listed(*entries: Entry, server: bytes = SERVER) -> dict[str, Value]:
    return dict(only(made.file(server, entries, seconds=1)).values)


def test_a_list_gives_its_values() -> None:
    """BSI TR-03109-1, annex IVb: name, unit, scaler, value."""
    telegram = only(FILE)
    assert (telegram.protocol, telegram.framing, telegram.raw) == ("SML", "sml", FILE)
    assert telegram.values == {
        "96.50.1*1": Value("EMH"),
        "96.1.0": Value("1 EMH00 1234 5678"),
        "1.8.0": Value(5_430_157.7, "Wh", None, 54_301_577, -1),
        "16.7.0": Value(-299.12, "W", None, -29912, -2),
        "32.7.0": Value(230.5, "V", None, 2305, -1),
        "129-129:199.130.5": Value("00" * 48),
    }


def test_the_list_says_who_the_meter_is() -> None:
    """DIN 43863-5: 1 is electricity, then maker, block and number."""
    identity = only(FILE).identity
    assert (identity.id, identity.vendor, identity.prefix) == ("1 EMH00 1234 5678", "EMH", "EMH")
    alone = only(made.file(SERVER, ENTRIES[2:3], seconds=1)).identity
    assert (alone.id, alone.prefix) == ("1 EMH00 1234 5678", "EMH")


@pytest.mark.parametrize(
    "data,text",
    [
        ("0a01445a47000282225e", "1 DZG00 4208 2910"),
        ("0901454d4800000000ff", "1 EMH00 0000 0255"),
        ("3130303131383500", "1001185"),
        ("06454d4801", "06454D4801"),
    ],
)
def test_identifiers_are_written_as_on_the_meter(data: str, text: str) -> None:
    """DIN 43863-5; anything else is text or hexadecimal."""
    assert identifier(bytes.fromhex(data)) == text


DZG, NEW_DZG = bytes.fromhex("0a01445a47000282225e"), bytes.fromhex("0a01445a4700039e2054")
POWER = Obis(1, 0, 16, 7, 0)
IMPORTING = Entry(Obis(1, 0, 1, 8, 0), Unsigned(1, 4), 30, -1, 0x1C0104)
EXPORTING = Entry(Obis(1, 0, 1, 8, 0), Unsigned(1, 4), 30, -1, 0x1C0904)


@pytest.mark.parametrize(
    "server,before,raw,value",
    [
        (DZG, [IMPORTING], -29912, 356.24),
        (DZG, [EXPORTING], -29912, -299.12),
        (DZG, [], -29912, 356.24),
        (DZG, [IMPORTING], -29912_000, -299_120),
        (NEW_DZG, [], -29912, -299.12),
        (NEW_DZG, [IMPORTING], -100, 1.56),
        (SERVER, [IMPORTING], -29912, -299.12),
    ],
)
def test_a_power_that_lost_its_sign_byte_is_positive(
    server: bytes, before: list[Entry], raw: int, value: float
) -> None:
    """DZG's DVS74 sends 356.24 W as the two bytes 8B28; its status has the direction in bit 11."""
    assert listed(*before, Entry(POWER, raw, 27, -2), server=server)["16.7.0"].value == value


PHASES = [Obis(1, 0, c, 7, 0) for c in (36, 56, 76)]


@pytest.mark.parametrize(
    "server,total,sent,right",
    [
        (DZG, 45000, (-29912, 9000, 376), (356.24, 90.0, 3.76)),
        (DZG, 6376, (-3000, 9000, 376), (-30.0, 90.0, 3.76)),
        (DZG, 65536 - 30000 + 4000 - 100, (-30000, 4000, -100), (355.36, 40.0, -1.0)),
        (DZG, 45000, (-29912, 9000), (-299.12, 90.0)),
        (SERVER, 45000, (-29912, 9000, 376), (-299.12, 90.0, 3.76)),
    ],
)
def test_a_phase_has_the_sign_that_makes_the_total(
    server: bytes, total: int, sent: tuple[int, ...], right: tuple[float, ...]
) -> None:
    """The direction in the status is that of all phases; one of them may export while the others
    import more (a two-phase list does not tell)."""
    entries = [Entry(code, raw, 27, -2) for code, raw in zip(PHASES, sent, strict=False)]
    told = listed(IMPORTING, Entry(POWER, Unsigned(total, 4), 27, -2), *entries, server=server)
    assert tuple(told[code.short].value for code in PHASES[: len(sent)]) == right


@pytest.mark.parametrize(
    "time,written",
    [
        ([2, 1_700_000_000], "2023-11-14 22:13:20+00:00"),
        ([3, [1_700_000_000, 60, 60]], "2023-11-15 00:13:20+02:00"),
        ([3, [1_700_000_000, 9000, 0]], "2023-11-14 22:13:20+00:00"),
        ([1, 1_700_000_000], None),
        ([2, 7_000_000], None),
        (7_000_000, None),
        (None, None),
    ],
)
def test_times_are_moments_where_they_are_any(time: Any, written: str | None) -> None:
    """SML_Time: seconds since the start, UTC, or local with its offsets; some meters leave the
    kind out, and some count from their start under the name of UTC."""
    at = moment(time)
    assert (at and str(at)) == written


@pytest.mark.parametrize(
    "written,value",
    [
        ("01", None),
        ("00", None),
        ("0461 6263", b"abc"),
        ("4201", True),
        ("52fe", -2),
        ("5500000265", 613),
        ("59ffffffffffffffff", -1),
        ("6207", 7),
        ("65016c54b0", 23_876_784),
        ("7262016205", [1, 5]),
        ("8103" + "41" * 17, b"A" * 17),
        ("80818202" + "41" * 286, b"A" * 286),
        ("f101" + "6201" * 17, [1] * 17),
    ],
)
def test_a_field_is_read_with_its_type_and_length(written: str, value: Any) -> None:
    """SML 1.04, chapter 6: lengths of one byte and more, left-out fields, lists."""
    data = bytes.fromhex(written)
    assert field(data, 0) == (value, len(data))


@pytest.mark.parametrize(
    "written",
    ["", "05", "0561", "7262", "71" * 40, "ffff7f", "818181818181", "5a" + "00" * 9, "5101", "80"],
)
def test_a_field_that_makes_no_sense_is_refused(written: str) -> None:
    """Hostile lengths and depths end at once."""
    with pytest.raises(Unreadable):
        field(bytes.fromhex(written), 0)


def test_kermit_is_the_crc_of_some_meters() -> None:
    """The bitwise one is what the fast one is held against."""
    for data in (b"", b"123456789", FILE):
        assert kermit(data) == slow_crc(data, polynomial=0x8408, start=0)


def test_a_file_with_the_other_checksum_is_read() -> None:
    """Holley's first DTZ541 have CRC-16/KERMIT."""
    assert only(FILE[:-2] + kermit(FILE[:-2]).to_bytes(2, "little")).values == only(FILE).values


def test_a_message_with_a_wrong_checksum_is_refused() -> None:
    """A whole file, but one message in it was damaged before it was sent."""
    body = bytearray(FILE[8 : -8 - FILE[-3]])
    body[body.index(b"EMH")] ^= 1
    (refused,) = refusals(Sml(), made.transported(bytes(body)))
    assert "checksum of a message" in refused.reason


@pytest.mark.parametrize(
    "text",
    [b"\x1b", b"\x1b" * 3, b"\x1b" * 4, b"\x1b" * 5, b"a" + b"\x1b" * 9, b"\x1b\x1b\x1b\x1b\x1a"],
)
def test_escapes_in_a_value_are_taken_out(text: bytes) -> None:
    """SML 1.04, chapter 8: four bytes 1B are sent twice."""
    assert listed(Entry(Obis(1, 0, 96, 90, 2), text))["96.90.2"].value == text.hex().upper()


def test_noise_and_cut_files_cost_themselves_only() -> None:
    """An optical head loses bytes; the next file begins anew."""
    noise = b"\x1b\x1b\x00\x1b\x1b\x1b\x1b"
    found = heard(Sml(), [noise + FILE[:100] + FILE + noise + FILE[:-1] + FILE])
    assert [type(one).__name__ for one in found if isinstance(one, Telegram)] == ["Telegram"] * 2


@given(st.lists(st.sampled_from([FILE, FILE[:90], b"\x1b" * 4, b"\x01" * 4, b"x", b"\x1a"])))
def test_a_file_may_arrive_in_any_pieces(parts: list[bytes]) -> None:
    """Byte by byte, the same telegrams and refusals come out."""
    data = b"".join(parts)
    whole = heard(Sml(), [data])
    assert heard(Sml(), [data[at : at + 1] for at in range(len(data))]) == whole
    assert heard(Sml(), cut(data, [7, 100, 105, 333])) == whole


@given(st.integers(0, len(FILE) * 8 - 1))
def test_a_flipped_bit_never_gives_a_telegram(bit: int) -> None:
    """CRC-16 finds every single one; in the fill count, nothing depends on it."""
    data = bytearray(FILE)
    data[bit // 8] ^= 1 << bit % 8
    assert telegrams(Sml(), bytes(data)) == []


@given(st.binary(max_size=300))
def test_any_messages_are_read_or_refused(messages: bytes) -> None:
    """A right checksum says nothing of what is inside."""
    assert len(heard(Sml(), [made.transported(messages)])) == 1


@pytest.mark.parametrize("unit", [b"\x1b", b"\x00", made.ESCAPE + made.VERSION, b"\x76\x1b\x1b"])
@pytest.mark.parametrize("piece", [1, 100_000])
def test_a_stream_without_end_stays_within_its_bound(unit: bytes, piece: int) -> None:
    """What begins and never ends is given up."""
    decoder = Sml()
    data = made.ESCAPE + made.VERSION + unit * (100_000 // len(unit))
    for at in range(0, len(data), piece):
        decoder.feed(data[at : at + piece])
        assert decoder.held <= SmlFrames.LONGEST + PIECE


@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize(
    "unit", [b"\x1b", b"\x1b\x00", made.ESCAPE + made.VERSION, FILE[:90], FILE]
)
def test_work_grows_with_the_stream_and_not_faster(piece: int, unit: bytes) -> None:
    """Twice the bytes are twice the work: bytes looked at are counted, no time is taken."""
    short, long = (work(SmlFrames, unit * (size // len(unit)), piece) for size in (40_000, 80_000))
    assert long <= 2.2 * short + 1000
    assert long <= 60 * 80_000


def recordings(corpus: Path, pattern: str) -> list[dict[str, Any]]:
    return [json.loads(f.read_text()) for f in sorted((corpus / "telegrams").glob(pattern))]


def test_recorded_meters_give_what_others_have_read(corpus: Path) -> None:
    """telegrams/sml: pysml and (but for the sign of DZG) smllib agree on the last list."""
    found = recordings(corpus, "sml/*.json")
    assert found
    for recording in found:
        recogniser = Recogniser()
        telegram = telegrams(recogniser, bytes.fromhex(recording["raw_hex"]))[-1]
        assert (telegram.protocol, telegram.framing) == ("SML", recording["framing"])
        for key, expected in recording["expected"].items():
            value = telegram.values[key]
            assert (value.value, value.unit) == (expected["value"], expected["unit"]), key


@pytest.mark.parametrize("piece", [100_000, 1, 17])
def test_damaged_recordings_give_what_is_left(corpus: Path, piece: int) -> None:
    """telegrams/bad/sml-* and garbage-*: `expect`, at once and in pieces."""
    found = recordings(corpus, "bad/sml-*.json") + recordings(corpus, "bad/garbage-*.json")
    assert found
    for recording in found:
        raw = bytes.fromhex(recording["raw_hex"])
        recogniser = Recogniser()
        found_ = heard(recogniser, [raw[at : at + piece] for at in range(0, len(raw), piece)])
        count = sum(isinstance(one, Telegram) for one in found_)
        assert count == recording["expect"]["telegrams"], recording["name"]
        assert recogniser.status == recording["expect"].get("status", recogniser.status)
