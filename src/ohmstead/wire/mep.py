"""MEP, the port of NES (Echelon) meters: a table is asked for, the reply brings it.

`length | code | count | table data | digest`.  Nothing begins or ends a reply but its length, and
its digest cannot be checked; a reply is believed where length, code and count agree and the table
makes sense.  The reply does not name its table: who decodes it says what was asked, or the table is
recognised by what is in it.
Source: ETSI TS 104 001 (OSGP), clause 9 (messages), and open MEP readers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ohmstead.errors import BadInput
from ohmstead.wire import mep_tables as tables
from ohmstead.wire.mep_requests import (
    DIGEST,
    FIXED,
    LONGEST_TABLE,
    SEQUENCE,
    Question,
    question,
    read_table,
)
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import ENCRYPTION_KEY, Refused, Telegram

OK, NO_AUTHENTICATION, WRONG_SEQUENCE = 0x00, 0x0B, 0x0C
CODES: Mapping[int, str] = MappingProxyType(
    {
        0x01: "it does not recognise the request",
        0x02: "it does not support the request",
        0x03: "it gives no permission for that",
        0x04: "that operation is not possible",
        0x05: "that operation is not possible with this table",
        NO_AUTHENTICATION: "the digest is wrong: this is not its key",
        WRONG_SEQUENCE: "the sequence number is wrong",
    }
)
"""What a meter answers when it does not answer."""

LENGTH = 2
COUNT = 2
START = re.compile(rb"[\x00-\x02].[\x00-\x05\x0b\x0c0?]", re.DOTALL)
"""What a reply, or the echo of a request, may begin with: a length up to 767 and a code."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the meter."""

    code: int
    data: bytes
    sequence: int | None
    """The number that the meter wants next, where it refuses the one it got."""
    raw: bytes
    offset: int


class Replies(Stream[Reply | Refused]):
    """Answers out of a stream; echoes of requests are passed over.

    It holds at most one reply (525 bytes) and one piece of input.
    """

    def _take(self, *, final: bool) -> Iterator[Reply | Refused]:
        while found := START.search(self._buffer):
            self._drop(found.start())
            end = self._end()
            if end is None and not final:
                return
            if not end:
                self._drop(1)
            elif end <= len(self._buffer):
                if self._buffer[LENGTH] not in FIXED:
                    yield self._reply(end)
                self._drop(end)
            elif final:
                if end >= LENGTH + 1 + COUNT + DIGEST and self._buffer[LENGTH] == OK:
                    yield Refused("MEP: a reply begins and does not end", self._passed)
                self._drop(1)
            else:
                return
        self._drop(max(0, len(self._buffer) - LENGTH))

    def _end(self) -> int | None:
        """Where the reply at the front ends; None while that is not known, 0 if there is none."""
        buffer = self._buffer
        length, code = int.from_bytes(buffer[:LENGTH], "big"), buffer[LENGTH]
        if code in FIXED:
            right = FIXED[code] + SEQUENCE + DIGEST
        elif code == WRONG_SEQUENCE:
            right = 1 + SEQUENCE + DIGEST
        elif code:
            right = 1 + DIGEST
        elif len(buffer) < LENGTH + 1 + COUNT:
            return None
        else:
            count = int.from_bytes(buffer[LENGTH + 1 : LENGTH + 1 + COUNT], "big")
            right = 1 + COUNT + count + DIGEST if 0 < count <= LONGEST_TABLE else 0
        return LENGTH + length if right and length == right else 0

    def _reply(self, end: int) -> Reply:
        raw = bytes(self._buffer[:end])
        code, body = raw[LENGTH], raw[LENGTH + 1 : -DIGEST]
        sequence = int.from_bytes(body, "big") if code == WRONG_SEQUENCE else None
        return Reply(code, body[COUNT:] if code == OK else b"", sequence, raw, self._passed)


def why_not(reply: Reply) -> Refused:
    """What an answer means that brings no table."""
    said = f"MEP: the meter answers {reply.code:02X}, {CODES[reply.code]}"
    if reply.sequence is not None:
        said += f"; {reply.sequence:08x} is the one it wants"
    status = ENCRYPTION_KEY if reply.code == NO_AUTHENTICATION else None
    return Refused(said, reply.offset, status)


