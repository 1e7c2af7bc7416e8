"""Readouts of IEC 62056-21: what a meter prints when it is signed on to, or prints unasked.

`/identification | STX | data lines | ! | ETX | BCC`; a meter that was not asked may leave out the
identification, and with STX its check.  What tells it from a P1 telegram: the STX, or codes without
medium and channel (`1.8.0`, not `1-0:1.8.0`); and there is never a CRC behind the `!`.
Source: IEC 62056-21 (formerly 1107), 6.3 (messages), 6.5 (data block), annex D (codes).
"""

import re
from collections import deque
from collections.abc import Iterator
from functools import reduce
from operator import xor

from ohmstead.wire.iec62056_21_data import (
    FULL,
    LINE,
    MORE,
    SETS,
    clock_of,
    identity_of,
    values_of,
)
from ohmstead.wire.p1 import START
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused, Telegram

STX, ETX = 0x02, 0x03

ACKNOWLEDGED = re.compile(rb"\x06[0-9A-Z]{3}")
"""What the reader wrote, echoed."""
NOISE = re.compile(rb"[\x00\x01\x03-\x05\x07-\x09\x0b\x0c\x0e-\x1f]")
"""What is in no line, an echoed acknowledgement included."""
MARK = re.compile(rb"[\n\x02]")
"""What ends a line, or begins a block."""
NO_TEXT = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f]")


