"""Reports to a real broker.  Source: walking skeleton: MQTT 3.1.1 QoS 1 over TLS, in order."""

import asyncio
import gc
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.gateway.broker import Broker, running

from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput
from ohmstead.gateway import publisher
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.publisher import Publisher, Waits
from ohmstead.gateway.queue import Queue
from ohmstead.reading.reading import Reading
from ohmstead.settings.gateway import Uplink

NOON = datetime(2025, 7, 3, 12, tzinfo=UTC)
SOON = Waits(Backoff(0.05, 0.1), Backoff(0.05, 0.1))
WAIT_S = 30


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running(tmp_path / "broker") as found:
        yield found


class Sender:
    """A queue, its outbox and the publisher that empties it."""

    def __init__(self, folder: Path, uplink: dict[str, Any]) -> None:
        self.queue = Queue(folder)
        self.outbox = Outbox(self.queue, 0, lambda r: json.dumps({"n": r.number}).encode())
        told = msgspec.convert(uplink, Uplink)
        self.publisher = Publisher(told, self.queue, self.outbox, SystemClock(), SOON)
        self._number = 0

    def offer(self, count: int) -> None:
        for _ in range(count):
            at = NOON + timedelta(seconds=self._number)
            self.outbox.offer(Reading("m", at, {}, number=self._number))
            self._number += 1


@asynccontextmanager
async def sending(folder: Path, uplink: dict[str, Any]) -> AsyncIterator[Sender]:
    sender = Sender(folder, uplink)
    task = asyncio.create_task(sender.publisher.run())
    try:
        yield sender
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=WAIT_S)
        sender.queue.close()


async def until(condition: Callable[[], bool]) -> None:
    """Looks again and again, for at most WAIT_S: there is no event for what a queue holds."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def arrived(broker: Broker) -> list[int]:
    return [report["n"] for report in await broker.kept(idle_s=1)]


async def test_reports_arrive_in_order_and_leave_the_queue(broker: Broker, tmp_path: Path) -> None:
    """Many on the way at once, none overtakes another, none stays behind."""
    await broker.keep()
    async with sending(tmp_path / "queue", broker.uplink()) as sender:
        sender.offer(300)
        await until(lambda: sender.queue.waiting == 0)
        assert sender.publisher.state == "CONNECTED"
        sender.offer(1)
        await until(lambda: sender.queue.waiting == 0)
        assert sender.queue.tally.sent == 301
    assert await arrived(broker) == list(range(301))


async def test_a_broker_that_is_killed_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    """kill -9 of the broker, three times, while it is sent to: every report arrives, in order."""
    await broker.keep()
    async with sending(tmp_path / "queue", broker.uplink()) as sender:
        for _ in range(3):
            sender.offer(200)
            sent = sender.queue.tally.sent
            await until(lambda sent=sent: sender.queue.tally.sent > sent + 20)  # type: ignore[misc]
            broker.kill()
            sender.offer(50)
            await until(lambda: sender.publisher.state == "DISCONNECTED")
            assert sender.publisher.trouble
            broker.start()
        await until(lambda: sender.queue.waiting == 0)
    found = await arrived(broker)
    assert list(dict.fromkeys(found)) == list(range(750))  # some may come twice, none out of order


async def test_when_a_server_of_a_cluster_is_away_another_is_found(
    broker: Broker, tmp_path: Path
) -> None:
    """docs/broker.md: a gateway knows all addresses, and goes on to the next one."""
    await broker.keep()
    away = ["mqtts://localhost:1", "mqtts://127.0.0.1:2"]
    uplink = {**broker.uplink(), "uri": ",".join([*away, broker.uplink()["uri"]])}
    async with sending(tmp_path / "queue", uplink) as sender:
        sender.offer(5)
        await until(lambda: sender.queue.waiting == 0)
    assert await arrived(broker) == list(range(5))


async def test_what_was_queued_without_a_broker_is_sent_by_the_next_program(
    broker: Broker, tmp_path: Path
) -> None:
    """Store and forward across a restart of the gateway."""
    await broker.keep()
    broker.kill()
    async with sending(tmp_path / "queue", broker.uplink()) as sender:
        sender.offer(30)
        await until(lambda: sender.publisher.state == "DISCONNECTED")
    broker.start()
    async with sending(tmp_path / "queue", broker.uplink()) as sender:
        await until(lambda: sender.queue.waiting == 0)
    assert await arrived(broker) == list(range(30))


async def test_a_wrong_password_is_a_state_of_its_own(broker: Broker, tmp_path: Path) -> None:
    """Visible and clear; the reports wait on disk."""
    async with sending(tmp_path / "queue", broker.uplink(password="wrong")) as sender:
        sender.offer(1)
        await until(lambda: sender.publisher.state == "REFUSED")
        assert "authori" in sender.publisher.trouble.lower()
        assert sender.queue.waiting == 1


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")  # paho: a failed handshake
async def test_a_broker_of_another_authority_gets_nothing(broker: Broker, tmp_path: Path) -> None:
    """TLS with the given CA and no other: not even the user name is sent."""
    with running(tmp_path / "other") as other:
        stranger = broker.uplink(certificate=other.certificate)
        async with sending(tmp_path / "queue", stranger) as sender:
            sender.offer(1)
            await until(lambda: "certificate" in sender.publisher.trouble.lower())
            assert (sender.publisher.state, sender.queue.waiting) == ("DISCONNECTED", 1)
        gc.collect()


async def test_a_certificate_that_is_none_is_explained(tmp_path: Path) -> None:
    """An uplink file that was edited by hand: said at the start, not at the first connection."""
    uplink = msgspec.convert(Broker(tmp_path, 1, "no certificate").uplink(), Uplink)
    queue = Queue(tmp_path)
    with pytest.raises(BadInput, match="PEM"):
        Publisher(uplink, queue, Outbox(queue, 0, lambda _: b""), SystemClock())
    queue.close()


async def test_a_broker_that_stops_answering_is_left_and_found_again(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that takes reports and acknowledges none: the next connection sends them again."""
    monkeypatch.setattr(publisher, "PATIENCE_S", 0.3)
    await broker.keep()
    async with sending(tmp_path / "queue", broker.uplink()) as sender:
        await until(lambda: sender.publisher.state == "CONNECTED")
        assert broker.process
        broker.process.send_signal(signal.SIGSTOP)
        sender.offer(30)
        await until(lambda: "acknowledge" in sender.publisher.trouble)
        assert sender.queue.waiting == 30
        broker.process.send_signal(signal.SIGCONT)
        await until(lambda: sender.queue.waiting == 0)
    assert list(dict.fromkeys(await arrived(broker))) == list(range(30))
