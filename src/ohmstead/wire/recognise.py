"""What speaks there?  Every decoder listens to an unknown stream until one of them understands it.

*To add a protocol: its file, and one line in `DECODERS`.*
"""

from collections.abc import Callable

from ohmstead.wire import dlms, en13757
from ohmstead.wire.cipher import Keys
from ohmstead.wire.iec62056_21 import Readout
from ohmstead.wire.kmp import Kmp
from ohmstead.wire.mep import Mep
from ohmstead.wire.p1 import P1
from ohmstead.wire.p1_sealed import SealedP1
from ohmstead.wire.sml import Sml
from ohmstead.wire.telegram import (
    NO_DATA,
    NOT_RECOGNIZED,
    OK,
    RECOGNITION,
    Decoder,
    Refused,
    Telegram,
)

Make = Callable[[Keys | None], Decoder]


def plain_p1(_: Keys | None) -> Decoder:
    """P1 telegrams that need no key."""
    return P1()


def sml(_: Keys | None) -> Decoder:
    """SML, which needs no key."""
    return Sml()


def kmp(_: Keys | None) -> Decoder:
    """KMP, which needs no key."""
    return Kmp()


def mep(_: Keys | None) -> Decoder:
    """MEP, whose replies are not ciphered."""
    return Mep()


def readout(_: Keys | None) -> Decoder:
    """IEC 62056-21, which needs no key."""
    return Readout()


DECODERS: tuple[Make, ...] = (
    readout,
    plain_p1,
    SealedP1,
    dlms.over_hdlc,
    en13757.over_mbus,
    sml,
    dlms.over_wrapper,
    kmp,
    mep,
    dlms.bare,
)
"""The protocols, the most particular first."""

PATIENCE = 512
"""Bytes of which hardly any was kept and nothing understood, until the status says so."""
HARDLY = 16
"""Bytes that all decoders together may keep of anything."""
LOST = 32_768
"""Bytes without a telegram after which the one who understood is no longer believed: another meter
is there."""
PIECE = 4096


class Recogniser:
    """The decoder of an unknown stream; it gives what the first decoder to understand it gives.

    It holds no more than its decoders do.  `status` is the device's word for what has been seen so
    far; NOT CONNECTED, and NO DATA after a silence, are for the port to say: there is no time here.
    """

    def __init__(self, keys: Keys | None = None, decoders: tuple[Make, ...] = DECODERS) -> None:
        self._decoders = decoders
        self._keys = keys
        self._listening = [make(keys) for make in decoders]
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
            heard = self._heard(decoder, list(decoder.close()))
            if self._speaks:
                return heard
            found += heard
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
            heard = self._heard(decoder, list(decoder.feed(data)))
            if self._speaks:
                return heard  # what the others made of the same bytes is of no interest now
            found += heard
        hopeful = self.held > HARDLY and self._silent <= LOST
        if self._status in (RECOGNITION, NOT_RECOGNIZED):
            self._status = RECOGNITION if hopeful or self._silent < PATIENCE else NOT_RECOGNIZED
        return found

    def _heard(self, decoder: Decoder, found: list[Telegram | Refused]) -> list[Telegram | Refused]:
        """What `found` means: the first telegram decides who speaks, a refusal may lack a key."""
        for one in found:
            if isinstance(one, Telegram):
                self._status, self._silent = OK, 0
                self._speaks, self._listening = decoder, [decoder]
            elif one.status is not None:
                self._status = one.status
        return found

    def _forget(self) -> None:
        self._speaks = None
        self._silent = 0
        self._status = RECOGNITION
        self._listening = [make(self._keys) for make in self._decoders]
