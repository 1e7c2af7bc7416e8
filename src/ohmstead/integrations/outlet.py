"""The client that publishes to integrations: MQTT 3.1.1, QoS 1, kept connected.

It is an MQTT client like others, because only what comes in by MQTT reaches subscribers of QoS 0
and QoS 1 alike.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import aiomqtt
import structlog

log = structlog.get_logger(__name__)

AT_ONCE = 200
"""Messages that are on their way at the same time."""
ANSWER_S = 10.0
"""Without a PUBACK for so long the connection is given up, and the message sent again."""
KEEPALIVE_S = 30
_PAUSE_S = (0.2, 5.0)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for an integration."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker is, and as whom to sign in."""

    host: str
    port: int
    username: str
    password: str
    tls: ssl.SSLContext | None
    others: tuple[tuple[str, int], ...] = ()
    """Host and port of the other servers of a cluster, for when this one is away."""

    @property
    def next(self) -> "Endpoint":
        """The same broker by its next address."""
        here, *others = (*self.others, (self.host, self.port))
        return replace(self, host=here[0], port=here[1], others=tuple(others))

    def __repr__(self) -> str:
        return f"Endpoint({self.host!r}, {self.port}, {self.username!r})"  # and not the password


class Outlet:
    """Publishes: `async with Outlet(endpoint) as outlet: await outlet.send(messages)`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: aiomqtt.Client | None = None
        self._room = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Returns when the broker has acknowledged each, in order for each topic.

        While it cannot be reached, it is tried again and again; cancel it to give up.
        """
        async with self._room:
            for first in range(0, len(messages), AT_ONCE):
                await self._send(messages[first : first + AT_ONCE])

    async def _send(self, left: Sequence[Outgoing]) -> None:
        pause_s = _PAUSE_S[0]
        while left:
            acknowledged, trouble = await self._published(left)
            left = left[acknowledged:]
            if trouble is not None:
                log.warning("not passed on yet", messages=len(left), why=str(trouble))
                await self._close()
                self._endpoint = self._endpoint.next
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_S[1])

    async def _published(self, messages: Sequence[Outgoing]) -> tuple[int, Exception | None]:
        """How many of them, from the first on, are acknowledged, and why not all."""
        try:
            client = await self._connected()
        except (aiomqtt.MqttError, OSError) as trouble:
            return 0, trouble
        lost = asyncio.create_task(_until_lost(client), name="outlet connection")
        on_their_way = [
            asyncio.create_task(self._publish(client, each), name="outlet publish")
            for each in messages
        ]
        all_there = asyncio.gather(*on_their_way)
        try:
            await asyncio.wait((all_there, lost), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (lost, *on_their_way):
                task.cancel()
            said = await asyncio.gather(*on_their_way, return_exceptions=True)
            ended = (await asyncio.gather(lost, return_exceptions=True))[0]
            await asyncio.gather(all_there, return_exceptions=True)
        for number, each in enumerate(said):
            if isinstance(each, aiomqtt.MqttError | OSError):
                return number, each
            if isinstance(each, asyncio.CancelledError):
                why = ended if isinstance(ended, aiomqtt.MqttError) else None
                return number, why or aiomqtt.MqttError("the connection was lost")
            if each is not None:
                raise each
        return len(messages), None

    async def _publish(self, client: aiomqtt.Client, message: Outgoing) -> None:
        await client.publish(
            message.topic, message.payload, qos=1, retain=message.retain, timeout=ANSWER_S
        )

    async def _connected(self) -> aiomqtt.Client:
        if self._client is None:
            client = _client(self._endpoint, self._endpoint.username)
            await self._stack.enter_async_context(client)
            self._client = client
        return self._client

    async def _close(self) -> None:
        self._client = None
        with contextlib.suppress(aiomqtt.MqttError, OSError):
            await self._stack.aclose()


async def end_session(endpoint: Endpoint, client_id: str) -> None:
    """End the session that a client left at the broker, and forget what is kept for it.

    A client that connects with a clean session discards the one before; so we do, in its name.
    MqttError when the broker does not let us.  Source: MQTT 3.1.1, 3.1.2.4.
    """
    async with _client(endpoint, client_id):
        pass


def _client(to: Endpoint, client_id: str) -> aiomqtt.Client:
    client = aiomqtt.Client(
        to.host,
        to.port,
        username=to.username,
        password=to.password,
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        timeout=ANSWER_S,
        keepalive=KEEPALIVE_S,
        max_queued_incoming_messages=1,  # it subscribes to nothing
        max_inflight_messages=AT_ONCE,
        tls_context=to.tls,
    )
    client.pending_calls_threshold = AT_ONCE
    return client


async def _until_lost(client: aiomqtt.Client) -> None:
    """Ends with MqttError when the connection does: publishing alone would wait for an answer."""
    async for _ in client.messages:
        pass
