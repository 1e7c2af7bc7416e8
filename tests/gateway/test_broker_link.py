"""Connections to a broker that come to nothing.  Source: MQTT 3.1.1, 3.1.4 and 3.14."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt
import pytest

from ohmstead.gateway.broker_link import NO_ANSWER, Link, cause, entered

WAIT_S = 20.0
CONNACK = b"\x20\x02\x00\x00"


class Broker:
    """It takes connections, and says to a login what it is told to say."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.port = 0
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(self._answer)
        self.asked.set()
        try:
            while await reader.read(1000):
                pass
        except ConnectionError:
            pass
        finally:
            self.left.set()
            writer.close()

    def link(self, timeout_s: float) -> Link:
        return Link(
            "127.0.0.1", self.port, timeout=timeout_s, protocol=aiomqtt.ProtocolVersion.V311
        )


@asynccontextmanager
async def broker(answer: bytes = b"") -> AsyncIterator[Broker]:
    made = Broker(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(WAIT_S):
            yield made
    finally:
        server.close()


async def enter(link: Link) -> None:
    async with entered(link):
        await asyncio.Event().wait()


async def test_a_login_that_is_not_answered_leaves_no_connection() -> None:
    """MQTT 3.1.1, 3.1.4: a client may stop waiting for the CONNACK; it then closes."""
    async with broker() as silent:
        with pytest.raises(aiomqtt.MqttError, match="does it want TLS"):
            await enter(silent.link(0.1))
        await silent.left.wait()


@pytest.mark.parametrize("answer", [b"", CONNACK], ids=["logging in", "logged in"])
async def test_who_is_cancelled_leaves_no_connection(answer: bytes) -> None:
    """Settings that change while it connects, and the end of the program: nobody stays behind."""
    async with broker(answer) as found:
        task = asyncio.create_task(enter(found.link(WAIT_S)))
        await found.asked.wait()
        task.cancel()
        await found.left.wait()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_connection_that_comes_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is looked up slowly, in a thread that cannot be stopped: who waited is gone."""
    began, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(link: Link) -> None:
        loop.call_soon_threadsafe(began.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(WAIT_S)
        connect(link)

    connect = aiomqtt.Client._client_connect
    monkeypatch.setattr(aiomqtt.Client, "_client_connect", slow)
    async with broker() as found:
        task = asyncio.create_task(enter(found.link(WAIT_S)))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await found.left.wait()


def test_the_first_failure_of_a_session_is_its_cause() -> None:
    """Several tasks share a connection; all of them fail with it."""
    first = aiomqtt.MqttError(NO_ANSWER)
    group = ExceptionGroup("", [ExceptionGroup("", [first]), OSError("second")])
    assert cause(group) is first
