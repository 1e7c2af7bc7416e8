"""The meter: telegrams in, readings out.

A telegram's values are brought to the catalogue's units, what follows from them is added, and the
reading gets its moment of receipt and its number.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ohmstead.clock import Clock
from ohmstead.gateway.channels import channels, moment
from ohmstead.reading import catalogue, units
from ohmstead.reading.catalogue import Kind
from ohmstead.reading.derived import with_derived
from ohmstead.reading.reading import Identity, Reading
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import NO_DATA, NOT_CONNECTED, Refused, Telegram, Value

SILENT_S = 60.0
"""Without a byte for so long, the meter's status is NO DATA."""
KEPT_S = 60.0
"""A meter that sends its values alternately: so long a voltage or counter is carried on."""
SET_BACK = timedelta(minutes=1)
"""A clock that falls back further was put right: it is believed.  Smaller steps keep the order."""

MILLISECOND = timedelta(milliseconds=1)

TARIFF = "96.14.0"
MOST_FURTHER = 100  # a reading stays small, whatever a meter lists beside the catalogue

_OWN = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}")
_LAST_DIGITS = re.compile(r"(\d{1,4})\D*$")


class Decoder(Protocol):
    """What the meter needs of `wire.recognise.Recogniser`."""

    def feed(self, data: bytes) -> Iterable[Telegram | Refused]:
        """What `data` completes."""
        ...

    @property
    def status(self) -> str:
        """How recognition stands, in the device's words."""
        ...


def _lasting(obis: str) -> bool:
    """Whether a value may be carried on for a minute: counters, demands, voltages change slowly."""
    quantity = catalogue.BY_OBIS.get(obis)
    return quantity is not None and (quantity.kind is not Kind.GAUGE or quantity.unit == "V")


def values_of(said: Mapping[str, Value]) -> dict[str, float]:
    """The numbers of a telegram by short OBIS, in the catalogue's units.

    Left out: text, other channels, past billing periods, and what comes in a unit that the
    catalogue does not keep for that quantity (or in none: its size is then anybody's guess).
    """
    found: dict[str, float] = {}
    further = 0
    for key, value in said.items():
        if isinstance(value.value, str) or not _OWN.fullmatch(key):
            continue
        kept, unit = units.kept(value.value, value.unit)
        quantity = catalogue.BY_OBIS.get(key)
        if quantity is None:
            further += 1
        if unit == quantity.unit if quantity else unit is not None and further <= MOST_FURTHER:
            found[key] = float(f"{kept:.15g}")  # dividing by 1000 may leave binary noise
    return found


def tariff_of(said: Mapping[str, Value]) -> int | None:
    """The tariff in force: `0002` and `RATE2` are 2.

    >>> tariff_of({"96.14.0": Value("RATE2")}), tariff_of({"96.14.0": Value(1.0)})
    (2, 1)
    """
    value = said.get(TARIFF)
    if value is None:
        return None
    if not isinstance(value.value, str):
        return int(value.value)
    digits = _LAST_DIGITS.search(value.value)
    return int(digits[1]) if digits else None


def identity_of(telegram: Telegram) -> Identity:
    """The telegram's identity, its protocol and interface filled in where the decoder left them."""
    said = telegram.identity
    return replace(
        said,
        protocol=said.protocol or telegram.protocol,
        interface=said.interface or ("P1" if telegram.framing == "p1" else "MBUS"),
    )


class Meter:
    """One meter on one port: bytes become readings, in order, never two at the same moment."""

    def __init__(
        self, id: str, zone: ZoneInfo, clock: Clock, decoder: Decoder | None = None
    ) -> None:
        """`id` names the readings; `zone` is the local time of a meter that tells no offset."""
        self._id = id
        self._zone = zone
        self._clock = clock
        self._decoder: Decoder = decoder or Recogniser()
        self._connected = False
        self._heard_s: float | None = None
        self._at: datetime | None = None
        self._at_s = 0.0
        self._number = 0
        self._lasting: dict[str, tuple[float, float]] = {}
        self._refused = 0
        self._refusal = ""

    @property
    def refused(self) -> int:
        """How many telegrams were refused since the start."""
        return self._refused

    @property
    def refusal(self) -> str:
        """Why the last refused telegram was refused; empty while none was."""
        return self._refusal

    @property
    def status(self) -> str:
        """The state of the meter in the device's words.  Source: REST/MQTT 2.0, 2.3."""
        if not self._connected:
            return NOT_CONNECTED
        if self._heard_s is None or self._clock.monotonic_s() - self._heard_s > SILENT_S:
            return NO_DATA
        return self._decoder.status

    def connected(self, is_connected: bool) -> None:
        """Tell whether the port to the meter is open."""
        if is_connected and not self._connected:
            self._heard_s = None
        self._connected = is_connected

    def feed(self, data: bytes) -> Iterator[Reading]:
        """The readings that `data` completes; it must be consumed."""
        self._connected = True
        self._heard_s = self._clock.monotonic_s()
        for found in self._decoder.feed(data):
            if isinstance(found, Refused):
                self._refused += 1
                self._refusal = found.reason
            else:
                yield self._reading(found)

    def _reading(self, telegram: Telegram) -> Reading:
        at, interval_s = self._received()
        self._number += 1
        return Reading(
            meter=self._id,
            at=at,
            values=with_derived(self._completed(values_of(telegram.values))),
            identity=identity_of(telegram),
            channels=channels(telegram.values, self._zone),
            tariff=tariff_of(telegram.values),
            meter_at=moment(telegram.at, self._zone),
            number=self._number,
            interval_s=interval_s,
        )

    def _received(self) -> tuple[datetime, float | None]:
        """The moment of receipt (milliseconds, after the one before), and the time since then."""
        now_s = self._clock.monotonic_s()
        now = self._clock.now()
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        interval_s = None
        if self._at is not None:
            interval_s = round(max(0.0, now_s - self._at_s), 3)
            if self._at - SET_BACK < at <= self._at:
                at = self._at + MILLISECOND
        self._at, self._at_s = at, now_s
        return at, interval_s

    def _completed(self, said: dict[str, float]) -> dict[str, float]:
        """`said`, and what earlier telegrams of the last minute said that changes slowly.

        Source: REST/MQTT 2.0, 4.1.1, note: "Some meters send values alternately".
        """
        now_s = self._clock.monotonic_s()
        for obis, value in said.items():
            if _lasting(obis):
                self._lasting[obis] = (value, now_s)
        kept = {k: v for k, (v, since_s) in self._lasting.items() if now_s - since_s <= KEPT_S}
        return {**kept, **said}
