"""Who is connected to the broker, and ending a user's connections when its rights changed.

What somebody may do is decided when they connect and holds until the connection ends, so after
every change of rights it has to end.  Every server of a cluster is asked.
Source: NATS documentation, system events, `$SYS.REQ.SERVER.PING.CONNZ` and `….KICK`.
"""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

import msgspec
from nats.aio.client import Client

from ohmstead.broker.configuration import ACCOUNT, SYSTEM_USER
from ohmstead.broker.link import Link

_ANSWER_S = 5.0
_FURTHER_S = 0.25
"""How long answers of further servers are waited for after one."""
_MOST = 10_000
_LIST = "$SYS.REQ.SERVER.PING.CONNZ"


class _Connection(msgspec.Struct, frozen=True):
    cid: int
    mqtt_client: str = ""
    authorized_user: str = ""
    start: datetime | None = None


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Found(msgspec.Struct, frozen=True):
    connections: list[_Connection] = []
    total: int = 0


class _Answer(msgspec.Struct, frozen=True):
    server: _Server
    data: _Found = _Found()


class Connections:
    """The connections of everybody: `async with Connections(link)`."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def __aenter__(self) -> Self:
        self._connection: Client = await self._link.connect(SYSTEM_USER, "connections")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connection.close()

    async def kick(self, users: Collection[str], before: datetime | None = None) -> int:
        """End every connection of these users, or those begun `before`; gives how many.

        TimeoutError or nats.errors.Error when no server answers.
        """
        one = {"user": next(iter(users))} if len(users) == 1 else {}
        found = [
            (server, each.cid)
            async for server, each in self._all(one)
            if each.authorized_user in users
            and (before is None or each.start is None or each.start <= before)
        ]
        for server, cid in found:
            await self._connection.request(
                f"$SYS.REQ.SERVER.{server}.KICK",
                msgspec.json.encode({"cid": cid}),
                timeout=_ANSWER_S,
            )
        return len(found)

    async def clients(self) -> Mapping[str, str]:
        """MQTT client id -> user name, of all that are connected."""
        return {
            each.mqtt_client: each.authorized_user
            async for _, each in self._all({"acc": ACCOUNT})
            if each.mqtt_client
        }

    async def _all(self, wish: Mapping[str, object]) -> AsyncIterator[tuple[str, _Connection]]:
        """Every connection with its server's id, page by page."""
        offset = 0
        while True:
            longest = 0
            async for answer in self._answers({**wish, "offset": offset}):
                for each in answer.data.connections:
                    yield answer.server.id, each
                longest = max(longest, len(answer.data.connections))
            if longest < _MOST:
                return
            offset += _MOST

    async def count(self, user: str) -> int:
        """How many connections a user has."""
        return len([each async for each in self._all({"user": user})])

    async def _answers(self, wish: Mapping[str, object]) -> AsyncIterator[_Answer]:
        """The answer of each server, the first within `_ANSWER_S`."""
        inbox = self._connection.new_inbox()
        heard = await self._connection.subscribe(inbox)
        question = {"auth": True, "limit": _MOST, **wish}
        try:
            await self._connection.publish(_LIST, msgspec.json.encode(question), inbox)
            said = await heard.next_msg(_ANSWER_S)
            while True:
                yield msgspec.json.decode(said.data, type=_Answer)
                try:
                    said = await heard.next_msg(_FURTHER_S)
                except TimeoutError:
                    return
        finally:
            await heard.unsubscribe()


async def kick(link: Link, user: str) -> int:
    """End every connection of `user`; gives how many.  Call it after each change of rights."""
    async with Connections(link) as connections:
        return await connections.kick([user])
