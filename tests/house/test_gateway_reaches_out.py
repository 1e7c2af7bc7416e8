"""What a whole gateway does towards others: its user's broker, its actions, the local network.

Source: REST/MQTT 2.0, 2.2, 5.8, 5.9 and 6.6, with the document's own programs where it names them.
"""

import asyncio
import json
import re
import sys
from pathlib import Path

import httpx
import pytest
from tests.gateway.lab import Lab, block, section
from tests.gateway.mosquitto import mosquitto, subscribed
from tests.gateway.test_action_http import device
from tests.gateway.test_mqtt_client import message
from tests.house.program import WAIT_S, program
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from ohmstead.gateway.discovery import MODBUS, WEB, addresses_of

SIMULATED = ("--source", "simulate:p1-dsmr5?seed=3")
EVERY_SECOND = {"services": {"report_interval": 1}}

REQUESTS = "from httpx import HTTPError as RequestException, post\n"
"""The two names of `requests` that the document's script uses, which httpx has as well."""


async def ran(*words: str, folder: Path, **environment: str) -> str:
    """What a program prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complaint = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode == 0, complaint.decode()
    return said.decode()


@pytest.mark.corpus
async def test_5_8_and_5_9_the_meter_is_provisioned_and_publishes(
    tmp_path: Path, corpus: Path
) -> None:
    """5.8: mqtt.json by curl; 5.9: setup_mqtt.py as printed; both end in messages over TLS."""
    lab = Lab(tmp_path, corpus)
    with mosquitto(tmp_path, lab.listener) as broker:
        (tmp_path / "mqtt.json").write_text(json.dumps(lab.json(broker)))
        (tmp_path / "setup_mqtt.py").write_text(block(section(corpus, "5.9")))
        (tmp_path / "requests.py").write_text(REQUESTS)
        async with (
            program(tmp_path / "gw", *SIMULATED) as gateway,
            subscribed(*lab.subscription(broker)) as subscriber,
            httpx.AsyncClient(base_url=await gateway.url(), timeout=WAIT_S) as client,
        ):
            url = str(client.base_url).rstrip("/")
            await client.put("/api/v1/settings", json=EVERY_SECOND)
            upload = ("-X", "POST", f"{url}/api/v1/mqtt/settings", "--data-binary", "@mqtt.json")
            kind = ("-H", "Content-Type: application/json")
            shown = json.loads(await ran("curl", "-sf", *upload, *kind, folder=tmp_path))
            assert "PRIVATE KEY" not in json.dumps(shown)
            topic, _, said = (await message(subscriber)).partition(" ")
            assert topic == "lab/energy/whatwatt-001"
            assert set(json.loads(said)) == {"P_In", "P_Out"}
            clouds = (await client.get("/api/v1/system")).json()["clouds"]
            assert clouds["mqtc"] == {"enabled": True, "connected": True}

            script = (sys.executable, "setup_mqtt.py", "--device", url.removeprefix("http://"))
            to = ("--broker", "127.0.0.1", "--port", str(broker.port), "--id", "second")
            topics = ("--topic", "lab/energy/second")
            printed = await ran(*script, *to, *topics, folder=tmp_path, PYTHONPATH=str(tmp_path))
            assert printed.startswith("Success: {")
            async with asyncio.timeout(WAIT_S):
                while not (await message(subscriber)).startswith("lab/energy/second {"):
                    pass


async def test_6_6_2_and_6_6_3_the_example_requests(tmp_path: Path) -> None:
    """6.6.2: curl -i -X POST …/actions/call?id=1; 6.6.3: curl -s …/actions/status?id=…"""
    async with device() as switch, program(tmp_path / "gw", *SIMULATED) as gateway:
        url = await gateway.url()
        http = {"url": "http://${switch}/toggle"}
        definition = {
            "const": {"switch": f"127.0.0.1:{switch.port}"},
            "actions": [{"id": "1", "requests": [{"http": http}]}],
        }
        async with httpx.AsyncClient(base_url=url, timeout=WAIT_S) as client:
            assert (await client.post("/api/v1/actions", json=definition)).status_code == 200
        called = await ran(
            "curl", "-i", "-s", "-X", "POST", f"{url}/api/v1/actions/call?id=1", folder=tmp_path
        )
        assert called.startswith("HTTP/1.1 202 Accepted\r\n")
        where = re.search(r"(?i)^location: (/api/v1/actions/status\?id=\d+)\r$", called, re.M)
        assert where
        async with asyncio.timeout(WAIT_S):
            code = -1
            while code == -1:
                said = await ran("curl", "-s", f"{url}{where[1]}", folder=tmp_path)
                ((outcome),) = json.loads(said)
                code = outcome["code"]
        assert (outcome["action_id"], code) == ("1", 200)
        assert set(outcome) == {"action_id", "id", "code", "exe_time"}
        assert switch.lines[0] == "GET /toggle HTTP/1.1"


@pytest.mark.optional
async def test_2_2_a_gateway_that_others_reach_is_found(tmp_path: Path) -> None:
    """2.2 and 6.2: it announces its pages, and Modbus once that is on; and says goodbye."""
    if not addresses_of("0.0.0.0"):
        pytest.skip("this machine has no address besides the loopback")
    reached = (*SIMULATED, "--http", "0.0.0.0:0", "--id", "A842E3F00001")
    async with program(tmp_path / "gw", *reached) as gateway:
        url = await gateway.url()
        network = AsyncZeroconf()
        try:
            web = AsyncServiceInfo(WEB, f"whatwatt Go F00001 WebUI.{WEB}")
            assert await web.async_request(network.zeroconf, WAIT_S * 1000)
            assert web.port == httpx.URL(url).port
            assert web.server == "whatwatt-F00001.local."
            modbus = {"services": {"modbus": {"enable": True, "port": 15_502}}}
            async with httpx.AsyncClient(base_url=url, timeout=WAIT_S) as client:
                assert (await client.put("/api/v1/settings", json=modbus)).status_code == 200
            slave = AsyncServiceInfo(MODBUS, f"ModbusTCP Slave F00001.{MODBUS}")
            assert await slave.async_request(network.zeroconf, WAIT_S * 1000)
            assert slave.port == 15_502
        finally:
            await network.async_close()


async def test_a_free_device_publishes_nothing(tmp_path: Path) -> None:
    """Device's documentation, licensing: without a licence the MQTT publisher is inactive."""
    with mosquitto(tmp_path) as broker:
        async with program(tmp_path / "gw", *SIMULATED, "--licence", "free") as gateway:
            url = await gateway.url()
            async with httpx.AsyncClient(base_url=url, timeout=WAIT_S) as client:
                own = {"enable": True, "url": f"mqtt://127.0.0.1:{broker.port}"}
                own |= {"publish": {"topic": "t", "template": "x"}}
                assert (await client.post("/api/v1/mqtt/settings", json=own)).status_code == 200
                clouds = (await client.get("/api/v1/system")).json()["clouds"]
                assert clouds["mqtc"] == {"enabled": True, "connected": False}
                assert (await client.get("/api/v1/actions")).status_code == 404
        assert "New client connected" not in broker.log()
