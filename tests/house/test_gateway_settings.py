"""Settings that take effect without a restart, and restarts that are asked for.

Source: REST/MQTT 2.0, 6.2, 6.3, 6.11, 6.12; "take effect without a restart".
"""

import asyncio
import os
import pty
import shutil
import termios
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.house.program import WAIT_S, Program, program
from tests.wire.telegrams import KEYS, LINES, ROWS, hdlc, notification, p1, sealed

Json = dict[str, Any]


class Sender:
    """A TCP server that sends the same bytes every few milliseconds to whoever is connected."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.port = 0
        self._over = asyncio.Event()
        self._serving: set[asyncio.Task[object] | None] = set()

    async def _serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())
        with suppress(OSError):
            while not self._over.is_set():
                writer.write(self.data)
                await writer.drain()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), 0.02)
        writer.close()

    async def __aenter__(self) -> "Sender":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._over.set()
        if serving := {task for task in self._serving if task}:
            await asyncio.wait(serving, timeout=WAIT_S)


@asynccontextmanager
async def asked(
    folder: Path, source: str, *arguments: str
) -> AsyncIterator[tuple[Program, httpx.AsyncClient]]:
    """A running gateway and a client of its API."""
    async with program(folder, "--source", source, *arguments) as gateway:
        base = f"{await gateway.url()}/api/v1"
        async with httpx.AsyncClient(base_url=base, timeout=WAIT_S) as client:
            yield gateway, client


async def until(client: httpx.AsyncClient, path: str, holds: Callable[[Json], bool]) -> Json:
    """What `path` says as soon as that `holds`."""
    async with asyncio.timeout(WAIT_S):
        while True:
            with suppress(httpx.TransportError, KeyError):
                said: Json = (await client.get(path)).json()
                if holds(said):
                    return said
            await asyncio.sleep(0.02)


def imported(report: Json) -> float:
    return float(report["report"]["instantaneous_power"]["active"]["positive"]["total"])


async def test_the_factor_and_the_offset_count_from_the_next_telegram_on(tmp_path: Path) -> None:
    """6.3, `.conv_factor` and `.time_offset`: no restart, also seen in /system and after one."""
    async with Sender(p1(LINES)) as meter:
        async with asked(tmp_path / "gw", f"tcp://127.0.0.1:{meter.port}") as (_, client):
            before = await until(client, "/report", lambda said: said["report"]["id"] > 0)
            change = {"conv_factor": 40, "time_offset": 3600}
            assert (await client.put("/meter/settings", json=change)).status_code == 200
            factor = imported(before) * 40
            after = await until(client, "/report", lambda said: said["report"]["conv_factor"] == 40)
            assert abs(imported(after) - factor) < 1e-6
            hours = [int(said["report"]["date_time"][11:13]) for said in (before, after)]
            assert (hours[1] - hours[0]) % 24 == 1
        async with asked(tmp_path / "gw", f"tcp://127.0.0.1:{meter.port}") as (_, client):
            await until(client, "/report", lambda said: abs(imported(said) - factor) < 1e-6)


async def test_an_offset_that_follows_is_kept(tmp_path: Path) -> None:
    """6.3, `.sync_time_offset_with_ntp`: "automatically adjusted", and left when switched off."""
    async with (
        Sender(p1(LINES)) as meter,  # whose clock stands still, years ago
        asked(tmp_path / "gw", f"tcp://127.0.0.1:{meter.port}") as (_, client),
    ):
        await client.put("/meter/settings", json={"sync_time_offset_with_ntp": True})
        followed = await until(client, "/meter/settings", lambda said: bool(said["time_offset"]))
        off = {"sync_time_offset_with_ntp": False}
        said = (await client.put("/meter/settings", json=off)).json()
        assert said["time_offset"] == followed["time_offset"]


async def test_a_key_opens_a_meter_without_a_restart(tmp_path: Path) -> None:
    """6.3, `.encryption` and `.encryption_key`: the status says what is missing, then it is OK."""
    assert KEYS.authentication
    data = hdlc(b"\xe6\xe7\x00" + sealed(notification(ROWS)[3:]))
    async with (
        Sender(data) as meter,
        asked(tmp_path / "gw", f"tcp://127.0.0.1:{meter.port}") as (gateway, client),
    ):
        await until(client, "/system", lambda said: said["meter"]["status"] == "KEY REQUIRED")
        keys = {
            "encryption": True,
            "encryption_key": KEYS.encryption.hex(),
            "authentication_key": KEYS.authentication.hex(),
        }
        assert (await client.put("/meter/settings", json=keys)).status_code == 200
        said = await until(client, "/report", lambda said: said["meter"]["status"] == "OK")
        assert imported(said) == 1.234
        await client.put("/meter/settings", json={"encryption": False})
        await until(client, "/system", lambda said: said["meter"]["status"] == "KEY REQUIRED")
        assert KEYS.encryption.hex() not in gateway.said().lower()


async def test_a_serial_line_is_set_as_the_settings_say(tmp_path: Path) -> None:
    """6.3, `.auto_baudrate` and `.baudrate`: the port is opened anew."""
    master, slave = pty.openpty()
    tty.setraw(slave)

    async with asked(tmp_path / "gw", f"serial:{os.ttyname(slave)}") as (_, client):
        for baudrate, speed in ((4800, termios.B4800), (19200, termios.B19200)):
            change = {"auto_baudrate": False, "baudrate": baudrate}
            assert (await client.put("/meter/settings", json=change)).status_code == 200
            async with asyncio.timeout(WAIT_S):
                while termios.tcgetattr(master)[4] != speed:  # noqa: ASYNC110  (nobody tells)
                    await asyncio.sleep(0.02)
    os.close(slave)
    os.close(master)


async def test_6_11_a_reboot_is_a_new_start(tmp_path: Path) -> None:
    """6.11: 204; a new boot id, the same address, the same settings."""
    async with asked(tmp_path / "gw", "simulate:p1-dsmr5") as (_, client):
        await client.put("/settings", json={"system": {"name": "cellar"}})
        boot = (await client.get("/report")).json()["system"]["boot_id"]
        assert (await client.post("/reboot")).status_code == 204
        await until(client, "/report", lambda said: said["system"]["boot_id"] != boot)
        assert (await client.get("/system")).json()["device"]["name"] == "cellar"


async def test_6_12_a_factory_reset_forgets_settings_and_keeps_the_id(tmp_path: Path) -> None:
    """6.12: settings as they came, those of the command line too; who it is stays."""
    options = ("--conv-factor", "3")
    async with asked(tmp_path / "gw", "simulate:p1-dsmr5", *options) as (_, client):
        before = (await client.get("/report")).json()["system"]
        protected = {"system": {"protection": True, "password": "secret"}}
        assert (await client.put("/settings", json=protected)).status_code == 200
        client.auth = httpx.BasicAuth("", "secret")
        await client.put("/meter/settings", json={"conv_factor": 5})
        await client.post("/meter/scalers/custom", json=[{"obis": "1.8.255", "scaler": 3}])
        await client.post("/berry", content="x")
        assert (await client.post("/restore")).status_code == 204
        client.auth = None
        after = await until(
            client, "/report", lambda said: said["system"]["boot_id"] != before["boot_id"]
        )
        assert after["system"]["id"] == before["id"]
        assert (await client.get("/meter/settings")).json()["conv_factor"] == 3
        assert (await client.get("/meter/scalers/custom")).json() == []
        assert (await client.get("/berry")).status_code == 404


async def test_a_password_counts_at_once_and_curl_knows_it(tmp_path: Path) -> None:
    """6.2, `.system.protection`; newer firmware: `curl --anyauth -u ":PASSWORD"`."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl on this machine; install the package 'curl'")
    async with asked(tmp_path / "gw", "simulate:p1-dsmr5") as (gateway, client):
        change = {"system": {"protection": True, "password": "geheim wie immer"}}
        assert (await client.put("/settings", json=change)).status_code == 200
        for path in ("/settings", "/report", "/live", "/nothing"):
            assert (await client.get(path)).status_code == 401
        process = await asyncio.create_subprocess_exec(
            curl, "-sf", "--anyauth", "-u", ":geheim wie immer", f"{client.base_url}report",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert b'"boot_id"' in said
        assert "geheim" not in gateway.said()


async def test_a_device_without_a_licence_can_be_imitated(tmp_path: Path) -> None:
    """Newer firmware, licence page: FREE has no report, variables and actions; the rest works."""
    options = ("--licence", "free")
    async with asked(tmp_path / "gw", "simulate:p1-dsmr5", *options) as (_, client):
        for path in ("/report", "/report/objects", "/variables"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["message"]) == (404, "License required")
        assert (await client.get("/settings")).status_code == 200
        assert (await client.get("/system")).json()["device"]["license"]["type"] == "FREE"


async def test_the_whole_api_is_described(tmp_path: Path) -> None:
    """OpenAPI: every feature's paths in one description."""
    async with asked(tmp_path / "gw", "simulate:p1-dsmr5") as (_, client):
        paths = (await client.get("/openapi.json")).json()["paths"]
        for path in ("settings", "report", "live", "meter/scalers/current", "wifi/scan", "berry"):
            assert f"/api/v1/{path}" in paths
