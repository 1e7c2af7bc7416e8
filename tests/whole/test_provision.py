"""`ohmstead provision` on real parts: a gateway with a password, a cloud, data that arrive."""

import json
import os
import sys
from asyncio import create_subprocess_exec, subprocess
from pathlib import Path

import httpx
from tests.house.program import program
from tests.whole.conftest import Cloud
from tests.whole.programs import admin

MAC = "024F48AA0001"
PASSWORD = "behind the meter"


async def command(*arguments: str, **env: str) -> tuple[int, str]:
    """`ohmstead provision …`: its status and what it said."""
    process = await create_subprocess_exec(
        sys.executable, "-m", "ohmstead", "provision", *arguments,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **env},
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_gateway_is_made_to_send_here_and_put_back(cloud: Cloud, place: Path) -> None:
    """docs/commands.md, `ohmstead provision`; Digest as REST/MQTT 2.0, 2.3 and interop 1.3."""
    backup = place / "backup.json"
    source = ("--source", "simulate:p1-dsmr5?seed=3", "--id", MAC)
    async with program(place / "gw", *source) as gateway, cloud.up():
        url = await gateway.url()
        async with httpx.AsyncClient(base_url=url, auth=httpx.DigestAuth("", PASSWORD)) as client:
            system = {"system": {"protection": True, "password": PASSWORD}}
            (await client.put("/api/v1/settings", json=system)).raise_for_status()
            organisation = await admin(cloud.data, "org", "add", "Test")
            await admin(
                cloud.data, "site", "add", "House", "--org", str(organisation["id"]),
                "--timezone", "Europe/Zurich",
            )  # fmt: skip
            data = ("--data", str(cloud.data))
            wrong, said = await command(url, *data, "--yes", OHMSTEAD_DEVICE_PASSWORD="guess")
            assert (wrong, "does not take this password" in said) == (1, True), said
            right = {"OHMSTEAD_DEVICE_PASSWORD": PASSWORD}
            unasked, said = await command(url, *data, **right)
            assert (unasked, "--yes" in said) == (1, True), said
            options = ("--interval", "1", "--backup", str(backup), "--yes")
            status, said = await command(url, *data, *options, **right)
            assert status == 0, said
            assert "data arrive and are stored" in said
            meter = await admin(cloud.data, "meter", "show", MAC)
            assert meter["counts"]["accepted"] >= 1
            assert meter["counts"]["refused"] == 0
            shown = (await client.get("/api/v1/mqtt/settings")).json()
            assert shown["publish"]["topic"] == f"up/{MAC}"
            status, said = await command(url, "--restore", str(backup), "--yes", **right)
            assert status == 0, said
            shown = (await client.get("/api/v1/mqtt/settings")).json()
            assert shown == json.loads(backup.read_text())["mqtt"]
