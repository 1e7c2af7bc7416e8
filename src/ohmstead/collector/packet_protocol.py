"""HTTP as the push API needs it: packets straight from the parser to the collector.

It is uvicorn's protocol, which serves everything else on the same port; a packet takes a short cut
past ASGI, which would cost more than all the rest of it.  Answers go out in the order of their
requests, also where a client sends the next one before it has the answer.
Source: RFC 9112, sections 9.3 (persistence, pipelining) and 9.6 (closing); RFC 9110, 10.1.1 (100).
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import get_local_addr, is_ssl

from ohmstead.collector import packet_replies as replies
from ohmstead.collector.packet_coding import decoded
from ohmstead.collector.packet_entry import Entry, Peer, rendered
from ohmstead.collector.packet_replies import Reply
from ohmstead.collector.packets import Head
from ohmstead.errors import OhmsteadError
from ohmstead.surfaces.wattics import LARGEST

ROOT = "/measurements/v2/"
PATHS: Mapping[bytes, str] = MappingProxyType(
    {
        f"{ROOT}{name}{slash}".encode(): name
        for name in ("unifiedjson", "unifiedjson_utc", "unifiedjson_partial")
        for slash in ("", "/")
    }
)
"""Where packets go, with and without the slash: a redirect would make GET of POST."""
SPECIAL = frozenset((b"content-encoding", b"expect", b"transfer-encoding", b"upgrade"))
HEAD_END = b"\r\n\r\n"
DRAINED_MOST = 4 * 1024 * 1024
"""Bytes of a body too large that are read, so that its sender reads the answer."""
HEADERS_MOST = 64 * 1024
PIPELINED_MOST = 64
"""Requests of one connection that may wait for their answers."""
REQUEST_S = 30.0
"""A request that has not come whole by then is given up."""
IDLE_S = 75.0


class Slot:
    """One request of a connection, from its last byte to its answer."""

    __slots__ = ("_connection", "body", "close", "head", "reply")

    def __init__(self, connection: "PacketProtocol", body: bytes, head: Head) -> None:
        self._connection = connection
        self.body, self.head, self.close = body, head, head.close
        self.reply: Reply | None = None

    def settle(self, reply: Reply) -> None:
        """Answer; the bytes go out when all earlier requests are answered."""
        if self.reply is None:
            self.reply = reply
            self._connection.answered(self, reply)


class PacketProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, entry: Entry, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._entry = entry
        self._take = entry.packets.take
        self._turns: deque[Slot | tuple[Any, Any]] = deque()
        self._active: Any = None
        self._path: str | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._heads = 0
        self._refused: Reply | None = None
        self._closing = False
        self._keeps = True
        self._begun_s: float | None = None
        self._seen_s = self.loop.time()
        self._between = True
        self._plain: list[Head] = []
        self._unread = -1

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; the address of the server is looked up when it is asked for."""
        self.connections.add(self)
        self.transport, self.flow = transport, FlowControl(transport)
        named = transport.get_extra_info("peername")
        self.client = (str(named[0]), int(named[1])) if isinstance(named, tuple) else None
        self.scheme = "https" if is_ssl(transport) else "http"
        self._entry.connections.add(self)
        self._peer = self._entry.peer(self.scheme, self.client[0] if self.client else "")

    def data_received(self, data: bytes) -> None:
        """A packet whose head is known needs no parser; anything else goes to it.

        A head is known when the parser took the same bytes before, at the beginning of a request,
        and they were of a packet with nothing special about it.  Where its body comes with it,
        whole and alone, the parser would say the same again, and is between two requests still.
        """
        if not self._between or self._closing or self._peer is not Peer.SAFE:
            super().data_received(data)
            return
        size = data.find(HEAD_END) + len(HEAD_END)
        head = self._entry.heads.get(data[:size])
        if head is not None and len(data) == size + head.length and self._active is None:
            if self.timeout_keep_alive_task is not None:
                self._unset_keepalive_if_required()
            slot = Slot(self, data[size:], head)
            self._in_turn(slot)
            self._take(slot)
            return
        self._plain.clear()
        super().data_received(data)
        # Where more than one head came, the length of the last body is not that of all the rest.
        alone = [head for head in self._plain if len(data) == size + head.length]
        if alone and data.startswith(b"POST "):
            self._entry.learn(data[:size], alone[0])

    # ------------------------------------------------------------ from the parser
    def on_url(self, url: bytes) -> None:
        """A piece of the target, bounded as headers are."""
        self._heads += len(url)
        if self._heads > HEADERS_MOST:
            self._abandon(414, "the target has more than 64 KiB")
            return
        super().on_url(url)

    def on_message_begin(self) -> None:
        """A request begins: its scope is made only when it is not a packet."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._path = None
        self._heads = 0
        self._between = False
        self._begun_s = self._seen_s = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, bounded as a whole."""
        self._heads += len(name) + len(value)
        if self._heads > HEADERS_MOST:
            self._abandon(431, "the headers have more than 64 KiB")
            return
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A packet, or anything else that uvicorn serves."""
        if self._closing:
            return
        if self.parser.get_method() == b"POST":
            self._path = PATHS.get(self.url) or self._path_of()
        if self._path is None:
            self._begun_s = None
            self._to_asgi()
            return
        self._pieces, self._size, self._refused = [], 0, None
        self._keeps = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        if not self._entry.is_safe(self._peer, self.headers):
            self._refused = replies.PLAIN
        if self.expect_100_continue and not self._turns and self._active is None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _path_of(self) -> str | None:
        """The same for a target written otherwise: with a query, or as an absolute URL."""
        if b"/measurements/" not in self.url:
            return None
        try:
            path: bytes | None = httptools.parse_url(self.url).path
        except httptools.HttpParserInvalidURLError:
            return None
        return PATHS.get(path or b"")

    def _to_asgi(self) -> None:
        if self.server is None:
            self.server = get_local_addr(self.transport)
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        self.cycle = None  # type: ignore[assignment]  # turns are ours, not its pipeline
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body; of one too large nothing is kept."""
        if self._path is None:
            if not self._closing:
                super().on_body(body)
            return
        self._size += len(body)
        if self._size <= LARGEST:
            self._pieces.append(body)
            return
        self._pieces.clear()
        self._refused = self._refused or replies.TOO_LARGE
        if self._size > DRAINED_MOST and not self._closing:
            self._abandon(413, "a packet has at most 65536 bytes")

    def on_message_complete(self) -> None:
        """A whole packet: to the collector, and its answer in its turn."""
        self._between = True
        if self._path is None:
            if not self._closing:
                super().on_message_complete()
            return
        if self._closing:
            return
        self._begun_s = None
        said = dict(self.headers)  # of those said twice the last one
        head = Head(
            said.get(b"authorization", b""),
            utc=self._path == "unifiedjson_utc",
            partial=self._path == "unifiedjson_partial",
            close=not self._keeps,
            length=self._size,
        )
        encoding = said.get(b"content-encoding", b"")
        if self._refused is None and said.keys().isdisjoint(SPECIAL) and b"content-length" in said:
            self._plain.append(head)
        slot = Slot(self, b"".join(self._pieces), head)
        self._pieces = []
        self._path = None
        self._in_turn(slot)
        if encoding and self._refused is None:
            try:
                slot.body = decoded(slot.body, encoding.strip().lower())
            except OhmsteadError as error:
                self._refused = replies.of_error(error)
        if self._refused is not None:
            slot.settle(self._refused)
        else:
            self._take(slot)

    # ------------------------------------------------------------ answers
    def answered(self, slot: Slot, reply: Reply) -> None:
        """A packet has its answer."""
        if len(self._turns) != 1 or slot.close or self._closing or self._active is not None:
            self.flush()
            return
        self._turns.clear()  # it was the only one, as nearly always
        if not self.transport.is_closing():
            self._seen_s = self.loop.time()
            self.transport.write(self._entry.rendered(reply, self.server_state.default_headers))

    def flush(self) -> None:
        """Write every answer whose turn it is, and begin with the request whose turn it is."""
        if self.transport.is_closing():
            self._turns.clear()  # whoever asked is gone
            return
        out: list[bytes] = []
        while self._turns and self._active is None and not self._closing:
            turn = self._turns[0]
            if isinstance(turn, Slot):
                if turn.reply is None:
                    break
                out.append(self._answer(turn, turn.reply))
            else:
                if out:
                    self.transport.write(b"".join(out))
                    out.clear()
                self._begin(*turn)
            self._turns.popleft()
        if out:
            self._seen_s = self.loop.time()
            self.transport.write(b"".join(out) if len(out) > 1 else out[0])
        if self._closing:
            self._turns.clear()
            self.transport.close()
        else:
            self._read_on()

    def _read_on(self) -> None:
        """Take more requests, where neither answers nor their way to the client are behind."""
        if len(self._turns) < PIPELINED_MOST // 2 and not self.flow.write_paused:
            self.flow.resume_reading()

    def pause_writing(self) -> None:
        """The client does not read its answers: no more of its requests until it does."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """It reads them."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._read_on()

    def _answer(self, slot: Slot, reply: Reply) -> bytes:
        whole = self._entry.rendered(reply, self.server_state.default_headers)
        if not slot.close:
            return whole
        self._closing = True
        return whole.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)

    def _in_turn(self, turn: Slot | tuple[Any, Any]) -> None:
        self._turns.append(turn)
        if len(self._turns) >= PIPELINED_MOST:
            self.flow.pause_reading()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """A request that is no packet waits for the answers of those before it."""
        if self._turns or self._active is not None:
            self._in_turn((cycle, app))
        else:
            self._begin(cycle, app)

    def _begin(self, cycle: Any, app: Any) -> None:
        self._active = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """An answer of ASGI is out; those that came after it may follow."""
        self._active = None
        self._seen_s = self.loop.time()
        super().on_response_complete()
        if self._turns:
            self.flush()

    def _abandon(self, status: int, why: str) -> None:
        """Answer once more and close: what comes after cannot be understood."""
        self._closing = True
        reply = replies.refusal(status, why)
        whole = rendered(reply, self.server_state.default_headers)
        self._turns.clear()
        if not self.transport.is_closing():
            self.transport.write(whole.replace(b"\r\n", b"\r\nconnection: close\r\n", 1))
            self.transport.close()

    # ------------------------------------------------------------ the connection's life
    def shutdown(self) -> None:
        """The server stops: answer what waits, then close."""
        last = self._turns[-1] if self._turns else None
        if isinstance(last, Slot):
            last.close = True
            return
        super().shutdown()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more; it has its answers still, unless TLS ended with that.

        Gives whether the connection stays for them.  Source: RFC 9293, 3.6 (closing one half).
        """
        last = self._turns[-1] if self._turns else None
        if self.scheme == "https" or not isinstance(last, Slot):
            return False
        last.close = True
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what it sent is stored all the same."""
        self._entry.connections.discard(self)
        self._turns.clear()
        if self._active is not None:
            self._active.disconnected = True
            self._active.message_event.set()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """A client that waits for the answer to a packet is not idle."""
        if not self._turns:
            super().timeout_keep_alive_handler()

    def sweep(self, now_s: float) -> None:
        """Close the connection when nothing comes of it any more."""
        idle = now_s - self._seen_s > IDLE_S
        if self.transport.is_closing():
            unread, self._unread = self._unread, self.transport.get_write_buffer_size()
            if idle and unread == self._unread:  # nobody reads: it would be kept for ever
                self.transport.abort()
        elif not self._turns and self._active is None:
            late = self._begun_s is not None and now_s - self._begun_s > REQUEST_S
            if late or idle:
                self.transport.close()
