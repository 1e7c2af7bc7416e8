"""The network when the gateway starts, and when it is reset.  Source: REST/MQTT 2.0, 6.10, 6.12."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.network_lab import Lab, lab
from tests.gateway.networkmanager import FakeNetworkManager
from tests.gateway.setting import ETH, ID, WIFI
from tests.gateway.system_bus import SystemBus, system_bus
from tests.gateway.test_network_manager import FOREIGN, STATIC, device, machine, ok

from ohmstead.gateway.configuration import Configuration


@pytest.fixture(scope="module")
def bus() -> Iterator[SystemBus]:
    with system_bus() as started:
        yield started


@pytest.fixture
async def there(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Lab]:
    async with lab(bus.address, tmp_path, monkeypatch, prepare=machine) as made:
        await made.until(lambda: made.network.ethernet)
        yield made


async def saved(folder: Path, name: Any, given: object) -> None:
    """A setting from before the start."""
    await Configuration(folder / "settings", ID).put(name, given)


async def test_what_was_saved_is_in_effect_after_the_start(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that was removed meanwhile is made again; one that is right is not touched."""
    await saved(tmp_path, "eth", STATIC)
    await saved(tmp_path, "wifi_sta", {"enable": True, "name": "cellar", "password": "12345678"})
    async with lab(bus.address, tmp_path, monkeypatch, prepare=machine) as first:
        await first.until(lambda: first.system()["wifi"]["status"] == "OK")
        await first.until(lambda: first.system().get("ethernet", {}).get("status") == "Up")
        profiles, objects = first.nm.profiles, first.nm.objects
        await first.until(lambda: first.nm.checkpoints == {})

    def as_it_was(nm: FakeNetworkManager) -> None:
        nm.profiles, nm.objects, nm._count = profiles, objects, 1000

    async with lab(bus.address, tmp_path, monkeypatch, prepare=as_it_was) as second:
        await second.until(lambda: second.network.ethernet and second.network.wifi)
        await second.until(lambda: all(s.settled for s in second.network._applied._slots.values()))
        for member in ("AddConnection", "Update", "ActivateConnection", "Disconnect", "Delete"):
            assert second.nm.said(member) == []


async def test_a_machine_that_nobody_set_up_is_left_alone(there: Lab) -> None:
    """The factory setting says DHCP; a machine with addresses of its own keeps them."""
    await there.until(lambda: all(s.settled for s in there.network._applied._slots.values()))
    for member in ("AddConnection", "Update", "ActivateConnection", "Disconnect", "Delete"):
        assert there.nm.said(member) == []


async def test_a_port_that_was_switched_off_is_off_after_the_start(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6.10, `.enable`: also when the machine connects by itself when it starts."""
    await saved(tmp_path, "eth", {"enable": False})

    def up(nm: FakeNetworkManager) -> None:
        nm.ethernet(state=100)

    async with lab(bus.address, tmp_path, monkeypatch, prepare=up) as there:
        await there.until(lambda: there.system().get("ethernet", {}).get("status") == "Down")
        assert there.nm.said("Disconnect") == [()]


async def test_forgetting_gives_the_machine_its_own_settings_back(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6.12: after a factory reset, and its answer, nothing of ours is left; other profiles are."""
    async with lab(bus.address, tmp_path, monkeypatch, prepare=machine) as there:
        await there.until(lambda: there.network.ethernet)
        foreign = await there.nm.connected(device(there, "eth0"), FOREIGN)
        await ok(there, "PUT", ETH, STATIC)
        await ok(there, "PUT", WIFI, {"enable": True, "name": "cellar"})
        assert len(there.nm.profiles) == 3
        await there.network.forget()
        await there.stop()
        assert list(there.nm.profiles) == [foreign]
