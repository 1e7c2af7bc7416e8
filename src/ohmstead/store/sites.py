"""Organisations, and the sites where their meters stand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ohmstead.errors import BadInput, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.trouble import explained


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whose meters they are."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Counted:
    """An organisation, and how much belongs to it."""

    id: int
    name: str
    people: int
    sites: int
    meters: int


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

    async def add(self, name: str, *, by: By | None = None) -> Organisation:
        """A new organisation; Conflict when the name is taken."""
        plain = named(name, "an organisation")
        with explained(f"an organisation named {plain!r} exists already"):
            async with self._database.transaction() as connection:
                cursor = await connection.execute(
                    "INSERT INTO organisations (name) VALUES (%s) RETURNING id", (plain,)
                )
                made = await cursor.fetchone()
                added = Organisation(int(made[0]) if made else 0, plain)
                if by is not None:
                    await _told(connection, added, "organisation added", by)
        return added

    async def all(self) -> list[Organisation]:
        """All of them, by id."""
        found = await self._database.rows("SELECT id, name FROM organisations ORDER BY id")
        return [Organisation(**row) for row in found]

    async def seen(
        self,
        own: int | None,
        granted: Collection[int] = (),
        *,
        only: int | None = None,
        after: int = 0,
        skipped: int = 0,
        limit: int = 1000,
    ) -> list[Organisation]:
        """Up to `limit` by id, from behind `after`: `own` (None: all), and of granted sites."""
        found = await self._database.rows(
            "SELECT o.id, o.name FROM organisations o WHERE (%(own)s::int4 IS NULL"
            " OR o.id = %(own)s OR o.id IN (SELECT s.organisation FROM sites s"
            "  WHERE s.id = ANY(%(granted)s::int4[])))"
            " AND (%(only)s::int4 IS NULL OR o.id = %(only)s) AND o.id > %(after)s"
            " ORDER BY o.id OFFSET %(skipped)s LIMIT %(limit)s",
            {
                "own": own,
                "granted": sorted(granted),
                "only": only,
                "after": after,
                "skipped": skipped,
                "limit": limit,
            },
        )
        return [Organisation(**row) for row in found]

    async def counted(
        self, only: int | None = None, *, after: int | None = None, limit: int | None = None
    ) -> list[Counted]:
        """All of them by name, or only one; with how much belongs to each.

        With `limit` at most so many, from behind the one with the id `after`.
        """
        found = await self._database.rows(
            "SELECT o.id, o.name,"
            " (SELECT count(*) FROM users u WHERE u.organisation = o.id) AS people,"
            " (SELECT count(*) FROM sites s WHERE s.organisation = o.id) AS sites,"
            " (SELECT count(*) FROM meters m JOIN sites s ON s.id = m.site"
            "  WHERE s.organisation = o.id) AS meters"
            " FROM organisations o WHERE (%(only)s::int4 IS NULL OR o.id = %(only)s)"
            " AND (%(after)s::int4 IS NULL OR (lower(o.name), o.id) >"
            "  (SELECT lower(a.name), a.id FROM organisations a WHERE a.id = %(after)s))"
            " ORDER BY lower(o.name), o.id LIMIT %(limit)s",
            {"only": only, "after": after, "limit": limit},
        )
        return [Counted(**row) for row in found]

    async def get(self, id: int) -> Organisation:
        """The one with this id; NotFound."""
        found = await self._database.one("SELECT id, name FROM organisations WHERE id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no organisation {id}; `ohmstead admin org list` shows them")
        return Organisation(**found)

    async def rename(self, id: int, name: str, *, by: By) -> Organisation:
        """Give it another name; Conflict when that is taken, NotFound."""
        plain, before = named(name, "an organisation"), await self.get(id)
        with explained(f"an organisation named {plain!r} exists already"):
            async with self._database.transaction() as connection:
                await connection.execute(
                    "UPDATE organisations SET name = %s WHERE id = %s", (plain, id)
                )
                await _told(connection, before, "organisation renamed", by, {"to": plain})
        return Organisation(id, plain)

    async def remove(self, id: int, *, by: By | None = None) -> None:
        """Remove it; Conflict while it has sites or users."""
        found = await self.get(id)
        with explained(f"organisation {id} still has sites or users; remove those first"):
            async with self._database.transaction() as connection:
                await connection.execute("DELETE FROM organisations WHERE id = %s", (id,))
                if by is not None:
                    await _told(connection, found, "organisation removed", by)


async def _told(
    connection: Connection,
    organisation: Organisation,
    action: str,
    by: By,
    detail: Mapping[str, str] | None = None,
) -> None:
    await record(
        connection,
        actor=by.name,
        organisation=organisation.id,
        action=action,
        subject=organisation.name,
        detail=detail,
        at=by.at,
    )


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
