"""General block transfer: an APDU in numbered blocks, each in a message of its own.

`E0 | control | number | number acknowledged | length | data`; the control byte has 0x80 in the last
block. Source: IEC 62056-5-3, general-block-transfer; blocks are numbered from 1.
"""

from ohmstead.wire.axdr import Reader, Unreadable
from ohmstead.wire.hdlc import Message
from ohmstead.wire.telegram import Refused

BLOCK = b"\xe0"
LAST = 0x80
ACKNOWLEDGED = 2  # bytes


class Blocks:
    """Puts blocks together; what is no block goes through.  It holds at most `LONGEST` bytes."""

    LONGEST = 32_768

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._raw: list[bytes] = []
        self._began = 0

    @property
    def held(self) -> int:
        """Bytes that wait for the last block."""
        return sum(map(len, self._blocks)) + sum(map(len, self._raw))

    def join(self, message: Message) -> list[Message | Refused]:
        """What `message` completes: an APDU, nothing yet, or a refusal of what was begun before
        it."""
        if message.payload[:1] != BLOCK:
            return [*self.close(), message] if self._blocks else [message]
        try:
            reader = Reader(message.payload, 1)
            control = reader.take(1)[0]
            number = int.from_bytes(reader.take(2), "big")
            reader.take(ACKNOWLEDGED)
            data = reader.take(reader.length())
        except Unreadable as error:
            return [*self.close(), Refused(f"DLMS: a block is cut off: {error}", message.offset)]
        found: list[Message | Refused] = []
        if self._blocks and number != len(self._blocks) + 1:
            found = self.close()
        if number != len(self._blocks) + 1:
            return [
                *found,
                Refused("DLMS: the first blocks of a message are missing", message.offset),
            ]
        if not self._blocks:
            self._began = message.offset
        self._blocks.append(data)
        self._raw.append(message.raw)
        if control & LAST:
            found.append(Message(b"".join(self._blocks), b"".join(self._raw), self._began))
            self._blocks, self._raw = [], []
        elif self.held > self.LONGEST:
            found += self.close()
        return found

    def close(self) -> list[Message | Refused]:
        """Gives up what was begun."""
        if not self._blocks:
            return []
        self._blocks, self._raw = [], []
        return [Refused("DLMS: the last blocks of a message are missing", self._began)]
