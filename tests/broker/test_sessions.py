"""What the stream keeps for clients that are away, seen and bounded on a real server."""

import asyncio

from tests.broker.conftest import Field

from ohmstead.broker.connections import Connections
from ohmstead.broker.server import NatsServer
from ohmstead.broker.sessions import Sessions

WAIT_S = 20.0


async def published(field: Field, *payloads: bytes) -> None:
    async with field.client("writer", client_id="writer:1") as writer:
        for payload in payloads:
            await writer.publish("ext/7/GW1", payload, qos=1, timeout=WAIT_S)


async def test_the_newest_messages_wait_for_a_client_that_is_away(
    field: Field, server: NatsServer
) -> None:
    """The sheet: a persistent session gets the newest messages up to a bound, in order."""
    async with Sessions(server.link) as sessions, asyncio.timeout(4 * WAIT_S):
        async with field.client("reader", clean_session=False) as reader:
            await reader.subscribe("ext/7/#", qos=1)
            assert await sessions.away() == []
        await published(field, *(b"%d" % n for n in range(10)))
        while await sessions.away() != ["reader"]:
            pass
        assert (await sessions.kept()).messages == {"7": 10}
        assert await sessions.trim("7", 4) == 6
        kept = await sessions.kept()
        assert (kept.messages, kept.most_bytes > kept.stream_bytes > 0) == ({"7": 4}, True)
        got = []
        async with field.client("reader", clean_session=False) as reader:
            async for message in reader.messages:
                got.append(message.payload)
                if len(got) == 4:
                    break
        assert got == [b"6", b"7", b"8", b"9"]


async def test_a_session_that_is_ended_keeps_nothing(field: Field, server: NatsServer) -> None:
    """MQTT 3.1.1, 3.1.2.4: a clean session discards the one before, and what waited for it."""
    async with Sessions(server.link) as sessions, asyncio.timeout(4 * WAIT_S):
        async with field.client("reader", client_id="reader:a", clean_session=False) as reader:
            await reader.subscribe("ext/7/#", qos=1)
        await published(field, b"x")
        while await sessions.away() != ["reader:a"]:
            pass
        async with field.client("reader", client_id="reader:a", clean_session=True):
            pass
        while await sessions.away() or (await sessions.kept()).messages:
            pass


async def test_connections_are_counted_by_user(field: Field, server: NatsServer) -> None:
    """Shown on an integration's page: how many clients are connected now."""
    async with (
        Connections(server.link) as connections,
        field.client("GW1"),
        field.client("GW1", client_id="GW1:2"),
        field.client("GW2"),
    ):
        assert (await connections.count("GW1"), await connections.count("GW3")) == (2, 0)
        assert await connections.clients() == {"GW1": "GW1", "GW1:2": "GW1", "GW2": "GW2"}
        assert await connections.kick(["GW1", "GW2"]) == 3
        async with asyncio.timeout(WAIT_S):
            while await connections.clients():
                pass
