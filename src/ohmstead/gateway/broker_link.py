"""A connection to an MQTT broker that leaves nothing behind, however it ends.

aiomqtt leaves a socket open when the login is never confirmed, when the task that connects is
cancelled, and when the broker has stopped reading: the broker then counts a client that nobody
speaks for.  Both MQTT clients of the gateway connect through here.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import aiomqtt

LEAVE_S = 2.0
"""A broker that does not take the farewell for so long is left without."""
NO_ANSWER = "the broker does not answer the login; does it want TLS, or a client certificate?"


class Link(aiomqtt.Client):
    """A client of a broker that can be given up at any moment, also while it connects."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._given_up = False
        self._in_thread = True
        """Whether the thread that connects may still touch the socket."""

    async def deliver(self, topic: str, message: bytes | str, timeout_s: float) -> None:
        """Publishes with QoS 1; MqttError without a PUBACK within `timeout_s`."""
        with _heeding_cancellation():
            await self.publish(topic, message, qos=1, timeout=timeout_s)

    def _client_connect(self) -> None:
        """In a thread, for as long as the network takes; who waited may be gone by then."""
        try:
            super()._client_connect()
        finally:
            self._loop.call_soon_threadsafe(self._thread_ended)

    def _thread_ended(self) -> None:
        self._in_thread = False
        if self._given_up:
            self._close()

    def give_up(self) -> None:
        """Closes the socket, now or as soon as there is one."""
        self._given_up = True
        if not self._in_thread:
            self._close()

    def _close(self) -> None:
        # Not at once: paho may just have asked for the socket to be watched.
        self._loop.call_soon(self._client._sock_close)


@contextmanager
def _heeding_cancellation() -> Iterator[None]:
    """Ends a task that was cancelled in the moment the broker answered: Python 3.11's `wait_for`,
    in which aiomqtt waits, forgets it then."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    yield
    if task and task.cancelling() > before:
        raise asyncio.CancelledError


@asynccontextmanager
async def entered(link: Link) -> AsyncIterator[Link]:
    """The link, connected; MqttError says why it is not."""
    try:
        with _heeding_cancellation():
            await link.__aenter__()
    except BaseException as error:
        link.give_up()
        if isinstance(error, aiomqtt.MqttError) and "timed out" in str(error):
            raise aiomqtt.MqttError(NO_ANSWER) from error
        raise
    try:
        yield link
    finally:
        try:
            with suppress(TimeoutError):  # it does not even take the farewell
                async with asyncio.timeout(LEAVE_S):
                    await link.__aexit__(None, None, None)
        finally:
            link.give_up()


async def until_disconnected(link: Link) -> None:
    """Ends with MqttError when the connection does; no messages are expected."""
    async for _ in link.messages:
        pass


def cause(group: BaseExceptionGroup[Exception]) -> Exception:
    """The first failure of a session: what is worth saying."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if isinstance(found, Exception) else aiomqtt.MqttError(str(found))
