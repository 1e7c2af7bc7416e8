"""Integrations with a running cloud, the real command line, and the clients of strangers."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import pytest_asyncio
from tests import memory
from tests.whole.conftest import Cloud
from tests.whole.programs import Wire, admin, free_ports, running
from tests.whole.service import (
    MACS,
    NOW,
    WAIT_S,
    Service,
    client,
    ended,
    paho_session,
    powers,
    refused,
    subscribed,
)
from web import build

from ohmstead.reading.units import kept

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDED = ("dlms/aidon-6534-1", "dsmr/kaifa-dsmr42-1")
EVERYTHING = {
    name: f"${{{name}}}"
    for name in re.findall(
        r"\S+",
        "MAC timestamp timestamp_iso 1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 1.6.0 1.6.1 1.6.2 1.7.0 "
        "21.7.0 41.7.0 61.7.0 2.7.0 22.7.0 42.7.0 62.7.0 3.7.0 4.7.0 3.8.0 4.8.0 32.7.0 52.7.0 "
        "72.7.0 31.7.0 51.7.0 71.7.0 s31.7.0 s51.7.0 s71.7.0 13.7.0 16.7.0",
    )
}
"""Every field of Cloud2Cloud 2.0, section 6."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[Service]:
    """One cloud for all tests here."""
    with memory.folder() as path:
        http, https, mqtts = free_ports(3)
        cloud = Cloud(path / "cloud", (http, https, mqtts))
        async with cloud.up() as program:
            data = cloud.data
            await admin(data, "org", "add", "Works")
            zone = ("--timezone", "Europe/Zurich")
            await admin(data, "site", "add", "House", "--org", "1", *zone)
            await admin(data, "user", "add", "ann@example.org", "--role", "manager", "--org", "1")
            devices = [await admin(data, "device", "add", mac, "--site", "1") for mac in MACS]
            yield Service(cloud, program, path, devices)


