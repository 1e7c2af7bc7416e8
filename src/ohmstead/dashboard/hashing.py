"""Passwords hashed and checked beside the event loop: one at a time, few waiting."""

import asyncio

from ohmstead.access import passwords
from ohmstead.dashboard.problems import Slower

WAITING_MOST = 20
"""Each takes about 0.1 s and 64 MiB; more waiting than that are sent away."""


class Hashing:
    """The one place that computes password hashes.  Its owner is the app; one event loop."""

    def __init__(self, waiting_most: int = WAITING_MOST) -> None:
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0
        self._waiting_most = waiting_most

    async def hashed(self, password: str) -> str:
        """What to keep instead of `password`; Slower when too many wait."""
        await self._take_turn()
        try:
            return await asyncio.to_thread(passwords.hashed, password)
        finally:
            self._turn.release()

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether `password` is the one kept, in the same time when there is none; Slower."""
        await self._take_turn()
        try:
            return await asyncio.to_thread(passwords.matches, kept, password)
        finally:
            self._turn.release()

    async def _take_turn(self) -> None:
        if self._waiting >= self._waiting_most:
            raise Slower("many people sign in at this moment; try again in 2 seconds", 2)
        self._waiting += 1
        try:
            await self._turn.acquire()  # bounded: by those waiting, at 0.1 s each
        finally:
            self._waiting -= 1
