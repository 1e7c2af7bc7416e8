"""What a device may do on the cloud's MQTT service, with the client of a stranger."""

import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiomqtt
import pytest
import pytest_asyncio
from tests import memory
from tests.whole.conftest import MAC, Cloud
from tests.whole.programs import admin, free_ports

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "024F48000002"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def devices() -> AsyncIterator[list[dict[str, Any]]]:
    """Two devices of a running cloud, as `ohmstead admin device add --json` prints them."""
    with memory.folder() as place:
        http, https, mqtts = free_ports(3)
        cloud = Cloud(place / "cloud", (http, https, mqtts))
        async with cloud.up():
            await cloud.with_device(place)
            await admin(cloud.data, "device", "remove", MAC)
            site = ("--site", "1")
            yield [await admin(cloud.data, "device", "add", mac, *site) for mac in (MAC, OTHER)]


def client(device: dict[str, Any], **more: Any) -> aiomqtt.Client:
    """An MQTT client with what was printed."""
    host, port = device["uri"].removeprefix("mqtts://").split(":")
    return aiomqtt.Client(
        host,
        int(port),
        username=device["username"],
        password=more.pop("password", device["password"]),
        tls_context=ssl.create_default_context(cadata=device["certificate"]),
        timeout=10,
        **more,
    )


async def test_a_device_publishes_under_any_client_id_but_another_devices(
    devices: list[dict[str, Any]],
) -> None:
    """Real devices choose their own id; one that is somebody else's would sign that one off."""
    one, other = devices
    for identifier in (one["username"], "kitchen", "", f"{one['username']}:7f"):
        async with client(one, identifier=identifier) as device:
            await device.publish(one["topic"], b"{}", qos=1, timeout=10)
    for identifier in (other["username"], f"{other['username']}:7f"):
        with pytest.raises(aiomqtt.MqttError):
            await client(one, identifier=identifier).__aenter__()
    with pytest.raises(aiomqtt.MqttError):
        await client(one, identifier="kitchen", password=other["password"]).__aenter__()


async def test_a_device_reads_nothing(devices: list[dict[str, Any]]) -> None:
    """A device may publish on its own topic, and that is all."""
    async with client(devices[0], identifier="kitchen") as device:
        for topic in ("#", "up/#", devices[1]["topic"]):
            (granted,) = await device.subscribe(topic, qos=1, timeout=10)
            assert int(str(getattr(granted, "value", granted))) >= 0x80
