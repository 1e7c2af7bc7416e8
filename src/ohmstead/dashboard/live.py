"""The newest readings, to whoever watches: posting waits for nobody; a slow watcher skips some."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import msgspec

from ohmstead.errors import TooMany, Unavailable

WATCHERS_MOST = 200
WATCHERS_OF_ONE = 20


class Reading(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one meter said, as the stream tells it; `value` is of one that is not electric."""

    meter: str
    at: datetime
    values: Mapping[str, float]
    value: float | None = None


class Watcher:
    """One who watches some meters: at most one waiting reading each, the newest."""

    def __init__(self, meters: Collection[str], owner: bytes, user: int | None = None) -> None:
        self.meters = frozenset(meters)
        self.owner = owner
        self.user = user
        self.ended = False
        self.skipped = 0
        """Readings that a newer one of the same meter replaced before they were taken."""
        self._waiting: dict[str, Reading] = {}
        self._woken = asyncio.Event()

    def post(self, reading: Reading) -> None:
        """A new reading of one of the meters."""
        self.skipped += reading.meter in self._waiting
        self._waiting[reading.meter] = reading
        self._woken.set()

    def end(self) -> None:
        """Let nothing more come."""
        self.ended = True
        self._woken.set()

    async def take(self, timeout_s: float) -> list[Reading]:
        """What came since last time, one a meter at most; empty after `timeout_s` or the end."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return []
        self._woken.clear()
        taken, self._waiting = list(self._waiting.values()), {}
        return [] if self.ended else taken


class Hub:
    """Where stored readings are posted and watched.  Its owner is the cloud; one event loop."""

    def __init__(self, most: int = WATCHERS_MOST, most_of_one: int = WATCHERS_OF_ONE) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._watchers: set[Watcher] = set()

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    @property
    def meters(self) -> frozenset[str]:
        """The meters that anybody watches now."""
        return frozenset().union(*(watcher.meters for watcher in self._watchers))

    def post(
        self, meter: str, at: datetime, values: Mapping[str, float], value: float | None = None
    ) -> None:
        """Tell everybody who watches `meter`."""
        reading = Reading(meter, at, values, value)
        for watcher in self._watchers:
            if meter in watcher.meters:
                watcher.post(reading)

    @contextmanager
    def watched(
        self, meters: Collection[str], owner: bytes, user: int | None = None
    ) -> Iterator[Watcher]:
        """Watch `meters` for as long as the block lasts; `owner` is a session, `user` whose.

        Raises Unavailable when too many watch already, TooMany when `owner` alone does.
        """
        if len(self._watchers) >= self._most:
            raise Unavailable(f"{self._most} live streams are open, the most there may be")
        if sum(watcher.owner == owner for watcher in self._watchers) >= self._most_of_one:
            raise TooMany(f"this session has {self._most_of_one} live streams open; close one")
        watcher = Watcher(meters, owner, user)
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def end(self, owner: bytes) -> None:
        """End every stream of `owner`."""
        for watcher in self._watchers:
            if watcher.owner == owner:
                watcher.end()

    def end_user(self, user: int) -> None:
        """End every stream of every session of `user`."""
        for watcher in self._watchers:
            if watcher.user == user:
                watcher.end()

    def close(self) -> None:
        """End every stream, before the server stops."""
        for watcher in self._watchers:
            watcher.end()
