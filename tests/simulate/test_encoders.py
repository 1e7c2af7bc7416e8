"""The encoders: P1, DLMS and HDLC as the standards spell them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ohmstead.simulate import dlms, hdlc, p1
from ohmstead.wire.crc import crc16_arc, fcs16_good

ZURICH = ZoneInfo("Europe/Zurich")
WINTER, SUMMER = (datetime(2026, month, 2, 3, 4, 5, tzinfo=ZURICH) for month in (1, 7))


@pytest.mark.parametrize("at, shown", [(WINTER, "260102030405W"), (SUMMER, "260702030405S")])
def test_a_p1_clock_says_summer_or_winter(at: datetime, shown: str) -> None:
    """P1 companion standard 5.0.2, 6.4: TST, S in summer time."""
    assert p1.clock(at) == shown


def test_the_checksum_covers_slash_to_exclamation_mark() -> None:
    """P1 companion standard 5.0.2, 6.2."""
    sent = p1.telegram("ABC5x", ["0-0:96.13.0()"])
    body, end = sent.rsplit(b"!", 1)
    assert end == f"{crc16_arc(body + b'!'):04X}\r\n".encode()
    assert body == b"/ABC5x\r\n\r\n0-0:96.13.0()\r\n"


def test_an_old_telegram_ends_without_checksum() -> None:
    """P1 companion standard 2.2."""
    assert p1.telegram("ABC5x", [], checksum=False).endswith(b"\r\n!\r\n")


@pytest.mark.parametrize(
    "at, encoded",
    [
        (WINTER, "090c07ea010205030405ffffc400"),
        (SUMMER, "090c07ea070204030405ffff8880"),
    ],
)
def test_a_cosem_date_time_has_its_deviation_and_summer_bit(at: datetime, encoded: str) -> None:
    """IEC 62056-6-2, date_time: deviation -60 and -120 minutes, clock status bit 7 in summer."""
    assert dlms.date_time(at) == bytes.fromhex(encoded)


def test_a_scaler_and_unit_is_a_structure_of_two() -> None:
    """IEC 62056-6-2, register: {integer, enum}; 33 is A."""
    assert dlms.scaler_unit(-1, 33) == bytes.fromhex("02020fff1621")


def test_a_frame_carries_its_length_and_two_good_checks() -> None:
    """IEC 62056-46, frame format type 3: HCS after the header, FCS at the end."""
    sent = hdlc.frame(bytes(100))
    assert sent[0] == sent[-1] == 0x7E
    inner = sent[1:-1]
    assert int.from_bytes(inner[:2], "big") == 0xA000 | len(inner)
    assert fcs16_good(inner[:8])
    assert fcs16_good(inner)


def test_what_does_not_fit_into_one_frame_is_refused() -> None:
    """IEC 62056-46: the length has eleven bits."""
    hdlc.frame(bytes(2034))
    with pytest.raises(ValueError, match="2038 bytes"):
        hdlc.frame(bytes(2035))
