"""Frames of the wired M-Bus, and the transport that some DLMS meters put into them.

`68 L L 68 | control | address | CI | data | sum | 16`, L counting control to data.  A long APDU
comes in numbered segments: the CI field holds the number in its low nibble and 0x10 in the last
one, and two bytes with the service access points follow it. Source: EN 13757-2, 5 (frames); EN
13757-1, annex (CI 0x00 to 0x1F); the network operators' papers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ohmstead.wire.hdlc import Message
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused, Telegram

START, STOP = 0x68, 0x16
AROUND = 6  # bytes of a frame that L does not count: 68 L L 68, sum, 16
CONTROL_ADDRESS_CI = 3
LAST, NUMBER = 0x10, 0x0F
TRANSPORT = 0x1F  # the highest CI of a segment
ACCESS_POINTS = 2  # source and destination


@dataclass(frozen=True, slots=True)
class Frame:
    """A long frame whose sum is right."""

    control: int
    address: int
    ci: int
    data: bytes
    raw: bytes
    offset: int


class MbusFrames(Stream[Frame | Refused]):
    """Long frames in any stream of bytes; short ones and the single E5 are passed over.

    It holds at most one frame (261 bytes) and one piece of input.
    """

    def _take(self, *, final: bool) -> Iterator[Frame | Refused]:
        while True:
            start = self._buffer.find(START)
            self._drop(start if start >= 0 else len(self._buffer))
            if not self._buffer:
                return
            end = self._end()
            if end == 0 or (final and (end is None or end > len(self._buffer))):
                self._drop(1)
            elif end is None or end > len(self._buffer):
                return
            elif self._buffer[end - 1] != STOP:
                self._drop(1)
            else:
                yield self._frame(end)

    def _end(self) -> int | None:
        """Where the frame at the front ends; None while that is not known, 0 if there is none."""
        head = self._buffer[:4]
        length = head[1] if len(head) > 1 else None
        if length is not None and length < CONTROL_ADDRESS_CI:
            return 0
        if (len(head) > 2 and head[2] != length) or (len(head) > 3 and head[3] != START):
            return 0
        return length + AROUND if len(head) == 4 and length is not None else None

    def _frame(self, end: int) -> Frame | Refused:
        raw, offset = bytes(self._buffer[:end]), self._passed
        body = raw[4:-2]
        if sum(body) & 0xFF != raw[-2]:
            self._drop(1)
            return Refused("M-Bus: the sum of a frame is wrong", offset)
        self._drop(end)
        return Frame(body[0], body[1], body[2], body[3:], raw, offset)


def nobody(_: Frame) -> None:
    """Leaves the frames of other applications alone."""


class MbusLink:
    """The link layer of DLMS over M-Bus: segments joined into messages.

    A frame that is no segment is given to `other`, and what it makes of it comes out in its place.
    It holds at most 16 segments of 250 bytes, and what the frames hold.
    """

    def __init__(self, other: Callable[[Frame], Telegram | Refused | None] = nobody) -> None:
        self._frames = MbusFrames()
        self._segments: list[Frame] = []
        self._other = other

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return self._frames.held + sum(len(frame.raw) + len(frame.data) for frame in self._segments)

    def feed(self, data: bytes) -> list[Message | Telegram | Refused]:
        """Whatever `data` completes."""
        return self._all(self._frames.feed(data))

    def close(self) -> list[Message | Telegram | Refused]:
        """What the end of the stream completes."""
        found = self._all(self._frames.close())
        if self._segments:
            found.append(self._lost("the stream ends before the last segment"))
        return found

    def _all(self, frames: list[Frame | Refused]) -> list[Message | Telegram | Refused]:
        found: list[Message | Telegram | Refused] = []
        for frame in frames:
            if isinstance(frame, Refused):
                found.append(frame)
            elif frame.ci > TRANSPORT:
                if (other := self._other(frame)) is not None:
                    found.append(other)
            elif len(frame.data) > ACCESS_POINTS:
                found.extend(self._join(frame))
        return found

    def _join(self, frame: Frame) -> Iterator[Message | Refused]:
        number = frame.ci & NUMBER
        if self._segments and number != len(self._segments):
            yield self._lost("a segment is missing")
        if number != len(self._segments):
            yield Refused("M-Bus: a message lacks its first segment", frame.offset)
            return
        self._segments.append(frame)
        if frame.ci & LAST:
            segments, self._segments = self._segments, []
            yield Message(
                b"".join(segment.data[ACCESS_POINTS:] for segment in segments),
                b"".join(segment.raw for segment in segments),
                segments[0].offset,
            )
        elif number == NUMBER:
            yield self._lost("a message of segments has no end")

    def _lost(self, reason: str) -> Refused:
        refused = Refused(f"M-Bus: {reason}", self._segments[0].offset)
        self._segments = []
        return refused
