"""HDLC frames of DLMS meters: type 3, length in the header, checked by HCS and FCS, segments
joined.

`7E | A0..A7 length | destination | source | control | HCS | information | FCS | 7E`.  There is no
byte stuffing: a 7E inside is data, and the length says where the frame ends.  One flag may close a
frame and open the next.
Source: IEC 62056-46, 6.4 (frame format type 3); ISO/IEC 13239, 4.9 and annex A.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ohmstead.wire.crc import fcs16_good
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused

FLAG = 0x7E
TYPE_3, TYPE_MASK = 0xA0, 0xF0
SEGMENTED = 0x08  # the S bit: the information goes on in the next frame
ADDRESS_LENGTHS = (1, 2, 4)  # the last byte of an address has its lowest bit set
CHECK = 2  # bytes of HCS and FCS
LLC_LENGTH = 3
LLC = (b"\xe6\xe7\x00", b"\xe6\xe6\x00")
"""The logical link control in front of an APDU: response, command.  It stands in the first segment
only."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a link layer carries: one payload, the bytes it came in, and where they began in the
    stream."""

    payload: bytes
    raw: bytes
    offset: int

    def without_llc(self) -> "Message":
        """The same without the logical link control, if there is one."""
        if self.payload.startswith(LLC):
            return Message(self.payload[LLC_LENGTH:], self.raw, self.offset)
        return self


_ODD = b"[" + b"".join(rb"\x%02x" % byte for byte in range(1, 256, 2)) + b"]"
_EVEN = _ODD.replace(b"[", b"[^")
_ADDRESS = b"(?:%s|%s%s|%s{3}%s)" % (_ODD, _EVEN, _ODD, _EVEN, _ODD)
HEAD = re.compile(b"~..%s%s(?=.)" % (_ADDRESS, _ADDRESS), re.DOTALL)
"""Flag, frame format and both addresses, with the control byte behind them."""


def header_length(frame: bytes | bytearray) -> int | None:
    """Bytes of format, addresses and control after the flag; None while they are not all there, 0
    if wrong.

    `frame` begins with its flag.
    """
    if whole := HEAD.match(frame):
        return whole.end()
    end = 3  # flag and frame format
    for _ in ("destination", "source"):
        for length in range(1, ADDRESS_LENGTHS[-1] + 1):
            if end + length > len(frame):
                return None
            if frame[end + length - 1] & 1:
                break
        else:
            return 0
        if length not in ADDRESS_LENGTHS:
            return 0
        end += length
    return end if end < len(frame) else None  # 2 + addresses + 1 (control) = end - flag + control


class Hdlc(Stream[Message | Refused]):
    """Frames in, information out, with the segments of one message joined.

    It holds at most one frame (2 kB), one piece of input and `LONGEST` bytes of segments.
    """

    LONGEST = 32_768
    """Bytes of one segmented message; a meter's are under 2 kB."""

    def __init__(self) -> None:
        super().__init__()
        self._segments: list[bytes] = []
        self._raw: list[bytes] = []
        self._began = 0

    @property
    def held(self) -> int:
        return len(self._buffer) + sum(map(len, self._segments)) + sum(map(len, self._raw))

    def close(self) -> list[Message | Refused]:
        found = super().close()
        if self._segments:
            found.append(self._lost("the stream ends before the last segment"))
        return found

    def _take(self, *, final: bool) -> Iterator[Message | Refused]:
        while True:
            flag = self._buffer.find(FLAG)
            self._drop(flag if flag >= 0 else len(self._buffer))
            end = self._end()
            if end is None and not final:
                return
            if not self._buffer:
                return
            if not end or (final and end > len(self._buffer) + 1):
                self._drop(1)
                continue
            if end > len(self._buffer) and not final:
                return
            yield from self._frame(end)

    def _end(self) -> int | None:
        """Where the frame at the front ends, with its closing flag.

        None while that is not known, 0 if there is no frame: the header has a check of its own, so
        that a flag in noise does not wait for 2 kB to come.
        """
        buffer = self._buffer
        if len(buffer) > 1 and buffer[1] & TYPE_MASK != TYPE_3:
            return 0
        header = header_length(buffer)
        if header is None:
            return None
        length = (buffer[1] & 0x07) << 8 | buffer[2]
        checked = header + 1 + CHECK
        if not header or length < header + CHECK:
            return 0
        if length > header + CHECK:  # a frame without information has no check of the header
            if len(buffer) < checked:
                return None
            if not fcs16_good(bytes(buffer[1:checked])):
                return 0
        return length + 2

    def _frame(self, end: int) -> Iterator[Message | Refused]:
        """What the complete frame at the front says; after a wrong one the search goes on inside
        it."""
        frame = bytes(self._buffer[:end])
        header = header_length(frame) or 0
        last = end - 1
        if frame[last:] not in (b"\x7e", b""):
            yield from self._broken("a frame does not end with a flag where its length says")
        elif not fcs16_good(frame[1:last]):
            yield from self._broken("the FCS of a frame is wrong")
        else:
            offset = self._passed
            self._drop(last)  # the closing flag may open the next frame
            information = frame[header + 1 + CHECK : last - CHECK]
            if information:
                yield from self._join(information, frame, offset, more=bool(frame[1] & SEGMENTED))

    def _broken(self, reason: str) -> Iterator[Refused]:
        if self._segments:
            self._segments, self._raw = [], []
        yield Refused(f"HDLC: {reason}", self._passed)
        self._drop(1)

    def _join(
        self, information: bytes, frame: bytes, offset: int, *, more: bool
    ) -> Iterator[Message | Refused]:
        if self._segments and information.startswith(LLC):
            yield self._lost("a message begins before the last one was complete")
        if not self._segments:
            self._began = offset
        if self._segments or more:
            self._segments.append(information)
            self._raw.append(frame)
            if self.held - len(self._buffer) > 2 * self.LONGEST:
                yield self._lost("a message of segments has no end")
                return
            if more:
                return
            information, frame = b"".join(self._segments), b"".join(self._raw)
            self._segments, self._raw = [], []
        yield Message(information, frame, self._began)

    def _lost(self, reason: str) -> Refused:
        self._segments, self._raw = [], []
        return Refused(f"HDLC: {reason}", self._began)
