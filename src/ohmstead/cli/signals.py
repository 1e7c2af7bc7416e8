"""Ending a program that runs until it is told to stop."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any


async def until_told(work: Coroutine[Any, Any, None]) -> None:
    """Do `work` until it ends, or Ctrl-C or SIGTERM comes: then it is cancelled, and cleans up.

    A second Ctrl-C does not cut the cleaning short: children are being stopped.
    """
    task = asyncio.create_task(work, name="program")
    told = asyncio.Event()

    def stop() -> None:
        if not told.is_set():
            told.set()
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with contextlib.suppress(asyncio.CancelledError):
        await task
