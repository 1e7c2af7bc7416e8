"""Access points in the words of the device.  Source: REST/MQTT 2.0, 2.3 (`.wifi`) and 6.8;
NetworkManager D-Bus reference 1.42, AccessPoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ohmstead.gateway.network_api import Station

PRIVACY, WPS, WPS_BUTTON_PRESSED = 0x1, 0x2, 0x4
"""NM80211ApFlags."""

WEP40, WEP104, TKIP, CCMP = 0x1, 0x2, 0x4, 0x8
GROUP = 4
"""NM80211ApSecurityFlags: the ciphers of pairs, and so many bits higher those of the group."""
PSK, EAP, SAE, OWE, EAP_192 = 0x100, 0x200, 0x400, 0x800, 0x2000

LONGEST_SSID = 32
REGION = Path("/sys/module/cfg80211/parameters/ieee80211_regdom")
"""Where the kernel says in which country its radios were set up to be."""

Ht = Literal["20", "40+", "40-"]


def channel(megahertz: int) -> int:
    """The number of a channel; 0 for a frequency that has none.  Source: IEEE 802.11, annex E.

    >>> [channel(one) for one in (2412, 2472, 2484, 5180, 5955, 0)]
    [1, 13, 14, 36, 1, 0]
    """
    if 2412 <= megahertz <= 2472:
        return (megahertz - 2407) // 5
    if megahertz == 2484:
        return 14
    if 5000 < megahertz < 5950:
        return (megahertz - 5000) // 5
    if 5955 <= megahertz <= 7115:
        return (megahertz - 5950) // 5
    return 0


def ht(number: int, megahertz: int) -> Ht:
    """Where the second half of a channel `megahertz` wide lies: pairs are fixed at 5 GHz, and the
    lower channels of 2.4 GHz have room above.

    >>> ht(13, 20), ht(6, 40), ht(11, 40), ht(36, 80), ht(40, 80)
    ('20', '40+', '40-', '40+', '40-')
    """
    if megahertz <= 20:
        return "20"
    if number <= 14:
        return "40+" if number <= 7 else "40-"
    first = 149 if number >= 149 else 36
    return "40-" if (number - first) // 4 % 2 else "40+"


def rssi(strength: int) -> int:
    """The dBm that NetworkManager made this percentage of: 100 is -40 dBm, 0 is -100 dBm.

    >>> rssi(100), rssi(50), rssi(0)
    (-40, -70, -100)
    """
    return round(strength * 0.6 - 100)


def auth_mode(flags: int, wpa: int, rsn: int) -> str:
    """How one gets into the network.  Source: 2.3, `.wifi.auth_mode`.

    >>> auth_mode(1, 0, 0x188), auth_mode(1, 0, 0x588), auth_mode(0, 0, 0), auth_mode(1, 0, 0)
    ('WPA2', 'WPA2-WPA3', 'open', 'WEP')
    """
    ways = (
        ((wpa | rsn) & EAP_192, "WPA3-ENT"),
        ((wpa | rsn) & EAP, "EAP"),
        (rsn & SAE and rsn & PSK, "WPA2-WPA3"),
        (rsn & SAE, "WPA3"),
        (rsn & PSK and wpa & PSK, "WPA-WPA2"),
        (rsn & PSK, "WPA2"),
        (wpa & PSK, "WPA"),
        (rsn & OWE, "OWE"),
        (flags & PRIVACY, "WEP"),
    )
    return next((name for there, name in ways if there), "open")


def cipher(flags: int, ciphers: int) -> str:
    """How what is sent is hidden.  Source: 2.3, `.wifi.group_cipher`.

    >>> cipher(1, 0x8), cipher(1, 0xC), cipher(0, 0), cipher(1, 0)
    ('CCMP', 'TKIP-CCMP', 'none', 'unknown')
    """
    if ciphers & CCMP:
        return "TKIP-CCMP" if ciphers & TKIP else "CCMP"
    if ciphers & TKIP:
        return "TKIP"
    if ciphers & (WEP104 | WEP40):
        return "WEP104" if ciphers & WEP104 else "WEP40"
    return "unknown" if flags & PRIVACY else "none"


def phy(megahertz: int) -> str:
    """The kinds of radio: what every access point of that band speaks."""
    if megahertz < 5000:
        return "bgn"
    return "an" if megahertz < 5950 else "ax"


def plain_mac(address: str) -> str:
    """
    >>> plain_mac("dc:15:c8:4f:ba:b6")
    'DC15C84FBAB6'
    """
    return address.replace(":", "").upper()


def country() -> str:
    """Two letters of the country that the radio was set up for; "" when that was not said."""
    try:
        said = REGION.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return said if len(said) == 2 and said.isalpha() else ""


def station(point: Mapping[str, Any], region: str) -> Station:
    """An access point, of its properties."""
    flags, wpa, rsn = (point.get(name, 0) for name in ("Flags", "WpaFlags", "RsnFlags"))
    megahertz, strength = point.get("Frequency", 0), min(100, point.get("Strength", 0))
    number = channel(megahertz)
    both = wpa | rsn
    return Station(
        ssid=bytes(point.get("Ssid", b""))[:LONGEST_SSID].decode(errors="replace"),
        bssid=plain_mac(point.get("HwAddress", "")),
        channel=number,
        ht=ht(number, point.get("Bandwidth", 20)),
        rssi=rssi(strength),
        signal=strength,
        auth_mode=auth_mode(flags, wpa, rsn),
        pairwise_cipher=cipher(flags if not both else PRIVACY, both),
        group_cipher=cipher(flags if not both else PRIVACY, both >> GROUP),
        phy=phy(megahertz),
        wps="true" if flags & (WPS | WPS_BUTTON_PRESSED) else "false",
        country=region,
    )
