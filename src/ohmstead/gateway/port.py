"""The port to the meter: an address in, the bytes of the meter out.

`tcp://HOST:PORT` reads a TCP server (a serial-to-network adapter), connecting again whenever it has
to.  `replay:FILE` plays recorded bytes, one telegram each `interval` seconds, over and over unless
`loop=0`.  `simulate:MODEL?seed=N` is not opened here: the house hands its bytes in.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

import structlog

from ohmstead.errors import BadInput, NotFound
from ohmstead.gateway.backoff import Backoff
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram

CONNECT_S = 10.0
PIECE = 4096
REPLAY_PIECE = 64
LONGEST_UNRECOGNISED = 65_536
DEFAULT_INTERVAL_S = 1.0
SHORTEST_INTERVAL_S = 0.01
LONGEST_INTERVAL_S = 86_400.0
DEFAULT_SILENCE_S = 300.0
"""A connection silent for so long is taken for dead: adapters fall off without a word."""

Tell = Callable[[bool], None]
"""Told whether the port is open, each time that changes."""

_log = structlog.get_logger("gateway.port")


@dataclass(frozen=True, slots=True)
class Tcp:
    """A TCP server that sends the meter's bytes."""

    host: str
    port: int
    silence_s: float = DEFAULT_SILENCE_S


@dataclass(frozen=True, slots=True)
class Replay:
    """A file of recorded bytes."""

    file: Path
    interval_s: float = DEFAULT_INTERVAL_S
    loop: bool = True


@dataclass(frozen=True, slots=True)
class Simulate:
    """A meter that does not exist; the same seed makes the same one again."""

    model: str
    seed: int = 1


Source = Tcp | Replay | Simulate


def _seconds(query: dict[str, str], name: str, default: float, url: str) -> float:
    written = query.pop(name, None)
    if written is None:
        return default
    try:
        found = float(written)
    except ValueError:
        found = -1.0
    if not SHORTEST_INTERVAL_S <= found <= LONGEST_INTERVAL_S:
        raise BadInput(
            f"{name}={written} in the source {url!r} must be a number of seconds"
            f" from {SHORTEST_INTERVAL_S} to {LONGEST_INTERVAL_S:.0f}"
        )
    return found


def _tcp(parts: SplitResult, query: dict[str, str], url: str) -> Tcp:
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.path not in ("", "/"):
        raise BadInput(f"the source {url!r} must name a host and a port: tcp://192.168.1.20:2000")
    return Tcp(host, port, _seconds(query, "silence", DEFAULT_SILENCE_S, url))


def _replay(parts: SplitResult, query: dict[str, str], url: str) -> Replay:
    file = Path(parts.netloc + parts.path).expanduser()
    if not file.is_file():
        raise NotFound(f"the source {url!r} names a file that does not exist: {file}")
    loop = query.pop("loop", "1")
    if loop not in ("0", "1"):
        raise BadInput(f"loop={loop} in the source {url!r} must be 0 or 1")
    return Replay(file, _seconds(query, "interval", DEFAULT_INTERVAL_S, url), loop == "1")


def _simulate(parts: SplitResult, query: dict[str, str], url: str) -> Simulate:
    seed = query.pop("seed", "1")
    if not (seed.isascii() and seed.isdigit() and len(seed) <= 9):
        raise BadInput(f"seed={seed} in the source {url!r} must be a whole number")
    return Simulate(parts.path, int(seed))


def source(url: str) -> Source:
    """What `url` names; BadInput or NotFound, with what it should look like, when it names nothing.

    >>> source("tcp://meter.local:2000")
    Tcp(host='meter.local', port=2000, silence_s=300.0)
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    found: Source
    match parts.scheme:
        case "tcp":
            found = _tcp(parts, query, url)
        case "replay":
            found = _replay(parts, query, url)
        case "simulate" if parts.path:
            found = _simulate(parts, query, url)
        case _:
            raise BadInput(
                f"{url!r} is not a source; write tcp://HOST:PORT, replay:FILE or simulate:MODEL"
            )
    if query:
        raise BadInput(f"the source {url!r} has an option that is not known: {', '.join(query)}")
    return found


async def chunks(
    url: str, *, tell: Tell = lambda _: None, backoff: Backoff | None = None
) -> AsyncIterator[bytes]:
    """The bytes of the meter at `url`, in the pieces they come in.

    Ends only for `replay:` with `loop=0`.  BadInput or NotFound for a wrong address.
    """
    match source(url):
        case Tcp() as tcp:
            pieces = _tcp_chunks(tcp, tell, backoff or Backoff(first_s=0.5, most_s=30.0))
        case Replay() as replay:
            pieces = _replay_chunks(replay, tell)
        case Simulate(model=model):
            raise BadInput(f"simulate:{model} is opened by the house, not by the port")
    async for piece in pieces:
        yield piece


async def _tcp_chunks(at: Tcp, tell: Tell, backoff: Backoff) -> AsyncIterator[bytes]:
    failures = 0
    while True:
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(at.host, at.port)
        except (OSError, TimeoutError) as error:
            failures += 1
            wait_s = backoff.wait_s(failures)
            _log.warning(
                "meter not reached",
                host=at.host,
                port=at.port,
                why=str(error) or "no answer",
                next_try_s=round(wait_s, 1),
            )
        else:
            _log.info("meter connected", host=at.host, port=at.port)
            tell(True)
            failures += 1
            try:
                async for piece in _received(reader, writer, at):
                    failures = 0
                    yield piece
            finally:
                tell(False)
                writer.close()
            wait_s = backoff.wait_s(failures or 1)
        await asyncio.sleep(wait_s)


async def _received(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, at: Tcp
) -> AsyncIterator[bytes]:
    """What one connection brings, until it breaks, ends or falls silent."""
    peer: socket.socket = writer.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    why = "closed by the other side"
    try:
        while True:
            async with asyncio.timeout(at.silence_s):
                piece = await reader.read(PIECE)
            if not piece:
                break
            yield piece
    except TimeoutError:
        why = f"silent for {at.silence_s:.0f} s"
    except OSError as error:
        why = str(error)
    _log.warning("meter connection ended", host=at.host, port=at.port, why=why)


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(REPLAY_PIECE):
            yield piece


async def _replay_chunks(at: Replay, tell: Tell) -> AsyncIterator[bytes]:
    """The file, cut where its telegrams end (as far as they are recognised), one each interval."""
    tell(True)
    while True:
        waiting = bytearray()
        decoder = Recogniser()
        for piece in _pieces(at.file):
            waiting += piece
            whole = any(isinstance(found, Telegram) for found in decoder.feed(piece))
            if whole or len(waiting) >= LONGEST_UNRECOGNISED:
                yield bytes(waiting)
                waiting.clear()
                await asyncio.sleep(at.interval_s)
        if waiting:
            yield bytes(waiting)
        if not at.loop:
            return
        if waiting:
            await asyncio.sleep(at.interval_s)
