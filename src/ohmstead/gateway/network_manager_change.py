"""A change of the machine's network that can be taken back.

Only our own profile is written; other profiles are neither changed nor removed.  Where the device
was up, NetworkManager takes a checkpoint: should this process end before the change has proven
itself, NetworkManager goes back alone.  Source: NetworkManager D-Bus reference 1.42.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ohmstead.errors import BadInput
from ohmstead.gateway.network_manager_bus import NM, NONE, ROOT, SETTINGS, Bus, Profile, Refused
from ohmstead.gateway.network_manager_look import (
    ACTIVATED,
    PREPARE,
    UNAVAILABLE,
    Port,
    active_uuid,
    port_of,
)
from ohmstead.gateway.network_manager_profile import SECURITY

PROFILE = f"{NM}.Settings.Connection"

OUTCOME_S = 75.0
"""A change has proven itself by then, or not: DHCP alone may take 45 s."""
CHECKPOINT_S = 120
"""Without us NetworkManager goes back after so long."""
NEW_PROFILES_GO, MAY_OVERLAP = 2, 8
"""NMCheckpointCreateFlags."""
LOOK_S = 0.5

ACTIVATED_CONNECTION, ENDED = 2, 4
"""NMActiveConnectionState."""

INVALID = ("Invalid", "Missing", "PropertyType")
"""Beginnings of the errors that a setting itself is to blame for."""

REASONS: Mapping[int, str] = {
    5: "it got no address: does a DHCP server answer?",
    7: "the password is missing or wrong",
    8: "the network turned it away: is the password right?",
    11: "the network did not answer in time: is the password right?",
    15: "it got no address: the DHCP client does not start",
    16: "it got no address: the DHCP client failed",
    17: "it got no address: no DHCP server answers",
    40: "the cable is unplugged",
    53: "no such network is in reach",
}
"""NMDeviceStateReason, in words."""


Kept = Mapping[str, Mapping[str, Any]]
"""A profile of NetworkManager's, its variants as they came."""


