"""Partners: companies that send packets for several organisations."""

from dataclasses import dataclass

from ohmstead.errors import NotFound
from ohmstead.store.database import Database, Record
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

    async def add(self, name: str) -> Partner:
        """A new one; Conflict when the name is taken."""
        plain = named(name, "a partner")
        with explained(f"a partner named {plain!r} exists already"):
            made = await self._database.one(
                "INSERT INTO partners (name) VALUES (%s) RETURNING id", (plain,)
            )
        return await self.get(made["id"] if made else 0)

    async def all(self) -> list[Partner]:
        """All of them."""
        found = await self._database.rows(f"{PARTNERS} GROUP BY p.id ORDER BY p.id")
        return [_partner(row) for row in found]

    async def get(self, id: int) -> Partner:
        """The one with this number; NotFound."""
        found = await self._database.one(f"{PARTNERS} WHERE p.id = %s GROUP BY p.id", (id,))
        if found is None:
            raise NotFound(f"there is no partner {id}; `ohmstead admin partner list` shows them")
        return _partner(found)

    async def attach(self, id: int, organisation: int) -> Partner:
        """Let it send for an organisation; NotFound."""
        await self.get(id)
        await Organisations(self._database).get(organisation)
        await self._database.change(
            "INSERT INTO partner_organisations (partner, organisation) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            (id, organisation),
        )
        return await self.get(id)

    async def detach(self, id: int, organisation: int) -> Partner:
        """Let it send for an organisation no more; NotFound."""
        await self.get(id)
        await self._database.change(
            "DELETE FROM partner_organisations WHERE partner = %s AND organisation = %s",
            (id, organisation),
        )
        return await self.get(id)

    async def remove(self, id: int) -> None:
        """Remove it with its credentials; NotFound."""
        await self.get(id)
        await self._database.change("DELETE FROM partners WHERE id = %s", (id,))


def _partner(row: Record) -> Partner:
    return Partner(row["id"], row["name"], tuple(row["organisations"]))
