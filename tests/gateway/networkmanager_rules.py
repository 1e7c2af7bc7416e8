"""What NetworkManager takes for a connection profile, and what it answers otherwise.

Each rule and each error's name and text is what NetworkManager 1.42.4 said to the same profile.
"""

import sys
from collections.abc import Mapping
from typing import Any

from dbus_fast import Variant
from dbus_fast.unpack import unpack_variants

CONNECTION = "org.freedesktop.NetworkManager.Settings.Connection"
SECRETS = ("psk", "wep-key0")

SIGNATURES: Mapping[str, Mapping[str, str]] = {
    "connection": {
        "id": "s",
        "uuid": "s",
        "type": "s",
        "interface-name": "s",
        "autoconnect": "b",
        "autoconnect-priority": "i",
    },
    "802-3-ethernet": {},
    "802-11-wireless": {"ssid": "ay", "mode": "s", "tx-power": "u", "hidden": "b"},
    "802-11-wireless-security": {
        "key-mgmt": "s",
        "psk": "s",
        "wep-key0": "s",
        "wps-method": "u",
    },
    "ipv4": {
        "method": "s",
        "may-fail": "b",
        "address-data": "aa{sv}",
        "gateway": "s",
        "dns": "au",
    },
    "ipv6": {"method": "s"},
}
"""The settings and properties that are known here, of the many there are."""
DEFAULTS: Mapping[tuple[str, str], Any] = {
    ("connection", "autoconnect"): True,
    ("connection", "autoconnect-priority"): 0,
    ("802-11-wireless", "hidden"): False,
    ("802-11-wireless", "tx-power"): 0,
    ("ipv4", "may-fail"): True,
}
"""What is left out when a profile is shown."""

Profile = dict[str, dict[str, Variant]]

LEASE = ("192.168.1.77", 24, "192.168.1.1", "192.168.1.53")
"""What DHCP hands out."""


class Error(Exception):
    """An error of D-Bus: its name, and what it says."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why


def checked(given: Profile) -> Profile:
    """The profile, as it is taken; Error as NetworkManager has it."""
    for section, keys in given.items():
        if section not in SIGNATURES:
            raise Error(f"{CONNECTION}.InvalidSetting", f"{section}: unknown setting name")
        for key, value in keys.items():
            signature = SIGNATURES[section].get(key)
            if signature is None:
                raise _invalid(section, key, "unknown property")
            if value.signature != signature:
                raise _invalid(section, key, "property is invalid")
    connection = given.get("connection", {})
    for key in ("id", "uuid", "type"):
        if key not in connection:
            raise _missing("connection", key, "property is missing")
    _check_wifi(given, connection["type"].value)
    _check_addresses(given.get("ipv4", {}))
    return given


def _check_wifi(given: Profile, kind: str) -> None:
    if kind != "802-11-wireless":
        return
    ssid = given.get(kind, {}).get("ssid")
    if ssid is None:
        raise _missing(kind, "ssid", "property is missing")
    if not 1 <= len(ssid.value) <= 32:
        raise _invalid(kind, "ssid", "SSID length is out of range <1-32> bytes")
    security = given.get("802-11-wireless-security", {})
    psk = security["psk"].value if "psk" in security else None
    if psk is not None and not _is_psk(psk):
        raise _invalid("802-11-wireless-security", "psk", "property is invalid")


def _is_psk(psk: str) -> bool:
    if len(psk) == 64:
        return all(one in "0123456789abcdefABCDEF" for one in psk)
    return 8 <= len(psk) <= 63


def _check_addresses(ipv4: dict[str, Variant]) -> None:
    method = ipv4["method"].value if "method" in ipv4 else "disabled"
    addresses = ipv4["address-data"].value if "address-data" in ipv4 else []
    if method == "manual" and not addresses:
        why = "this property cannot be empty for 'method=manual'"
        raise _missing("ipv4", "addresses", why)
    if method == "auto" and "gateway" in ipv4:
        why = "gateway cannot be set if there are no addresses configured"
        raise _invalid("ipv4", "gateway", why)


def _invalid(section: str, key: str, why: str) -> Error:
    return Error(f"{CONNECTION}.InvalidProperty", f"{section}.{key}: {why}")


def _missing(section: str, key: str, why: str) -> Error:
    return Error(f"{CONNECTION}.MissingProperty", f"{section}.{key}: {why}")


def shown(profile: Profile) -> Profile:
    """A profile as GetSettings gives it: no secrets, nothing that goes without saying."""
    found = {
        section: {
            key: value
            for key, value in keys.items()
            if key not in SECRETS and DEFAULTS.get((section, key)) != value.value
        }
        for section, keys in profile.items()
    }
    for version in ("ipv4", "ipv6"):
        found.setdefault(version, {}).setdefault("address-data", Variant("aa{sv}", []))
    return {**found, "proxy": {}}


def taken(given: Profile) -> Profile:
    """What a client gives back, without what only GetSettings has."""
    found = {section: dict(keys) for section, keys in given.items() if section != "proxy"}
    for version in ("ipv4", "ipv6"):
        data = found.get(version, {}).get("address-data")
        if data is not None and not data.value:
            del found[version]["address-data"]
    return found


def secrets(profile: Profile, section: str) -> Profile:
    """A profile's secrets of one section; Error where it has no such section."""
    if section not in profile:
        name = "org.freedesktop.NetworkManager.Settings.InvalidConnection"
        raise Error(name, f"Setting {section} not found")
    return {section: {key: one for key, one in profile[section].items() if key in SECRETS}}


def addresses(profile: Profile) -> dict[str, Variant]:
    """What a device that came up with this profile has, as IP4Config says it."""
    given = unpack_variants(profile.get("ipv4", {}))
    ip, prefix, gateway, dns = LEASE
    if given.get("method") == "manual":
        (first,) = given["address-data"]
        ip, prefix, gateway = first["address"], first["prefix"], given["gateway"]
        dns = ".".join(str(one) for one in given["dns"][0].to_bytes(4, sys.byteorder))
    at = [{"address": Variant("s", ip), "prefix": Variant("u", prefix)}]
    return {
        "AddressData": Variant("aa{sv}", at),
        "Gateway": Variant("s", gateway),
        "NameserverData": Variant("aa{sv}", [{"address": Variant("s", dns)}]),
    }


def device(interface: str, kind: int, state: int, mac: str) -> dict[str, Variant]:
    """The properties of a device that is not connected."""
    return {
        "Interface": Variant("s", interface),
        "DeviceType": Variant("u", kind),
        "State": Variant("u", state),
        "Managed": Variant("b", True),
        "HwAddress": Variant("s", mac),
        "ActiveConnection": Variant("o", "/"),
        "Ip4Config": Variant("o", "/"),
    }


def gone(path: str) -> Error:
    """There is no such object."""
    why = f"Object does not exist at path “{path}”"
    return Error("org.freedesktop.DBus.Error.UnknownMethod", why)
