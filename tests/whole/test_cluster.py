"""Three NATS servers of somebody's own, one killed while gateways send.  Source: docs/broker.md."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from tests.broker.cluster import Cluster
from tests.whole.conftest import Cloud
from tests.whole.programs import Program, admin, running

from ohmstead.clock import SystemClock
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.publisher import Publisher, Waits
from ohmstead.gateway.queue import Queue
from ohmstead.house.authority import Authority
from ohmstead.house.broker import configuration
from ohmstead.reading.reading import Reading
from ohmstead.settings.gateway import Uplink
from ohmstead.store.server import running as database_of
from ohmstead.surfaces import report
from ohmstead.surfaces.device import Device

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

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
            zone=self.clock.now().tzinfo, firmware="0",  # type: ignore[arg-type]
        )  # fmt: skip
        self.queue = Queue(folder)
        self.outbox = Outbox(self.queue, 0, self._rendered)
        self.publisher = Publisher(uplink, self.queue, self.outbox, self.clock, SOON)
        self.id, self.offered = uplink.id, 0
        self._begin = self.clock.now() - timedelta(hours=2)

    def _rendered(self, reading: Reading) -> bytes:
        return msgspec.json.encode(report.document(reading, self._device))

    @property
    def acknowledged(self) -> int:
        """Reports with a PUBACK."""
        return self.queue.tally.sent

    async def talk(self) -> None:
        """A reading after the other, until cancelled."""
        while True:
            at = self._begin + timedelta(milliseconds=100 * self.offered)
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


async def uplinks(cloud: Cloud, folder: Path) -> list[Uplink]:
    """What the admin command prints for each device."""
    organisation = await admin(cloud.data, "org", "add", "Test")
    site = await admin(
        cloud.data, "site", "add", "House", "--org", str(organisation["id"]),
        "--timezone", "Europe/Zurich",
    )  # fmt: skip
    made = [
        await admin(cloud.data, "device", "add", mac, "--site", str(site["id"])) for mac in MACS
    ]
    return [msgspec.json.decode(json.dumps(each), type=Uplink) for each in made]


@asynccontextmanager
async def up(cloud: Cloud, cluster: Cluster) -> AsyncIterator[Program]:
    arguments = [*cloud.arguments, "--broker-mqtts", cluster.mqtts]
    for url in cluster.urls:
        arguments += ["--broker", url]
    async with running(*arguments) as program:
        await program.says(r"^CA certificate")
        yield program


async def test_one_of_three_servers_is_killed_and_nothing_acknowledged_is_lost(
    cloud: Cloud, place: Path
) -> None:
    """docs/broker.md: three replicas; each server in turn is killed, and comes back."""
    files = Authority(cloud.data / "pki", SystemClock()).ensure()
    cluster = Cluster(place / "nodes", configuration(cloud.data), files, 3)
    async with cluster, up(cloud, cluster) as program:
        told = await uplinks(cloud, place)
        assert len(told[0].addresses) == 3
        senders = [Sender(place / each.id, each) for each in told]
        async with AsyncExitStack() as stack:
            for sender in senders:
                await stack.enter_async_context(talking(sender))
            await grow(senders, 50)
            for node in cluster.nodes:
                await node.kill()
                await grow(senders, 50)  # on the two others
                await node.start()
                async with asyncio.timeout(WAIT_S):
                    await node.ready.wait()
                await grow(senders, 20)
            acknowledged = {sender.id: sender.acknowledged for sender in senders}
        rows = await stored(cloud, acknowledged)
        assert program.process.returncode is None, program.text
    for mac, (count, lowest, highest, distinct) in rows.items():
        assert count == distinct, f"{mac}: a report was stored twice"
        assert (lowest, highest) == (1, count), f"{mac}: a report is missing"
        assert count >= acknowledged[mac]