class Failed(Exception):
    """A change did not come into effect; why, in words."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a change began from."""

    saved: Any
    """The settings object."""
    profile: Kept | None
    """Our profile, its secrets too."""
    active: str
    """The profile that the device was connected with; `/` for none."""
    up: bool
    """Whether the device was connected: there is a contact to lose."""
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What the device shall be like from now on."""

    name: str
    """Of the settings object."""
    settings: Any
    port: Port | None
    uid: str
    """Of our profile."""
    wanted: Profile | None
    """None: not connected, and no profile of ours."""
    before: Before
    gently: bool = False
    """It may cut off who asked for it: they are answered first."""
    active: str | None = None
    """The active connection that it began."""


async def profile_path(bus: Bus, uid: str) -> str | None:
    """Where our profile is; None when there is none."""
    try:
        path: str = await bus.call(SETTINGS, f"{NM}.Settings", "GetConnectionByUuid", "s", uid)
    except Refused:
        return None
    return path


async def profile_of(bus: Bus, uid: str) -> Kept | None:
    """Our profile with its secrets, as NetworkManager takes it back; None when there is none."""
    path = await profile_path(bus, uid)
    if path is None:
        return None
    found: dict[str, dict[str, Any]] = await bus.kept(path, PROFILE, "GetSettings")
    if SECURITY in found:
        with suppress(Refused):
            secrets = await bus.kept(path, PROFILE, "GetSecrets", "s", SECURITY)
            found[SECURITY] = {**found[SECURITY], **secrets.get(SECURITY, {})}
    return found


async def before(bus: Bus, port: Port | None, uid: str, saved: Any, *, guard: bool) -> Before:
    """What is now; with `guard` NetworkManager comes back to it by itself, unless told not to."""
    found = await profile_of(bus, uid)
    if port is None:
        return Before(saved, found, NONE, False)
    active = await bus.properties(port.active, f"{NM}.Connection.Active") if port.up else {}
    checkpoint = None
    if guard and port.up:
        with suppress(Refused):  # a NetworkManager before 1.4 has none; we come back ourselves
            checkpoint = await bus.call(
                ROOT,
                NM,
                "CheckpointCreate",
                "aouu",
                [port.path],
                CHECKPOINT_S,
                NEW_PROFILES_GO | MAY_OVERLAP,
            )
    return Before(saved, found, active.get("Connection", NONE), port.up, checkpoint)


async def write(bus: Bus, change: Change) -> None:
    """Gives NetworkManager our profile.  BadInput or Refused when it does not take it."""
    if change.wanted is None:
        return
    path = await profile_path(bus, change.uid)
    try:
        if path is None:
            add = (SETTINGS, f"{NM}.Settings", "AddConnection")
            await bus.call(*add, "a{sa{sv}}", change.wanted)
        else:
            await bus.call(path, PROFILE, "Update", "a{sa{sv}}", change.wanted)
    except Refused as error:
        if error.name.startswith(INVALID):
            raise BadInput(f"NetworkManager does not accept that: {error.why}") from error
        raise


async def activate(bus: Bus, change: Change) -> str | None:
    """Connects the device with our profile, or disconnects it; gives the active connection.

    None when nothing was begun: the device connects by itself, as soon as it can.  Refused when it
    may not be.
    """
    port = change.port
    if port is None:
        return None
    if change.wanted is None:
        await _leave(bus, port)
        await remove(bus, change.uid)
        return None
    bus.failures.pop(port.path, None)
    path = await profile_path(bus, change.uid)
    if path is None or port.state <= UNAVAILABLE:
        return None
    active: str = await bus.call(ROOT, NM, "ActivateConnection", "ooo", path, port.path, NONE)
    return active


async def _leave(bus: Bus, port: Port) -> None:
    """Disconnects the device, and keeps it from connecting again by itself."""
    if not PREPARE <= port.state <= ACTIVATED:
        return
    try:
        await bus.call(port.path, f"{NM}.Device", "Disconnect")
    except Refused as error:
        if error.name in ("UnknownMethod", "UnknownInterface"):
            await bus.call(ROOT, NM, "DeactivateConnection", "o", port.active)
        elif error.name != "NotActive":
            raise


async def remove(bus: Bus, uid: str) -> None:
    """Removes our profile, if there is one."""
    path = await profile_path(bus, uid)
    if path:
        await bus.call(path, PROFILE, "Delete")


async def outcome(bus: Bus, change: Change) -> None:
    """Returns when the device is up with our profile; Failed when it does not come up in time."""
    port = change.port
    if port is None or change.wanted is None:
        return
    if change.name == "eth" and port.state <= UNAVAILABLE:
        raise Failed("the cable is unplugged; the setting counts as soon as it is not")
    with suppress(TimeoutError):
        async with asyncio.timeout(OUTCOME_S):
            while port.path not in bus.failures:
                state = await _state(bus, change)
                if state == ACTIVATED_CONNECTION:
                    return
                if state >= ENDED:
                    break
                await asyncio.sleep(LOOK_S)
    reason = bus.failures.get(port.path)
    known = REASONS.get(reason, f"NetworkManager's reason is {reason}") if reason else None
    raise Failed(known or "it did not come up")


async def _state(bus: Bus, change: Change) -> int:
    """Of what `activate` began; where it began nothing, of what the device does by itself."""
    if change.active:
        said = await bus.properties(change.active, f"{NM}.Connection.Active")
        return int(said.get("State", ENDED))
    now = await port_of(bus, change.name)
    ours = now is not None and await active_uuid(bus, now) == change.uid
    return ACTIVATED_CONNECTION if ours and now and now.up else 0


async def keep(bus: Bus, was: Before) -> None:
    """The change stays."""
    if was.checkpoint:
        with suppress(Refused):  # it may have run out
            await bus.call(ROOT, NM, "CheckpointDestroy", "o", was.checkpoint)


async def take_back(bus: Bus, change: Change) -> None:
    """Back to what was before: our profile, and the connection of the device."""
    was, port = change.before, change.port
    if was.checkpoint:
        with suppress(Refused):
            await bus.call(ROOT, NM, "CheckpointRollback", "o", was.checkpoint)
    path = await profile_path(bus, change.uid)
    if was.profile is None:
        await remove(bus, change.uid)
    elif path is None:
        await bus.call(SETTINGS, f"{NM}.Settings", "AddConnection", "a{sa{sv}}", was.profile)
    elif was.profile != await profile_of(bus, change.uid):
        await bus.call(path, PROFILE, "Update", "a{sa{sv}}", was.profile)
    now = await port_of(bus, change.name) if port else None
    if was.up and was.active != NONE and now and not await _is(bus, now, was.active):
        await bus.call(ROOT, NM, "ActivateConnection", "ooo", was.active, now.path, NONE)


async def _is(bus: Bus, port: Port, profile: str) -> bool:
    """Whether the device is connected, or connects, with this profile."""
    said = await bus.properties(port.active, f"{NM}.Connection.Active")
    return said.get("Connection") == profile and said.get("State", ENDED) <= ACTIVATED_CONNECTION
