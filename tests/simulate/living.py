"""Simulated meters that run as `ohmstead simulate` runs them, in a thread of the test's process.

A program of its own for each takes a second to start.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from queue import Queue
from threading import Thread

from ohmstead.clock import SystemClock
from ohmstead.house import simulate as house
from ohmstead.house.simulate import SimulateOptions

TIMEOUT_S = 60.0


class EarlyClock(SystemClock):
    """A clock that began when simulated meters were fitted: they have little past to work out."""

    def __init__(self) -> None:
        self._behind = super().now() - datetime(2025, 1, 3, 10, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment, so many months ago."""
        return super().now() - self._behind


EARLY = EarlyClock()


@contextmanager
def living(options: SimulateOptions) -> Iterator[str]:
    """Where a meter can be read that runs as the command runs it, in a thread of this process."""
    started: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Task[None], str]] = Queue()

    async def live() -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None

        def ready(where: str) -> None:
            started.put((loop, task, where))

        with suppress(asyncio.CancelledError):
            await house.run(options, EARLY, ready, lambda _: None)

    thread = Thread(target=asyncio.run, args=[live()], name=f"meter {options.model}", daemon=True)
    thread.start()
    loop, task, where = started.get(timeout=TIMEOUT_S)
    try:
        yield where
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(TIMEOUT_S)
    assert not thread.is_alive()
