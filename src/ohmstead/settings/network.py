"""How the device is on the network.  Source: REST/MQTT 2.0, 6.7 and 6.10."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import force_setattr

from ohmstead.settings.form import SECRET, Form

BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
RESERVED = 0xF
"""The first bits of addresses that nobody has.  Source: RFC 1112, 4."""
WITHOUT_BROADCAST = 31
"""Networks of so many bits, and more, have devices only.  Source: RFC 3021."""
NOWHERE = "0.0.0.0"  # noqa: S104  (no address to listen on, but the sign for none)

Address = Annotated[
    str, Meta(pattern=rf"^(?:{BYTE}\.){{3}}{BYTE}$(?!\n)", description="IPv4; 0.0.0.0 for none.")
]
StaticIp = Annotated[bool, Meta(description="Whether the addresses below count, and not DHCP.")]


LONGEST_SSID = 32
"""Bytes.  Source: IEEE 802.11, 9.4.2.2."""


def _check(ip: str, netmask: str, gateway: str, dns: str) -> None:
    given = {"ip": ip, "netmask": netmask, "gateway": gateway, "dns": dns}
    for name, address in given.items():
        if address == NOWHERE:
            raise ValueError(f"{name} must not be {NOWHERE} while static_ip is set")
    ones = f"{int(IPv4Address(netmask)):032b}".rstrip("0")
    if "0" in ones:
        raise ValueError(f"netmask {netmask} is none: its ones must stand together, from the left")
    for name in ("ip", "gateway"):
        one = IPv4Address(given[name])
        if one.is_multicast or one.is_loopback or int(one) >> 28 == RESERVED:
            raise ValueError(f"{name} {one} is no address of a device")
    network = IPv4Network((ip, len(ones)), strict=False)
    if len(ones) < WITHOUT_BROADCAST and ip in map(str, (network[0], network[-1])):
        raise ValueError(f"ip {ip} is no address of a device in {network}")
    if ip == gateway:
        raise ValueError(f"gateway must not be the device itself ({ip})")


class WifiSta(Form, frozen=True):
    """The Wi-Fi client.  Source: REST/MQTT 2.0, 6.7."""

    ALIASES: ClassVar[Mapping[str, str]] = {"max_power": "max_tx_power"}  # Quirk 13

    enable: bool = False
    name: Annotated[
        str, Meta(max_length=32, description="The network (SSID); needed when enabled.")
    ] = ""
    static_ip: StaticIp = False
    ip: Address = NOWHERE
    netmask: Address = NOWHERE
    gateway: Address = NOWHERE
    dns: Address = NOWHERE
    max_tx_power: Annotated[float, Meta(ge=0, le=21, description="dBm, in steps of 0.5.")] = 17
    password: Annotated[
        str,
        Meta(
            pattern=r"^$(?!\n)|^[^\x00-\x1f]{8,63}$(?!\n)|^[0-9A-Fa-f]{64}$(?!\n)",
            description="8 to 63 characters, or 64 hexadecimal digits; empty for an open network.",
        ),
        SECRET,
    ] = ""

    def __post_init__(self) -> None:
        if self.static_ip:
            _check(self.ip, self.netmask, self.gateway, self.dns)
        if self.enable and not self.name:
            raise ValueError("name must not be empty while Wi-Fi is enabled")
        if len(self.name.encode()) > LONGEST_SSID:
            raise ValueError(f"name must not be longer than {LONGEST_SSID} bytes of UTF-8")
        force_setattr(self, "max_tx_power", round(self.max_tx_power * 2) / 2)


class Ethernet(Form, frozen=True):
    """The Ethernet port.  Source: REST/MQTT 2.0, 6.10."""

    enable: bool = True
    static_ip: StaticIp = False
    ip: Address = NOWHERE
    netmask: Address = NOWHERE
    gateway: Address = NOWHERE
    dns: Address = NOWHERE

    def __post_init__(self) -> None:
        if self.static_ip:
            _check(self.ip, self.netmask, self.gateway, self.dns)