async def test_the_command_prints_what_a_client_needs(service: Service) -> None:
    """Exactly these members; the id is made, or the name that was chosen (1.0, section 2)."""
    made = await service.integration(macs=())
    assert set(made) == {"id", "uri", "username", "password", "topic", "certificate"}
    assert made["topic"] == f"ext/{made['id']}/#"
    assert made["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert (await service.integration("--name", "acmepower", macs=()))["id"] == "acmepower"


async def test_mosquitto_receives_what_mosquitto_sends(service: Service) -> None:
    """Eclipse Mosquitto's own clients with the CA file of the sheet, over TLS, MQTT 3.1.1."""
    made, device = await service.integration("--retain"), service.devices[0]
    host, port = made["uri"].removeprefix("mqtts://").split(":")
    ca = str(service.certificate(made))
    where = ["-h", host, "-p", port, "--cafile", ca, "-V", "mqttv311", "-q", "1"]
    who = ["-i", device["username"], "-u", device["username"], "-P", device["password"]]
    said = service.report(2.455).decode()
    sender = await asyncio.create_subprocess_exec(
        "mosquitto_pub", *where, *who, "-t", device["topic"], "-m", said
    )
    async with asyncio.timeout(WAIT_S):
        assert await sender.wait() == 0
        id = f"{made['username']}:gmrnaj6n"
        receiver = await asyncio.create_subprocess_exec(
            "mosquitto_sub", *where, "-i", id, "-u", made["username"], "-P", made["password"],
            "-t", made["topic"], "-C", "1", "-F", "%t %p", stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        printed, _ = await receiver.communicate()
    topic, _, payload = printed.decode().partition(" ")
    assert topic == f"ext/{made['id']}/{MACS[0]}"
    at = int((NOW + timedelta(seconds=service.seconds)).timestamp())
    assert payload.rstrip("\n").startswith(f'{{\n  "Timestamp": {at},\n  "InstantaneousPower": {{')
    assert json.loads(payload)["InstantaneousPower"]["Active"]["Positive"] == 2.455


async def test_paho_gets_what_was_published_while_it_was_away(service: Service) -> None:
    """2.0, section 4: QoS 1; the sheet: a persistent session keeps what is published meanwhile."""
    made, seen = await service.integration(), set[float]()
    got = asyncio.Queue[dict[str, Any]]()

    async def until(expected: set[float]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not expected <= seen:
                seen.add((await got.get())["InstantaneousPower"]["Active"]["Positive"])

    async with paho_session(service, made, got):
        await service.send(1.0)
        await until({1.0})
    async with subscribed(made, identifier=f"{made['username']}:w") as watcher:
        await service.send(2.0)
        await service.send(3.0)
        assert await powers(watcher, 2) == [2.0, 3.0]
    async with paho_session(service, made, got):
        await until({1.0, 2.0, 3.0})


async def test_mqtt_js_receives_with_3_1_1_and_is_refused_with_5(service: Service) -> None:
    """Node's mqtt.js with the sheet's CA; a client that offers MQTT 5 is told the version is wrong.

    MQTT 3.1.1, 3.2.2.3: return code 1, unacceptable protocol version.
    """
    modules = Path(__file__).parents[2] / "web" / "node_modules"
    if not (modules / "mqtt").is_dir():
        pytest.skip("no mqtt.js; `python web/build.py` puts it into web/node_modules")
    made = await service.integration("--retain", macs=MACS[:1])
    await service.send(7.5)
    script = Path(__file__).with_name("receive.cjs")

    async def said(version: str) -> tuple[int | None, str]:
        program = await asyncio.create_subprocess_exec(
            build.node().node, script, version,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "NODE_PATH": str(modules)},
        )  # fmt: skip
        async with asyncio.timeout(WAIT_S):
            printed, _ = await program.communicate(json.dumps(made).encode())
        return program.returncode, printed.decode().strip()

    assert await said("4") == (0, f"ext/{made['id']}/{MACS[0]} 7.5")
    assert await said("5") == (1, "Connection refused: Unacceptable protocol version")


async def test_who_may_not_come_in_is_told_so(service: Service) -> None:
    """MQTT 3.1.1, 3.2.2.3: 5 for a wrong password or client id; a client of MQTT 5 is refused."""
    made = await service.integration(macs=())
    name = made["username"]
    assert "Not authorized" in await refused(made, password="wrong")
    for identifier in (f"{name}x", f"{name}:", f"{name}:a-b", MACS[0], "anything"):
        assert "Not authorized" in await refused(made, identifier=identifier)
    assert "identifier" in (await refused(made, identifier=f"{name}.x")).lower()
    version = await refused(made, protocol=aiomqtt.ProtocolVersion.V5)
    assert "protocol" in version.lower()
    assert "Not authorized" in await refused(service.devices[0], identifier=name)
    assert "Not authorized" in await refused(service.devices[0], identifier=f"{name}:7")
    shown = await service.admin("integration", "show", made["id"])
    assert shown["state"] == "active"


async def test_attempts_to_break_out_are_counted_and_shown(service: Service) -> None:
    """Only inside ext/<id>/…; a device only on up/<its MAC>; what else was tried is shown."""
    made, other = await service.integration(macs=()), service.devices[1]
    async with client(made) as nosy:
        for topic in ("#", "ext/#", "up/#", "ext/acmepower/#", "$MQTT/msgs/#", "$SYS/#"):
            (code,) = await nosy.subscribe(topic, qos=1, timeout=WAIT_S)
            assert int(str(getattr(code, "value", code))) == 0x80, topic
        await nosy.publish(f"ext/{made['id']}/{MACS[0]}", b"x", qos=1, timeout=WAIT_S)
    async with client(other) as device:
        await device.publish(f"ext/{made['id']}/{MACS[1]}", b"x", qos=1, timeout=WAIT_S)
    async with asyncio.timeout(WAIT_S):
        while True:  # they are written down once a second
            tried = (await service.admin("integration", "show", made["id"]))["break_outs"]
            if tried.get("publish") == 1 and tried.get("subscribe", 0) >= 4:
                break


async def test_a_pause_and_a_revocation_end_connections(service: Service) -> None:
    """Revoking takes effect on live connections; nobody comes in again."""
    made = await service.integration()
    async with subscribed(made) as receiver:
        await service.admin("integration", "pause", made["id"])
        await ended(receiver)
    assert "Not authorized" in await refused(made)
    await service.admin("integration", "resume", made["id"])
    async with subscribed(made) as receiver:
        await service.send(4.0)
        assert await powers(receiver, 1) == [4.0]
        await service.admin("integration", "revoke", made["id"])
        await ended(receiver)
    assert "Not authorized" in await refused(made)


async def test_both_passwords_work_while_one_is_renewed(service: Service) -> None:
    """The connection sheet: it can be renewed, with a period in which both work."""
    made = await service.integration(macs=())
    renewed = await service.admin("integration", "renew-password", made["id"], "--overlap", "600")
    assert renewed["password"] != made["password"]
    assert renewed["old_password_until"]
    for each in (made, renewed):
        async with client(each):
            pass
    async with client(renewed) as receiver:
        again = await service.admin("integration", "renew-password", made["id"], "--overlap", "0")
        await ended(receiver)
    assert "Not authorized" in await refused(renewed)
    async with client(again):
        pass


async def test_a_device_that_is_added_is_received_at_once(service: Service) -> None:
    """Adding a right takes effect on live connections, and taking it away does, too."""
    made = await service.integration(macs=MACS[:1])
    async with subscribed(made) as receiver:
        await service.admin("integration", "attach", made["id"], MACS[1], "--interval", "1")
        async with asyncio.timeout(WAIT_S):
            while len(receiver.messages) == 0:
                await service.send(5.0, number=1)
        first = await anext(aiter(receiver.messages))
        assert str(first.topic) == f"ext/{made['id']}/{MACS[1]}"


async def test_a_renewed_device_must_sign_in_anew(service: Service) -> None:
    """Credentials of a device that are renewed end its connection."""
    device = service.devices[1]
    async with client(device, identifier="kitchen") as connected:
        service.devices[1] = await service.admin("device", "renew", MACS[1])
        await ended(connected)
    assert "Not authorized" in await refused(device)
    assert "Not authorized" in await refused(service.devices[0], identifier="kitchen")
    await service.send(6.0, number=1)


async def test_recorded_telegrams_reach_a_subscriber(service: Service, corpus: Path) -> None:
    """2.0, section 6: each listed field, through the gateway, equals what the corpus expects."""
    template = service.folder / "everything.json"
    template.write_text(json.dumps(EVERYTHING))
    made = await service.integration("--template", str(template), "--interval", "0")
    recorded = {
        mac: json.loads((corpus / "telegrams" / f"{name}.json").read_text())
        for mac, name in zip(MACS, RECORDED, strict=True)
    }
    async with subscribed(made) as receiver, asyncio.TaskGroup() as group:
        ways = [
            group.create_task(_through_a_gateway(service, number, recorded[mac]["raw_hex"]))
            for number, mac in enumerate(MACS)
        ]
        said: dict[str, dict[str, Any]] = {}
        async with asyncio.timeout(3 * WAIT_S):
            async for message in receiver.messages:
                found = json.loads(message.payload)
                assert str(message.topic) == f"ext/{made['id']}/{found['MAC']}"
                said[found["MAC"]] = found
                if said.keys() == set(MACS):
                    break
        for way in ways:
            way.cancel()
    for mac, telegram in recorded.items():
        compared = 0
        for obis, each in telegram["expected"].items():
            if obis in EVERYTHING and isinstance(each["value"], int | float):
                assert said[mac][obis] == pytest.approx(kept(each["value"], each["unit"])[0]), obis
                compared += 1
        assert compared >= 3
        at = datetime.fromisoformat(said[mac]["timestamp_iso"])
        assert at.timestamp() == said[mac]["timestamp"]
        if None not in (said[mac]["1.7.0"], said[mac]["2.7.0"]):
            net = said[mac]["1.7.0"] - said[mac]["2.7.0"]
            assert said[mac]["16.7.0"] == pytest.approx(net)


async def _through_a_gateway(service: Service, number: int, raw_hex: str) -> None:
    """A meter that says the same every second, read by a gateway that sends to the cloud."""
    uplink = service.folder / f"uplink-{number}.json"
    uplink.write_text(json.dumps(service.devices[number]))
    data = service.folder / f"gateway-{number}"
    async with Wire() as wire:
        arguments = ["--source", wire.url, "--http", "127.0.0.1:0"]
        async with running("gateway", *arguments, "--uplink", uplink, "--data", data):
            await wire.connected.wait()
            while True:
                await wire.send(bytes.fromhex(raw_hex))
                await asyncio.sleep(1)


async def test_what_was_acknowledged_arrives_whatever_is_killed(service: Service) -> None:
    """Zero loss: acknowledged = delivered to a persistent subscriber, at least once."""
    made = await service.integration("--interval", "0", macs=MACS[:1])
    acknowledged: set[int] = set()
    delivered: set[int] = set()
    enough, told = 400, asyncio.Condition()

    got = asyncio.Queue[dict[str, Any]]()

    async def receive() -> None:
        while True:
            said = await got.get()
            async with told:
                delivered.add(said["Timestamp"])
                told.notify_all()

    async def publish() -> None:
        device, first = service.devices[0], int(NOW.timestamp()) + 10_000_000
        number = 0
        while number < enough:
            try:
                async with client(device, keepalive=5) as publisher:
                    while number < enough:
                        body = json.dumps({"report": {"timestamp": first + number}})
                        await publisher.publish(device["topic"], body, qos=1, timeout=5)
                        async with told:
                            acknowledged.add(first + number)
                            told.notify_all()
                        number += 1
            except aiomqtt.MqttError:
                await asyncio.sleep(0.2)

    async def until(count: int, seen: set[int]) -> None:
        async with asyncio.timeout(3 * WAIT_S), told:
            await told.wait_for(lambda: len(seen) >= count)

    async with paho_session(service, made, got), asyncio.TaskGroup() as group:
        receiving = group.create_task(receive(), name="subscriber")
        publishing = group.create_task(publish(), name="device")
        await until(50, delivered)
        os.kill(service.program.child("nats-server"), signal.SIGKILL)
        await until(150, delivered)
        await service.program.kill()
        async with service.cloud.up():
            await publishing
            async with asyncio.timeout(3 * WAIT_S), told:
                await told.wait_for(lambda: acknowledged <= delivered)
            receiving.cancel()
    assert len(acknowledged) == enough
