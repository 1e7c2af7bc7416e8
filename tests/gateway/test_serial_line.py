"""A real serial device, plugged in and out.  Source: REST/MQTT 2.0, 6.3; a
pseudo-terminal stands for the line."""

import asyncio
import os
import pty
import termios
import tty
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from tests.wire.telegrams import p1

from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.port import chunks
from ohmstead.gateway.search import Notebook, Times
from ohmstead.gateway.serial_line import open_serial
from ohmstead.gateway.source import Serial, Setting, source_of
from ohmstead.wire.telegram import NOT_CONNECTED

WAIT_S = 20
SOON = Backoff(first_s=0.01, most_s=0.02)
QUICK = Times(quiet_s=0.03, shortest_dwell_s=0.3, longest_dwell_s=0.3)


class Plug:
    """A device file that comes and goes, and a meter behind it that pushes at one rate.

    The kernel keeps the rate of a pseudo-terminal and transports bytes at any: who listens at
    another rate than the meter's gets other bytes here, as on a line.
    """

    def __init__(self, device: Path, rate: int) -> None:
        self._device = device
        self._rate = getattr(termios, f"B{rate}")
        self._meter: int | None = None
        self._pushing: asyncio.Task[None] | None = None

    def plug_in(self) -> None:
        self._meter, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(self._meter, False)
        self._device.symlink_to(os.ttyname(slave))
        self._slave = slave
        self._pushing = asyncio.create_task(self._push())

    async def _push(self) -> None:
        while self._meter is not None:
            listens = termios.tcgetattr(self._meter)[4]
            telegram = p1() if listens == self._rate else bytes(b | 0x81 for b in p1()[::4])
            with suppress(OSError):
                os.write(self._meter, telegram)
            await asyncio.sleep(0.08)

    async def unplug(self) -> None:
        """The file vanishes, and who has it open reads the end."""
        self._device.unlink()
        meter, self._meter = self._meter, None
        if self._pushing:
            await self._pushing
        os.close(self._slave)
        if meter is not None:
            os.close(meter)


@pytest.fixture
async def plug(tmp_path: Path) -> AsyncIterator[Plug]:
    found = Plug(tmp_path / "ttyUSB0", 2400)
    yield found
    if found._meter is not None:
        await found.unplug()


async def test_recognised_unplugged_and_plugged_in_again(plug: Plug, tmp_path: Path) -> None:
    """Ports: "automatic search of baud rate, parity and stop bits; unplugging and replugging
    survived", and what was found is noted."""
    told: list[str | None] = []
    notebook = Notebook(tmp_path / "line")
    at = source_of(f"serial:{tmp_path / 'ttyUSB0'}")
    plug.plug_in()
    pieces = chunks(at, tell=told.append, backoff=SOON, notebook=notebook, times=QUICK)
    async with asyncio.timeout(WAIT_S), aclosing(pieces) as found:
        assert (await anext(found)).endswith(p1())
        assert told[-1] is None
        known = notebook.read()
        assert known is not None
        assert known.baudrate == 2400
        assert known == Setting(2400, "even")
        coming = asyncio.ensure_future(anext(found))
        await plug.unplug()
        while told[-1] != NOT_CONNECTED:
            if coming.done():
                coming = asyncio.ensure_future(anext(found))
            await asyncio.sleep(0.01)
        plug.plug_in()
        if coming.done():
            coming.result()
            coming = asyncio.ensure_future(anext(found))
        assert (await coming).endswith(p1())
        assert told[-1] is None


async def test_a_device_that_is_not_there_is_waited_for(plug: Plug, tmp_path: Path) -> None:
    """A gateway that starts before its adapter is plugged in; with the whole setting given nothing
    is searched."""
    told: list[str | None] = []
    at = Serial(str(tmp_path / "ttyUSB0"), 2400, "none", 1, 8)
    async with (
        asyncio.timeout(WAIT_S),
        aclosing(chunks(at, tell=told.append, backoff=SOON)) as found,
    ):
        coming = asyncio.ensure_future(anext(found))
        await asyncio.sleep(0)
        plug.plug_in()
        heard = await coming
        while p1() not in heard:
            heard += await anext(found)
    assert told == [None, None, NOT_CONNECTED]


async def test_a_line_carries_bytes_both_ways(tmp_path: Path) -> None:
    """A meter that is asked: what is written arrives, and what it answers is read."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    line = await open_serial(os.ttyname(slave), Setting(300, "even", databits=7))
    try:
        await line.set(Setting(9600, "even", databits=7))
        assert termios.tcgetattr(master)[4] == termios.B9600
        await line.write(b"/?!\r\n")
        asked = await asyncio.to_thread(os.read, master, 100)
        assert asked == b"/?!\r\n"
        os.write(master, b"/OHM5\r\n")
        assert await line.read(WAIT_S) == b"/OHM5\r\n"
        with pytest.raises(TimeoutError):
            await line.read(0.01)
    finally:
        await line.close()
        os.close(slave)
        os.close(master)


async def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """Two gateways on one port would each get half of the bytes."""
    master, slave = pty.openpty()
    line = await open_serial(os.ttyname(slave), Setting())
    with pytest.raises(OSError, match="locked"):
        await open_serial(os.ttyname(slave), Setting())
    await line.close()
    os.close(slave)
    os.close(master)
