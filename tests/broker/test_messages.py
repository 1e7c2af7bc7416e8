"""What devices published comes in order and until it is stored, whoever dies meanwhile."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiomqtt
import pytest
from tests.broker.conftest import QUICK, Field, Pki, authorise

from ohmstead.broker.callout import Callout
from ohmstead.broker.messages import Messages
from ohmstead.broker.pull import Pull
from ohmstead.broker.server import BrokerOptions, NatsServer
from ohmstead.broker.stream import CONSUMER, STREAM
from ohmstead.clock import SystemClock


@pytest.fixture
async def messages(server: NatsServer) -> AsyncIterator[Messages]:
    async with Messages(server.link, SystemClock(), QUICK) as reading:
        yield reading


async def send(field: Field, first: int, last: int, user: str = "GW1") -> None:
    async with field.client(user) as device:
        for n in range(first, last):
            await device.publish(f"up/{user}", str(n), qos=1, timeout=10)


async def stored(messages: Messages, count: int, *, timeout_s: float = 30) -> list[int]:
    """The numbers of `count` messages, in the order of their batches."""
    found: list[int] = []
    async with asyncio.timeout(timeout_s):
        async for batch in messages:
            found += [int(each.payload) for each in batch.messages]
            await batch.done()
            if len(found) >= count:
                break
    return found


async def test_what_a_device_published_arrives(field: Field, messages: Messages) -> None:
    """The contract: topic as the device wrote it, payload byte for byte, in order."""
    await send(field, 0, 5)
    async with asyncio.timeout(10):
        batch = await anext(aiter(messages))
    assert [(m.topic, m.payload) for m in batch.messages] == [
        ("up/GW1", str(n).encode()) for n in range(5)
    ]
    assert [m.sequence for m in batch.messages] == [1, 2, 3, 4, 5]
    assert abs((batch.messages[0].received_at - SystemClock().now()).total_seconds()) < 30


async def test_what_came_before_the_reader_waits_for_it(field: Field, server: NatsServer) -> None:
    """The durable consumer exists before the port opens: PUBACK means stored."""
    await send(field, 0, 120)
    async with Messages(server.link, SystemClock(), QUICK) as messages:
        assert await stored(messages, 120) == list(range(120))


async def test_a_batch_that_is_not_done_comes_again(field: Field, messages: Messages) -> None:
    """The contract: a failed commit is tried again with the same batch, never skipped."""
    await send(field, 0, 3)
    async with asyncio.timeout(10):
        first = await anext(aiter(messages))
        assert await anext(aiter(messages)) is first
        await first.done()
    await send(field, 3, 4)
    assert await stored(messages, 1) == [3]


async def test_a_commit_longer_than_the_wait_is_not_disturbed(
    field: Field, messages: Messages
) -> None:
    """In-progress acknowledgements: while a batch is stored, nobody is given it again."""
    await send(field, 0, 3)
    async with asyncio.timeout(20):
        batch = await anext(aiter(messages))
        other = Pull(messages._connection, QUICK)
        await other.open()
        assert await other.take(1, wait_s=2.2 * QUICK.ack_wait_s) == []
        await batch.done()
        state = await messages._connection.jetstream().consumer_info(STREAM, CONSUMER)
        assert (state.num_ack_pending, state.num_redelivered) == (0, 0)


async def test_messages_on_their_way_to_a_killed_reader_come_first(
    field: Field, server: NatsServer
) -> None:
    """The order must hold: what a killed process had taken comes before what came later."""
    await send(field, 0, 10)
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        READER,
        server.link.url,
        server.link.password,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert reader.stderr is not None
    async with asyncio.timeout(30):
        assert await reader.stderr.readline() == b"10\n"
        reader.kill()
        await reader.wait()
    await send(field, 10, 30)
    async with Messages(server.link, SystemClock(), QUICK) as messages:
        assert await stored(messages, 30) == list(range(30))
        assert messages.recoveries == 1


READER = """
import asyncio, sys
from ohmstead.broker.link import Link
from ohmstead.broker.messages import Messages
from ohmstead.broker.stream import Limits
from ohmstead.clock import SystemClock

async def main():
    limits = Limits(batch=50, ack_wait_s=1.5, idle_s=1.0)
    async with Messages(Link(*sys.argv[1:]), SystemClock(), limits) as messages:
        async for batch in messages:
            print(len(batch.messages), file=sys.stderr, flush=True)

