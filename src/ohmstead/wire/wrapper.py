"""The DLMS wrapper: how an APDU travels over TCP and UDP.

`00 01 | source port | destination port | length | APDU`.  There is no checksum, so what is no
beginning of an APDU is not waited for.  Source: IEC 62056-4-7, 5.3 (wrapper sublayer).
"""

from collections.abc import Iterator

from ohmstead.wire.hdlc import Message
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused

VERSION = b"\x00\x01"
HEADER = 8
APDUS = (b"\x0f", b"\xdb\x08", b"\xdc\x08", b"\xe0")
"""How an APDU begins that a meter pushes: notification, ciphered with its system title, block."""


class Wrapper(Stream[Message | Refused]):
    """The link layer of DLMS over TCP; it holds at most `LONGEST` bytes and one piece of input."""

    LONGEST = 8192
    """Bytes of one APDU; a longer length is no wrapper."""

    def _take(self, *, final: bool) -> Iterator[Message | Refused]:
        buffer = self._buffer
        while True:
            start = buffer.find(VERSION)
            if start < 0:  # the first byte of the version may be the last of the buffer
                self._drop(len(buffer) - (buffer[-1:] == VERSION[:1]))
                return
            self._drop(start)
            begun = bytes(buffer[HEADER : HEADER + 2])
            length = int.from_bytes(buffer[6:8], "big") if len(buffer) >= HEADER else 1
            if not 0 < length <= self.LONGEST or not any(
                apdu.startswith(begun) or begun.startswith(apdu) for apdu in APDUS
            ):
                self._drop(1)
            elif len(buffer) >= HEADER and len(buffer) >= HEADER + length:
                raw, offset = bytes(buffer[: HEADER + length]), self._passed
                self._drop(len(raw))
                yield Message(raw[HEADER:], raw, offset)
            elif final:
                self._drop(1)
            else:
                return
