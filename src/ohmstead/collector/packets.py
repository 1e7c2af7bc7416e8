"""Packets of the push API: who sends, of which meter, what it says; then to the store.

What is known of senders and meters is kept in memory, and forgotten when the database tells that
it changed.  What is not known is asked for, many packets at a time.
"""

import asyncio
import base64
import binascii
import hashlib
import os
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Protocol

import structlog

from ohmstead.access import secrets
from ohmstead.clock import Clock
from ohmstead.collector import packet_replies as replies
from ohmstead.collector.packet_notes import PacketNotes
from ohmstead.collector.packet_queue import PacketQueue, Waiting
from ohmstead.collector.packet_replies import Reply
from ohmstead.errors import BadInput, Forbidden, Unavailable
from ohmstead.store.committer import Row
from ohmstead.store.packet_directory import PacketDirectory, Sender, Target
from ohmstead.surfaces import wattics
from ohmstead.surfaces.wattics import Said

log = structlog.get_logger(__name__)

FUTURE = timedelta(days=1)
"""How far a packet may be ahead: the official client writes local time as if it were UTC."""
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
MOST_KNOWN = 1_000_000
MOST_WRONG = 10_000
MOST_ASKED = 5_000
"""Packets that may wait for a question; more get 503."""
ASK_S = 8.0
ASKED_AGAIN = 3
"""How often something is asked for that changes meanwhile."""
_TOTAL = "1.8.0"
_WH = {"Wh": 1.0, "kWh": 1000.0, "MWh": 1e6, "GJ": 1e9 / 3600}


class Head:
    """What the target and the headers of packets say; `length` is of the body.

    Whose it is (`sender`) is known while `since` is the present time of Packets.
    """

    __slots__ = ("authorization", "close", "length", "partial", "sender", "since", "utc")

    def __init__(
        self,
        authorization: bytes,
        *,
        utc: bool = False,
        partial: bool = False,
        close: bool = False,
        length: int = 0,
    ) -> None:
        self.authorization = authorization
        self.utc, self.partial, self.close, self.length = utc, partial, close, length
        self.sender: Sender | None = None
        self.since = 0


class Request(Waiting, Protocol):
    """A packet on its way, and who waits for what became of it."""

    head: Head
    body: bytes


class Packets:
    """Takes packets; each of them is answered exactly once, whatever happens.

    >>> # receiver.take(request)   answers with `request.settle(reply)`, at once or later
    """

    def __init__(
        self,
        directory: PacketDirectory,
        queue: PacketQueue,
        notes: PacketNotes,
        key: bytes,
        clock: Clock,
    ) -> None:
        self._directory, self._queue, self._notes = directory, queue, notes
        self._key, self._clock = key, clock
        self._memory_key = os.urandom(32)
        self._time = 1
        """Counts the times at which all that was known was forgotten."""
        self._senders: dict[bytes, Sender] = {}
        self._wrong: set[bytes] = set()
        self._targets: dict[str, Target] = {}
        self._asked: deque[Request] = deque()
        self._asking = asyncio.Event()

    def take(self, request: Request) -> None:
        """Take one packet; never raises."""
        reply = self._taken(request, known=False)
        if reply is not None:
            request.settle(reply)

    def _taken(self, request: Request, *, known: bool) -> Reply | None:
        """The reply, or None when it comes later; `known` says that nothing is left to ask."""
        head = request.head
        sender = head.sender
        if sender is None or head.since != self._time:
            found = self._sender(head)
            if isinstance(found, Reply):
                return found
            if found is None:
                return replies.WRONG if known else self._ask(request)
            sender = found
        try:
            return self._placed(request, sender, known=known)
        except (BadInput, Forbidden) as misfit:
            return replies.of_error(misfit)
        except Exception:  # whatever it is, who sent it is answered
            log.exception("a packet was not taken")
            return replies.BROKEN

    def _sender(self, head: Head) -> Sender | Reply | None:
        """Who sends; None when that has to be asked for."""
        if not head.authorization:
            return replies.UNSIGNED
        digest = self._digest(head.authorization)
        sender = self._senders.get(digest)
        if sender is None:
            return replies.WRONG if digest in self._wrong else None
        if sender.old_until is not None and sender.old_until <= self._clock.now():
            del self._senders[digest]  # it may have come in with the old password
            return None
        if sender.old_until is None:
            head.sender, head.since = sender, self._time
        return sender

    def _placed(self, request: Request, sender: Sender, *, known: bool) -> Reply | None:
        """Put the packet into the queue; raises BadInput."""
        said = wattics.parse(request.body, utc=request.head.utc)
        target = self._targets.get(said.id)
        if target is None:
            return no_stream(said.id) if known else self._ask(request)
        if not sender.may(target):
            return not_yours(sender, target)
        now = self._clock.now()
        row = row_of(said, target, now, request.body)
        if said.unknown:
            self._notes.unknown(target, said.unknown, now)
        self._notes.used(sender.id, now)
        return self._queue.put(row, target.id, request, partial=request.head.partial)

    def _digest(self, authorization: bytes) -> bytes:
        return hashlib.blake2b(authorization, key=self._memory_key, digest_size=16).digest()

    def _ask(self, request: Request) -> Reply | None:
        if len(self._asked) >= MOST_ASKED:
            return replies.BUSY
        self._asked.append(request)
        self._asking.set()
        return None

    async def run(self) -> None:
        """Ask for what is not known, until cancelled."""
        while True:
            await self._asking.wait()
            self._asking.clear()
            asked, self._asked = list(self._asked), deque()
            try:
                async with asyncio.timeout(ASK_S):
                    lasting = await self._learn(asked)
            except (Unavailable, TimeoutError) as trouble:
                log.warning("packets not taken: the database is away", why=str(trouble))
                settle(asked, replies.AWAY)
            except (
                Exception
            ):  # whatever it is: those who wait are answered, and the next ones asked
                log.exception("packets not taken")
                settle(asked, replies.BROKEN)
            else:
                for request in asked:
                    reply = self._taken(request, known=True)
                    if reply is not None:
                        request.settle(reply)
                if not lasting:
                    self._forget()

    async def _learn(self, asked: Sequence[Request]) -> bool:
        """Ask for every sender and meter of these packets; False when it may be old already.

        Something that changes between question and answer is told before the answer comes, and
        what is told is forgotten then: the answer must not be kept after that.
        """
        ids: set[str] = set()
        headers = {request.head.authorization for request in asked}
        for request in asked:
            try:
                ids.add(wattics.parse(request.body, utc=request.head.utc).id)
            except wattics.Misfit:
                continue
        for _ in range(ASKED_AGAIN):
            time = self._time
            targets = await self._directory.targets(ids)
            senders = await self.senders(headers)
            if time == self._time:
                break
        if len(self._senders) + len(headers) > MOST_KNOWN:
            self._senders.clear()
        if len(self._targets) + len(targets) > MOST_KNOWN:
            self._targets.clear()
        self._targets.update(targets)
        for header in headers:
            digest, found = self._digest(header), senders.get(header)
            if found is not None:
                self._senders[digest] = found
            elif len(self._wrong) < MOST_WRONG:
                self._wrong.add(digest)
        return time == self._time

    async def senders(self, headers: Iterable[bytes]) -> Mapping[bytes, Sender]:
        """Who signs in with each of the `Authorization` headers; without those that nobody may."""
        written = {header: basic(header) for header in headers}
        names = {each[0] for each in written.values() if each}
        found = await self._directory.senders(names)
        now = self._clock.now()
        return {
            header: sender
            for header, each in written.items()
            if each and (sender := self._checked(found.get(each[0]), each[1], now)) is not None
        }

    def _checked(self, sender: Sender | None, password: str, now: datetime) -> Sender | None:
        """The sender if the password is the present or, during the overlap, the old one.

        Whoever has the present one is not bound to the overlap any more.
        """
        digest = sender.digest if sender else bytes(32)
        right = secrets.matches(self._key, password, digest)
        old = sender.old_digest if sender and sender.old_until and now < sender.old_until else None
        was = secrets.matches(self._key, password, old or bytes(32))
        if sender is not None and right:
            return replace(sender, old_digest=None, old_until=None)
        return sender if was else None

    async def listen(self) -> None:
        """Forget what is known whenever the database tells of a change, until cancelled."""
        async for _ in self._directory.changes():
            self._forget()

    def _forget(self) -> None:
        self._time += 1
        self._senders.clear()
        self._wrong.clear()
        self._targets.clear()


