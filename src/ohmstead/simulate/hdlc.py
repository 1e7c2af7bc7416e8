"""HDLC frames around what a meter pushes.  The mirror of wire/hdlc.

Source: IEC 62056-46, frame format type 3; FCS from ISO/IEC 13239.
"""

from ohmstead.wire.crc import fcs16

LLC = bytes.fromhex("e6e700")
FLAG = b"\x7e"
_TO, _FROM, _UNNUMBERED = b"\x41", b"\x08\x83", b"\x13"
LONGEST = 2047


def frame(apdu: bytes) -> bytes:
    """One unnumbered-information frame around an APDU; ValueError if it is too long for one."""
    information = LLC + apdu
    length = 2 + len(_TO) + len(_FROM) + len(_UNNUMBERED) + 2 + len(information) + 2
    if length > LONGEST:
        raise ValueError(f"{len(apdu)} bytes do not fit into one frame of {LONGEST}")
    head = (0xA000 | length).to_bytes(2, "big") + _TO + _FROM + _UNNUMBERED
    head += fcs16(head).to_bytes(2, "little")
    body = head + information
    return FLAG + body + fcs16(body).to_bytes(2, "little") + FLAG
