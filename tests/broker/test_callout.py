"""Who may connect, publish and subscribe, asked by a real server of a real client."""

import asyncio

import aiomqtt
import nats
import pytest
from nats.errors import Error as NatsError
from tests.broker.conftest import Field

from ohmstead.broker.callout import Callout, Grant, is_own, permissions
from ohmstead.broker.connections import kick
from ohmstead.broker.server import NatsServer

REFUSED = "Not authorized"
"""How the client names CONNACK 5.  Source: MQTT 3.1.1, 3.2.2.3."""


async def answer(client: aiomqtt.Client, topic: str) -> int:
    """The return code of a subscription (MQTT 3.1.1, 3.9.3)."""
    (code,) = await client.subscribe(topic, qos=1, timeout=10)
    return code if isinstance(code, int) else code.value


async def test_a_device_with_its_password_publishes_on_its_topic(field: Field) -> None:
    """The contract: a device may publish `up/<its MAC>`, and gets its PUBACK."""
    async with field.client("GW1") as device:
        await device.publish("up/GW1", b"{}", qos=1, timeout=10)


@pytest.mark.parametrize(
    "user, password, client_id",
    [
        ("GW1", "two", "GW1"),
        ("GW9", "one", "GW9"),
        ("GW1", "one", "GW2"),
        ("GW1", "one", "GW1:"),
        ("GW1", "one", "GW1:a-b"),
        ("app", "one", "app"),
    ],
)
async def test_who_is_not_himself_is_refused(
    field: Field, callout: Callout, user: str, password: str, client_id: str
) -> None:
    """MQTT 3.1.1, 3.2.2.3: CONNACK 5 for a wrong password, user or somebody else's client id."""
    with pytest.raises(aiomqtt.MqttError) as refusal:
        async with field.client(user, password, client_id):
            pass
    assert REFUSED in str(refusal.value)
    assert callout.granted == 0


async def test_mqtt_5_is_refused(field: Field) -> None:
    """NATS documentation, MQTT: only 3.1.1 is spoken; the answer says so."""
    with pytest.raises(aiomqtt.MqttError, match=r"[Pp]rotocol"):
        async with field.client("GW1", protocol=aiomqtt.ProtocolVersion.V5):
            pass


async def test_a_publish_on_another_topic_is_dropped_and_counted(
    field: Field, server: NatsServer
) -> None:
    """MQTT 3.1.1, 3.3.5: a forbidden publish is acknowledged all the same; only the log tells."""
    async with field.client("GW1") as device, asyncio.timeout(10):
        await device.publish("up/GW2", b"{}", qos=1)
        async with server.log.violated:
            await server.log.violated.wait_for(lambda: server.publish_violations == 1)


async def test_a_device_may_not_subscribe(field: Field) -> None:
    """MQTT 3.1.1, 3.9.3: a subscription that is not granted is answered with 0x80."""
    async with field.client("GW1") as device:
        for topic in ("#", "up/GW2", "up/GW1", "$MQTT/msgs/#", "$MQTT/sub/#"):
            assert await answer(device, topic) == 0x80


async def test_a_reader_sees_what_it_was_granted_and_nothing_else(field: Field) -> None:
    """MQTT 3.1.1, 4.7.1.2: `ext/7/#` is `ext/7` and everything under it."""
    async with field.client("reader") as reader, asyncio.timeout(10):
        assert await answer(reader, "ext/7/#") == 1
        assert await answer(reader, "ext/8/#") == 0x80
        async with field.client("writer", client_id="writer:2") as writer:
            await writer.publish("ext/7/GW1", b"seen", qos=1)
        async for message in reader.messages:
            assert (str(message.topic), message.payload) == ("ext/7/GW1", b"seen")
            break


async def test_one_dead_responder_is_not_missed(field: Field, callout: Callout) -> None:
    """Findings on auth callout: unanswered, a sign-in hangs five seconds and fails."""
    await callout._connections[0].close()
    for _ in range(4):
        async with asyncio.timeout(4), field.client("GW1"):
            pass
    assert callout.granted == 4


async def test_a_kicked_device_is_gone_at_once(field: Field, server: NatsServer) -> None:
    """Rights are a snapshot of the sign-in: after a change the connection must end."""
    async with field.client("GW2") as bystander:
        async with field.client("GW1", client_id="GW1:a") as device:
            assert await kick(server.link, "GW1") == 1
            with pytest.raises(aiomqtt.MqttError):
                await asyncio.wait_for(anext(aiter(device.messages)), 10)
        await bystander.publish("up/GW2", b"{}", qos=1, timeout=10)
    assert await kick(server.link, "GW1") == 0


async def test_our_own_port_admits_nobody_else(server: NatsServer, callout: Callout) -> None:
    """The inner port is for us: a device's password opens only the MQTT port."""
    with pytest.raises(NatsError, match="Authorization Violation"):
        await nats.connect(server.link.url, user="GW1", password="one", allow_reconnect=False)


def test_nothing_granted_is_everything_denied() -> None:
    """NATS documentation, authorization: an absent permission means that all is allowed."""
    assert permissions(Grant()) == {"pub": {"deny": [">"]}, "sub": {"deny": [">"]}}


@pytest.mark.parametrize("client_id", ["", "gw", "gw-11", "xgw-1", "gw-1:", "gw-1:" + "a" * 65])
def test_a_client_id_of_somebody_else(client_id: str) -> None:
    """Cloud2Cloud how-to 2.0: the client id is the user name, or it with `:` and letters."""
    assert not is_own(client_id, "gw-1")
