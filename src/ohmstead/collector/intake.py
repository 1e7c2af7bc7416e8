"""From a device's message to a stored reading: known? readable? new? stored, and told.

What cannot be read or stored is kept as a dead letter with its reason.  A message counts as taken
only when its reading or its dead letter is in the database.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import structlog

from ohmstead.clock import Clock
from ohmstead.collector.channels import FUTURE, Channels, FindChannel
from ohmstead.errors import BadInput, Unavailable
from ohmstead.reading.reading import Channel, Reading
from ohmstead.store.committer import Fate, Outcome, Row
from ohmstead.store.dead_letters import DeadLetter
from ohmstead.store.devices import Device

log = structlog.get_logger(__name__)

_TOPIC = re.compile(r"up/([0-9A-Fa-f]{12})")
LARGEST_PAYLOAD = 65_536
DIRECTORY_AGE_S = 30.0
ASK_AGAIN_S = 1.0
"""The least time between two questions for the devices, however many unknown ones send."""
_RETRY_S = (0.1, 5.0)
_TRIES_AFTER_S = (0.1, 0.5, 2.0)


class Message(Protocol):
    """What the broker hands over."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def received_at(self) -> datetime: ...


class Commits(Protocol):
    """The database's side: rows in, what became of each out.  See store/committer.py."""

    async def commit(self, rows: Sequence[Row]) -> Outcome: ...


class KeepsLetters(Protocol):
    """Where dead letters go.  See store/dead_letters.py."""

    async def keep(self, letters: Sequence[DeadLetter]) -> None: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A reading that is stored and the newest of its meter."""

    meter: str
    stream: int
    at: datetime
    values: Mapping[str, float]
    value: float | None = None
    """Of a meter that is not electric."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message that can be stored, or what it says of one of the meters behind its own."""

    message: Message
    device: Device
    meter: str
    row: Row
    channels: tuple[Channel, ...] = ()


Known = Callable[[], Awaitable[Mapping[str, Device]]]
Parse = Callable[[bytes, ZoneInfo], Reading]
UNKNOWN, REFUSED = "unknown", "refused"
NO_DEVICE = "no such device is registered; `ohmstead admin device add` does that"
NO_TOPIC = "its topic is not up/<MAC>"
T = TypeVar("T")


class Directory:
    """The devices by MAC, as they were at most half a minute ago."""

    def __init__(self, known: Known, clock: Clock) -> None:
        self._known, self._clock = known, clock
        self._devices: Mapping[str, Device] = {}
        self._asked_at_s: float | None = None

    async def of(self, macs: set[str]) -> Mapping[str, Device]:
        """The devices, asked for anew if they are old or one of `macs` is not among them."""
        now_s = self._clock.monotonic_s()
        age_s = float("inf") if self._asked_at_s is None else now_s - self._asked_at_s
        missing = not macs <= self._devices.keys()
        if age_s > DIRECTORY_AGE_S or (missing and age_s > ASK_AGAIN_S):
            self._devices, self._asked_at_s = await self._known(), now_s
        return self._devices


