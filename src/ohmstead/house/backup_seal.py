"""A backup that only who knows its passphrase can read, sealed as a stream of pieces.

Key: scrypt (RFC 7914) of the passphrase.  Pieces: AES-256-GCM (NIST SP 800-38D), each with its
number and whether it is the last one in its nonce, so that none can be cut off, swapped or doubled
(the STREAM construction, Hoang, Reyhanitabar, Rogaway and Vizár 2015).
"""

import os
import struct
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ohmstead.errors import BadInput

MAGIC = b"OHMSTEAD-SEALED-1\n"
SALT = 16
PIECE = 1 << 16
TAG = 16
COST = 2**16
"""64 MiB and about a fifth of a second for each guess."""


def is_sealed(file: BinaryIO) -> bool:
    """Whether a file begins as a sealed one; it stands at its beginning afterwards."""
    begin = file.read(len(MAGIC))
    file.seek(0)
    return begin == MAGIC


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, last: bool) -> bytes:
    return struct.pack(">3xQB", number, last)


class Sealer:
    """What is written goes sealed into `file`; `finish` seals the last piece."""

    closed = False

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        salt = os.urandom(SALT)
        self._file, self._cipher = file, _cipher(passphrase, salt)
        self._waiting = bytearray()
        self._number = 0
        file.write(MAGIC + salt)

    def write(self, content: Any) -> int:
        """Seal what is enough for a piece."""
        self._waiting += bytes(content)
        while len(self._waiting) > PIECE:
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(content)

    def _seal(self, plain: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), plain, None))
        self._number += 1

    def finish(self) -> None:
        """Seal the rest as the last piece."""
        self._seal(bytes(self._waiting), last=True)

    def flush(self) -> None:
        """Whole pieces are written already."""

    def close(self) -> None:
        """The file is closed by who opened it."""


class Opener:
    """Reads what a Sealer wrote; BadInput when that was changed, or sealed with something else."""

    closed = False

    def __init__(self, file: BinaryIO, passphrase: str, name: str) -> None:
        begin = file.read(len(MAGIC) + SALT)
        self._file, self._name = file, name
        self._cipher = _cipher(passphrase, begin[len(MAGIC) :])
        self._number, self._left, self._over = 0, b"", False
        self._ahead = file.read(PIECE + TAG)

    def read(self, count: int = -1) -> bytes:
        """Up to `count` bytes, fewer only at the end."""
        found = bytearray()
        while count < 0 or len(found) < count:
            if not self._left:
                if self._over:
                    break
                self._left = self._piece()
                continue
            some = self._left if count < 0 else self._left[: count - len(found)]
            found += some
            self._left = self._left[len(some) :]
        return bytes(found)

    def _piece(self) -> bytes:
        sealed, self._ahead = self._ahead, self._file.read(PIECE + TAG)
        self._over = not self._ahead
        try:
            plain = self._cipher.decrypt(_nonce(self._number, self._over), sealed, None)
        except InvalidTag:
            what = "cut off or damaged" if self._number else "sealed with another passphrase"
            raise BadInput(f"{self._name} cannot be opened: it is {what}") from None
        self._number += 1
        return plain

    def close(self) -> None:
        """The file is closed by who opened it."""
