"""HDLC frames of own making: checks, addresses, segments, flags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import ROWS, dlms, hdlc, notification

from ohmstead.wire.hdlc import Hdlc, Message
from ohmstead.wire.telegram import Refused

INFORMATION = b"\xe6\xe7\x00\x0f" + bytes(range(100, 140)) + b"\x7e\x7e/A!"


def messages(data: bytes) -> list[bytes]:
    link = Hdlc()
    return [found.payload for found in link.feed(data) + link.close() if isinstance(found, Message)]


def refused(data: bytes) -> list[str]:
    link = Hdlc()
    return [found.reason for found in link.feed(data) + link.close() if isinstance(found, Refused)]


@pytest.mark.parametrize("destination", [b"\x41", b"\x08\x83", b"\x02\x04\x06\x09"])
@pytest.mark.parametrize("source", [b"\x13", b"\x08\x83", b"\x02\x04\x06\x09"])
def test_addresses_have_one_two_or_four_bytes(destination: bytes, source: bytes) -> None:
    """IEC 62056-46, 6.4.2 (extended addressing): the lowest bit marks the last byte."""
    assert messages(hdlc(INFORMATION, destination=destination, source=source)) == [INFORMATION]


def test_an_address_of_three_bytes_is_none() -> None:
    """IEC 62056-46, 6.4.2."""
    assert messages(hdlc(INFORMATION, destination=b"\x02\x04\x07")) == []


def test_a_flag_may_close_one_frame_and_open_the_next() -> None:
    """ISO/IEC 13239, 4.2.1."""
    assert (
        messages(hdlc(INFORMATION, flags=(b"\x7e", b"")) + hdlc(INFORMATION)) == [INFORMATION] * 2
    )


def test_many_flags_between_frames_are_nothing() -> None:
    """ISO/IEC 13239, 4.7.5 (inter-frame time fill)."""
    assert (
        messages(b"\x7e" * 40 + hdlc(INFORMATION) + b"\x7e" * 3 + hdlc(INFORMATION))
        == [INFORMATION] * 2
    )


def test_the_end_of_the_stream_may_take_the_last_flag_along() -> None:
    """The FCS says whether a frame is whole; recordings often end before the flag."""
    assert messages(hdlc(INFORMATION)[:-1]) == [INFORMATION]


def test_a_frame_without_information_is_nothing() -> None:
    """IEC 62056-46, 6.4.4: without information there is no HCS, and nothing to read."""
    assert messages(hdlc(b"")) == []
    link = Hdlc()
    receive_ready = bytes.fromhex("7ea0070311115f227e")
    assert [
        found
        for found in link.feed(receive_ready + hdlc(INFORMATION))
        if isinstance(found, Message)
    ]


@given(st.integers(0, len(hdlc(INFORMATION)) * 8 - 1))
def test_a_flipped_bit_never_gives_a_message(bit: int) -> None:
    """ISO/IEC 13239, annex A: every byte between the flags is under the FCS."""
    data = bytearray(hdlc(INFORMATION))
    data[bit // 8] ^= 1 << bit % 8
    assert messages(bytes(data)) == []


def test_segments_are_joined_in_order() -> None:
    """IEC 62056-46, 6.4.4.5: the S bit says that the information goes on; the LLC is in the first
    only."""
    parts = [INFORMATION[:20], INFORMATION[20:33], INFORMATION[33:]]
    data = hdlc(parts[0], more=True) + b"noise" + hdlc(parts[1], more=True) + hdlc(parts[2])
    link = Hdlc()
    (message,) = link.feed(data)
    assert isinstance(message, Message)
    assert message.payload == INFORMATION
    assert message.raw == data.replace(b"noise", b"")
    assert message.offset == 0


def test_a_message_that_begins_anew_drops_the_segments_before_it() -> None:
    """A meter that was cut off in the middle of its segments begins again with the LLC."""
    data = hdlc(INFORMATION[:20], more=True) + hdlc(INFORMATION)
    assert messages(data) == [INFORMATION]
    assert len(refused(data)) == 1


def test_a_broken_segment_breaks_its_message() -> None:
    """What is joined around a missing piece would be somebody else's value."""
    broken = bytearray(hdlc(INFORMATION[20:33], more=True))
    broken[15] ^= 1
    data = hdlc(INFORMATION[:20], more=True) + bytes(broken) + hdlc(INFORMATION)
    assert messages(data) == [INFORMATION]


def test_segments_without_end_are_dropped() -> None:
    """The bound that the class states."""
    link = Hdlc()
    frame = hdlc(b"x" * 1000, more=True)
    for _ in range(200):
        link.feed(frame)
        assert link.held <= 2 * Hdlc.LONGEST + 4096 + 2 * len(frame)


def test_a_frame_in_a_broken_frame_is_found() -> None:
    """A length that lies, right by its HCS, must not swallow the frame that follows."""
    lying = hdlc(b"x" * 60)[:20]
    assert messages(lying + hdlc(INFORMATION) + b"\x00" * 70) == [INFORMATION]


def test_a_flag_in_noise_does_not_wait_for_its_length() -> None:
    """A wrong HCS settles it: 2 kB at 2400 baud would be eight seconds (ISO/IEC 13239, 4.9.2)."""
    link = Hdlc()
    assert link.feed(b"\x7e\xa7\xff\x03\x05\x13\x00\x00" + dlms())
    assert messages(b"\x7e\xa7\xff\x03\x05\x13\x00\x00" + dlms()) == [notification(ROWS)]