def read(
    reply: Reply, asked: Question, layout: tables.Layout | None = None
) -> Iterator[Telegram | Refused]:
    """The telegram in the answer to `asked`; where it has no values, what is missing as well."""
    other = tables.recognised(reply.data) if asked.offset == 0 else None
    if other not in (None, asked.table) and asked.table in (tables.BT23, tables.BT28):
        yield Refused(f"MEP: {asked} was asked for, the reply is another table", reply.offset)
        return
    part = tables.Part(reply.data, asked.offset)
    found = tables.content(asked.table, part, layout)
    yield Telegram("MEP", "mep", found.values, found.at, found.identity, reply.raw)
    if reply.code != OK:
        yield why_not(reply)
    elif not found.values:
        yield Refused(f"MEP: no reading is known in table {asked}", reply.offset)


WORTH_A_WORD = 32
"""Bytes of a table that nobody asked for, from which on it is said that it cannot be told."""


class Mep:
    """The decoder of MEP replies; it holds what `Replies` holds.

    With the request that they answer (BadInput if it is none), every whole reply is a telegram, be
    it one without values.  Without it only what can be nothing but BT23 or BT28 is one.
    """

    def __init__(self, request: bytes | None = None, layout: tables.Layout | None = None) -> None:
        self._asked = question(request) if request is not None else None
        self._layout = layout
        self._replies = Replies()

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return self._replies.held

    def feed(self, data: bytes) -> list[Telegram | Refused]:
        """Whatever `data` completes."""
        return self._read(self._replies.feed(data))

    def close(self) -> list[Telegram | Refused]:
        """What the end of the stream completes."""
        return self._read(self._replies.close())

    def _read(self, replies: Sequence[Reply | Refused]) -> list[Telegram | Refused]:
        found: list[Telegram | Refused] = []
        for reply in replies:
            if isinstance(reply, Refused):
                found.append(reply)
                continue
            asked = self._asked
            if asked is None and reply.code == OK:
                table = tables.recognised(reply.data)
                asked = Question(table, 0, None, 0) if table is not None else None
            if asked is not None:
                found.extend(read(reply, asked, self._layout))
            elif reply.code == WRONG_SEQUENCE:
                found.append(why_not(reply))
            elif reply.code == OK and len(reply.data) >= WORTH_A_WORD:
                said = f"MEP: a table of {len(reply.data)} bytes, and no request that names it"
                found.append(Refused(said, reply.offset))
        return found


ONCE = (tables.BT21, tables.BT01, tables.ET03)
AGAIN = (tables.BT28, tables.BT23)


class MepClient:
    """Who asks a meter, table after table: bytes to write come out, bytes read go in.

    First the tables that do not change, then round and round the ones that do.  A wrong sequence
    number, as at every start, is put right by asking again.  The key stands in no text made of
    this.
    """

    def __init__(
        self,
        key: bytes | None = None,
        once: Sequence[int] = ONCE,
        again: Sequence[int] = AGAIN,
    ) -> None:
        if not again:
            raise BadInput("a MEP client needs at least one table to read again and again")
        self._key = key
        self._once, self._again = tuple(once), tuple(again)
        self._turn = 0
        self._sequence = 0
        self._layout: tables.Layout | None = None
        self._replies = Replies()

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return self._replies.held

    @property
    def table(self) -> int:
        """The table that is asked for now."""
        if self._turn < len(self._once):
            return self._once[self._turn]
        return self._again[(self._turn - len(self._once)) % len(self._again)]

    def ask(self) -> bytes:
        """The request to write now; the same table again as long as nothing has answered."""
        return read_table(self.table, self._sequence, self._key)

    def feed(self, data: bytes) -> list[Telegram | Refused]:
        """What the meter says; afterwards `ask` asks for the next table."""
        found: list[Telegram | Refused] = []
        for reply in self._replies.feed(data):
            if isinstance(reply, Refused):
                found.append(reply)
            else:
                found += self._answered(reply)
        return found

    def _answered(self, reply: Reply) -> list[Telegram | Refused]:
        asked = Question(self.table, 0, None, self._sequence)
        if reply.sequence is not None:
            self._sequence = reply.sequence
            return [why_not(reply)]
        self._sequence += 1
        self._turn += 1
        if reply.code != OK:
            return [why_not(reply)]
        if asked.table == tables.BT21:
            try:
                self._layout = tables.layout_of(reply.data)
            except ValueError as wrong:
                return [Refused(str(wrong), reply.offset)]
            return []
        return list(read(reply, asked, self._layout))
