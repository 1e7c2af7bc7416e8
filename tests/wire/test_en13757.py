"""Answers of M-Bus meters, plain and encrypted, whole and damaged; own ones made by
`simulate.en13757`."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import (
    KEYS,
    ROWS,
    cut,
    heard,
    mbus,
    notification,
    refusals,
    telegrams,
)

from ohmstead.simulate import en13757 as made
from ohmstead.wire.cipher import Keys
from ohmstead.wire.en13757 import over_mbus
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram, Value

HEAD = made.header("01234567", "ABB", 2, 2, access=7)
RECORDS = [
    made.record(b"\x03", made.whole(1234567)),
    made.record(b"\x03", made.decimal(42), tariff=2),
    made.record(b"\x03", made.decimal(99), storage=1),
    made.record(b"\x84\x3c", made.decimal(17)),
    made.record(b"\xfd\xc8\xfc\x01", made.decimal(2305, 4)),
    made.record(b"\xfd\xd9\xff\x82\x00", made.whole(-52, 2)),
    made.record(b"\x2b", made.whole(-300, 2)),
    made.record(b"\x2b", made.whole(4000, 2), function=1),
    made.record(b"\xfb\x2c", made.whole(49_985, 3)),
    b"\x0f\x01\x02",
]
PLAIN = made.answer(HEAD, RECORDS, address=3)
SEALED = made.sealed(HEAD, RECORDS[:4], KEYS.encryption)
DLMS = mbus(notification(ROWS)[3:], segment=60)


def only(data: bytes, keys: Keys | None = None) -> Telegram:
    (telegram,) = telegrams(over_mbus(keys), data)
    return telegram


def numbers(telegram: Telegram) -> dict[str, tuple[float | str, str | None]]:
    """What a telegram says under OBIS codes."""
    return {
        key: (value.value, value.unit)
        for key, value in telegram.values.items()
        if not key.startswith("record:")
    }


def test_a_telegram_has_its_records_by_number_and_by_code() -> None:
    """EN 13757-3; the codes of IEC 62056-6-1 for what is present, not for the past."""
    telegram = only(PLAIN)
    assert (telegram.protocol, telegram.framing, telegram.raw) == ("MBUS", "mbus-en13757", PLAIN)
    assert telegram.values["record:2"] == Value(99, "Wh", None, 99, 0)
    assert telegram.values["record:9"] == Value("01 02")
    assert numbers(telegram) == {
        "1.8.0": (1234567, "Wh"),
        "1.8.2": (42, "Wh"),
        "2.8.0": (170, "Wh"),
        "32.7.0": (230.5, "V"),
        "51.7.0": (-0.052, "A"),
        "16.7.0": (-300, "W"),
        "1.6.0": (4000, "W"),
        "14.7.0": (49.985, "Hz"),
    }


def test_the_header_says_who_the_meter_is() -> None:
    """EN 13757-3, 5: identification number, manufacturer, version."""
    identity = only(PLAIN).identity
    assert (identity.id, identity.vendor, identity.prefix) == ("01234567", "ABB", "ABB")
    assert identity.model == "Delta-Meter"


@pytest.mark.parametrize(
    "letters,subunit,key,unit",
    [
        ("ABB", 1, "2.8.0", "Wh"),
        ("ABB", 2, "3.8.0", "varh"),
        ("EMU", 2, "3.8.0", "varh"),
        ("SBC", 1, "3.8.0", "varh"),
        ("QQQ", 1, None, None),
    ],
)
def test_subunits_mean_what_their_maker_says(
    letters: str, subunit: int, key: str | None, unit: str | None
) -> None:
    """The makers' M-Bus manuals; what nobody has said stays a record."""
    record = made.record(b"\x03", made.whole(5), subunit=subunit)
    telegram = only(made.answer(made.header("00000001", letters, 9, 2), [record]))
    assert numbers(telegram) == ({key: (5, unit)} if key else {})


def test_reactive_power_has_a_code_for_each_direction() -> None:
    """IEC 62056-6-1: 3 is imported, 4 is exported, neither is negative."""
    records = [
        made.record(b"\xfb\x94\xfc\x01", made.whole(12, 2)),
        made.record(b"\xfb\x94\xfc\x02", made.whole(-7, 2)),
    ]
    assert numbers(only(made.answer(HEAD, records))) == {
        "23.7.0": (12, "var"),
        "44.7.0": (7, "var"),
    }


def test_voltages_between_phases_have_codes_of_their_own() -> None:
    """EN 13757-3, table 16, and the catalogue."""
    records = [
        made.record(b"\xfd\xc9\xfc" + bytes([5 + n]), made.whole(400 + n, 2)) for n in range(3)
    ]
    found = numbers(only(made.answer(HEAD, records)))
    assert found == {"124.7.0": (400, "V"), "125.7.0": (401, "V"), "126.7.0": (402, "V")}


