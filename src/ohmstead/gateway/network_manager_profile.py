"""Connection profiles for NetworkManager, made of the device's settings.

Source: REST/MQTT 2.0, 6.7 and 6.10; NetworkManager 1.42, nm-settings-dbus.
"""

import ipaddress
import socket
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from ohmstead.gateway.network_manager_bus import Profile, Typed
from ohmstead.settings.network import Ethernet, WifiSta

ETHERNET, WIFI, SECURITY = "802-3-ethernet", "802-11-wireless", "802-11-wireless-security"
PRIORITY = 100
"""Ours comes before the profiles that the machine was installed with (0)."""
WPS_BUTTON = 4
"""NMSettingWirelessSecurityWpsMethod, push button."""

Found = Mapping[str, Mapping[str, Any]]
"""A profile as NetworkManager gives it."""

DEFAULTS: Mapping[tuple[str, str], object] = {
    ("connection", "autoconnect"): True,
    (WIFI, "tx-power"): 0,
}
"""What NetworkManager does not repeat, because it goes without saying."""
AS_SEEN = {(WIFI, "hidden"), (SECURITY, "key-mgmt")}
"""What depends on which networks are in reach at the moment, and not on the settings."""


def identity(device_id: str, name: str) -> str:
    """The UUID of our profile of one settings object: always the same for the same gateway."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"ohmstead:{device_id}:{name}"))


def prefix(netmask: str) -> int:
    """
    >>> prefix("255.255.255.0")
    24
    """
    return ipaddress.IPv4Network(f"0.0.0.0/{netmask}").prefixlen


def _number(address: str) -> int:
    """An address as NetworkManager's `au` has it: its bytes in the order of the network."""
    return int.from_bytes(socket.inet_aton(address), sys.byteorder)


def _connection(uid: str, kind: str, what: str, interface: str) -> Mapping[str, Typed]:
    return {
        "id": Typed("s", f"Ohmstead {what}"),
        "uuid": Typed("s", uid),
        "type": Typed("s", kind),
        "interface-name": Typed("s", interface),
        "autoconnect": Typed("b", True),
        "autoconnect-priority": Typed("i", PRIORITY),
    }


def _addresses(settings: Ethernet | WifiSta) -> Mapping[str, Mapping[str, Typed]]:
    """IPv4 as the settings say, and needed: without it the device has not come up."""
    ipv4 = {"method": Typed("s", "auto"), "may-fail": Typed("b", False)}
    if settings.static_ip:
        at = {
            "address": Typed("s", settings.ip),
            "prefix": Typed("u", prefix(settings.netmask)),
        }
        ipv4 |= {
            "method": Typed("s", "manual"),
            "address-data": Typed("aa{sv}", [at]),
            "gateway": Typed("s", settings.gateway),
            "dns": Typed("au", [_number(settings.dns)]),
        }
    return {"ipv4": ipv4, "ipv6": {"method": Typed("s", "auto")}}


def of_ethernet(settings: Ethernet, uid: str, interface: str) -> Profile:
    """The profile of the Ethernet port."""
    return {
        "connection": _connection(uid, ETHERNET, "Ethernet", interface),
        ETHERNET: {},
        **_addresses(settings),
    }


def of_wifi(settings: WifiSta, uid: str, interface: str, modes: set[str]) -> Profile:
    """The profile of the Wi-Fi client; `modes` are the `auth_mode`s its network is seen with,
    none when it is not in reach (then it may be a hidden one)."""
    wifi = {
        "ssid": Typed("ay", settings.name.encode()),
        "mode": Typed("s", "infrastructure"),
        "tx-power": Typed("u", round(settings.max_tx_power)),
        "hidden": Typed("b", not modes),
    }
    security = _security(settings.password, modes)
    return {
        "connection": _connection(uid, WIFI, "Wi-Fi", interface),
        WIFI: wifi,
        **({SECURITY: security} if security else {}),
        **_addresses(settings),
    }


def _security(password: str, modes: set[str]) -> Mapping[str, Typed]:
    if not password:
        return {"key-mgmt": Typed("s", "owe")} if modes == {"OWE"} else {}
    if modes == {"WEP"}:
        return {"key-mgmt": Typed("s", "none"), "wep-key0": Typed("s", password)}
    # `wpa-psk` is WPA, WPA2 and, where both sides can, WPA3; `sae` is WPA3 and nothing else.
    way = "sae" if modes == {"WPA3"} else "wpa-psk"
    return {"key-mgmt": Typed("s", way), "psk": Typed("s", password)}


def of_pairing(ssid: bytes, interface: str) -> Profile:
    """A profile that takes its password from the router's button.  Source: 6.9."""
    connection = dict(_connection(str(uuid.uuid4()), WIFI, "pairing", interface))
    return {
        "connection": connection | {"autoconnect": Typed("b", False)},
        WIFI: {"ssid": Typed("ay", ssid), "mode": Typed("s", "infrastructure")},
        SECURITY: {
            "key-mgmt": Typed("s", "wpa-psk"),
            "wps-method": Typed("u", WPS_BUTTON),
        },
        "ipv4": {"method": Typed("s", "auto")},
        "ipv6": {"method": Typed("s", "auto")},
    }


def same(found: Found, wanted: Profile) -> bool:
    """Whether a profile that NetworkManager has (with its secrets) is what we want."""
    if (SECURITY in found) != (SECURITY in wanted):
        return False
    return all(
        found.get(section, {}).get(key, DEFAULTS.get((section, key))) == _plain(typed)
        for section, keys in wanted.items()
        for key, typed in keys.items()
        if (section, key) not in AS_SEEN
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Typed):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
