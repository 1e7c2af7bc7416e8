"""General block transfer; own blocks after IEC 62056-5-3."""

import pytest
from tests.wire.telegrams import blocks

from ohmstead.wire.gbt import Blocks
from ohmstead.wire.hdlc import Message
from ohmstead.wire.telegram import Refused

APDU = bytes(range(150))


def joined(*parts: bytes) -> list[Message | Refused]:
    transfer = Blocks()
    found = [one for at, part in enumerate(parts) for one in transfer.join(Message(part, part, at))]
    return found + transfer.close()


def payloads(*parts: bytes) -> list[bytes]:
    return [one.payload for one in joined(*parts) if isinstance(one, Message)]


def test_blocks_are_put_together() -> None:
    """IEC 62056-5-3, general-block-transfer: numbered from 1, 0x80 in the control of the last."""
    (message,) = joined(*blocks(APDU))
    assert isinstance(message, Message)
    assert (message.payload, message.raw, message.offset) == (APDU, b"".join(blocks(APDU)), 0)


def test_what_is_no_block_goes_through() -> None:
    """Most meters need none."""
    assert payloads(b"\x0fabc") == [b"\x0fabc"]
    assert payloads(*blocks(APDU)[:2], b"\x0fabc") == [b"\x0fabc"]


def test_block_one_begins_anew() -> None:
    """Landis+Gyr E450: a message may lack its last blocks, and the next follows at once."""
    assert payloads(*blocks(APDU)[:2], *blocks(APDU)) == [APDU]


@pytest.mark.parametrize("gone", [0, 1, 3])
def test_a_missing_block_costs_its_message_only(gone: int) -> None:
    """Blocks without the ones between them are no APDU."""
    parts = blocks(APDU)
    del parts[gone]
    assert payloads(*parts, *blocks(APDU)) == [APDU]
    assert any(isinstance(one, Refused) for one in joined(*parts))


def test_a_cut_block_is_refused() -> None:
    """The length says more than there is."""
    assert [type(one) for one in joined(blocks(APDU)[0][:-1])] == [Refused]
    assert [type(one) for one in joined(b"\xe0")] == [Refused]


def test_blocks_without_end_are_dropped() -> None:
    """The bound that the class states."""
    transfer = Blocks()
    for number in range(1, 2000):
        block = b"\xe0\x40" + number.to_bytes(2, "big") + b"\x00\x00\x64" + bytes(100)
        transfer.join(Message(block, block, 0))
        assert transfer.held <= Blocks.LONGEST
