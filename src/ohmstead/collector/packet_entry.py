"""What the connections of one server share: where packets go, and whom they believe."""

import asyncio
import ipaddress
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol

from ohmstead.collector.packet_replies import STORED, Reply
from ohmstead.collector.packets import Head, Request

SWEEP_S = 5.0
HEADS_MOST, HEAD_LARGEST = 4096, 2048
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Peer(Enum):
    """The other end of a connection."""

    SAFE = "https, or loopback"
    PLAIN = "plain http from elsewhere"
    PROXY = "a proxy that is trusted, whose headers say"


class Swept(Protocol):
    """A connection.  See collector/packet_protocol.py."""

    def sweep(self, now_s: float) -> None: ...


class Takes(Protocol):
    """Where packets go.  See collector/packets.py."""

    def take(self, request: Request) -> None: ...


class Entry:
    """What the connections of one server share: where packets go, and whom they believe."""

    def __init__(self, packets: Takes, trusted: Sequence[str] = ()) -> None:
        self.packets = packets
        self.trusted: tuple[Network, ...] = tuple(map(ipaddress.ip_network, trusted))
        self.connections: set[Swept] = set()
        self._dated: list[tuple[bytes, bytes]] | None = None
        self._rendered: dict[Reply, bytes] = {}
        self._stored = b""
        self.heads: dict[bytes, Head] = {}
        """Heads of packets that came lately, byte for byte."""

    def learn(self, written: bytes, head: Head) -> None:
        """Keep what a head says, until the next sweep: it has a password in it."""
        if len(self.heads) < HEADS_MOST and len(written) <= HEAD_LARGEST:
            self.heads[written] = head

    def rendered(self, reply: Reply, dated: list[tuple[bytes, bytes]]) -> bytes:
        """The bytes of a reply; those of the usual ones are made once a second, for their date."""
        if dated is not self._dated:
            self._dated = dated
            self._rendered.clear()
            self._stored = rendered(STORED, dated)
        if reply is STORED:
            return self._stored
        found = self._rendered.get(reply)
        if found is None:
            found = rendered(reply, dated)
            if reply.status == 200:
                self._rendered[reply] = found
        return found

    def peer(self, scheme: str | None, address: str) -> Peer:
        """What a connection's other end is."""
        ip = _ip(address)
        if scheme == "https":
            return Peer.SAFE
        if ip is not None and any(ip in network for network in self.trusted):
            return Peer.PROXY
        return Peer.SAFE if ip is not None and ip.is_loopback else Peer.PLAIN

    def is_safe(self, peer: Peer, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether a request came over https, over loopback, or through a proxy that is trusted.

        A trusted proxy that says that it was plain http on the other side is believed, too.
        """
        if peer is not Peer.PROXY:
            return peer is Peer.SAFE
        said = _header(headers, b"x-forwarded-proto").rpartition(b",")[2].strip().lower()
        if said in (b"", b"https"):
            return True
        named = _header(headers, b"x-forwarded-for").rpartition(b",")[2].strip()
        client = _ip(named.decode("latin-1"))
        return client is not None and client.is_loopback

    async def sweep(self) -> None:
        """Close connections of which nothing comes any more, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            self.heads.clear()
            for each in list(self.connections):
                each.sweep(loop.time())


def rendered(reply: Reply, dated: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The bytes of a whole answer."""
    own = (
        (b"content-type", reply.kind),
        (b"content-length", str(len(reply.body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *reply.headers,
    )
    lines = b"".join(b"%s: %s\r\n" % header for header in (*dated, *own))
    phrase = HTTPStatus(reply.status).phrase.encode()
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (reply.status, phrase, lines, reply.body)


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> bytes:
    return b",".join(value for key, value in headers if key == name)


@lru_cache(maxsize=4096)
def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
