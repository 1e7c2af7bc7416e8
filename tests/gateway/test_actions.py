"""Actions at work.  Source: REST/MQTT 2.0, 6.6.2 and 6.6.3."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from ohmstead.clock import SystemClock
from ohmstead.errors import Conflict, TooMany
from ohmstead.gateway.action_http import Call, url
from ohmstead.gateway.action_modbus import Status, write
from ohmstead.gateway.action_model import HttpReady, ModbusReady, Ready
from ohmstead.gateway.actions import KEPT, MOST_PENDING, Outcome, Runner, Sender

WAIT_S = 10.0


def to(host: str) -> Ready:
    return HttpReady(Call(url(f"http://{host}/")), 1.0)


class Devices:
    """Devices that answer when they are told to, with a status."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, asyncio.Future[int]] = {}
        self._seen = asyncio.Event()

    async def __call__(self, ready: Ready) -> int:
        assert isinstance(ready, HttpReady)
        host = ready.call.host
        self.asked.append(host)
        self._seen.set()
        return await self.answers.setdefault(host, asyncio.get_running_loop().create_future())

    def answer(self, host: str, status: int) -> None:
        future = self.answers.setdefault(host, asyncio.get_running_loop().create_future())
        future.set_result(status)

    async def until_asked(self, host: str) -> None:
        async with asyncio.timeout(WAIT_S):
            while host not in self.asked:
                self._seen.clear()
                await self._seen.wait()


@asynccontextmanager
async def running(devices: Devices) -> AsyncIterator[Runner]:
    runner = Runner(SystemClock(), devices)
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=WAIT_S)


async def until(ended: Callable[[], bool]) -> None:
    """Gives the runner its turns: everything here happens without waiting for anything."""
    for _ in range(1000):
        if ended():
            return
        await asyncio.sleep(0)
    raise AssertionError("did not come about")


def codes(runner: Runner, ids: Sequence[int]) -> list[int]:
    return [one.code for one in runner.outcomes(ids)]


async def test_6_6_3_a_request_is_running_until_it_ended() -> None:
    """Device's documentation, actions/status: `code` is -1 and `exe_time` 0 while it runs."""
    devices = Devices()
    async with running(devices) as runner:
        ids = runner.call("1", [to("a"), to("b")])
        assert runner.outcomes(ids) == [Outcome("1", n, Status.RUNNING, 0.0) for n in ids]
        await devices.until_asked("a")
        devices.answer("a", 200)
        await devices.until_asked("b")
        assert codes(runner, ids) == [200, Status.RUNNING]
        devices.answer("b", Status.NOT_CONNECTED)
        await until(lambda: codes(runner, ids) == [200, -17])
    assert all(0 <= one.exe_time < WAIT_S for one in runner.outcomes(ids))
    assert devices.asked == ["a", "b"]


async def test_6_6_2_an_action_cannot_be_called_while_it_runs() -> None:
    """6.6.2: 409, "already executing and cannot be restarted until completion"."""
    devices = Devices()
    async with running(devices) as runner:
        runner.call("1", [to("a")])
        with pytest.raises(Conflict, match="'1'"):
            runner.call("1", [to("a")])
        other = runner.call("2", [to("b")])
        devices.answer("b", 204)
        await until(lambda: codes(runner, other) == [204])  # nobody waits for device a
        devices.answer("a", 200)
        await until(lambda: not runner._pending)
        assert runner.call("1", [to("a")])


async def test_6_6_2_no_more_than_twenty_requests_are_pending() -> None:
    """6.6.2: 429, "max: 20 total requests across all pending actions"."""
    devices = Devices()
    async with running(devices) as runner:
        for number in range(MOST_PENDING - 2):
            runner.call(str(number), [to("a")])
        with pytest.raises(TooMany, match="18 requests"):
            runner.call("x", [to("a")] * 3)
        runner.call("x", [to("b")] * 2)
        with pytest.raises(TooMany):
            runner.call("y", [to("a")])
        devices.answer("b", 200)
        await until(lambda: "x" not in runner._pending)
        runner.call("y", [to("b")] * 2)


async def test_6_6_3_the_last_forty_are_remembered() -> None:
    """Device's documentation, actions/status: a ring of 40 entries; asked in any order."""
    devices = Devices()
    devices.answer("a", 200)
    async with running(devices) as runner:
        ids: list[int] = []
        for number in range(KEPT + 1):
            ids += runner.call(str(number), [to("a")])
            await until(lambda: not runner._pending)
        assert ids == list(range(1, KEPT + 2))
        assert [one.id for one in runner.outcomes(ids)] == ids[1:]
        assert [one.id for one in runner.outcomes([3, 1, 2])] == [3, 2]


async def test_a_request_that_breaks_does_not_end_the_others() -> None:
    """6.6.3: -15, cannot process response; the next request is made all the same."""

    async def broken(ready: Ready) -> int:
        if isinstance(ready, HttpReady) and ready.call.host == "a":
            raise RuntimeError("unforeseen")
        return 200

    runner = Runner(SystemClock(), broken)
    task = asyncio.create_task(runner.run())
    ids = runner.call("1", [to("a"), to("b")])
    await until(lambda: codes(runner, ids) == [Status.UNPROCESSED, 200])
    task.cancel()
    await asyncio.wait({task}, timeout=WAIT_S)


async def test_a_real_sender_makes_both_kinds() -> None:
    """6.6.1: a request is HTTP or Modbus; here nobody listens to either."""
    modbus = ModbusReady("127.0.0.1", 1, 0, write(6, 0, "short", "1"), 1.0)
    encrypted = HttpReady(Call(url("https://127.0.0.1:1/")), 1.0)
    sender = Sender()
    assert [await sender(modbus), await sender(encrypted)] == [Status.NOT_CONNECTED] * 2
