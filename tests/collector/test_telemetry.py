"""The loop from the broker to the database."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.collector.conftest import Batch, Place, Said, at, report

from ohmstead.collector.telemetry import collect


async def test_a_batch_is_done_after_it_is_stored(place: Place) -> None:
    """The contract: acknowledged after the commit, one batch after the other."""
    batches = [Batch(Said(report(at(n)))) for n in range(3)]

    async def arriving() -> AsyncIterator[Batch]:
        for n, batch in enumerate(batches):
            assert len(await place.stored()) == n
            yield batch
            assert batch.finished.is_set()

    async with asyncio.timeout(20):
        await collect(arriving(), place.intake())
    assert await place.stored() == [at(0), at(1), at(2)]


async def test_a_batch_that_fails_is_tried_again_before_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract: a failed commit is retried with the same batch, never skipped."""
    monkeypatch.setattr("ohmstead.collector.telemetry._RETRY_S", (0.0, 0.0))
    intake = place.intake()
    real, failures = intake.take, 2

    async def failing(messages: object) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise RuntimeError("not now")
        await real(messages)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "take", failing)

    async def arriving() -> AsyncIterator[Batch]:
        yield Batch(Said(report(at(0))))
        yield Batch(Said(report(at(1))))

    async with asyncio.timeout(20):
        await collect(arriving(), intake)
    assert intake.counts == {"accepted": 2}
