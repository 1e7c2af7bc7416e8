"""The program and the machine's network: a real `dbus-daemon`, and a NetworkManager of the tests.

Source: REST/MQTT 2.0, 2.3, 6.2, 6.10 and 6.12.
"""

import socket
from pathlib import Path

import httpx
import pytest
from dbus_fast import Variant
from tests.gateway.networkmanager import FakeNetworkManager
from tests.gateway.system_bus import system_bus
from tests.house.test_gateway_settings import asked, until

STATIC = {
    "static_ip": True,
    "ip": "192.168.1.201",
    "netmask": "255.255.255.0",
    "gateway": "192.168.1.1",
    "dns": "8.8.8.8",
}
FOREIGN = {
    "connection": {
        "id": Variant("s", "Wired connection 1"),
        "uuid": Variant("s", "2b6b6c6e-0000-4000-8000-000000000001"),
        "type": Variant("s", "802-3-ethernet"),
    },
    "ipv4": {"method": Variant("s", "auto")},
}


async def test_the_program_shows_sets_and_leaves_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.3 `.ethernet`; 6.2: power_save is refused while it is up; 6.10; 6.12: nothing is left."""
    with system_bus() as bus:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
        nm = FakeNetworkManager(bus.address)
        eth0 = nm.ethernet()
        await nm.start()
        foreign = await nm.connected(eth0, FOREIGN)
        try:
            async with asked(tmp_path / "gw", "simulate:p1-dsmr5") as (_, client):
                await until(client, "/system", lambda said: said["ethernet"]["status"] == "Up")
                saving = {"system": {"power_save": True}}
                answer = await client.put("/settings", json=saving)
                assert (answer.status_code, "Ethernet" in answer.text) == (400, True)
                assert (await client.put("/eth/settings", json=STATIC)).status_code == 200
                at = STATIC["ip"]
                await until(client, "/system", lambda said: said["ethernet"]["ip"] == at)
                assert len(nm.profiles) == 2
                assert (await client.post("/restore")).status_code == 204
                await nm.until(lambda: list(nm.profiles) == [foreign])
        finally:
            await nm.stop()


async def test_a_port_that_is_taken_is_seen_in_the_system(tmp_path: Path) -> None:
    """6.2, `.services.modbus.port`; ours: `/system` says why the server does not listen."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        async with asked(tmp_path / "gw", "simulate:p1-dsmr5") as (_, client):
            modbus = {"enable": True, "port": other.getsockname()[1]}
            await client.put("/settings", json={"services": {"modbus": modbus}})
            said = await until(
                client, "/system", lambda said: "trouble" in said["services"]["modbus"]
            )
            state = said["services"]["modbus"]
            assert (state["enabled"], state["listening"]) == (True, False)
            assert "services.modbus.port" in state["trouble"]
            described: httpx.Response = await client.get("/openapi.json")
            shape = described.json()["components"]["schemas"]["ModbusShape"]
            assert set(shape["properties"]) == {"enabled", "listening", "trouble"}
