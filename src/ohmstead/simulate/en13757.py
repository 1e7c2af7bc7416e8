"""Answers of M-Bus meters: records behind a header, in a long frame.  The mirror of wire/en13757.

Source: EN 13757-2 (frames); EN 13757-3 (headers, records, data types); EN 13757-7 (mode 5).
"""

import struct
from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

ANSWER = 0x08  # control field of a meter's answer (RSP_UD)
LONG, LONG_REVERSED, SHORT, NONE, FIXED = 0x72, 0x76, 0x7A, 0x78, 0x73
LONGEST = 252  # bytes behind the CI field

VARIABLE = 0x0D
WIDTHS = {1: 0x1, 2: 0x2, 3: 0x3, 4: 0x4, 6: 0x6, 8: 0x7}
"""Bytes of a whole number -> data field."""
DIGITS = {2: 0x9, 4: 0xA, 6: 0xB, 8: 0xC, 12: 0xE}
"""Decimal digits -> data field."""
REAL = 0x5
FILLER, REST, REST_AND_MORE = b"\x2f", 0x0F, 0x1F
MODE_5, BLOCK, MOST_BLOCKS = 5, 16, 15

Data = tuple[int, bytes]
"""Data field of the DIF, and the data."""


def whole(value: int, width: int = 4) -> Data:
    """A signed number of 1, 2, 3, 4, 6 or 8 bytes (type B); OverflowError where it does not fit."""
    return WIDTHS[width], value.to_bytes(width, "little", signed=True)


def decimal(value: int, digits: int = 8) -> Data:
    """A number in decimal digits (type A); ValueError where it does not fit."""
    room = digits if value >= 0 else digits - 1
    written = ("" if value >= 0 else "F") + f"{abs(value):0{room}}"
    if len(written) > digits:
        raise ValueError(f"{value} has more than {room} digits")
    return DIGITS[digits], bytes.fromhex(written)[::-1]


def real(value: float) -> Data:
    """A floating-point number (type H)."""
    return REAL, struct.pack("<f", value)


def text(value: str) -> Data:
    """At most 191 letters of Latin-1, the last one first."""
    letters = value.encode("latin-1")[::-1]
    if len(letters) > 0xBF:
        raise ValueError(f"{len(letters)} letters are more than 191")
    return VARIABLE, bytes([len(letters)]) + letters


def time_point(at: datetime, *, seconds: bool = False) -> Data:
    """A local time (type F, or I with seconds), marked as summer time where it is."""
    summer = bool(at.dst())
    year = at.year % 100
    date = bytes((at.day | (year & 7) << 5, at.month | (year >> 3) << 4))
    if seconds:
        start = bytes((at.second | summer << 6, at.minute, at.hour))
        return WIDTHS[6], start + date + b"\0"
    return WIDTHS[4], bytes((at.minute, at.hour | 0x20 | summer << 7)) + date


def day(at: datetime) -> Data:
    """A date (type G)."""
    year = at.year % 100
    return WIDTHS[2], bytes((at.day | (year & 7) << 5, at.month | (year >> 3) << 4))


def record(
    vib: bytes,
    data: Data,
    *,
    function: int = 0,
    storage: int = 0,
    tariff: int = 0,
    subunit: int = 0,
) -> bytes:
    """A record: `vib` is its value information, function 0 now, 1 maximum, 2 minimum, 3 error."""
    kind, content = data
    dib = [kind | function << 4 | (storage & 1) << 6]
    storage >>= 1
    while storage or tariff or subunit:
        dib[-1] |= 0x80
        dib.append(storage & 0x0F | (tariff & 3) << 4 | (subunit & 1) << 6)
        storage, tariff, subunit = storage >> 4, tariff >> 2, subunit >> 1
    return bytes(dib) + vib + content


def maker(letters: str) -> bytes:
    """The number of a maker's three letters."""
    first, second, third = (ord(letter) - 64 for letter in letters)
    return (first << 10 | second << 5 | third).to_bytes(2, "little")


def header(
    identifier: str,
    letters: str,
    version: int,
    device_type: int,
    access: int = 0,
    status: int = 0,
    configuration: int = 0,
) -> bytes:
    """The long header; `identifier` has eight digits."""
    named = bytes.fromhex(identifier)[::-1] + maker(letters) + bytes((version, device_type))
    return named + bytes((access & 0xFF, status)) + configuration.to_bytes(2, "little")


def frame(content: bytes, *, ci: int = LONG, address: int = 1, control: int = ANSWER) -> bytes:
    """A long frame; ValueError where the content is too long for one."""
    if len(content) > LONGEST:
        raise ValueError(f"{len(content)} bytes do not fit into one frame of {LONGEST}")
    body = bytes((control, address, ci)) + content
    return bytes((0x68, len(body), len(body), 0x68)) + body + bytes((sum(body) & 0xFF, 0x16))


def answer(head: bytes, records: Sequence[bytes], *, address: int = 1) -> bytes:
    """The frame of a plain answer."""
    return frame(head + b"".join(records), address=address)


def sealed(head: bytes, records: Sequence[bytes], key: bytes, *, address: int = 1) -> bytes:
    """The frame of an answer that is encrypted as a whole (mode 5, AES-128 in CBC)."""
    plain = 2 * FILLER + b"".join(records)
    plain += FILLER * (-len(plain) % BLOCK)
    blocks = len(plain) // BLOCK
    if blocks > MOST_BLOCKS:
        raise ValueError(f"{blocks} blocks are more than {MOST_BLOCKS}")
    named = head[4:6] + head[:4] + head[6:8]
    cipher = Cipher(AES(key), CBC(named + head[8:9] * 8)).encryptor()
    configuration = (MODE_5 << 8 | blocks << 4).to_bytes(2, "little")
    body = cipher.update(plain) + cipher.finalize()
    return frame(head[:-2] + configuration + body, address=address)


def fixed(
    identifier: str, units: tuple[int, int], counters: tuple[int, int], *, binary: bool = False
) -> bytes:
    """The frame of the old fixed data structure; `units` hold the medium in their highest bits."""
    data = bytes.fromhex(identifier)[::-1] + bytes((0, 1 if binary else 0, *units))
    for counter in counters:
        data += whole(counter)[1] if binary else decimal(counter)[1]
    return frame(data, ci=FIXED)
