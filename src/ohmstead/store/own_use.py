"""How much of its production a site uses itself, and how much of its need it covers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from ohmstead.analytics.energy import Floats
from ohmstead.analytics.own_use import own_use
from ohmstead.analytics.spans import Span
from ohmstead.errors import BadInput
from ohmstead.store.answers import share, total
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies
from ohmstead.store.energy_columns import Columns, plain
from ohmstead.store.energy_ways import EXPORT, IMPORT, KWH
from ohmstead.store.meters import Meter
from ohmstead.store.roles import Roles
from ohmstead.store.sites import Site


@dataclass(frozen=True, slots=True)
class OwnUseTotals:
    """The sums over the buckets of which everything is known, and their shares (0 to 1)."""

    buckets: int
    grid_import: float | None
    grid_export: float | None
    production: float | None
    own_use: float | None
    consumption: float | None
    self_consumption: float | None
    autarky: float | None


@dataclass(frozen=True, slots=True)
class SiteOwnUse:
    """Energy of a site by buckets; null where one of its meters is not known.

    `own_use` = production - export, `consumption` = import + own use; `self_consumption` is own use
    of production, `autarky` own use of consumption, each a share of 0 to 1.
    """

    site: int
    timezone: str
    unit: str
    resolution: str
    source: str
    grid_meters: Sequence[str]
    production_meters: Sequence[str]
    start: Sequence[float]
    end: Sequence[float]
    grid_import: Sequence[float | None]
    grid_export: Sequence[float | None]
    production: Sequence[float | None]
    own_use: Sequence[float | None]
    consumption: Sequence[float | None]
    self_consumption: Sequence[float | None]
    autarky: Sequence[float | None]
    completeness: Sequence[float]
    totals: OwnUseTotals


class OwnUses:
    """Self-consumption, asked for."""

    def __init__(self, database: Database) -> None:
        self._energies = Energies(database)
        self._roles = Roles(database)

    async def of(
        self,
        site: Site,
        meters: Sequence[Meter],
        span: Span,
        first: date,
        last: date,
        now: datetime,
    ) -> SiteOwnUse:
        """A site's from `first` to before `last`; Conflict where it lacks a meter, BadInput."""
        grid, production = await self._roles.production_site(site, meters)
        asked = span, first, last, now
        taken = await self._energies.many(grid, IMPORT, *asked)
        given = await self._energies.many(grid, EXPORT, *asked)
        made = await self._produced(production, span, (first, last), now)
        columns = [*taken.values(), *given.values(), *made]
        imported, exported = _sum(taken.values()), _export(given.values(), _sum(taken.values()))
        produced = _sum(made)
        used = own_use(imported, exported, produced)
        lists = {
            "grid_import": plain(imported),
            "grid_export": plain(exported),
            "production": plain(produced),
            "own_use": plain(used.own_use),
            "consumption": plain(used.consumption),
        }
        return SiteOwnUse(
            site=site.id,
            timezone=site.timezone,
            unit="kWh",
            resolution=span,
            source=columns[0].source,
            grid_meters=[each.id for each in grid],
            production_meters=[each.id for each in production],
            start=columns[0].start.tolist(),
            end=columns[0].end.tolist(),
            **lists,
            self_consumption=plain(used.self_consumption),
            autarky=plain(used.autarky),
            completeness=np.min([each.completeness for each in columns], axis=0).tolist(),
            totals=_totals(lists),
        )

    async def _produced(
        self, meters: Sequence[Meter], span: Span, days: tuple[date, date], now: datetime
    ) -> list[Columns]:
        """What each made: export where a meter of electricity counts it, else import; or its value.

        BadInput where a meter counts no energy.
        """
        found = []
        for meter in meters:
            if meter.type != "electricity" and meter.unit not in KWH:
                raise BadInput(
                    f"meter {meter.id!r} counts {meter.unit or 'no unit'}, which is no energy: "
                    "it cannot be a site's production"
                )
            made = await self._energies.columns(meter, IMPORT, span, *days, now)
            if meter.type == "electricity":
                given = await self._energies.columns(meter, EXPORT, span, *days, now)
                made = made if np.isnan(given.energy).all() else given
            found.append(made)
        return found


def _sum(columns: Iterable[Columns]) -> Floats:
    """The sum of columns; NaN where one is not known."""
    summed: Floats = np.sum([each.energy for each in columns], axis=0)
    return summed


def _export(columns: Iterable[Columns], imported: Floats) -> Floats:
    """Export of the grid's meters: nothing where one never counted any, but was read."""
    nothing: Floats = np.where(np.isnan(imported), np.nan, 0.0)
    found = [each.energy for each in columns]
    summed: Floats = np.sum([nothing if np.isnan(e).all() else e for e in found], axis=0)
    return summed


def _totals(lists: dict[str, list[float | None]]) -> OwnUseTotals:
    known = [n for n, value in enumerate(lists["consumption"]) if value is not None]
    sums = {name: total([values[n] for n in known]) for name, values in lists.items()}
    return OwnUseTotals(
        buckets=len(known),
        **sums,
        self_consumption=share(sums["own_use"], sums["production"]),
        autarky=share(sums["own_use"], sums["consumption"]),
    )
