"""The gateway: its stages, and how they are joined.

port → meter → board → api, and beside the board: outbox → queue → publisher.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import structlog

from ohmstead import __version__
from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Unavailable
from ohmstead.gateway.api import Api
from ohmstead.gateway.ask import asked_at
from ohmstead.gateway.ask_mep import key_from
from ohmstead.gateway.auth import Lock
from ohmstead.gateway.board import Board
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.http import Route
from ohmstead.gateway.meter import SILENT_S, Meter
from ohmstead.gateway.meter_clock import MeterClock
from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.publisher import Publisher
from ohmstead.gateway.queue import Queue
from ohmstead.gateway.readings_api import Readings
from ohmstead.gateway.search import Notebook
from ohmstead.gateway.settings_api import SettingsApi
from ohmstead.gateway.source import source_of
from ohmstead.house.background import Background
from ohmstead.house.http import HttpServer, listen
from ohmstead.house.reader import Heard, Reader, at_port, keys_of, scaling_of
from ohmstead.reading.reading import Reading
from ohmstead.settings.address import Address
from ohmstead.settings.gateway import GatewayOptions, Secret, described, mac
from ohmstead.settings.meter_port import CustomScaler, MeterPort
from ohmstead.surfaces import device, report
from ohmstead.wire.cipher import Keys

LOCALLY_MADE = 0x02  # second bit of a MAC's first byte: not from a manufacturer.  IEEE 802, 8.4
SENT_LOOK_S = 0.05
MISSED_ROUNDS = 3
"""A meter that is asked has NO DATA when it has not answered for so many rounds."""

_log = structlog.get_logger("gateway")

Ready = Callable[[int | None], None]
"""Told, once the gateway runs, on which port its API listens (None without an API)."""


class Feature(Protocol):
    """A part of the API."""

    def routes(self) -> Sequence[Route]:
        """What it answers."""
        ...


@runtime_checkable
class Running(Protocol):
    """A part that also works when nobody asks."""

    def run(self) -> Coroutine[None, None, None]:
        """Works until it is cancelled."""
        ...


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


def _factory(options: GatewayOptions) -> MeterPort:
    """The meter's settings that the gateway is started with: what a factory reset goes back to."""
    said = options.meter
    return MeterPort(scalars_set=said.scalars_set, conv_factor=said.conv_factor)


class _Gateway:
    """One gateway's parts, and the state of the device they make up."""

    def __init__(
        self,
        options: GatewayOptions,
        folder: Path,
        clock: Clock,
        given: AsyncIterator[bytes] | None = None,
    ) -> None:
        """`given` are bytes to read in the place of the source's."""
        self.zone = _zone(options.zone)
        self.id = identity(options, folder)
        self.clock = clock
        self.configuration = Configuration(
            folder / "settings",
            self.id,
            meter=_factory(options),
            scalers=tuple(CustomScaler(one.obis, one.scaler) for one in options.meter.scalers),
        )
        source, started_keys = source_of(options.source), keys(options)
        port = self.configuration.meter
        pulled = asked_at(at_port(source, port))
        meter_clock = MeterClock(port.time_offset, follows=port.sync_time_offset_with_ntp)
        self.meter = Meter(
            self.id,
            self.zone,
            clock,
            keys=keys_of(port, started_keys),
            scaling=scaling_of(self.configuration),
            silent_s=max(SILENT_S, pulled[1].every_s * MISSED_ROUNDS if pulled else 0),
            meter_clock=meter_clock,
        )
        self.reader = Reader(
            self.configuration,
            self.meter,
            meter_clock,
            source=source,
            keys=started_keys,
            notebook=Notebook(folder / "line"),
            clock=clock,
            given=given,
        )
        self._doubted: set[str] = set()
        self._refused = 0
        self.board = Board()
        self.uplink: _Uplink | None = None
        self._started_at = clock.now()
        self._boot_id = secrets.token_hex(4).upper()

    def device(self) -> device.Device:
        """The device now."""
        return device.Device(
            id=self.id,
            name=self.configuration.settings.system.name,
            now=self.clock.now(),
            started_at=self._started_at,
            boot_id=self._boot_id,
            zone=self.zone,
            firmware=__version__,
            meter_status=self.meter.status,
            refused=self.meter.refused,
            doubts=self.meter.doubts,
            conv_factor=self.configuration.meter.conv_factor,
            uplink=self.uplink.state() if self.uplink else None,
        )

    def features(self) -> Sequence[Feature]:
        """What its API offers.  *To add a feature: its file, and one line here.*"""
        return (
            Readings(self.board, self.device),
            SettingsApi(self.configuration),
        )

    def api(self, features: Sequence[Feature]) -> Api:
        """The API of `features`, behind the password of the settings."""
        return Api(
            [route for feature in features for route in feature.routes()],
            door=Lock(lambda: self.configuration.settings.system, self.clock),
            host_name=lambda: self.configuration.settings.system.host_name,
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

    def take(self, heard: Heard) -> None:
        """Readings out of what the source said, onto the board and into the outbox."""
        for reading in self._readings(heard):
            self._doubt()
            self.board.post(reading)
            if self.uplink:
                self.uplink.outbox.offer(reading)
        if self.meter.refused > self._refused:
            self._refused = self.meter.refused
            if self._refused.bit_count() == 1:  # 1, 2, 4, 8, ...: noise must not fill the log
                _log.warning("telegram refused", why=self.meter.refusal, refused=self._refused)

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
        gateway = _Gateway(options, folder, clock, source)
        gateway.reader.check()
        sock = None
        if options.http:
            at = Address.parse(options.http)
            sock = listen(at.host, at.port, "the gateway's API")
            stack.callback(sock.close)
        uplink = gateway.connect(options, folder)
        if uplink:
            stack.callback(uplink.queue.close)
        listening: int | None = None
        features = gateway.features()
        if sock:
            api = gateway.api(features)
            server = await stack.enter_async_context(HttpServer(api, sock))
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
        await _work(gateway, features, stop, ends=options.ends)
    _log.info("gateway stopped", id=gateway.id)


async def _work(
    gateway: _Gateway, features: Sequence[Feature], stop: asyncio.Event, *, ends: bool
) -> None:
    """Everything that runs, until `stop`; a part that fails ends it with its error."""
    over = asyncio.Event()

    async def read() -> None:
        await gateway.reader.run(gateway.take)
        _log.info("source ended")
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
        for feature in features:
            if isinstance(feature, Running):
                background.run(feature.run(), type(feature).__name__.lower())
        background.run(read(), "meter")
        background.run(stopped(), "stop")
        await over.wait()
