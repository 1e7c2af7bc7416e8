"""The meter: telegrams in, readings out.

A telegram's values are brought to the catalogue's units, what follows from them is added, and the
reading gets its moment of receipt and its number.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from ohmstead.clock import Clock
from ohmstead.gateway.carry import Carry
from ohmstead.gateway.channels import channels, moment
from ohmstead.gateway.meter_clock import MeterClock
from ohmstead.gateway.plausible import doubts
from ohmstead.gateway.scaling import Scaling
from ohmstead.reading import catalogue, units
from ohmstead.reading.derived import with_derived
from ohmstead.reading.reading import Identity, Reading
from ohmstead.settings.gateway import MeterSettings
from ohmstead.surfaces.device import Doubt
from ohmstead.wire.cipher import Keys
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import (
    NO_DATA,
    NOT_CONNECTED,
    OK,
    RECOGNITION,
    Refused,
    Telegram,
    Value,
)

SILENT_S = 60.0
"""Without a byte for so long, the meter's status is NO DATA."""
SET_BACK = timedelta(minutes=1)
"""A clock that falls back further was put right: it is believed.  Smaller steps keep the order."""

MILLISECOND = timedelta(milliseconds=1)

TARIFF = "96.14.0"
MOST_FURTHER = 100  # a reading stays small, whatever a meter lists beside the catalogue

_OWN = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}")
_NUMBER = re.compile(r"-?\d{1,9}(?:\.\d{1,9})?")
_LAST_DIGITS = re.compile(r"(\d{1,4})\D*$")

AS_IT_IS = Scaling(MeterSettings())


class Decoder(Protocol):
    """What the meter needs of `wire.recognise.Recogniser`."""

    def feed(self, data: bytes) -> Iterable[Telegram | Refused]:
        """What `data` completes."""
        ...

    def close(self) -> Iterable[Telegram | Refused]:
        """What the end of the stream completes."""
        ...

    @property
    def status(self) -> str:
        """How recognition stands, in the device's words."""
        ...


def _number(value: Value, unit: str | None, *, known: bool) -> float | None:
    """The number a value is; the text of one counts where the catalogue has no unit for it: P1
    writes a power factor without one."""
    if not isinstance(value.value, str):
        return value.value
    plain = known and unit is None and _NUMBER.fullmatch(value.value)
    return float(value.value) if plain else None


def values_of(said: Mapping[str, Value], scaling: Scaling = AS_IT_IS) -> dict[str, float]:
    """The numbers of a telegram by short OBIS, in the catalogue's units.

    Left out: text, other channels, past billing periods, and what comes in a unit that the
    catalogue does not keep for that quantity (or in none: its size is then anybody's guess).
    """
    found: dict[str, float] = {}
    further = 0
    for key, value in said.items():
        if not _OWN.fullmatch(key):
            continue
        quantity = catalogue.BY_OBIS.get(key)
        wanted = quantity.unit if quantity else None
        number = _number(value, wanted, known=quantity is not None)
        if number is None:
            continue
        kept, unit = units.kept(number, value.unit)
        if quantity is None:
            further += 1
        if unit == wanted if quantity else unit is not None and further <= MOST_FURTHER:
            kept = scaling.multiplied(kept, unit)
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


def as_one(answers: Sequence[Telegram]) -> Telegram:
    """One telegram of all that a meter answered in one round; where two speak, the later counts."""
    first, *others = answers
    for other in others:
        who = {
            field.name: getattr(other.identity, field.name) or getattr(first.identity, field.name)
            for field in fields(Identity)
        }
        first = replace(
            other,
            values={**first.values, **other.values},
            at=other.at or first.at,
            identity=Identity(**who),
        )
    return first


