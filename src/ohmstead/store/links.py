"""Links that are good once: to sign in, to reset a password, to confirm an address, to join.

They are known by their digest alone.  An invitation and a sign-up have no user yet: nobody exists
before they followed their link and chose a password.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ohmstead.access.roles import Role
from ohmstead.errors import Conflict, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.people import User, checked_email
from ohmstead.store.sites import named

INVITATIONS_MOST = 500
"""Of one organisation that wait to be followed."""


class Purpose(StrEnum):
    """What a link is good for."""

    SIGN_IN = "sign-in"
    RESET = "reset"
    ADDRESS = "address"
    INVITATION = "invitation"
    SIGN_UP = "sign-up"


@dataclass(frozen=True, slots=True)
class Link:
    """One link; `person` is None for an invitation and a sign-up, which say who it will be.

    `organisation` None with an `organisation_name` is an organisation that is yet to be made.
    """

    id: int
    purpose: Purpose
    person: int | None
    email: str | None
    role: Role | None
    organisation: int | None
    organisation_name: str | None
    language: str | None
    made_by: str | None
    made_at: datetime
    expires_at: datetime


LINKS = """
    SELECT l.id, l.purpose, l.person, l.email, l.role, l.organisation,
           coalesce(o.name, l.organisation_name) AS organisation_name, l.language, l.made_by,
           l.made_at, l.expires_at
    FROM links l LEFT JOIN organisations o ON o.id = l.organisation
"""


INVITE = """
    INSERT INTO links (digest, expires_at, purpose, made_at, email, role, organisation, language,
                       made_by)
    VALUES (%(digest)s, %(expires)s, 'invitation', %(at)s, %(email)s, %(role)s, %(of)s,
            %(language)s, %(by)s)
    RETURNING id
"""
RENEW = """
    UPDATE links SET digest = %(digest)s, expires_at = %(expires)s, made_at = %(at)s,
                     email = %(email)s, role = %(role)s, language = %(language)s, made_by = %(by)s
    WHERE purpose = 'invitation' AND used_at IS NULL AND lower(email) = lower(%(email)s)
      AND organisation IS NOT DISTINCT FROM %(of)s
    RETURNING id
