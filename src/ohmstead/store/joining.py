"""How somebody comes to have an account: a link of an invitation or a sign-up is followed."""

from dataclasses import dataclass
from datetime import datetime

from ohmstead.access.roles import Role
from ohmstead.errors import Conflict
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database
from ohmstead.store.people import People, User, inserted

NAMES_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Joining:
    """What the link said about who comes."""

    email: str
    role: Role
    organisation: int | None
    organisation_name: str | None
    language: str | None


class Door:
    """The way in for those who were invited or signed up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enter(
        self, digest: bytes, password_hash: str, *, name: str, language: str | None, at: datetime
    ) -> User | None:
        """The user that the link makes, and their organisation where it is a new one.

        The link is used up in the same transaction.  None when it is unknown, used or expired.
        Conflict when the address has an account by now.
        """
        async with self._database.transaction() as connection:
            joining = await _used(connection, digest, at)
            if joining is None:
                return None
            organisation = joining.organisation
            if organisation is None and joining.organisation_name is not None:
                organisation = await _new_organisation(connection, joining, at)
            id = await inserted(
                connection,
                joining.email,
                joining.role,
                organisation,
                name=name,
                language=language or joining.language,
                password_hash=password_hash,
            )
            await connection.execute(
                "DELETE FROM links WHERE purpose = 'sign-up' AND lower(email) = lower(%s)",
                (joining.email,),
            )
            await record(
                connection,
                actor=joining.email,
                organisation=organisation,
                action="account activated",
                subject=joining.email,
                detail={"role": str(joining.role)},
                at=at,
            )
        return await People(self._database).by_id(id)

    async def confirm_address(self, digest: bytes, at: datetime) -> User | None:
        """Whose new address the link confirms; it is theirs from now on.  None: no such link.

        Conflict when somebody else has it by now.
        """
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                "UPDATE links SET used_at = %(now)s WHERE digest = %(digest)s"
                " AND purpose = 'address' AND used_at IS NULL AND expires_at > %(now)s"
                " RETURNING person, email",
                {"now": at, "digest": digest},
            )
            found = await cursor.fetchone()
        if found is None:
            return None
        people = People(self._database)
        user = await people.by_id(found[0])
        return await people.change(user.id, email=found[1], by=By(user.email, at))


async def _used(connection: Connection, digest: bytes, now: datetime) -> Joining | None:
    cursor = await connection.execute(
        "UPDATE links SET used_at = %(now)s WHERE digest = %(digest)s"
        " AND purpose IN ('invitation', 'sign-up') AND used_at IS NULL AND expires_at > %(now)s"
        " RETURNING email, role, organisation, organisation_name, language",
        {"now": now, "digest": digest},
    )
    found = await cursor.fetchone()
    if found is None:
        return None
    email, role, organisation, organisation_name, language = found
    cursor = await connection.execute("SELECT FROM users WHERE lower(email) = lower(%s)", (email,))
    if await cursor.fetchone() is not None:
        raise Conflict(
            f"{email} has an account already; sign in with it, or ask to be invited "
            "with another address"
        )
    return Joining(email, Role(role), organisation, organisation_name, language)


async def _new_organisation(connection: Connection, joining: Joining, at: datetime) -> int:
    """The organisation that somebody signed up with; a number follows a name that is taken."""
    for number in range(1, NAMES_MOST):
        name = str(joining.organisation_name) + (f" {number}" if number > 1 else "")
        cursor = await connection.execute(
            "INSERT INTO organisations (name) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id",
            (name,),
        )
        if made := await cursor.fetchone():
            await record(
                connection,
                actor=joining.email,
                organisation=made[0],
                action="organisation added",
                subject=name,
                at=at,
            )
            return int(made[0])
    raise Conflict(f"{NAMES_MOST} organisations are named {joining.organisation_name!r} already")
