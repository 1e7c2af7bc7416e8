"""What a decoder gives back: a telegram with its values, or a refusal with its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from ohmstead.reading.reading import Identity

NOT_CONNECTED = "NOT CONNECTED"
NO_DATA = "NO DATA"
RECOGNITION = "RECOGNITION"
OK = "OK"
ENCRYPTION_KEY = "ENCRYPTION KEY"
KEY_REQUIRED = "KEY REQUIRED"
NOT_RECOGNIZED = "NOT RECOGNIZED"
"""The device's words for the state of its meter.  Source: REST/MQTT 2.0, field `meter.status`."""


class Value(Struct, frozen=True, gc=False):
    """One value as the telegram says it: a number in `unit`, or a text.

    A Struct and not a dataclass: a telegram holds thirty of them, and a Struct is made ten times as
    fast.
    """

    value: float | str
    unit: str | None = None
    """As `reading.units.named` spells it; None where the telegram gives none."""
    at: datetime | None = None
    """When the value was taken, where the telegram says so; like `Telegram.at`."""
    raw: int | None = None
    scaler: int | None = None
    """Power of ten between `raw` and `value`; None where the telegram has none."""


@dataclass(frozen=True, slots=True)
class Telegram:
    """One whole telegram, checked as far as its protocol allows.

    `at` is the meter's clock: aware when the telegram says its offset, else naive local wall time
    whose `fold` comes from the daylight-saving flag (summer 0, winter 1).
    """

    protocol: str
    """DSMR, DLMS, KMP, MEP, MBUS, SML or IEC."""
    framing: str
    """p1, hdlc, mbus, wrapper, ..."""
    values: Mapping[str, Value]
    """By `Obis.short`."""
    at: datetime | None
    identity: Identity
    raw: bytes
    """The bytes it came in, noise around it left out."""
    apdu: bytes = field(default=b"", compare=False, repr=False)
    """Of DLMS: the notification in the clear, as the meter laid it out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that looked like a telegram and is not: why, and where in the stream it began."""

    reason: str
    offset: int
    """Bytes from the first one ever fed."""
    status: str | None = None
    """What it means for the state of the meter (ENCRYPTION KEY, KEY REQUIRED), if anything."""


class Decoder(Protocol):
    """Bytes in, telegrams out; it never opens, waits, logs or asks the time."""

    def feed(self, data: bytes) -> Iterable[Telegram | Refused]:
        """Whatever `data` completes, in the order of the stream; `data` may be cut anywhere."""
        ...

    def close(self) -> Iterable[Telegram | Refused]:
        """What the end of the stream completes; afterwards the decoder is as new."""
        ...

    @property
    def held(self) -> int:
        """Bytes that wait for their telegram to be completed; it has a bound."""
        ...
