"""How an APDU leaves a meter: the link layers.  The mirror of wire/hdlc, mbus_link, wrapper, gbt.

*To add a link: one class with `sent`.*
"""

from dataclasses import dataclass
from typing import Protocol

from ohmstead.simulate import hdlc

MBUS_LONGEST = 250
"""Bytes of an APDU in one long frame: 255 less control, address, CI and two access points."""
MBUS_SEGMENTS = 16
_SEND_USER_DATA, _TO_ALL = 0x53, 0xFF
_FROM_MANAGEMENT_TO_CLIENT = b"\x01\x67"
_LAST_SEGMENT = 0x10
_START, _STOP = 0x68, 0x16
_LAST_BLOCK, _STREAMING = 0x80, 0x40
BLOCK = 0xE0
WRAPPER_VERSION = 1


class Link(Protocol):
    """A way for an APDU to travel."""

    def sent(self, apdu: bytes) -> bytes:
        """The bytes on the line; ValueError where the APDU is too long for them."""
        ...


@dataclass(frozen=True, slots=True)
class Hdlc:
    """HDLC frames.  `segment` bytes of information in each, None for all in one."""

    segment: int | None = None
    to: bytes = hdlc.TO
    sender: bytes = hdlc.FROM
    llc: bytes = hdlc.LLC

    def sent(self, apdu: bytes) -> bytes:
        """One frame, or one a segment; the LLC stands in the first."""
        return hdlc.frames(self.llc + apdu, self.segment, self.to, self.sender)


@dataclass(frozen=True, slots=True)
class Mbus:
    """Long frames of the wired M-Bus.  Source: EN 13757-2, 5; EN 13757-1, CI 0x00 to 0x1F."""

    segment: int = MBUS_LONGEST

    def sent(self, apdu: bytes) -> bytes:
        """The frames, numbered from 0 in the CI field, 0x10 in the last one."""
        parts = list(hdlc.cut(apdu, self.segment))
        if len(parts) > MBUS_SEGMENTS:
            raise ValueError(f"{len(apdu)} bytes do not fit into {MBUS_SEGMENTS} segments")
        last = len(parts) - 1
        return b"".join(
            long_frame(
                bytes([_SEND_USER_DATA, _TO_ALL, number | (_LAST_SEGMENT if number == last else 0)])
                + _FROM_MANAGEMENT_TO_CLIENT
                + part
            )
            for number, part in enumerate(parts)
        )


def long_frame(body: bytes) -> bytes:
    """`68 L L 68`, control to data, sum, `16`.

    >>> long_frame(bytes.fromhex("530172")).hex()
    '68030368530172c616'
    """
    head = bytes([_START, len(body), len(body), _START])
    return head + body + bytes([sum(body) & 0xFF, _STOP])


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The header of DLMS over TCP and UDP.  Source: IEC 62056-4-7, 5.3."""

    source: int = 1
    destination: int = 103

    def sent(self, apdu: bytes) -> bytes:
        """Version, both ports, length, APDU."""
        words = (WRAPPER_VERSION, self.source, self.destination, len(apdu))
        return b"".join(word.to_bytes(2, "big") for word in words) + apdu


@dataclass(frozen=True, slots=True)
class Bare:
    """No link at all: the APDU as it is, as adapters hand it on; an LLC may stand before it."""

    llc: bytes = b""

    def sent(self, apdu: bytes) -> bytes:
        """The APDU."""
        return self.llc + apdu


@dataclass(frozen=True, slots=True)
class Blocks:
    """General block transfer over another link.  Source: IEC 62056-5-3, general-block-transfer."""

    over: Link
    size: int = 100
    """Bytes of the APDU in a block, at most 127."""

    def sent(self, apdu: bytes) -> bytes:
        """Every block as an APDU of its own, numbered from 1, 0x80 in the control of the last."""
        parts = list(hdlc.cut(apdu, self.size))
        return b"".join(
            self.over.sent(
                bytes([BLOCK, _STREAMING | (_LAST_BLOCK if number == len(parts) else 0)])
                + number.to_bytes(2, "big")
                + bytes([0, 0, len(part)])
                + part
            )
            for number, part in enumerate(parts, 1)
        )
