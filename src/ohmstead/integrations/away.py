"""What is kept for integrations whose clients are away, and for how long.

The connection sheet promises these bounds; without them one client that never comes back would
fill the broker's stream, and devices would have to wait.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ohmstead.clock import Clock

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept, and how long."""

    messages: int = 50_000
    """Of one integration; older ones leave first."""
    away: timedelta = timedelta(days=7)
    """A session ends when its client was away for so long."""
    sessions: int = 20
    """Of one integration that are away; those that are away longest end first."""
    share: float = 0.5
    """Of the stream, for all integrations together; the rest is for devices."""
    look_s: float = 15.0


BOUNDS = Bounds()


def words(bounds: Bounds = BOUNDS) -> str:
    """The bounds as the connection sheet says them."""
    return (
        f"For a client with a persistent session that is away, the newest {bounds.messages:,} "
        f"messages of the integration are kept, for {bounds.away.days} days."
    )


class Kept(Protocol):
    """What the stream keeps.  See broker/sessions.py."""

    @property
    def messages(self) -> Mapping[str, int]: ...
    @property
    def stream_bytes(self) -> int: ...
    @property
    def most_bytes(self) -> int: ...


class Sessions(Protocol):
    """The broker's side.  See broker/sessions.py."""

    async def away(self) -> Sequence[str]: ...
    async def kept(self) -> Kept: ...
    async def trim(self, integration: str, messages: int) -> int: ...


class Notes(Protocol):
    """The store's side.  See store/away.py."""

    async def since(self, away: Sequence[str], now: datetime) -> Mapping[str, datetime]: ...
    async def dropped(self, integration: str, messages: int) -> None: ...


class Away:
    """Keeps the bounds.

    `users` gives the user names of integrations that exist; `end` ends the session of a client id.
    """

    def __init__(
        self,
        notes: Notes,
        clock: Clock,
        users: Callable[[], Awaitable[frozenset[str]]],
        end: Callable[[str], Awaitable[None]],
        *,
        prefix: str,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self._notes, self._clock, self._users, self._end = notes, clock, users, end
        self._prefix, self._bounds = prefix, bounds

    async def look(self, sessions: Sessions) -> None:
        """One round: end sessions that are due, drop what is too much."""
        away = await sessions.away()
        since = await self._notes.since(away, self._clock.now())
        for client_id in self._due(since, await self._users()):
            log.info("session ended: its client did not come back", client=client_id)
            await self._end(client_id)
        await self._trim(sessions)

    def _due(self, since: Mapping[str, datetime], users: frozenset[str]) -> list[str]:
        """The client ids whose sessions end now."""
        now, bounds = self._clock.now(), self._bounds
        due: list[str] = []
        left: dict[str, list[str]] = defaultdict(list)
        for client_id, at in sorted(since.items(), key=lambda each: each[1], reverse=True):
            user = client_id.partition(":")[0]
            gone = user.startswith(self._prefix) and user not in users
            if gone or now - at >= bounds.away or len(left[user]) >= bounds.sessions:
                due.append(client_id)
            else:
                left[user].append(client_id)
        return due

    async def _trim(self, sessions: Sessions) -> None:
        kept = await sessions.kept()
        full = kept.most_bytes > 0 and kept.stream_bytes > self._bounds.share * kept.most_bytes
        longest = max(kept.messages.values(), default=0)
        for integration, messages in kept.messages.items():
            most = self._bounds.messages
            if full and messages == longest:
                most = min(most, messages // 2)
            if messages <= most:
                continue
            dropped = await sessions.trim(integration, most)
            if dropped:
                log.warning("messages dropped: nobody took them", integration=integration,
                            messages=dropped, kept=most)  # fmt: skip
                await self._notes.dropped(integration, dropped)

    async def run(self, sessions: Sessions, trouble: tuple[type[BaseException], ...]) -> None:
        """Look again and again, until it is cancelled; `trouble` is what passes by itself."""
        while True:
            await asyncio.sleep(self._bounds.look_s)
            try:
                await self.look(sessions)
            except trouble as why:
                log.warning("sessions not looked after for now", why=repr(why))