asyncio.run(main())
"""
"""Takes one batch and never has it stored."""


class Sender:
    """Publishes 0..count in order as a device does: again, until there is a PUBACK."""

    def __init__(self, field: Field, count: int) -> None:
        self.field, self.count = field, count
        self.acknowledged: list[int] = []
        self.progress = asyncio.Condition()

    async def run(self) -> None:
        while len(self.acknowledged) < self.count:
            try:
                async with self.field.client("GW1") as device:
                    while (n := len(self.acknowledged)) < self.count:
                        await device.publish("up/GW1", str(n), qos=1, timeout=1)
                        async with self.progress:
                            self.acknowledged.append(n)
                            self.progress.notify_all()
            except aiomqtt.MqttError:
                await asyncio.sleep(0.05)  # the broker is being started again

    async def reached(self, count: int) -> None:
        async with asyncio.timeout(60), self.progress:
            await self.progress.wait_for(lambda: len(self.acknowledged) >= count)


def kill(server: NatsServer) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)


@pytest.mark.parametrize("reading", [True, False], ids=["while read", "read afterwards"])
async def test_no_acknowledged_message_is_lost_when_the_server_is_killed(
    field: Field, server: NatsServer, reading: bool
) -> None:
    """The contract: PUBACK means kept, through kill -9 of the server; once each, in order."""
    count, found = 600, list[int]()
    sender = Sender(field, count)

    async def read() -> None:
        async with Messages(server.link, SystemClock(), QUICK) as messages:
            found.extend(await until_last(messages, count - 1))

    async def killing() -> None:
        for time in (1, 2):
            await sender.reached(time * count // 3)
            kill(server)
            await server.ready(restarts=time)

    async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:
        if reading:
            tasks.create_task(read())
        tasks.create_task(killing())
        tasks.create_task(sender.run())
    if not reading:
        await asyncio.wait_for(read(), 60)
    assert sorted(set(found)) == sender.acknowledged == list(range(count))
    assert found == sorted(found)
    assert len(found) - count <= 2  # a message stored whose PUBACK died is published again


async def until_last(messages: Messages, last: int) -> list[int]:
    found: list[int] = []
    async for batch in messages:
        found += [int(each.payload) for each in batch.messages]
        await batch.done()
        if last in found:
            break
    return found


async def test_a_batch_in_hand_survives_the_death_of_the_server(
    field: Field, server: NatsServer, messages: Messages
) -> None:
    """The contract: the loop goes on with the same batch; what is stored does not come twice."""
    await send(field, 0, 5)
    async with asyncio.timeout(60):
        batch = await anext(aiter(messages))
        kill(server)
        await batch.done()
        await server.ready(restarts=1)
        await send(field, 5, 8)
        assert await stored(messages, 3) == [5, 6, 7]


WRITER = """
import asyncio, os, sys
from ohmstead.broker.link import Link
from ohmstead.broker.messages import Messages
from ohmstead.broker.stream import Limits
from ohmstead.clock import SystemClock

def say(word):
    print(word, file=sys.stderr, flush=True)

async def main():
    limits = Limits(batch=50, ack_wait_s=1.5, idle_s=1.0)
    with open(sys.argv[1], "a") as file:
        async with Messages(Link(*sys.argv[2:]), SystemClock(), limits) as messages:
            async for batch in messages:
                say("took")
                file.writelines(f"{each.payload.decode()}\\n" for each in batch.messages)
                file.flush()
                say("stored")
                await batch.done()
                say("done")

asyncio.run(main())
"""
"""Stores every batch in a file."""


async def test_every_reader_is_killed_and_everything_is_stored_in_order(
    tmp_path: Path, field: Field, server: NatsServer
) -> None:
    """kill -9 of a reader in each phase of a batch, and of the server: nothing lost, in order."""
    sender = Sender(field, 1500)
    target = tmp_path / "stored"
    async with asyncio.timeout(100), asyncio.TaskGroup() as tasks:
        tasks.create_task(sender.run())
        for turn, phase in enumerate(("took", "stored", "done", "took", "stored", "")):
            writer = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                WRITER,
                str(target),
                server.link.url,
                server.link.password,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            assert writer.stderr is not None
            said = 0
            while line := (await writer.stderr.readline()).strip().decode():
                said += line == phase
                if said == 2 + turn:
                    break
                if not phase and line == "done" and "1499\n" in target.read_text():
                    break
                if turn == 3 and said == 2 and not server.restarts:
                    kill(server)
                    await server.ready(restarts=1)
            writer.kill()
            await writer.wait()
    found = [int(line) for line in target.read_text().split()]
    first_time = list(dict.fromkeys(found))
    assert first_time == list(range(1500))


async def test_a_full_broker_refuses_instead_of_forgetting(
    options: BrokerOptions, pki: Pki
) -> None:
    """Findings, pitfall 5: `discard old` acknowledges and loses; `discard new` sends no PUBACK."""
    small = replace(options, limits=replace(QUICK, stream_bytes=64 << 10))
    sender_got_through = 0
    async with (
        NatsServer(small, SystemClock()) as server,
        Callout(server.link, server.key, SystemClock(), authorise),
    ):
        field = Field(options.port, pki.ca)
        with contextlib.suppress(aiomqtt.MqttError):
            async with field.client("GW1") as device:
                for n in range(100):
                    text = str(n).encode().ljust(2048)
                    await device.publish("up/GW1", text, qos=1, timeout=1)
                    sender_got_through += 1
        async with Messages(server.link, SystemClock(), small.limits) as messages:
            assert 0 < sender_got_through < 100
            found = await stored(messages, sender_got_through)
            assert found == list(range(sender_got_through))
            await send(field, 200, 203)
            assert await stored(messages, 3) == [200, 201, 202]
