"""The gateway: its stages, and how they are joined.

port → meter → board → api, and beside the board: outbox → queue → publisher.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import structlog

from ohmstead import __version__
from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Unavailable
from ohmstead.gateway import port
from ohmstead.gateway.api import Api
from ohmstead.gateway.ask import Answers, asked_at, rounds
from ohmstead.gateway.ask_mep import key_from
from ohmstead.gateway.asking import asker
from ohmstead.gateway.board import Board
from ohmstead.gateway.line import Tell
from ohmstead.gateway.meter import SILENT_S, Meter
from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.publisher import Publisher
from ohmstead.gateway.queue import Queue
from ohmstead.gateway.scaling import Scaling
from ohmstead.gateway.search import Notebook
from ohmstead.gateway.source import Simulate, Source, source_of
from ohmstead.house.background import Background
from ohmstead.house.http import HttpServer, listen
from ohmstead.reading.reading import Reading
from ohmstead.settings.address import Address
from ohmstead.settings.gateway import GatewayOptions, Secret, described, mac
from ohmstead.surfaces import device, report
from ohmstead.wire.cipher import Keys

LOCALLY_MADE = 0x02  # second bit of a MAC's first byte: not from a manufacturer.  IEEE 802, 8.4
SENT_LOOK_S = 0.05
MISSED_ROUNDS = 3
"""A meter that is asked has NO DATA when it has not answered for so many rounds."""

Heard = bytes | Answers
"""What a source gives: bytes that were pushed, or the answers of one round of questions."""

_log = structlog.get_logger("gateway")

Ready = Callable[[int | None], None]
"""Told, once the gateway runs, on which port its API listens (None without an API)."""


@dataclass(frozen=True, slots=True)
class _Uplink:
    queue: Queue
    outbox: Outbox
    publisher: Publisher

    def state(self) -> device.Uplink:
        tally = self.queue.tally
        return device.Uplink(
            state=self.publisher.state,
            waiting=self.queue.waiting,
            waiting_bytes=self.queue.waiting_bytes,
            sent=tally.sent,
            dropped=tally.dropped,
            damaged=tally.damaged,
            unwritten=self.outbox.unwritten,
            trouble=self.publisher.trouble,
        )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            f"{name!r} is not a time zone; write one like {'Europe/Zurich'!r}"
        ) from error


def _folder(data: Path) -> Path:
    folder = data.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(f"the data folder {folder} cannot be made: {error.strerror}") from error
    return folder


def _made_id() -> str:
    first, *rest = secrets.token_bytes(6)
    return bytes([(first | LOCALLY_MADE) & 0xFE, *rest]).hex().upper()


def identity(options: GatewayOptions, folder: Path) -> str:
    """The device's id: the one given, the uplink's, or one made once and kept in the folder.

    BadInput when the one given is not the uplink's: the broker takes reports of that one only.
    """
    uplinked = options.uplink.id if options.uplink else None
    if options.id is not None:
        given = mac(options.id)
        if uplinked and uplinked != given:
            raise BadInput(f"--id {given} is not the device of the uplink file, {uplinked}")
        return given
    if uplinked:
        return uplinked
    return _kept_id(folder / "id")


def _kept_id(file: Path) -> str:
    try:
        if not file.exists():
            file.write_text(_made_id() + "\n")
        return mac(file.read_text("ascii").strip())
    except OSError as error:
        raise Unavailable(f"the device's id in {file} cannot be kept: {error.strerror}") from error
    except (BadInput, UnicodeDecodeError) as error:
        raise BadInput(
            f"{file} holds no device id; correct it, or remove it for a new one"
        ) from error


def _hexadecimal(key: Secret, name: str) -> bytes:
    try:
        return bytes.fromhex(key.reveal())
    except ValueError:
        raise BadInput(f"the {name} key is not hexadecimal; it has 32 digits, or 64") from None


def keys(options: GatewayOptions) -> Keys | None:
    """The meter's keys; None without any.  BadInput, which never shows them."""
    if options.key is None:
        if options.authentication_key is not None:
            raise BadInput("an authentication key is of no use without the encryption key")
        return None
    pulled = asked_at(source_of(options.source))
    if pulled and pulled[1].protocol == "mep":
        return Keys(key_from(options.key.reveal()))
    authentication = options.authentication_key
    return Keys(
        _hexadecimal(options.key, "encryption"),
        _hexadecimal(authentication, "authentication") if authentication else None,
    )


def _opened(
    at: Source, clock: Clock, tell: Tell, keys: Keys | None, notebook: Notebook
) -> AsyncIterator[Heard]:
    """What the meter at `at` says; BadInput when there is no such simulated meter."""
    if isinstance(at, Simulate):
        tell(None)
        return _simulated(at.model, at.seed, clock)
    if pulled := asked_at(at):
        return rounds(*pulled, asker(*pulled, keys), tell, notebook=notebook)
    return port.chunks(at, tell=tell, keys=keys, notebook=notebook)


def _simulated(model: str, seed: int, clock: Clock) -> AsyncIterator[bytes]:
    # Not at the top: a gateway at a real meter has no use for load profiles, and no room for them.
    from ohmstead import simulate  # noqa: PLC0415

    if model not in simulate.MODELS:
        raise BadInput(
            f"there is no simulated meter {model!r}; there are {', '.join(sorted(simulate.MODELS))}"
        )
    return simulate.stream(model, seed, clock)


