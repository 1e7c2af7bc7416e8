"""The gateway: its stages, and how they are joined.

port → meter → board → api, and beside the board: outbox → queue → publisher.
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import structlog

from ohmstead import __version__
from ohmstead.clock import Clock
from ohmstead.gateway import berry_api
from ohmstead.gateway.actions_api import Actions
from ohmstead.gateway.api import Api
from ohmstead.gateway.ask import asked_at
from ohmstead.gateway.auth import Lock
from ohmstead.gateway.berry_api import Berry
from ohmstead.gateway.board import Board
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.discovery import Announcement
from ohmstead.gateway.http import Feature, Running
from ohmstead.gateway.kept import Kept
from ohmstead.gateway.logs_api import Logs, Ring
from ohmstead.gateway.maintenance_api import Maintenance
from ohmstead.gateway.meter import SILENT_S, Meter
from ohmstead.gateway.meter_api import MeterApi
from ohmstead.gateway.meter_clock import MeterClock
from ohmstead.gateway.modbus_api import ModbusApi
from ohmstead.gateway.modbus_server import ModbusServer
from ohmstead.gateway.mqtt_client import MqttClient
from ohmstead.gateway.network_api import NetworkApi, NoNetwork, check_power
from ohmstead.gateway.network_manager import NetworkManager
from ohmstead.gateway.openapi import OpenApi
from ohmstead.gateway.pages_api import Pages
from ohmstead.gateway.readings_api import Readings
from ohmstead.gateway.recorder import Recorder
from ohmstead.gateway.sdcard_api import SdCardApi
from ohmstead.gateway.search import Notebook
from ohmstead.gateway.settings_api import SettingsApi
from ohmstead.gateway.source import source_of
from ohmstead.gateway.update_api import UpdateApi
from ohmstead.gateway.values_api import ValuesApi
from ohmstead.house.background import Background
from ohmstead.house.gateway_start import (
    factory_of,
    folder_of,
    identity,
    keys,
    reboot_host,
    zone_of,
)
from ohmstead.house.gateway_update import build, shown, updates_of
from ohmstead.house.gateway_uplink import Uplink, uplink_of
from ohmstead.house.http import HttpServer, listen
from ohmstead.house.reader import Heard, Reader, at_port, keys_of, scaling_of
from ohmstead.reading.reading import Reading
from ohmstead.settings.address import Address
from ohmstead.settings.gateway import DEFAULT_HTTP, GatewayOptions, described
from ohmstead.settings.meter_port import CustomScaler
from ohmstead.surfaces import device, report

FORGOTTEN = (berry_api.FILE, "actions.json", "modbus.json", "line")
"""Files of the data folder that a factory reset removes, besides the settings."""
CARD = "sdcard"
"""The folder that is the device's SD card."""
SENT_LOOK_S = 0.05
MISSED_ROUNDS = 3
"""A meter that is asked has NO DATA when it has not answered for so many rounds."""

_log = structlog.get_logger("gateway")

Ready = Callable[[int | None], None]
"""Told, once the gateway runs, on which port its API listens (None without an API)."""


