"""What one meter said at one moment: the value that travels from the wire to the screen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from zlib import crc32

NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a meter is.  None where the meter does not say."""

    id: str | None = None
    """Serial number (96.1.0)."""
    logical_name: str | None = None
    """Logical device name (42.0.0)."""
    model: str | None = None
    """Model or equipment identifier (96.1.1)."""
    vendor: str | None = None
    prefix: str | None = None
    """The vendor's three letters (FLAG)."""
    protocol: str | None = None
    """DSMR, DLMS, KMP, MEP, MBUS, SML or IEC."""
    protocol_version: str | None = None
    interface: str | None = None
    """P1, TTL, MBUS or MEP."""

    @property
    def mark(self) -> int | None:
        """A number that stands for the serial number; None where the meter does not say it."""
        return mark_of(self.id) if self.id else None


def mark_of(serial: str) -> int:
    """A number of 32 bits with a sign that stands for a serial number; never 0.

    >>> mark_of("4711") == mark_of("4711") != mark_of("4712")
    True
    """
    return (crc32(serial.encode()) or 1) - 2**31 or 1


@dataclass(frozen=True, slots=True)
class Channel:
    """What a meter behind the meter said: gas, water, heat, temperature.

    `value` is in `unit` (m3, GJ, kWh, °C); `at` is when that meter was read, aware UTC.
    """

    bus: int
    kind: str
    value: float | None
    unit: str | None
    meter_id: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one meter said at one moment.

    `at` is when it arrived (aware, UTC): the order of a stream.  `meter_at` is what the meter's own
    clock said then (aware, UTC), None where it does not say.  `values` maps a catalogue key (short
    OBIS) to a number in the catalogue's unit; what the meter did not say is not in it.
    """

    meter: str
    at: datetime
    values: Mapping[str, float]
    identity: Identity = field(default_factory=Identity)
    channels: tuple[Channel, ...] = ()
    tariff: int | None = None
    meter_at: datetime | None = None
    number: int = 0
    interval_s: float | None = None
    derived: frozenset[str] = field(default=frozenset(), compare=False)
    """Keys of `values` that were computed from others (`reading.derived`), not said by the meter;
    empty where nobody knows, as in a reading out of a report."""

    def get(self, obis: str) -> float | None:
        """The value of a catalogue key, or None where the meter did not say it."""
        return self.values.get(obis)
