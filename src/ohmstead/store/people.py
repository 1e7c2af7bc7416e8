"""People who look at the pages: users, their one-time sign-in links, their sessions."""

import re
from dataclasses import dataclass
from datetime import datetime

from ohmstead.access.roles import Role
from ohmstead.errors import BadInput, NotFound
from ohmstead.store.database import Database, Record
from ohmstead.store.sites import Organisations
from ohmstead.store.trouble import explained

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}")
LANGUAGES = ("en", "de")


@dataclass(frozen=True, slots=True)
class User:
    """One person; `organisation` None is somebody of the whole installation."""

    id: int
    email: str
    name: str
    role: Role
    organisation: int | None
    language: str | None
    has_password: bool


USERS = """
    SELECT u.id, u.email, u.name, u.role, u.organisation, u.language,
           u.password_hash IS NOT NULL AS has_password
    FROM users u
"""


class People:
    """Every user, link and session.  Links and sessions are known by their digest only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, email: str, role: Role, organisation: int | None = None, name: str = ""
    ) -> User:
        """A new user without a password; Conflict when the address is taken."""
        if organisation is not None:
            await Organisations(self._database).get(organisation)
        plain = checked_email(email)
        with explained(f"a user with the address {plain} exists already"):
            made = await self._database.one(
                "INSERT INTO users (email, role, organisation, name) VALUES (%s, %s, %s, %s)"
                " RETURNING id",
                (plain, str(role), organisation, name),
            )
        return await self.by_id(made["id"] if made else 0)

    async def all(self) -> list[User]:
        """All of them, by id."""
        return [_user(row) for row in await self._database.rows(f"{USERS} ORDER BY u.id")]

    async def count(self) -> int:
        """How many there are: none before the first run is finished."""
        found = await self._database.one("SELECT count(*) AS users FROM users")
        return int(found["users"]) if found else 0

    async def get(self, email: str) -> User:
        """The one with this address, in any case of its letters; NotFound."""
        found = await self._database.one(
            f"{USERS} WHERE lower(u.email) = lower(%s)", (email.strip(),)
        )
        if found is None:
            raise NotFound(f"there is no user {email}; `ohmstead admin user list` shows them")
        return _user(found)

    async def by_id(self, id: int) -> User:
        """The one with this id; NotFound."""
        found = await self._database.one(f"{USERS} WHERE u.id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no user number {id}")
        return _user(found)

    async def remove(self, email: str) -> None:
        """Remove the user with links and sessions; NotFound."""
        user = await self.get(email)
        await self._database.change("DELETE FROM users WHERE id = %s", (user.id,))

    async def change(
        self,
        id: int,
        *,
        email: str | None = None,
        name: str | None = None,
        language: str | None = None,
    ) -> User:
        """Change what is not None; Conflict when the address is taken, BadInput."""
        if language is not None and language not in LANGUAGES:
            raise BadInput(
                f"{language!r} is not a language here; take one of {', '.join(LANGUAGES)}"
            )
        if name is not None and (len(name) > 200 or (name and not name.isprintable())):
            raise BadInput(f"{name[:30]!r} is not a name: up to 200 printable characters")
        plain = None if email is None else checked_email(email)
        with explained(f"a user with the address {plain} exists already"):
            await self._database.change(
                "UPDATE users SET email = coalesce(%s, email), name = coalesce(%s, name),"
                " language = coalesce(%s, language) WHERE id = %s",
                (plain, name, language, id),
            )
        return await self.by_id(id)

    async def set_password(self, id: int, password_hash: str) -> None:
        """Keep the hash of a password (access.passwords.hashed)."""
        await self._database.change(
            "UPDATE users SET password_hash = %s WHERE id = %s", (password_hash, id)
        )

    async def password_hash(self, email: str) -> tuple[User, str | None] | None:
        """The user with this address and the hash to check against; None without such a user."""
        question = f"{_also('u.password_hash')} WHERE lower(u.email) = lower(%s)"
        try:
            found = await self._database.one(question, (email.strip(),))
        except BadInput:  # not even a text: a stranger may send anything
            return None
        return (_user(found), found["password_hash"]) if found else None

    async def add_link(self, id: int, digest: bytes, expires: datetime) -> None:
        """Keep a sign-in link of a user until it is used or `expires`; expired ones of all go."""
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM links WHERE expires_at < now()")
            await connection.execute(
                "INSERT INTO links (digest, person, expires_at) VALUES (%s, %s, %s)",
                (digest, id, expires),
            )

    async def use_link(self, digest: bytes, now: datetime) -> User | None:
        """Whose link it is, and use it up; None when it is unknown, used or expired at `now`."""
        found = await self._database.one(
            "UPDATE links SET used_at = %(now)s"
            " WHERE digest = %(digest)s AND used_at IS NULL AND expires_at > %(now)s"
            " RETURNING person",
            {"digest": digest, "now": now},
        )
        return await self.by_id(found["person"]) if found else None

    async def add_session(self, id: int, digest: bytes, expires: datetime) -> None:
        """Begin a session of a user; expired ones of that user go."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "DELETE FROM sessions WHERE person = %s AND expires_at < now()", (id,)
            )
            await connection.execute(
                "INSERT INTO sessions (digest, person, expires_at) VALUES (%s, %s, %s)",
                (digest, id, expires),
            )

    async def session(self, digest: bytes, now: datetime, expires: datetime) -> User | None:
        """Whose session it is, None when it is unknown or expired at `now`.

        It then lasts until `expires`; that is written once an hour at most.
        """
        found = await self._database.one(
            f"{_also('s.expires_at')} JOIN sessions s ON s.person = u.id"
            " WHERE s.digest = %s AND s.expires_at > %s",
            (digest, now),
        )
        if found is None:
            return None
        if (expires - found["expires_at"]).total_seconds() > 3600:
            await self._database.change(
                "UPDATE sessions SET expires_at = %s WHERE digest = %s", (expires, digest)
            )
        return _user(found)

    async def end_session(self, digest: bytes) -> None:
        """End one session."""
        await self._database.change("DELETE FROM sessions WHERE digest = %s", (digest,))

    async def end_sessions(self, id: int) -> None:
        """End every session of a user, and void the sign-in links."""
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM sessions WHERE person = %s", (id,))
            await connection.execute("DELETE FROM links WHERE person = %s", (id,))


def checked_email(email: str) -> str:
    """`email` without outer space; BadInput when it is not an address."""
    plain = email.strip()
    if not _EMAIL.fullmatch(plain) or not plain.isprintable():
        raise BadInput(f"{email!r} is not an e-mail address; it looks like anna@example.org")
    return plain


def _also(column: str) -> str:
    return USERS.replace("SELECT", f"SELECT {column},", 1)


def _user(row: Record) -> User:
    return User(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        organisation=row["organisation"],
        language=row["language"],
        has_password=row["has_password"],
    )
