"""A NetworkManager for tests, on a real bus: its objects, signatures, errors and signals.

Devices come up, or fail, as the test says.

Source: NetworkManager D-Bus reference 1.42, and what NetworkManager 1.42.4 answered to our calls.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.unpack import unpack_variants
from tests.gateway import networkmanager_rules as rules
from tests.gateway.networkmanager_rules import CONNECTION, Error, Profile

NM = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
AGENTS = f"{ROOT}/AgentManager"
WIRELESS = f"{NM}.Device.Wireless"
ACTIVE = f"{NM}.Connection.Active"
WAIT_S = 20.0

Properties = dict[str, Variant]
Method = Callable[..., Any]


class FakeNetworkManager:
    """NetworkManager, as far as a gateway sees it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._bus: MessageBus | None = None
        self._count = 0
        self._moved = asyncio.Event()
        self._asking: set[asyncio.Future[Any]] = set()
        self.objects: dict[str, dict[str, Properties]] = {}
        self.profiles: dict[str, Profile] = {}
        """What was written, by the path of the profile."""
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        """Every method that was called, and with what: variants are plain values."""
        self.refusing: dict[str, tuple[str, str]] = {}
        """Errors that methods answer with, by the method's name."""
        self.failing: dict[str, int] = {}
        """Reasons why devices do not come up, by their interface."""
        self.silent: set[str] = set()
        """Methods that never answer."""
        self.checkpoints: dict[str, tuple[str, str, dict[str, Profile]]] = {}
        """Device, active profile and all profiles, of each checkpoint."""
        self.agent: str | None = None
        self.add("", {NM: {"WirelessEnabled": Variant("b", True)}})
        self._methods: dict[tuple[str, str], tuple[str, str, Method]] = {
            (NM, "GetDevices"): ("", "ao", self._devices),
            (NM, "ActivateConnection"): ("ooo", "o", self._activate),
            (NM, "CheckpointCreate"): ("aouu", "o", self._checkpoint),
            (NM, "CheckpointDestroy"): ("o", "", self._destroy),
            (NM, "CheckpointRollback"): ("o", "a{su}", self._roll_back),
            (f"{NM}.Settings", "GetConnectionByUuid"): ("s", "o", self._by_uuid),
            (f"{NM}.Settings", "AddConnection"): ("a{sa{sv}}", "o", self._add),
            (CONNECTION, "Update"): ("a{sa{sv}}", "", self._update),
            (CONNECTION, "Delete"): ("", "", self._delete),
            (CONNECTION, "GetSettings"): ("", "a{sa{sv}}", self._settings),
            (CONNECTION, "GetSecrets"): ("s", "a{sa{sv}}", self._secrets),
            (f"{NM}.Device", "Disconnect"): ("", "", self._disconnect),
            (WIRELESS, "RequestScan"): ("a{sv}", "", self._scan),
            (WIRELESS, "GetAllAccessPoints"): ("", "ao", self._points),
            (f"{NM}.AgentManager", "Register"): ("s", "", self._register),
            (f"{NM}.AgentManager", "Unregister"): ("", "", self._unregister),
            (PROPERTIES, "GetAll"): ("s", "a{sv}", self._get_all),
            (PROPERTIES, "Set"): ("ssv", "", self._set),
        }

    # --- for the test

    async def start(self) -> None:
        """On the bus, under its name."""
        self._bus = await MessageBus(self._address).connect()
        self._bus.add_message_handler(self._heard)
        await self._bus.request_name(NM)

    async def stop(self) -> None:
        """Off the bus; what it knows it knows again when it starts."""
        bus, self._bus = self._bus, None
        if bus and bus.connected:
            await bus.release_name(NM)
            bus.disconnect()

    def add(self, under: str, interfaces: dict[str, Properties]) -> str:
        """A new object; gives its path."""
        self._count += 1
        path = f"{ROOT}/{under}/{self._count}" if under else ROOT
        self.objects[path] = interfaces
        return path

    def ethernet(
        self, interface: str = "eth0", state: int = 30, mac: str = "A8:42:E3:9F:81:27"
    ) -> str:
        """An Ethernet port; gives its path."""
        wired = {f"{NM}.Device.Wired": {"HwAddress": Variant("s", mac)}}
        return self.add(
            "Devices", {f"{NM}.Device": rules.device(interface, 1, state, mac), **wired}
        )

    def wifi(
        self, interface: str = "wlan0", state: int = 30, mac: str = "A8:42:E3:9F:81:24"
    ) -> str:
        """A Wi-Fi device; gives its path."""
        radio = {
            "HwAddress": Variant("s", mac),
            "ActiveAccessPoint": Variant("o", "/"),
            "AccessPoints": Variant("ao", []),
            "LastScan": Variant("x", 1000),
        }
        return self.add(
            "Devices", {f"{NM}.Device": rules.device(interface, 2, state, mac), WIRELESS: radio}
        )

    def point(self, device: str, ssid: bytes, bssid: str = "DC:15:C8:4F:BA:B6", **also: Any) -> str:
        """An access point that a device sees; gives its path."""
        said = {
            "Flags": Variant("u", also.get("flags", 1)),
            "WpaFlags": Variant("u", also.get("wpa", 0)),
            "RsnFlags": Variant("u", also.get("rsn", 0x188)),
            "Ssid": Variant("ay", ssid),
            "Frequency": Variant("u", also.get("frequency", 2472)),
            "HwAddress": Variant("s", bssid),
            "Strength": Variant("y", also.get("strength", 80)),
        }
        if "bandwidth" in also:
            said["Bandwidth"] = Variant("u", also["bandwidth"])
        path = self.add("AccessPoint", {f"{NM}.AccessPoint": said})
        points = [*self.objects[device][WIRELESS]["AccessPoints"].value, path]
        self.objects[device][WIRELESS]["AccessPoints"] = Variant("ao", points)
        return path

    def said(self, member: str) -> list[tuple[Any, ...]]:
        """With what a method was called, each time."""
        return [given for name, given in self.calls if name == member]

    def written(self) -> list[dict[str, dict[str, Any]]]:
        """The profiles there are, plain."""
        return [unpack_variants(profile) for profile in self.profiles.values()]

    def state(self, device: str) -> int:
        """A device's state."""
        return int(self.objects[device][f"{NM}.Device"]["State"].value)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until something has been called, and the condition holds after it."""
        async with asyncio.timeout(WAIT_S):
            while not condition():
                self._moved.clear()
                await self._moved.wait()

    async def connected(self, device: str, settings: Profile) -> str:
        """A profile of somebody else's, and the device connected with it; gives its path."""
        profile = self._add("", settings)
        self._activate("", profile, device, "/")
        await self.until(lambda: self.state(device) == 100)
        return str(profile)

    def change(self, path: str, interface: str, **properties: Variant) -> None:
        """Sets properties, and says so."""
        self.objects[path][interface].update(properties)
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, properties, []])

    def press(self, device: str, password: str) -> None:
        """The router has handed out its password.  Source: nm-device-wifi, WPS credentials."""
        active = self.objects[device][f"{NM}.Device"]["ActiveConnection"].value
        profile = self.objects[active][ACTIVE]["Connection"].value
        self.profiles[profile]["802-11-wireless-security"]["psk"] = Variant("s", password)
        self._move(device, 100, active)

    # --- what it answers

    def _heard(self, message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL or not message.interface:
            return False
        if message.destination != NM and self._bus and message.destination != self._bus.unique_name:
            return False
        try:
            return self._answer(message)
        except Error as error:
            return Message.new_error(message, error.name, error.why)

    def _answer(self, message: Message) -> Message | bool:
        interface, member, path = str(message.interface), str(message.member), str(message.path)
        if (interface, member) not in self._methods:
            raise Error("org.freedesktop.DBus.Error.UnknownMethod", f"No such method “{member}”")
        signature, gives, method = self._methods[interface, member]
        if message.signature != signature:
            why = f"Type of message, “({message.signature})”, does not match expected type"
            raise Error("org.freedesktop.DBus.Error.InvalidArgs", f"{why} “({signature})”")
        if interface != PROPERTIES:
            self.calls.append((member, tuple(unpack_variants(message.body))))
        if member in self.silent:
            return True
        if member in self.refusing:
            raise Error(*self.refusing[member])
        if member == "Register":
            self.agent = message.sender
        given = method(path, *message.body)
        self._moved.set()
        return Message.new_method_return(message, gives, [given] if gives else [])

    def _signal(
        self, path: str, interface: str, member: str, signature: str, body: list[Any]
    ) -> None:
        if self._bus:
            self._bus.send(Message.new_signal(path, interface, member, signature, body))
        self._moved.set()

    def _get_all(self, path: str, interface: str) -> Properties:
        if path not in self.objects:
            raise rules.gone(path)
        return self.objects[path].get(interface, {})

    def _set(self, path: str, interface: str, name: str, value: Variant) -> None:
        self.calls.append((f"Set {name}", (value.value,)))
        self.change(path, interface, **{name: value})

    def _devices(self, path: str) -> list[str]:
        return [one for one in self.objects if "/Devices/" in one]

    def _points(self, path: str) -> list[str]:
        return list(self.objects[path][WIRELESS]["AccessPoints"].value)

    def _scan(self, path: str, options: Any) -> None:
        last = self.objects[path][WIRELESS]["LastScan"].value
        self.change(path, WIRELESS, LastScan=Variant("x", last + 1000))

    def _register(self, path: str, name: str) -> None:
        assert path == AGENTS

    def _unregister(self, path: str) -> None:
        self.agent = None

    # --- profiles

    def _by_uuid(self, path: str, uid: str) -> str:
        for found, profile in self.profiles.items():
            if profile["connection"]["uuid"].value == uid:
                return found
        why = "No connection with the UUID was found."
        raise Error(f"{NM}.Settings.InvalidConnection", why)

    def _add(self, path: str, given: Profile) -> str:
        profile = rules.checked(rules.taken(given))
        uid = profile["connection"]["uuid"].value
        if any(one["connection"]["uuid"].value == uid for one in self.profiles.values()):
            why = "a connection with this UUID already exists"
            raise Error(f"{NM}.Settings.UuidExists", why)
        made = self.add("Settings", {CONNECTION: {}})
        self.profiles[made] = profile
        return made

    def _update(self, path: str, given: Profile) -> None:
        self._profile(path)
        self.profiles[path] = rules.checked(rules.taken(given))

    def _delete(self, path: str) -> None:
        self._profile(path)
        del self.profiles[path]
        del self.objects[path]
        for device in self._devices(""):
            active = self.objects[device][f"{NM}.Device"]["ActiveConnection"].value
            if active != "/" and self.objects[active][ACTIVE]["Connection"].value == path:
                self._move(device, 30)

    def _profile(self, path: str) -> Profile:
        if path not in self.profiles:
            raise rules.gone(path)
        return self.profiles[path]

    def _settings(self, path: str) -> Profile:
        return rules.shown(self._profile(path))

    def _secrets(self, path: str, section: str) -> Profile:
        return rules.secrets(self._profile(path), section)

    # --- devices

    def _activate(self, path: str, profile: str, device: str, point: str) -> str:
        if profile not in self.profiles:
            raise Error(f"{NM}.UnknownConnection", "Connection could not be found.")
        if device not in self.objects or self.state(device) <= 20:
            why = "is not available on device because device has no carrier"
            raise Error(f"{NM}.UnknownConnection", f"Connection {why}")
        uid = self.profiles[profile]["connection"]["uuid"]
        said = {"Connection": Variant("o", profile), "Uuid": uid, "State": Variant("u", 1)}
        active = self.add("ActiveConnection", {ACTIVE: said})
        self._move(device, 40, active)
        asyncio.get_running_loop().call_soon(self._go_on, device, active)
        return active

    def _go_on(self, device: str, active: str) -> None:
        """What becomes of an activation."""
        said = self.objects[device][f"{NM}.Device"]
        if said["ActiveConnection"].value != active:
            return
        profile = self.profiles[self.objects[active][ACTIVE]["Connection"].value]
        security = profile.get("802-11-wireless-security", {})
        if "wps-method" in security and "psk" not in security and self.agent:
            self._move(device, 60, active)
            self._ask_agent(active)
        elif "wps-method" in security and "psk" not in security:
            self._fail(device, 7)
        elif said["Interface"].value in self.failing:
            self._fail(device, self.failing[said["Interface"].value])
        else:
            self._move(device, 100, active)

    def _ask_agent(self, active: str) -> None:
        """It waits for the answer, and for the router."""
        profile = self.objects[active][ACTIVE]["Connection"].value
        assert self._bus
        asking = self._bus.call(
            Message(
                destination=self.agent,
                path=f"{ROOT}/SecretAgent",
                interface=f"{NM}.SecretAgent",
                member="GetSecrets",
                signature="a{sa{sv}}osasu",
                body=[self._settings(profile), profile, "802-11-wireless-security", [], 0xD],
            )
        )
        self._asking.add(asyncio.ensure_future(asking))

    def _fail(self, device: str, reason: int) -> None:
        """Source: 1.42: the device fails, its active connection goes, and it is free again."""
        state = self.state(device)
        self._signal(device, f"{NM}.Device", "StateChanged", "uuu", [120, state, reason])
        self._move(device, 30)

    def _move(self, device: str, state: int, active: str = "/") -> None:
        said = self.objects[device][f"{NM}.Device"]
        before = said["ActiveConnection"].value
        if before not in ("/", active):
            self.objects.pop(before, None)
        if active != "/":
            self.objects[active][ACTIVE]["State"] = Variant("u", 2 if state == 100 else 1)
        address = self._addressed(active) if state == 100 else "/"
        self.change(
            device,
            f"{NM}.Device",
            State=Variant("u", state),
            ActiveConnection=Variant("o", active),
            Ip4Config=Variant("o", address),
        )

    def _addressed(self, active: str) -> str:
        profile = self.profiles[self.objects[active][ACTIVE]["Connection"].value]
        return self.add("IP4Config", {f"{NM}.IP4Config": rules.addresses(profile)})

    def _disconnect(self, path: str) -> None:
        if self.state(path) < 40:
            raise Error(f"{NM}.Device.NotActive", "This device is not active")
        self._move(path, 30)

    # --- checkpoints

    def _checkpoint(self, path: str, devices: list[str], timeout_s: int, flags: int) -> str:
        (device,) = devices
        active = self.objects[device][f"{NM}.Device"]["ActiveConnection"].value
        profile = self.objects[active][ACTIVE]["Connection"].value if active != "/" else "/"
        made = self.add("Checkpoint", {f"{NM}.Checkpoint": {}})
        self.checkpoints[made] = (device, profile, {k: dict(v) for k, v in self.profiles.items()})
        return made

    def _destroy(self, path: str, checkpoint: str) -> None:
        if self.checkpoints.pop(checkpoint, None) is None:
            raise Error(f"{NM}.InvalidArguments", f"checkpoint {checkpoint} does not exist")

    def _roll_back(self, path: str, checkpoint: str) -> dict[str, int]:
        device, profile, profiles = self.checkpoints[checkpoint]
        self._destroy(path, checkpoint)
        if profile in self.profiles:
            self.profiles[profile] = profiles[profile]
            self.failing.pop(self.objects[device][f"{NM}.Device"]["Interface"].value, None)
            self._activate(path, profile, device, "/")
        return {device: 0}