class _Gateway:
    """One gateway's parts, and the state of the device they make up."""

    def __init__(
        self,
        options: GatewayOptions,
        folder: Path,
        clock: Clock,
        given: AsyncIterator[bytes] | None = None,
        log: Ring | None = None,
    ) -> None:
        """`given` are bytes to read in the place of the source's; `log` is what its pages show."""
        self.zone = zone_of(options.zone)
        self.id = identity(options, folder)
        self.folder = folder
        self.clock = clock
        self.again = asyncio.Event()
        """Set when the gateway is to start anew."""
        self.left = asyncio.Event()
        """Set when it is to make way for another version."""
        self.updates = updates_of(options, folder)
        self.build = build()
        self.configuration = Configuration(
            folder / "settings",
            self.id,
            meter=factory_of(options),
            scalers=tuple(CustomScaler(one.obis, one.scaler) for one in options.meter.scalers),
            check=self._check,
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
        self.licensed = options.licence == "plus"
        self._doubted: set[str] = set()
        self._refused = 0
        self.board = Board()
        self.card = Recorder(
            folder / CARD,
            self.board,
            self.device,
            lambda: self.configuration.settings.services.sd,
            clock,
        )
        self.configuration.watch(lambda _: self.card.heed())
        self.modbus = ModbusApi(folder)
        self.modbus_server = ModbusServer(
            self.configuration,
            lambda: self.modbus.image,
            self.board,
            self.device,
            Address.parse(options.http or DEFAULT_HTTP).host,
            licensed=self.licensed,
        )
        # Bytes that are given in are a demonstration's: the machine is not the gateway's to set up.
        self.network = NoNetwork() if given else NetworkManager(self.id, self.configuration)
        self.mqtt = MqttClient(self.configuration, self.board, self.device, clock)
        self.uplink: Uplink | None = None
        self.log = log or Ring()
        self.claim = options.uplink.claim if options.uplink else None
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
            build=self.build,
            update=shown(self.updates),
            meter_status=self.meter.status,
            refused=self.meter.refused,
            doubts=self.meter.doubts,
            conv_factor=self.meter.conv_factor,
            uplink=self.uplink.state() if self.uplink else None,
            own_broker=self.mqtt.state(),
            modbus=self.modbus_server.state,
            wifi=self.network.wifi,
            ethernet=self.network.ethernet,
            encryption=self.reader.keys is not None,
            authentication=self.reader.keys is not None and bool(self.reader.keys.authentication),
            licence="PLUS" if self.licensed else "FREE",
            card=self.card.state,
        )

    def _check(self, new: object) -> None:
        """BadInput for a setting that cannot be on this machine as it is now."""
        check_power(new, self.configuration.settings, self.network.ethernet)

    def features(self) -> Sequence[Feature]:
        """What its API offers.  *To add a feature: its file, and one line here.*"""
        offered: tuple[Feature, ...] = (
            Readings(self.board, self.device),
            MeterApi(self.meter),
            SettingsApi(self.configuration, self.network),
            NetworkApi(self.network),
            self.network,
            Berry(self.folder),
            SdCardApi(self.folder / CARD),
            self.card,
            self.modbus,
            self.modbus_server,
            Actions(self.folder, self.clock),
            *((self.mqtt,) if self.licensed else ()),
            Maintenance(self.again.set, self.forget),
            UpdateApi(self.updates, self.left.set),
            self._values(),
            Logs(self.log),
            Pages(),
        )
        routes = [route for feature in offered for route in feature.routes()]
        return (*offered, OpenApi(routes, __version__))

    def _values(self) -> ValuesApi:
        return ValuesApi(
            self.board,
            self.device,
            refusal=lambda: self.meter.refusal,
            blocks=lambda: self.modbus.blocks,
            claim=self.claim,
        )

    async def forget(self) -> None:
        """Takes all settings back to the factory.  Source: REST/MQTT 2.0, 6.12."""
        await self.configuration.reset()
        for name in FORGOTTEN:
            await asyncio.to_thread(Kept(self.folder / name).remove)
        await self.network.forget()

    def api(self, features: Sequence[Feature]) -> Api:
        """The API of `features`, behind the password of the settings."""
        return Api(
            [route for feature in features for route in feature.routes()],
            door=Lock(lambda: self.configuration.settings.system, self.clock),
            host_name=lambda: self.configuration.settings.system.host_name,
            licensed=self.licensed,
        )

    def rendered(self, reading: Reading) -> bytes:
        """The report of `reading` as it goes up."""
        return msgspec.json.encode(report.document(reading, self.device()))

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
    log: Ring | None = None,
) -> None:
    """Runs a gateway until `stop` is set (or, with `options.ends`, until all is read and sent).

    `source` replaces the bytes that `options.source` names: a simulated past, with a clock set to
    it; `log` is a processor of its log, whose last lines its pages show.  BadInput, NotFound,
    Conflict or Unavailable, saying what to do, when it cannot start.
    """
    folder = folder_of(options.data)
    with contextlib.ExitStack() as stack:
        sock = None
        if options.http:
            at = Address.parse(options.http)
            sock = stack.enter_context(listen(at.host, at.port, "the gateway's API"))
        while await _life(options, folder, clock, stop, source, sock, ready, log):
            _log.info("gateway starts anew")
            ready = _told
            if options.reboot_host:
                await reboot_host()


def _told(port: int | None) -> None:
    """Who waited for the gateway knows already."""


async def _life(
    options: GatewayOptions,
    folder: Path,
    clock: Clock,
    stop: asyncio.Event,
    source: AsyncIterator[bytes] | None,
    sock: socket.socket | None,
    ready: Ready,
    log: Ring | None,
) -> bool:
    """One life of the gateway, from its start to its end or the next; True when it starts anew."""
    async with AsyncExitStack() as stack:
        gateway = _Gateway(options, folder, clock, source, log)
        gateway.reader.check()
        if options.uplink:
            gateway.uplink = uplink_of(options, folder, gateway.rendered, clock)
            stack.callback(gateway.uplink.queue.close)
        listening: int | None = None
        features = gateway.features()
        if sock:
            api = gateway.api(features)
            server = await stack.enter_async_context(HttpServer(api, sock.dup()))
            listening = server.port
            host = Address.parse(options.http or DEFAULT_HTTP).host
            announcement = Announcement(
                gateway.configuration, gateway.id, host, listening, claim=gateway.claim
            )
            features = (*features, announcement)
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
    return gateway.again.is_set() and source is None and not stop.is_set()


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

    async def told(ending: asyncio.Event) -> None:
        await ending.wait()
        over.set()

    async with Background() as background:
        if gateway.uplink:
            background.run(gateway.uplink.publisher.run(), "uplink")
            background.run(gateway.uplink.outbox.keep_flushing(), "uplink:flush")
        for feature in features:
            if isinstance(feature, Running):
                background.run(feature.run(), type(feature).__name__.lower())
        background.run(read(), "meter")
        background.run(told(stop), "stop")
        background.run(told(gateway.again), "again")
        background.run(told(gateway.left), "left")
        await over.wait()