class Readout(Stream[Telegram | Refused]):
    """The decoder of readouts; it holds at most `LONGEST` bytes and one piece of input.

    Between STX and ETX everything is checked by the BCC.  Outside, line after line is taken or
    passed over; `_line` is where the one in hand begins, `_stx` where a block does.
    """

    LONGEST = 32_768
    """A readout with fifteen months of billing values has 8 kB."""
    LONGEST_LINE = 1024
    LONGEST_IDENT = 72

    def __init__(self) -> None:
        super().__init__()
        self._ident: str | None = None
        self._lines = 0
        self._torn = False  # something was passed over since the last end
        self._stx: int | None = None
        self._line = 0
        self._scanned = 0

    def close(self) -> list[Telegram | Refused]:
        found = super().close()
        self._forget(0)
        self._torn = False
        return found

    def _take(self, *, final: bool) -> Iterator[Telegram | Refused]:
        going = True
        while going:
            found: Telegram | Refused | None
            if self._stx is not None:
                going, found = self._in_block(self._stx, final=final)
            else:
                going, found = self._in_text(final=final)
            if found:
                yield found

    def _forget(self, count: int) -> None:
        """Begin anew behind the first `count` bytes."""
        self._drop(count)
        self._ident, self._lines, self._stx = None, 0, None
        self._line = self._scanned = 0

    def _in_block(self, stx: int, *, final: bool) -> tuple[bool, Telegram | Refused | None]:
        """Whether to go on, and what has come out: the ETX checks, anything else tears."""
        mark = NO_TEXT.search(self._buffer, max(stx + 1, self._scanned), self.LONGEST)
        end = mark.start() if mark else min(len(self._buffer), self.LONGEST)
        if mark and self._buffer[end] == ETX:
            if end + 1 < len(self._buffer):
                return True, self._checked(stx, end)
        elif mark or end == self.LONGEST:
            return True, self._abandoned(stx, end)
        if final:
            return True, self._abandoned(stx, end)
        self._scanned = end
        return False, None

    def _checked(self, stx: int, etx: int) -> Telegram | Refused | None:
        """The readout from STX to BCC."""
        block, said = bytes(self._buffer[stx + 1 : etx]), self._buffer[etx + 1]
        raw, offset, ident = bytes(self._buffer[: etx + 2]), self._passed, self._ident
        right = reduce(xor, block, ETX)
        self._torn = right != said
        if right != said:
            readable = ident is not None or SETS.search(block)
            self._forget(etx + 1 if readable else stx + 1)
            said_so = f"IEC 62056-21: the BCC says {said:02X}, the block has {right:02X}"
            return Refused(said_so, offset) if readable else None
        self._forget(etx + 2)
        return read(block, ident, raw, offset)

    def _abandoned(self, stx: int, end: int) -> Refused | None:
        """What began with STX is no block, and is looked at as lines; or it was cut off.

        Of what was cut off nothing has been checked, so nothing is kept but an identification line:
        that one is the next readout's.
        """
        offset = self._passed
        cut = self._ident is not None or SETS.match(self._buffer, stx + 1)
        idents = [found.start() for found in START.finditer(self._buffer, stx, end)]
        self._forget(stx + 1 if not cut else idents[-1] if idents else end)
        self._torn = True
        return Refused("IEC 62056-21: a block begins and does not end", offset) if cut else None

    def _in_text(self, *, final: bool) -> tuple[bool, Telegram | Refused | None]:
        """Whether to go on, and what has come out of the line in hand."""
        mark = MARK.search(self._buffer, max(self._line, self._scanned))
        end = mark.end() if mark else len(self._buffer)
        if mark and self._buffer[end - 1] == STX:
            stx = end - 1
            if stx > self._line:
                self._tear(stx)
                stx = 0
            self._stx, self._scanned = stx, stx + 1
            return True, None
        torn = self._torn_until(end)
        if torn:
            self._tear(torn)
            return True, None
        if not mark and not final:
            self._scanned = len(self._buffer)
            return False, None
        if end == self._line:
            return False, None
        return self._lined(bytes(self._buffer[self._line : end]), end, final=final)

    def _torn_until(self, end: int) -> int:
        """How much cannot belong to a readout because of the line that goes to `end`; 0 if it
        can."""
        noise = deque(NOISE.finditer(self._buffer, max(self._line, self._scanned), end), 1)
        if noise:
            return noise[0].end()
        if end - self._line > self.LONGEST_LINE:
            return self._line + self.LONGEST_LINE - self.LONGEST_IDENT
        return end if end > self.LONGEST else 0

    def _tear(self, count: int) -> None:
        """Pass over what is neither data nor their frame."""
        self._forget(count)
        self._torn = True

    def _lined(
        self, line: bytes, end: int, *, final: bool
    ) -> tuple[bool, Telegram | Refused | None]:
        """What one line means."""
        text = line.strip(b" \t\r\n")
        if found := START.search(line):
            self._forget(self._line + found.start())
            self._ident = found[0][1:].decode("latin-1").strip()
            self._line = len(found[0])
            self._torn = False
        elif text == b"!":
            if self._torn and end == len(self._buffer) and not final:
                return False, None  # an ETX behind it would say that the STX was lost
            return True, self._ended(end)
        elif LINE.fullmatch(text) or (MORE.fullmatch(text) and self._lines):
            if self._ident is None and not self._lines:
                self._forget(self._line)
                end = len(line)
            self._lines += 1
            self._line = end
        elif (not text and line[-1:] == b"\n") or ACKNOWLEDGED.fullmatch(text):
            self._line = end
        else:
            self._tear(end)
        return True, None

    def _ended(self, end: int) -> Telegram | Refused | None:
        """The readout that a `!` ends without having been checked."""
        raw, offset, ident = bytes(self._buffer[:end]), self._passed, self._ident
        lines, torn = self._lines, self._torn
        checked = self._buffer[end : end + 1] == bytes([ETX])
        self._forget(end)
        self._torn = False
        if not lines or FULL.search(raw):
            return None
        if torn and checked:
            return Refused("IEC 62056-21: the beginning of a block is missing", offset)
        return read(raw, ident, raw, offset)


def read(block: bytes, ident: str | None, raw: bytes, offset: int = 0) -> Telegram | Refused:
    """The telegram of a data block that is checked as far as it can be."""
    values = values_of(block)
    if not values:
        return Refused("IEC 62056-21: the readout holds no value", offset)
    identity = identity_of(ident, values)
    return Telegram("IEC62056-21", "p1", values, clock_of(values), identity, raw)
