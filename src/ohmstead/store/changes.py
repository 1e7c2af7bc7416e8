"""Whose rights at the broker changed: written by whoever changes them, heard by the cloud.

*To change a right: `await changed(connection, username)` in the transaction that changes it.*
The note is kept for a while, so that a cloud whose connection was lost hears of it afterwards.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import psycopg
import structlog

from ohmstead.store.database import AWAY, CONNECT_TIMEOUT_S, Connection, Database, checked

CHANNEL = "ohmstead_rights"
KEPT = timedelta(days=1)
OVERLAP = timedelta(minutes=2)
"""How far before the loss of a connection is looked: transactions may end in any order."""
LOOK_S = 20.0
"""A silent connection is tried so often."""
_PAUSE_S = 0.5

log = structlog.get_logger(__name__)


async def changed(connection: Connection, username: str) -> None:
    """Tell that the rights of `username` changed: at the end of this transaction.

    An empty name tells that only what is passed on changed, and nobody need sign in again.
    """
    await connection.execute(
        "INSERT INTO changed_rights (username) SELECT %(who)s WHERE %(who)s <> ''",
        {"who": username},
    )
    await connection.execute("DELETE FROM changed_rights WHERE at < now() - %s", (KEPT,))
    await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, username))


async def of_everybody(database: Database, since: datetime) -> list[str]:
    """Whose rights changed after `since`."""
    found = await database.rows(
        "SELECT DISTINCT username FROM changed_rights WHERE at >= %s", (since,)
    )
    return [row["username"] for row in found]


async def heard(database: Database) -> AsyncIterator[str]:
    """The user names as their rights change, for as long as one listens.

    After a lost connection come those that changed meanwhile, and an empty name; an empty name
    comes at the start, too.
    """
    since: datetime | None = None
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                checked(database.url), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
            ) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                if since is not None:
                    for username in await of_everybody(database, since - OVERLAP):
                        yield username
                yield ""
                while True:
                    since = await _now(connection)
                    async for note in connection.notifies(timeout=LOOK_S):
                        yield note.payload
        except AWAY as trouble:
            log.warning("not told of changed rights for now", why=str(trouble).strip())
        await asyncio.sleep(_PAUSE_S)


async def _now(connection: Connection) -> datetime:
    found = await (await connection.execute("SELECT clock_timestamp()")).fetchone()
    assert found is not None  # noqa: S101  (a SELECT without a table has one row)
    at: datetime = found[0]
    return at
