"""The board: where the latest reading hangs, for everybody who wants to look.

Posting waits for nobody; who reads slowly misses readings, never delays them.
"""

import asyncio

from ohmstead.reading.reading import Reading


class Board:
    """The latest reading, and a way to wait for the one after it."""

    def __init__(self) -> None:
        self._latest: Reading | None = None
        self._posted = asyncio.Event()
        self._closed = False

    @property
    def latest(self) -> Reading | None:
        """The last reading that was posted; None before the first."""
        return self._latest

    def post(self, reading: Reading) -> None:
        """Hang up a new reading and wake whoever waits."""
        self._latest = reading
        self._wake()

    def close(self) -> None:
        """No more readings will come: whoever waits, now or later, gets None."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        posted, self._posted = self._posted, asyncio.Event()
        posted.set()

    async def next(self, after: Reading | None, timeout_s: float) -> Reading | None:
        """The latest reading as soon as it is not `after`; None once the board is closed.

        TimeoutError when none is posted within `timeout_s`.
        """
        async with asyncio.timeout(timeout_s):
            while not self._closed and (self._latest is None or self._latest is after):
                await self._posted.wait()
        return None if self._closed else self._latest