class Meter:
    """One meter on one port: bytes become readings, in order, never two at the same moment."""

    def __init__(
        self,
        id: str,
        zone: ZoneInfo,
        clock: Clock,
        decoder: Decoder | None = None,
        *,
        keys: Keys | None = None,
        scaling: Scaling = AS_IT_IS,
        silent_s: float = SILENT_S,
        meter_clock: MeterClock | None = None,
    ) -> None:
        """`id` names the readings; `zone` is the local time of a meter that tells no offset."""
        self._id = id
        self._zone = zone
        self._clock = clock
        self._decoder: Decoder = decoder or Recogniser(keys)
        self._keys = keys
        self._scaling = scaling
        self._meter_clock = meter_clock or MeterClock()
        self._telegram: Telegram | None = None
        self._factor: float | None = None
        self._silent_s = silent_s
        self._port: str | None = NOT_CONNECTED
        self._answered: str | None = None
        self._heard_s: float | None = None
        self._at: datetime | None = None
        self._at_s = 0.0
        self._number = 0
        self._carry = Carry()
        self._doubts: tuple[Doubt, ...] = ()
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
    def telegram(self) -> Telegram | None:
        """The last telegram that became a reading."""
        return self._telegram

    @property
    def scaling(self) -> Scaling:
        """The scalers that count."""
        return self._scaling

    def use(self, keys: Keys | None, scaling: Scaling) -> None:
        """Other keys and sizes, from the next telegram on."""
        if keys != self._keys:
            self._keys = keys
            self._decoder = Recogniser(keys)
        if not scaling.same(self._scaling):
            self._scaling = scaling
            self._carry = Carry()  # what was said before is of other sizes

    @property
    def conv_factor(self) -> float:
        """What the values of the last reading are multiplied by; before it, those of the next."""
        return self._scaling.factor if self._factor is None else self._factor

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What in the last reading cannot be right."""
        return self._doubts

    @property
    def status(self) -> str:
        """The state of the meter in the device's words.  Source: REST/MQTT 2.0, 2.3."""
        if self._port is not None:
            return self._port
        if self._heard_s is None or self._clock.monotonic_s() - self._heard_s > self._silent_s:
            return NO_DATA
        return self._answered or self._decoder.status

    def port(self, state: str | None) -> None:
        """Tell how the port stands, in the device's words; None when it is open and what comes over
        it says the rest."""
        if state is None and self._port is not None:
            self._heard_s = None
        self._port = state

    def feed(self, data: bytes) -> Iterator[Reading]:
        """The readings that `data` completes; it must be consumed.

        No bytes are the end of a stream, as `read` has it: some telegrams are complete only then.
        """
        if data:
            self._port = None
            self._heard_s = self._clock.monotonic_s()
        for found in self._decoder.feed(data) if data else self._decoder.close():
            if isinstance(found, Refused):
                self._count(found)
            else:
                yield self._reading(found)

    def take(self, answers: Iterable[Telegram | Refused]) -> Reading | None:
        """The reading that a meter's answers of one round make; None if they make none."""
        telegrams: list[Telegram] = []
        for found in answers:
            self._port = None
            self._heard_s = self._clock.monotonic_s()
            if isinstance(found, Refused):
                self._count(found)
                self._answered = found.status or self._answered or RECOGNITION
            else:
                telegrams.append(found)
        if not telegrams:
            return None
        self._answered = OK
        return self._reading(as_one(telegrams))

    def _count(self, refused: Refused) -> None:
        self._refused += 1
        self._refusal = refused.reason

    def _reading(self, telegram: Telegram) -> Reading:
        at, interval_s = self._received()
        self._number += 1
        self._telegram = telegram
        self._factor = self._scaling.factor
        said = self._scaling.sized(telegram)
        self._doubts = tuple(doubts(values_of(said)))
        now_s = self._clock.monotonic_s()
        known = self._carry.completed(values_of(said, self._scaling), now_s)
        values = with_derived(known)
        return Reading(
            meter=self._id,
            at=at,
            values=values,
            identity=identity_of(telegram),
            channels=self._carry.behind(channels(said, self._zone), now_s),
            tariff=tariff_of(said),
            meter_at=self._meter_clock.right(moment(telegram.at, self._zone), at),
            number=self._number,
            interval_s=interval_s,
            derived=frozenset(values.keys() - known.keys()),
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
