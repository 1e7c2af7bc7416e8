"""What speaks there?  Every decoder listens to an unknown stream until one of them understands it.

*To add a protocol: its file, and one line in `DECODERS`.*
"""

from collections.abc import Callable

from ohmstead.wire import dlms
from ohmstead.wire.p1 import P1
from ohmstead.wire.telegram import (
    NO_DATA,
    NOT_RECOGNIZED,
    OK,
    RECOGNITION,
    Decoder,
    Refused,
    Telegram,
)

DECODERS: tuple[Callable[[], Decoder], ...] = (
    P1,
    dlms.over_hdlc,
)
"""The protocols, the most particular first."""

PATIENCE = 512
"""Bytes of which nothing was kept and nothing understood, until the status says so."""
LOST = 32_768
"""Bytes without a telegram after which the one who understood is no longer believed: another meter
is there."""
PIECE = 4096


class Recogniser:
    """The decoder of an unknown stream; it gives what the first decoder to understand it gives.

    It holds no more than its decoders do.  `status` is the device's word for what has been seen so
    far; NOT CONNECTED, and NO DATA after a silence, are for the port to say: there is no time here.
    """

    def __init__(self, decoders: tuple[Callable[[], Decoder], ...] = DECODERS) -> None:
        self._decoders = decoders
        self._listening = [make() for make in decoders]
        self._speaks: Decoder | None = None
        self._silent = 0  # bytes since the last telegram
        self._status = NO_DATA

    @property
    def status(self) -> str:
        """NO DATA, RECOGNITION, OK, KEY REQUIRED, ENCRYPTION KEY or NOT RECOGNIZED."""
        return self._status

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return sum(decoder.held for decoder in self._listening)

    def feed(self, data: bytes) -> list[Telegram | Refused]:
        """Whatever `data` completes."""
        found: list[Telegram | Refused] = []
        for start in range(0, len(data), PIECE):
            found += self._piece(data[start : start + PIECE])
        return found

    def close(self) -> list[Telegram | Refused]:
        """What the end of the stream completes."""
        found: list[Telegram | Refused] = []
        for decoder in self._listening:
            found += self._heard(decoder, list(decoder.close()))
        return found

    def _piece(self, data: bytes) -> list[Telegram | Refused]:
        self._silent += len(data)
        if self._speaks:
            found = self._heard(self._speaks, list(self._speaks.feed(data)))
            if self._silent > LOST:
                self._forget()
            return found
        if self._status == NO_DATA:
            self._status = RECOGNITION
        found = []
        for decoder in self._listening:
            found += self._heard(decoder, list(decoder.feed(data)))
            if self._speaks:
                return found
        if self._status == RECOGNITION and self._silent >= PATIENCE and not self.held:
            self._status = NOT_RECOGNIZED
        elif self._status == NOT_RECOGNIZED and self.held:
            self._status = RECOGNITION
        return found

    def _heard(self, decoder: Decoder, found: list[Telegram | Refused]) -> list[Telegram | Refused]:
        """What `found` means: the first telegram, or a refusal that only its protocol can give,
        decides."""
        for one in found:
            status = OK if isinstance(one, Telegram) else one.status
            if status is None:
                continue
            self._status = status
            self._silent = 0
            if self._speaks is not decoder:
                self._speaks = decoder
                self._listening = [decoder]
        return found

    def _forget(self) -> None:
        self._speaks = None
        self._silent = 0
        self._status = RECOGNITION
        self._listening = [make() for make in self._decoders]
