"""The gateway as a program of its own.  Source: walking skeleton, "Gateway" and "Shown by"."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.gateway.broker import MAC, Broker, running
from tests.house.program import MEMORY_KB, WAIT_S, program, report_of
from tests.wire.telegrams import LINES, p1

from ohmstead.clock import SetClock
from ohmstead.errors import OhmsteadError
from ohmstead.house import gateway as house
from ohmstead.settings.gateway import GatewayOptions, Uplink

OF_THE_CLOUD = {
    "ohmstead.store", "ohmstead.broker", "ohmstead.collector", "ohmstead.dashboard",
    "ohmstead.analytics", "ohmstead.simulate", "numpy", "pandas", "psycopg", "nats", "litestar",
    "demandlib", "argon2",
}  # fmt: skip


def telegram(number: int) -> bytes:
    """A telegram whose import counter of tariff 1 is `number` thousandths of a kWh."""
    counter = f"1-0:1.8.1({number / 1000:010.3f}*kWh)"
    return p1([counter if line.startswith("1-0:1.8.1") else line for line in LINES])


class Meter:
    """A TCP server that sends a telegram every few milliseconds to whoever is connected."""

    def __init__(self, every_s: float = 0.01) -> None:
        self._every_s = every_s
        self._number = 0
        self._over = asyncio.Event()
        self._serving: set[asyncio.Task[object] | None] = set()
        self.port = 0

    async def _serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())
        with suppress(OSError):
            while not self._over.is_set():
                self._number += 1
                writer.write(telegram(self._number))
                await writer.drain()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), self._every_s)
        writer.close()

    async def __aenter__(self) -> "Meter":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._over.set()
        if serving := {task for task in self._serving if task}:
            await asyncio.wait(serving, timeout=WAIT_S)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running(tmp_path / "broker") as found:
        yield found


async def test_a_gateway_alone_is_small_and_knows_nothing_of_the_cloud(
    broker: Broker, tmp_path: Path
) -> None:
    """Shown by: "under 90 MB of memory and imports nothing of the cloud", with everything on."""
    async with Meter() as meter:
        arguments = ("--source", f"tcp://127.0.0.1:{meter.port}", "--uplink-interval", "0",
                     "--uplink", str(broker.uplink_file()))  # fmt: skip
        async with program(tmp_path / "gw", *arguments, python=("-X", "importtime")) as gateway:
            await report_of(await gateway.url(), at_least=100)
            resident_kb = gateway.resident_kb()
            imported = re.findall(r"^import time:.*\|\s*([\w.]+)$", gateway.said(), re.MULTILINE)
    assert resident_kb < MEMORY_KB
    assert "ohmstead.gateway.publisher" in imported
    found = {
        name for name in imported for cloud in OF_THE_CLOUD if f"{name}.".startswith(f"{cloud}.")
    }
    assert found == set()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_at_once_when_told(
    how: signal.Signals, tmp_path: Path, broker: Broker
) -> None:
    """Ctrl-C and SIGTERM: status 0, quickly, with a stream open and the cloud away."""
    file = broker.uplink_file()
    broker.kill()
    async with Meter() as meter:
        source = ("--source", f"tcp://127.0.0.1:{meter.port}", "--uplink", str(file))
        async with program(tmp_path / "gw", *source) as gateway, httpx.AsyncClient() as client:
            url = await gateway.url()
            async with client.stream("GET", f"{url}/api/v1/live", timeout=WAIT_S) as response:
                await anext(response.aiter_lines())
                began = time.monotonic()
                assert await asyncio.to_thread(gateway.end, how) == 0
                assert time.monotonic() - began < 5
            assert "Traceback" not in gateway.said()
            assert "correct-horse" not in gateway.said()


async def test_a_cloud_that_never_answers_does_not_hold_up_the_end(
    tmp_path: Path, broker: Broker
) -> None:
    """SIGTERM while the client waits for a TLS handshake that will not come: quickly, status 0."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        uri = f"mqtts://127.0.0.1:{mute.getsockname()[1]}"
        file = broker.uplink_file(uri=uri)
        async with program(
            tmp_path / "gw", "--source", "tcp://127.0.0.1:1", "--uplink", str(file)
        ) as gateway:
            await gateway.url()
            connected, _ = await asyncio.to_thread(mute.accept)
            began = time.monotonic()
            assert await asyncio.to_thread(gateway.end, signal.SIGTERM) == 0
            assert time.monotonic() - began < 5
            connected.close()
            assert 'event="gateway stopped"' in gateway.said()


async def test_kills_lose_no_report_and_change_no_order(tmp_path: Path, broker: Broker) -> None:
    """kill -9 of gateway and broker in turn: every report queued arrives, in order."""
    await broker.keep()
    seen: dict[str, int] = {}
    async with Meter() as meter:
        arguments = ("--source", f"tcp://127.0.0.1:{meter.port}", "--uplink-interval", "0",
                     "--uplink", str(broker.uplink_file()))  # fmt: skip
        for life in range(4):
            async with program(tmp_path / "gw", *arguments) as gateway:
                url = await gateway.url()
                if life == 1:
                    broker.kill()
                await report_of(url, at_least=40)
                if life == 2:
                    broker.start()
                report = await report_of(url, at_least=90)
                seen[report["system"]["boot_id"]] = report["report"]["id"]
                assert gateway.end(signal.SIGKILL) == -signal.SIGKILL
        async with program(tmp_path / "gw", *arguments) as gateway:
            await nothing_waits(await gateway.url())
            assert gateway.end(signal.SIGTERM) == 0
    arrived = await broker.kept()
    moments = list(dict.fromkeys(r["report"]["timestamp"] for r in arrived))
    assert moments == sorted(moments)
    for boot, last in seen.items():
        numbers = dict.fromkeys(
            r["report"]["id"] for r in arrived if r["system"]["boot_id"] == boot
        )
        assert list(numbers) == list(range(1, len(numbers) + 1))
        assert len(numbers) >= last


