"""Tokens that programs act with: whose, how much they may, until when, when used last."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ohmstead.access.tokens import Scope
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.people import USERS, User, user_of
from ohmstead.store.sites import Organisations

USED_EVERY_S = 60.0
"""How exactly it is known when a token was used last."""
MOST_OF_ONE = 100
LONGEST_LIFE = timedelta(days=3660)
NAME_LONGEST = 100
TOKENS = """
    SELECT t.id, t.person, u.email, t.scope, t.organisation, t.name, t.made_at, t.made_by,
           t.expires_at, t.used_at, t.used_from
    FROM tokens t JOIN users u ON u.id = t.person
"""
GOOD = """
    t.digest = %(digest)s AND (t.expires_at IS NULL OR t.expires_at > %(now)s)
    AND (t.organisation IS NULL OR u.organisation IS NULL OR u.organisation = t.organisation)
"""


@dataclass(frozen=True, slots=True)
class Token:
    """A token; `email` is its owner's, `organisation` what it is narrowed to (None: not)."""

    id: int
    person: int
    email: str
    scope: Scope
    organisation: int | None
    name: str
    made_at: datetime
    made_by: str
    expires_at: datetime | None
    used_at: datetime | None
    used_from: str | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a token acts for, narrowed as the token is."""

    user: User
    token: int
    scope: Scope
    expires_at: datetime | None


class Tokens:
    """Every token."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        owner: User,
        scope: Scope,
        digest: bytes,
        *,
        by: By,
        organisation: int | None = None,
        name: str = "",
        expires_at: datetime | None = None,
    ) -> Token:
        """A new token of `owner`; BadInput, NotFound for the organisation, Conflict for too many.

        `organisation` narrows it; an owner who belongs to one has no other.
        """
        if owner.organisation is not None and organisation not in (None, owner.organisation):
            raise BadInput(
                f"{owner.email} belongs to organisation {owner.organisation}, "
                f"so their token cannot be for organisation {organisation}"
            )
        if organisation is not None:
            await Organisations(self._database).get(organisation)
        plain = checked_name(name)
        if expires_at is not None and not by.at < expires_at <= by.at + LONGEST_LIFE:
            raise BadInput(f"a token ends within 1 to {LONGEST_LIFE.days} days, or never")
        async with self._database.transaction() as connection:
            await connection.execute("SELECT FROM users WHERE id = %s FOR UPDATE", (owner.id,))
            counted = await connection.execute(
                "SELECT count(*) FROM tokens WHERE person = %s", (owner.id,)
            )
            if ((await counted.fetchone()) or (0,))[0] >= MOST_OF_ONE:
                raise Conflict(f"{owner.email} has {MOST_OF_ONE} tokens; revoke one first")
            made = await connection.execute(
                "INSERT INTO tokens (digest, person, scope, organisation, name, made_at, made_by,"
                " expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                (
                    *(digest, owner.id, str(scope), organisation, plain),
                    *(by.at, by.name, expires_at),
                ),
            )
            id = ((await made.fetchone()) or (0,))[0]
            await _told(connection, owner, organisation, "token made", by, id, scope)
        return await self.get(id)

    async def all(
        self,
        organisation: int | None = None,
        *,
        person: int | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[Token]:
        """All of them by id, or only those of one organisation's people, or of one person.

        With `limit` at most so many, from behind the id `after`.
        """
        found = await self._database.rows(
            f"{TOKENS} WHERE (%(of)s::int4 IS NULL OR u.organisation = %(of)s)"
            " AND (%(person)s::int4 IS NULL OR t.person = %(person)s)"
            " AND t.id > %(after)s ORDER BY t.id LIMIT %(limit)s",
            {"of": organisation, "person": person, "after": after, "limit": limit},
        )
        return [_token(row) for row in found]

    async def get(self, id: int) -> Token:
        """The one with this id; NotFound."""
        found = await self._database.one(f"{TOKENS} WHERE t.id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no token {id}; `ohmstead admin token list` shows them")
        return _token(found)

    async def whose(self, digest: bytes, now: datetime, address: str) -> Bearer | None:
        """Who the token acts for; None when it is unknown, has ended or was revoked.

        That it was used, and from where, is written once a minute at most.
        """
        question = USERS.replace(
            "SELECT",
            "SELECT t.id AS token, t.scope, t.organisation AS narrowed, t.expires_at, t.used_at,"
            " (SELECT n.name FROM organisations n WHERE n.id = t.organisation) AS narrowed_name,",
            1,
        )
        found = await self._database.one(
            f"{question} JOIN tokens t ON t.person = u.id WHERE {GOOD}",
            {"digest": digest, "now": now},
        )
        if found is None:
            return None
        if found["used_at"] is None or (now - found["used_at"]).total_seconds() >= USED_EVERY_S:
            await self._database.change(
                "UPDATE tokens SET used_at = %s, used_from = %s WHERE id = %s",
                (now, address[:100], found["token"]),
            )
        user = user_of(found)
        if found["narrowed"] is not None:
            user = replace(
                user,
                organisation=found["narrowed"],
                organisation_name=found["narrowed_name"],
                granted=frozenset(),
            )
        return Bearer(user, found["token"], Scope(found["scope"]), found["expires_at"])

    async def revoke(self, id: int, *, by: By) -> bytes:
        """End a token at once, for good; gives its digest.  NotFound."""
        token = await self.get(id)
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                "DELETE FROM tokens t USING users u WHERE t.id = %s AND u.id = t.person"
                " RETURNING t.digest, coalesce(t.organisation, u.organisation)",
                (id,),
            )
            row = await gone.fetchone()
            if row is None:  # somebody was quicker
                raise NotFound(f"there is no token {id}; `ohmstead admin token list` shows them")
            digest, organisation = row
            await record(
                connection,
                actor=by.name,
                organisation=organisation,  # whose admins are to see it, as when it was made
                action="token revoked",
                subject=token.email,
                detail={"token": id, "scope": str(token.scope)},
                at=by.at,
            )
        return bytes(digest)


def checked_name(name: str) -> str:
    """What a token is for, without outer space; BadInput."""
    plain = name.strip()
    if len(plain) > NAME_LONGEST or (plain and not plain.isprintable()):
        raise BadInput(f"{name[:30]!r} is not a name: up to {NAME_LONGEST} printable characters")
    return plain


async def _told(
    connection: Connection,
    owner: User,
    organisation: int | None,
    action: str,
    by: By,
    id: int,
    scope: Scope,
) -> None:
    await record(
        connection,
        actor=by.name,
        organisation=organisation if organisation is not None else owner.organisation,
        action=action,
        subject=owner.email,
        detail={"token": id, "scope": str(scope)},
        at=by.at,
    )


def _token(row: Record) -> Token:
    return Token(**{**row, "scope": Scope(row["scope"])})
