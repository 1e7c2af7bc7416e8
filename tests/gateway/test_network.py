"""Adapters that connect or send to the gateway.  Source: ports, `listen://` and `udp://`."""

import asyncio
import socket
from contextlib import aclosing

import pytest
from tests.wire.telegrams import p1

from ohmstead.errors import Unavailable
from ohmstead.gateway.network import DATAGRAMS, Datagrams, bind
from ohmstead.gateway.port import chunks
from ohmstead.gateway.source import Listen, Setting, Udp, source_of
from ohmstead.wire.telegram import NOT_CONNECTED

WAIT_S = 10


async def connected(port: int) -> asyncio.StreamWriter:
    """A connection to the gateway, as soon as it listens."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            return writer


async def test_an_adapter_connects_and_the_newest_counts(unused_tcp_port: int) -> None:
    """`listen://`: an adapter that lost its power connects again beside its old connection."""
    told: list[str | None] = []
    at = source_of(f"listen://127.0.0.1:{unused_tcp_port}")
    async with asyncio.timeout(WAIT_S), aclosing(chunks(at, tell=told.append)) as found:
        coming = asyncio.ensure_future(anext(found))
        first = await connected(unused_tcp_port)
        first.write(p1())
        assert await coming == p1()
        coming = asyncio.ensure_future(anext(found))
        second = await connected(unused_tcp_port)
        second.write(b"second")
        assert await coming == b"second"
        assert told == [None, NOT_CONNECTED, None]
        first.close()
        second.close()


async def test_a_silent_adapter_is_let_go(unused_tcp_port: int) -> None:
    """`?silence=`: an adapter that says nothing for so long is gone; the next one may come."""
    told: list[str | None] = []
    gone = asyncio.Event()

    def tell(state: str | None) -> None:
        told.append(state)
        if state == NOT_CONNECTED:
            gone.set()

    at = source_of(f"listen://127.0.0.1:{unused_tcp_port}?silence=0.02")
    async with asyncio.timeout(WAIT_S), aclosing(chunks(at, tell=tell)) as found:
        coming = asyncio.ensure_future(anext(found))
        first = await connected(unused_tcp_port)
        await gone.wait()
        second = await connected(unused_tcp_port)
        second.write(b"here")
        assert await coming == b"here"
        first.close()
        second.close()


async def test_a_port_that_is_taken_is_said_at_once(unused_tcp_port: int) -> None:
    """Style 7: what happened and what to do, not a gateway that waits for ever."""
    with socket.socket() as taken, socket.socket(type=socket.SOCK_DGRAM) as also:
        taken.bind(("127.0.0.1", unused_tcp_port))
        taken.listen()
        with pytest.raises(Unavailable, match="stop the program"):
            await anext(chunks(Listen("127.0.0.1", unused_tcp_port)))
        also.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="stop the program"):
            await anext(chunks(Udp("127.0.0.1", also.getsockname()[1])))


async def test_datagrams_are_the_meters_bytes(unused_udp_port: int) -> None:
    """`udp://`: the bytes of one datagram after the other."""
    at = source_of(f"udp://127.0.0.1:{unused_udp_port}")
    told: list[str | None] = []
    opened = asyncio.Event()

    def tell(state: str | None) -> None:
        told.append(state)
        opened.set()

    async with asyncio.timeout(WAIT_S), aclosing(chunks(at, tell=tell)) as found:
        coming = asyncio.ensure_future(anext(found))
        await opened.wait()
        with socket.socket(type=socket.SOCK_DGRAM) as adapter:
            adapter.sendto(p1()[:100], ("127.0.0.1", unused_udp_port))
            adapter.sendto(p1()[100:], ("127.0.0.1", unused_udp_port))
        assert await coming + await anext(found) == p1()
    assert told == [None, NOT_CONNECTED]


async def test_a_stranger_does_not_mix_in(unused_udp_port: int) -> None:
    """One sender at a time until it was silent; a bounded queue, the oldest go."""
    line = await bind(Udp("127.0.0.1", unused_udp_port, silence_s=60))
    assert isinstance(line, Datagrams)
    first, other = ("127.0.0.1", 5), ("127.0.0.1", 6)
    line.datagram_received(b"a", first)
    line.datagram_received(b"x", other)
    line.datagram_received(b"", first)
    assert await line.read(WAIT_S) == b"a"
    assert line.passed_over == 1
    line._heard_s -= 61
    line.datagram_received(b"y", other)
    assert await line.read(WAIT_S) == b"y"
    for number in range(DATAGRAMS + 10):
        line.datagram_received(bytes([number]), other)
    assert line.dropped == 10
    assert await line.read(WAIT_S) == bytes([10])
    await line.set(Setting())
    with pytest.raises(OSError, match="only listens"):
        await line.write(b"?")
    await line.close()