async def nothing_waits(url: str) -> None:
    """Until the queue is nearly empty: the meter goes on, so a few are always on their way."""
    async with httpx.AsyncClient(timeout=WAIT_S) as client, asyncio.timeout(WAIT_S):
        while True:
            uplink = (await client.get(f"{url}/api/v1/system")).json()["uplink"]
            if uplink["state"] == "CONNECTED" and uplink["waiting"] < 10 and uplink["sent"] > 350:
                assert uplink["dropped"] == 0
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("--source", "modem:0"), "tcp://HOST:PORT"),
        (("--source", "replay:/no/such/file"), "/no/such/file"),
        (("--source", "simulate:no-such-model"), "no-such-model"),
        (("--source", "tcp://h:1", "--id", "12345"), "12 hexadecimal digits"),
        (("--source", "tcp://h:1", "--zone", "Mars/Olympus"), "Mars/Olympus"),
        (("--source", "tcp://h:1", "--http", "nowhere"), "nowhere"),
        (
            ("--source", "tcp://h:1", "--http", "127.0.0.1:{port}"),
            "cannot listen on 127.0.0.1:{port}",
        ),
        (("--source", "tcp://h:1", "--uplink", "/no/such/file"), "/no/such/file"),
        (("--source", "tcp://h:1", "--uplink", "/"), "cannot be read"),
        (("--source", "tcp://h:1", "--data", "/dev/null/x"), "/dev/null/x"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    """Style 7: what happened, with which value, and what to do; no traceback; status 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found = subprocess.run(
            [sys.executable, "-m", "ohmstead", "gateway", "--data", str(tmp_path / "gw"),
             "--http", "127.0.0.1:0", *(word.replace("{port}", port) for word in arguments)],
            capture_output=True, text=True, timeout=WAIT_S, check=False,
        )  # fmt: skip
    assert found.returncode == 1
    assert says.replace("{port}", port) in found.stderr
    assert "Traceback" not in found.stderr


def options(data: Path, **more: Any) -> GatewayOptions:
    given: dict[str, Any] = {"source": "tcp://127.0.0.1:1", "data": data, "http": None} | more
    return GatewayOptions(**given)


def test_an_id_is_made_once_and_kept(tmp_path: Path) -> None:
    """`--id`: default a stable random one, marked as locally made (IEEE 802, 8.4)."""
    first = house.identity(options(tmp_path), tmp_path)
    assert re.fullmatch(r"[0-9A-F][26AE][0-9A-F]{10}", first)
    assert house.identity(options(tmp_path), tmp_path) == first
    assert house.identity(options(tmp_path, id="a8:42:e3:9f:81:24"), tmp_path) == MAC


def test_an_id_that_was_spoilt_is_explained(tmp_path: Path) -> None:
    """Style 7: the file, what is wrong with it, and what to do."""
    (tmp_path / "id").write_bytes(b"\xff")
    with pytest.raises(OhmsteadError, match=r"id.*remove it"):
        house.identity(options(tmp_path), tmp_path)


def test_the_id_is_the_uplinks(tmp_path: Path) -> None:
    """The broker takes `up/<MAC>` from that device alone: another id would be sent for nothing."""
    uplink = msgspec.convert(Broker(tmp_path, 1, "").uplink(), Uplink)
    assert house.identity(options(tmp_path, uplink=uplink), tmp_path) == MAC
    with pytest.raises(OhmsteadError, match=MAC):
        house.identity(options(tmp_path, uplink=uplink, id="000000000001"), tmp_path)


async def test_a_simulated_past_is_sent_with_its_own_times(tmp_path: Path, broker: Broker) -> None:
    """`run(clock=SetClock, source=...)`: the past goes up as it would have; `ends` waits for it."""
    await broker.keep()
    began = datetime(2025, 7, 3, tzinfo=UTC)
    clock = SetClock(began)

    async def past() -> AsyncIterator[bytes]:
        for number in range(100):
            clock.set(began + timedelta(minutes=number))
            yield telegram(number)

    uplink = msgspec.convert(broker.uplink(), Uplink)
    told = options(tmp_path / "gw", uplink=uplink, ends=True)
    async with asyncio.timeout(WAIT_S):
        await house.run(told, clock=clock, source=past(), stop=asyncio.Event())
    arrived = await broker.kept(idle_s=1)
    assert [r["report"]["timestamp"] for r in arrived] == [
        (began + timedelta(minutes=number)).timestamp() for number in range(100)
    ]
    assert [r["report"]["energy"]["active"]["positive"]["t1"] for r in arrived] == [
        number / 1000 for number in range(100)
    ]


async def test_a_simulated_meter_is_read_like_a_real_one(tmp_path: Path) -> None:
    """`simulate:MODEL`: real telegrams, decoded by the gateway."""
    async with program(tmp_path / "gw", "--source", "simulate:p1-dsmr5?seed=3") as gateway:
        report = await report_of(await gateway.url())
    assert report["meter"]["status"] == "OK"
    assert report["meter"]["protocol"] == "DSMR"
    assert report["report"]["energy"]["active"]["positive"]["total"] > 0
