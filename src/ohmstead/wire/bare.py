"""DLMS without a link layer: APDUs one behind the other, with or without the LLC bytes in front.

Converters and some meters' TTL ports hand them on like that.  Nothing marks where an APDU begins
but that the one before it ended, so only the very start of a stream, and the end of an APDU, is a
beginning; its end follows from its own data, which are walked as they come.
Source: IEC 62056-46, annex (LLC); IEC 62056-5-3 (data-notification, general-glo-ciphering).
"""

from collections.abc import Iterator

from ohmstead.wire import cipher
from ohmstead.wire.axdr import MAX_DEPTH, MAX_ELEMENTS, width_of
from ohmstead.wire.cosem import DATA_NOTIFICATION, INVOKE_ID, OCTET_STRING
from ohmstead.wire.hdlc import Message
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused

LLC = (b"\xe6\xe7\x00", b"\xe6\xe6\x00")
_ARRAY, _STRUCTURE, _BITS = 0x01, 0x02, 0x04
_SIZED = frozenset({0x09, 0x0A, 0x0C})
SYSTEM_TITLE = 8
_WIDTHS = tuple(width_of(tag) for tag in range(256))


class _Odd(ValueError):
    """The data are not as A-XDR has them: only the end of the stream tells where they end."""


class Walk:
    """Where the APDU at the front of a buffer ends, found by looking at every byte once."""

    def __init__(self, start: int) -> None:
        self._at = start
        self._open: list[int] = []  # elements still to come, by level
        self._begun = False
        self._left = 1 + MAX_ELEMENTS  # the body, and those in it

    def end(self, data: bytes | bytearray) -> int | None:
        """The position behind the APDU, None until it is there; ValueError when it has no end."""
        try:
            if not self._begun:
                self._head(data)
            while self._open:
                self._short(data)
                self._element(data)
        except IndexError:
            return None
        return self._at

    def _head(self, data: bytes | bytearray) -> None:
        at = self._at
        if data[at] in cipher.CIPHERED:
            at += 1 + 1 + SYSTEM_TITLE
            length, at = _length(data, at)
            self._at = _reached(data, at + length)
        elif data[at] == DATA_NOTIFICATION:
            length, at = _length(data, at + 1 + INVOKE_ID)
            if length == OCTET_STRING:  # a tag in front of the length, as in cosem.read
                length, at = _length(data, at)
            self._at = _reached(data, at + length)
            self._open = [1]
        else:
            raise _Odd(f"0x{data[at]:02X} begins no APDU that a meter pushes")
        self._begun = True

    def _short(self, data: bytes | bytearray) -> None:
        """Numbers and short texts, until there is something else or the level has one element
        left."""
        at, last, passed = self._at, len(data) - 1, 0
        most = min(self._open[-1] - 1, self._left)
        while passed < most and at < last:
            tag = data[at]
            width = _WIDTHS[tag]
            if width is None and tag in _SIZED and data[at + 1] < 0x80:
                width = 1 + data[at + 1]
            if width is None or at + width > last:
                break
            at += 1 + width
            passed += 1
        self._at = at
        self._open[-1] -= passed
        self._left -= passed

    def _element(self, data: bytes | bytearray) -> None:
        at, tag, opened = self._at + 1, data[self._at], 0
        if tag in (_ARRAY, _STRUCTURE):
            opened, at = _length(data, at)
        elif tag in _SIZED:
            length, at = _length(data, at)
            at = _reached(data, at + length)
        elif tag == _BITS:
            length, at = _length(data, at)
            at = _reached(data, at + (length + 7) // 8)
        else:
            width = width_of(tag)
            if width is None:
                raise _Odd(f"there is no data type 0x{tag:02X}")
            at = _reached(data, at + width)
        self._left -= 1
        if self._left < 0 or (tag in (_ARRAY, _STRUCTURE) and len(self._open) > MAX_DEPTH):
            raise _Odd("too many elements, or too deep")
        self._at = at
        self._open[-1] -= 1
        if opened:
            self._open.append(opened)
        while self._open and self._open[-1] == 0:
            self._open.pop()


def _length(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """A length and the position behind it; IndexError while it is not there."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first - 0x80
    if count > 2:
        raise _Odd(f"a length of {count} bytes is too long")
    _reached(data, at + 1 + count)
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def _reached(data: bytes | bytearray, at: int) -> int:
    if at > len(data):
        raise IndexError
    return at


class Bare(Stream[Message | Refused]):
    """The link layer that is none; it holds at most `LONGEST` bytes and one piece of input."""

    LONGEST = 8192

    def __init__(self) -> None:
        super().__init__()
        self._walk: Walk | None = None
        self._deaf = self._odd = False

    def _take(self, *, final: bool) -> Iterator[Message | Refused]:
        while self._buffer and not self._deaf:
            if self._walk is None and not self._begin():
                break
            end = self._end()
            if end is None and not (final and self._odd):
                break
            whole = len(self._buffer) if end is None else end
            raw, offset = bytes(self._buffer[:whole]), self._passed
            self._drop(whole)
            self._walk, self._odd = None, False
            yield Message(raw, raw, offset)
        if self._deaf or len(self._buffer) > self.LONGEST:
            self._deaf = True
            self._drop(len(self._buffer))
        if final:
            self._walk, self._deaf, self._odd = None, False, False

    def _begin(self) -> bool:
        """Whether an APDU begins here; what cannot be one makes the rest of the stream noise."""
        front = bytes(self._buffer[:3])
        if front[0] == DATA_NOTIFICATION or front[0] in cipher.CIPHERED:
            self._walk = Walk(0)
        elif front in LLC:
            self._walk = Walk(3)
        elif any(llc.startswith(front) for llc in LLC):
            return False
        else:
            self._deaf = True
            return False
        return True

    def _end(self) -> int | None:
        if self._odd or self._walk is None:
            return None
        try:
            return self._walk.end(self._buffer)
        except _Odd:
            self._odd = True
            return None
