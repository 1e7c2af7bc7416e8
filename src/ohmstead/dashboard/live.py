"""The newest readings, to whoever watches: posting waits for nobody, a slow watcher skips some."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import msgspec

from ohmstead.errors import Unavailable

WATCHERS_MOST = 200
HEARTBEAT_S = 15.0


class Reading(msgspec.Struct, frozen=True):
    """What one meter said, as the stream tells it."""

    meter: str
    at: datetime
    values: Mapping[str, float]


class Watcher:
    """One who watches some meters: at most one waiting reading each, the newest."""

    def __init__(self, meters: Collection[str]) -> None:
        self.meters = frozenset(meters)
        self._waiting: dict[str, Reading] = {}
        self._woken = asyncio.Event()
        self.skipped = 0
        """Readings that a newer one of the same meter replaced before they were taken."""

    def post(self, reading: Reading) -> None:
        """A new reading of one of the meters."""
        self.skipped += reading.meter in self._waiting
        self._waiting[reading.meter] = reading
        self._woken.set()

    async def take(self, timeout_s: float) -> list[Reading]:
        """What came since the last time, one a meter at most; empty after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return []
        self._woken.clear()
        taken, self._waiting = list(self._waiting.values()), {}
        return taken


class Hub:
    """Where stored readings are posted and watched.  Its owner is the cloud; one event loop."""

    def __init__(self, watchers_most: int = WATCHERS_MOST) -> None:
        self._most = watchers_most
        self._watchers: set[Watcher] = set()

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    @property
    def is_full(self) -> bool:
        """Whether no further one may watch now."""
        return len(self._watchers) >= self._most

    def post(self, meter: str, at: datetime, values: Mapping[str, float]) -> None:
        """Tell everybody who watches `meter`."""
        reading = Reading(meter, at, values)
        for watcher in self._watchers:
            if meter in watcher.meters:
                watcher.post(reading)

    @contextmanager
    def watched(self, meters: Collection[str]) -> Iterator[Watcher]:
        """Watch `meters` for as long as the block lasts; Unavailable when too many do already."""
        if self.is_full:
            raise Unavailable(
                f"{self._most} live streams are open, which is the most; close one or try again"
            )
        watcher = Watcher(meters)
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)


def event(reading: Reading) -> bytes:
    """One server-sent event.  Source: HTML standard, 9.2.5 (parsing an event stream)."""
    return b"event: reading\ndata: " + msgspec.json.encode(reading) + b"\n\n"


async def events(watcher: Watcher, heartbeat_s: float = HEARTBEAT_S) -> AsyncIterator[bytes]:
    """The stream of a watcher: events as they come, now and then a comment to keep it open."""
    while True:
        taken = await watcher.take(heartbeat_s)
        yield b"".join(map(event, taken)) if taken else b": still here\n\n"
