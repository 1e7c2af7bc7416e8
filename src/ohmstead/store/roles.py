"""What meters are at their site: the grid's, of production, of consumption."""

from collections.abc import Sequence
from typing import Literal

from ohmstead.errors import BadInput, Conflict
from ohmstead.store.audit import By, record
from ohmstead.store.database import Database, Record
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.sites import Site

Role = Literal["grid", "production", "consumption"]
ROLES: tuple[Role, ...] = ("grid", "production", "consumption")
SET = "UPDATE meters SET role = %s WHERE stream = %s"
OF_A_SITE = "SELECT stream, role, type FROM meters WHERE site = %s ORDER BY stream"


class Roles:
    """The role of every meter."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, id: str, role: str | None, *, by: By) -> Meter:
        """Say what a meter is at its site, None that it has no role; BadInput, NotFound."""
        if role is not None and role not in ROLES:
            raise BadInput(f"{role!r} is not a role of a meter; take one of {', '.join(ROLES)}")
        meter = await Meters(self._database).get(id)
        async with self._database.transaction() as connection:
            await connection.execute(SET.encode(), (role, meter.stream))
            await record(
                connection,
                actor=by.name,
                organisation=meter.site.organisation,
                action="meter changed",
                subject=meter.id,
                detail={"role": role},
                at=by.at,
            )
        return meter

    async def of(self, site: int, meters: Sequence[Meter]) -> dict[str, Role | None]:
        """The role of each of the site's `meters`, by its id.

        Where nobody said it, a meter of production is one; and where no other meter of electricity
        has a role or could be it, a single one is the grid's.
        """
        found = _roles(await self._database.rows(OF_A_SITE, (site,)))
        return {each.id: found.get(each.stream) for each in meters}

    async def makes_own(self, site: int) -> bool:
        """Whether it has meters of the grid and of production, so that own use can be told."""
        found = _roles(await self._database.rows(OF_A_SITE, (site,))).values()
        return "grid" in found and "production" in found

    async def production_site(
        self, site: Site, meters: Sequence[Meter]
    ) -> tuple[list[Meter], list[Meter]]:
        """Its meters of the grid and of production; Conflict says how to name one that lacks."""
        roles = await self.of(site.id, meters)
        grid = [each for each in meters if roles[each.id] == "grid"]
        production = [each for each in meters if roles[each.id] == "production"]
        for of, role in ((grid, "grid"), (production, "production")):
            if not of:
                raise Conflict(
                    f"site {site.name!r} has no meter with the role {role}; give one to it with "
                    f"`ohmstead admin meter role ID {role}`"
                )
        return grid, production


def _roles(rows: Sequence[Record]) -> dict[int, Role | None]:
    """The role of each meter of a site, by its stream."""
    found: dict[int, Role | None] = {
        row["stream"]: row["role"] or ("production" if row["type"] == "production" else None)
        for row in rows
    }
    could = [row for row in rows if row["type"] == "electricity" and not found[row["stream"]]]
    if "grid" not in found.values() and len(could) == 1:
        found[could[0]["stream"]] = "grid"
    return found
