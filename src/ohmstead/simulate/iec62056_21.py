"""Readouts of IEC 62056-21: values into the lines that a meter prints.  The mirror of
wire/iec62056_21.

Source: IEC 62056-21, 6.3 (messages) and 6.5 (data block).
"""

import re
from collections.abc import Iterable
from functools import reduce
from operator import xor

from ohmstead.wire.iec62056_21 import ETX, STX
from ohmstead.wire.iec62056_21_sign_on import MODE_C

REQUEST = re.compile(rb"/\?[0-9A-Za-z ]{0,32}!\r\n")
CHOICE = re.compile(rb"\x06[0-9]([0-9])0\r\n")


def identification(letters: str, rate: str, model: str) -> bytes:
    """The identification message.

    >>> identification("OHM", "5", "VIRTUAL")
    b'/OHM5VIRTUAL\\r\\n'
    """
    return f"/{letters}{rate}{model}\r\n".encode("ascii")


def unchecked(lines: Iterable[str]) -> bytes:
    """A data block as meters print it unasked: lines and a `!`."""
    return "".join(f"{line}\r\n" for line in (*lines, "!")).encode("ascii")


def checked(lines: Iterable[str]) -> bytes:
    """A data message: the block between STX and ETX, and its BCC.

    >>> checked(["1.8.0(1*kWh)"])
    b'\\x021.8.0(1*kWh)\\r\\n!\\r\\n\\x03U'
    """
    block = unchecked(lines) + bytes([ETX])
    return bytes([STX]) + block + bytes([reduce(xor, block)])


def answer(said: bytes, ident: bytes, lines: Iterable[str]) -> tuple[bytes, int | None]:
    """What a meter of mode C says to a request or an acknowledgement, and the rate it says it at.

    The rate is None where it stays.  Nothing to anything else.
    """
    if REQUEST.fullmatch(said):
        return ident, None
    if found := CHOICE.fullmatch(said):
        return checked(lines), MODE_C.get(found[1].decode("ascii"))
    return b"", None
