"""Records in a file that may end, or be damaged, at any byte.

A record is `"Oq" kind length number crc` (20 bytes) and its payload; the CRC-32 covers all of it
but itself.  After a damaged place the next whole record is looked for, so damage costs what it
touches.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

MAGIC = b"Oq"
REPORT, MARK = 1, 2

_HEAD = struct.Struct("<2sHIQ")
_CRC = struct.Struct("<I")
HEAD_BYTES = _HEAD.size + _CRC.size
_TALLY = struct.Struct("<QQQ")


@dataclass(frozen=True, slots=True)
class Record:
    """A whole record at `offset`; `number` grows from record to record."""

    kind: int
    number: int
    offset: int
    payload: bytes

    @property
    def size(self) -> int:
        """Bytes it takes in the file."""
        return HEAD_BYTES + len(self.payload)


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of reports, counted since the queue was made."""

    sent: int = 0
    dropped: int = 0
    damaged: int = 0


def written(kind: int, number: int, payload: bytes) -> bytes:
    """The bytes of a record."""
    head = _HEAD.pack(MAGIC, kind, len(payload), number)
    return head + _CRC.pack(crc32(payload, crc32(head))) + payload


def mark(number: int, tally: Tally) -> bytes:
    """The record that says: everything up to `number` is settled, and this is the count of it."""
    return written(MARK, number, _TALLY.pack(tally.sent, tally.dropped, tally.damaged))


def tally_of(record: Record) -> Tally:
    """The count in a mark."""
    return Tally(*_TALLY.unpack(record.payload))


def at(data: bytes, offset: int) -> Record | None:
    """The record that begins at `offset`, if there is a whole and undamaged one."""
    payload_at = offset + HEAD_BYTES
    if payload_at > len(data):
        return None
    magic, kind, length, number = _HEAD.unpack_from(data, offset)
    payload = data[payload_at : payload_at + length]
    if magic != MAGIC or kind not in (REPORT, MARK) or len(payload) != length:
        return None
    if kind == MARK and length != _TALLY.size:
        return None
    head = data[offset : offset + _HEAD.size]
    if crc32(payload, crc32(head)) != _CRC.unpack_from(data, offset + _HEAD.size)[0]:
        return None
    return Record(kind, number, offset, payload)


def scan(data: bytes) -> Iterator[Record | Damage]:
    """Every whole record of `data`, and every place between them that is none."""
    offset = 0
    while offset < len(data):
        record = at(data, offset)
        if record:
            yield record
            offset += record.size
            continue
        resumes = data.find(MAGIC, offset + 1)
        while resumes >= 0 and at(data, resumes) is None:
            resumes = data.find(MAGIC, resumes + 1)
        end = resumes if resumes >= 0 else len(data)
        yield Damage(offset, end - offset)
        offset = end
