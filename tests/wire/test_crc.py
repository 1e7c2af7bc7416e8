"""The fast checksums, held against the definition."""

from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import slow_crc

from ohmstead.wire.crc import crc16_arc, fcs16, fcs16_good


@given(st.binary(max_size=600))
def test_the_crc_of_p1_is_the_one_that_bits_give(data: bytes) -> None:
    """CRC-16/ARC as the P1 companion standard 5.0.2, 6.2, defines it."""
    assert crc16_arc(data) == slow_crc(data, polynomial=0xA001, start=0)


@given(st.integers(0, 20_000), st.sampled_from([0x00, 0x01, 0x80, 0xFF]))
def test_the_crc_of_p1_holds_for_long_and_empty_ones(length: int, byte: int) -> None:
    """Lengths up to the longest telegram, where the folding begins with other powers
    (crc16_arc)."""
    data = bytes([byte]) * length
    last = crc16_arc(data)
    assert crc16_arc(data + last.to_bytes(2, "little")) == 0


@given(st.binary(max_size=300))
def test_the_fcs_of_hdlc_is_the_one_that_bits_give(data: bytes) -> None:
    """CRC-16/X-25 as ISO/IEC 13239, annex A, defines it."""
    assert fcs16(data) == slow_crc(data, polynomial=0x8408, start=0xFFFF) ^ 0xFFFF


@given(st.binary(max_size=100), st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_is_noticed(data: bytes, place: int, bit: int) -> None:
    """A right FCS is good and one bit makes it wrong (ISO/IEC 13239, annex A)."""
    whole = bytearray(data + fcs16(data).to_bytes(2, "little"))
    assert fcs16_good(bytes(whole))
    whole[place % len(whole)] ^= 1 << bit
    assert not fcs16_good(bytes(whole))
