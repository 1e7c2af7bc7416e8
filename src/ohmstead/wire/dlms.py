"""DLMS meters that push: a link layer below, data notifications above."""

from typing import Protocol

from ohmstead.wire import cosem
from ohmstead.wire.hdlc import LLC, Hdlc, Message
from ohmstead.wire.telegram import KEY_REQUIRED, Refused, Telegram

CIPHERED = frozenset({0xDB, 0xDC, 0xDD})
"""APDUs under a key: general-glo, general-ded, general-ciphering.  Source: IEC 62056-5-3, clause
9.5."""


class Link(Protocol):
    """A link layer: bytes in, messages out."""

    def feed(self, data: bytes) -> list[Message | Refused]: ...

    def close(self) -> list[Message | Refused]: ...

    @property
    def held(self) -> int: ...


class Dlms:
    """The decoder of what comes over `link`; `framing` is its name in the telegrams."""

    def __init__(self, link: Link, framing: str) -> None:
        self._link = link
        self._framing = framing

    def feed(self, data: bytes) -> list[Telegram | Refused]:
        """Whatever `data` completes."""
        return [self._read(found) for found in self._link.feed(data)]

    def close(self) -> list[Telegram | Refused]:
        """What the end of the stream completes."""
        return [self._read(found) for found in self._link.close()]

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return self._link.held

    def _read(self, found: Message | Refused) -> Telegram | Refused:
        if isinstance(found, Refused):
            return found
        apdu = found.payload[3:] if found.payload.startswith(LLC) else found.payload
        if apdu and apdu[0] in CIPHERED:
            return Refused(
                "DLMS: the telegram is encrypted and no key is set", found.offset, KEY_REQUIRED
            )
        return cosem.telegram(apdu, framing=self._framing, raw=found.raw, offset=found.offset)


def over_hdlc() -> Dlms:
    """DLMS over HDLC, as on most customer ports."""
    return Dlms(Hdlc(), "hdlc")
