"""Settings of the network, from HTTP to NetworkManager.  Source: REST/MQTT 2.0, 6.7 and 6.10."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Variant
from tests.gateway.network_lab import Lab, lab
from tests.gateway.networkmanager import FakeNetworkManager
from tests.gateway.setting import ETH, ID, SETTINGS, WIFI
from tests.gateway.system_bus import SystemBus, system_bus
from tests.gateway.vendor import captured, examples

from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.network_manager_profile import identity, prefix

STATIC = {
    "static_ip": True,
    "ip": "192.168.1.201",
    "netmask": "255.255.255.0",
    "gateway": "192.168.1.1",
    "dns": "8.8.8.8",
}
INVALID = "org.freedesktop.NetworkManager.Settings.Connection.InvalidProperty"
DENIED = "org.freedesktop.NetworkManager.PermissionDenied"
FOREIGN = {
    "connection": {
        "id": Variant("s", "Wired connection 1"),
        "uuid": Variant("s", "2b6b6c6e-0000-4000-8000-000000000001"),
        "type": Variant("s", "802-3-ethernet"),
    },
    "ipv4": {"method": Variant("s", "auto")},
}


@pytest.fixture(scope="module")
def bus() -> Iterator[SystemBus]:
    with system_bus() as started:
        yield started


def machine(nm: FakeNetworkManager) -> None:
    """An Ethernet port and a Wi-Fi device, neither connected."""
    nm.ethernet()
    nm.wifi()


@pytest.fixture
async def there(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Lab]:
    async with lab(bus.address, tmp_path, monkeypatch, prepare=machine) as made:
        await made.until(lambda: made.network.ethernet)
        yield made


def device(there: Lab, interface: str) -> str:
    """Path of a device."""
    return next(
        path
        for path, one in there.nm.objects.items()
        if "/Devices/" in path
        and one["org.freedesktop.NetworkManager.Device"]["Interface"].value == interface
    )


async def ok(there: Lab, method: str, path: str, given: object) -> Any:
    answer = await there.client.request(method, path, json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_6_10_a_static_address_arrives_and_is_used(there: Lab) -> None:
    """6.10, table: ip, netmask, gateway, dns count while `static_ip` is set."""
    said = await ok(there, "PUT", ETH, STATIC)
    assert said == {"enable": True, **STATIC}
    (profile,) = there.nm.written()
    assert profile == {
        "connection": {
            "id": "Ohmstead Ethernet",
            "uuid": identity(ID, "eth"),
            "type": "802-3-ethernet",
            "interface-name": "eth0",
            "autoconnect": True,
            "autoconnect-priority": 100,
        },
        "802-3-ethernet": {},
        "ipv4": {
            "method": "manual",
            "may-fail": False,
            "address-data": [{"address": "192.168.1.201", "prefix": 24}],
            "gateway": "192.168.1.1",
            "dns": [0x08080808],
        },
        "ipv6": {"method": "auto"},
    }
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")
    assert there.system()["ethernet"] == {
        "mac": "A842E39F8127",
        "status": "Up",
        "ip": "192.168.1.201",
        "mask": "255.255.255.0",
        "gateway": "192.168.1.1",
        "dns": "8.8.8.8",
    }
    assert Configuration(there.configuration._settings._kept.file.parent, ID).eth.static_ip


async def test_6_10_published_examples_arrive(there: Lab, corpus: Path) -> None:
    """6.10 and the newer firmware's Ethernet page: each, in one profile."""
    given = [*examples(corpus, "6.10."), *captured(corpus, "whatwatt-docs-eth-*.json").values()]
    assert len(given) == 7
    for example in given:
        assert await ok(there, "POST", ETH, example) == example
        (profile,) = there.nm.written()
        ipv4 = profile["ipv4"]
        assert ipv4["method"] == ("manual" if example["static_ip"] else "auto")
        if example["static_ip"]:
            at = {"address": example["ip"], "prefix": prefix(example["netmask"])}
            assert (ipv4["address-data"], ipv4["gateway"]) == ([at], example["gateway"])
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")


