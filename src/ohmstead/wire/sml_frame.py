"""The transport of SML: where a file of messages begins and ends on the line, and its checksum.

`1B1B1B1B 01010101 | messages, filled up to four bytes | 1B1B1B1B 1A fill crc crc`; four bytes 1B
inside the messages are sent twice.  Source: BSI TR-03109-1, annex IVb, chapter 8 (transport
protocol, version 1).
"""

from binascii import crc_hqx
from collections.abc import Iterator
from dataclasses import dataclass

from ohmstead.wire.crc import REFLECT, fcs16
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused

ESCAPE = b"\x1b" * 4
VERSION = b"\x01" * 4
START = ESCAPE + VERSION
END = 0x1A
TRAILER = 8  # bytes from the escape to the end of a file


@dataclass(frozen=True, slots=True)
class File:
    """The messages of one transmission, escapes and fill bytes taken out."""

    messages: bytes
    raw: bytes
    offset: int


def kermit(data: bytes) -> int:
    """CRC-16/KERMIT: the polynomial of FCS-16, but neither start nor end inverted.

    >>> f"{kermit(b'123456789'):04X}"
    '2189'
    """
    register = crc_hqx(data.translate(REFLECT), 0)
    return REFLECT[register & 0xFF] << 8 | REFLECT[register >> 8]


def checks(data: bytes, told: int) -> bool:
    """Whether `told`, low byte first, is the checksum of `data`: the right one (X-25), or KERMIT
    as some meters have it."""
    swapped = told >> 8 | (told & 0xFF) << 8
    return swapped in (fcs16(data), kermit(data))


class SmlFrames(Stream[File | Refused]):
    """Files in any stream of bytes; it holds at most `LONGEST` bytes and one piece of input."""

    LONGEST = 8192

    def __init__(self) -> None:
        super().__init__()
        self._looked = 0  # bytes of the buffer in which the end is not

    def _take(self, *, final: bool) -> Iterator[File | Refused]:
        while True:
            if not self._looked and not self._start():
                return
            at = self._buffer.find(ESCAPE, self._looked)
            told = bytes(self._buffer[at + 4 : at + 8]) if at >= 0 else b""
            if at >= 0 and len(told) == len(ESCAPE):
                yield from self._escaped(at, told)
            elif len(self._buffer) > self.LONGEST:
                yield self._lost("a file has no end")
            elif final:
                yield self._lost("the stream ends in a file")
            else:
                self._looked = at if at >= 0 else max(len(self._buffer) - 3, self._looked)
                return

    def _start(self) -> bool:
        """Whether the buffer begins a file, once what is before it is dropped."""
        at = self._buffer.find(START)
        self._drop(at if at >= 0 else max(len(self._buffer) - len(START) + 1, 0))
        if at >= 0:
            self._looked = len(START)
        return at >= 0

    def _escaped(self, at: int, told: bytes) -> Iterator[File | Refused]:
        """What four bytes 1B at `at` and the four behind them mean."""
        if told == ESCAPE:
            self._looked = at + 8
        elif told[0] == END:
            yield self._file(at + 8)
        elif told == VERSION:
            self._looked = at
            yield self._lost("a file is cut off")
        else:  # the data before ends in 1B, or somebody does not escape
            self._looked = at + 1

    def _file(self, end: int) -> File | Refused:
        raw, offset = bytes(self._buffer[:end]), self._passed
        self._looked = 0
        fill = raw[-3]
        if not checks(raw[:-2], int.from_bytes(raw[-2:], "big")):
            self._drop(end - 3)  # what looks like a checksum may belong to the next file
            return Refused("SML: the checksum of a file is wrong", offset)
        self._drop(end)
        messages = raw[len(START) : max(len(raw) - TRAILER - fill, len(START))]
        if ESCAPE in messages:
            messages = messages.replace(ESCAPE + ESCAPE, ESCAPE)
        return File(messages, raw, offset)

    def _lost(self, reason: str) -> Refused:
        refused = Refused(f"SML: {reason}", self._passed)
        self._drop(max(self._looked, 1))
        self._looked = 0
        return refused
