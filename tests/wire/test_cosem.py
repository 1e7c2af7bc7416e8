"""Data notifications of own making: layouts, times, texts, identities."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import ROWS, STAMP, hdlc, notification, refusals, row, telegrams
from tests.wire.telegrams import dlms as frame

from ohmstead.wire import cosem, dlms
from ohmstead.wire.telegram import KEY_REQUIRED, Refused, Telegram, Value


def read(apdu: bytes) -> Telegram | Refused:
    return cosem.telegram(apdu, framing="hdlc", raw=apdu)


def values(*rows: bytes) -> dict[str, Value]:
    found = read(notification(rows)[3:])
    assert isinstance(found, Telegram)
    return dict(found.values)


def test_a_list_with_scaler_and_unit_gives_its_values() -> None:
    """IEC 62056-6-2, 4.3.2 (register): the value times ten to the scaler, in the unit."""
    (telegram,) = telegrams(dlms.over_hdlc(), frame())
    assert telegram.values["1.7.0"] == Value(1234, "W", None, 1234, 0)
    assert telegram.values["32.7.0"] == Value(230.4, "V", None, 2304, -1)
    assert telegram.values["31.7.0"] == Value(-5.2, "A", None, -52, -1)
    assert telegram.values["1.8.0"] == Value(20001230, "Wh", None, 2000123, 1)
    assert telegram.values["96.1.0"] == Value("42424242")
    assert telegram.values["1.0.0"].value == "2025-07-03T14:15:00"
    assert telegram.at == datetime(2025, 7, 3, 12, 15, tzinfo=UTC)
    assert (telegram.protocol, telegram.framing, telegram.raw) == ("DLMS", "hdlc", frame())


def test_the_time_of_the_notification_counts_where_the_list_has_none() -> None:
    """IEC 62056-5-3, data-notification: date-time of sending."""
    found = read(notification(ROWS[2:], stamp=b"\x0c" + STAMP)[3:])
    assert isinstance(found, Telegram)
    assert found.at == datetime(2025, 7, 3, 12, 15, tzinfo=UTC)
    tagged = read(notification(ROWS[2:], stamp=b"\x09\x0c" + STAMP)[3:])
    assert isinstance(tagged, Telegram)
    assert tagged.at == found.at
    assert "1.0.0" not in found.values


def test_rows_may_also_follow_each_other_without_brackets() -> None:
    """Netz NÖ, description of the customer interface: name, value and {scaler, unit} in one flat
    structure."""
    flat = b"".join(part[2:] for part in ROWS[2:])
    found = read(b"\x0f\x00\x00\x00\x00\x00\x02\x0c" + flat)
    assert isinstance(found, Telegram)
    assert found.values.keys() == {"1.7.0", "32.7.0", "31.7.0", "1.8.0"}
    assert found.values["32.7.0"].value == 230.4


def test_a_meter_that_calls_itself_channel_1_is_the_meter() -> None:
    """Swiss push lists write 1-1:1.8.0 for the meter's own register; gas on channel 1 stays 0-1."""
    found = values(
        row("0101010800ff", b"\x06\x00\x00\x00\x05", 0, 30),
        row("0001180201ff", b"\x06\x00\x00\x00\x07", -2, 13),
    )
    assert {key: (value.value, value.unit) for key, value in found.items()} == {
        "1.8.0": (5, "Wh"),
        "0-1:24.2.1": (0.07, "m3"),
    }


@pytest.mark.parametrize(
    "data,value",
    [
        (b"\x0a\x04ABC1", "ABC1"),
        (b"\x09\x04ABC1", "ABC1"),
        (b"\x09\x02\x00\xab", "00AB"),
        (b"\x04\x08\xa5", "A5"),
        (b"\x11\x02", 2),
        (b"\x17\x3f\xc0\x00\x00", 1.5),
        (b"\x09\x0c" + STAMP, "2025-07-03T14:15:00"),
    ],
)
def test_a_value_without_scaler_is_a_number_or_a_text(data: bytes, value: float | str) -> None:
    """IEC 62056-6-2, 4.3.1 (data): an octet string is text where it is printable, a date, or
    bytes."""
    assert values(row("0000600100ff", data))["96.1.0"].value == value


def test_null_is_no_value_and_an_empty_string_is_an_empty_one() -> None:
    """Kamstrup fills the phases that a meter has not with null data (HAN-NVE, list 1-phase)."""
    rows = (row("0000600100ff", b"\x00"), row("0000600101ff", b"\x0a\x00"), ROWS[2])
    found = values(*rows)
    assert found.keys() == {"96.1.1", "1.7.0"}
    assert found["96.1.1"].value == ""


