"""kill -9 of every part in turn while a gateway sends: each acknowledged reading is stored once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
from tests.whole.conftest import MAC, Cloud
from tests.whole.programs import Program, Wire, free_ports, running

from ohmstead.simulate import Simulated
from ohmstead.store.server import running as database_of

BEGIN = datetime(2025, 6, 1, 6, 0, 0, tzinfo=UTC)
PACE_S = 0.02
STORED = """
    SELECT r.number, r.active_import_energy_kwh, r.at
    FROM readings r JOIN meters m ON m.stream = r.stream WHERE m.id = %s ORDER BY r.at
"""


class Talker:
    """A meter that sends until it is hushed, each telegram with a higher counter."""

    def __init__(self, wire: Wire) -> None:
        self._wire, self._meter = wire, Simulated("hdlc-aidon", 3)
        self.sent = 0
        self._hushed = False

    def hush(self) -> int:
        """Send no more; how many were sent."""
        self._hushed = True
        return self.sent

    async def talk(self) -> None:
        """Telegrams of a summer day, a minute apart, fifty a second."""
        await self._wire.connected.wait()
        while not self._hushed:
            at = BEGIN + timedelta(minutes=self.sent)
            await self._wire.send(self._meter.telegram(at))
            self.sent += 1
            await asyncio.sleep(PACE_S)

    async def reaches(self, more: int) -> None:
        """Wait until so many more were sent."""
        until = self.sent + more
        async with asyncio.timeout(60):
            while self.sent < until:  # noqa: ASYNC110  (the meter paces itself)
                await asyncio.sleep(PACE_S)


@asynccontextmanager
async def talking(wire: Wire) -> AsyncIterator[Talker]:
    talker = Talker(wire)
    task = asyncio.create_task(talker.talk(), name="meter")
    try:
        yield talker
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _system(gateway: Program, port: int) -> dict[str, object]:
    assert gateway.process.returncode is None, gateway.text
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/api/v1/system", timeout=10)
    found = answer.json()
    assert isinstance(found, dict)
    return found


async def _all_sent(gateway: Program, port: int, at_least: int) -> int:
    """Wait until the gateway's queue is empty; how many reports the broker acknowledged."""
    uplink: object = None
    try:
        async with asyncio.timeout(90):
            while True:
                uplink = (await _system(gateway, port))["uplink"]
                assert isinstance(uplink, dict)
                if uplink["waiting"] == 0 and uplink["sent"] >= at_least:
                    assert uplink["dropped"] == 0, uplink
                    return int(uplink["sent"])
                await asyncio.sleep(0.2)
    except TimeoutError:
        text = f"{at_least} expected, but {uplink}; {gateway.text[-2000:]}"
        raise AssertionError(text) from None


async def _stored(cloud: Cloud, at_least: int) -> list[tuple[int, float, datetime]]:
    """The stored readings in the order of their time, as soon as there are so many."""
    url = database_of(cloud.data)
    assert url is not None
    async with asyncio.timeout(60), await psycopg.AsyncConnection.connect(url) as connection:
        while True:
            rows = await (await connection.execute(STORED, (MAC,))).fetchall()
            await connection.commit()
            if len(rows) >= at_least:
                return rows
            await asyncio.sleep(0.2)


async def test_every_acknowledged_reading_is_stored_once_whatever_is_killed(
    cloud: Cloud, place: Path
) -> None:
    """The broker, the database and the cloud are killed in turn; then all is counted."""
    (port,) = free_ports(1)
    async with cloud.up():
        uplink = await cloud.with_device(place)
    async with Wire() as wire:
        arguments = [
            "gateway", "--source", wire.url, "--http", f"127.0.0.1:{port}", "--uplink", str(uplink),
            "--uplink-interval", "0", "--data", str(place / "gateway"),
        ]  # fmt: skip
        async with talking(wire) as talker, running(*arguments) as gateway:
            async with cloud.up() as program:
                await talker.reaches(100)
                os.kill(program.child("nats-server"), signal.SIGKILL)
                await talker.reaches(100)
                os.kill(program.child("postgres"), signal.SIGKILL)
                await talker.reaches(100)
                await program.kill()
                await talker.reaches(50)
            async with cloud.up() as program:
                await talker.reaches(100)
                os.kill(program.child("postgres"), signal.SIGKILL)
                os.kill(program.child("nats-server"), signal.SIGKILL)
                await talker.reaches(50)
                talked = talker.hush()
                sent = await _all_sent(gateway, port, talked)
                rows = await _stored(cloud, talked)
    numbers = [row[0] for row in rows]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a hole, or out of order"
    counters = [row[1] for row in rows]
    assert counters == sorted(counters), "the queue was not sent in order"
    assert len(rows) >= talked
    assert sent >= len(rows), "more was stored than acknowledged"


async def test_a_killed_gateway_sends_what_it_had_queued(cloud: Cloud, place: Path) -> None:
    """Reports made while the cloud was away survive kill -9 of the gateway and arrive in order."""
    (port,) = free_ports(1)
    async with cloud.up():
        uplink = await cloud.with_device(place)
    async with Wire() as wire:
        arguments = [
            "gateway", "--source", wire.url, "--http", f"127.0.0.1:{port}", "--uplink", str(uplink),
            "--uplink-interval", "0", "--data", str(place / "gateway"),
        ]  # fmt: skip
        async with talking(wire) as talker:
            async with running(*arguments) as gateway:
                await talker.reaches(100)
                system = await _system(gateway, port)
                await gateway.kill()
            uplinked = system["uplink"]
            assert isinstance(uplinked, dict)
            queued = int(uplinked["waiting"])
            assert queued > 50
        async with running(*arguments) as gateway, cloud.up():
            await _all_sent(gateway, port, queued)
            rows = await _stored(cloud, queued)
    counters = [row[1] for row in rows]
    assert counters == sorted(counters)
    assert len({row[2] for row in rows}) == len(rows) >= queued
