"""What a simulated meter is: a building, a place, and a way to speak."""

from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from ohmstead.simulate.building import Building
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.pipes import Pipe
from ohmstead.simulate.pulls import Pull
from ohmstead.simulate.weather import Place
from ohmstead.wire.cipher import Keys

SIMULATION = Keys(
    bytes.fromhex("000102030405060708090A0B0C0D0E0F"),
    bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"),
)
"""The keys of the standard's own examples, so nobody takes them for secrets.

Source: DLMS UA 1000-2 (Green Book), 9.2.
"""
MEP = Keys(b"VIRTUAL METER 01")
"""Of a NES meter, whose key is 16 letters."""
LUXEMBOURG = Keys(SIMULATION.encryption, bytes.fromhex("00112233445566778899AABBCCDDEEFF"))
"""With the authentication key that Luxembourg has published for every meter."""


class Speech(Protocol):
    """How a kind of meter speaks; a `Pull` answers as well."""

    def telegram(self, on: Occasion) -> bytes:
        """The bytes it sends."""
        ...


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of simulated meter."""

    description: str
    interface: str
    """P1, MBUS, TTL, OPTICAL, RS485 or LAN."""
    protocol: str
    """As `Telegram.protocol` says it."""
    interval_s: float
    """Between two telegrams; for a meter that is asked, a usual pace of asking."""
    zone: str
    place: Place
    building: Building
    speech: Speech
    serial: str
    """Fictional; the last digits come from the seed."""
    gas: Pipe | None = None
    water: Pipe | None = None
    keys: Keys | None = None
    """Where it ciphers: the keys it has unless it is given others.  They are no secret."""

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone of the meter's clock."""
        return ZoneInfo(self.zone)

    @property
    def asked(self) -> bool:
        """Whether it speaks only when it is asked."""
        return isinstance(self.speech, Pull)

    @property
    def encrypted(self) -> bool:
        """Whether its telegrams need a key."""
        return self.keys is not None
