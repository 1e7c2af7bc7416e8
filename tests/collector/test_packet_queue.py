"""Packets on their way into the database: batches, a database that is away, one that is bad."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import msgspec
import pytest

from ohmstead.collector import packet_queue
from ohmstead.collector.intake import Stored
from ohmstead.collector.packet_queue import PacketQueue
from ohmstead.collector.packet_replies import Reply
from ohmstead.dashboard.live import Reading
from ohmstead.errors import BadInput
from ohmstead.store.committer import Fate, Late, Outcome, Row
from ohmstead.surfaces import wattics

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WAIT_S = 20.0


class Commits:
    """A committer that a test lets go on; what it is given is kept."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()
        self.begun = asyncio.Event()
        self.bad: dict[int, Exception] = {}
        self.fates: dict[int, Fate] = {}

    async def commit(self, rows: Sequence[Row], late: Late = "store") -> Outcome:
        assert late == "discard"
        streams = [row.stream for row in rows]
        self.batches.append(streams)
        self.begun.set()
        await self.go.wait()
        for stream in streams:
            if stream in self.bad:
                raise self.bad[stream]
        return Outcome(
            tuple(self.fates.get(stream, Fate.ACCEPTED) for stream in streams),
            {n: "no" for n, s in enumerate(streams) if self.fates.get(s) is Fate.REFUSED},
        )


class Who:
    """A sender that waits."""

    def __init__(self) -> None:
        self._reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def settle(self, reply: Reply) -> None:
        self._reply.set_result(reply)

    async def status(self) -> int:
        async with asyncio.timeout(WAIT_S):
            return (await self._reply).status


def put(queue: PacketQueue, stream: int) -> Who:
    who = Who()
    reply = queue.put(Row(stream, NOW, NOW), f"m{stream}", who)
    if reply is not None:
        who.settle(reply)
    return who


@asynccontextmanager
async def running(queue: PacketQueue) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_the_next_batch_forms_while_the_last_one_commits() -> None:
    """docs/decisions/0049: a packet that comes while nothing commits is committed at once."""
    commits, shown = Commits(), list[Stored]()
    queue = PacketQueue(commits, shown.extend)
    commits.fates = {2: Fate.LATE, 3: Fate.DUPLICATE, 4: Fate.REFUSED}
    async with running(queue):
        first = put(queue, 1)
        await commits.begun.wait()
        others = [put(queue, n) for n in (2, 3, 4, 5)]
        commits.go.set()
        assert await first.status() == 200
        assert [await each.status() for each in others] == [200, 200, 400, 200]
    assert commits.batches == [[1], [2, 3, 4, 5]]
    assert [each.stream for each in shown] == [1, 5]


async def test_without_the_database_everybody_gets_503(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wattics 2019, Data Acknowledgement: 503; RFC 9110, 10.2.3: Retry-After."""
    monkeypatch.setattr(packet_queue, "ANSWER_S", 0.01)
    commits = Commits()
    queue = PacketQueue(commits)
    async with running(queue):
        first = put(queue, 1)
        await commits.begun.wait()
        second = put(queue, 2)
        assert [await first.status(), await second.status()] == [503, 503]
        reply = queue.put(Row(3, NOW, NOW), "m3", Who())
        assert reply is not None
        assert dict(reply.headers)[b"retry-after"] == b"5"
        commits.go.set()
        async with asyncio.timeout(WAIT_S):
            while (await put(queue, 4).status()) == 503:  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert [2] not in commits.batches


async def test_one_bad_packet_does_not_hold_up_the_others() -> None:
    """Wattics 2019, Data Acknowledgement: 400 and 500 are each sender's own."""
    commits = Commits()
    commits.bad = {2: BadInput("the database cannot keep that"), 3: RuntimeError("broken")}
    queue = PacketQueue(commits)
    found = [put(queue, n) for n in (1, 2, 3, 4)]
    commits.go.set()
    async with running(queue):
        assert [await each.status() for each in found] == [200, 400, 500, 200]


async def test_no_more_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Style 10: every queue has a size and says what it drops."""
    monkeypatch.setattr(packet_queue, "MOST_WAITING", 2)
    queue = PacketQueue(Commits())
    found = [put(queue, n) for n in (1, 2, 3)]
    assert await found[2].status() == 503
    async with running(queue):
        await asyncio.sleep(0)
    assert [await each.status() for each in found] == [503, 503, 503]


async def test_whoever_watches_cannot_spoil_an_answer() -> None:
    """A packet that is stored stays stored (collector/intake.py does the same)."""

    def broken(_stored: Sequence[Stored]) -> None:
        raise RuntimeError("nobody can look")

    commits = Commits()
    commits.go.set()
    queue = PacketQueue(commits, broken)
    async with running(queue):
        assert await put(queue, 1).status() == 200


async def test_what_is_watched_can_be_sent_on() -> None:
    """docs/api.md, live: `{meter, at, values: {obis: number}}` as JSON, times in UTC."""
    seen: list[Stored] = []
    commits, who = Commits(), Who()
    commits.go.set()
    queue = PacketQueue(commits, seen.extend, watched=lambda: frozenset({"m1"}))
    said = wattics.parse(b'{"id":"m1","tsISO8601":"2026-03-01T01:00:00+01:00","aP_1":1500}')
    async with running(queue):
        queue.put(Row(1, said.at, NOW, said.values), "m1", who)
        assert await who.status() == 200
        assert await put(queue, 2).status() == 200
    (shown,) = seen
    told = Reading(shown.meter, shown.at, shown.values, shown.value)
    assert msgspec.json.decode(msgspec.json.encode(told)) == {
        "meter": "m1",
        "at": "2026-03-01T00:00:00Z",
        "values": {"36.7.0": 1.5},
    }
