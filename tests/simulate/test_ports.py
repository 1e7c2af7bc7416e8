"""A virtual meter on its port: every model, read like a real one."""

import asyncio
import fcntl
import os
import select
import struct
import termios
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from tests.simulate.listening import recogniser

from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput, Unavailable
from ohmstead.simulate import MODELS, Simulated
from ohmstead.simulate.live import Live
from ohmstead.simulate.ports import MOST_WAITING, PtyLine, SocketLine, opened, port
from ohmstead.simulate.pulls import Pull
from ohmstead.wire.telegram import Telegram

Meters = Callable[[str], Simulated]

TIMEOUT_S = 20.0
NUMBERS = {"1.8.0", "1.8.1", "1.7.0", "16.7.0"}
PAUSE_S = 0.05
"""Between two telegrams, when a meter lives this much faster."""


def silent(_: str) -> None:
    """Nobody to tell."""


def live(meter: Simulated) -> Live:
    """The meter, so fast that nobody waits."""
    return Live(meter, SystemClock(), meter.interval_s / PAUSE_S)


@asynccontextmanager
async def running(one: Live, written: str) -> AsyncIterator[str]:
    """Where the meter can be read, for as long as the block lasts."""
    async with opened(port(written), one, silent) as (where, work), asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in (one.run(), work) if each]
        yield where
        for task in tasks:
            task.cancel()


def questions(meter: Simulated) -> list[bytes]:
    """What a meter that is asked is asked."""
    speech, now = meter.model.speech, SystemClock().now()
    return list(speech.usual(meter.occasion(now))) if isinstance(speech, Pull) else []


async def understood(
    meter: Simulated, read: Callable[[], AsyncIterator[bytes]], write: Callable[[bytes], None]
) -> Telegram:
    """The first telegram with an energy or a power in what can be read."""
    listening = recogniser(meter.name, meter.model.keys)
    for question in questions(meter):
        write(question)
    async with asyncio.timeout(TIMEOUT_S):
        async for data in read():
            for found in listening.feed(data):
                if isinstance(found, Telegram) and not NUMBERS.isdisjoint(found.values):
                    return found
    raise AssertionError("the port was closed")


async def by_socket(
    meter: Simulated, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Telegram:
    """The first telegram of a connection."""

    async def read() -> AsyncIterator[bytes]:
        while data := await reader.read(100):
            yield data

    return await understood(meter, read, writer.write)


async def by_terminal(meter: Simulated, path: str) -> Telegram:
    """The first telegram of a pseudo-terminal."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    come: asyncio.Queue[bytes] = asyncio.Queue(999)
    asyncio.get_running_loop().add_reader(line, lambda: come.put_nowait(os.read(line, 100)))

    async def read() -> AsyncIterator[bytes]:
        while True:
            yield await come.get()

    try:
        return await understood(meter, read, lambda data: os.write(line, data) and None)
    finally:
        asyncio.get_running_loop().remove_reader(line)
        os.close(line)


def address(where: str) -> tuple[str, int]:
    host, _, number = where.partition("://")[2].rpartition(":")
    return host, int(number)


@pytest.mark.parametrize("name", MODELS)
async def test_a_meter_is_read_over_tcp(name: str, meters: Meters) -> None:
    """`--port listen://`: two readers at once, each hears it."""
    meter = meters(name)
    async with running(live(meter), "listen://127.0.0.1:0") as where:
        connections = [await asyncio.open_connection(*address(where)) for _ in range(2)]
        for reader, writer in connections:
            found = await by_socket(meter, reader, writer)
            assert found.protocol == meter.model.protocol
            writer.close()


@pytest.mark.parametrize("name", MODELS)
async def test_a_meter_is_read_on_a_pseudo_terminal(name: str, meters: Meters) -> None:
    """`--port pty`: opened and closed, and opened again like a port that is unplugged."""
    meter = meters(name)
    async with running(live(meter), "pty") as where:
        for _ in range(1 if meter.model.protocol == "MEP" else 2):  # it counts its questions
            found = await by_terminal(meter, where)
            assert found.protocol == meter.model.protocol


async def test_a_meter_connects_to_its_reader(meters: Meters) -> None:
    """`--port tcp://`: an adapter that calls a gateway; again, when the gateway goes away."""
    meter, met = meters("p1-dsmr5"), asyncio.Queue[Telegram](9)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.put_nowait(await by_socket(meter, reader, writer))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        at = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with running(live(meter), at) as where, asyncio.timeout(TIMEOUT_S):
            assert where == at
            for _ in range(2):
                assert (await met.get()).protocol == "DSMR"


async def test_a_reader_that_is_not_there_yet_is_waited_for(meters: Meters) -> None:
    """It says so, and tries again."""
    said = asyncio.Queue[str](9)
    one = live(meters("p1-se"))
    async with opened(port("tcp://127.0.0.1:1"), one, said.put_nowait) as (_, work):
        assert work is not None
        task = asyncio.create_task(work)
        async with asyncio.timeout(TIMEOUT_S):
            assert "127.0.0.1:1 is not reached" in await said.get()
        task.cancel()


async def test_an_address_in_use_is_said(meters: Meters) -> None:
    """Style 7: what happened, and what to do."""
    async with running(live(meters("p1-se")), "listen://127.0.0.1:0") as where:
        with pytest.raises(Unavailable, match="choose another"):
            async with running(live(meters("p1-se")), where):
                pass


@pytest.mark.parametrize(
    "written",
    ["", "com1", "tcp://", "tcp://host", "tcp://host:0", "tcp://h:99999", "listen://:1", "pty://x"],
)
def test_a_port_that_is_none_is_explained(written: str) -> None:
    """`--port` is typed by people."""
    with pytest.raises(BadInput, match="listen://HOST:PORT"):
        port(written)


async def _read(theirs: int, count: int) -> bytes:
    """So many bytes, and more if they are there; the kernel hands them on in pieces."""
    heard = b""
    async with asyncio.timeout(10):
        while len(heard) < count:
            try:
                heard += os.read(theirs, 65536)
            except BlockingIOError:
                await asyncio.sleep(0.01)
    return heard


def arrived(theirs: int, count: int) -> None:
    """Waits until so many bytes can be read."""
    end_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end_s:
        (unread,) = struct.unpack("i", fcntl.ioctl(theirs, termios.FIONREAD, bytes(4)))
        if unread >= count:
            return
        select.select([], [], [], 0.001)
    raise AssertionError(f"{unread} of {count} bytes arrived")


async def test_what_nobody_reads_is_lost(meters: Meters) -> None:
    """As on a serial line: who comes late hears the present, from a beginning, and not the past."""
    line, meter = PtyLine(), meters("p1-dsmr5")
    line.listen(lambda _: None)
    theirs = os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    telegram = meter.telegram(SystemClock().now())
    for _ in range(20):
        line.send(telegram)
        arrived(theirs, len(telegram))
    assert os.read(theirs, 65536) == telegram
    line.send(telegram)
    arrived(theirs, len(telegram))
    assert os.read(theirs, 65536) == telegram
    os.close(theirs)
    line.close()


class Full:
    """A connection whose other side does not read."""

    waiting = 0

    @property
    def transport(self) -> "Full":
        return self

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def write(self, data: bytes) -> None:
        self.waiting += len(data)


def test_a_slow_reader_is_not_waited_for() -> None:
    """The bound that the module states."""
    full = Full()
    line = SocketLine(cast(asyncio.StreamWriter, full))
    for _ in range(1000):
        line.send(bytes(1000))
    assert full.waiting <= MOST_WAITING + 1000
