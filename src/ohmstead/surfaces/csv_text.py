"""Bytes of a table into text: what kind of file it is, its encoding, and where a piece may end."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice

FALLBACK = "cp1252"
"""What is not UTF-8 was mostly written on Windows."""
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
EXACT = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
ENCODINGS = ("utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
"""Those of pieces: without a mark, since only the first piece has one."""
MAGIC = (
    (b"PK\x03\x04", "excel"),
    (b"\xd0\xcf\x11\xe0", "excel"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "packed"),
    (b"7z\xbc\xaf", "packed"),
    (b"Rar!", "packed"),
    (b"BZh", "packed"),
    (b"\xfd7zXZ", "packed"),
    (b"PAR1", "other"),
    (b"\x89PNG", "other"),
    (b"\xff\xd8\xff", "other"),
    (b"GIF8", "other"),
    (b"<", "markup"),
    (b"{", "json"),
    (b"[{", "json"),
)
CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\v\f\r\x1a\x1c\x1d\x1e\x1f")
"""What no text has."""
NULS = 0.3
"""The share of zeros in every second byte that plain text of UTF-16 has at least."""
LINES_OF_A_ROW = 100
"""A cell with more lines is one whose quotes do not close."""


def kind_of(begin: bytes) -> str:
    """What a file that begins so is: `text`, `empty`, or one of those that are no tables.

    >>> kind_of(b"a;b"), kind_of(b"PK\\x03\\x04"), kind_of(b" \\r\\n"), kind_of(b"%PDF-1.7")
    ('text', 'excel', 'empty', 'pdf')
    """
    marked = next((mark for mark in EXACT if begin.startswith(mark)), b"")
    plain = begin[len(marked) :]
    if not plain.strip(b" \t\r\n\0"):
        return "empty"
    for magic, kind in MAGIC:
        if not marked and plain.lstrip().startswith(magic):
            return kind
    text = text_of(begin, exact_encoding(begin))
    return "other" if CONTROLS & frozenset(text) else "text"


def encoding_of(begin: bytes) -> str:
    """The encoding of a text that begins so, as Python names it: by its mark, or by trial."""
    for mark, name in BOMS:
        if begin.startswith(mark):
            return name
    even, odd = begin[::2], begin[1::2]
    if odd and odd.count(0) > NULS * len(odd) and even.count(0) < odd.count(0):
        return "utf-16-le"
    if even and even.count(0) > NULS * len(even):
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begin)
    except UnicodeDecodeError:
        return FALLBACK
    return "utf-8"


def exact_encoding(begin: bytes) -> str:
    """The same, without a mark to be expected: one of `ENCODINGS`.

    >>> exact_encoding(codecs.BOM_UTF16_LE + b"a\\0"), exact_encoding(b"K\\xf6ln")
    ('utf-16-le', 'cp1252')
    """
    for mark, name in EXACT.items():
        if begin.startswith(mark):
            return name
    return encoding_of(begin)


def text_of(data: bytes, encoding: str) -> str:
    """What the bytes say; those that are none of the encoding are U+FFFD, a mark is left out."""
    return data.decode(encoding, "replace").removeprefix("\ufeff")


def lines_of(text: str) -> Iterator[str]:
    """Lines with their ends, whatever these are."""
    return iter(io.StringIO(text, newline=""))


def whole_lines(data: bytes, encoding: str) -> int:
    """How many bytes of a piece are lines that have ended; 0 where none has.

    >>> whole_lines(b"a;b\\nc;", "utf-8"), whole_lines("a\\nb".encode("utf-16-le"), "utf-16-le")
    (4, 4)
    """
    for end in ("\n", "\r"):
        mark = end.encode(encoding)
        at = data.rfind(mark)
        while at >= 0 and at % len(mark):
            at = data.rfind(mark, 0, at + len(mark) - 1)
        if at >= 0:
            return at + len(mark)
    return 0


def whole_rows(data: bytes, encoding: str, delimiter: str) -> int:
    """How many bytes of a piece are rows that have ended: a cell in quotes may have many lines.

    >>> [whole_rows(each, "utf-8", ";") for each in (b'1;2\\n3;"a\\nb', b'1;"a\\nb"\\n2;3\\n4')]
    [4, 12]
    """
    ended = whole_lines(data, encoding)
    if '"'.encode(encoding) not in data:
        return ended
    lines = list(lines_of(_exact(data[:ended], encoding)))
    rows, before = csv.reader(iter(lines), delimiter=delimiter), 0
    while True:
        begun = rows.line_num
        try:
            next(rows)
        except csv.Error:
            pass
        except StopIteration:
            break
        before = begun
    last = lines[before:]
    open_ = len(last) > 1 or sum(line.count('"') for line in last) % 2
    if not open_ or len(last) > LINES_OF_A_ROW or before == 0:
        return ended
    return bytes_of(lines[:before], encoding)


def bytes_before(data: bytes, encoding: str, lines: int) -> int:
    """How many bytes the first lines of a file have, its mark included."""
    return bytes_of(islice(lines_of(_exact(data, encoding)), lines), encoding)


def bytes_of(lines: Iterable[str], encoding: str) -> int:
    """How many bytes these lines were."""
    return sum(len(line.encode(encoding, _errors(encoding))) for line in lines)


def _exact(data: bytes, encoding: str) -> str:
    """A text from which as many bytes can be had again, but for a character that is cut off."""
    width = len("\n".encode(encoding))
    return data[: len(data) // width * width].decode(encoding, _errors(encoding))


def _errors(encoding: str) -> str:
    # What is none of UTF-16 or UTF-32 becomes a character of the same length.
    return "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def first_lines(data: bytes, encoding: str, most: int) -> list[str]:
    """The first lines of a file."""
    return list(islice(lines_of(text_of(data, encoding)), most))
