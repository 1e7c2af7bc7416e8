"""The loop from the broker to the database: take a batch, store it, say so."""

import asyncio
from collections.abc import AsyncIterable, Sequence
from typing import Protocol

import structlog

from ohmstead.collector.intake import Intake, Message

log = structlog.get_logger(__name__)

_RETRY_S = (0.5, 30.0)


class Batch(Protocol):
    """Messages in order, delivered again until they are done."""

    @property
    def messages(self) -> Sequence[Message]: ...

    async def done(self) -> None: ...


async def collect(batches: AsyncIterable[Batch], intake: Intake) -> None:
    """Store every batch, in order, until cancelled.

    A batch is done only after it is in the database; one that cannot be stored is tried again, and
    nothing after it is taken meanwhile.
    """
    async for batch in batches:
        await _store(batch, intake)
        await batch.done()


async def _store(batch: Batch, intake: Intake) -> None:
    wait_s = _RETRY_S[0]
    while True:
        try:
            return await intake.take(batch.messages)
        except Exception:  # nothing that is acknowledged may be lost to any fault of ours
            log.exception("messages not stored; trying again", messages=len(batch.messages))
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _RETRY_S[1])