def test_an_energy_in_another_unit_has_no_code() -> None:
    """EN 13757-3, table 12 (0xFB): calories and joules are of heat, whoever sends them."""
    records = [made.record(b"\xfb\x0d", made.whole(5)), made.record(b"\x0e", made.whole(5))]
    assert numbers(only(made.answer(HEAD, records))) == {}


def test_what_is_said_twice_has_no_code() -> None:
    """Six voltages of one meter without a phase: nobody knows which is which."""
    record = made.record(b"\xfd\x49", made.whole(230, 2))
    assert numbers(only(made.answer(HEAD, [record, record]))) == {}


@pytest.mark.parametrize(
    "kind,vib,expected",
    [
        (3, b"\x13", (1.234, "m3")),
        (7, b"\x13", (1.234, "m3")),
        (4, b"\x06", (1_234_000, "Wh")),
        (12, b"\x0e", (1_234_000_000, "J")),
    ],
)
def test_gas_water_and_heat_become_a_channel(
    kind: int, vib: bytes, expected: tuple[float, str]
) -> None:
    """P1 companion standard: 0-N:24.2.1 is the last value of the meter on channel N."""
    records = [made.record(vib, made.decimal(1234)), made.record(vib, made.decimal(5), storage=1)]
    head = made.header("10020387", "ACW", 0x14, kind)
    found = numbers(only(made.answer(head, records, address=4)))
    assert found == {
        "0-4:24.1.0": (kind, None),
        "0-4:96.1.0": (b"10020387".hex(), None),
        "0-4:24.2.1": expected,
    }
    far = numbers(only(made.answer(head, records, address=200)))
    assert far["0-1:24.2.1"] == expected


def test_the_meters_clock_is_the_telegrams() -> None:
    """EN 13757-3, 0x6D with storage 0: the time of now; with another one, of the past."""
    past = made.record(b"\x6d", (4, bytes.fromhex("00010111")), storage=1)
    now = made.record(b"\x6d", (4, bytes.fromhex("2b0f791a")))
    telegram = only(made.answer(HEAD, [past, now]))
    assert str(telegram.at) == "2011-10-25 15:43:00"


def test_an_encrypted_telegram_opens_with_its_key() -> None:
    """EN 13757-7, mode 5: AES-128 in CBC, the address and the access number as its vector."""
    assert numbers(only(SEALED, KEYS)) == numbers(only(made.answer(HEAD, RECORDS[:4])))
    assert [one.status for one in refusals(over_mbus(), SEALED)] == ["KEY REQUIRED"]
    wrong = Keys(bytes(16))
    assert [one.status for one in refusals(over_mbus(wrong), SEALED)] == ["ENCRYPTION KEY"]


def test_another_kind_of_encryption_is_refused() -> None:
    """EN 13757-7, mode 7: its key is derived by a layer that the wired bus does not have."""
    head = made.header("01234567", "ABB", 2, 2, configuration=0x0710)
    (refused,) = refusals(over_mbus(KEYS), made.frame(head + bytes(16)))
    assert refused.status == "KEY REQUIRED"


def test_a_signature_of_an_older_standard_is_no_encryption() -> None:
    """EN 1434-3: the two bytes were reserved, and some meters put something there."""
    head = made.header("01234567", "ABB", 2, 2, configuration=0x2717)
    for count in (1, len(RECORDS)):
        assert numbers(only(made.answer(head, RECORDS[:count])))["1.8.0"] == (1234567, "Wh")


@pytest.mark.parametrize(
    "ci,head,identifier",
    [
        (made.SHORT, bytes(4), "123"),
        (made.NONE, b"", "123"),
    ],
)
def test_short_headers_are_read_too(ci: int, head: bytes, identifier: str) -> None:
    """EN 13757-3, CI 0x7A and 0x78: who it is, only a record can say."""
    records = made.record(b"\x78", made.decimal(123)) + RECORDS[0]
    telegram = only(made.frame(head + records, ci=ci))
    assert telegram.identity.id == identifier
    assert numbers(telegram) == {"1.8.0": (1234567, "Wh")}


def test_the_old_mode_with_the_highest_byte_first_is_read() -> None:
    """EN 1434-3, mode 2, CI 0x76."""
    head = bytes.fromhex("01234567 0442 02 02 07 00 0000")
    data = made.frame(head + bytes.fromhex("0203 04d2"), ci=made.LONG_REVERSED)
    telegram = only(data)
    assert telegram.identity.id == "01234567"
    assert telegram.identity.prefix == "ABB"
    assert numbers(telegram) == {"1.8.0": (1234, "Wh")}


@pytest.mark.parametrize("binary", [False, True])
def test_fixed_data_gives_two_counters(binary: bool) -> None:
    """EN 1434-3, 7.2: units 0x05 (kWh) and 0x2A (10 l), medium electricity."""
    data = made.fixed("12345678", (0x80 | 0x05, 0x2A), (1234, 56), binary=binary)
    telegram = only(data)
    assert telegram.identity.id == "12345678"
    assert telegram.values["record:0"] == Value(1234, "kWh", None, 1234)
    assert telegram.values["record:1"] == Value(560, "l", None, 56)
    assert numbers(telegram) == {"1.8.0": (1234, "kWh")}


