"""Sites that somebody sees beside those of their own organisation."""

from ohmstead.store.audit import By, record
from ohmstead.store.database import Database
from ohmstead.store.people import USERS, User, user_of
from ohmstead.store.sites import Site


class SiteGrants:
    """Every grant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, user: User, site: Site, *, by: By) -> None:
        """Let `user` look at `site`; granting twice is fine."""
        await self._set(
            user,
            site,
            "site access granted",
            by,
            "INSERT INTO site_grants (person, site, granted_at)"
            " VALUES (%(person)s, %(site)s, %(at)s) ON CONFLICT DO NOTHING",
        )

    async def remove(self, user: User, site: Site, *, by: By) -> bool:
        """Take a grant back; whether there was one."""
        return await self._set(
            user,
            site,
            "site access removed",
            by,
            "DELETE FROM site_grants WHERE person = %(person)s AND site = %(site)s",
        )

    async def _set(self, user: User, site: Site, action: str, by: By, statement: str) -> bool:
        async with self._database.transaction() as connection:
            done = await connection.execute(
                statement.encode(), {"person": user.id, "site": site.id, "at": by.at}
            )
            if done.rowcount:
                await record(
                    connection,
                    actor=by.name,
                    organisation=site.organisation,
                    action=action,
                    subject=user.email,
                    detail={"site": site.id},
                    at=by.at,
                )
        return done.rowcount > 0

    async def people(self, site: Site) -> list[User]:
        """Who may look at `site`: the people of its organisation, and who was granted it."""
        found = await self._database.rows(
            f"{USERS} WHERE u.organisation = %(of)s OR EXISTS (SELECT FROM site_grants x"
            " WHERE x.person = u.id AND x.site = %(site)s) ORDER BY u.id",
            {"of": site.organisation, "site": site.id},
        )
        return [user_of(row) for row in found]
