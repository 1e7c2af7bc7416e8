"""Packets out of what a connection brings, with its parser and past it."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from ohmstead.collector import packet_replies as replies
from ohmstead.collector.packet_entry import Entry
from ohmstead.collector.packet_protocol import IDLE_S, PacketProtocol

HEAD = (
    b"POST /measurements/v2/%s HTTP/1.1\r\nHost: h\r\nAuthorization: %s\r\nContent-Length: %d\r\n"
)
PATHS = (b"unifiedjson/", b"unifiedjson_utc/", b"unifiedjson_partial")
BODIES = st.one_of(
    st.binary(max_size=12), st.just(b"\r\n\r\n"), st.just(b"POST / HTTP/1.1\r\n\r\n")
)
REQUESTS = st.tuples(st.sampled_from(PATHS), st.sampled_from((b"a", b"b")), BODIES)


class Took:
    """Where packets go: what was said, answered at once."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def take(self, request: Any) -> None:
        self.said.append(
            (request.head.utc, request.head.partial, request.head.authorization, request.body)
        )
        request.settle(replies.STORED)


class Later(Took):
    """Where packets go, and are not answered yet."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Any] = []

    def take(self, request: Any) -> None:
        self.requests.append(request)


class Wire(asyncio.Transport):
    """The other end."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 5), "sockname": ("127.0.0.1", 6)})
        self.answers = b""
        self.closed = False
        self.paused = 0
        self.unread = 0

    def pause_reading(self) -> None:
        self.paused += 1

    def resume_reading(self) -> None:
        self.paused -= 1

    def get_write_buffer_size(self) -> int:
        return self.unread

    def abort(self) -> None:
        self.answers = b"aborted"

    def write(self, data: Any) -> None:
        self.answers += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def request(path: bytes, who: bytes, body: bytes, more: bytes = b"") -> bytes:
    return HEAD % (path, who, len(body)) + more + b"\r\n" + body


async def nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    """Everything that is no packet."""


def connected(took: Took, wire: Wire) -> PacketProtocol:
    """A connection to a server."""
    config = uvicorn.Config(nothing, log_config=None, interface="asgi3", ws="none")
    config.load()
    protocol = PacketProtocol(config, ServerState(), {}, entry=Entry(took))
    protocol.connection_made(wire)
    return protocol


async def brought(pieces: Sequence[bytes]) -> tuple[list[tuple[Any, ...]], Wire]:
    """What was taken of what came in these pieces."""
    took, wire = Took(), Wire()
    protocol = connected(took, wire)
    for piece in pieces:
        protocol.data_received(piece)
    return took.said, wire


@settings(max_examples=80, deadline=None)
@given(st.lists(REQUESTS, min_size=1, max_size=8), st.lists(st.integers(0, 900), max_size=6))
def test_what_is_taken_does_not_depend_on_how_it_comes(
    asked: list[tuple[bytes, bytes, bytes]], cuts: list[int]
) -> None:
    """RFC 9112, section 6: a message's body is as long as its head says, however it is sent."""
    wanted = [(b"utc" in path, b"partial" in path, who, body) for path, who, body in asked]
    whole = [request(*each) for each in asked]
    stream = b"".join(whole)
    edges = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    cut = [stream[a:b] for a, b in pairwise(edges)]
    for pieces, times in ((whole, 1), (cut, 1), (whole + cut, 2), (whole + whole, 2)):
        said, wire = asyncio.run(brought(pieces))
        assert said == wanted * times
        assert wire.answers.count(b"HTTP/1.1 200 OK") == len(said)


@pytest.mark.parametrize(
    "more, closed", [(b"Connection: close\r\n", True), (b"Connection: keep-alive\r\n", False)]
)
async def test_a_head_that_is_known_says_the_same_again(more: bytes, closed: bool) -> None:
    """RFC 9112, section 9.6: after a request with `Connection: close` the server closes."""
    entry_said, wire = await brought([request(PATHS[0], b"a", b"{}", more)] * 2)
    assert len(entry_said) == (1 if closed else 2)
    assert wire.closed is closed


async def test_who_reads_no_answers_is_not_read_either() -> None:
    """The push API's promise: memory is flat, whatever clients do; RFC 9112, 9.3.2."""
    took, wire = Took(), Wire()
    protocol = connected(took, wire)
    protocol.pause_writing()
    protocol.data_received(request(PATHS[0], b"a", b"{}") * 3)
    assert (len(took.said), wire.paused) == (3, 1)
    protocol.resume_writing()
    assert wire.paused == 0


async def test_who_never_reads_what_is_left_is_cut_off() -> None:
    """RFC 9112, 9.6: a server closes when it wants to; one that waits for its client may not."""
    wire = Wire()
    protocol = connected(Took(), wire)
    now_s = asyncio.get_running_loop().time() + IDLE_S + 1
    protocol.sweep(now_s)
    assert wire.closed
    for wire.unread in (9, 5):  # it reads, if slowly
        protocol.sweep(now_s)
    assert wire.answers == b""
    protocol.sweep(now_s)
    assert wire.answers == b"aborted"


async def test_who_says_that_it_sends_no_more_has_its_answer() -> None:
    """RFC 9293, 3.6: one half of a connection is closed; small devices do so at once."""
    later, wire = Later(), Wire()
    protocol = connected(later, wire)
    assert not protocol.eof_received()
    protocol.data_received(request(PATHS[0], b"a", b"{}"))
    assert protocol.eof_received()
    later.requests[0].settle(replies.STORED)
    assert wire.closed
    assert wire.answers.endswith(replies.STORED.body)
