"""The publisher: reports from the queue to the broker, in order, none forgotten before its PUBACK.

MQTT 3.1.1, QoS 1, TLS with the uplink's own authority, clean session, client id = user name.  A
report may arrive twice (after a broken connection, or a kill), never not at all.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import NoReturn

import aiomqtt
import structlog
from paho.mqtt.reasoncodes import ReasonCode

from ohmstead.clock import Clock
from ohmstead.errors import BadInput
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.queue import Queue
from ohmstead.settings.gateway import Uplink

CONNECTING, CONNECTED, DISCONNECTED, REFUSED = "CONNECTING", "CONNECTED", "DISCONNECTED", "REFUSED"

IN_FLIGHT = 20
"""Reports sent and not yet acknowledged; further ones wait on disk."""
ANSWER_S = 10.0
"""Without an answer for so long, CONNACK or PUBACK, the connection is given up."""
KEEPALIVE_S = 20
STEADY_S = 30.0
"""A connection that lasted so long begins the waits anew."""

_REFUSALS = frozenset({4, 5, 134, 135})  # bad user name or password, not authorised: 3.1.1 and 5

Flying = asyncio.Queue[tuple[int, asyncio.Task[None]]]
"""Number of a report, and the task that ends with its PUBACK."""

_log = structlog.get_logger("gateway.publisher")


@dataclass(frozen=True, slots=True)
class Waits:
    """Waits between tries to connect: after trouble on the way, and after a refused login."""

    trouble: Backoff = field(default_factory=lambda: Backoff(first_s=1.0, most_s=60.0))
    refused: Backoff = field(default_factory=lambda: Backoff(first_s=5.0, most_s=300.0))


def tls(certificate: str) -> ssl.SSLContext:
    """A context that trusts this authority and no other; BadInput when it is no certificate."""
    try:
        context = ssl.create_default_context(cadata=certificate)
    except (ssl.SSLError, ValueError) as error:
        raise BadInput(f"the uplink's certificate is not a PEM certificate: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _is_refusal(error: BaseException) -> bool:
    code = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
    return (code.value if isinstance(code, ReasonCode) else code) in _REFUSALS


class Publisher:
    """Sends what the queue holds, for as long as it runs."""

    def __init__(
        self, uplink: Uplink, queue: Queue, outbox: Outbox, clock: Clock, waits: Waits | None = None
    ) -> None:
        """BadInput when the uplink's address or certificate is none."""
        self._uplink = uplink
        self._host, self._port = uplink.address
        self._tls = tls(uplink.certificate)
        self._queue = queue
        self._outbox = outbox
        self._clock = clock
        self._waits = waits or Waits()
        self._state = CONNECTING
        self._trouble = ""
        self._since_s = 0.0

    @property
    def state(self) -> str:
        """CONNECTING, CONNECTED, DISCONNECTED or REFUSED."""
        return self._state

    @property
    def trouble(self) -> str:
        """Why it is not connected; empty while it is."""
        return self._trouble

    async def run(self) -> NoReturn:
        """Connects, sends, and connects again, until it is cancelled."""
        failures = refusals = 0
        while True:
            error = await self._session()
            steady = (
                self._state == CONNECTED and self._clock.monotonic_s() - self._since_s > STEADY_S
            )
            refused = _is_refusal(error)
            failures = 1 if steady else failures + 1
            refusals = refusals + 1 if refused else 0
            self._state = REFUSED if refused else DISCONNECTED
            self._trouble = str(error) or type(error).__name__
            wait_s = (
                self._waits.refused.wait_s(refusals)
                if refused
                else self._waits.trouble.wait_s(failures)
            )
            _log.warning(
                "cloud refuses the login" if refused else "cloud not reached",
                host=self._host,
                port=self._port,
                why=self._trouble,
                waiting=self._queue.waiting,
                next_try_s=round(wait_s, 1),
            )
            await asyncio.sleep(wait_s)

    def _client(self) -> aiomqtt.Client:
        client = aiomqtt.Client(
            self._host,
            self._port,
            username=self._uplink.username,
            password=self._uplink.password,
            identifier=self._uplink.username,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            timeout=ANSWER_S,
            keepalive=KEEPALIVE_S,
            max_inflight_messages=IN_FLIGHT,
            max_queued_incoming_messages=1,  # it subscribes to nothing
            tls_context=self._tls,
        )
        client.pending_calls_threshold = IN_FLIGHT
        return client

    async def _session(self) -> Exception:
        """One connection, from its beginning to its end; why it ended."""
        try:
            async with self._client() as client:
                self._state, self._trouble = CONNECTED, ""
                self._since_s = self._clock.monotonic_s()
                _log.info("cloud connected", host=self._host, waiting=self._queue.waiting)
                self._queue.rewind()
                await self._send_all(client)
        except* (aiomqtt.MqttError, OSError) as group:
            found: BaseException = group
            while isinstance(found, BaseExceptionGroup):
                found = found.exceptions[0]
            error = found if isinstance(found, Exception) else aiomqtt.MqttError(str(found))
        return error

    async def _send_all(self, client: aiomqtt.Client) -> NoReturn:
        flying: Flying = asyncio.Queue(IN_FLIGHT - 2)  # one more is put, one is confirmed
        async with asyncio.TaskGroup() as group:
            group.create_task(self._launch(client, group, flying), name="uplink:launch")
            group.create_task(self._confirm(flying), name="uplink:confirm")
            group.create_task(_until_disconnected(client), name="uplink:watch")
        raise aiomqtt.MqttError("the connection ended")

    async def _launch(
        self,
        client: aiomqtt.Client,
        group: asyncio.TaskGroup,
        flying: Flying,
    ) -> NoReturn:
        """Sends report after report, as long as fewer than IN_FLIGHT are on the way."""
        while True:
            entry = self._queue.next()
            if entry is None:
                await self._outbox.added()
                continue
            sending = client.publish(self._uplink.topic, entry.payload, qos=1, timeout=ANSWER_S)
            task = group.create_task(sending, name=f"uplink:{entry.number}")
            await flying.put((entry.number, task))

    async def _confirm(self, flying: Flying) -> NoReturn:
        """Takes reports out of the queue in their order, each after its PUBACK."""
        while True:
            number, task = await flying.get()
            await task
            self._queue.done(number)


async def _until_disconnected(client: aiomqtt.Client) -> None:
    """Ends with MqttError when the connection does; no messages are expected."""
    async for _ in client.messages:
        pass
