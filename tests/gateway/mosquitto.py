"""A real Mosquitto for tests: the distribution's, as a child, on a free port of the loopback."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from tests.gateway.broker import free_port

START_S = 10.0
WAIT_S = 20.0
BASE = "persistence false\nuser root\nlog_dest stderr\n"


def program(name: str) -> str:
    """`mosquitto` or `mosquitto_sub`, also where /usr/sbin is not on the PATH; skips without."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        pytest.skip(f"no {name} on this machine; install mosquitto and mosquitto-clients")
    return found


class Mosquitto:
    """One broker, which may be stopped and started again."""

    def __init__(self, folder: Path, port: int, configuration: str) -> None:
        self.folder = folder
        self.port = port
        self.file = folder / "mosquitto.conf"
        self.file.write_text(BASE + configuration)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until its port answers."""
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("mosquitto"), "-c", str(self.file)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, self.log()
                assert time.monotonic() < deadline, self.log()
            else:
                return

    def stop(self) -> None:
        """Stops it; its clients lose their connections."""
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=START_S)
            self._process = None

    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "mosquitto.log").read_text()


@contextmanager
def mosquitto(folder: Path, listener: str = "allow_anonymous true\n") -> Iterator[Mosquitto]:
    """A broker with one listener; `{port}` in what follows it is its port."""
    port = free_port()
    words = listener if listener.startswith("listener") else f"listener {{port}}\n{listener}"
    made = Mosquitto(folder, port, words.replace("{port}", str(port)))
    made.start()
    try:
        yield made
    finally:
        made.stop()


class Subscriber:
    """`mosquitto_sub`, and the lines it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self, timeout_s: float = WAIT_S) -> str:
        """The next line: one message."""
        assert self._process.stdout
        async with asyncio.timeout(timeout_s):
            return (await self._process.stdout.readline()).decode().rstrip("\n")

    async def until(self, words: str) -> None:
        """Waits for a line with these words: `-d` prints what passes between it and the broker."""
        while words not in await self.line():
            pass


@asynccontextmanager
async def subscribed(*options: str) -> AsyncIterator[Subscriber]:
    """`mosquitto_sub` with these options, once the broker has granted its subscription."""
    process = await asyncio.create_subprocess_exec(
        "stdbuf", "-oL", program("mosquitto_sub"), "-d", *options, stdout=asyncio.subprocess.PIPE
    )
    try:
        subscriber = Subscriber(process)
        await subscriber.until("Subscribed (mid")
        yield subscriber
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
