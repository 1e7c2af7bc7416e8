"""A process that takes packets beside the cloud: what it is told, what it does, what it tells.

It is told on standard input, in lines of JSON: first `Told`, then `Watch`, the meters that somebody
looks at.  It tells on standard output of readings of these meters, for the pages' live view.  It
ends when standard input does: with the process that started it.
"""

import asyncio
import gc
import ssl
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import structlog

from ohmstead.clock import SystemClock
from ohmstead.collector import packet_replies as replies
from ohmstead.collector.intake import Stored
from ohmstead.collector.packets_api import answered
from ohmstead.house.background import Background
from ohmstead.house.http import HttpServer, listen
from ohmstead.house.packets import push_api
from ohmstead.store.database import Database

log = structlog.get_logger("cloud.push")

CONNECTIONS = 4
LOOK_S = 3600.0
"""A renewed certificate is taken so often."""
COLLECTED_AFTER = (20_000, 20, 50)
"""Objects of a batch live as long as it does: looking for cycles among them finds none."""
READY = b'{"ready":true}\n'
BEHIND_MOST = 256 * 1024
"""Bytes of readings that may wait for the cloud to read them; more are not shown live."""


class Told(msgspec.Struct, frozen=True):
    """Everything a worker must know; the key is the installation's."""

    database: str
    key: bytes
    listeners: tuple[tuple[str, str, int], ...]
    """Scheme, host and port of each address."""
    certificate: str
    private_key: str
    trusted: tuple[str, ...] = ()


class Watch(msgspec.Struct, frozen=True):
    """The meters of which somebody looks at the live view."""

    watch: frozenset[str]


class Shown(msgspec.Struct, frozen=True):
    """A reading for the live view."""

    meter: str
    stream: int
    at: float
    values: dict[str, float]
    value: float | None


async def nothing_else(scope: Any, _receive: Any, send: Any) -> None:
    """What these addresses answer to everything that is no packet."""
    if scope["type"] == "http":
        await answered(
            replies.refusal(404, "Packets are taken here, and nothing else"), scope, send
        )


class _Live:
    """Readings of the meters that are watched, to standard output as long as somebody reads it."""

    def __init__(self, out: asyncio.StreamWriter) -> None:
        self._out = out
        self.watched: frozenset[str] = frozenset()

    def show(self, stored: Sequence[Stored]) -> None:
        for each in stored:
            if each.meter not in self.watched:
                continue
            if self._out.transport.get_write_buffer_size() > BEHIND_MOST:
                return
            said = Shown(
                each.meter, each.stream, each.at.timestamp(), dict(each.values), each.value
            )
            self._out.write(msgspec.json.encode(said) + b"\n")


async def _streams() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, sys.stdout.buffer
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def run(started: Callable[[], None]) -> None:
    """Take packets until standard input ends; `started` is called when all is up."""
    told, out = await _streams()
    options = msgspec.json.decode(await told.readline(), type=Told)
    live, clock = _Live(out), SystemClock()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(options.database, size=CONNECTIONS))
        push = await stack.enter_async_context(
            push_api(
                database,
                options.key,
                clock,
                nothing_else,
                trusted=options.trusted,
                on_stored=live.show,
                watched=lambda: live.watched,
            )
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(options.certificate, options.private_key)
        for scheme, host, port in options.listeners:
            sock = listen(host, port, "packets", shared=True)
            tls = context if scheme == "https" else None
            await stack.enter_async_context(
                HttpServer(push.app, sock, tls=tls, protocol=push.protocol)
            )
        tasks = await stack.enter_async_context(Background())
        tasks.run(_renew(context, options), "certificate")
        gc.freeze()  # what is here stays
        gc.set_threshold(*COLLECTED_AFTER)
        started()
        out.write(READY)
        while line := await told.readline():
            live.watched = msgspec.json.decode(line, type=Watch).watch


async def _renew(context: ssl.SSLContext, options: Told) -> None:
    """Take the certificate anew, now and then; those who connect afterwards see a renewed one."""
    while True:
        await asyncio.sleep(LOOK_S)
        context.load_cert_chain(options.certificate, options.private_key)
