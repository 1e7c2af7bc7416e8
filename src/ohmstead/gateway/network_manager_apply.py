"""Settings of the network put into effect, each seen through until it has proven itself.

A setting comes into effect as a connection profile of ours.  What does not come up is taken back
where there was a connection before, so that a wrong word costs nobody the contact to the gateway.
Source: REST/MQTT 2.0, 6.7 and 6.10.
"""

import asyncio
import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Literal

import structlog

from ohmstead.errors import OhmsteadError, Unavailable
from ohmstead.gateway import network_manager_air as air
from ohmstead.gateway import network_manager_change as changes
from ohmstead.gateway import network_manager_profile as profiles
from ohmstead.gateway.configuration import Configuration, Undo
from ohmstead.gateway.network_manager_bus import NM, ROOT, Away, Bus, Profile, Refused, Typed, plain
from ohmstead.gateway.network_manager_change import Change, Failed
from ohmstead.gateway.network_manager_look import (
    ACTIVATED,
    DISCONNECTED,
    PREPARE,
    Port,
    active_uuid,
    points,
    port_of,
)
from ohmstead.settings.network import Ethernet, WifiSta

Name = Literal["eth", "wifi_sta"]
NAMES: tuple[Name, ...] = ("eth", "wifi_sta")
NO_DEVICE: Mapping[Name, str] = {
    "eth": "This machine has no Ethernet port that NetworkManager manages.",
    "wifi_sta": "This machine has no Wi-Fi device that NetworkManager manages.",
}
HERE = "127.0.0.1"
"""Who asks when it is the gateway itself."""

AGAIN_S = 60.0
"""A saved setting that could not be applied at the start is tried again so often."""
ANSWER_S = 0.5
"""So long the answer has to leave before the network that carries it changes."""

_log = structlog.get_logger("gateway.network")


class _Slot:
    """The change of one settings object that has not proven itself yet."""

    def __init__(self) -> None:
        self.change: Change | None = None
        self.renewed = asyncio.Event()
        self.settled = False
        """Whether the saved setting has been seen to."""
        self.waiting = False
        """Whether the trouble ends when the device comes up."""
        self.again_s = 0.0
        """When the saved setting may be tried again, by the loop's time."""

    def put(self, change: Change | None) -> None:
        """From now on this change is the one that is seen through."""
        self.change = change
        self.renewed.set()


