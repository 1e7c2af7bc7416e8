"""What is known of senders and meters, and when it is asked for again."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ohmstead.access import secrets
from ohmstead.clock import SetClock
from ohmstead.collector import packet_replies as replies
from ohmstead.collector.packet_replies import Reply
from ohmstead.collector.packets import Head, Packets
from ohmstead.store.packet_directory import Sender, Target

NOW = datetime(2026, 1, 2, tzinfo=UTC)
KEY = b"k" * 32
WAIT_S = 20.0
HEADER = b"Basic " + base64.b64encode(b"u:right")


class Directory:
    """A database in which something changes while it is asked."""

    def __init__(self) -> None:
        self.digest = secrets.digest(KEY, "old")
        self.told: asyncio.Queue[None] = asyncio.Queue()
        self.heard = asyncio.Event()
        self.meanwhile: list[bytes] = []
        """The digests that the credential has after each of the next questions."""
        self.questions = 0

    async def targets(self, ids: Iterable[str]) -> Mapping[str, Target]:
        return {id: Target(id, 1, 1, 1, "electricity", None, None, "UTC") for id in ids}

    async def senders(self, usernames: Iterable[str]) -> Mapping[str, Sender]:
        self.questions += 1
        found = Sender(1, "u", self.digest, None, None, 1, None, frozenset())
        if self.meanwhile:
            self.digest = self.meanwhile.pop(0)
            self.heard.clear()
            self.told.put_nowait(None)
            await self.heard.wait()  # it is told before the answer is there
        return dict.fromkeys(usernames, found)

    async def changes(self) -> AsyncIterator[None]:
        while True:
            await self.told.get()
            yield
            self.heard.set()


class Notes:
    def used(self, credential: int, at: datetime) -> None: ...


class Queue:
    """Where packets are stored, at once."""

    def put(self, row: Any, meter: str, who: "Packet", *, partial: bool = False) -> Reply | None:
        return replies.STORED


class Packet:
    """A packet, and its answer."""

    def __init__(self) -> None:
        self.head, self.body = Head(HEADER), b'{"id":"m","tsISO8601":"2026-01-01T00:00:00Z"}'
        self.reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def settle(self, reply: Reply) -> None:
        self.reply.set_result(reply)


async def statuses(directory: Directory, count: int) -> list[int]:
    """What packets are answered, one after the other."""
    made: Any = Packets(directory, Queue(), Notes(), KEY, SetClock(NOW))  # type: ignore[arg-type]
    tasks = [asyncio.create_task(made.run()), asyncio.create_task(made.listen())]
    found = []
    try:
        for _ in range(count):
            packet = Packet()
            made.take(packet)
            found.append((await asyncio.wait_for(packet.reply, WAIT_S)).status)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return found


RIGHT, WRONG = secrets.digest(KEY, "right"), secrets.digest(KEY, "wrong")


@pytest.mark.parametrize(
    "meanwhile, wanted",
    [
        ([], [401, 401]),
        ([RIGHT], [200, 200]),
        ([RIGHT, WRONG], [401, 401]),
        ([RIGHT, WRONG, RIGHT, WRONG], [401, 401]),
        ([WRONG, WRONG, RIGHT, WRONG], [401, 401]),
        ([WRONG, RIGHT, RIGHT, WRONG], [200, 401]),
        ([WRONG, WRONG, RIGHT], [401, 200]),
    ],
)
async def test_what_changes_while_it_is_asked_for_is_not_kept(
    meanwhile: list[bytes], wanted: list[int]
) -> None:
    """The push API's promise: a change counts within a second, in every process."""
    directory = Directory()
    directory.meanwhile = meanwhile
    assert await statuses(directory, 2) == wanted
