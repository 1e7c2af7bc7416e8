"""The board: where the latest reading hangs, for everybody who wants to look.

Posting waits for nobody; who reads slowly misses readings, never delays them.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from ohmstead.reading.reading import Reading

KEPT = 64
"""Who follows may fall so many readings behind: several come at once when a network stammers."""


class Board:
    """The latest reading, and ways to wait for those after it."""

    def __init__(self) -> None:
        self._latest: Reading | None = None
        self._recent: deque[Reading] = deque(maxlen=KEPT)
        self._count = 0
        self._posted = asyncio.Event()
        self._closed = False

    @property
    def latest(self) -> Reading | None:
        """The last reading that was posted; None before the first."""
        return self._latest

    @property
    def count(self) -> int:
        """How many readings were posted so far."""
        return self._count

    def post(self, reading: Reading) -> None:
        """Hang up a new reading and wake whoever waits."""
        self._latest = reading
        self._recent.append(reading)
        self._count += 1
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

    async def further(self, seen: int, timeout_s: float) -> tuple[int, Sequence[Reading]] | None:
        """All readings after the first `seen` that were posted, the KEPT latest of them at most, as
        soon as there is one, and how many were posted by then; None once the board is closed.

        TimeoutError when none is posted within `timeout_s`.
        """
        async with asyncio.timeout(timeout_s):
            while not self._closed and self._count <= seen:
                await self._posted.wait()
        if self._closed:
            return None
        missed = min(self._count - seen, len(self._recent))
        return self._count, tuple(self._recent)[-missed:]
