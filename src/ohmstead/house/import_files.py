"""Files to import: found, opened, their text in lines of bounded length."""

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from ohmstead.errors import BadInput
from ohmstead.surfaces.csv_text import encoding_of

LINE_MOST = 1_000_000
"""Characters of a line; what is longer is no table."""
PEEKED = 65_536
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class File:
    """A file that is open: its bytes, and how to know how far they were read."""

    name: str
    bytes: "io.BufferedReader[Any]"
    size: int | None
    _raw: BinaryIO
    _texts: list[io.TextIOWrapper] = field(default_factory=list)

    @property
    def done(self) -> float:
        """The share (0 to 1) that was read; 0 where nobody knows."""
        return min(1.0, self._raw.tell() / self.size) if self.size else 0.0

    def lines(self, encoding: str | None = None) -> Iterator[str]:
        """Its lines with their ends; BadInput for one that is too long, or an unknown encoding.

        Bytes that are none of the encoding become U+FFFD, which no number or time has.
        """
        try:
            text = io.TextIOWrapper(
                self.bytes, encoding or self._encoding(), errors="replace", newline=""
            )
        except LookupError:
            raise BadInput(f"there is no encoding {encoding!r}; take utf-8 or cp1252") from None
        self._texts.append(text)
        number = 0
        while line := text.readline(LINE_MOST + 1):
            number += 1
            if len(line) > LINE_MOST:
                raise BadInput(f"{self.name}: line {number} is too long for a table")
            yield line

    def release(self) -> None:
        """Let go of the bytes: a text that is forgotten would close them."""
        while self._texts:
            self._texts.pop().detach()

    def _encoding(self) -> str:
        return encoding_of(self.bytes.peek(PEEKED)[:PEEKED])


@contextmanager
def opened(path: Path) -> Iterator[File]:
    """The file, unpacked where it is packed with gzip; `-` is standard input.  BadInput."""
    try:
        raw = _stdin() if str(path) == "-" else cast(BinaryIO, path.open("rb", 0))
    except OSError as trouble:
        raise BadInput(f"{path} cannot be read: {trouble.strerror}") from None
    with raw:
        size = path.stat().st_size if str(path) != "-" and path.is_file() else None
        bytes_: io.BufferedReader[Any] = io.BufferedReader(cast(io.RawIOBase, raw), PEEKED)
        if bytes_.peek(2)[:2] == GZIP:
            unpacked = gzip.GzipFile(fileobj=bytes_)
            bytes_ = io.BufferedReader(cast(io.RawIOBase, unpacked), PEEKED)
        file = File(str(path), bytes_, size, raw)
        try:
            yield file
        except (gzip.BadGzipFile, EOFError, zlib.error) as trouble:
            raise BadInput(f"{path} is damaged: {trouble}") from None
        finally:
            file.release()


def _stdin() -> BinaryIO:
    return cast(BinaryIO, os.fdopen(os.dup(sys.stdin.fileno()), "rb", 0))


def found(paths: Iterable[Path], suffixes: tuple[str, ...]) -> list[Path]:
    """The files that are named, and those of these suffixes in the folders that are, by name."""
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        inside = sorted(each for each in path.iterdir() if each.suffix.lower() in suffixes)
        if not inside:
            raise BadInput(f"the folder {path} has no files {' or '.join(suffixes)}")
        files += inside
    return files
