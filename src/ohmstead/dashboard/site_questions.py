"""Questions about several meters: the newest readings, a site's breakdown and own use, holes."""

from typing import Annotated
from zoneinfo import ZoneInfo

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from ohmstead.analytics.spans import SPANS
from ohmstead.dashboard import asked, ranges
from ohmstead.dashboard.management_words import site_of
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.reading.catalogue import BY_MEDIUM
from ohmstead.store import breakdown as breakdowns
from ohmstead.store import own_use, raw
from ohmstead.store.all_holes import AllHoles, all_holes
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.store.sites import Site

METERS_MOST = 1000


async def visible_site(id: int, user: User, parts: Parts) -> tuple[Site, list[Meter]]:
    """A site and its meters, if the user may see it; NotFound as if there were none otherwise."""
    found = (await site_of(id, user, parts)).site
    meters = await parts.meters.all(found.organisation)
    return found, [each for each in meters if each.site.id == id]


@get(
    "/api/latest",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="The newest readings",
)
async def latest(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    meters: asked.Meters = None,
    quantities: asked.Quantities = None,
) -> raw.Newest:
    """The newest reading of each meter, in columns with units."""
    if meters and (ids := asked.ids_in(request.scope["query_string"])):
        found = await asked.meters_named(ids, user, parts, METERS_MOST)
    else:
        found = (await parts.meters.all(user.organisation, user.granted))[:METERS_MOST]
    with asked.blamed("quantities"):
        return await raw.Raw(parts.database).latest(found, asked.several(quantities))


@get(
    "/api/sites/{id:int}/breakdown",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Where a site's energy goes",
)
async def breakdown(
    id: FromPath[int],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: asked.By = "day",
    quantity: asked.Quantity = None,
    type: Annotated[
        str, QueryParameter(description="Which kind of meters: electricity, gas, water, …")
    ] = "electricity",
) -> breakdowns.Breakdown:
    """Energy of each meter of a site by day, week or month, and what none of them tracks."""
    size, kind = asked.one_of("by", by, SPANS), asked.one_of("type", type, tuple(BY_MEDIUM))
    site, meters = await visible_site(id, user, parts)
    span = asked.days(first, last, site, parts)
    with asked.blamed("quantity"):
        return await breakdowns.Breakdowns(parts.database).of(
            site, meters, kind, quantity, size, *span, parts.clock.now()
        )


@get(
    "/api/sites/{id:int}/self-consumption",
    responses=answers(400, 401, 404, 409, 503),
    security=SIGNED_IN,
    summary="What a site uses of its own production",
)
async def self_consumption(
    id: FromPath[int],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: asked.By = "day",
) -> own_use.SiteOwnUse:
    """Own use, self-consumption and autarky, from the site's meters of grid and production."""
    size = asked.one_of("by", by, SPANS)
    site, meters = await visible_site(id, user, parts)
    span = asked.days(first, last, site, parts)
    with asked.blamed("by"):
        return await own_use.OwnUses(parts.database).of(
            site, meters, size, *span, parts.clock.now()
        )


@get(
    "/api/holes",
    responses=answers(400, 401, 503),
    security=SIGNED_IN,
    summary="Whose readings are missing",
)
async def holes(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: Annotated[
        str | None,
        QueryParameter(
            name="from",
            schema_extra={"format": "date-time"},
            description="Begin; without an offset it is UTC. Default: today's.",
        ),
    ] = None,
    last: asked.LastMoment = None,
) -> AllHoles:
    """The holes of all meters one may see, of a day or another time."""
    now = parts.clock.now()
    span = ranges.moments(first, last, ZoneInfo("UTC"), now, most_days=asked.DAYS_MOST)
    seen = await parts.meters.all(user.organisation, user.granted)
    return await all_holes(parts.database, seen, *span, now)


ROUTES = [latest, holes, breakdown, self_consumption]
"""What the API answers about several meters."""
