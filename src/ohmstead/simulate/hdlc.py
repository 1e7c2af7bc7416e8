"""HDLC frames around what a meter pushes.  The mirror of wire/hdlc.

Source: IEC 62056-46, frame format type 3; FCS from ISO/IEC 13239.
"""

from collections.abc import Iterator

from ohmstead.wire.crc import fcs16

LLC = bytes.fromhex("e6e700")
FLAG = b"\x7e"
TO, FROM = b"\x41", b"\x08\x83"
"""The addresses that most meters push with: one byte and two."""
_UNNUMBERED = b"\x13"
_TYPE_3, _SEGMENTED = 0xA000, 0x0800
LONGEST = 2047


def address(number: int, length: int) -> bytes:
    """A number of `7 * length` bits as an address of 1, 2 or 4 bytes, the last one marked.

    >>> address(0x20, 1).hex(), address(0x0241, 2).hex(), address(0x0241, 4).hex()
    ('41', '0883', '00000883')
    """
    if length not in (1, 2, 4) or number >> 7 * length:
        raise ValueError(f"{number} is no HDLC address of {length} bytes")
    parts = [number >> 7 * place & 0x7F for place in reversed(range(length))]
    return bytes([part << 1 for part in parts[:-1]] + [parts[-1] << 1 | 1])


def frame(apdu: bytes) -> bytes:
    """One unnumbered-information frame around an APDU; ValueError if it is too long for one."""
    return _frame(LLC + apdu, TO, FROM, more=False)


def frames(
    payload: bytes, segment: int | None = None, to: bytes = TO, sender: bytes = FROM
) -> bytes:
    """A payload (its LLC with it) in one frame, or in segments of so many bytes each."""
    parts = list(cut(payload, segment or max(1, len(payload))))
    last = len(parts) - 1
    return b"".join(
        _frame(part, to, sender, more=number < last) for number, part in enumerate(parts)
    )


def cut(payload: bytes, size: int) -> Iterator[bytes]:
    """The payload in pieces of `size` bytes, the last one shorter; one piece if it is empty."""
    for at in range(0, len(payload) or 1, size):
        yield payload[at : at + size]


def _frame(information: bytes, to: bytes, sender: bytes, *, more: bool) -> bytes:
    length = 2 + len(to) + len(sender) + len(_UNNUMBERED) + 2 + len(information) + 2
    if length > LONGEST:
        raise ValueError(f"{len(information)} bytes do not fit into one frame of {LONGEST}")
    kind = _TYPE_3 | (_SEGMENTED if more else 0) | length
    head = kind.to_bytes(2, "big") + to + sender + _UNNUMBERED
    head += fcs16(head).to_bytes(2, "little")
    body = head + information
    return FLAG + body + fcs16(body).to_bytes(2, "little") + FLAG
