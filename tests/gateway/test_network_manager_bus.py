"""Machines without a bus, without NetworkManager, or with one that goes away.

Source: REST/MQTT 2.0, 6.1: 503 service unavailable; D-Bus specification 0.41.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.gateway.network_lab import Lab, lab
from tests.gateway.networkmanager import NM, FakeNetworkManager
from tests.gateway.setting import ETH, WIFI
from tests.gateway.system_bus import SystemBus, system_bus
from tests.gateway.test_network_manager import STATIC, machine

from ohmstead.gateway import network_manager_bus
from ohmstead.gateway.network_manager_bus import Away, Bus, Refused


@pytest.fixture(scope="module")
def bus() -> Iterator[SystemBus]:
    with system_bus() as started:
        yield started


async def unavailable(there: Lab) -> None:
    """Everything that needs NetworkManager answers 503, and what is shown is as it was without."""
    for method, path in (
        ("GET", "/api/v1/wifi/scan"),
        ("POST", "/api/v1/wifi/wps"),
        ("PUT", ETH),
        ("POST", ETH),
        ("PUT", WIFI),
        ("DELETE", WIFI),
    ):
        given = STATIC if method in ("PUT", "POST") else None
        answer = await there.client.request(method, path, json=given)
        assert (answer.status_code, "NetworkManager" in answer.text) == (503, True), answer.text
    assert not (await there.client.get(ETH)).json()["static_ip"]
    assert "ethernet" not in there.system()
    assert there.system()["wifi"]["status"] == "Disabled"
    assert not any(name.startswith("eth.") for name in there.variables())


async def works(there: Lab) -> None:
    """A setting arrives, and the device comes up with it."""
    answer = await there.client.put(ETH, json=STATIC)
    assert answer.status_code == 200, answer.text
    await there.until(lambda: there.system().get("ethernet", {}).get("ip") == STATIC["ip"])


@pytest.mark.parametrize(
    "address", ["unix:path={folder}/no/bus", "tcp:host=127.0.0.1,port=1", "nonsense", "unix:x=y"]
)
async def test_a_machine_without_a_bus_says_so(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6.1: 503; whatever the address in DBUS_SYSTEM_BUS_ADDRESS is."""
    where = address.replace("{folder}", str(tmp_path))
    async with lab(where, tmp_path, monkeypatch, start=False) as there:
        await unavailable(there)


async def test_networkmanager_may_come_later_and_go_again(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """6.1: 503 while it is not on the bus; D-Bus, NameOwnerChanged tells when it is."""
    async with lab(bus.address, tmp_path, monkeypatch, prepare=machine, start=False) as there:
        await unavailable(there)
        await there.nm.start()
        await there.until(lambda: there.network.ethernet)
        await works(there)
        await there.nm.stop()
        await there.until(lambda: there.network.ethernet is None)


async def test_a_bus_that_dies_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restarted dbus-daemon costs nothing but the time it is away."""
    with system_bus() as bus:
        async with lab(bus.address, tmp_path, monkeypatch, prepare=machine) as there:
            await there.until(lambda: there.network.ethernet)
            for _ in range(2):
                bus.stop()
                await there.until(lambda: there.network.ethernet is None)
                await unavailable(there)
                bus.start()
                await there.nm.start()
                await there.until(lambda: there.network.ethernet)
            await works(there)


async def test_what_was_saved_is_seen_to_when_networkmanager_comes(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that starts before NetworkManager applies its settings when that is there."""
    async with lab(bus.address, tmp_path, monkeypatch, prepare=machine, start=False) as there:
        await there.configuration.put("eth", STATIC)
        await there.nm.start()
        await there.until(lambda: there.system().get("ethernet", {}).get("ip") == STATIC["ip"])


async def test_a_call_without_an_answer_is_given_up(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every wait has an end: then 503, and a connection of its own for the next call."""
    async with lab(bus.address, tmp_path, monkeypatch, prepare=machine) as there:
        await there.until(lambda: there.network.ethernet)
        there.nm.silent.add("AddConnection")
        monkeypatch.setattr(network_manager_bus, "CALL_S", 0.5)
        answer = await there.client.put(ETH, json=STATIC)
        assert (answer.status_code, "did not answer" in answer.text) == (503, True)
        monkeypatch.undo()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
        there.nm.silent.clear()
        await works(there)


async def test_a_peer_that_is_no_bus_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever listens at the address: connecting to it has an end."""
    held: list[asyncio.StreamWriter] = []

    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    path = tmp_path / "mute"
    server = await asyncio.start_unix_server(mute, path)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={path}")
    monkeypatch.setattr(network_manager_bus, "CONNECT_S", 0.2)
    try:
        with pytest.raises(Away, match="NetworkManager"):
            await Bus().call("/", NM, "GetDevices")
    finally:
        server.close()
        for writer in held:
            writer.close()
            await asyncio.wait({asyncio.ensure_future(writer.wait_closed())}, timeout=5)


async def test_errors_of_networkmanager_say_what_to_do(
    bus: SystemBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NetworkManager D-Bus reference, errors: denied means a right is missing."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
    nm, ours = FakeNetworkManager(bus.address), Bus()
    await nm.start()
    try:
        for name, words in (
            (f"{NM}.PermissionDenied", "polkit"),
            (f"{NM}.Failed", "NetworkManager refuses: because"),
        ):
            nm.refusing["GetDevices"] = (name, "because")
            with pytest.raises(Refused, match=words):
                await ours.call("/org/freedesktop/NetworkManager", NM, "GetDevices")
    finally:
        ours.close()
        await nm.stop()
