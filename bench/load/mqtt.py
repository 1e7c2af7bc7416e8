"""Devices and a subscriber for benches: MQTT 3.1.1 written by hand, so that they cost little.

A device keeps WINDOW publications in flight; the subscriber acknowledges and counts.  Source: MQTT
3.1.1, sections 2.2.3 (remaining length), 3.1 to 3.4 and 3.8.
"""

import multiprocessing
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

WINDOW = 50
TIMEOUT_S = 300.0
PUBACK = b"\x40\x02"


@dataclass(frozen=True, slots=True)
class Login:
    """Where somebody connects, and as whom."""

    host: str
    port: int
    ca: str
    username: str
    password: str


def packet(kind: int, body: bytes) -> bytes:
    """A packet: first byte, remaining length, body."""
    length, left = b"", len(body)
    while True:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([kind]) + length + body


def text(value: str) -> bytes:
    """A string with its length in front."""
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def connected(login: Login, keepalive_s: int = 600, client_id: str | None = None) -> ssl.SSLSocket:
    """A connection that was accepted (CONNACK 0); ConnectionError otherwise."""
    context = ssl.create_default_context(cadata=login.ca)
    plain = socket.create_connection((login.host, login.port), timeout=TIMEOUT_S)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock = context.wrap_socket(plain, server_hostname=login.host)
    flags = b"\x04\xc2" + struct.pack(">H", keepalive_s)
    names = text(client_id or login.username) + text(login.username) + text(login.password)
    sock.sendall(packet(0x10, text("MQTT") + flags + names))
    answer = exactly(sock, 4)
    if answer[3]:
        raise ConnectionError(f"{login.username}: refused with {answer[3]}")
    return sock


def exactly(sock: ssl.SSLSocket, count: int) -> bytes:
    """So many bytes."""
    found = b""
    while len(found) < count:
        more = sock.recv(count - len(found))
        if not more:
            raise ConnectionError("the broker closed the connection")
        found += more
    return found


def publish(login: Login, topic: str, payloads: Iterable[bytes], start: threading.Barrier) -> None:
    """Publish all of them with QoS 1; returns when each was acknowledged."""
    sock = connected(login)
    start.wait()
    head = text(topic)
    pending: list[bytes] = []
    number = 0
    for payload in payloads:
        number = number % 65535 + 1
        pending.append(packet(0x32, head + struct.pack(">H", number) + payload))
        if len(pending) == WINDOW:
            sock.sendall(b"".join(pending))
            exactly(sock, 4 * len(pending))
            pending.clear()
    if pending:
        sock.sendall(b"".join(pending))
        exactly(sock, 4 * len(pending))
    sock.sendall(packet(0xE0, b""))
    sock.close()


def subscribe(login: Login, topic: str, count: int, ready: Callable[[], object]) -> float:
    """Receive `count` messages with QoS 1; the moment of the last (monotonic seconds)."""
    sock = connected(login)
    sock.sendall(packet(0x82, b"\x00\x01" + text(topic) + b"\x01"))
    exactly(sock, 5)
    ready()
    buffer, got = bytearray(), 0
    while got < count:
        more = sock.recv(262_144)
        if not more:
            raise ConnectionError("the broker closed the connection")
        buffer += more
        acks, used = [], 0
        while (found := _next(buffer, used)) is not None:
            kind, begin, end = found
            if kind >> 4 == 3:
                (length,) = struct.unpack_from(">H", buffer, begin)
                acks.append(PUBACK + bytes(buffer[begin + 2 + length : begin + 4 + length]))
            used = end
        del buffer[:used]
        got += len(acks)
        sock.sendall(b"".join(acks))
    return time.monotonic()


def _next(buffer: bytearray, at: int) -> tuple[int, int, int] | None:
    """First byte, begin and end of the next whole packet's body."""
    length = shift = 0
    place = at + 1
    while place < len(buffer):
        length |= (buffer[place] & 0x7F) << shift
        shift += 7
        place += 1
        if not buffer[place - 1] & 0x80:
            end = place + length
            return (buffer[at], place, end) if end <= len(buffer) else None
    return None


Payloads = Callable[[int], Iterable[bytes]]
"""The payloads of a device, by its number."""


def _all(logins: Sequence[Login], topics: Sequence[str], make: Payloads) -> None:
    barrier = threading.Barrier(len(logins) + 1)
    threads = [
        threading.Thread(target=publish, args=(login, topic, make(number), barrier))
        for number, (login, topic) in enumerate(zip(logins, topics, strict=True))
    ]
    for thread in threads:
        thread.start()
    barrier.wait()
    for thread in threads:
        thread.join()


def devices(
    logins: Sequence[Login], topics: Sequence[str], make: Payloads
) -> multiprocessing.process.BaseProcess:
    """All devices in a process of their own, started."""
    process = multiprocessing.get_context("fork").Process(target=_all, args=(logins, topics, make))
    process.start()
    return process
