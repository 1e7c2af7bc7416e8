"""Who is connected to the broker, and ending a user's connections when its rights changed."""

import msgspec
from nats.aio.client import Client

from ohmstead.broker.configuration import SYSTEM_USER
from ohmstead.broker.link import Link

_ANSWER_S = 5.0
_MOST = 10_000


class _Connection(msgspec.Struct, frozen=True):
    cid: int
    mqtt_client: str = ""
    authorized_user: str = ""


class _Server(msgspec.Struct, frozen=True):
    id: str


class _Found(msgspec.Struct, frozen=True):
    connections: list[_Connection] = []


class _Answer(msgspec.Struct, frozen=True):
    server: _Server
    data: _Found = _Found()


async def _of(connection: Client, user: str) -> _Answer:
    wish = {"auth": True, "user": user, "limit": _MOST}
    said = await connection.request(
        "$SYS.REQ.SERVER.PING.CONNZ", msgspec.json.encode(wish), timeout=_ANSWER_S
    )
    return msgspec.json.decode(said.data, type=_Answer)


async def kick(link: Link, user: str) -> int:
    """End every connection of `user`; gives how many.  Call it after each change of rights."""
    connection = await link.connect(SYSTEM_USER, "kick")
    try:
        found = await _of(connection, user)
        for each in found.data.connections:
            await connection.request(
                f"$SYS.REQ.SERVER.{found.server.id}.KICK",
                msgspec.json.encode({"cid": each.cid}),
                timeout=_ANSWER_S,
            )
    finally:
        await connection.close()
    return len(found.data.connections)
