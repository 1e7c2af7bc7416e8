"""People who look at the pages: users, what they may, and how their password is checked."""

import re
from dataclasses import dataclass
from datetime import datetime

from ohmstead.access.roles import Role, sees
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.sites import Organisations, Site
from ohmstead.store.trouble import explained

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}")
LANGUAGES = ("en", "de")
LAST_ADMIN = 0x0E57EAE
"""The advisory lock of whoever may take the last admin away."""


@dataclass(frozen=True, slots=True)
class User:
    """One person; `organisation` None is somebody of the whole installation.

    `seen_at` is when a session of theirs was last used, None when none is open.  `granted` are
    sites they see beside those of their organisation.
    """

    id: int
    email: str
    name: str
    role: Role
    organisation: int | None
    organisation_name: str | None
    language: str | None
    has_password: bool
    second_factor: bool
    seen_at: datetime | None
    granted: frozenset[int] = frozenset()

    def sees(self, site: Site) -> bool:
        """Whether what stands at `site` is theirs to look at."""
        return sees(self.organisation, site.organisation) or site.id in self.granted


USERS = """
    SELECT u.id, u.email, u.name, u.role, u.organisation, o.name AS organisation_name, u.language,
           u.password_hash IS NOT NULL AS has_password,
           EXISTS (SELECT FROM second_factors f
                   WHERE f.person = u.id AND f.confirmed_at IS NOT NULL) AS second_factor,
           (SELECT max(h.seen_at) FROM sessions h WHERE h.person = u.id) AS last_seen_at,
           ARRAY(SELECT g.site FROM site_grants g WHERE g.person = u.id) AS granted
    FROM users u LEFT JOIN organisations o ON o.id = u.organisation
"""


class People:
    """Every user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        email: str,
        role: Role,
        organisation: int | None = None,
        name: str = "",
        *,
        by: By | None = None,
    ) -> User:
        """A new user without a password; Conflict when the address is taken."""
        if organisation is not None:
            await Organisations(self._database).get(organisation)
        async with self._database.transaction() as connection:
            id = await inserted(connection, email, role, organisation, name=name)
            if by is not None:
                await record(
                    connection,
                    actor=by.name,
                    organisation=organisation,
                    action="user added",
                    subject=checked_email(email),
                    detail={"role": str(role)},
                    at=by.at,
                )
        return await self.by_id(id)

    async def all(self, organisation: int | None = None) -> list[User]:
        """All of them by id, or only those of one organisation."""
        found = await self._database.rows(
            f"{USERS} WHERE %(of)s::int4 IS NULL OR u.organisation = %(of)s ORDER BY u.id",
            {"of": organisation},
        )
        return [user_of(row) for row in found]

    async def page(self, organisation: int | None, after: int, limit: int) -> list[User]:
        """Up to `limit` by id, from behind `after`; of one organisation, or of all."""
        found = await self._database.rows(
            f"{USERS} WHERE (%(of)s::int4 IS NULL OR u.organisation = %(of)s)"
            " AND u.id > %(after)s ORDER BY u.id LIMIT %(limit)s",
            {"of": organisation, "after": after, "limit": limit},
        )
        return [user_of(row) for row in found]

    async def count(self) -> int:
        """How many there are: none before the first run is finished."""
        found = await self._database.one("SELECT count(*) AS users FROM users")
        return int(found["users"]) if found else 0

    async def get(self, email: str) -> User:
        """The one with this address, in any case of its letters; NotFound."""
        found = await self.find(email)
        if found is None:
            raise NotFound(f"there is no user {email}; `ohmstead admin user list` shows them")
        return found

    async def find(self, email: str) -> User | None:
        """The same, None where there is none; a stranger may send anything."""
        try:
            found = await self._database.one(
                f"{USERS} WHERE lower(u.email) = lower(%s)", (email.strip(),)
            )
        except BadInput:  # not even a text
            return None
        return user_of(found) if found else None

    async def by_id(self, id: int) -> User:
        """The one with this id; NotFound."""
        found = await self._database.one(f"{USERS} WHERE u.id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no user number {id}")
        return user_of(found)

    async def remove(
        self, email: str, *, by: By | None = None, keep_an_admin: bool = False
    ) -> None:
        """Remove the user with links and sessions; NotFound.

        Their integrations go on: they are the organisation's, whose admins and managers change
        them, or the installation's admins' where there is no organisation.
        With `keep_an_admin` a Conflict for the last admin of the installation, or of an
        organisation with other people.
        """
        user = await self.get(email)
        async with self._database.transaction() as connection:
            if keep_an_admin:
                await _keep_an_admin(connection, user)
            owned = await connection.execute(
                "SELECT id, organisation FROM integrations WHERE owner = %s ORDER BY id", (user.id,)
            )
            left = await owned.fetchall()
            await connection.execute("DELETE FROM users WHERE id = %s", (user.id,))
            if by is not None:
                for integration, organisation in left:
                    await record(
                        connection,
                        actor=by.name,
                        organisation=organisation,
                        action="integration left by its owner",
                        subject=integration,
                        detail={"owner": user.email},
                        at=by.at,
                    )
                await record(
                    connection,
                    actor=by.name,
                    organisation=user.organisation,
                    action="user removed",
                    subject=user.email,
                    detail={"role": str(user.role)},
                    at=by.at,
                )

    async def set_role(
        self, user: User, role: Role, *, by: By, keep_an_admin: bool = False
    ) -> User:
        """Make `user` a `role`; with `keep_an_admin` a Conflict when no admin would be left."""
        async with self._database.transaction() as connection:
            if keep_an_admin and role is not Role.ADMIN:
                await _keep_an_admin(connection, user)
            await connection.execute(
                "UPDATE users SET role = %s WHERE id = %s", (str(role), user.id)
            )
            await record(
                connection,
                actor=by.name,
                organisation=user.organisation,
                action="role changed",
                subject=user.email,
                detail={"from": str(user.role), "to": str(role)},
                at=by.at,
            )
        return await self.by_id(user.id)

    async def change(
        self,
        id: int,
        *,
        email: str | None = None,
        name: str | None = None,
        language: str | None = None,
        by: By | None = None,
    ) -> User:
        """Change what is not None; Conflict when the address is taken, BadInput."""
        if language is not None and language not in LANGUAGES:
            raise BadInput(
                f"{language!r} is not a language here; take one of {', '.join(LANGUAGES)}"
            )
        if name is not None and (len(name) > 200 or (name and not name.isprintable())):
            raise BadInput(f"{name[:30]!r} is not a name: up to 200 printable characters")
        plain = None if email is None else checked_email(email)
        before = await self.by_id(id)
        with explained(f"a user with the address {plain} exists already"):
            async with self._database.transaction() as connection:
                await connection.execute(
                    "UPDATE users SET email = coalesce(%s, email), name = coalesce(%s, name),"
                    " language = coalesce(%s, language) WHERE id = %s",
                    (plain, name, language, id),
                )
                if by is not None and plain is not None and plain != before.email:
                    await record(
                        connection,
                        actor=by.name,
                        organisation=before.organisation,
                        action="address changed",
                        subject=plain,
                        detail={"from": before.email},
                        at=by.at,
                    )
        return await self.by_id(id)

    async def set_password(self, id: int, password_hash: str) -> None:
        """Keep the hash of a password (access.passwords.hashed), made anew for the same one."""
        await self._database.change(
            "UPDATE users SET password_hash = %s WHERE id = %s", (password_hash, id)
        )

    async def change_password(
        self, user: User, password_hash: str, *, by: By, action: str = "password changed"
    ) -> None:
        """Keep a new password's hash; every session of the user ends, every link is void."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE users SET password_hash = %s WHERE id = %s", (password_hash, user.id)
            )
            await connection.execute("DELETE FROM sessions WHERE person = %s", (user.id,))
            await connection.execute("DELETE FROM links WHERE person = %s", (user.id,))
            await record(
                connection,
                actor=by.name,
                organisation=user.organisation,
                action=action,
                subject=user.email,
                at=by.at,
            )

    async def password_hash(self, email: str) -> tuple[User, str | None] | None:
        """The user with this address and the hash to check against; None without such a user."""
        question = USERS.replace("SELECT", "SELECT u.password_hash,", 1)
        try:
            found = await self._database.one(
                f"{question} WHERE lower(u.email) = lower(%s)", (email.strip(),)
            )
        except BadInput:  # not even a text: a stranger may send anything
            return None
        return (user_of(found), found["password_hash"]) if found else None


