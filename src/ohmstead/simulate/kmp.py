"""KMP replies: registers into the bytes that a Kamstrup meter sends.  The mirror of wire/kmp.

Source: Kamstrup, Description of the KMP protocol, sections 3.1 to 3.3, 4.2 and 6.2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ohmstead.wire.kmp import (
    FROM_METER,
    GET_REGISTER,
    GET_SERIAL,
    GET_TYPE,
    METER,
    MOST_REGISTERS,
    STOP,
    TO_METER,
    UNITS,
    Frame,
    opened,
    sealed,
)

NUMBER_OF = {unit: number for number, unit in UNITS.items()}
SIZE = 4
"""Bytes of a mantissa."""


@dataclass(frozen=True, slots=True)
class Register:
    """`whole` times ten to the `exponent`, in `unit`; an empty unit is a plain number."""

    whole: int
    exponent: int = 0
    unit: str = ""


def _encoded(number: int, register: Register) -> bytes:
    """A register of a reply; ValueError if the number does not fit."""
    if abs(register.exponent) > 0x3F or abs(register.whole) >= 1 << 8 * SIZE:
        raise ValueError(f"{register} does not fit into {SIZE} bytes and an exponent of 6 bits")
    signs = abs(register.exponent)
    signs |= (0x40 if register.exponent < 0 else 0) | (0x80 if register.whole < 0 else 0)
    head = number.to_bytes(2, "big") + bytes([NUMBER_OF[register.unit], SIZE, signs])
    return head + abs(register.whole).to_bytes(SIZE, "big")


def registers(values: Mapping[int, Register]) -> bytes:
    """The reply with these registers."""
    data = b"".join(_encoded(number, register) for number, register in values.items())
    return sealed(FROM_METER, bytes([METER, GET_REGISTER]) + data)


def serial(number: int) -> bytes:
    """The reply with the serial number.

    >>> serial(19088743).hex()
    '403f0201234567e9560d'
    """
    return sealed(FROM_METER, bytes([METER, GET_SERIAL]) + number.to_bytes(4, "big"))


def kind(type_number: int, revision: str) -> bytes:
    """The reply with meter type and software revision (a letter and a number up to 255)."""
    letter = ord(revision[0]) - ord("A") + 1
    data = type_number.to_bytes(2, "big") + bytes([letter, int(revision[1:])])
    return sealed(FROM_METER, bytes([METER, GET_TYPE]) + data)


def _asked(data: bytes) -> Iterable[int]:
    """The registers that a request names; none if it is no such request."""
    if not data or data[0] > MOST_REGISTERS or len(data) != 1 + 2 * data[0]:
        return ()
    return [int.from_bytes(data[at : at + 2], "big") for at in range(1, len(data), 2)]


def answer(request: bytes, values: Mapping[int, Register], number: int) -> bytes:
    """What a meter with these registers and this serial number says to one whole request.

    Nothing to what is damaged, meant for another or unknown: a real meter keeps silent too.
    """
    if request[:1] != bytes([TO_METER]) or request[-1:] != bytes([STOP]):
        return b""
    frame = opened(request[1:-1])
    if not isinstance(frame, Frame) or frame.address != METER:
        return b""
    if frame.command == GET_SERIAL:
        return serial(number)
    if frame.command == GET_TYPE:
        return kind(0x0A00, "A1")
    if frame.command == GET_REGISTER:
        return registers({one: values[one] for one in _asked(frame.data) if one in values})
    return b""
