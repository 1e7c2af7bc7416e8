"""Everything of the cloud killed at random under load: acknowledged = stored = delivered.

`make test-kills SECONDS=300`; each part killed once is in `make test`.
Source: ARCHITECTURE.md, "What is killed where, and why nothing is lost or doubled".
"""

import asyncio
import json
import os
import random
import signal
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomqtt
import pytest
from tests.whole.conftest import Cloud
from tests.whole.programs import Program, admin, running
from tests.whole.senders import MACS, WAIT_S, Sender, grow, stored, talking, uplinks

PARTS = ("nats-server", "postgres", "cloud")
"""The broker, the database, and the process with the collector, the relay and the callout."""
BETWEEN_S = (2.0, 8.0)


class Subscriber:
    """An integration's client with a persistent session; what it received, by device."""

    def __init__(self, sheet: dict[str, Any], macs: Sequence[str]) -> None:
        self._sheet = sheet
        self.received: dict[str, set[float]] = {mac: set() for mac in macs}
        self.messages = 0
        self.subscribed = asyncio.Event()

    async def run(self) -> None:
        """Connect, again and again, until cancelled."""
        parts = urlsplit(self._sheet["uri"])
        context = ssl.create_default_context(cadata=self._sheet["certificate"])
        while True:
            with suppress(aiomqtt.MqttError, TimeoutError, OSError):
                async with aiomqtt.Client(
                    parts.hostname or "", parts.port or 8883,
                    username=self._sheet["username"], password=self._sheet["password"],
                    identifier=self._sheet["username"], clean_session=False, timeout=10,
                    tls_context=context, keepalive=10,
                ) as client:  # fmt: skip
                    await client.subscribe(self._sheet["topic"], qos=1)
                    self.subscribed.set()
                    async for message in client.messages:
                        self._take(message)
            await asyncio.sleep(0.5)

    def _take(self, message: aiomqtt.Message) -> None:
        payload = message.payload
        assert isinstance(payload, bytes)
        self.messages += 1
        said = json.loads(payload)["Timestamp"]
        at = datetime.fromisoformat(said).timestamp() if isinstance(said, str) else float(said)
        self.received[str(message.topic).rpartition("/")[2]].add(at)

    async def has(self, least: dict[str, int]) -> None:
        """Wait until it received so many of each device."""
        try:
            async with asyncio.timeout(WAIT_S):
                while any(len(self.received[mac]) < least[mac] for mac in least):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            found = {mac: len(self.received[mac]) for mac in least}
            raise AssertionError(f"{least} wanted, {found} delivered") from None


@asynccontextmanager
async def subscribed(cloud: Cloud, macs: Sequence[str]) -> AsyncIterator[Subscriber]:
    """An integration with these devices, and its client."""
    await admin(cloud.data, "user", "add", "owner@example.org", "--role", "admin")
    sheet = await admin(
        cloud.data, "integration", "add", "--owner", "owner@example.org", "--interval", "0"
    )
    for mac in macs:
        await admin(cloud.data, "integration", "attach", sheet["id"], mac)
    subscriber = Subscriber(sheet, macs)
    task = asyncio.create_task(subscriber.run(), name="subscriber")
    try:
        async with asyncio.timeout(60):
            await subscriber.subscribed.wait()
        yield subscriber
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Victim:
    """The cloud, started again each time it is killed."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._stack = AsyncExitStack()
        self.kills: dict[str, int] = dict.fromkeys(PARTS, 0)

    async def start(self) -> None:
        self.program: Program = await self._stack.enter_async_context(
            running(*self._cloud.arguments)
        )
        await self.program.says(r"^CA certificate")

    async def kill(self, part: str) -> None:
        """kill -9; what the cloud does not start again by itself is started."""
        self.kills[part] += 1
        if part == "cloud":
            await self.program.kill()
            await self._stack.aclose()
            await self.start()
        else:
            with suppress(AssertionError, ProcessLookupError):  # it is just being started again
                os.kill(self.program.child(part), signal.SIGKILL)

    async def stop(self) -> None:
        await self._stack.aclose()


async def endure(
    cloud: Cloud, place: Path, plan: AsyncIterator[str], macs: Sequence[str] = MACS
) -> None:
    """Load, the kills of `plan`, silence; then everything is counted."""
    victim = Victim(cloud)
    await victim.start()
    try:
        told = await uplinks(cloud, macs)
        senders = [Sender(place / each.id, each) for each in told]
        async with subscribed(cloud, macs) as subscriber:
            async with AsyncExitStack() as stack:
                for sender in senders:
                    await stack.enter_async_context(talking(sender))
                await grow(senders, 20)
                async for part in plan:
                    await victim.kill(part)
                await grow(senders, 20)
                acknowledged = {sender.id: sender.acknowledged for sender in senders}
            rows = await stored(cloud, acknowledged)
            await subscriber.has(acknowledged)
        for mac, (count, lowest, highest, distinct) in rows.items():
            assert count == distinct, f"{mac}: a report was stored twice"
            assert (lowest, highest) == (1, count), f"{mac}: a report is missing"
            assert len(subscriber.received[mac]) >= acknowledged[mac]
        total, kept = sum(acknowledged.values()), sum(row[0] for row in rows.values())
        print(f"killed {victim.kills}; acknowledged {total}, stored {kept}, "
              f"delivered {sum(map(len, subscriber.received.values()))} "
              f"in {subscriber.messages} messages")  # fmt: skip
    finally:
        await victim.stop()


async def at_random(seconds: float, seed: int) -> AsyncIterator[str]:
    chance, loop = random.Random(seed), asyncio.get_running_loop()
    end_at = loop.time() + seconds
    while loop.time() < end_at:
        await asyncio.sleep(chance.uniform(*BETWEEN_S))
        yield chance.choice(PARTS)


async def each_once() -> AsyncIterator[str]:
    for part in PARTS:
        yield part


@pytest.mark.kills
@pytest.mark.timeout(3600)
async def test_whatever_is_killed_acknowledged_is_stored_and_delivered(
    cloud: Cloud, place: Path
) -> None:
    """kill -9 at random, for as long as OHMSTEAD_KILL_SECONDS says."""
    seconds = float(os.environ.get("OHMSTEAD_KILL_SECONDS", "300"))
    seed = int(os.environ.get("OHMSTEAD_KILL_SEED", "0")) or random.randrange(1, 10**6)
    print(f"{seconds:.0f} s of kills, OHMSTEAD_KILL_SEED={seed}")
    await endure(cloud, place, at_random(seconds, seed))


@pytest.mark.timeout(300)
async def test_each_part_killed_once_acknowledged_is_stored_and_delivered(
    cloud: Cloud, place: Path
) -> None:
    """The same, each part once: broker, database, and the process with collector and relay."""
    await endure(cloud, place, each_once(), MACS[:1])