def settle(requests: Iterable[Request], reply: Reply) -> None:
    """Answer all of them alike."""
    for request in requests:
        request.settle(reply)


def basic(header: bytes) -> tuple[str, str] | None:
    """User name and password of an `Authorization` header; None when it has none.

    Source: RFC 7617, section 2.

    >>> basic(b"Basic dXNlcjpwdw==")
    ('user', 'pw')
    """
    scheme, _, written = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        text = base64.b64decode(written.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    username, colon, password = text.partition(":")
    return (username, password) if colon else None


def no_stream(id: str, field: str = wattics.ID) -> Reply:
    """404."""
    shown = id if len(id) <= wattics.LONGEST_SHOWN else f"{id[: wattics.LONGEST_SHOWN]}…"
    return replies.refusal(
        404,
        f"{field}: data stream {shown!r} is not registered; `ohmstead admin meter add` does that",
        field,
    )


def not_yours(sender: Sender, target: Target, field: str = wattics.ID) -> Reply:
    """403."""
    return replies.refusal(
        403,
        f"{field}: the credential {sender.username} is not for data stream {target.id!r}; "
        "`ohmstead admin credential add` makes one that is",
        field,
    )


def row_of(said: Said, target: Target, now: datetime, raw: bytes) -> Row:
    """What the store keeps of a packet; raises Misfit, Forbidden when that cannot be.

    Of an electricity meter `value` is its imported energy; a value that counts pulses or is in
    another unit is converted.
    """
    if target.formula is not None:
        raise Forbidden(f"id: data stream {target.id!r} is made of others by its formula")
    if not FIRST <= said.at <= now + FUTURE:
        raise wattics.Misfit(
            wattics.AT,
            f"{wattics.written(said.at)} is not between the year 2000 and a day from now "
            f"({wattics.written(now)}); set the sender's clock",
        )
    values, value = said.values, said.value
    if value is not None and (target.wh_per_pulse or target.type == "electricity"):
        value = in_unit(value, target)
        if target.type == "electricity":
            values, value = {**values, _TOTAL: value}, None
    return Row(target.stream, said.at, now, values, value=value, raw=raw)


def in_unit(value: float, target: Target) -> float:
    """A value as the store has it: pulses and energies in kWh for electricity, else the unit's.

    Misfit where that is no number any more.

    >>> in_unit(5.0, Target("m", 1, 1, 1, "electricity", "Wh", None, "UTC"))
    0.005
    """
    wanted = "kWh" if target.type == "electricity" else target.unit or "kWh"
    if target.wh_per_pulse is not None:
        found = value * target.wh_per_pulse / _WH.get(wanted, 1.0)
    else:
        found = value * _WH.get(target.unit or "kWh", 1000.0) / _WH[wanted]
    if not isfinite(found):
        raise wattics.Misfit(wattics.VALUE, f"the number is too large; it is not one in {wanted}")
    return found