async def test_6_10_a_port_that_is_switched_off_is_left_alone(there: Lab) -> None:
    """6.10, `.enable`: "Enables Ethernet port"; switched on again it is as it was."""
    await ok(there, "PUT", ETH, STATIC)
    await ok(there, "PUT", ETH, {"enable": False})
    assert there.nm.written() == []
    await there.until(lambda: there.system()["ethernet"]["status"] == "Down")
    assert there.nm.said("Disconnect") == [()]
    await ok(there, "PUT", ETH, {"enable": True})
    await there.until(lambda: there.system()["ethernet"]["ip"] == "192.168.1.201")


@pytest.mark.parametrize(
    "rsn, wpa, flags, password, security",
    [
        (0x188, 0, 1, "12345678", {"key-mgmt": "wpa-psk", "psk": "12345678"}),
        (0x588, 0, 1, "12345678", {"key-mgmt": "wpa-psk", "psk": "12345678"}),
        (0, 0x144, 1, "ab" * 32, {"key-mgmt": "wpa-psk", "psk": "ab" * 32}),
        (0x488, 0, 1, "12345678", {"key-mgmt": "sae", "psk": "12345678"}),
        (0, 0, 0, "", None),
        (0x888, 0, 1, "", {"key-mgmt": "owe"}),
        (0, 0, 1, "1234567890123", {"key-mgmt": "none", "wep-key0": "1234567890123"}),
    ],
)
async def test_6_7_each_kind_of_network_is_joined(
    there: Lab, rsn: int, wpa: int, flags: int, password: str, security: object
) -> None:
    """6.7: "The field may remain [empty] if the network is an open network"; 6.8, auth_mode."""
    there.nm.point(device(there, "wlan0"), "Käfer".encode(), rsn=rsn, wpa=wpa, flags=flags)
    await ok(there, "PUT", WIFI, {"enable": True, "name": "Käfer", "password": password})
    (profile,) = there.nm.written()
    assert profile["802-11-wireless"] == {
        "ssid": "Käfer".encode(),
        "mode": "infrastructure",
        "tx-power": 17,
        "hidden": False,
    }
    assert profile.get("802-11-wireless-security") == security
    assert profile["connection"]["interface-name"] == "wlan0"
    await there.until(lambda: there.system()["wifi"]["status"] == "OK")


async def test_6_7_a_network_that_is_not_seen_may_be_hidden(there: Lab) -> None:
    """6.7: any name may be given; a static address as for Ethernet."""
    given = {"enable": True, "name": "attic", "password": "12345678", **STATIC}
    said = await ok(there, "POST", WIFI, given)
    assert "12345678" not in str(said)
    (profile,) = there.nm.written()
    assert profile["802-11-wireless"]["hidden"]
    assert profile["ipv4"]["method"] == "manual"


async def test_6_7_delete_leaves_the_network_and_forgets_it(there: Lab) -> None:
    """6.7: "erases all Wi-Fi configuration and shuts down the client"."""
    await ok(there, "PUT", WIFI, {"enable": True, "name": "cellar"})
    await there.until(lambda: there.system()["wifi"]["status"] == "OK")
    assert (await there.client.delete(WIFI)).status_code == 204
    assert there.nm.written() == []
    await there.until(lambda: there.system()["wifi"]["status"] == "Disabled")
    assert (await there.client.delete(WIFI)).status_code == 204


async def test_a_radio_that_is_off_is_switched_on_to_join(there: Lab) -> None:
    """6.7, `.enable`: "Enables Wi-Fi communication in station mode"."""
    there.nm.objects["/org/freedesktop/NetworkManager"]["org.freedesktop.NetworkManager"] = {
        "WirelessEnabled": Variant("b", False)
    }
    answer = await there.client.get("/api/v1/wifi/scan")
    assert (answer.status_code, "switched off" in answer.text) == (503, True)
    await ok(there, "PUT", WIFI, {"enable": True, "name": "cellar"})
    assert there.nm.said("Set WirelessEnabled") == [(True,)]


