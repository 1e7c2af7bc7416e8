"""Pairing by the router's button.  Source: REST/MQTT 2.0, 6.9.

NetworkManager takes the password from the router while it waits for somebody to type it: so there
must be somebody, an agent, who is asked and does not answer.  Source: NetworkManager D-Bus
reference 1.42, SecretAgent, and nm-settings-dbus, `wps-method`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ohmstead.errors import Unavailable
from ohmstead.gateway.network_manager_air import WPS, WPS_BUTTON_PRESSED
from ohmstead.gateway.network_manager_bus import NM, ROOT, SETTINGS, Bus, Refused
from ohmstead.gateway.network_manager_change import (
    ACTIVATED_CONNECTION,
    ENDED,
    PROFILE,
    Failed,
)
from ohmstead.gateway.network_manager_look import WIRELESS, Port, points
from ohmstead.gateway.network_manager_profile import SECURITY, of_pairing

if TYPE_CHECKING:
    from dbus_fast import Message

PAIRING_S = 120.0
"""6.9: "will automatically turn off after 2 minutes"."""
LOOK_S = 1.0
SCAN_EVERY = 5
"""Looks from one scan to the next."""

AGENTS, AGENT_MANAGER = f"{ROOT}/AgentManager", f"{NM}.AgentManager"
AGENT = f"{NM}.SecretAgent"
AGENT_NAME = "ohmstead"

Point = tuple[str, Mapping[str, Any]]


async def pair(bus: Bus, port: Port) -> tuple[str, str, str]:
    """Name and password of the network whose button was pressed, and the profile it is used with.

    The caller removes the profile.  Failed, saying why, when nothing comes of it in two minutes.
    """
    agent = _Agent(bus)
    try:
        async with asyncio.timeout(PAIRING_S):
            await agent.enter()
            point, seen = await _pressed(bus, port)
            profile = of_pairing(bytes(seen["Ssid"]), port.interface)
            add = (SETTINGS, f"{NM}.Settings", "AddConnection")
            agent.profile = await bus.call(*add, "a{sa{sv}}", profile)
            at = (agent.profile, port.path, point)
            active = await bus.call(ROOT, NM, "ActivateConnection", "ooo", *at)
            await _up(bus, active)
            secrets = await bus.call(agent.profile, PROFILE, "GetSecrets", "s", SECURITY)
            password = str(secrets.get(SECURITY, {}).get("psk", ""))
            done, agent.profile = agent.profile, None
            return bytes(seen["Ssid"]).decode(), password, done
    except TimeoutError as error:
        raise Failed("no router's button was pressed within two minutes") from error
    finally:
        await agent.leave()


async def _pressed(bus: Bus, port: Port) -> Point:
    """The access point that pairs, as soon as there is one."""
    looks = 0
    while True:
        if looks % SCAN_EVERY == 0:
            with suppress(Refused):  # it scans already
                await bus.call(port.path, WIRELESS, "RequestScan", "a{sv}", {})
        found = _pairing(await points(bus, port), idle=not port.up)
        if found:
            return found
        looks += 1
        await asyncio.sleep(LOOK_S)


def _pairing(seen: Sequence[Point], *, idle: bool) -> Point | None:
    """The strongest whose button is pressed; or the only network that has one, which can be waited
    for while there is no connection to lose.  Failed when two networks pair at once."""
    named = [one for one in seen if _name(one[1])]
    pressed = [one for one in named if one[1].get("Flags", 0) & WPS_BUTTON_PRESSED]
    if len({_name(one[1]) for one in pressed}) > 1:
        raise Failed("two networks pair at the same time: nobody can tell which one is meant")
    able = [one for one in named if one[1].get("Flags", 0) & WPS] if idle else []
    only = able if len({_name(one[1]) for one in able}) == 1 else []
    return next(iter(pressed or only), None)


def _name(point: Mapping[str, Any]) -> str:
    """The network's name; "" for one that is no text: the settings could not hold it."""
    try:
        return bytes(point["Ssid"]).decode()
    except UnicodeDecodeError:
        return ""


async def _up(bus: Bus, active: str) -> None:
    while True:
        said = await bus.properties(active, f"{NM}.Connection.Active")
        state = said.get("State", ENDED)
        if state == ACTIVATED_CONNECTION:
            return
        if state >= ENDED:
            raise Failed("the router did not hand out its password")
        await asyncio.sleep(LOOK_S / 2)


class _Agent:
    """Who is asked for the password of the pairing, and keeps NetworkManager waiting."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.profile: str | None = None
        """What it is asked for; removed in the end, unless it is handed on."""

    async def enter(self) -> None:
        self._bus.answerer = self._answer
        with suppress(Refused):  # one of ours is registered already, or agents are unknown
            await self._bus.call(AGENTS, AGENT_MANAGER, "Register", "s", AGENT_NAME)

    async def leave(self) -> None:
        self._bus.answerer = None
        with suppress(Unavailable):
            await self._bus.call(AGENTS, AGENT_MANAGER, "Unregister")
        if self.profile:
            with suppress(Unavailable):
                await self._bus.call(self.profile, PROFILE, "Delete")

    def _answer(self, message: "Message") -> "Message | bool | None":
        from dbus_fast import Message as Reply  # noqa: PLC0415

        if message.interface != AGENT:
            return None
        if message.member == "GetSecrets":
            if message.body[1] == self.profile:
                return True  # no answer: meanwhile the router gives it
            return Reply.new_error(message, f"{AGENT}.NoSecrets", "this agent only pairs")
        return Reply.new_method_return(message)
