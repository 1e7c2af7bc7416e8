"""Many clients at one gateway, whose meter numbers its telegrams: nothing sent may be missing.

For the test and for `bench/gateway_clients.py`.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from tests.wire.telegrams import p1

POLLED = ("report", "system", "variables", "settings")
WAIT_S = 60.0
AHEAD = 30
"""So many telegrams at most are on their way; the gateway keeps twice as many for a slow client."""


def telegram(number: int) -> bytes:
    """A telegram whose power is its number, in W."""
    return p1([
        "1-3:0.2.8(50)",
        "0-0:96.1.1(4F484D3030303030303132333435)",
        f"1-0:1.8.1({number / 1000:010.3f}*kWh)",
        "1-0:1.8.2(000765.433*kWh)",
        f"1-0:1.7.0({number / 1000:06.3f}*kW)",
        "1-0:2.7.0(00.000*kW)",
        "1-0:32.7.0(230.4*V)",
        "1-0:31.7.0(005*A)",
    ])  # fmt: skip


class Meter:
    """A meter behind a TCP adapter, to one gateway."""

    def __init__(self, server: asyncio.Server, writers: "asyncio.Queue[asyncio.StreamWriter]"):
        self._server = server
        self._writers = writers
        self._writer: asyncio.StreamWriter | None = None
        self.sent = 0

    @property
    def source(self) -> str:
        """As the gateway is told."""
        return f"tcp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def send(self, count: int) -> None:
        """So many telegrams, in one piece."""
        if self._writer is None:
            self._writer = await asyncio.wait_for(self._writers.get(), WAIT_S)
        first = self.sent + 1
        self.sent += count
        self._writer.write(b"".join(telegram(n) for n in range(first, self.sent + 1)))
        await self._writer.drain()

    def hang_up(self) -> None:
        """Ends the connection."""
        if self._writer:
            self._writer.close()


@asynccontextmanager
async def metered() -> AsyncIterator[Meter]:
    """The meter, waiting for its gateway."""
    writers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, w: writers.put_nowait(w), "127.0.0.1", 0)
    meter = Meter(server, writers)
    try:
        yield meter
    finally:
        meter.hang_up()
        server.close()


class Listener:
    """The one client of the live stream, and the telegrams it was told of."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        self._grown = asyncio.Event()

    async def listen(self, url: str) -> None:
        """Follows the stream, until it is cancelled."""
        async with (
            httpx.AsyncClient(timeout=WAIT_S) as client,
            client.stream("GET", f"{url}/api/v1/live") as response,
        ):
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    power_kw = json.loads(line.removeprefix("data: "))["P_In"]
                    self.heard.append(round(power_kw * 1000))
                    self._grown.set()

    async def until(self, count: int) -> None:
        """Waits for so many events."""
        async with asyncio.timeout(WAIT_S):
            while len(self.heard) < count:
                self._grown.clear()
                await self._grown.wait()


async def polling(
    url: str, answers: Counter[int], on: Callable[[int], bool], pause: Callable[[], Awaitable[None]]
) -> None:
    """One client that asks one document after the other as long as `on(asked)` says so."""
    asked = 0
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=WAIT_S) as client:
        while on(asked):
            answer = await client.get(f"/{POLLED[asked % len(POLLED)]}")
            answer.json()
            answers[answer.status_code] += 1
            asked += 1
            await pause()


def resident_kb(pid: int) -> int:
    """The memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def cpu_s(pid: int) -> float:
    """CPU time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
