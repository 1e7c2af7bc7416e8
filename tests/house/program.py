"""`ohmstead gateway` as a program of its own, for tests."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

WAIT_S = 30
MEMORY_KB = 90_000
"""What a gateway may take."""


class Program:
    """A running `ohmstead gateway`."""

    def __init__(self, data: Path, *arguments: str, python: tuple[str, ...] = ()) -> None:
        self.log = data.with_suffix(".log")
        with self.log.open("ab") as log:
            self._begins = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, *python, "-m", "ohmstead", "gateway", "--data", str(data),
                 "--http", "127.0.0.1:0", *arguments],
                stdout=log, stderr=log,
            )  # fmt: skip

    async def url(self) -> str:
        """Where its API is, once it runs."""
        async with asyncio.timeout(WAIT_S):
            while True:
                assert self.process.poll() is None, self.said()
                found = re.search(r'event="gateway runs" .*port=(\d+)', self.said())
                if found:
                    return f"http://127.0.0.1:{found[1]}"
                await asyncio.sleep(0.05)

    def said(self) -> str:
        """What it has written since its start."""
        return self.log.read_bytes()[self._begins :].decode()

    def resident_kb(self) -> int:
        """The memory it takes now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1])

    def end(self, how: signal.Signals) -> int:
        """Its exit status, and it must come soon."""
        self.process.send_signal(how)
        return self.process.wait(timeout=WAIT_S)


@asynccontextmanager
async def program(data: Path, *arguments: str, **more: Any) -> AsyncIterator[Program]:
    found = Program(data, *arguments, **more)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.wait(timeout=WAIT_S)


async def report_of(url: str, at_least: int = 1) -> dict[str, Any]:
    """The report, once `report.id` is at least so much."""
    async with httpx.AsyncClient(timeout=WAIT_S) as client, asyncio.timeout(WAIT_S):
        while True:
            found: dict[str, Any] = (await client.get(f"{url}/api/v1/report")).json()
            if found["report"].get("id", 0) >= at_least:
                return found
            await asyncio.sleep(0.02)