@pytest.mark.parametrize(
    "data,at",
    [
        ("07e9070304 0e0f00 ff ff88 80", datetime(2025, 7, 3, 12, 15, tzinfo=UTC)),
        ("07e90103ff 0e0f00 00 ffc4 00", datetime(2025, 1, 3, 13, 15, tzinfo=UTC)),
        ("07e9070304 0e0f00 ff 8000 80", datetime(2025, 7, 3, 14, 15)),
        ("07e9010304 0e0f00 ff 8000 00", datetime(2025, 1, 3, 14, 15, fold=1)),
        ("07e9010304 0e0f00 ff 8000 ff", datetime(2025, 1, 3, 14, 15)),
        ("07e9010304 0effff ff 8000 ff", datetime(2025, 1, 3, 14)),
        ("ffff010304 0e0f00 ff 8000 ff", None),
        ("07e9fffe04 0e0f00 ff 8000 ff", None),
        ("07e90103ff ff0f00 ff 8000 ff", None),
    ],
)
def test_a_date_time_knows_its_offset_or_its_season(data: str, at: datetime | None) -> None:
    """IEC 62056-6-2, 4.1.6.1: deviation in minutes to UTC, 8000 for none; clock status bit 7 for
    summer time."""
    found = cosem.moment(bytes.fromhex(data))
    assert found == at
    assert found is None or at is None or found.fold == at.fold


@given(st.binary(min_size=12, max_size=12))
def test_twelve_bytes_are_a_moment_or_none(data: bytes) -> None:
    """Whatever the bytes say, nothing is raised."""
    found = cosem.moment(data)
    offset = found.utcoffset() if found else None
    assert offset is None or abs(offset) <= timedelta(hours=14)


def test_what_is_encrypted_asks_for_a_key() -> None:
    """IEC 62056-5-3, general-glo-ciphering (DB)."""
    (refused,) = refusals(
        dlms.over_hdlc(),
        hdlc(b"\xe6\xe7\x00\xdb\x08OHM\x00\x00\x00\x00\x01\x05\x20\x00\x00\x00\x01"),
    )
    assert refused.status == KEY_REQUIRED


@pytest.mark.parametrize(
    "apdu",
    [
        b"",
        b"\x0f",
        b"\x0f\x00\x00\x00\x00\x00",
        b"\xc4\x01\xc1\x00",
        notification(ROWS)[3:] + b"\x00",
        notification([])[3:],
    ],
)
def test_what_is_no_notification_is_refused(apdu: bytes) -> None:
    """Another APDU, a cut one, one with a rest, one without values."""
    assert isinstance(read(apdu), Refused)


def test_who_the_meter_is() -> None:
    """Identities of the catalogue (96.1.0, 96.1.1, 42.0.0) and the names of the Norwegian lists
    (0.2.129)."""
    text = [row("0000600100ff", b"\x0a\x0412AB"), row("0000600101ff", b"\x0a\x0434CD")]
    name = row("00002a0000ff", b"\x0a\x07LGZ1234")
    found = read(notification([*text, name])[3:])
    assert isinstance(found, Telegram)
    assert (found.identity.id, found.identity.model, found.identity.logical_name) == (
        "12AB",
        "34CD",
        "LGZ1234",
    )
    assert (found.identity.prefix, found.identity.vendor) == ("LGZ", "Landis+Gyr")
    listed = read(notification([row("0101000281ff", b"\x0a\x0bAIDON_V0001")])[3:])
    assert isinstance(listed, Telegram)
    assert (listed.identity.prefix, listed.identity.vendor) == ("AID", "Aidon")
    assert listed.identity.protocol_version == "AIDON_V0001"


@pytest.mark.parametrize("data", ["177f800000", "17ffc00000", "187ff0000000000000"])
def test_a_number_that_is_none_is_no_value(data: str) -> None:
    """IEEE 754: with infinity and NaN nobody can count, and JSON has neither."""
    told = values(row("0100010700ff", bytes.fromhex(data)), ROWS[3])
    assert set(told) == {"32.7.0"}


def test_a_boolean_is_a_number() -> None:
    """IEC 62056-6-2, 4.5.8 (disconnect control): the output state is a boolean."""
    (state,) = values(row("000060030aff", b"\x03\x01")).values()
    assert state.value == 1
    assert not isinstance(state.value, bool)
