"""Wi-Fi: what is nearby, what the machine is in, pairing.  Source: REST/MQTT 2.0, 2.3, 6.8, 6.9."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dbus_fast import Variant
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gateway.network_lab import Lab, lab
from tests.gateway.networkmanager import NM, WIRELESS, FakeNetworkManager
from tests.gateway.setting import WIFI
from tests.gateway.system_bus import SystemBus, system_bus
from tests.gateway.test_network_manager import FOREIGN, device
from tests.gateway.vendor import captured

from ohmstead.gateway import network_manager_air as air
from ohmstead.gateway import network_manager_wps as wps

SCAN, WPS = "/api/v1/wifi/scan", "/api/v1/wifi/wps"
AUTH_MODES = [
    "open",
    "WEP",
    "WPA",
    "WPA2",
    "WPA-WPA2",
    "EAP",
    "WPA3",
    "WPA2-WPA3",
    "WAPI",
    "OWE",
    "WPA3-ENT",
]
CIPHERS = [
    "none",
    "WEP40",
    "WEP104",
    "TKIP",
    "CCMP",
    "TKIP-CCMP",
    "AES-CMAC-128",
    "SMS4",
    "GCMP",
    "GCMP256",
    "AES-GMAC-128",
    "AES-GMAC-256",
    "unknown",
]
WPS_ABLE, PRESSED = 0x3, 0x7
"""Access point flags: privacy and WPS; and the button is pressed."""
WORDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def bus() -> Iterator[SystemBus]:
    with system_bus() as started:
        yield started


@pytest.fixture
async def there(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Lab]:
    async with lab(bus.address, tmp_path, monkeypatch, prepare=FakeNetworkManager.wifi) as made:
        await made.until(lambda: made.network.wifi)
        yield made


async def test_6_8_networks_nearby_have_the_documented_fields(
    there: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, corpus: Path
) -> None:
    """6.8, and the newer firmware's example: twelve fields, the strongest network first."""
    region = tmp_path / "regdom"
    region.write_text("CH\n")
    monkeypatch.setattr(air, "REGION", region)
    wlan0 = device(there, "wlan0")
    guest = {"flags": 0, "rsn": 0, "frequency": 2462, "strength": 45}
    home = {"flags": 3, "rsn": 0x588, "frequency": 2437, "strength": 85, "bandwidth": 40}
    there.nm.point(wlan0, b"Guest", "11:22:33:44:55:66", **guest)
    there.nm.point(wlan0, b"Home", "aa:bb:cc:dd:ee:ff", **home)
    there.nm.point(wlan0, b"", "aa:bb:cc:dd:ee:00")
    answer = await there.client.get(SCAN)
    assert (answer.status_code, answer.json()) == (
        200,
        [
            {
                "ssid": "Home",
                "bssid": "AABBCCDDEEFF",
                "channel": 6,
                "ht": "40+",
                "rssi": -49,
                "signal": 85,
                "auth_mode": "WPA2-WPA3",
                "pairwise_cipher": "CCMP",
                "group_cipher": "CCMP",
                "phy": "bgn",
                "wps": "true",
                "country": "CH",
            },
            {
                "ssid": "Guest",
                "bssid": "112233445566",
                "channel": 11,
                "ht": "20",
                "rssi": -73,
                "signal": 45,
                "auth_mode": "open",
                "pairwise_cipher": "none",
                "group_cipher": "none",
                "phy": "bgn",
                "wps": "false",
                "country": "CH",
            },
        ],
    )
    (published,) = captured(corpus, "whatwatt-docs-wifi-scan.json").values()
    assert [list(one) for one in answer.json()] == [list(one) for one in published]
    assert there.nm.said("RequestScan") == [({},)]


async def test_6_8_a_scan_that_is_refused_gives_what_is_known(there: Lab) -> None:
    """NetworkManager refuses a scan right after another; the list is as good."""
    why = "Scanning not allowed immediately following previous scan"
    there.nm.refusing["RequestScan"] = (f"{NM}.Device.NotAllowed", why)
    there.nm.point(device(there, "wlan0"), b"Home")
    assert [one["ssid"] for one in (await there.client.get(SCAN)).json()] == ["Home"]


