"""The NATS server as our child: started, watched, started again when it dies, stopped with us."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import structlog
from nats.errors import Error as NatsError

from ohmstead.broker import binary, child, keys
from ohmstead.broker.configuration import CONSUMER_USER, Configuration, Mqtt, address, written
from ohmstead.broker.link import Link
from ohmstead.broker.stream import Limits, prepare
from ohmstead.broker.words import ServerLog
from ohmstead.clock import Clock
from ohmstead.errors import Conflict, Unavailable

log = structlog.get_logger(__name__)

_READY_S = 30.0
_STOP_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_STEADY_S = 60.0
"""A server that ran so long is started again at once when it dies."""
_CONFIGURATION = "nats.conf"


@dataclass(frozen=True, slots=True)
class BrokerOptions:
    """Where the broker keeps its files and listens, and how safe it plays.

    `sync_always` writes through to the disk before each PUBACK: what is acknowledged survives a
    power failure.  Without it the server is about ten times as fast, a kill of the process still
    loses nothing, and a power failure may lose the last two minutes.
    """

    folder: Path
    certificate: Path
    key: Path
    host: str = "127.0.0.1"
    port: int = 8883
    sync_always: bool = True
    binary: Path | None = None
    """The `nats-server` to run; None looks for one."""
    limits: Limits = Limits()  # noqa: RUF009  (frozen)


class NatsServer:
    """A running server: `async with NatsServer(options, clock) as server`.

    Raises Conflict if its port is taken or another process runs a broker in the same folder, and
    Unavailable if the server does not come up.  Once up, it is kept up.
    """

    def __init__(self, options: BrokerOptions, clock: Clock) -> None:
        self._options, self._clock = options, clock
        self._folder = options.folder.resolve()
        self.log = ServerLog(clock)
        self.restarts = 0
        self.pid: int | None = None
        """The running child's process number, None while there is none."""
        self.link = Link(url="", password="")
        """How our own parts reach it; known once it is up."""
        self._child: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._up = False
        self._turned = asyncio.Condition()

    @property
    def publish_violations(self) -> int:
        """How many messages were dropped because their sender may not publish on that topic."""
        return self.log.publish_violations

    async def ready(self, timeout_s: float = _READY_S, *, restarts: int = 0) -> None:
        """Return when the devices' port is open, after `restarts` restarts since the beginning.

        TimeoutError after `timeout_s`.
        """
        async with asyncio.timeout(timeout_s), self._turned:
            await self._turned.wait_for(lambda: self._up and self.restarts >= restarts)

    async def reload_certificate(self, timeout_s: float = _STOP_S) -> None:
        """Let new connections see the certificate that is in the files now; TimeoutError if not."""
        self.log.reloaded.clear()
        async with asyncio.timeout(timeout_s):
            await self.ready(timeout_s)
            if self._child is not None and self._child.returncode is None:
                self._child.send_signal(signal.SIGHUP)
                await self.log.reloaded.wait()

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _locked(self._folder / "lock")
        try:
            await self._first_start()
        except BaseException:
            await self._end()
            raise
        self._watcher = asyncio.create_task(self._watch(), name="nats-server watch")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watcher
        await self._end()

    async def _first_start(self) -> None:
        self._binary = await binary.find(self._options.binary)
        self.key = keys.kept(self._folder)
        self._base = Configuration(
            folder=self._folder,
            port=child.free_port(),
            password=secrets.token_urlsafe(24),
            issuer=self.key.public,
            sync_always=self._options.sync_always,
            max_file_bytes=2 * self._options.limits.stream_bytes + (1 << 30),
        )
        stale = await child.stop_stale(
            self._base.pid_file, str(self._folder / _CONFIGURATION), _STOP_S
        )
        if stale is not None:
            log.warning("stopped the NATS server of a killed process", pid=stale)
        if not child.is_free(self._options.host, self._options.port):
            where = address(self._options.host, self._options.port)
            raise Conflict(f"the MQTT port {where} is taken; stop what uses it or choose another")
        self.link = Link(f"nats://127.0.0.1:{self._base.port}", self._base.password)
        await self._start()

    async def _start(self) -> None:
        """Closed first, so that stream and consumer exist; then with the devices' port open.

        While closed it listens on a port of its own: nobody but us can come near it.
        """
        closed = replace(self._base, port=child.free_port(), password=secrets.token_urlsafe(24))
        await self._run(closed)
        try:
            link = Link(f"nats://127.0.0.1:{closed.port}", closed.password)
            connection = await link.connect(CONSUMER_USER, "prepare")
            try:
                await prepare(connection, self._options.limits)
            finally:
                await connection.close()
        except (NatsError, TimeoutError) as trouble:
            raise Unavailable(f"the broker's stream cannot be made: {trouble!r}") from trouble
        finally:
            await self._stop_child()
        options = self._options
        mqtt = Mqtt(options.host, options.port, options.certificate, options.key)
        await self._run(replace(self._base, mqtt=mqtt))
        self._up = True
        async with self._turned:
            self._turned.notify_all()
        log.info("broker open", mqtts=address(options.host, options.port), pid=self.pid)

    async def _run(self, configuration: Configuration) -> None:
        path = self._folder / _CONFIGURATION
        keys.write_private(path, written(configuration).encode())
        self.log.begin()
        self._child = await child.start([self._binary, "-c", path])
        self.pid = self._child.pid
        assert self._child.stdout is not None  # noqa: S101  (asked for as a pipe)
        self._reader = asyncio.create_task(
            self.log.follow(self._child.stdout), name="nats-server log"
        )
        started = asyncio.create_task(self.log.started.wait(), name="nats-server start")
        try:
            await asyncio.wait(
                (started, self._reader), timeout=_READY_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            started.cancel()
        if not self.log.started.is_set():
            last = self.log.last
            await self._stop_child()
            raise Unavailable(f"the NATS server did not start: {'; '.join(last) or 'it is silent'}")

    async def _stop_child(self) -> None:
        self._up = False
        if self._child is not None:
            await child.stop(self._child, _STOP_S)
        if self._reader is not None:
            await self._reader
        self.pid = self._child = self._reader = None

    async def _end(self) -> None:
        await self._stop_child()
        self._lock.close()

    async def _watch(self) -> None:
        """Start the server again whenever it ended without being asked to."""
        pause_s = _FIRST_PAUSE_S
        while True:
            began = self._clock.monotonic_s()
            if self._child is not None:
                status = await self._child.wait()
                log.error("the NATS server died and is started again", status=status)
                await self._stop_child()
                self.restarts += 1
            if self._clock.monotonic_s() - began > _STEADY_S:
                pause_s = _FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                await self._start()
            except (Unavailable, OSError) as trouble:
                log.error("the NATS server does not start; trying again", trouble=str(trouble))


def _locked(path: Path) -> IO[bytes]:
    """An open file that no other process can lock until it is closed or we die."""
    handle = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "wb")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise Conflict(f"a broker runs in {path.parent} already; stop it first") from None
    return handle