class Intake:
    """Takes messages in, batch by batch.

    `counts` says what became of the messages since the start: accepted, late, duplicate, unknown
    (no such device) and refused; per stream the database keeps the same.
    """

    def __init__(
        self,
        known: Known,
        committer: Commits,
        letters: KeepsLetters,
        clock: Clock,
        *,
        parse: Parse,
        on_stored: Callable[[Sequence[Stored]], None],
        find_channel: FindChannel,
    ) -> None:
        self._channels = Channels(find_channel, clock)
        self._directory = Directory(known, clock)
        self._committer, self._letters = committer, letters
        self._parse, self._on_stored = parse, on_stored
        self.counts: Counter[str] = Counter()

    async def take(self, messages: Sequence[Message]) -> None:
        """Store what `messages` say; returns when all of it is safe.

        While the database is away it waits.  If storing fails in any other way again and again, the
        readings are tried one by one and what cannot be stored becomes a dead letter: one bad
        message must not hold up all others.  Raises what went wrong when none can be stored.
        """
        macs = set(filter(None, map(_mac, messages)))
        devices = await _patiently(lambda: self._directory.of(macs))
        counts: Counter[str] = Counter()
        taken, letters = self._read(messages, devices, counts)
        taken += await _patiently(lambda: self._behind([each for each in taken if each.channels]))
        letters += await self._commit(taken, counts)
        if letters:
            await _patiently(lambda: self._letters.keep(letters))
        self.counts += counts
        self._channels.stored(each.row for each in taken)

    async def _behind(self, taken: Sequence[_Taken]) -> list[_Taken]:
        """What messages say of the meters behind the one they are of: gas, water, heat."""
        found: dict[tuple[int, datetime], _Taken] = {}
        for each in taken:
            rows = await self._channels.rows(each.device, each.row, each.channels)
            for meter, row in rows:
                found[row.stream, row.at] = _Taken(each.message, each.device, meter, row)
        return list(found.values())

    def _read(
        self,
        messages: Sequence[Message],
        devices: Mapping[str, Device],
        counts: Counter[str],
    ) -> tuple[list[_Taken], list[DeadLetter]]:
        taken: list[_Taken] = []
        letters: list[DeadLetter] = []
        for message in messages:
            mac = _mac(message)
            device = devices.get(mac) if mac else None
            if device is None:
                counts[UNKNOWN if mac else REFUSED] += 1
                letters.append(_letter(message, NO_DEVICE if mac else NO_TOPIC))
                continue
            try:
                row, channels = self._row(message, device)
                taken.append(_Taken(message, device, device.meter, row, channels))
            except BadInput as reason:
                counts[REFUSED] += 1
                letters.append(_letter(message, str(reason), device.stream))
        return taken, letters

    def _row(self, message: Message, device: Device) -> tuple[Row, tuple[Channel, ...]]:
        size = len(message.payload)
        if size > LARGEST_PAYLOAD:
            raise BadInput(f"it has {size} bytes; a report has at most {LARGEST_PAYLOAD}")
        reading = self._parse(message.payload, device.site.zone)
        if reading.at > message.received_at + FUTURE:
            raise BadInput(
                f"its time {reading.at.isoformat()} lies in the future: it came at "
                f"{message.received_at.isoformat(timespec='seconds')}; set the device's clock"
            )
        row = Row(
            stream=device.stream,
            at=reading.at,
            received_at=message.received_at,
            values=reading.values,
            tariff=reading.tariff,
            meter_at=reading.meter_at,
            number=reading.number,
            identity=reading.identity,
            raw=message.payload,
        )
        return row, reading.channels

    async def _commit(self, taken: Sequence[_Taken], counts: Counter[str]) -> list[DeadLetter]:
        """Store readings; gives the letters of those that cannot be."""
        if not taken:
            return []
        for wait_s in _TRIES_AFTER_S:
            try:
                return await self._commit_together(taken, counts)
            except Exception:  # whatever it is, below it is narrowed down to the row
                log.exception("readings not stored; trying again", readings=len(taken))
                await asyncio.sleep(wait_s)
        letters: list[DeadLetter] = []
        trouble: Exception | None = None
        failed = 0
        for each in taken:
            try:
                letters += await self._commit_together([each], counts)
            except Exception as error:
                failed, trouble = failed + 1, error
                letters.append(_letter(each.message, f"it cannot be stored: {error!r}"))
        if trouble is not None and failed == len(taken) > 1:
            raise trouble  # not a matter of one row
        counts[REFUSED] += failed
        return letters

    async def _commit_together(
        self, taken: Sequence[_Taken], counts: Counter[str]
    ) -> list[DeadLetter]:
        outcome = await _patiently(lambda: self._committer.commit([each.row for each in taken]))
        counts.update(fate.value for fate in outcome.fates)
        new = [
            Stored(each.meter, each.row.stream, each.row.at, each.row.values, each.row.value)
            for each, fate in zip(taken, outcome.fates, strict=True)
            if fate is Fate.ACCEPTED
        ]
        if new:
            self._tell(new)
        # without their stream: the commit has counted them for it already
        return [_letter(taken[n].message, why) for n, why in outcome.reasons.items()]

    def _tell(self, new: Sequence[Stored]) -> None:
        try:
            self._on_stored(new)
        except Exception:  # whoever watches cannot make a stored reading be stored again
            log.exception("a reading was stored but not shown live")


def _mac(message: Message) -> str | None:
    found = _TOPIC.fullmatch(message.topic)
    return found[1].upper() if found else None


def _letter(message: Message, reason: str, stream: int | None = None) -> DeadLetter:
    return DeadLetter(
        at=message.received_at,
        source="mqtt",
        reason=reason,
        payload=message.payload,
        topic=message.topic,
        stream=stream,
    )


async def _patiently(action: Callable[[], Awaitable[T]]) -> T:
    """What `action` gives, as soon as the database is there."""
    wait_s = _RETRY_S[0]
    while True:
        try:
            return await action()
        except Unavailable as trouble:
            log.warning("waiting for the database", why=str(trouble))
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _RETRY_S[1])
