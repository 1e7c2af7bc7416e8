"""HTTP requests of actions.  Source: REST/MQTT 2.0, 6.6.1; RFC 9112."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gateway.broker import _certificates

from ohmstead.errors import BadInput
from ohmstead.gateway.action_http import Call, header, send, url
from ohmstead.gateway.action_modbus import Status

WAIT_S = 5.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Device:
    """An HTTP device that says what it is told to say, and keeps what it heard."""

    def __init__(self, says: bytes | None) -> None:
        self.says = says
        self.heard: list[bytes] = []
        self.port = 0
        self.over = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0
        )
        self.heard.append(head + await reader.readexactly(length))
        if self.says is None:
            await self.over.wait()
        else:
            writer.write(self.says)
        writer.close()

    @property
    def lines(self) -> list[str]:
        return self.heard[-1].decode().split("\r\n")


@asynccontextmanager
async def device(
    says: bytes | None = OK, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Device]:
    made = Device(says)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.over.set()
        server.close()


async def sent(made: Device, path: str = "/", **also: Any) -> int:
    return await send(Call(url(f"http://127.0.0.1:{made.port}{path}"), **also), WAIT_S, None)


async def test_a_get_has_the_path_and_the_query_and_no_payload() -> None:
    """6.6.1, example action 2; `.payload`: "Used only for POST and PUT methods"."""
    async with device() as made:
        path = "/light/0?turn=on&brightness=20&temp=3000"
        assert await sent(made, path, payload="x") == 200
    assert made.lines[0] == f"GET {path} HTTP/1.1"
    assert f"Host: 127.0.0.1:{made.port}" in made.lines
    assert made.heard[0].endswith(b"\r\n\r\n")


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_payload_is_a_form_unless_a_header_says_otherwise(method: Any) -> None:
    """6.6.1, example action 3 posts `turn=off` with no header at all."""
    async with device() as made:
        assert await sent(made, method=method, payload="turn=off") == 200
        assert made.heard[-1].endswith(
            b"\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nturn=off"
        )
        own = {"content-type": "application/json", "Content-Length": "99", "Host": "switch"}
        assert await sent(made, method=method, payload='"ä"', headers=own) == 200
    assert made.heard[-1].endswith('\r\n\r\n"ä"'.encode())
    assert [line for line in made.lines if line.lower().startswith("content")] == [
        "Content-Length: 4",
        "content-type: application/json",
    ]
    assert [line for line in made.lines if line.startswith("Host")] == ["Host: switch"]


async def test_credentials_of_the_address_are_sent_as_basic_authentication() -> None:
    """RFC 9110, 11.7; RFC 7617: user and password in front of the host."""
    async with device() as made:
        call = Call(url(f"http://user:p%40ss@127.0.0.1:{made.port}/"))
        assert await send(call, WAIT_S, None) == 200
    assert "Authorization: Basic dXNlcjpwQHNz" in made.lines
    assert f"Host: 127.0.0.1:{made.port}" in made.lines


@pytest.mark.parametrize(
    "says, code",
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404),
        (b"HTTP/1.0 500 Broken\r\n\r\nuntil the end", 500),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 200),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", 101),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 302),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + bytes(200_000), 200),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Status.RECEIVE_ERROR),
        (b"HTTP/1.1 200 OK\r\nA: " + b"a" * 200_000, Status.TOO_LONG),
        (b"SSH-2.0-OpenSSH\r\n", Status.HEADER),
        (b"", Status.RECEIVE_ERROR),
    ],
)
async def test_6_6_3_the_code_is_the_status_of_the_answer(says: bytes, code: int) -> None:
    """6.6.3, `.code`: the HTTP status; at most zero for trouble.  No redirect is followed."""
    async with device(says) as made:
        assert await sent(made) == code
    assert len(made.heard) == 1


async def test_6_6_3_a_device_is_waited_for_no_longer_than_the_timeout() -> None:
    """6.6.1, `.timeout`: bounds the whole request; a status that has come counts all the same."""
    async with device(None) as made:
        assert await send(Call(url(f"http://127.0.0.1:{made.port}/")), 0.1, None) == Status.TIMEOUT


async def test_6_6_3_a_host_that_is_not_there() -> None:
    """6.6.3: "A value of ≤ 0 indicates a network or connection issue"."""
    async with device() as made:
        pass
    assert await sent(made) == Status.NOT_CONNECTED
    for host in ("no-such-host.invalid", "a..b", "x" * 64):
        assert await send(Call(url(f"http://{host}/")), WAIT_S, None) == Status.NOT_RESOLVED


async def test_https_trusts_only_who_is_to_be_trusted(tmp_path: Path) -> None:
    """6.6.1: HTTP/HTTPS; a certificate that nobody vouches for is no connection."""
    authority = _certificates(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    async with device(tls=server) as made:
        call = Call(url(f"https://127.0.0.1:{made.port}/"))
        knows = ssl.create_default_context(cadata=authority)
        assert await send(call, WAIT_S, knows) == 200
        stranger = ssl.create_default_context()
        assert await send(call, WAIT_S, stranger) == Status.NOT_CONNECTED
        plain = Call(url(f"http://127.0.0.1:{made.port}/"))
        assert await send(plain, WAIT_S, None) <= 0


@pytest.mark.parametrize(
    "written",
    [
        "192.168.1.1/toggle",
        "ftp://x/",
        "http://",
        "http://${switch}/",
        "http://a b/",
        "http://x:99999/",
    ],
)
def test_what_is_no_address_is_refused(written: str) -> None:
    """6.6.1, `.url`: a URL for an HTTP request."""
    with pytest.raises(BadInput, match="url"):
        url(written)


@pytest.mark.parametrize("name, value", [("a b", "x"), ("", "x"), ("A", "x\r\nB: y"), ("A:", "x")])
def test_a_header_cannot_bring_another_one(name: str, value: str) -> None:
    """RFC 9110, 5.1 and 5.5: field names and values."""
    with pytest.raises(BadInput, match="headers"):
        header(name, value)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_address_brings_a_second_line(path: str, query: str) -> None:
    """RFC 9112, 3: whatever constants stood in the address, the request line is one line."""
    call = Call(url(f"http://switch/{path.replace('?', '')}?{query}"))
    first = call.wire().split(b"\r\n")[0]
    assert first.startswith(b"GET /")
    assert first.endswith(b" HTTP/1.1")
    assert len(first.split(b" ")) == 3
    assert len(call.wire().split(b"\n")) == 7
