"""The checksums of the protocols, each by a way that is exact and fast in plain Python.

A loop over bytes costs 60 ns a byte in CPython, more than all the rest of a P1 telegram; these take
3 to 7 ns. Measured by `bench/wire_decode.py`; the tests hold them against the loop.
"""

from binascii import crc_hqx

REFLECT = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in the opposite order."""

_Q = 0b1000_0000_0000_0011  # x^15 + x + 1


def crc16_arc(data: bytes) -> int:
    """CRC-16/ARC (x^16 + x^15 + x^2 + 1, reflected, start 0) of a P1 telegram, `/` to `!`
    inclusive.

    The polynomial is (x + 1)(x^15 + x + 1).  Squaring is linear over GF(2), so for every n that is
    a power of two x^(15n) = x^n + 1 modulo the second factor: one shift and two XORs fold a long
    number to half its length.  Modulo the first factor a number is the parity of its bits; both
    together give the rest. Source: P1 companion standard 5.0.2, section 6.2 (telegram layout).

    >>> f"{crc16_arc(b'123456789'):04X}"
    'BB3D'
    """
    message = int.from_bytes(data.translate(REFLECT), "big") << 16
    rest = message
    half = 1 << (message.bit_length() // 15).bit_length()
    while half:
        width = 15 * half
        while high := rest >> width:
            rest ^= (high << width) ^ (high << half) ^ high
        half >>= 1
    if (message.bit_count() ^ rest.bit_count()) & 1:
        rest ^= _Q
    return REFLECT[rest & 0xFF] << 8 | REFLECT[rest >> 8]


def fcs16(data: bytes) -> int:
    """FCS-16 of HDLC (CRC-16/X-25: x^16 + x^12 + x^5 + 1, reflected, start and end inverted).

    `crc_hqx` has the same polynomial with the bits the other way round.  Source: ISO/IEC 13239,
    annex A.

    >>> f"{fcs16(b'123456789'):04X}"
    '906E'
    """
    register = crc_hqx(data.translate(REFLECT), 0xFFFF) ^ 0xFFFF
    return REFLECT[register & 0xFF] << 8 | REFLECT[register >> 8]


def fcs16_good(data: bytes) -> bool:
    """Whether `data` ends in its own FCS-16 (low byte first, as HDLC sends it).

    >>> fcs16_good(b'123456789' + bytes.fromhex("6e90"))
    True
    """
    return crc_hqx(data.translate(REFLECT), 0xFFFF) == 0x1D0F  # the rest that a right FCS leaves
