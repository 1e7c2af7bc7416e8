"""Organisations, and the sites where their meters stand."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ohmstead.errors import BadInput, NotFound
from ohmstead.store.database import Database, Record
from ohmstead.store.trouble import explained


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whose meters they are."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Site:
    """Where meters stand; `timezone` is an IANA name and makes its days."""

    id: int
    name: str
    organisation: int
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def named(name: str, what: str) -> str:
    """`name` without outer space; BadInput when it is empty, long or has control characters."""
    plain = name.strip()
    if not plain or len(plain) > 200 or not plain.isprintable():
        raise BadInput(f"{name!r} is not a name for {what}: give 1 to 200 printable characters")
    return plain


def zone_named(timezone: str) -> str:
    """`timezone` if it is an IANA time zone; BadInput otherwise."""
    try:
        return ZoneInfo(timezone).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"{timezone!r} is not a time zone; it looks like Europe/Zurich or UTC"
        ) from None


class Organisations:
    """Every organisation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str) -> Organisation:
        """A new organisation; Conflict when the name is taken."""
        plain = named(name, "an organisation")
        with explained(f"an organisation named {plain!r} exists already"):
            made = await self._database.rows(
                "INSERT INTO organisations (name) VALUES (%s) RETURNING id, name", (plain,)
            )
        return Organisation(**made[0])

    async def all(self) -> list[Organisation]:
        """All of them, by id."""
        found = await self._database.rows("SELECT id, name FROM organisations ORDER BY id")
        return [Organisation(**row) for row in found]

    async def get(self, id: int) -> Organisation:
        """The one with this id; NotFound."""
        found = await self._database.one("SELECT id, name FROM organisations WHERE id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no organisation {id}; `ohmstead admin org list` shows them")
        return Organisation(**found)

    async def remove(self, id: int) -> None:
        """Remove it; Conflict while it has sites or users."""
        await self.get(id)
        with explained(f"organisation {id} still has sites or users; remove those first"):
            await self._database.change("DELETE FROM organisations WHERE id = %s", (id,))


class Sites:
    """Every site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, organisation: int, timezone: str) -> Site:
        """A new site of an organisation; Conflict when the organisation has one of that name."""
        plain, zone = named(name, "a site"), zone_named(timezone)
        await Organisations(self._database).get(organisation)
        with explained(f"organisation {organisation} has a site named {plain!r} already"):
            made = await self._database.rows(
                "INSERT INTO sites (name, organisation, timezone) VALUES (%s, %s, %s)"
                " RETURNING id, name, organisation, timezone",
                (plain, organisation, zone),
            )
        return _site(made[0])

    async def all(self, organisation: int | None = None) -> list[Site]:
        """All of them by id, or only those of one organisation."""
        found = await self._database.rows(
            "SELECT id, name, organisation, timezone FROM sites"
            " WHERE %(of)s::int4 IS NULL OR organisation = %(of)s ORDER BY id",
            {"of": organisation},
        )
        return [_site(row) for row in found]

    async def get(self, id: int) -> Site:
        """The one with this id; NotFound."""
        found = await self._database.one(
            "SELECT id, name, organisation, timezone FROM sites WHERE id = %s", (id,)
        )
        if found is None:
            raise NotFound(f"there is no site {id}; `ohmstead admin site list` shows them")
        return _site(found)

    async def remove(self, id: int) -> None:
        """Remove it; Conflict while it has meters."""
        await self.get(id)
        with explained(f"site {id} still has meters; remove those first"):
            await self._database.change("DELETE FROM sites WHERE id = %s", (id,))


def _site(row: Record) -> Site:
    return Site(row["id"], row["name"], row["organisation"], row["timezone"])
