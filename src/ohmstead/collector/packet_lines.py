"""Lines out of a body that comes in pieces, plain or gzip, however large it would unpack to."""

import zlib
from collections.abc import Iterator

from ohmstead.errors import BadInput, TooLarge
from ohmstead.surfaces.wattics import LARGEST

UNPACKED_MOST = 256 * 1024 * 1024
STEP = 64 * 1024


class Lines:
    """Feed it a body; it gives lines without their ends.

    Its memory is bounded: by one line of at most `LARGEST` bytes (a longer one comes as its first
    `LARGEST + 1`), and by what one step of unpacking gives.
    """

    def __init__(self, *, gzipped: bool) -> None:
        self._gzipped = gzipped
        self._opened = zlib.decompressobj(wbits=47)
        self._within = False
        self._rest = b""
        self._skipping = False
        self._total = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that end in `data`; TooLarge, BadInput."""
        for piece in self._unpacked(data) if self._gzipped else (data,):
            self._total += len(piece)
            if self._total > UNPACKED_MOST:
                raise TooLarge(f"the body unpacks to more than {UNPACKED_MOST >> 20} MiB")
            yield from self._cut(piece)

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        while data:
            try:
                piece = self._opened.decompress(data, STEP)
            except zlib.error as error:
                raise BadInput(f"the body is not gzip: {error}") from None
            if piece:
                yield piece
            data, self._within = self._opened.unconsumed_tail, True
            if self._opened.eof:  # another member may follow (RFC 1952, 2.2)
                data = self._opened.unused_data
                self._opened, self._within = zlib.decompressobj(wbits=47), False

    def _cut(self, piece: bytes) -> Iterator[bytes]:
        first, *others = piece.split(b"\n")
        if not self._skipping:
            self._rest += first
        if others:
            if not self._skipping:
                yield self._rest
            self._skipping = False
            yield from others[:-1]
            self._rest = others[-1]
        if len(self._rest) > LARGEST and not self._skipping:
            yield self._rest[: LARGEST + 1]
            self._rest, self._skipping = b"", True

    def end(self) -> Iterator[bytes]:
        """The line that no end followed; BadInput for a gzip that is cut off."""
        if self._within:
            raise BadInput("the body ends within its gzip")
        if self._rest:
            yield self._rest