async def inserted(
    connection: Connection,
    email: str,
    role: Role,
    organisation: int | None,
    *,
    name: str = "",
    language: str | None = None,
    password_hash: str | None = None,
) -> int:
    """The id of a new user; Conflict when the address is taken, BadInput when it is none."""
    plain = checked_email(email)
    with explained(f"a user with the address {plain} exists already"):
        cursor = await connection.execute(
            "INSERT INTO users (email, role, organisation, name, language, password_hash)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            (plain, str(role), organisation, name, language, password_hash),
        )
    made = await cursor.fetchone()
    return int(made[0]) if made else 0


async def _keep_an_admin(connection: Connection, user: User) -> None:
    """Conflict when `user` is the last admin of the installation, or of people who stay."""
    if user.role is not Role.ADMIN:
        return
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LAST_ADMIN,))
    cursor = await connection.execute(
        "SELECT count(*) FILTER (WHERE role = 'admin'), count(*) FROM users"
        " WHERE organisation IS NOT DISTINCT FROM %s AND id <> %s",
        (user.organisation, user.id),
    )
    found = await cursor.fetchone()
    admins, others = found or (0, 0)
    if admins == 0 and (others or user.organisation is None):
        place = "this organisation" if user.organisation is not None else "the installation"
        raise Conflict(f"{user.email} is the last admin of {place}; make somebody else one first")


def checked_email(email: str) -> str:
    """`email` without outer space; BadInput when it is not an address."""
    plain = email.strip()
    if not _EMAIL.fullmatch(plain) or not plain.isprintable():
        raise BadInput(f"{email!r} is not an e-mail address; it looks like anna@example.org")
    return plain


def user_of(row: Record) -> User:
    """The user that a row of USERS tells of."""
    return User(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        organisation=row["organisation"],
        organisation_name=row["organisation_name"],
        language=row["language"],
        has_password=row["has_password"],
        second_factor=row["second_factor"],
        seen_at=row["last_seen_at"],
        granted=frozenset(row["granted"]),
    )
