"""Packets on their way into the database: the next batch forms while the last one commits.

A packet that comes while little else does is committed at once.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Container, Sequence
from datetime import UTC
from typing import Any, Protocol, TypeAlias

import structlog

from ohmstead.collector import packet_replies as replies
from ohmstead.collector.intake import Stored
from ohmstead.collector.packet_replies import Reply
from ohmstead.errors import BadInput, Unavailable
from ohmstead.store.committer import Fate, Late, Outcome, Row
from ohmstead.surfaces import wattics

log = structlog.get_logger(__name__)

MOST_WAITING = 20_000
"""Packets that wait for the batch after the present one; more get 503."""
BATCH_MOST = 2_000
BUSY, GATHER_S = 16, (0.003, 0.02)
"""After a batch of so many the next one is given a quarter of its time, within these bounds, to
grow: far fewer transactions, and less CPU for each packet."""
ANSWER_S = 8.0
"""After so long without the database everybody who waits gets 503."""
_REPLIES = {
    Fate.LATE: replies.DISCARDED,
    Fate.DUPLICATE: replies.KNOWN,
}


class Waiting(Protocol):
    """Somebody who is told what became of a packet."""

    def settle(self, reply: Reply) -> None: ...


class Commits(Protocol):
    """The database's side.  See store/committer.py."""

    async def commit(self, rows: Sequence[Row], late: Late = "store") -> Outcome: ...


class Merges(Protocol):
    """Fills readings in.  See store/partial.py."""

    async def merge(self, rows: Sequence[Row]) -> list[bool]: ...


_Item: TypeAlias = tuple[Row, str, Waiting, bool]
"""A packet, its meter, who waits for its answer, and whether it is partial."""


class PacketQueue:
    """Commits packets batch by batch, in the order in which they came, and tells each its fate.

    Readings are shown to `on_stored`, where `watched` is given those of the meters that it names.
    """

    def __init__(
        self,
        committer: Commits,
        on_stored: Callable[[Sequence[Stored]], None] | None = None,
        merges: Merges | None = None,
        watched: Callable[[], frozenset[str]] | None = None,
    ) -> None:
        self._watched = watched
        self._committer, self._on_stored, self._merges = committer, on_stored, merges
        self._waiting: deque[_Item] = deque()
        self._more = asyncio.Event()
        self._away = False
        self.counts: Counter[str] = Counter()

    def put(self, row: Row, meter: str, who: Waiting, *, partial: bool = False) -> Reply | None:
        """Take a packet for the next batch; a reply when it cannot be taken.

        One that is `partial` adds to the reading of its moment, if there is one.
        """
        if self._away:
            return replies.AWAY
        if len(self._waiting) >= MOST_WAITING:
            return replies.BUSY
        self._waiting.append((row, meter, who, partial))
        self._more.set()
        return None

    async def run(self) -> None:
        """Commit what comes, until cancelled; then whoever still waits gets 503."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                while self._waiting:
                    count = min(len(self._waiting), BATCH_MOST)
                    began = loop.time()
                    await self._commit([self._waiting.popleft() for _ in range(count)])
                    if count >= BUSY:  # those just answered send again: let them come along
                        took_s = loop.time() - began
                        await asyncio.sleep(min(max(GATHER_S[0], took_s / 4), GATHER_S[1]))
        finally:
            self._give_up()

    def _give_up(self) -> None:
        items, self._waiting = self._waiting, deque()
        for _, _, who, _ in items:
            who.settle(replies.AWAY)

    async def _commit(self, items: Sequence[_Item]) -> None:
        work = asyncio.create_task(self._stored(items), name="packets")
        try:
            done, _ = await asyncio.wait({work}, timeout=ANSWER_S)
            if not done:
                await self._without_database(items, work)
                return
            if work.exception() is None:
                self._settle(items, *work.result())
            else:
                await self._failed(items, work.exception())
        finally:
            if not work.done():
                work.cancel()
                for _, _, who, _ in items:
                    who.settle(replies.AWAY)

    async def _stored(self, items: Sequence[_Item]) -> tuple[Outcome, frozenset[int]]:
        """What became of each, and which of them were merged into readings that were there."""
        outcome = await self._committer.commit([row for row, *_ in items], "discard")
        if outcome.accepted == len(items):
            return outcome, frozenset()
        there = (Fate.DUPLICATE, Fate.LATE)
        again = [
            n for n, (*_, partial) in enumerate(items) if partial and outcome.fates[n] in there
        ]
        if not again or self._merges is None:
            return outcome, frozenset()
        merged = await self._merges.merge([items[n][0] for n in again])
        return outcome, frozenset(n for n, done in zip(again, merged, strict=True) if done)

    async def _without_database(self, items: Sequence[_Item], work: asyncio.Task[Any]) -> None:
        """Everybody gets 503, also who comes now, until the batch is in the database after all.

        Those of the batch come again, and are found to be known.
        """
        log.warning("packets are not taken: the database is away", packets=len(items))
        self._away = True
        try:
            for _, _, who, _ in items:
                who.settle(replies.AWAY)
            self._give_up()
            await asyncio.wait({work})
        finally:
            self._away = False
        if work.exception() is not None:
            log.error("packets were not stored", why=repr(work.exception()))
        else:
            log.info("packets are taken again")

    async def _failed(self, items: Sequence[_Item], trouble: BaseException | None) -> None:
        """One packet that cannot be stored must not hold up the others."""
        log.error("packets not stored together", packets=len(items), exc_info=trouble)
        if len(items) > 1:
            for each in items:
                await self._commit([each])
            return
        ((_, _, who, _),) = items
        if isinstance(trouble, BadInput):
            who.settle(replies.refusal(400, str(trouble)))
        else:
            who.settle(replies.AWAY if isinstance(trouble, Unavailable) else replies.BROKEN)

    def _settle(self, items: Sequence[_Item], outcome: Outcome, merged: Container[int]) -> None:
        looked_at = self._watched() if self._watched is not None else None
        shows = self._on_stored is not None and (looked_at is None or len(looked_at) > 0)
        if not shows and outcome.accepted == len(items):  # as nearly always
            self.counts[Fate.ACCEPTED.value] += len(items)
            for _, _, who, _ in items:
                who.settle(replies.STORED)
            return
        stored = []
        for n, ((row, meter, who, _), fate) in enumerate(zip(items, outcome.fates, strict=True)):
            self.counts[fate.value] += 1
            if fate is Fate.ACCEPTED:
                if shows and (looked_at is None or meter in looked_at):
                    at, values = row.at.astimezone(UTC), dict(row.values)  # to be sent on
                    stored.append(Stored(meter, row.stream, at, values, row.value))
                who.settle(replies.STORED)
                continue
            reply = replies.MERGED if n in merged else _REPLIES.get(fate)
            who.settle(reply or _refused(outcome.reasons[n]))
        if stored and self._on_stored is not None:
            try:
                self._on_stored(stored)
            except Exception:  # whoever watches cannot make a stored reading be stored again
                log.exception("a packet was stored but not shown live")


def _refused(reason: str) -> Reply:
    return replies.refusal(400, f"{wattics.AT}: {reason}", wattics.AT)
