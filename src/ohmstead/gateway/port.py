"""The port to the meter: an address in, the bytes of the meter out.

`serial:` opens a serial port and searches its setting; `tcp://` reads a server (a serial-to-network
adapter); `listen://` and `udp://` wait for an adapter to connect or to send; all of them open again
whatever they lose.  `replay:` plays recorded bytes, one telegram each `interval` seconds, over and
over unless `loop=0`.  `simulate:` is not opened here: the house hands its bytes in.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import structlog

from ohmstead.errors import BadInput
from ohmstead.gateway import network
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.line import Line, Tell, lines, pushed
from ohmstead.gateway.search import Notebook, Search, Times, candidates
from ohmstead.gateway.source import Listen, Replay, Serial, Setting, Simulate, Source, Tcp, Udp
from ohmstead.wire.cipher import Keys
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram

REPLAY_PIECE = 64
LONGEST_UNRECOGNISED = 65_536
AWAY = Backoff(first_s=0.5, most_s=30.0)
"""Waits for a server that is away."""
UNPLUGGED = Backoff(first_s=0.5, most_s=2.0)
"""Waits for a device that was unplugged: looking costs nothing, and its owner is standing there."""
AT_ONCE = Backoff(first_s=0.0, most_s=0.0)

_log = structlog.get_logger("gateway.port")


async def chunks(
    at: Source,
    *,
    tell: Tell = lambda _: None,
    keys: Keys | None = None,
    backoff: Backoff | None = None,
    notebook: Notebook | None = None,
    times: Times | None = None,
) -> AsyncGenerator[bytes, None]:
    """The bytes of the meter at `at`, in the pieces they come in; an empty piece where a recording
    ends, before it begins anew.

    Ends only for a recording with `loop=0`.  `keys` only help to recognise a meter; `notebook`
    keeps the setting of a serial line from one start to the next.  Unavailable when a port cannot
    be listened on.
    """
    match at:
        case Replay():
            found = _replayed(at, tell, keys)
        case Serial():
            search = Search(candidates(at), tell, keys=keys, notebook=notebook, times=times)
            found = _searched(at, search, tell, backoff or UNPLUGGED)
        case Simulate():
            raise BadInput(f"simulate:{at.model} is opened by the house, not by the port")
        case _:
            found = _over_network(at, tell, backoff)
    async with aclosing(found) as all_of_it:
        async for piece in all_of_it:
            yield piece


@asynccontextmanager
async def opened(
    at: Tcp | Listen | Udp | Serial, tell: Tell, backoff: Backoff | None, setting: Setting
) -> AsyncIterator[AsyncIterator[Line]]:
    """The lines to what is at `at`, one after the other; `setting` is what a serial one opens
    with."""
    match at:
        case Serial():
            # Not at the top: most meters that are read over a network need no serial library.
            from ohmstead.gateway.serial_line import open_serial  # noqa: PLC0415

            opens = partial(open_serial, at.device, setting)
            found = lines(at.device, opens, tell, backoff or UNPLUGGED)
            async with aclosing(found) as those:
                yield those
        case Tcp():
            found = lines(name_of(at), partial(network.connect, at), tell, backoff or AWAY)
            async with aclosing(found) as those:
                yield those
        case Listen():
            async with network.listening(at) as port:
                found = lines(name_of(at), port.next, tell, AT_ONCE, open_s=None)
                async with aclosing(found) as those:
                    yield those
        case Udp():
            found = lines(name_of(at), partial(network.bind, at), tell, backoff or AWAY)
            async with aclosing(found) as those:
                yield those


def name_of(at: Tcp | Listen | Udp | Serial) -> str:
    """What a person calls this line."""
    if isinstance(at, Serial):
        return at.device
    return f"[{at.host}]:{at.port}" if ":" in at.host else f"{at.host}:{at.port}"


async def _over_network(
    at: Tcp | Listen | Udp, tell: Tell, backoff: Backoff | None
) -> AsyncGenerator[bytes, None]:
    silence_s = None if isinstance(at, Udp) else at.silence_s
    async with (
        opened(at, tell, backoff, Setting()) as those,
        aclosing(pushed(those, name_of(at), silence_s)) as found,
    ):
        async for piece in found:
            yield piece


async def _searched(
    at: Serial, search: Search, tell: Tell, backoff: Backoff
) -> AsyncGenerator[bytes, None]:
    async with opened(at, tell, backoff, search.first) as those:
        async for line in those:
            try:
                async with aclosing(search.pieces(line, at.device)) as found:
                    async for piece in found:
                        yield piece
            except OSError as error:
                _log.warning("meter connection ended", line=at.device, why=str(error))


def _recorded(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(REPLAY_PIECE):
            yield piece


async def _replayed(at: Replay, tell: Tell, keys: Keys | None) -> AsyncGenerator[bytes, None]:
    """The file, cut where its telegrams end (as far as they are recognised), one each interval."""
    tell(None)
    while True:
        waiting = bytearray()
        decoder = Recogniser(keys)
        for piece in _recorded(at.file):
            waiting += piece
            whole = any(
                isinstance(found, Telegram) or found.status is not None
                for found in decoder.feed(piece)
            )
            if whole or len(waiting) >= LONGEST_UNRECOGNISED:
                yield bytes(waiting)
                waiting.clear()
                await asyncio.sleep(at.interval_s)
        if waiting:
            yield bytes(waiting)
        yield b""
        if not at.loop:
            return
        if waiting:
            await asyncio.sleep(at.interval_s)
