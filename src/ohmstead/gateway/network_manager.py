"""The machine's network, set up and watched through NetworkManager.

Source: REST/MQTT 2.0, 6.7 to 6.10; NetworkManager D-Bus reference 1.42.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog

from ohmstead.errors import OhmsteadError, Unavailable
from ohmstead.gateway import network_manager_air as air
from ohmstead.gateway import network_manager_change as changes
from ohmstead.gateway import network_manager_wps as wps
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.http import Route
from ohmstead.gateway.network_api import Station, Undo
from ohmstead.gateway.network_manager_apply import HERE, NAMES, NO_DEVICE, Applied
from ohmstead.gateway.network_manager_bus import NM, ROOT, Bus, Refused
from ohmstead.gateway.network_manager_change import Change, Failed
from ohmstead.gateway.network_manager_look import WIRELESS, Look, Port, look, points, port_of
from ohmstead.settings.network import Ethernet, WifiSta
from ohmstead.surfaces import device

SWITCHED_OFF = "The Wi-Fi of this machine is switched off; enabling it in its settings turns it on."
BLOCKED = "The Wi-Fi of this machine is switched off by a switch, or by rfkill."

LOOK_S = 30.0
"""Without a signal it looks so often."""
EASE_S = 0.2
"""Signals come in crowds: one look for those that come together."""
SCAN_S = 4.0
"""A scan is waited for so long; then what is known counts."""
SCAN_LOOK_S = 0.2
PAIRING_ENDS_S = 30.0
"""Tidying up after a pairing that is broken off takes no longer."""

_log = structlog.get_logger("gateway.network")


class NetworkManager:
    """What `gateway.network_api` wants of a machine's network, by NetworkManager."""

    def __init__(
        self, device_id: str, configuration: Configuration, wait: Backoff | None = None
    ) -> None:
        """`wait` is the time between tries to reach the system's bus."""
        self._configuration = configuration
        self._wait = wait or Backoff(first_s=1.0, most_s=30.0)
        self._bus = Bus()
        self._applied = Applied(self._bus, device_id, configuration)
        self._seen = Look()
        self._button = asyncio.Event()
        self._pairing: asyncio.Task[None] | None = None
        self._away = ""
        self._leaves = False
        """Whether nothing of ours shall be left in the machine's network."""

    # --- what it says

    def routes(self) -> Sequence[Route]:
        """None: `network_api` and `settings_api` ask it."""
        return ()

    @property
    def ethernet(self) -> device.Ethernet | None:
        """The Ethernet port; None where there is none, or nobody knows."""
        seen = self._seen.ethernet
        return replace(seen, trouble=self._applied.trouble.get("eth", "")) if seen else None

    @property
    def wifi(self) -> device.Wifi | None:
        """The Wi-Fi; None where there is none, or nobody knows."""
        seen = self._seen.wifi
        if seen is None:
            return None
        trouble, status = self._applied.trouble.get("wifi_sta", ""), seen.status
        if status == "Disconnected":
            enabled = self._configuration.wifi_sta.enable
            status = "Error" if trouble else "Disconnected" if enabled else "Disabled"
        return replace(seen, status=status, trouble=trouble)

    # --- what it does when it is asked

    async def use_wifi(self, settings: WifiSta, asked_by: str) -> Undo:
        """Joins the network of `settings`, or leaves it.

        BadInput when NetworkManager does not take them; Unavailable without NetworkManager, without
        Wi-Fi, or when it is not allowed.
        """
        await self._stop_pairing()
        return await self._applied.use("wifi_sta", settings, asked_by)

    async def use_ethernet(self, settings: Ethernet, asked_by: str) -> Undo:
        """Addresses the Ethernet port; raises as `use_wifi`."""
        return await self._applied.use("eth", settings, asked_by)

    async def stations(self) -> Sequence[Station]:
        """The Wi-Fi networks nearby, the strongest first.  Unavailable without Wi-Fi."""
        port = await self._radio()
        await self._scan(port)
        region = air.country()
        return [air.station(point, region) for _, point in await points(self._bus, port)]

    async def pair(self) -> None:
        """Begins pairing, where it has not begun.  Unavailable without Wi-Fi."""
        await self._radio()
        self._applied.trouble.pop("wifi_sta", None)
        self._button.set()

    async def _stop_pairing(self) -> None:
        """What is set by hand counts, and no button that is pressed later."""
        self._button.clear()
        if self._pairing:
            self._pairing.cancel()
            await asyncio.wait({self._pairing}, timeout=PAIRING_ENDS_S)

    async def forget(self) -> None:
        """Back to the machine's own settings when `run` ends: first the answer leaves."""
        self._leaves = True

    async def _radio(self) -> Port:
        port = await port_of(self._bus, "wifi_sta")
        if port is None:
            raise Unavailable(NO_DEVICE["wifi_sta"])
        radio = await self._bus.properties(ROOT, NM)
        if not radio.get("WirelessHardwareEnabled", True):
            raise Unavailable(BLOCKED)
        if not radio.get("WirelessEnabled", True):
            raise Unavailable(SWITCHED_OFF)
        return port

    async def _scan(self, port: Port) -> None:
        last = await self._last_scan(port)
        try:
            await self._bus.call(port.path, WIRELESS, "RequestScan", "a{sv}", {})
        except Refused as error:
            _log.debug("no new scan", why=error.why)  # one has just been, or is going on
            return
        if last is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(SCAN_S):
                while await self._last_scan(port) == last:  # noqa: ASYNC110  (it may not be said)
                    await asyncio.sleep(SCAN_LOOK_S)

    async def _last_scan(self, port: Port) -> int | None:
        said = await self._bus.properties(port.path, WIRELESS)
        last: int | None = said.get("LastScan")
        return last

    # --- what it does all the time

    async def run(self) -> None:
        """Watches the network, and sees changes through, until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch(), name="network:watch")
                group.create_task(self._pair_when_asked(), name="network:pair")
                for name in NAMES:
                    group.create_task(self._applied.follow(name), name=f"network:{name}")
        finally:
            if self._leaves:
                with suppress(Unavailable):  # then there is nothing to be left
                    await self._applied.forget()
            self._bus.close()

    async def _watch(self) -> None:
        failures = 0
        while True:
            self._bus.moved.clear()
            try:
                self._seen = await look(self._bus)
                failures, self._away = 0, ""
                await self._applied.settle(self._seen.ports)
                await self._applied.heal(self._seen.ports)
            except Unavailable as error:
                failures += 1
                self._seen = Look()
                if self._away != str(error):
                    self._away = str(error)
                    _log.info("the machine's network is not watched", why=self._away)
            wait_s = self._wait.wait_s(failures) if failures else LOOK_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._bus.moved.wait()
            await asyncio.sleep(EASE_S)

    async def _pair_when_asked(self) -> None:
        while True:
            await self._button.wait()
            async with asyncio.TaskGroup() as group:
                self._pairing = group.create_task(self._pair(), name="network:pairing")
            self._pairing = None
            self._button.clear()

    async def _pair(self) -> None:
        try:
            network = await self._paired()
        except (Failed, OhmsteadError) as error:
            self._applied.told("wifi_sta", f"pairing: {error}")
        else:
            _log.info("paired", network=network)

    async def _paired(self) -> str:
        """The network it is paired with now; when nothing comes of it, back to what was."""
        port, uid = await self._radio(), self._applied.uids["wifi_sta"]
        saved = self._configuration.wifi_sta
        was = await changes.before(self._bus, port, uid, saved, guard=False)
        try:
            network, password, profile = await wps.pair(self._bus, port)
            given = {"enable": True, "name": network, "password": password, "static_ip": False}
            try:
                use = partial(self._applied.use, "wifi_sta", asked_by=HERE)
                await self._configuration.put("wifi_sta", given, use)
            finally:
                with suppress(Unavailable):
                    await self._bus.call(profile, changes.PROFILE, "Delete")
        except (Failed, OhmsteadError):
            await self._applied.put_back(Change("wifi_sta", saved, port, uid, None, was))
            raise
        return network
