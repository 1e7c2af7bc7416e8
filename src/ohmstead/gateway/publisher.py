"""The publisher: reports from the queue to the broker, in order, none forgotten before its PUBACK.

MQTT 3.1.1, QoS 1, TLS with the uplink's own authority, clean session, client id = user name.  A
report may arrive twice (after a broken connection, or a kill), never not at all.
"""

import asyncio
import secrets
import ssl
from dataclasses import dataclass, field
from typing import NoReturn

import aiomqtt
import structlog
from paho.mqtt.reasoncodes import ReasonCode

from ohmstead.clock import Clock
from ohmstead.errors import BadInput
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.broker_link import Link, cause, entered, until_disconnected
from ohmstead.gateway.outbox import Outbox
from ohmstead.gateway.queue import Queue
from ohmstead.settings.gateway import Uplink

CONNECTING, CONNECTED, DISCONNECTED, REFUSED = "CONNECTING", "CONNECTED", "DISCONNECTED", "REFUSED"

IN_FLIGHT = 20
"""Reports sent and not yet acknowledged; further ones wait on disk."""
LOGIN_S = 10.0
"""Without a CONNACK for so long the connection is given up: the broker asks who may come in."""
PATIENCE_S, MOST_PATIENCE_S = 2.0, 16.0
"""Without a PUBACK for so long the connection is given up.  A broker that was just started answers
logins and forgets what is published before it can store; one that is slow is given twice the time
at the next try."""
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


class _Unacknowledged(aiomqtt.MqttError):
    """A report was sent and no PUBACK came."""


class Publisher:
    """Sends what the queue holds, for as long as it runs."""

    def __init__(
        self, uplink: Uplink, queue: Queue, outbox: Outbox, clock: Clock, waits: Waits | None = None
    ) -> None:
        """BadInput when the uplink's address or certificate is none."""
        self._uplink = uplink
        self._addresses = uplink.addresses
        self._chosen = secrets.randbelow(len(self._addresses))
        """Devices spread over the servers of a cluster, and go on to the next when one is away."""
        self._tls = tls(uplink.certificate)
        self._queue = queue
        self._outbox = outbox
        self._clock = clock
        self._waits = waits or Waits()
        self._state = CONNECTING
        self._trouble = ""
        self._since_s = 0.0
        self._patience_s = PATIENCE_S

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
            if steady:
                self._patience_s = PATIENCE_S
            elif isinstance(error, _Unacknowledged):
                self._patience_s = min(2 * self._patience_s, MOST_PATIENCE_S)
            refusals = refusals + 1 if refused else 0
            self._state = REFUSED if refused else DISCONNECTED
            self._trouble = str(error) or type(error).__name__
            wait_s = (
                self._waits.refused.wait_s(refusals)
                if refused
                else self._waits.trouble.wait_s(-(-failures // len(self._addresses)))
            )
            host, port = self._addresses[self._chosen]
            self._chosen = (self._chosen + 1) % len(self._addresses)
            _log.warning(
                "cloud refuses the login" if refused else "cloud not reached",
                host=host,
                port=port,
                why=self._trouble,
                waiting=self._queue.waiting,
                next_try_s=round(wait_s, 1),
            )
            await asyncio.sleep(wait_s)

    def _link(self) -> Link:
        link = Link(
            *self._addresses[self._chosen],
            username=self._uplink.username,
            password=self._uplink.password,
            identifier=self._uplink.username,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            timeout=LOGIN_S,
            keepalive=KEEPALIVE_S,
            max_inflight_messages=IN_FLIGHT,
            max_queued_incoming_messages=1,  # it subscribes to nothing
            tls_context=self._tls,
        )
        link.pending_calls_threshold = IN_FLIGHT
        return link

    async def _session(self) -> Exception:
        """One connection, from its beginning to its end; why it ended."""
        try:
            async with entered(self._link()) as link:
                self._state, self._trouble = CONNECTED, ""
                self._since_s = self._clock.monotonic_s()
                _log.info(
                    "cloud connected",
                    host=self._addresses[self._chosen][0],
                    waiting=self._queue.waiting,
                )
                self._queue.rewind()
                await self._send_all(link)
        except* (aiomqtt.MqttError, OSError) as group:
            error = cause(group)
        return error

    async def _send_all(self, link: Link) -> NoReturn:
        flying: Flying = asyncio.Queue(IN_FLIGHT - 2)  # one more is put, one is confirmed
        async with asyncio.TaskGroup() as group:
            group.create_task(self._launch(link, group, flying), name="uplink:launch")
            group.create_task(self._confirm(flying), name="uplink:confirm")
            group.create_task(until_disconnected(link), name="uplink:watch")
        raise aiomqtt.MqttError("the connection ended")

    async def _launch(
        self,
        link: Link,
        group: asyncio.TaskGroup,
        flying: Flying,
    ) -> NoReturn:
        """Sends report after report, as long as fewer than IN_FLIGHT are on the way."""
        while True:
            entry = self._queue.next()
            if entry is None:
                await self._outbox.added()
                continue
            sending = self._send(link, entry.payload)
            task = group.create_task(sending, name=f"uplink:{entry.number}")
            await flying.put((entry.number, task))

    async def _send(self, link: Link, report: bytes) -> None:
        """Done when the broker has it; _Unacknowledged when it does not say so."""
        try:
            await link.deliver(self._uplink.topic, report, self._patience_s)
        except aiomqtt.MqttError as error:
            if "timed out" in str(error):
                raise _Unacknowledged("the broker does not acknowledge reports") from error
            raise

    async def _confirm(self, flying: Flying) -> NoReturn:
        """Takes reports out of the queue in their order, each after its PUBACK."""
        while True:
            number, task = await flying.get()
            await task
            self._queue.done(number)
