"""Ohmstead's programs as a person runs them: processes of their own, found by what they print."""

import asyncio
import atexit
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

from playwright.async_api import Page, async_playwright, expect

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 40.0
PATIENCE_MS = 60_000
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


FIRST_PORT, PORTS_EACH = 10_000, 1_000
WORKER = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) % 16
_next_port = count(os.getpid())


def free_ports(how_many: int) -> list[int]:
    """Ports that nobody uses, below the range for outgoing connections; no port twice in a row, and
    each worker has ports of its own, for who is told a port opens it later."""
    found: list[int] = []
    while len(found) < how_many:
        port = FIRST_PORT + WORKER * PORTS_EACH + next(_next_port) % PORTS_EACH
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


class Program:
    """A running `ohmstead …`; its output is kept, and can be waited for."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self.process, self.name = process, name
        self.lines: list[str] = []
        self._grown = asyncio.Event()
        self._reader = asyncio.create_task(self._read(), name=f"output of {name}")

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())
            self._grown.set()
        self._grown.set()

    async def says(self, pattern: str, timeout_s: float = START_TIMEOUT_S) -> re.Match[str]:
        """The first match in its output, as soon as it is there."""
        seen = 0
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    self._grown.clear()
                    for line in self.lines[seen:]:
                        seen += 1
                        if found := re.search(pattern, line):
                            return found
                    assert not self._reader.done(), f"{self.name} ended:\n{self.text}"
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} never said {pattern!r}:\n{self.text}") from None

    @property
    def text(self) -> str:
        """Everything it printed."""
        return "\n".join(self.lines)

    def children(self) -> list[int]:
        """The processes it started, theirs too."""
        return descendants(self.process.pid)

    def child(self, name: str) -> int:
        """The first of them whose command begins with `name`."""
        for pid in self.children():
            if Path(command_of(pid)).name.startswith(name):
                return pid
        raise AssertionError(f"{self.name} has no child {name!r}")

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """Ctrl-C, and its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(STOP_TIMEOUT_S):
            return await self.process.wait()


def command_of(pid: int) -> str:
    """The program that a process runs, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def descendants(pid: int) -> list[int]:
    """Every process below `pid`."""
    try:
        told = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:  # it ended, or one of its threads did, while it was looked at
        return descendants(pid) if alive([pid]) else []
    children = [int(child) for each in told for child in each.split()]
    return children + [below for child in children for below in descendants(child)]


def alive(pids: Sequence[int]) -> list[int]:
    """Those that still run, apart from zombies."""
    running = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            running.append(pid)
    return running


@asynccontextmanager
async def running(
    *arguments: str | Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[Program]:
    """`ohmstead ARGUMENTS`, killed at the end if it is still there, its children with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ohmstead",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
    )
    program = Program(process, f"ohmstead {arguments[0]}")
    try:
        yield program
    finally:
        below = program.children()
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        for pid in alive(below):
            os.kill(pid, signal.SIGKILL)
        await program._reader


async def admin(data: Path, *arguments: str) -> Any:
    """What `ohmstead admin … --json` prints."""
    words = ["admin", *arguments, "--data", str(data), "--json"]
    return json.loads(await asyncio.to_thread(_ADMIN.said, words))


class Forked:
    """Where commands that end by themselves are run; started with the first (forked.py)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._server: subprocess.Popen[str] | None = None

    def said(self, words: list[str]) -> str:
        """What `ohmstead WORDS` prints; AssertionError with its complaint when it fails."""
        with self._lock, TemporaryDirectory() as folder:
            server = self._started()
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(json.dumps([words, dict(os.environ), folder]) + "\n")
            server.stdin.flush()
            ready, _, _ = select.select([server.stdout], [], [], START_TIMEOUT_S)
            assert ready, f"ohmstead {words} does not end"
            status = server.stdout.readline()
            assert status == "0\n", f"{status}: {Path(folder, 'err').read_text()}"
            return Path(folder, "out").read_text()

    def _started(self) -> subprocess.Popen[str]:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).with_name("forked.py"))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # threads do not survive a fork
            )  # fmt: skip
            atexit.register(self.end)
        return self._server

    def end(self) -> None:
        """End the process that is forked."""
        if self._server is not None:
            server, self._server = self._server, None
            server.communicate()


_ADMIN = Forked()


@asynccontextmanager
async def browser(chromium: Path, **context: Any) -> AsyncIterator[Page]:
    """A page of a fresh headless Chromium; a script error on it fails the test."""
    errors: list[str] = []
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=chromium, args=list(CHROMIUM_ARGUMENTS)
        )
        page = await (await started.new_context(**context)).new_page()
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        try:
            yield page
        finally:
            await started.close()
    assert not errors, errors


class Wire:
    """A meter's customer port as a TCP server: what is sent goes to every gateway that listens."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []
        self.connected = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _accept(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.connected.set()

    @property
    def url(self) -> str:
        """As `--source` takes it."""
        return f"tcp://127.0.0.1:{self.port}"

    async def send(self, telegram: bytes) -> None:
        """One telegram to whoever is connected."""
        for writer in tuple(self._writers):
            try:
                writer.write(telegram)
                await writer.drain()
            except ConnectionError:  # that gateway is gone; another one may come
                self._writers.remove(writer)
