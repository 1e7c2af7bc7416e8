"""What is kept for clients that are away: the bounds, and what happens beyond them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ohmstead.clock import SetClock
from ohmstead.integrations.away import BOUNDS, Away, Bounds, words

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SMALL = Bounds(messages=100, away=timedelta(days=7), sessions=2, share=0.5)


@dataclass
class Kept:
    """What a stream keeps."""

    messages: dict[str, int] = field(default_factory=dict)
    stream_bytes: int = 0
    most_bytes: int = 1000


@dataclass
class World:
    """A broker's sessions and a store's notes, in memory."""

    clients: dict[str, datetime] = field(default_factory=dict)
    keeps: Kept = field(default_factory=Kept)
    ended: list[str] = field(default_factory=list)
    trimmed: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)

    async def away(self) -> Sequence[str]:
        return list(self.clients)

    async def kept(self) -> Kept:
        return self.keeps

    async def trim(self, integration: str, messages: int) -> int:
        self.trimmed[integration] = messages
        return self.keeps.messages[integration] - messages

    async def since(self, away: Sequence[str], now: datetime) -> Mapping[str, datetime]:
        return {each: self.clients[each] for each in away}

    async def dropped(self, integration: str, messages: int) -> None:
        self.lost[integration] = messages

    async def users(self) -> frozenset[str]:
        return frozenset({"integration-here"})

    async def end(self, client_id: str) -> None:
        self.ended.append(client_id)

    async def look(self) -> None:
        guard = Away(self, SetClock(NOW), self.users, self.end, prefix="integration-", bounds=SMALL)
        await guard.look(self)


async def test_a_client_that_does_not_come_back_loses_its_session() -> None:
    """The sheet: for 7 days; a device's session ends then, too."""
    day = timedelta(days=1)
    world = World(
        {
            "integration-here": NOW - 6 * day,
            "integration-here:a": NOW - 8 * day,
            "kitchen": NOW - 7 * day,
            "cellar": NOW,
        }
    )
    await world.look()
    assert sorted(world.ended) == ["integration-here:a", "kitchen"]


async def test_sessions_of_what_was_deleted_or_revoked_end_at_once() -> None:
    """Nobody can sign in to them any more."""
    world = World({"integration-gone": NOW, "integration-gone:b": NOW, "integration-here": NOW})
    await world.look()
    assert sorted(world.ended) == ["integration-gone", "integration-gone:b"]


async def test_an_integration_leaves_only_a_few_sessions_behind() -> None:
    """A client with a new id and a kept session each time must not pile them up."""
    hour = timedelta(hours=1)
    world = World({f"integration-here:{n}": NOW - n * hour for n in range(5)})
    await world.look()
    assert sorted(world.ended) == [f"integration-here:{n}" for n in (2, 3, 4)]


async def test_the_newest_messages_are_kept() -> None:
    """The sheet: older ones leave first; what was dropped is counted."""
    world = World(keeps=Kept({"many": 150, "few": 100}))
    await world.look()
    assert (world.trimmed, world.lost) == ({"many": 100}, {"many": 50})


async def test_devices_keep_room_in_the_stream() -> None:
    """A full stream would make devices wait: who has most gives way."""
    world = World(keeps=Kept({"many": 90, "few": 10}, stream_bytes=501))
    await world.look()
    assert world.trimmed == {"many": 45}


def test_the_sheet_says_the_bounds() -> None:
    """A stated bound, from the one place where it is set."""
    assert f"{BOUNDS.messages:,}" in words()
    assert f"{BOUNDS.away.days} days" in words()
