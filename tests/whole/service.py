"""A cloud with devices and integrations, and the clients of strangers who use it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.whole.conftest import Cloud
from tests.whole.programs import Program, admin

WAIT_S = 30.0
MACS = ("024F48000011", "024F48000012")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Service:
    """A cloud with a site, two devices and an account."""

    cloud: Cloud
    program: Program
    folder: Path
    devices: list[dict[str, Any]]
    seconds: int = 0

    async def admin(self, *words: str) -> Any:
        return await admin(self.cloud.data, *words)

    async def integration(self, *words: str, macs: tuple[str, ...] = MACS) -> dict[str, Any]:
        """A new integration with devices in it, as the command prints it."""
        owner = ("--owner", "ann@example.org")
        made: dict[str, Any] = await self.admin("integration", "add", *owner, *words)
        for mac in macs:
            await self.admin("integration", "attach", made["id"], mac)
        return made

    def certificate(self, of: dict[str, Any]) -> Path:
        """The CA of a sheet as a file, which most clients want."""
        path = self.folder / "ca.crt"
        path.write_text(of["certificate"])
        return path

    def report(self, power_kw: float) -> bytes:
        """A device's report, a minute after the one before."""
        self.seconds += 60
        at = (NOW + timedelta(seconds=self.seconds)).timestamp()
        power = {"active": {"positive": {"total": power_kw}, "negative": {"total": 0.5}}}
        return json.dumps({"report": {"timestamp": at, "instantaneous_power": power}}).encode()

    async def send(self, power_kw: float, number: int = 0) -> None:
        """One report of a device, acknowledged."""
        device = self.devices[number]
        async with client(device) as publisher:
            payload = self.report(power_kw)
            await publisher.publish(device["topic"], payload, qos=1, timeout=WAIT_S)


def client(of: dict[str, Any], **more: Any) -> aiomqtt.Client:
    """An MQTT client with what was printed."""
    host, port = of["uri"].removeprefix("mqtts://").split(":")
    more.setdefault("identifier", of["username"])
    return aiomqtt.Client(
        host,
        int(port),
        username=of["username"],
        password=more.pop("password", of["password"]),
        tls_context=ssl.create_default_context(cadata=of["certificate"]),
        timeout=WAIT_S,
        **more,
    )


@asynccontextmanager
async def subscribed(of: dict[str, Any], **more: Any) -> AsyncIterator[aiomqtt.Client]:
    """A client that receives an integration's messages."""
    async with client(of, **more) as receiver:
        await receiver.subscribe(of["topic"], qos=1, timeout=WAIT_S)
        yield receiver


async def powers(receiver: aiomqtt.Client, count: int) -> list[float]:
    """The power in the next messages."""
    found: list[float] = []
    async with asyncio.timeout(WAIT_S):
        async for message in receiver.messages:
            said = json.loads(message.payload)
            found.append(said["InstantaneousPower"]["Active"]["Positive"])
            if len(found) == count:
                break
    return found


async def ended(receiver: aiomqtt.Client) -> None:
    """Returns when the broker has ended a connection."""
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(aiomqtt.MqttError):
            async for _ in receiver.messages:
                pass


async def refused(of: dict[str, Any], **more: Any) -> str:
    """What a client is told that may not come in."""
    with pytest.raises(aiomqtt.MqttError) as refusal:
        await client(of, **more).__aenter__()
    return str(refusal.value)


@asynccontextmanager
async def paho_session(
    service: Service, made: dict[str, Any], got: asyncio.Queue[dict[str, Any]]
) -> AsyncIterator[None]:
    """paho with a persistent session, subscribed; it comes back by itself when it is cut off."""
    host, port = made["uri"].removeprefix("mqtts://").split(":")
    loop, ready = asyncio.get_running_loop(), asyncio.Event()

    def granted(*_: Any) -> None:
        loop.call_soon_threadsafe(ready.set)

    def arrived(_: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        loop.call_soon_threadsafe(got.put_nowait, json.loads(message.payload))

    mqtt = paho.Client(
        CallbackAPIVersion.VERSION2, made["username"], clean_session=False, protocol=paho.MQTTv311
    )
    mqtt.username_pw_set(made["username"], made["password"])
    mqtt.tls_set(ca_certs=str(service.certificate(made)))
    mqtt.on_connect = lambda client, *_: client.subscribe(made["topic"], qos=1)
    mqtt.on_subscribe, mqtt.on_message = granted, arrived
    mqtt.reconnect_delay_set(1, 2)
    mqtt.connect(host, int(port), keepalive=5)
    mqtt.loop_start()
    try:
        async with asyncio.timeout(WAIT_S):
            await ready.wait()
        yield
    finally:
        mqtt.disconnect()
        await asyncio.to_thread(mqtt.loop_stop)