async def test_2_3_the_network_the_machine_is_in_is_shown(there: Lab, corpus: Path) -> None:
    """2.3, sample, `wifi`, and 4.1.2, sample: the same state gives the same objects."""
    path = corpus / "interop" / "captures" / "whatwatt-docs-system.json"
    sample = json.loads(path.read_bytes())["wifi"]
    wlan0 = device(there, "wlan0")
    bssid = ":".join(sample["bssid"][at : at + 2] for at in range(0, 12, 2))
    how = {"rsn": 0x588, "frequency": 2472, "strength": sample["signal"]}
    point = there.nm.point(wlan0, sample["ssid"].encode(), bssid, **how)
    there.nm.objects[wlan0][WIRELESS]["ActiveAccessPoint"] = Variant("o", point)
    mac = ":".join(sample["mac"][at : at + 2] for at in range(0, 12, 2))
    there.nm.change(wlan0, f"{NM}.Device", HwAddress=Variant("s", mac))
    given = {"enable": True, "name": sample["ssid"], "password": "12345678", "static_ip": True}
    at = {"netmask": sample["mask"], "gateway": sample["gateway"], "dns": sample["dns"]}
    answer = await there.client.put(WIFI, json={**given, **at, "ip": sample["ip"]})
    assert answer.status_code == 200
    await there.until(lambda: there.system()["wifi"]["status"] == "OK")
    found = there.system()["wifi"]
    assert list(found) == list(sample)
    of_its_own = {"rssi": -40, "country": found["country"]}
    assert found == sample | of_its_own
    said = there.variables()
    assert {name: value for name, value in said.items() if name.startswith("wifi.")} == {
        "wifi.mode": "sta",
        "wifi.sta.status": "ok",
        "wifi.sta.ssid": sample["ssid"],
        "wifi.sta.bssid": sample["bssid"],
        "wifi.sta.rssi": "-40",
        "wifi.sta.channel": "13",
        "wifi.sta.mac": sample["mac"],
        "wifi.sta.ip": sample["ip"],
        "wifi.sta.mask": sample["mask"],
        "wifi.sta.gw": sample["gateway"],
        "wifi.sta.dns": sample["dns"],
    }