@pytest.mark.parametrize("method", ["AddConnection", "Update", "ActivateConnection"])
@pytest.mark.parametrize(
    "error, why, status",
    [(INVALID, "ipv4.dns: property is invalid", 400), (DENIED, "Not authorized", 503)],
)
async def test_what_networkmanager_refuses_changes_nothing(
    there: Lab, method: str, error: str, why: str, status: int
) -> None:
    """6.1: 400 and 503, with what NetworkManager said; nothing is kept of it, here or there."""
    former = {} if method == "AddConnection" else await ok(there, "PUT", ETH, {"dns": "9.9.9.9"})
    before = there.nm.written()
    there.nm.refusing[method] = (error, why)
    answer = await there.client.put(ETH, json=STATIC)
    expected = 503 if method == "ActivateConnection" else status
    assert (answer.status_code, why in answer.json()["message"]) == (expected, True)
    assert there.nm.written() == before
    said = (await there.client.get(ETH)).json()
    assert (said["static_ip"], said["dns"]) == (False, former.get("dns", "0.0.0.0"))
    del there.nm.refusing[method]
    await ok(there, "PUT", ETH, STATIC)


async def test_what_cannot_be_kept_is_taken_back(there: Lab) -> None:
    """A 200 means kept: where the disk does not take the setting, the network is as it was."""
    folder = there.configuration._settings._kept.file.parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("no folder")
    answer = await there.client.put(ETH, json=STATIC)
    assert (answer.status_code, "cannot be written" in answer.text) == (503, True)
    assert there.nm.written() == []
    assert not there.configuration.eth.static_ip


async def test_a_change_that_costs_the_contact_is_taken_back(there: Lab) -> None:
    """A device that was up, and does not come up with what was set, goes back to what it had."""
    foreign = await there.nm.connected(device(there, "eth0"), FOREIGN)
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")
    there.nm.failing["eth0"] = 5
    await ok(there, "PUT", ETH, STATIC)
    await there.until(lambda: there.network.ethernet and there.network.ethernet.trouble)
    trouble = there.system()["ethernet"]["trouble"]
    assert trouble.startswith("the change was taken back: it got no address")
    await there.until(lambda: there.system()["ethernet"]["ip"] == "192.168.1.77")
    assert list(there.nm.profiles) == [foreign]
    await there.until(lambda: not there.configuration.eth.static_ip)
    assert there.nm.checkpoints == {}


async def test_it_goes_back_without_checkpoints_too(there: Lab) -> None:
    """NetworkManager before 1.4 has none; then we connect with the former profile ourselves."""
    gone = ("org.freedesktop.DBus.Error.UnknownMethod", "No such method “CheckpointCreate”")
    there.nm.refusing["CheckpointCreate"] = gone
    eth0 = device(there, "eth0")
    await ok(there, "PUT", ETH, STATIC)
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")
    there.nm.failing["eth0"] = 17
    await ok(there, "PUT", ETH, {"static_ip": False})
    await there.until(lambda: there.network.ethernet and there.network.ethernet.trouble)
    there.nm.failing.clear()
    await there.until(lambda: there.configuration.eth.static_ip)
    (profile,) = there.nm.written()
    assert profile["ipv4"]["address-data"] == [{"address": "192.168.1.201", "prefix": 24}]
    used = there.nm.said("ActivateConnection")[-1]
    assert used == (next(iter(there.nm.profiles)), eth0, "/")


async def test_a_wrong_password_is_said_and_kept(there: Lab) -> None:
    """2.3, `.wifi.status`: Error; with no contact to lose the setting stays, to be corrected."""
    there.nm.failing["wlan0"] = 7
    await ok(there, "PUT", WIFI, {"enable": True, "name": "cellar", "password": "not this"})
    await there.until(lambda: there.system()["wifi"]["status"] == "Error")
    assert there.system()["wifi"]["trouble"] == "the password is missing or wrong"
    assert there.variables()["wifi.sta.status"] == "error"
    assert there.configuration.wifi_sta.name == "cellar"
    there.nm.failing.clear()
    await ok(there, "PUT", WIFI, {"password": "that is it"})
    await there.until(lambda: there.system()["wifi"]["status"] == "OK")
    assert "trouble" not in there.system()["wifi"]


