"""Which readings go up.  Source: walking skeleton, `--uplink-interval`: least spacing."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.queue import Queue
from ohmstead.reading.reading import Reading

NOON = datetime(2025, 7, 3, 12, tzinfo=UTC)


def rendered(reading: Reading) -> bytes:
    return f"{(reading.at - NOON).total_seconds():g}".encode()


def sent_up(folder: Path, interval_s: float, *at_s: float) -> list[str]:
    queue = Queue(folder)
    outbox = Outbox(queue, interval_s, rendered)
    for second in at_s:
        outbox.offer(Reading("m", NOON + timedelta(seconds=second), {}))
    found = []
    while entry := queue.next():
        found.append(entry.payload.decode())
    queue.close()
    return found


def test_a_meter_that_is_faster_than_the_interval_is_thinned(tmp_path: Path) -> None:
    """One reading a second and an interval of 5 s: every fifth."""
    assert sent_up(tmp_path, 5, *range(16)) == ["0", "5", "10", "15"]


@pytest.mark.parametrize("step", [4.99, 5.01])
def test_a_meter_as_fast_as_the_interval_is_not(step: float, tmp_path: Path) -> None:
    """A meter that sends every 5 s, give or take: every reading, not every second one."""
    assert len(sent_up(tmp_path, 5, *(n * step for n in range(10)))) == 10


def test_an_interval_of_nothing_takes_everything(tmp_path: Path) -> None:
    """`--uplink-interval 0`: every reading."""
    assert len(sent_up(tmp_path, 0, 0, 0.001, 0.002)) == 3


def test_a_clock_put_back_does_not_silence_it(tmp_path: Path) -> None:
    """The clock falls back by hours: the next reading goes up."""
    assert sent_up(tmp_path, 5, 0, -7200, -7199, -7195) == ["0", "-7200", "-7195"]


async def test_a_disk_that_takes_nothing_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: the gateway goes on, and says how much it could not keep."""
    queue = Queue(tmp_path)
    outbox = Outbox(queue, 0, rendered)

    def none(*_: object) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "pwrite", none)
    outbox.offer(Reading("m", NOON, {}))
    monkeypatch.undo()
    outbox.offer(Reading("m", NOON + timedelta(seconds=1), {}))
    assert (outbox.unwritten, queue.waiting) == (1, 1)
    queue.close()


async def test_queued_reports_are_flushed_to_the_disk(tmp_path: Path) -> None:
    """Safe from a loss of power: a flush follows each report, or a few of them."""
    queue = Queue(tmp_path)
    outbox = Outbox(queue, 0, rendered)
    flushing = asyncio.create_task(outbox.keep_flushing())
    outbox.offer(Reading("m", NOON, {}))
    await asyncio.wait_for(outbox.added(), 5)
    await asyncio.sleep(0)
    assert queue.flusher() is None
    flushing.cancel()
    await asyncio.wait({flushing}, timeout=5)
    queue.close()
