"""The outbox: which readings go up, written down before anything else happens to them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from ohmstead.gateway.queue import Queue
from ohmstead.reading.reading import Reading

TOLERANCE = 0.1
"""Of the interval: meters that send every 4.99 s and every 5.01 s both fill an interval of 5 s."""

Render = Callable[[Reading], bytes]

_log = structlog.get_logger("gateway.outbox")


class Outbox:
    """Takes every reading, keeps one an interval, and hands its report to the queue on disk."""

    def __init__(self, queue: Queue, interval_s: float, render: Render) -> None:
        self._queue = queue
        self._spacing = timedelta(seconds=interval_s * (1 - TOLERANCE))
        self._render = render
        self._last: datetime | None = None
        self._added = asyncio.Event()
        self._to_flush = asyncio.Event()
        self._unwritten = 0

    @property
    def unwritten(self) -> int:
        """Reports the disk did not take, since the start."""
        return self._unwritten

    def offer(self, reading: Reading) -> None:
        """Queues the reading's report unless one was queued less than the interval before it.

        The report is made now, so that it tells the device's state of now, however late it is sent.
        """
        if self._last is not None and timedelta(0) <= reading.at - self._last < self._spacing:
            return
        self._last = reading.at
        try:
            self._queue.append(self._render(reading))
        except OSError as error:
            self._unwritten += 1
            if (
                self._unwritten.bit_count() == 1
            ):  # 1, 2, 4, 8, ...: a full disk must not fill the log
                _log.error("report not written", why=str(error), unwritten=self._unwritten)
            return
        self._added.set()
        self._to_flush.set()

    async def added(self) -> None:
        """Waits until a report was queued since this last returned."""
        await self._added.wait()
        self._added.clear()

    async def keep_flushing(self) -> None:
        """Makes queued reports safe from a loss of power; one flush gathers what came meanwhile."""
        while True:
            await self._to_flush.wait()
            self._to_flush.clear()
            flush = self._queue.flusher()
            if flush is None:
                continue
            try:
                await asyncio.to_thread(flush)
            except OSError as error:
                _log.error("reports not flushed to disk", why=str(error))
