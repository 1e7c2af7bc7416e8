"""Frames of the wired M-Bus and the segments in them; own frames after EN 13757-2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import mbus

from ohmstead.wire.hdlc import Message
from ohmstead.wire.mbus_link import Frame, MbusFrames, MbusLink
from ohmstead.wire.telegram import Refused

PAYLOAD = bytes(range(200)) * 3


def found(data: bytes) -> list[Message | Refused]:
    link = MbusLink()
    return link.feed(data) + link.close()


def payloads(data: bytes) -> list[bytes]:
    return [one.payload for one in found(data) if isinstance(one, Message)]


@pytest.mark.parametrize("segment", [40, 200, 240])
def test_segments_are_joined_by_their_number(segment: int) -> None:
    """EN 13757-1, transport in CI 0x00 to 0x1F: number in the low nibble, 0x10 in the last."""
    data = mbus(PAYLOAD, segment=segment)
    (message,) = found(data)
    assert isinstance(message, Message)
    assert message.payload == PAYLOAD
    assert message.raw == data


def test_noise_between_segments_does_no_harm() -> None:
    """A wired bus picks up single bytes; E5 is an acknowledgement (EN 13757-2, 5.5)."""
    first, second = mbus(PAYLOAD[:300])[:251], mbus(PAYLOAD[:300])[251:]
    assert payloads(b"\xe5h\xe5" + first + b"\xe5\x10\x7b" + second) == [PAYLOAD[:300]]


def test_a_missing_segment_costs_its_message_only() -> None:
    """What is joined around a hole would be another meter's value."""
    whole = mbus(PAYLOAD, segment=240)
    first, last = whole[:251], whole[2 * 251 :]
    assert payloads(first + last + whole) == [PAYLOAD]
    assert payloads(last + whole) == [PAYLOAD]
    assert payloads(first + whole) == [PAYLOAD]
    assert [type(one) for one in found(first)] == [Refused]


def test_segments_without_end_are_dropped() -> None:
    """There are sixteen numbers, and no more than that is held."""
    link = MbusLink()
    for frame in (mbus(bytes(100), ci=number % 16) for number in range(100)):
        link.feed(frame)
        assert link.held < 16 * 2 * 112 + 261


@given(st.integers(0, len(mbus(b"\x0f" * 30)) * 8 - 1))
def test_a_flipped_bit_never_gives_a_message(bit: int) -> None:
    """EN 13757-2, 5.6: length twice, start twice, sum and stop."""
    data = bytearray(mbus(b"\x0f" * 30))
    data[bit // 8] ^= 1 << bit % 8
    assert payloads(bytes(data)) == []


def test_a_frame_says_control_address_and_ci() -> None:
    """EN 13757-2, 5.3 (long frame)."""
    (frame,) = MbusFrames().feed(bytes.fromhex("68 05 05 68 08 01 72 aa bb e0 16".replace(" ", "")))
    assert isinstance(frame, Frame)
    assert (frame.control, frame.address, frame.ci, frame.data) == (8, 1, 0x72, b"\xaa\xbb")


def test_frames_of_other_applications_are_left_alone() -> None:
    """CI 0x72 is the variable data structure of EN 13757-3, not a segment."""
    assert found(mbus(PAYLOAD[:20], ci=0x72)) == []