class Applied:
    """The network's settings, as far as they are in effect."""

    def __init__(self, bus: Bus, device_id: str, configuration: Configuration) -> None:
        self._bus = bus
        self._configuration = configuration
        self._slots: dict[str, _Slot] = {name: _Slot() for name in NAMES}
        self._changing = asyncio.Lock()
        self.uids = {name: profiles.identity(device_id, name) for name in NAMES}
        """Of our profiles."""
        self.trouble: dict[str, str] = {}
        """Why the last setting of an object did not come into effect, in words."""

    async def use(self, name: Name, settings: Ethernet | WifiSta, asked_by: str) -> Undo:
        """Puts `settings` into effect; who asks over the network that changes is answered first.

        BadInput when NetworkManager does not take them; Unavailable without NetworkManager, without
        such a device, or when it is not allowed: then nothing has changed.
        """
        async with self._changing:
            port = await port_of(self._bus, name)
            if port is None and settings.enable:
                raise Unavailable(NO_DEVICE[name])
            if isinstance(settings, WifiSta) and settings.enable:
                await self._switch_on()
            if port and await self._is_so(name, settings, port):
                self.trouble.pop(name, None)
                return _nothing
            change = await self._begun(name, settings, port, asked_by)
            try:
                await changes.write(self._bus, change)
                if not change.gently:
                    change = replace(change, active=await changes.activate(self._bus, change))
            except OhmsteadError:
                await self.put_back(change)
                raise
            self.trouble.pop(name, None)
            slot = self._slots[name]
            slot.settled, slot.waiting = True, False
            slot.put(change)
            return partial(self._undone, change)

    async def forget(self) -> None:
        """Removes our profiles: the machine's own count again.  Unavailable as ever."""
        async with self._changing:
            for name in NAMES:
                await changes.remove(self._bus, self.uids[name])

    async def put_back(self, change: Change) -> None:
        """Takes a change back, as far as that can be done."""
        try:
            await changes.take_back(self._bus, change)
        except Unavailable as error:
            _log.error("network not put back", of=change.name, why=str(error))

    def told(self, name: str, why: str) -> None:
        """Why something did not come into effect."""
        self.trouble[name] = why
        _log.warning("network not set up", of=name, why=why)

    async def _is_so(self, name: Name, settings: Ethernet | WifiSta, port: Port) -> bool:
        """Whether nothing would change: what is sent again must not break a connection."""
        if not settings.enable or self._slots[name].change:
            return False
        return not await self._needed(name, settings, port)

    async def _begun(
        self, name: Name, settings: Ethernet | WifiSta, port: Port | None, asked_by: str
    ) -> Change:
        """The change to these settings, and what it can be taken back to."""
        uid, unfinished = self.uids[name], self._slots[name].change
        if unfinished and unfinished.before.up:
            was = unfinished.before  # what came between has not proven itself
        else:
            saved = getattr(self._configuration, name)
            was = await changes.before(self._bus, port, uid, saved, guard=settings.enable)
        wanted = await self._profile(settings, uid, port) if port and settings.enable else None
        gently = port is not None and port.up and not _is_here(asked_by)
        return Change(name, settings, port, uid, wanted, was, gently)

    async def _profile(self, settings: Ethernet | WifiSta, uid: str, port: Port) -> Profile:
        if isinstance(settings, Ethernet):
            return profiles.of_ethernet(settings, uid, port.interface)
        seen = [air.station(point, "") for _, point in await points(self._bus, port)]
        modes = {one.auth_mode for one in seen if one.ssid == settings.name}
        return profiles.of_wifi(settings, uid, port.interface, modes)

    async def _switch_on(self) -> None:
        radio = await self._bus.properties(ROOT, NM)
        if not radio.get("WirelessEnabled", True):
            await self._bus.set(ROOT, NM, "WirelessEnabled", Typed("b", True))

    async def _undone(self, change: Change) -> None:
        """The setting could not be kept: what was done for it is taken back."""
        async with self._changing:
            self._slots[change.name].put(None)
            await self.put_back(change)

    # --- what was saved before the start

    async def settle(self, ports: Mapping[str, Port]) -> None:
        """Puts what was saved into effect, once, where the machine is not so already."""
        now_s = asyncio.get_running_loop().time()
        for name in NAMES:
            slot, port = self._slots[name], ports.get(name)
            if slot.settled or port is None or now_s < slot.again_s:
                continue
            slot.again_s = now_s + AGAIN_S
            try:
                await self._settle(name, port)
                slot.settled = True
            except Away:
                raise
            except OhmsteadError as error:
                self.told(name, str(error))

    async def heal(self, ports: Mapping[str, Port]) -> None:
        """Forgets the trouble of a device that has come up after all."""
        for name in NAMES:
            slot, port = self._slots[name], ports.get(name)
            if not slot.waiting or port is None or not port.up:
                continue
            if await active_uuid(self._bus, port) == self.uids[name]:
                slot.waiting = False
                self.trouble.pop(name, None)

    async def _settle(self, name: Name, port: Port) -> None:
        settings = getattr(self._configuration, name)
        if self._configuration.is_factory(name):
            return  # nobody has set anything here: the machine's own settings count
        if await self._needed(name, settings, port):
            _log.info("network set up as it was saved", of=name)
            await self.use(name, settings, HERE)

    async def _needed(self, name: Name, settings: Ethernet | WifiSta, port: Port) -> bool:
        uid = self.uids[name]
        if not settings.enable:
            return PREPARE <= port.state <= ACTIVATED
        found = await changes.profile_of(self._bus, uid)
        wanted = await self._profile(settings, uid, port)
        if found is None or not profiles.same(plain(found), wanted):
            return True
        return port.state >= DISCONNECTED and await active_uuid(self._bus, port) != uid

    # --- seeing changes through

    async def follow(self, name: Name) -> None:
        """Sees each change through; a newer one takes the place of one that is on its way."""
        slot = self._slots[name]
        while True:
            slot.renewed.clear()
            async with asyncio.TaskGroup() as group:
                work = group.create_task(self._see_through(slot), name=f"network:{name}:change")
                await slot.renewed.wait()
                work.cancel()

    async def _see_through(self, slot: _Slot) -> None:
        change = slot.change
        if change is None:
            return
        try:
            if change.gently:
                await asyncio.sleep(ANSWER_S)
                change = replace(change, active=await changes.activate(self._bus, change))
            await changes.outcome(self._bus, change)
            await changes.keep(self._bus, change.before)
        except Away as error:
            slot.change, slot.settled = None, False  # seen to when it is back
            self.told(change.name, str(error))
        except (Failed, Refused) as error:
            await self._failed(slot, change, str(error))
        else:
            slot.change = None
            _log.info("network changed", of=change.name)

    async def _failed(self, slot: _Slot, change: Change, why: str) -> None:
        if not change.before.up:
            slot.change, slot.waiting = None, True
            self.told(change.name, why)
            return
        async with self._changing:
            await self.put_back(change)
            slot.change = None
        self.told(change.name, f"the change was taken back: {why}")
        name: Name = "eth" if change.name == "eth" else "wifi_sta"
        try:
            await self._configuration.take_back(name, change.settings, change.before.saved)
        except Unavailable as error:
            _log.error("setting not taken back", of=name, why=str(error))


async def _nothing() -> None:
    """Takes back what was not done."""


def _is_here(host: str) -> bool:
    """Whether who asks sits at this machine: no change of its network cuts them off."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
