"""Objects as the meter sent them.  Source: newer firmware, report objects; IEC 62056-6-2."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.reading.reading import Identity
from ohmstead.wire import cosem
from ohmstead.wire.axdr import Reader, Unreadable
from ohmstead.wire.cipher import Keys
from ohmstead.wire.objects import Leaf, Tagged, applied, objects
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram

HEAD = bytes.fromhex("0f000000000c07ea0501050c000000ff8880")


def octets(text: bytes) -> bytes:
    return bytes([9, len(text)]) + text


def name(*places: int) -> bytes:
    return octets(bytes(places))


def read(body: bytes) -> Telegram:
    found = cosem.telegram(HEAD + body, framing="hdlc", raw=b"")
    assert isinstance(found, Telegram)
    return found


def entry(kind: int, attribute: int, *places: int) -> bytes:
    return (
        b"\x02\x04\x12" + kind.to_bytes(2, "big") + name(*places) + bytes([15, attribute, 18, 0, 0])
    )


PUSHED = (
    b"\x02\x05\x01\x05"
    + entry(40, 2, 0, 8, 25, 9, 0, 255)
    + entry(1, 2, 0, 0, 42, 0, 0, 255)
    + entry(3, 2, 1, 1, 1, 8, 0, 255)
    + entry(3, 2, 1, 0, 31, 7, 0, 255)
    + entry(3, 2, 1, 0, 1, 7, 0, 255)
    + octets(b"LGZ1")
    + b"\x15" + (75133).to_bytes(8, "big")
    + b"\x14" + (9).to_bytes(8, "big")
    + b"\x06" + (1200).to_bytes(4, "big")
)  # fmt: skip


def test_a_push_list_is_shown_with_tags_raw_values_units_and_scalers() -> None:
    """Report objects, example: class 40 with its list, class 1 in hexadecimal, class 3 as it is
    scaled: tag 21 and 20 of 8 bytes, tag 6 of 4, units 30 Wh, 33 A, 27 W."""
    setup, identifier, *registers = objects(read(PUSHED), {})
    assert (setup["logical_name"], setup["class"], setup["size"]) == ("0-8:25.9.0", 40, 5)
    assert setup["push_object_list"][2] == {
        "logical_name": "1-1:1.8.0", "class": 3, "attribute": 2, "data_index": 0,
    }  # fmt: skip
    assert identifier == {
        "logical_name": "0-0:42.0.0", "class": 1, "tag": 9, "size": 4, "value": "4C475A31",
    }  # fmt: skip
    assert [tuple(register.values()) for register in registers] == [
        ("1-1:1.8.0", 3, 21, 8, 75133, 30, 0),
        ("1-0:31.7.0", 3, 20, 8, 9, 33, -2),
        ("1-0:1.7.0", 3, 6, 4, 1200, 27, 0),
    ]
    assert list(registers[0]) == ["logical_name", "class", "tag", "size", "value", "unit", "scaler"]


def test_rows_with_scaler_and_unit_are_shown_with_theirs() -> None:
    """IEC 62056-6-2, class 3: scaler_unit; the clock as a time."""
    row = b"\x02\x03" + name(1, 0, 32, 7, 0, 255) + b"\x12\x09\x2e" + b"\x02\x02\x0f\xff\x16\x23"
    clock = b"\x02\x02" + name(0, 0, 1, 0, 0, 255) + octets(HEAD[6:])
    voltage, time = objects(read(b"\x01\x02" + row + clock), {"32.7.0": 3})
    assert tuple(voltage.values()) == ("1-0:32.7.0", 3, 18, 2, 2350, 35, -1)
    assert (time["class"], time["value"]) == (8, "2026-05-01T12:00:00")


def test_a_scaler_that_is_set_is_the_one_that_is_applied() -> None:
    """6.4: "overridden by a set of scalers"."""
    telegram = read(PUSHED)
    assert applied(telegram, "31.7.0", {}) == -2
    assert applied(telegram, "31.7.0", {"31.7.0": 0}) == 0
    assert applied(telegram, "42.0.0", {}) is applied(telegram, "9.9.9", {}) is None
    assert objects(telegram, {"31.7.0": 0})[3]["scaler"] == 0


def test_a_meter_that_is_not_dlms_has_no_objects() -> None:
    """Report objects: "Non-COSEM meters may return fewer"."""
    assert objects(Telegram("DSMR", "p1", {}, None, Identity(), b""), {}) == []


def flat(found: object) -> object:
    """What a reader without tags gives."""
    if isinstance(found, Leaf):
        return found.data
    if isinstance(found, list | tuple):
        return type(found)(flat(each) for each in found)
    return found


@given(st.binary(max_size=60) | st.sampled_from([PUSHED, HEAD]))
def test_tags_are_kept_and_nothing_else_is_changed(data: bytes) -> None:
    """Whatever is read with tags is what is read without, and is refused alike."""
    try:
        plain = Reader(data).value()
    except Unreadable:
        with pytest.raises(Unreadable):
            Tagged(data).value()
        return
    assert str(flat(Tagged(data).value())) == str(plain)


@given(st.integers(0, len(PUSHED) - 1), st.binary(max_size=3))
def test_no_telegram_breaks_it(at: int, instead: bytes) -> None:
    """A telegram whose layout is not what it seems: fewer objects, no error."""
    body = PUSHED[:at] + instead + PUSHED[at + len(instead) :]
    found = cosem.telegram(HEAD + body, framing="hdlc", raw=b"")
    if isinstance(found, Telegram):
        assert all("logical_name" in each for each in objects(found, {}))


def test_recorded_meters_show_an_object_for_each_value(corpus: Path) -> None:
    """Every recorded DLMS meter: an object for each value, but for those the list implies."""
    seen = 0
    for file in sorted((corpus / "telegrams" / "dlms").glob("*.json")):
        said = json.loads(file.read_text())
        keys = None
        if said["encryption_key"]:
            keys = Keys(bytes.fromhex(said["encryption_key"]))
        for telegram in Recogniser(keys).feed(bytes.fromhex(said["raw_hex"])):
            if not isinstance(telegram, Telegram):
                continue
            found = objects(telegram, {})
            assert len(found) >= len(telegram.values) - 3, file.name
            assert all("logical_name" in each and "class" in each for each in found)
            seen += 1
    assert seen > 20
