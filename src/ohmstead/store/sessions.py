"""Sessions: who is signed in, from where, since when.  Known by the digest of their token alone."""

from dataclasses import dataclass
from datetime import datetime

from ohmstead.errors import NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Database
from ohmstead.store.people import USERS, User, user_of

SEEN_EVERY_S = 60.0
"""How exactly it is known when a session was last used; its expiry moves with it."""
MOST_OF_ONE = 50
"""Sessions of one person; those unused for longest end when more begin."""
AGENT_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Session:
    """One session of somebody; `agent` is what the browser said it is."""

    id: int
    begun_at: datetime
    seen_at: datetime
    address: str
    agent: str
    digest: bytes


class Sessions:
    """Every session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self,
        user: User,
        digest: bytes,
        expires: datetime,
        *,
        by: By,
        address: str = "",
        agent: str = "",
        how: str = "password",
    ) -> None:
        """A new session of `user`; expired ones of that user go."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "DELETE FROM sessions WHERE person = %s AND expires_at < %s", (user.id, by.at)
            )
            await connection.execute(
                "INSERT INTO sessions (digest, person, expires_at, begun_at, seen_at, address,"
                " agent) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (digest, user.id, expires, by.at, by.at, address[:100], _printable(agent)),
            )
            await connection.execute(
                "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions"
                " WHERE person = %s ORDER BY seen_at DESC, id DESC OFFSET %s)",
                (user.id, MOST_OF_ONE),
            )
            await record(
                connection,
                actor=by.name,
                organisation=user.organisation,
                action="signed in",
                subject=user.email,
                detail={"address": address, "how": how},
                at=by.at,
            )

    async def whose(self, digest: bytes, now: datetime, expires: datetime) -> User | None:
        """Whose session it is, None when it is unknown or expired at `now`.

        It then lasts until `expires`; that, and that it was seen, is written once a minute at most.
        """
        question = USERS.replace("SELECT", "SELECT s.seen_at,", 1)
        found = await self._database.one(
            f"{question} JOIN sessions s ON s.person = u.id"
            " WHERE s.digest = %s AND s.expires_at > %s",
            (digest, now),
        )
        if found is None:
            return None
        if (now - found["seen_at"]).total_seconds() >= SEEN_EVERY_S:
            await self._database.change(
                "UPDATE sessions SET expires_at = %s, seen_at = %s WHERE digest = %s",
                (expires, now, digest),
            )
        return user_of(found)

    async def of(self, person: int, now: datetime) -> list[Session]:
        """The sessions of somebody that have not expired, the last used first."""
        found = await self._database.rows(
            "SELECT id, begun_at, seen_at, address, agent, digest FROM sessions"
            " WHERE person = %s AND expires_at > %s ORDER BY seen_at DESC, id DESC",
            (person, now),
        )
        return [Session(**{**row, "digest": bytes(row["digest"])}) for row in found]

    async def end(self, digest: bytes) -> None:
        """End the session of this token, if there is one."""
        await self._database.change("DELETE FROM sessions WHERE digest = %s", (digest,))

    async def end_one(self, user: User, id: int, *, by: By) -> bytes:
        """End a session of `user` by its number; gives its digest.  NotFound."""
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                "DELETE FROM sessions WHERE person = %s AND id = %s RETURNING digest", (user.id, id)
            )
            found = await cursor.fetchone()
            if found is None:
                raise NotFound(f"there is no session {id}, or it has ended already")
            await record(
                connection,
                actor=by.name,
                organisation=user.organisation,
                action="session ended",
                subject=user.email,
                at=by.at,
            )
        return bytes(found[0])

    async def end_others(self, user: User, kept: bytes | None, *, by: By) -> list[bytes]:
        """End every session of `user` but the one of the digest `kept`; gives their digests."""
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                "DELETE FROM sessions WHERE person = %s AND digest IS DISTINCT FROM %s"
                " RETURNING digest",
                (user.id, kept),
            )
            ended = [bytes(row[0]) for row in await cursor.fetchall()]
            await record(
                connection,
                actor=by.name,
                organisation=user.organisation,
                action="sessions ended",
                subject=user.email,
                detail={"ended": len(ended)},
                at=by.at,
            )
        return ended


def _printable(agent: str) -> str:
    return "".join(c for c in agent[:AGENT_LONGEST] if c.isprintable())
