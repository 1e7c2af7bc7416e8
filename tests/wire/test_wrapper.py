"""The DLMS wrapper; own packets after IEC 62056-4-7."""

from tests.wire.telegrams import ROWS, notification, wrapped

from ohmstead.wire.hdlc import Message
from ohmstead.wire.wrapper import Wrapper

APDU = notification(ROWS)[3:]


def payloads(data: bytes) -> list[bytes]:
    link = Wrapper()
    return [one.payload for one in link.feed(data) + link.close() if isinstance(one, Message)]


def test_an_apdu_is_taken_out_of_its_wrapper() -> None:
    """IEC 62056-4-7, 5.3: version, two ports, length."""
    link = Wrapper()
    (message,) = link.feed(wrapped(APDU))
    assert isinstance(message, Message)
    assert (message.payload, message.raw, message.offset) == (APDU, wrapped(APDU), 0)


def test_packets_follow_each_other_and_noise() -> None:
    """A connection may be taken over in the middle of a packet."""
    assert payloads(wrapped(APDU)[30:] + wrapped(APDU) * 2 + b"\x00\x01\x00") == [APDU] * 2


def test_what_is_no_apdu_or_too_long_is_passed_over() -> None:
    """There is no checksum, so the beginning must be that of something a meter pushes."""
    assert payloads(wrapped(b"\x01" + APDU) + wrapped(APDU)) == [APDU]
    assert payloads(b"\x00\x01\x00\x01\x00\x67\xff\xff\x0f" + wrapped(APDU)) == [APDU]
    assert payloads(wrapped(b"") + wrapped(APDU)) == [APDU]


def test_a_cut_packet_at_the_end_is_nothing() -> None:
    """A connection that is closed in the middle."""
    assert payloads(wrapped(APDU)[:-1]) == []
