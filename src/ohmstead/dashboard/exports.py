"""Energy and readings as files, of a meter or a whole site.  docs/exports.md has the formats."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.dashboard import asked
from ohmstead.dashboard.downloads import Download, File, described
from ohmstead.dashboard.meters import visible
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers, shown
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.site_questions import visible_site
from ohmstead.store.energy_ways import IMPORT
from ohmstead.store.export_meters import countable, saying
from ohmstead.store.exports import (
    EnergyAsked,
    Exports,
    ReadingsAsked,
    sheet_of_readings,
)
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.surfaces import formats

TROUBLE = answers(400, 401, 404, 429, 503)
FILE = "The file; `Content-Disposition` has its name."
By = Annotated[str, QueryParameter(description="15min, hour, day or month.")]
Counter = Annotated[
    str, QueryParameter(description="OBIS code of a counter; 16.8.0 is net.", max_length=20)
]
Counters = Annotated[
    bool, QueryParameter(description="Whether to add what the counter said at both ends.")
]
EnergyFormat = Annotated[
    str, QueryParameter(name="format", description=f"One of {', '.join(formats.OF_ENERGY)}.")
]
ReadingsFormat = Annotated[
    str, QueryParameter(name="format", description=f"One of {', '.join(formats.OF_READINGS)}.")
]


@get(
    "/api/meters/{id:str}/export/energy",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="A meter's energy as a file",
    response_description=FILE,
    operation_class=described(formats.OF_ENERGY),
)
async def meter_energy(  # noqa: PLR0913, PLR0917  (one argument a parameter)
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: By = "day",
    quantity: Counter = IMPORT,
    counters: Counters = False,
    written: EnergyFormat = "csv",
) -> Response[bytes]:
    """Energy in buckets of the site's time; what is not known is empty."""
    format = _format(written, formats.OF_ENERGY)
    found = await visible(id, user, parts)
    span = asked.days(first, last, found.site, parts)
    return _energy([found], found.id, quantity, by, span, counters, format, parts, named=False)


@get(
    "/api/sites/{id:int}/export/energy",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="The energy of a site's meters as a file",
    response_description=FILE,
    operation_class=described(formats.OF_ENERGY),
)
async def site_energy(  # noqa: PLR0913, PLR0917
    id: FromPath[int],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: By = "day",
    quantity: Counter = IMPORT,
    counters: Counters = False,
    written: EnergyFormat = "csv",
) -> Response[bytes]:
    """The same of each meter of the site that counts energy, one after the other."""
    format = _format(written, formats.OF_ENERGY)
    site, meters = await visible_site(id, user, parts)
    span = asked.days(first, last, site, parts)
    can, _ = countable(meters, quantity)
    name = f"site-{site.id}"
    return _energy(can, name, quantity, by, span, counters, format, parts, named=True)


@get(
    "/api/meters/{id:str}/export/readings",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="A meter's readings as a file",
    response_description=FILE,
    operation_class=described(formats.OF_READINGS),
)
async def meter_readings(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstMoment = None,
    last: asked.LastMoment = None,
    quantities: asked.Quantities = None,
    written: ReadingsFormat = "csv",
) -> Response[bytes]:
    """What the meter said, reading by reading, with local and UTC time."""
    format = _format(written, formats.OF_READINGS)
    found = await visible(id, user, parts)
    span = asked.moments(first, last, found.site, parts)
    return await _readings([found], found.id, span, quantities, format, parts)


@get(
    "/api/sites/{id:int}/export/readings",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="The readings of a site's meters as a file",
    response_description=FILE,
    operation_class=described(formats.OF_READINGS),
)
async def site_readings(
    id: FromPath[int],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstMoment = None,
    last: asked.LastMoment = None,
    quantities: asked.Quantities = None,
    written: ReadingsFormat = "csv",
) -> Response[bytes]:
    """The same of each meter of the site, one after the other."""
    format = _format(written, formats.OF_READINGS)
    site, meters = await visible_site(id, user, parts)
    span = asked.moments(first, last, site, parts)
    can, _ = saying(meters)
    return await _readings(can, f"site-{site.id}", span, quantities, format, parts)


def _energy(  # noqa: PLR0913  (what the query says)
    meters: Sequence[Meter],
    name: str,
    quantity: str,
    by: str,
    span: tuple[date, date],
    counters: bool,
    format: formats.Format,
    parts: Parts,
    *,
    named: bool,
) -> Response[bytes]:
    if counters and not format.tabular:
        raise Misfit("counters", f"{format.name} has no place for counters")
    wanted = EnergyAsked(
        meters,
        quantity,
        asked.one_of("by", by, SIZES),
        *span,
        named=named,
        bare=format.bare,
        counters=counters,
    )
    now = parts.clock.now()
    with asked.blamed("quantity"):
        sheet = wanted.sheet(now)
        wanted.check()
    pages = Exports(parts.database).energy(wanted, now)
    called = f"{name}-energy-{quantity}-{by}-{span[0]}-{span[1]}"
    return File(Download(sheet, pages, format, called), parts.exporting)


async def _readings(
    meters: Sequence[Meter],
    name: str,
    span: tuple[datetime, datetime],
    quantities: Sequence[str] | None,
    format: formats.Format,
    parts: Parts,
) -> Response[bytes]:
    with asked.blamed("format"):
        formats.fits(format, len(meters))
    wanted = ReadingsAsked(meters, *span, tuple(asked.several(quantities)))
    with asked.blamed("id"):
        wanted.check()
    exports = Exports(parts.database)
    with asked.blamed("quantities"):
        columns = await exports.columns(wanted)
    sheet = sheet_of_readings(wanted, columns, parts.clock.now())
    called = f"{name}-readings-{span[0]:%Y%m%dT%H%M%SZ}-{span[1]:%Y%m%dT%H%M%SZ}"
    pages = exports.readings(wanted, columns)
    return File(Download(sheet, pages, format, called), parts.exporting)


def _format(written: str, among: tuple[str, ...]) -> formats.Format:
    if written not in among:
        raise Misfit("format", f"{shown(written)} is not one of {', '.join(among)}")
    return formats.BY_NAME[written]


ROUTES = [meter_energy, meter_readings, site_energy, site_readings]
