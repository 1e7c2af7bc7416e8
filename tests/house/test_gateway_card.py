"""The SD card and the Modbus server of a whole gateway, switched on over its API.

Sources: REST/MQTT 2.0, 6.2 and 6.13; the device's documentation, "Modbus".
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from pymodbus.client import AsyncModbusTcpClient
from tests.gateway.test_modbus_server import free_port
from tests.house.program import WAIT_S, program, report_of

from ohmstead.cli.download_csv import fetch, span
from ohmstead.connect.device import Device

SIMULATED = ("--source", "simulate:p1-dsmr5?seed=3")


async def put(client: httpx.AsyncClient, **services: Any) -> None:
    answer = await client.put("/api/v1/settings", json={"services": services})
    assert answer.status_code == 200, answer.text


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """The files on the card, once there is one."""
    async with asyncio.timeout(WAIT_S):
        while True:
            answer = await client.get("/sdcard/")
            if answer.status_code == 200 and answer.json()["files"]:
                found: list[dict[str, Any]] = answer.json()["files"]
                return found
            await asyncio.sleep(0.02)


async def listening(port: int) -> None:
    """Waits until somebody listens on `port`."""
    async with asyncio.timeout(WAIT_S):
        while True:
            with suppress(ConnectionError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


async def test_recording_is_switched_on_and_fetched(tmp_path: Path) -> None:
    """6.2 and 6.13: no card (503), `services.sd.enable`, a file of today, its rows, the state."""
    async with program(tmp_path / "gw", *SIMULATED) as gateway:
        url = await gateway.url()
        await report_of(url)
        async with httpx.AsyncClient(base_url=url, timeout=WAIT_S) as client:
            assert (await client.get("/sdcard/")).status_code == 503
            card = (await client.get("/api/v1/system")).json()["sd_card"]
            assert (card["installed"], card["state"]) == (False, "OFF")
            await put(client, sd={"enable": True, "frequency": 1})
            (file,) = await listed(client)
            rows = (await client.get(f"/sdcard/{file['name'].lower()}")).text.splitlines()
            assert rows[0].startswith("RID,TIME,MID,MSTAT,TARIFF,PF,EAP_T")
            assert rows[1].split(",")[3] == '"OK"'
            card = (await client.get("/api/v1/system")).json()["sd_card"]
            assert (card["installed"], card["state"]) == (True, "RECORDING")
            await put(client, sd={"enable": False})
            day = file["name"].partition(".")[0]
            found = await asyncio.to_thread(
                fetch,
                Device(url),
                span(day, day),
                tmp_path / "fetched",
                lambda _: None,
                lambda _: lambda *_: None,
            )
            assert found.fetched == [file["name"]]
            assert (await client.delete(f"/sdcard/{file['name']}")).status_code == 204


async def test_registers_are_switched_on_and_read(tmp_path: Path) -> None:
    """Modbus: off by default; on, on the port of the settings; the values are those of the report;
    a map that is posted counts at once, and deleted no more."""
    async with program(tmp_path / "gw", *SIMULATED) as gateway:
        url = await gateway.url()
        await report_of(url)
        port = free_port()
        async with httpx.AsyncClient(base_url=url, timeout=WAIT_S) as http:
            await put(http, modbus={"enable": True, "port": port})
            await listening(port)
            client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=WAIT_S)
            assert await client.connect()
            read = client.convert_from_registers
            kind = client.DATATYPE.FLOAT32
            report = (await http.get("/api/v1/report")).json()["report"]
            energy = await client.read_input_registers(549, count=2)
            expected = report["energy"]["active"]["positive"]["total"] * 1000
            assert abs(float(str(read(energy.registers, kind))) / expected - 1) < 1e-3
            small = [{"start_address": 5, "registers": [{"id": "1", "type": "short"}]}]
            assert (await http.post("/api/v1/modbus", json=small)).status_code == 200
            assert (await client.read_holding_registers(5, count=1)).registers == [1]
            assert (await client.read_input_registers(549, count=2)).exception_code == 2
            assert (await http.delete("/api/v1/modbus")).status_code == 204
            assert not (await client.read_input_registers(549, count=2)).isError()
            client.close()
