"""What a NES meter is asked: reads of tables, with a sequence number and a digest.

`length | command | table | ... | sequence number | digest`.  The digest is OSGP's, over all between
length and digest.  It is known to be weak; it is what the meter wants.
Source: ETSI TS 104 001 (OSGP), clause 9 and annex on security; the digest is described in Jovanovic
and Neves, Practical Cryptanalysis of the Open Smart Grid Protocol (FSE 2015), section 2.
"""

from dataclasses import dataclass

from ohmstead.errors import BadInput
from ohmstead.wire.mep_tables import name_of

READ, READ_PART, WRITE, WRITE_PART = 0x30, 0x3F, 0x40, 0x4F
SEQUENCE = 4
DIGEST = 8
LONGEST_TABLE = 512
"""Bytes of table data that a reply may bring."""
KEY = 16
"""Bytes of the key that count; utilities hand out 20 letters."""


def key_of(letters: str) -> bytes:
    """The key in the 16 or 20 letters that a utility gives (they look hexadecimal and are not).

    BadInput if there are fewer; its text does not say which they were.
    """
    plain = letters.strip()
    if len(plain) < KEY or not plain.isascii():
        raise BadInput(f"a MEP key has 16 or 20 ASCII characters, this one has {len(plain)}")
    return plain[:KEY].encode("ascii")


def digest(message: bytes, key: bytes) -> bytes:
    """The eight bytes that prove to a meter that whoever asks knows its key.

    Each byte of the message turns one byte of the state, the way a bit of the key says; the key is
    gone through one and a half times for each block, the last block is filled with zeros.
    """
    state = bytearray(DIGEST)
    block = len(key) * 12
    padded = message.ljust(-(-len(message) // block) * block or block, b"\0")
    for at, byte in enumerate(padded):
        place = 7 - at % 8
        bit = key[at % block // 8 % len(key)] >> at % 8 & 1
        turned = ~(state[place] + place) & 0xFF
        turned = turned << 1 | turned >> 7 if bit else -(turned >> 1 | (turned & 1) << 7)
        state[place] = state[(place + 1) % 8] + byte + turned & 0xFF
    return bytes(state)


def _sealed(body: bytes, sequence: int, key: bytes | None) -> bytes:
    body += (sequence % (1 << 8 * SEQUENCE)).to_bytes(SEQUENCE, "big")
    body += digest(body, key) if key else bytes(DIGEST)
    return len(body).to_bytes(2, "big") + body


def read_table(table: int, sequence: int, key: bytes | None = None) -> bytes:
    """What asks for a whole table; without a key the digest is zero.

    >>> read_table(28, 0x00C974D0)[:-8].hex()
    '001130001c020000c974d0'
    """
    body = bytes([READ]) + table.to_bytes(2, "big") + LONGEST_TABLE.to_bytes(2, "big")
    return _sealed(body, sequence, key)


def read_part(
    table: int, offset: int, count: int, sequence: int, key: bytes | None = None
) -> bytes:
    """What asks for `count` bytes of a table from `offset` on."""
    body = bytes([READ_PART]) + table.to_bytes(2, "big")
    body += offset.to_bytes(3, "big") + count.to_bytes(2, "big")
    return _sealed(body, sequence, key)


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks for; `count` is None for a whole table."""

    table: int
    offset: int
    count: int | None
    sequence: int

    def __str__(self) -> str:
        return name_of(self.table)


FIXED = {READ: 1 + 2 + 2, READ_PART: 1 + 2 + 3 + 2}
"""Command -> bytes before the sequence number."""


def question(request: bytes) -> Question:
    """What a request asks for; BadInput if it reads no table."""
    body = request[2:]
    fixed = FIXED.get(body[0]) if body else None
    if fixed is None or len(body) != fixed + SEQUENCE + DIGEST:
        raise BadInput(
            f"a MEP request reads a table (00 11 30 ... or 00 14 3F ...), this is {request.hex()}"
        )
    if int.from_bytes(request[:2], "big") != len(body):
        raise BadInput(f"the MEP request says {request[:2].hex()} and has {len(body)} bytes")
    sequence = int.from_bytes(body[fixed : fixed + SEQUENCE], "big")
    table = int.from_bytes(body[1:3], "big")
    if body[0] == READ:
        return Question(table, 0, None, sequence)
    count = int.from_bytes(body[6:8], "big")
    return Question(table, int.from_bytes(body[3:6], "big"), count, sequence)
