"""The rest of the push API, in front of the pages' app: the latest packet, and many at once.

GET  /measurements/v2/unifiedjson/?stream=ID      the latest packet that was accepted
POST /measurements/v2/batch                       many at once: collector/packet_batch.py
POST /measurements/v2/csv?stream=ID               a table of a meter's past: collector/packet_csv.py
POST /measurements/v2/unifiedjson/                is taken by collector/packet_protocol.py
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import msgspec
import structlog

from ohmstead.collector import packet_batch
from ohmstead.collector import packet_replies as replies
from ohmstead.collector.packet_batch import Batches
from ohmstead.collector.packet_csv import Tables
from ohmstead.collector.packet_entry import Entry
from ohmstead.collector.packet_protocol import PATHS, ROOT
from ohmstead.collector.packet_replies import Reply
from ohmstead.collector.packets import Packets, no_stream, not_yours
from ohmstead.errors import NotSignedIn, OhmsteadError
from ohmstead.store.latest_packet import LatestPackets
from ohmstead.store.packet_directory import PacketDirectory, Sender, Target
from ohmstead.surfaces import wattics

log = structlog.get_logger(__name__)

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
ANSWER_S = 10.0


class PacketsApi:
    """The ASGI app in front of `others`: what lies under /measurements/ is its own."""

    def __init__(
        self,
        packets: Packets,
        directory: PacketDirectory,
        latest: LatestPackets,
        entry: Entry,
        batches: Batches,
        tables: Tables,
        others: App,
    ) -> None:
        self._packets, self._directory, self._latest = packets, directory, latest
        self._entry, self._batches, self._others = entry, batches, others
        self._tables = tables

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/measurements"):
            await self._others(scope, receive, send)
            return
        try:
            reply = await self._answer(scope, receive)
        except OhmsteadError as error:
            reply = replies.of_error(error)
        except TimeoutError:
            reply = replies.AWAY
        except asyncio.CancelledError:  # the server stops and waits no longer
            await answered(replies.AWAY, scope, send)
            raise
        except Exception:  # whatever it is, who asked is answered
            log.exception("a question for a packet failed")
            reply = replies.BROKEN
        await answered(reply, scope, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        address = scope["client"][0] if scope.get("client") else ""
        peer = self._entry.peer(scope["scheme"], address)
        if not self._entry.is_safe(peer, scope["headers"]):
            return replies.PLAIN
        if scope["path"].rstrip("/") == f"{ROOT}batch":
            return await self._batch(scope, receive)
        if scope["path"].rstrip("/") == f"{ROOT}csv":
            return await self._table(scope, receive)
        if scope["path"].encode("utf-8", "replace") not in PATHS:
            return replies.refusal(
                404,
                f"There is nothing at {scope['path'][:99]!r}; packets go to {ROOT}unifiedjson/",
            )
        if scope["method"] not in ("GET", "HEAD"):
            return _not_so("POST sends a packet, GET asks for the latest one", b"GET, HEAD, POST")
        async with asyncio.timeout(ANSWER_S):
            return await self._shown(scope)

    async def _batch(self, scope: Scope, receive: Receive) -> Reply:
        if scope["method"] != "POST":
            return _not_so("POST sends packets, one a line", b"POST")
        async with asyncio.timeout(ANSWER_S):
            sender = await signed_in(self._packets, scope)
        return await packet_batch.answer(self._batches, sender, scope, receive)

    async def _table(self, scope: Scope, receive: Receive) -> Reply:
        if scope["method"] != "POST":
            return _not_so("POST sends a table", b"POST")
        async with asyncio.timeout(ANSWER_S):
            target = await self._target(scope)
        if isinstance(target, Reply):
            return target
        headers = dict(scope["headers"])
        encoding = headers.get(b"content-encoding", b"").strip().lower()
        said = await self._tables.take(target, scope["query_string"], encoding, receive)
        return Reply(200, said)

    async def _shown(self, scope: Scope) -> Reply:
        target = await self._target(scope)
        return target if isinstance(target, Reply) else Reply(200, await self._packet(target))

    async def _target(self, scope: Scope) -> Target | Reply:
        """The one stream that is asked for, or why not."""
        sender = await signed_in(self._packets, scope)
        asked = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        ids = asked.get("stream", [])
        if len(ids) != 1:
            return replies.refusal(400, "stream: name one data stream, as in ?stream=ID", "stream")
        target = (await self._directory.targets(ids)).get(ids[0])
        if target is None:
            return no_stream(ids[0], "stream")
        if not sender.may(target):
            return not_yours(sender, target, "stream")
        return target

    async def _packet(self, target: Target) -> bytes:
        latest = await self._latest.of(target.stream)
        if latest is None:
            return msgspec.json.encode(wattics.document(target.id, None, {}, None))
        if latest.raw is not None and is_packet(latest.raw, target.id):
            return latest.raw
        at = latest.at.astimezone(ZoneInfo(target.timezone))
        said = wattics.document(target.id, at, latest.values, latest.value)
        return msgspec.json.encode(said)


def _not_so(what: str, allowed: bytes) -> Reply:
    said = replies.refusal(405, what)
    return Reply(405, said.body, said.kind, ((b"allow", allowed),))


def is_packet(raw: bytes, id: str) -> bool:
    """Whether what is kept of the latest reading is a packet, and not what a device sent."""
    try:
        return wattics.parse(raw, utc=True).id == id
    except wattics.Misfit:
        return False


async def signed_in(packets: Packets, scope: Scope) -> Sender:
    """Who asks; NotSignedIn."""
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    if not header:
        raise NotSignedIn("Sign in with basic authentication: user name and password")
    found: Mapping[bytes, Sender] = await packets.senders([header])
    if header not in found:
        raise NotSignedIn("User name and password are not those of a credential that counts")
    return found[header]


async def answered(reply: Reply, scope: Scope, send: Send) -> None:
    """Send a whole reply."""
    headers = [
        (b"content-type", reply.kind),
        (b"content-length", str(len(reply.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *reply.headers,
    ]
    assert HTTPStatus(reply.status)  # noqa: S101  (a status that exists)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else reply.body
    await send({"type": "http.response.body", "body": body})