def test_the_status_is_said_when_there_is_one() -> None:
    """EN 13757-3, table 5: power low, errors."""
    head = made.header("01234567", "ABB", 2, 2, status=0x14)
    assert only(made.answer(head, RECORDS[:1])).values["97.97.0"] == Value("14")


def test_requests_and_acknowledgements_are_passed_over() -> None:
    """EN 13757-2: E5, short frames, and what a master sends, echoed by the level converter."""
    request = bytes.fromhex("107b017c16") + made.frame(bytes(8), ci=0x52, control=0x73)
    found = heard(over_mbus(), [b"\xe5\xe5" + request + PLAIN])
    assert [type(one) for one in found] == [Telegram]


def test_an_application_error_is_refused() -> None:
    """EN 13757-3, CI 0x70: the meter says that it cannot answer."""
    assert "application error" in refusals(over_mbus(), made.frame(b"\x08", ci=0x70))[0].reason


def test_what_follows_a_cut_record_is_lost_but_not_what_came_before() -> None:
    """A meter that counts its bytes wrongly still has an energy."""
    data = made.answer(HEAD, [*RECORDS[:1], b"\x04\x03\x00"])
    assert numbers(only(data)) == {"1.8.0": (1234567, "Wh")}
    assert telegrams(over_mbus(), made.answer(HEAD, [b"\x04\x03\x00"])) == []


def test_one_bus_carries_meters_of_both_kinds() -> None:
    """EN 13757-1: CI 0x00 to 0x1F is DLMS, 0x72 the bus's own records."""
    found = telegrams(over_mbus(), DLMS + PLAIN + DLMS + b"\xe5" + PLAIN)
    assert [telegram.protocol for telegram in found] == ["DLMS", "MBUS", "DLMS", "MBUS"]


@given(st.lists(st.integers(0), max_size=8))
def test_a_telegram_may_arrive_in_any_pieces(places: list[int]) -> None:
    """A serial line cuts where it likes."""
    data = b"\xe5h" + PLAIN + b"\x10" + SEALED + DLMS + PLAIN
    assert heard(over_mbus(KEYS), cut(data, places)) == heard(over_mbus(KEYS), [data])


@given(st.binary(max_size=200), st.sampled_from([0x72, 0x73, 0x76, 0x77, 0x78, 0x7A]))
def test_any_content_is_read_or_refused(content: bytes, ci: int) -> None:
    """A right sum says nothing of what is inside: one answer, and nothing is raised."""
    assert len(heard(over_mbus(KEYS), [made.frame(content, ci=ci)])) == 1


@given(st.integers(0, len(PLAIN) * 8 - 1))
def test_a_flipped_bit_never_gives_a_telegram(bit: int) -> None:
    """EN 13757-2: length twice, start twice, sum and stop."""
    data = bytearray(PLAIN)
    data[bit // 8] ^= 1 << bit % 8
    assert telegrams(over_mbus(), bytes(data)) == []


def recordings(corpus: Path, pattern: str) -> list[dict[str, Any]]:
    return [json.loads(f.read_text()) for f in sorted((corpus / "telegrams").glob(pattern))]


def test_recorded_meters_give_what_others_have_read(corpus: Path) -> None:
    """telegrams/mbus: libmbus and pyMeterBus agree on value and unit of each record."""
    found = recordings(corpus, "mbus/*.json")
    assert found
    for recording in found:
        recogniser = Recogniser()
        (telegram,) = telegrams(recogniser, bytes.fromhex(recording["raw_hex"]))
        assert telegram.framing == recording["framing"]
        said = {
            key: (value.value, value.unit)
            for key, value in telegram.values.items()
            if key.startswith("record:")
        }
        expected = {
            key: (record["value"], record["unit"])
            for key, record in recording["expected"].items()
            if record["value"] != ""
        }
        assert said == expected, recording["name"]
        slave = recording["slave"]
        assert telegram.identity.id == slave["Id"].zfill(8), recording["name"]
        assert telegram.identity.prefix == slave["Manufacturer"], recording["name"]


@pytest.mark.parametrize("piece", [100_000, 1, 17])
def test_damaged_recordings_give_what_is_left(corpus: Path, piece: int) -> None:
    """telegrams/bad/en13757-*: `expect`, at once and in pieces."""
    found = recordings(corpus, "bad/en13757-*.json")
    assert found
    for recording in found:
        raw = bytes.fromhex(recording["raw_hex"])
        pieces = [raw[at : at + piece] for at in range(0, len(raw), piece)]
        count = sum(isinstance(one, Telegram) for one in heard(Recogniser(), pieces))
        assert count == recording["expect"]["telegrams"], recording["name"]
