"""Users as who manages them asks: page by page, with name and surname apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from ohmstead.store.database import Database, Record
from ohmstead.store.people import USERS, User, user_of

PROFILES = USERS.replace("SELECT", "SELECT u.surname, u.plan,", 1)


@dataclass(frozen=True, slots=True)
class Profile:
    """A user; their one name taken apart, and the plan they were made with."""

    user: User
    name: str
    surname: str
    plan: str | None


class Profiles:
    """Every user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(
        self, own: int | None, *, of: int | None = None, skipped: int = 0, limit: int = 1000
    ) -> list[Profile]:
        """Up to `limit` users by number: of the organisation `own`, or of all; and only `of`."""
        found = await self._database.rows(
            f"{PROFILES} WHERE (%(own)s::int4 IS NULL OR u.organisation = %(own)s)"
            " AND (%(of)s::int4 IS NULL OR u.organisation = %(of)s)"
            " ORDER BY u.id OFFSET %(skipped)s LIMIT %(limit)s",
            {"own": own, "of": of, "skipped": skipped, "limit": limit},
        )
        return [_profile(row) for row in found]

    async def of(self, user: User) -> Profile:
        """What else is known of `user`."""
        found = await self._database.rows(f"{PROFILES} WHERE u.id = %s", (user.id,))
        return _profile(found[0]) if found else Profile(user, user.name, "", None)

    async def of_each(self, users: Sequence[User]) -> list[Profile]:
        """The same of many, in one question, by number."""
        found = await self._database.rows(
            f"{PROFILES} WHERE u.id = ANY(%s) ORDER BY u.id", ([user.id for user in users],)
        )
        return [_profile(row) for row in found]

    async def set(self, user: User, *, surname: str | None, plan: str | None) -> Profile:
        """Keep which end of the name is the surname, and the plan; None stays as it is."""
        await self._database.change(
            "UPDATE users SET surname = coalesce(%s, surname), plan = coalesce(%s, plan)"
            " WHERE id = %s",
            (surname, plan, user.id),
        )
        return await self.of(user)


def _profile(row: Record) -> Profile:
    user = user_of(row)
    name, surname = apart(user.name, row["surname"])
    return Profile(user, name, surname, row["plan"])


def apart(full: str, surname: str) -> tuple[str, str]:
    """A name without its surname, and that; the name may have been changed since.

    >>> apart("Vincent van Gogh", "van Gogh"), apart("Ada King", "Lovelace"), apart("Ada", "")
    (('Vincent', 'van Gogh'), ('Ada', 'King'), ('Ada', ''))
    """
    if surname and full.endswith(surname):
        return full[: -len(surname)].strip(), surname
    first, _, last = full.rpartition(" ")
    return (first, last) if first else (full, "")