class _Gateway:
    """One gateway's parts, and the state of the device they make up."""

    def __init__(self, options: GatewayOptions, folder: Path, clock: Clock) -> None:
        self.zone = _zone(options.zone)
        self.id = identity(options, folder)
        self.clock = clock
        self.keys = keys(options)
        pulled = asked_at(source_of(options.source))
        self.meter = Meter(
            self.id,
            self.zone,
            clock,
            keys=self.keys,
            scaling=Scaling(options.meter),
            silent_s=max(SILENT_S, pulled[1].every_s * MISSED_ROUNDS if pulled else 0),
        )
        self._conv_factor = options.meter.conv_factor
        self._doubted: set[str] = set()
        self.board = Board()
        self.uplink: _Uplink | None = None
        self._started_at = clock.now()
        self._boot_id = secrets.token_hex(4).upper()

    def device(self) -> device.Device:
        """The device now."""
        return device.Device(
            id=self.id,
            now=self.clock.now(),
            started_at=self._started_at,
            boot_id=self._boot_id,
            zone=self.zone,
            firmware=__version__,
            meter_status=self.meter.status,
            refused=self.meter.refused,
            doubts=self.meter.doubts,
            conv_factor=self._conv_factor,
            uplink=self.uplink.state() if self.uplink else None,
        )

    def rendered(self, reading: Reading) -> bytes:
        """The report of `reading` as it goes up."""
        return msgspec.json.encode(report.document(reading, self.device()))

    def connect(self, options: GatewayOptions, folder: Path) -> _Uplink | None:
        """Opens the queue when there is a cloud to send to."""
        if options.uplink is None:
            return None
        try:
            queue = Queue(folder / "uplink")
        except OSError as error:
            raise Unavailable(f"the queue in {folder} cannot be used: {error}") from error
        outbox = Outbox(queue, options.uplink_interval_s, self.rendered)
        publisher = Publisher(options.uplink, queue, outbox, self.clock)
        self.uplink = _Uplink(queue, outbox, publisher)
        return self.uplink

    async def read(self, source: AsyncIterator[Heard]) -> None:
        """Readings out of what the source says, onto the board and into the outbox, until it
        ends."""
        refused = 0
        async for heard in source:
            for reading in self._readings(heard):
                self._doubt()
                self.board.post(reading)
                if self.uplink:
                    self.uplink.outbox.offer(reading)
            if self.meter.refused > refused:
                refused = self.meter.refused
                if refused.bit_count() == 1:  # 1, 2, 4, 8, ...: noise must not fill the log
                    _log.warning("telegram refused", why=self.meter.refusal, refused=refused)
        _log.info("source ended")

    def _readings(self, heard: Heard) -> Iterable[Reading]:
        """What bytes that were pushed complete, or what the answers of one round make."""
        if isinstance(heard, bytes):
            return self.meter.feed(heard)
        reading = self.meter.take(heard)
        return [reading] if reading else []

    def _doubt(self) -> None:
        """Warns, once for each quantity, of a value that cannot be right."""
        for doubt in self.meter.doubts:
            if doubt.obis not in self._doubted:
                self._doubted.add(doubt.obis)
                _log.warning(
                    "value not plausible, is the scaler right?",
                    obis=doubt.obis,
                    value=doubt.value,
                    expected=doubt.expected,
                )

    async def sent(self) -> None:
        """Waits until nothing waits any more."""
        while self.uplink and self.uplink.queue.waiting:  # noqa: ASYNC110  (nobody tells when)
            await asyncio.sleep(SENT_LOOK_S)


async def run(
    options: GatewayOptions,
    *,
    clock: Clock,
    stop: asyncio.Event,
    source: AsyncIterator[bytes] | None = None,
    ready: Ready = lambda _: None,
) -> None:
    """Runs a gateway until `stop` is set (or, with `options.ends`, until all is read and sent).

    `source` replaces the bytes that `options.source` names: a simulated past, with a clock set to
    it.  BadInput, NotFound, Conflict or Unavailable, saying what to do, when it cannot start.
    """
    folder = _folder(options.data)
    async with AsyncExitStack() as stack:
        gateway = _Gateway(options, folder, clock)
        chunks: AsyncIterator[Heard] = source or _opened(
            source_of(options.source),
            clock,
            gateway.meter.port,
            gateway.keys,
            Notebook(folder / "line"),
        )
        sock = None
        if options.http:
            at = Address.parse(options.http)
            sock = listen(at.host, at.port, "the gateway's API")
            stack.callback(sock.close)
        uplink = gateway.connect(options, folder)
        if uplink:
            stack.callback(uplink.queue.close)
        listening: int | None = None
        if sock:
            server = await stack.enter_async_context(
                HttpServer(Api(gateway.board, gateway.device), sock)
            )
            listening = server.port
        stack.callback(gateway.board.close)  # streams end before the server waits for them
        _log.info(
            "gateway runs",
            id=gateway.id,
            source=options.source if source is None else "given",
            port=listening,
            cloud=described(options.uplink)["uri"] if options.uplink else None,
        )
        ready(listening)
        await _work(gateway, chunks, stop, ends=options.ends)
    _log.info("gateway stopped", id=gateway.id)


async def _work(
    gateway: _Gateway, chunks: AsyncIterator[Heard], stop: asyncio.Event, *, ends: bool
) -> None:
    """Everything that runs, until `stop`; a part that fails ends it with its error."""
    over = asyncio.Event()

    async def read() -> None:
        try:
            await gateway.read(chunks)
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        if ends:
            await gateway.sent()
            over.set()

    async def stopped() -> None:
        await stop.wait()
        over.set()

    async with Background() as background:
        if gateway.uplink:
            background.run(gateway.uplink.publisher.run(), "uplink")
            background.run(gateway.uplink.outbox.keep_flushing(), "uplink:flush")
        background.run(read(), "meter")
        background.run(stopped(), "stop")
        await over.wait()