"""


class Links:
    """Every link that was not used and has not expired."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        user: User,
        purpose: Purpose,
        digest: bytes,
        expires: datetime,
        *,
        by: By,
        email: str | None = None,
    ) -> None:
        """A link of somebody who exists, until it is used or `expires`.

        A link to reset, or to confirm an address (`email`), takes the place of those before it.
        """
        async with self._database.transaction() as connection:
            await _sweep(connection, by.at)
            if purpose is not Purpose.SIGN_IN:
                await connection.execute(
                    "DELETE FROM links WHERE person = %s AND purpose = %s", (user.id, str(purpose))
                )
            await connection.execute(
                "INSERT INTO links (digest, person, expires_at, purpose, made_at, email, made_by)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (digest, user.id, expires, str(purpose), by.at, email, by.name),
            )
            await record(
                connection,
                actor=by.name,
                organisation=user.organisation,
                action=f"{purpose} link made",
                subject=user.email,
                detail=None if email is None else {"address": email},
                at=by.at,
            )

    async def invite(
        self,
        email: str,
        role: Role,
        organisation: int | None,
        digest: bytes,
        expires: datetime,
        *,
        by: By,
        language: str | None = None,
    ) -> Link:
        """Invite `email` to an organisation, None for the whole installation.

        An invitation of the same address to the same place is replaced.  Conflict when too many
        wait.  Whether the address has an account already is not told.
        """
        plain = checked_email(email)
        async with self._database.transaction() as connection:
            await _sweep(connection, by.at)
            values = {
                "digest": digest,
                "expires": expires,
                "at": by.at,
                "email": plain,
                "role": str(role),
                "of": organisation,
                "language": language,
                "by": by.name,
            }
            cursor = await connection.execute(RENEW, values)
            made = await cursor.fetchone()
            if made is None:
                await _refuse_too_many(connection, organisation)
                cursor = await connection.execute(INVITE, values)
                made = await cursor.fetchone()
            await record(
                connection,
                actor=by.name,
                organisation=organisation,
                action="user invited",
                subject=plain,
                detail={"role": str(role)},
                at=by.at,
            )
        return await self.invitation(made[0] if made else 0)

    async def sign_up(
        self,
        email: str,
        organisation_name: str,
        digest: bytes,
        expires: datetime,
        *,
        at: datetime,
        language: str | None = None,
    ) -> None:
        """Somebody asks for an account and an organisation; an earlier wish is replaced."""
        plain, name = checked_email(email), named(organisation_name, "an organisation")
        async with self._database.transaction() as connection:
            await _sweep(connection, at)
            await connection.execute(
                "DELETE FROM links WHERE purpose = 'sign-up' AND lower(email) = lower(%s)", (plain,)
            )
            await connection.execute(
                "INSERT INTO links (digest, expires_at, purpose, made_at, email, role,"
                " organisation_name, language) VALUES (%s, %s, 'sign-up', %s, %s, %s, %s, %s)",
                (digest, expires, at, plain, str(Role.ADMIN), name, language),
            )

    async def look(self, digest: bytes, now: datetime) -> Link | None:
        """What the link is good for; None when it is unknown, used or expired at `now`."""
        found = await self._database.one(
            f"{LINKS} WHERE l.digest = %s AND l.used_at IS NULL AND l.expires_at > %s",
            (digest, now),
        )
        return _link(found) if found else None

    async def use(self, digest: bytes, purpose: Purpose, now: datetime) -> Link | None:
        """Use the link up; None when it is for something else, unknown, used or expired."""
        found = await self._database.one(
            "UPDATE links SET used_at = %(now)s WHERE digest = %(digest)s"
            " AND purpose = %(purpose)s AND used_at IS NULL AND expires_at > %(now)s"
            " RETURNING id, purpose, person, email, role, organisation, organisation_name,"
            " language, made_by, made_at, expires_at",
            {"now": now, "digest": digest, "purpose": str(purpose)},
        )
        return _link(found) if found else None

    async def invitations(self, organisation: int | None, now: datetime) -> list[Link]:
        """Invitations that wait: all of them, or those of one organisation."""
        found = await self._database.rows(
            f"{LINKS} WHERE l.purpose = 'invitation' AND l.used_at IS NULL"
            " AND l.expires_at > %(now)s"
            " AND (%(of)s::int4 IS NULL OR l.organisation = %(of)s) ORDER BY l.id",
            {"now": now, "of": organisation},
        )
        return [_link(row) for row in found]

    async def invitation(self, id: int) -> Link:
        """An invitation by its number, expired or not; NotFound."""
        found = await self._database.one(
            f"{LINKS} WHERE l.id = %s AND l.purpose = 'invitation' AND l.used_at IS NULL", (id,)
        )
        if found is None:
            raise NotFound(f"there is no invitation {id}, or it was accepted already")
        return _link(found)

    async def withdraw(self, invitation: Link, *, by: By) -> None:
        """Take an invitation back."""
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM links WHERE id = %s", (invitation.id,))
            await record(
                connection,
                actor=by.name,
                organisation=invitation.organisation,
                action="invitation withdrawn",
                subject=invitation.email or "",
                at=by.at,
            )


async def _refuse_too_many(connection: Connection, organisation: int | None) -> None:
    cursor = await connection.execute(
        "SELECT count(*) FROM links WHERE purpose = 'invitation' AND used_at IS NULL"
        " AND organisation IS NOT DISTINCT FROM %s",
        (organisation,),
    )
    waiting = await cursor.fetchone()
    if waiting and waiting[0] >= INVITATIONS_MOST:
        raise Conflict(f"{waiting[0]} invitations wait already; withdraw some first")


async def _sweep(connection: Connection, now: datetime) -> None:
    await connection.execute("DELETE FROM links WHERE expires_at < %s", (now,))


def _link(row: Record) -> Link:
    return Link(
        **{
            **row,
            "purpose": Purpose(row["purpose"]),
            "role": None if row["role"] is None else Role(row["role"]),
        }
    )
