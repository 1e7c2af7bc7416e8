"""How the machine is on its network, as NetworkManager tells.

Source: REST/MQTT 2.0, 2.3 (`.wifi`, `.ethernet`); NetworkManager D-Bus reference 1.42.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ohmstead.gateway import network_manager_air as air
from ohmstead.gateway.network_api import Station
from ohmstead.gateway.network_manager_bus import NM, NONE, ROOT, Bus
from ohmstead.settings.network import NOWHERE
from ohmstead.surfaces.device import Ethernet, Wifi

ETHERNET, WIFI, VETH = 1, 2, 20
"""NMDeviceType; a veth pair is the Ethernet port of a container."""
KINDS = {"eth": (ETHERNET, VETH), "wifi_sta": (WIFI,)}
"""Which devices a settings object is about, the better ones first."""
WIRED, WIRELESS = f"{NM}.Device.Wired", f"{NM}.Device.Wireless"

UNMANAGED, UNAVAILABLE, DISCONNECTED, PREPARE, ACTIVATED, DEACTIVATING = 10, 20, 30, 40, 100, 110
"""NMDeviceState."""

MOST_POINTS = 256


@dataclass(frozen=True, slots=True)
class Port:
    """A network device."""

    path: str
    interface: str
    kind: int
    state: int
    active: str = NONE
    """Its active connection."""
    ip4: str = NONE
    """Its addresses."""
    mac: str = ""

    @property
    def up(self) -> bool:
        """Whether it is connected."""
        return self.state == ACTIVATED


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen."""

    ethernet: Ethernet | None = None
    wifi: Wifi | None = None
    """With the status that the device alone tells: OK, Disconnected or Disabled."""
    ports: Mapping[str, Port] = field(default_factory=dict)
    """The device of each settings object that has one."""


async def port_of(bus: Bus, name: str) -> Port | None:
    """The device that a settings object is about: one that is up before one that is not."""
    kinds = KINDS[name]
    found = [
        Port(
            path,
            str(said.get("Interface", "")),
            said["DeviceType"],
            said.get("State", 0),
            said.get("ActiveConnection", NONE),
            said.get("Ip4Config", NONE),
            said.get("HwAddress", ""),
        )
        for path in await bus.call(ROOT, NM, "GetDevices")
        if (said := await bus.properties(path, f"{NM}.Device")).get("DeviceType") in kinds
        and said.get("Managed", True)
        and said.get("State", 0) != UNMANAGED
    ]
    return min(
        found,
        key=lambda one: (kinds.index(one.kind), not one.up, -one.state, one.interface),
        default=None,
    )


async def active_uuid(bus: Bus, port: Port) -> str:
    """The UUID of the profile that the device is connected, or connects, with; "" for none."""
    if port.active == NONE:
        return ""
    said = await bus.properties(port.active, f"{NM}.Connection.Active")
    return str(said.get("Uuid", ""))


async def look(bus: Bus) -> Look:
    """Looks.  Away without NetworkManager."""
    ethernet, wifi = await port_of(bus, "eth"), await port_of(bus, "wifi_sta")
    found = {"eth": ethernet, "wifi_sta": wifi}
    return Look(
        await _ethernet(bus, ethernet) if ethernet else None,
        await _wifi(bus, wifi) if wifi else None,
        {name: port for name, port in found.items() if port},
    )


async def _ethernet(bus: Bus, port: Port) -> Ethernet:
    mac = port.mac or (await bus.properties(port.path, WIRED)).get("HwAddress", "")
    at = await _addresses(bus, port)
    return Ethernet(
        mac=air.plain_mac(mac), up=port.up, ip=at.ip, mask=at.mask, gateway=at.gateway, dns=at.dns
    )


@dataclass(frozen=True, slots=True)
class Addresses:
    """Of a device; 0.0.0.0 for what there is none of (sample, 2.3)."""

    ip: str
    mask: str
    gateway: str
    dns: str


async def _addresses(bus: Bus, port: Port) -> Addresses:
    said = await bus.properties(port.ip4, f"{NM}.IP4Config") if port.ip4 != NONE else {}
    first: Mapping[str, Any] = next(iter(said.get("AddressData", ())), {})
    server: Mapping[str, Any] = next(iter(said.get("NameserverData", ())), {})
    bits = first.get("prefix")
    return Addresses(
        first.get("address", NOWHERE),
        str(ipaddress.IPv4Network((0, bits)).netmask) if bits is not None else NOWHERE,
        said.get("Gateway") or NOWHERE,
        server.get("address", NOWHERE),
    )


async def _wifi(bus: Bus, port: Port) -> Wifi:
    said = await bus.properties(port.path, WIRELESS)
    radio = await bus.properties(ROOT, NM)
    point = said.get("ActiveAccessPoint", NONE)
    seen = await bus.properties(point, f"{NM}.AccessPoint") if port.up and point != NONE else {}
    at, region = await _addresses(bus, port), air.country()
    on = radio.get("WirelessEnabled", True) and radio.get("WirelessHardwareEnabled", True)
    here = Wifi(
        mac=air.plain_mac(port.mac or said.get("HwAddress", "")),
        country=region,
        status="Disabled" if not on else "OK" if port.up else "Disconnected",
        ip=at.ip,
        mask=at.mask,
        gateway=at.gateway,
        dns=at.dns,
    )
    return _joined(here, air.station(seen, region)) if seen else here


def _joined(wifi: Wifi, station: Station) -> Wifi:
    """The Wi-Fi, in this network."""
    return replace(
        wifi,
        ssid=station.ssid,
        bssid=station.bssid,
        channel=station.channel,
        ht=station.ht,
        rssi=station.rssi,
        signal=station.signal,
        auth_mode=station.auth_mode,
        pairwise_cipher=station.pairwise_cipher,
        group_cipher=station.group_cipher,
        phy=station.phy,
        wps=station.wps == "true",
    )


async def points(bus: Bus, port: Port) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """The access points in reach that say their name, the strongest first: path, properties."""
    paths = await bus.call(port.path, WIRELESS, "GetAllAccessPoints")
    found = [
        (path, said)
        for path in paths[:MOST_POINTS]
        if (said := await bus.properties(path, f"{NM}.AccessPoint")) and any(said.get("Ssid", b""))
    ]
    return sorted(found, key=lambda one: (-one[1].get("Strength", 0), one[1].get("HwAddress", "")))
