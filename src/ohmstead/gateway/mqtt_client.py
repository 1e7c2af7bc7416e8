"""The MQTT client: readings, put into a template, to a broker of the user's own.

MQTT 3.1.1, QoS 1, one message at a time.  Nothing is kept for later: who looks at such a broker
wants the present.  Source: REST/MQTT 2.0, 4 and 5.  The cloud's uplink is `gateway.publisher`.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

import aiomqtt
import structlog

from ohmstead.clock import Clock
from ohmstead.errors import BadInput
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.board import Board
from ohmstead.gateway.broker_link import Link, cause, entered, until_disconnected
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.http import Route
from ohmstead.gateway.mqtt_endpoint import Endpoint, endpoint
from ohmstead.reading.reading import Reading
from ohmstead.settings.mqtt import MqttSettings
from ohmstead.surfaces.device import Device, OwnBroker
from ohmstead.surfaces.template import Template

METER_OK = "OK"
ANSWER_S = 10.0
"""Without an answer for so long, CONNACK or PUBACK, the connection is given up."""
KEEPALIVE_S = 30
STEADY_S = 30.0
"""A connection that lasted so long begins the waits anew."""
LOOK_S = 3600.0
"""Without a reading it looks so often whether it should go on waiting."""

_log = structlog.get_logger("gateway.mqtt")


class MqttClient:
    """Publishes as the settings say, for as long as it runs; a change of them counts at once."""

    def __init__(
        self,
        configuration: Configuration,
        board: Board,
        device: Callable[[], Device],
        clock: Clock,
        wait: Backoff | None = None,
    ) -> None:
        """`device` gives the state of the device at the moment it is called; `wait` the time
        between tries to connect."""
        self._configuration = configuration
        self._board = board
        self._device = device
        self._clock = clock
        self._wait = wait or Backoff(first_s=1.0, most_s=60.0)
        self._connected = False
        self._trouble = ""
        self._renewed = asyncio.Event()
        """The client's own settings have changed."""
        self._eased = asyncio.Event()
        """Other settings have changed: the interval may have."""
        self._shown: Reading | None = None
        self._last_s: float | None = None

    def state(self) -> OwnBroker:
        """Whether it is switched on, whether it is connected, and why not."""
        return OwnBroker(self._configuration.mqtt.enable, self._connected, self._trouble)

    def routes(self) -> Sequence[Route]:
        """None of its own: its settings are `/api/v1/mqtt/settings`."""
        return ()

    async def run(self) -> None:
        """Connects and publishes, until it is cancelled."""
        forget = self._configuration.watch(self._told)
        try:
            while True:
                self._renewed.clear()
                self._shown, self._last_s = None, None
                async with asyncio.TaskGroup() as group:
                    work = group.create_task(self._work(self._configuration.mqtt), name="mqtt:work")
                    await self._renewed.wait()
                    work.cancel()
        finally:
            forget()

    def _told(self, name: str) -> None:
        (self._renewed if name == "mqtt" else self._eased).set()

    async def _work(self, settings: MqttSettings) -> None:
        """As long as these settings count; at once done when nothing can come of them."""
        self._trouble = ""
        if not settings.enable:
            return
        try:
            to = endpoint(settings, self._device().id)
            if not settings.publish.topic:
                raise BadInput("publish.topic: there is no topic to publish to")
        except BadInput as error:
            self._trouble = str(error)
            if not settings.url:  # switched on before it is set up: nothing is wrong yet
                _log.info("own broker not set up", why=self._trouble)
            else:
                _log.error("own broker not usable", why=self._trouble)
            return
        if to.surprising:
            _log.warning("mqtt:// with certificates: TLS is used; write mqtts://", host=to.host)
        await self._keep_connected(to, settings)

    async def _keep_connected(self, to: Endpoint, settings: MqttSettings) -> NoReturn:
        failures = 0
        while True:
            began_s = self._clock.monotonic_s()
            try:
                error = await self._session(to, settings)
            finally:
                was_connected, self._connected = self._connected, False
            steady = was_connected and self._clock.monotonic_s() - began_s > STEADY_S
            failures = 1 if steady else failures + 1
            self._trouble = str(error) or type(error).__name__
            wait_s = self._wait.wait_s(failures)
            _log.warning(
                "own broker not reached",
                host=to.host,
                port=to.port,
                why=self._trouble,
                next_try_s=round(wait_s, 1),
            )
            await asyncio.sleep(wait_s)

    async def _session(self, to: Endpoint, settings: MqttSettings) -> Exception:
        """One connection, from its beginning to its end; why it ended."""
        client = Link(
            to.host,
            to.port,
            username=to.username,
            password=to.password,
            identifier=to.client_id,
            protocol=aiomqtt.ProtocolVersion.V311,
            clean_session=True,
            timeout=ANSWER_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=1,  # it subscribes to nothing
            tls_context=to.tls,
        )
        template = Template(settings.publish.template)
        try:
            async with entered(client), asyncio.TaskGroup() as group:
                self._connected, self._trouble = True, ""
                _log.info("own broker connected", host=to.host, port=to.port)
                publishing = self._publish(client, settings.publish.topic, template)
                group.create_task(publishing, name="mqtt:publish")
                group.create_task(until_disconnected(client), name="mqtt:watch")
        except* (aiomqtt.MqttError, OSError, ValueError) as group:
            error = cause(group)
        return error

    async def _publish(self, client: Link, topic: str, template: Template) -> NoReturn:
        """Reading after reading, none twice, none sooner than the interval after the one before."""
        while True:
            await self._interval()
            reading = await self._next()
            device = self._device()
            self._shown = reading
            if device.meter_status != METER_OK:
                continue  # 4, note: "will only publish values if a meter is connected"
            message = template.render(reading, device)
            self._last_s = self._clock.monotonic_s()
            await client.deliver(topic, message, ANSWER_S)

    async def _interval(self) -> None:
        """Waits out the interval, also when that becomes another one meanwhile."""
        while self._last_s is not None:
            interval_s = self._configuration.settings.services.report_interval
            left_s = self._last_s + interval_s - self._clock.monotonic_s()
            if left_s <= 0:
                return
            self._eased.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._eased.wait()

    async def _next(self) -> Reading:
        """A reading that was not shown yet."""
        while True:
            with suppress(TimeoutError):
                reading = await self._board.next(self._shown, LOOK_S)
                if reading is None:
                    raise aiomqtt.MqttError("the gateway stops")
                return reading