async def test_4_1_1_ethernet_has_its_variables(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4.1.1, table: eth.state, mac, ip, mask, gw, dns; 0.0.0.0 for what there is none of."""

    def wired(nm: FakeNetworkManager) -> None:
        nm.ethernet()

    async with lab(bus.address, tmp_path, monkeypatch, prepare=wired) as there:
        await there.until(lambda: there.network.ethernet)
        names = ("state", "mac", "ip", "mask", "gw", "dns")
        nowhere = ["0.0.0.0"] * 4
        assert [there.variables()[f"eth.{name}"] for name in names] == [
            "down",
            "A842E39F8127",
            *nowhere,
        ]
        await there.nm.connected(device(there, "eth0"), FOREIGN)
        await there.until(lambda: there.variables()["eth.state"] == "up")
        assert [there.variables()[f"eth.{name}"] for name in names[2:]] == [
            "192.168.1.77",
            "255.255.255.0",
            "192.168.1.1",
            "192.168.1.53",
        ]


async def pressed(there: Lab) -> None:
    """The pairing has begun, and waits for the router."""
    answer = await there.client.post(WPS)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_6_9_pairing_joins_the_network_and_keeps_its_password(there: Lab) -> None:
    """6.9: "Successful pairing automatically configures the device to operate in station mode"."""
    wlan0 = device(there, "wlan0")
    there.nm.point(wlan0, b"Other", "00:00:00:00:00:01", flags=WPS_ABLE, strength=99)
    point = there.nm.point(wlan0, b"Home", flags=PRESSED)
    await pressed(there)
    await there.until(lambda: there.nm.state(wlan0) == 60)
    ((_, on, at),) = there.nm.said("ActivateConnection")
    assert (on, at) == (wlan0, point)
    ((profile,),) = there.nm.said("AddConnection")
    assert profile["802-11-wireless"]["ssid"] == b"Home"
    assert profile["802-11-wireless-security"] == {"key-mgmt": "wpa-psk", "wps-method": 4}
    assert not profile["connection"]["autoconnect"]
    there.nm.press(wlan0, "from the router")
    await there.until(lambda: there.configuration.wifi_sta.enable)
    assert there.configuration.wifi_sta.name == "Home"
    assert there.configuration.wifi_sta.password == "from the router"
    await there.until(lambda: len(there.nm.profiles) == 1)
    (kept,) = there.nm.written()
    assert kept["802-11-wireless-security"]["psk"] == "from the router"
    await there.until(lambda: there.system()["wifi"]["status"] == "OK")
    assert there.nm.agent is None


async def test_6_9_the_only_network_with_a_button_can_be_waited_for(there: Lab) -> None:
    """6.9: the button may be pressed afterwards; while Wi-Fi is off nothing is lost by waiting."""
    wlan0 = device(there, "wlan0")
    there.nm.point(wlan0, b"Home", flags=WPS_ABLE)
    there.nm.point(wlan0, b"No button", "00:00:00:00:00:01", strength=99)
    await pressed(there)
    await there.until(lambda: there.nm.state(wlan0) == 60)
    there.nm.press(wlan0, "12345678")
    await there.until(lambda: there.configuration.wifi_sta.name == "Home")


async def test_6_9_two_routers_that_pair_are_one_too_many(there: Lab) -> None:
    """Wi-Fi Simple Configuration: with two active buttons nobody pairs; the trouble is said."""
    wlan0 = device(there, "wlan0")
    there.nm.point(wlan0, b"Home", flags=PRESSED)
    there.nm.point(wlan0, b"Neighbour", "00:00:00:00:00:01", flags=PRESSED)
    await pressed(there)
    await there.until(lambda: "two networks" in there.system()["wifi"].get("trouble", ""))
    assert there.nm.profiles == {}


async def test_6_9_a_failed_pairing_goes_back_to_the_network_before(
    there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6.9: "A failed pairing reverts to the previous Wi-Fi settings"; after two minutes at most."""
    wlan0 = device(there, "wlan0")
    given = {"enable": True, "name": "Home", "password": "12345678"}
    assert (await there.client.put(WIFI, json=given)).status_code == 200
    await there.until(lambda: there.system()["wifi"]["status"] == "OK")
    (ours,) = there.nm.profiles
    monkeypatch.setattr(wps, "PAIRING_S", 0.5)
    there.nm.point(wlan0, b"Router", flags=PRESSED)
    await pressed(there)
    await there.until(lambda: "two minutes" in there.system()["wifi"].get("trouble", ""))
    assert list(there.nm.profiles) == [ours]
    assert there.nm.said("ActivateConnection")[-1] == (ours, wlan0, "/")
    await there.until(lambda: there.system()["wifi"]["status"] == "OK")
    assert there.configuration.wifi_sta.name == "Home"


async def test_6_9_a_network_that_is_set_by_hand_ends_the_pairing(there: Lab) -> None:
    """6.7 and 6.9: the last word counts, and a button pressed later changes nothing."""
    wlan0 = device(there, "wlan0")
    there.nm.point(wlan0, b"Router", flags=PRESSED)
    await pressed(there)
    await there.until(lambda: there.nm.state(wlan0) == 60)
    await pressed(there)  # once more is no second pairing
    given = {"enable": True, "name": "Home", "password": "12345678"}
    assert (await there.client.put(WIFI, json=given)).status_code == 200
    await there.until(lambda: there.system()["wifi"]["status"] == "OK")
    (kept,) = there.nm.written()
    assert kept["802-11-wireless"]["ssid"] == b"Home"
    assert len(there.nm.said("Register")) == 1
    assert there.nm.agent is None


async def test_a_machine_without_wifi_says_so(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6.1: 503, with what is missing; leaving a network that cannot be is no trouble."""

    def wired(nm: FakeNetworkManager) -> None:
        nm.ethernet()

    async with lab(bus.address, tmp_path, monkeypatch, prepare=wired) as there:
        joining = {"enable": True, "name": "Home"}

        async def said(method: str, path: str, given: Any = None) -> httpx.Response:
            return await there.client.request(method, path, json=given)

        for answer in (await said("GET", SCAN), await said("POST", WPS)):
            assert (answer.status_code, "no Wi-Fi device" in answer.text) == (503, True)
        answer = await said("PUT", WIFI, joining)
        assert (answer.status_code, "no Wi-Fi device" in answer.text) == (503, True)
        assert (await said("PUT", WIFI, {"name": "Home"})).status_code == 200
        assert (await said("DELETE", WIFI)).status_code == 204


@settings(max_examples=60)
@given(
    ssid=st.binary(max_size=40),
    flags=WORDS,
    wpa=WORDS,
    rsn=WORDS,
    megahertz=WORDS,
    width=WORDS,
    strength=st.integers(0, 255),
)
def test_6_8_any_access_point_stays_within_the_documented_values(
    ssid: bytes, flags: int, wpa: int, rsn: int, megahertz: int, width: int, strength: int
) -> None:
    """6.8, column Range; a channel may be one of another band."""
    found = air.station(
        {
            "Ssid": ssid,
            "Flags": flags,
            "WpaFlags": wpa,
            "RsnFlags": rsn,
            "Frequency": megahertz,
            "Bandwidth": width,
            "Strength": strength,
        },
        "",
    )
    assert len(found.ssid) <= 32
    assert 0 <= found.channel <= 233
    assert found.ht in ("20", "40+", "40-")
    assert -127 <= found.rssi <= 0
    assert 0 <= found.signal <= 100
    assert found.auth_mode in AUTH_MODES
    assert found.pairwise_cipher in CIPHERS
    assert found.group_cipher in CIPHERS
    assert found.wps in ("true", "false")
