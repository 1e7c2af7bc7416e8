"""What devices published: in order, each message until it is stored.

One batch is on its way at a time.  The consumer on the server counts its deliveries; while that
count has no gap, everything it delivered is here.  At a gap and at the start (a consumer, a server
or a connection died with messages on their way) what arrives is held back until the server says
that nothing else is outstanding, and goes out by sequence.  A message delivered once more although
it is stored, because the server had not written our acknowledgement down, is only acknowledged
again.  Explicit acknowledgements make every mistake in this a repeat, never a loss.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from ohmstead.broker import topics
from ohmstead.broker.configuration import CONSUMER_USER
from ohmstead.broker.link import Link
from ohmstead.broker.pull import Delivery, Pull
from ohmstead.broker.stream import CONSUMER, STORED, STREAM, Limits
from ohmstead.clock import Clock

log = structlog.get_logger(__name__)

_ACK, _WORKING = b"+ACK", b"+WPI"
_REMEMBERED = 20_000
_RECOVER_LOOK_S = 0.5
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a device."""

    topic: str
    payload: bytes
    sequence: int
    """Its place in the stream, from 1 and growing."""
    received_at: datetime
    """When the broker stored it, aware UTC."""


def _message(delivery: Delivery) -> Message:
    return Message(
        topic=topics.topic(delivery.subject.removeprefix(STORED)),
        payload=delivery.payload,
        sequence=delivery.sequence,
        received_at=delivery.stored_at,
    )


class Batch:
    """Messages in order; the next ones come after `done`."""

    def __init__(self, owner: "Messages", deliveries: Sequence[Delivery]) -> None:
        self._owner = owner
        self.deliveries = tuple(deliveries)
        self.messages = tuple(
            Message(
                topics.topic(d.subject.removeprefix(STORED)), d.payload, d.sequence, d.stored_at
            )
            for d in deliveries
        )
        self.finished = False

    async def done(self) -> None:
        """Say that all of it is stored for good; it is not delivered again."""
        await self._owner.finish(self)


class _Stored:
    """The last messages known to be stored, by sequence and moment."""

    def __init__(self) -> None:
        self._order: deque[tuple[int, datetime]] = deque()
        self._known: set[tuple[int, datetime]] = set()

    def add(self, deliveries: Iterable[Delivery]) -> None:
        for each in deliveries:
            key = (each.sequence, each.stored_at)
            if key not in self._known:
                self._known.add(key)
                self._order.append(key)
        while len(self._order) > _REMEMBERED:
            self._known.discard(self._order.popleft())

    def __contains__(self, delivery: Delivery) -> bool:
        return (delivery.sequence, delivery.stored_at) in self._known


class Messages:
    """The batches, for one reader: `async with Messages(...) as messages: async for batch in …`.

    A batch that was not said to be done comes again as the same batch.  Only one process may read
    a consumer; each of them gets every message.
    """

    def __init__(
        self, link: Link, clock: Clock, limits: Limits | None = None, consumer: str = CONSUMER
    ) -> None:
        self._link, self._clock, self._consumer = link, clock, consumer
        self._limits = limits or Limits()
        self._stored = _Stored()
        self._batch: Batch | None = None
        self._last_count: int | None = None
        self._links_lost = 0
        self.recoveries = 0
        """How often the order had to be put right after something died."""

    async def __aenter__(self) -> Self:
        self._connection: Client = await self._link.connect(
            CONSUMER_USER, f"messages {self._consumer}"
        )
        self._pull = Pull(self._connection, self._limits, self._consumer)
        await self._pull.open()
        self._keeper = asyncio.create_task(self._keep(), name="messages in progress")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeper
        await self._connection.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        """The next batch; waits until there is one."""
        while self._batch is None or self._batch.finished:
            lost = self._connection.stats["reconnects"]
            if lost != self._links_lost:
                self._links_lost, self._last_count = lost, None
                self._pull.forget()
            try:
                deliveries = await self._in_order(await self._take(self._limits.idle_s))
            except (NatsError, TimeoutError) as trouble:
                log.warning("broker does not answer", trouble=repr(trouble))
                await asyncio.sleep(_PAUSE_S)
                continue
            if deliveries:
                self._batch = Batch(self, deliveries)
        return self._batch

    async def finish(self, batch: Batch) -> None:
        """Acknowledge a batch that is stored; unconfirmed, the server repeats it and we know it."""
        if batch.finished:
            return
        self._stored.add(batch.deliveries)
        batch.finished = True
        await self._acknowledge(batch.deliveries)

    async def _take(self, wait_s: float, held: int = 0) -> list[Delivery]:
        return await self._pull.take(max(1, self._limits.batch - held), wait_s)

    async def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        *others, last = deliveries
        try:
            for each in others:
                await self._connection.publish(each.reply, _ACK)
            await self._connection.request(last.reply, _ACK, timeout=self._limits.confirm_s)
        except (NatsError, TimeoutError) as trouble:
            self._last_count = None
            log.info("acknowledgement not confirmed", messages=len(deliveries), why=repr(trouble))

    async def _in_order(self, got: list[Delivery]) -> list[Delivery]:
        """What may go out now: everything older is in it or stored already."""
        if not got:
            return []
        held = {each.sequence: each for each in got}
        first = got[0].count
        gapless = all(each.count == first + n for n, each in enumerate(got))
        if gapless and first - 1 == self._last_count:
            self._last_count = got[-1].count
        elif not await self._recover(held):
            return []
        repeated = [each for each in held.values() if each in self._stored]
        if repeated:
            await self._acknowledge(repeated)
        return sorted(
            (each for each in held.values() if each not in self._stored), key=lambda d: d.sequence
        )

    async def _recover(self, held: dict[int, Delivery]) -> bool:
        """Fill `held` with all that is outstanding; False if it has to be begun again."""
        self.recoveries += 1
        js = self._connection.jetstream()
        give_up_at = self._clock.monotonic_s() + self._limits.recover_s
        last_count = max(each.count for each in held.values())
        while True:
            outstanding = (await js.consumer_info(STREAM, self._consumer)).num_ack_pending or 0
            if self._connection.stats["reconnects"] != self._links_lost:
                return False  # another server run: what is held may not be what it has outstanding
            if outstanding <= len(held):
                break
            if self._clock.monotonic_s() > give_up_at:
                log.error("older messages did not come", missing=outstanding - len(held))
                break
            for each in await self._take(_RECOVER_LOOK_S, len(held)):
                held[each.sequence] = each
                last_count = each.count
        self._last_count = last_count
        log.info("order of messages restored", messages=len(held))
        return True

    async def _keep(self) -> None:
        """Ask the server for more time for as long as a batch is being stored."""
        while True:
            await asyncio.sleep(self._limits.ack_wait_s / 3)
            batch = self._batch
            if batch is None or batch.finished or not self._connection.is_connected:
                continue
            with contextlib.suppress(NatsError):  # without it they come again, and are known
                for each in batch.deliveries:
                    await self._connection.publish(each.reply, _WORKING)
