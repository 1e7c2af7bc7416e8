"""Partners: companies that send packets for several organisations."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ohmstead.errors import NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.sites import Organisations, named
from ohmstead.store.trouble import explained

PARTNERS = """
    SELECT p.id, p.name, coalesce(array_agg(o.organisation ORDER BY o.organisation)
               FILTER (WHERE o.organisation IS NOT NULL), '{}') AS organisations
    FROM partners p LEFT JOIN partner_organisations o ON o.partner = p.id
"""


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner, and the organisations it sends for."""

    id: int
    name: str
    organisations: tuple[int, ...]


class Partners:
    """Every partner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, *, by: By | None = None) -> Partner:
        """A new one; Conflict when the name is taken."""
        plain = named(name, "a partner")
        with explained(f"a partner named {plain!r} exists already"):
            async with self._database.transaction() as connection:
                cursor = await connection.execute(
                    "INSERT INTO partners (name) VALUES (%s) RETURNING id", (plain,)
                )
                made = await cursor.fetchone()
                await _told(connection, "partner added", plain, by)
        return await self.get(int(made[0]) if made else 0)

    async def all(self, *, after: int = 0, limit: int | None = None) -> list[Partner]:
        """All of them by number, or with `limit` at most so many from behind `after`."""
        found = await self._database.rows(
            f"{PARTNERS} WHERE p.id > %s GROUP BY p.id ORDER BY p.id LIMIT %s", (after, limit)
        )
        return [_partner(row) for row in found]

    async def get(self, id: int) -> Partner:
        """The one with this number; NotFound."""
        found = await self._database.one(f"{PARTNERS} WHERE p.id = %s GROUP BY p.id", (id,))
        if found is None:
            raise NotFound(f"there is no partner {id}; `ohmstead admin partner list` shows them")
        return _partner(found)

    async def attach(self, id: int, organisation: int, *, by: By | None = None) -> Partner:
        """Let it send for an organisation; NotFound."""
        found = await self.get(id)
        await Organisations(self._database).get(organisation)
        async with self._database.transaction() as connection:
            made = await connection.execute(
                "INSERT INTO partner_organisations (partner, organisation) VALUES (%s, %s)"
                " ON CONFLICT DO NOTHING",
                (id, organisation),
            )
            if made.rowcount:
                detail = {"organisation": organisation}
                await _told(connection, "partner attached", found.name, by, detail)
        return await self.get(id)

    async def detach(self, id: int, organisation: int, *, by: By | None = None) -> Partner:
        """Let it send for an organisation no more; NotFound."""
        found = await self.get(id)
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                "DELETE FROM partner_organisations WHERE partner = %s AND organisation = %s",
                (id, organisation),
            )
            if gone.rowcount:
                detail = {"organisation": organisation}
                await _told(connection, "partner detached", found.name, by, detail)
        return await self.get(id)

    async def send_for(self, id: int, organisations: Collection[int], *, by: By) -> Partner:
        """Let it send for these organisations and no others; NotFound."""
        found, wanted = await self.get(id), sorted(set(organisations))
        for each in wanted:
            await Organisations(self._database).get(each)
        async with self._database.transaction() as connection:
            await connection.execute("SELECT FROM partners WHERE id = %s FOR UPDATE", (id,))
            await connection.execute("DELETE FROM partner_organisations WHERE partner = %s", (id,))
            await connection.execute(
                "INSERT INTO partner_organisations (partner, organisation)"
                " SELECT %s, unnest(%s::int4[])",
                (id, wanted),
            )
            detail = {"organisations": wanted}
            await _told(connection, "partner changed", found.name, by, detail)
        return await self.get(id)

    async def remove(self, id: int, *, by: By | None = None) -> None:
        """Remove it with its credentials; NotFound."""
        found = await self.get(id)
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM partners WHERE id = %s", (id,))
            await _told(connection, "partner removed", found.name, by)


async def _told(
    connection: Connection,
    action: str,
    partner: str,
    by: By | None,
    detail: Mapping[str, object] | None = None,
) -> None:
    if by is not None:
        await record(
            connection,
            actor=by.name,
            organisation=None,
            action=action,
            subject=partner,
            detail=detail,
            at=by.at,
        )


def _partner(row: Record) -> Partner:
    return Partner(row["id"], row["name"], tuple(row["organisations"]))