async def test_a_cable_that_is_plugged_in_later_ends_the_trouble(there: Lab) -> None:
    """An unplugged port keeps its setting, and says that it waits."""
    eth0, path = device(there, "eth0"), "org.freedesktop.NetworkManager.Device"
    there.nm.change(eth0, path, State=Variant("u", 20))
    await ok(there, "PUT", ETH, STATIC)
    await there.until(lambda: "unplugged" in there.system()["ethernet"].get("trouble", ""))
    there.nm.change(eth0, path, State=Variant("u", 30))
    there.nm._activate("", next(iter(there.nm.profiles)), eth0, "/")
    await there.until(lambda: "trouble" not in there.system()["ethernet"])
    assert there.system()["ethernet"]["ip"] == "192.168.1.201"


async def test_who_asks_over_the_network_that_changes_is_answered_first(there: Lab) -> None:
    """The answer leaves before the address does; what follows is the same."""
    await there.nm.connected(device(there, "eth0"), FOREIGN)
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")
    use = there.network.use_ethernet

    async def apply(settings: Any) -> Any:
        return await use(settings, "192.168.1.5")

    await there.configuration.put("eth", STATIC, apply)
    await there.until(lambda: there.system()["ethernet"]["ip"] == "192.168.1.201")
    await there.until(lambda: there.nm.said("CheckpointDestroy"))
    assert there.nm.said("CheckpointRollback") == []


async def test_a_setting_that_is_sent_again_breaks_no_connection(there: Lab) -> None:
    """6.10: clients post what they have read; only what is new makes the device connect anew."""
    await ok(there, "PUT", ETH, STATIC)
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")
    await there.until(lambda: there.network._applied._slots["eth"].change is None)
    calls = len(there.nm.said("ActivateConnection"))
    for method in ("PUT", "POST"):
        await ok(there, method, ETH, (await there.client.get(ETH)).json())
    assert len(there.nm.said("ActivateConnection")) == calls
    assert there.nm.said("Update") == []
    await ok(there, "PUT", ETH, {"ip": "192.168.1.202"})
    await there.until(lambda: there.system()["ethernet"]["ip"] == "192.168.1.202")


async def test_the_last_of_many_changes_counts(there: Lab) -> None:
    """A change that has not proven itself makes way for the next, and what it guarded stays."""
    await there.nm.connected(device(there, "eth0"), FOREIGN)
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")
    for last in range(201, 211):
        await ok(there, "PUT", ETH, {**STATIC, "ip": f"192.168.1.{last}"})
    await there.until(lambda: there.system()["ethernet"]["ip"] == "192.168.1.210")
    await there.until(lambda: there.nm.checkpoints == {})


async def test_power_is_not_saved_while_ethernet_is_up(there: Lab) -> None:
    """Newer firmware, settings: 400 when power_save is set while Ethernet is up."""
    wanted = {"system": {"power_save": True}}
    await there.nm.connected(device(there, "eth0"), FOREIGN)
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")
    for method in ("PUT", "POST"):
        answer = await there.client.request(method, SETTINGS, json=wanted)
        assert (answer.status_code, "power_save" in answer.text) == (400, True)
    await ok(there, "PUT", ETH, {"enable": False})
    await there.until(lambda: there.system()["ethernet"]["status"] == "Down")
    assert (await ok(there, "PUT", SETTINGS, wanted))["system"]["power_save"]
    await ok(there, "PUT", ETH, {"enable": True})
    await there.until(lambda: there.system()["ethernet"]["status"] == "Up")
    await ok(there, "PUT", SETTINGS, {"services": {"report_interval": 60}})
