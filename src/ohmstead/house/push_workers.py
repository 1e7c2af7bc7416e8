"""The processes that take packets: started, kept up, and told what is looked at."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec
import structlog

from ohmstead.collector.intake import Stored
from ohmstead.dashboard.live import Hub
from ohmstead.errors import Unavailable
from ohmstead.house.background import Background
from ohmstead.house.push_worker import READY, Shown, Told, Watch

log = structlog.get_logger("cloud.push")

MODULE = "ohmstead.cli.push_worker"
START_S = 60.0
STOP_S = 10.0
AGAIN_S = 1.0
TELL_S = 1.0
LINE_MOST = 1024 * 1024


class Workers:
    """So many processes that take packets, for as long as the block lasts."""

    def __init__(
        self, count: int, told: Told, hub: Hub, show: Callable[[Sequence[Stored]], None]
    ) -> None:
        self._count, self._told, self._hub, self._show = count, told, hub, show
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._ready = [asyncio.Event() for _ in range(count)]
        self._tasks = Background()
        self._stopping = False

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        for number in range(self._count):
            self._tasks.run(self._keep(number), f"push worker {number}")
        self._tasks.run(self._tell(), "what is looked at")
        try:
            async with asyncio.timeout(START_S):
                for ready in self._ready:
                    await ready.wait()
        except TimeoutError:
            await self.__aexit__(None, None, None)
            raise Unavailable("the processes that take packets did not start") from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them; each answers what it has first."""
        self._stopping = True
        for process in self._running.values():
            if process.stdin is not None:
                process.stdin.close()
        waiting = [
            asyncio.create_task(each.wait(), name=f"end of {each.pid}")
            for each in self._running.values()
        ]
        if waiting:
            await asyncio.wait(waiting, timeout=STOP_S)
        for process in list(self._running.values()):
            if process.returncode is None:
                process.kill()
                await process.wait()
        await self._tasks.__aexit__(kind, error, trace)

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [process.pid for process in self._running.values()]

    async def _keep(self, number: int) -> None:
        """One process, started again when it ends, until cancelled."""
        while not self._stopping:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", MODULE),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LINE_MOST,
            )
            self._running[number] = process
            try:
                await self._talk(number, process)
            finally:
                if process.returncode is None and not self._stopping:
                    process.kill()
                await process.wait()
            if not self._stopping:
                log.warning("a process that takes packets ended", status=process.returncode)
                await asyncio.sleep(AGAIN_S)

    async def _talk(self, number: int, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None  # noqa: S101  (both are pipes)
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(msgspec.json.encode(self._told) + b"\n")
        self._send(process, self._hub.meters)
        async for line in process.stdout:
            if line == READY:
                self._ready[number].set()
                continue
            said = msgspec.json.decode(line, type=Shown)
            at = datetime.fromtimestamp(said.at, UTC)
            self._show([Stored(said.meter, said.stream, at, said.values, said.value)])

    async def _tell(self) -> None:
        """Tell all of them which meters are looked at, when that changes, until cancelled."""
        told: frozenset[str] = frozenset()
        while True:
            await asyncio.sleep(TELL_S)
            if self._hub.meters != told:
                told = self._hub.meters
                for process in self._running.values():
                    self._send(process, told)

    @staticmethod
    def _send(process: asyncio.subprocess.Process, watched: frozenset[str]) -> None:
        if process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(msgspec.json.encode(Watch(watched)) + b"\n")
