"""Bytes as people write them down: hexadecimal text, and the dumps of tools that show bytes."""

import re
from itertools import pairwise

from ohmstead.errors import BadInput

LINE = re.compile(r"[ \t]*(?:0[xX])?([0-9A-Fa-f]{4,16})(:?)(?:[ \t]+(.*))?")
"""A line of a dump: where its bytes stand, then the bytes, then perhaps what letters they are."""
SAME = "*"
"""What stands for lines that are like the one before."""
GROUP = re.compile(r"[ \t]*((?:[0-9A-Fa-f]{2})+)(?=[ \t]|$)")
LETTERS, LETTERS_BEHIND_COLON = re.compile(r" {3}|  \|"), re.compile(r"  ")
"""What is between bytes and letters in the last line, where nothing says how many bytes it has."""
BETWEEN = re.compile(r"0[xX]|\\x|[\s:,;|{}()\[\]\"'-]")
"""What stands between digits: blanks, marks, and how programs write a byte."""


def text_of(data: bytes) -> str:
    """The text in a file; some shells write it in 16-bit letters."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def spelled(name: str, written: str) -> bytes:
    """The bytes that hexadecimal text spells; BadInput, which does not show what may be a key.

    >>> spelled("it", "0x7E, 0xA0"), spelled("it", "7e:a0")
    (b'~\\xa0', b'~\\xa0')
    """
    digits = BETWEEN.sub("", written)
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        said = "is not hexadecimal: digits 0-9 and A-F, two a byte"
        if re.fullmatch("[0-9A-Fa-f]*", digits):
            said = f"has {len(digits)} hexadecimal digits, and a byte has two: is one missing?"
        raise BadInput(f"{name} {said}") from error


def dumped(written: str) -> bytes | None:
    """The bytes in a dump (xxd, hexdump -C, od -A x -t x1, Wireshark); None where it is none.

    Every line says where its bytes stand, and must have as many as the next one says.

    >>> dumped("00000000: 7ea0 2b13  ~.+.\\n00000004: 4100       A.")
    b'~\\xa0+\\x13A\\x00'
    """
    lines = [line for line in written.splitlines() if line.strip()]
    matches = [match for line in lines if (match := LINE.fullmatch(line))]
    same = [line for line in lines if line.strip() == SAME]
    if not matches or len(matches) + len(same) < len(lines):
        return None
    places = [int(match[1], 16) for match in matches]
    colon = bool(matches[0][2])
    if not colon and (places[0] or len(places) == 1):  # bytes may look like that as well
        return None
    data = b""
    for match, (place, following) in zip(matches, pairwise([*places, -1]), strict=True):
        rest = match[3] or ""
        if following < 0:
            data += _bytes((LETTERS_BEHIND_COLON if colon else LETTERS).split(rest)[0])
            break
        found = _bytes(rest, following - place)
        if same and found:
            found = (found * (1 + (following - place) // len(found)))[: following - place]
        if not found or len(found) != following - place:
            return None
        data += found
    return data


def _bytes(written: str, most: int | None = None) -> bytes:
    """The groups of digits at the front, no further than `most` bytes."""
    found, at = b"", 0
    while (most is None or len(found) < most) and (group := GROUP.match(written, at)):
        found += bytes.fromhex(group[1])
        at = group.end()
    return found[:most]
