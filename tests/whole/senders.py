"""Gateways' own queues and publishers with readings made as they are wanted, and counting."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from tests.whole.conftest import Cloud
from tests.whole.programs import admin

from ohmstead.clock import SystemClock
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.publisher import Publisher, Waits
from ohmstead.gateway.queue import Queue
from ohmstead.reading.reading import Reading
from ohmstead.settings.gateway import Uplink
from ohmstead.store.server import running as database_of
from ohmstead.surfaces import report
from ohmstead.surfaces.device import Device

MACS = [f"024F48CC00{n:02X}" for n in range(6)]
SOON = Waits(Backoff(0.2, 2.0), Backoff(0.2, 2.0))
PACE_S = 0.02
WAIT_S = 240
COUNT = """
    SELECT m.id, count(*), min(r.number), max(r.number), count(DISTINCT r.number)
    FROM readings r JOIN meters m ON m.stream = r.stream GROUP BY m.id
"""


class Sender:
    """The gateway's own queue and publisher, with readings made as fast as they are wanted."""

    def __init__(self, folder: Path, uplink: Uplink) -> None:
        self.clock = SystemClock()
        self._device = Device(
            id=uplink.id, now=self.clock.now(), started_at=self.clock.now(), boot_id="00000000",
            zone=ZoneInfo("Europe/Zurich"), firmware="0",
        )  # fmt: skip
        self.queue = Queue(folder)
        self.outbox = Outbox(self.queue, 0, self._rendered)
        self.publisher = Publisher(uplink, self.queue, self.outbox, self.clock, SOON)
        self.id, self.offered = uplink.id, 0
        self._begin = self.clock.now() - timedelta(hours=10)

    def _rendered(self, reading: Reading) -> bytes:
        return msgspec.json.encode(report.document(reading, self._device))

    @property
    def acknowledged(self) -> int:
        """Reports with a PUBACK."""
        return self.queue.tally.sent

    async def talk(self) -> None:
        """A reading after the other, until cancelled."""
        while True:
            at = self._begin + timedelta(seconds=self.offered)
            self.offered += 1
            self.outbox.offer(Reading(self.id, at, {"1.7.0": 0.5}, number=self.offered))
            await asyncio.sleep(PACE_S)


@asynccontextmanager
async def talking(sender: Sender) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        tasks = [
            asyncio.create_task(sender.publisher.run(), name=f"publisher {sender.id}"),
            asyncio.create_task(sender.talk(), name=f"meter {sender.id}"),
        ]
        stack.callback(sender.queue.close)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=30)


async def grow(senders: list[Sender], more: int) -> None:
    """Wait until each has so many more acknowledged."""
    goal = {sender.id: sender.acknowledged + more for sender in senders}
    async with asyncio.timeout(WAIT_S):
        while any(s.acknowledged < goal[s.id] for s in senders):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def stored(cloud: Cloud, least: dict[str, int]) -> dict[str, tuple[int, int, int, int]]:
    """Per meter: rows, lowest, highest and distinct numbers; as soon as so many are there."""
    url = database_of(cloud.data)
    assert url is not None
    found: dict[str, tuple[int, int, int, int]] = {}
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        try:
            async with asyncio.timeout(WAIT_S):
                while True:
                    rows = await (await connection.execute(COUNT)).fetchall()
                    found = {row[0]: row[1:] for row in rows}
                    if all(found.get(k, (0,))[0] >= wanted for k, wanted in least.items()):
                        return found
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise AssertionError(f"{least} wanted, {found} stored") from None


async def uplinks(cloud: Cloud, macs: Sequence[str] = MACS) -> list[Uplink]:
    """What the admin command prints for each device."""
    organisation = await admin(cloud.data, "org", "add", "Test")
    site = await admin(
        cloud.data, "site", "add", "House", "--org", str(organisation["id"]),
        "--timezone", "Europe/Zurich",
    )  # fmt: skip
    made = [
        await admin(cloud.data, "device", "add", mac, "--site", str(site["id"])) for mac in macs
    ]
    return [msgspec.json.decode(json.dumps(each), type=Uplink) for each in made]
