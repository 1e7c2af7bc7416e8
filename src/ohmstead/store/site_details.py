"""Sites with their address and contact; and how they are changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ohmstead.errors import Conflict, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.people import User
from ohmstead.store.sites import Site, Sites, named, zone_named
from ohmstead.store.trouble import explained

DETAILS = ("city", "country", "address", "contact_name", "contact_email")
"""What is kept of a site beside what Ohmstead works with; texts."""
SITES = """
    SELECT s.id, s.name, s.organisation, s.timezone, s.details, o.name AS organisation_name,
           (SELECT count(*) FROM meters m WHERE m.site = s.id) AS meters
    FROM sites s JOIN organisations o ON o.id = s.organisation
"""


@dataclass(frozen=True, slots=True)
class Detailed:
    """A site, and what else is known of it; `details` has any of DETAILS."""

    site: Site
    organisation_name: str
    details: Mapping[str, str]
    meters: int


class SiteDetails:
    """Every site."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sites = Sites(database)

    async def seen(
        self,
        user: User,
        *,
        organisation: int | None = None,
        after: int = 0,
        skipped: int = 0,
        limit: int = 1000,
    ) -> list[Detailed]:
        """Up to `limit` sites that `user` sees, by id, from behind `after`."""
        found = await self._database.rows(
            f"{SITES} WHERE (%(own)s::int4 IS NULL OR s.organisation = %(own)s"
            " OR s.id = ANY(%(granted)s::int4[]))"
            " AND (%(of)s::int4 IS NULL OR s.organisation = %(of)s) AND s.id > %(after)s"
            " ORDER BY s.id OFFSET %(skipped)s LIMIT %(limit)s",
            {
                "own": user.organisation,
                "granted": sorted(user.granted),
                "of": organisation,
                "after": after,
                "skipped": skipped,
                "limit": limit,
            },
        )
        return [_detailed(row) for row in found]

    async def get(self, id: int) -> Detailed:
        """The one with this id; NotFound."""
        found = await self._database.one(f"{SITES} WHERE s.id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no site {id}; `ohmstead admin site list` shows them")
        return _detailed(found)

    async def add(
        self, name: str, organisation: int, timezone: str, details: Mapping[str, str], *, by: By
    ) -> Detailed:
        """A new site; Conflict when the organisation has one of that name, NotFound, BadInput."""
        made = await self._sites.add(name, organisation, timezone)
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE sites SET details = %s::jsonb WHERE id = %s",
                (json.dumps(dict(details)), made.id),
            )
            await _told(connection, made, "site added", by)
        return await self.get(made.id)

    async def change(
        self,
        site: Site,
        *,
        name: str | None = None,
        timezone: str | None = None,
        details: Mapping[str, str | None] | None = None,
        by: By,
    ) -> Detailed:
        """Change what is not None; of `details` an entry that is None goes.

        Conflict when the name is taken, and for another time zone while there are readings, whose
        days it would cut anew.
        """
        plain = site.name if name is None else named(name, "a site")
        zone = site.timezone if timezone is None else zone_named(timezone)
        said = details or {}
        changed = json.dumps({key: text for key, text in said.items() if text is not None})
        gone = [key for key, text in said.items() if text is None]
        with explained(f"organisation {site.organisation} has a site named {plain!r} already"):
            async with self._database.transaction() as connection:
                if zone != site.timezone:
                    await _without_readings(connection, site)
                await connection.execute(
                    "UPDATE sites SET name = %s, timezone = %s,"
                    " details = (details || %s::jsonb) - %s::text[] WHERE id = %s",
                    (plain, zone, changed, gone, site.id),
                )
                await _told(connection, site, "site changed", by)
        return await self.get(site.id)

    async def remove(self, site: Site, *, by: By) -> None:
        """Remove it; Conflict while it has meters."""
        with explained(f"site {site.id} still has meters; remove those first"):
            async with self._database.transaction() as connection:
                await connection.execute("DELETE FROM sites WHERE id = %s", (site.id,))
                await _told(connection, site, "site removed", by)


async def _without_readings(connection: Connection, site: Site) -> None:
    cursor = await connection.execute(
        "SELECT m.id FROM meters m JOIN latest l ON l.stream = m.stream WHERE m.site = %s LIMIT 1",
        (site.id,),
    )
    if found := await cursor.fetchone():
        raise Conflict(
            f"meter {found[0]!r} of site {site.id} has readings, whose days another time zone "
            "would cut anew; make a new site for the other zone"
        )


async def _told(connection: Connection, site: Site, action: str, by: By) -> None:
    await record(
        connection,
        actor=by.name,
        organisation=site.organisation,
        action=action,
        subject=site.name,
        detail={"site": site.id},
        at=by.at,
    )


def _detailed(row: Record) -> Detailed:
    site = Site(row["id"], row["name"], row["organisation"], row["timezone"])
    return Detailed(site, row["organisation_name"], row["details"], row["meters"])
