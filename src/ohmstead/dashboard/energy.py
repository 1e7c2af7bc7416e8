"""Energy by buckets of time, and what happened between readings."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from ohmstead.analytics.spans import SPANS, Span
from ohmstead.dashboard import asked, ranges
from ohmstead.dashboard import energy_shapes as shapes
from ohmstead.dashboard.meters import visible
from ohmstead.dashboard.paging import AfterText, Limit, moment_behind, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies
from ohmstead.store.energy_ways import IMPORT, unit_of
from ohmstead.store.events import EVENTS_MOST, Event, Events
from ohmstead.store.meters import Meter
from ohmstead.store.people import User


@get(
    "/api/meters/{id:str}/energy/buckets",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Energy by bucket",
)
async def buckets(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: asked.By = "day",
    quantity: Annotated[
        str, QueryParameter(description="OBIS code of a counter; 16.8.0 is net.", max_length=20)
    ] = IMPORT,
) -> shapes.Buckets:
    """Energy in buckets of the site's time; null where nothing is known of one."""
    found = await visible(id, user, parts)
    size = asked.one_of("by", by, SPANS)
    now = parts.clock.now()
    start, end = ranges.days(first, last, now.astimezone(found.site.zone).date())
    with asked.blamed("quantity"):
        return await in_buckets(parts.database, found, quantity, size, start, end, now)


async def in_buckets(
    database: Database,
    meter: Meter,
    quantity: str,
    size: Span,
    first: date,
    last: date,
    now: datetime,
) -> shapes.Buckets:
    """Energy of a meter in buckets; BadInput."""
    found = await Energies(database).columns(meter, quantity, size, first, last, now)
    return shapes.Buckets(
        meter=meter.id,
        unit=unit_of(meter, quantity),
        quantity=quantity,
        timezone=meter.site.timezone,
        buckets=[
            shapes.Bucket(
                start=each.start,
                end=each.end,
                energy=each.energy,
                estimated=each.estimated,
                completeness=each.completeness,
            )
            for each in found.buckets()
        ],
    )


@get(
    "/api/meters/{id:str}/events",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="What happened between readings",
)
async def events(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    after: AfterText = None,
    limit: Limit = EVENTS_MOST,
) -> shapes.Events:
    """Holes, resets, rollovers and exchanged meters of the days asked for, the oldest first."""
    found = await visible(id, user, parts)
    zone = found.site.zone
    span = ranges.days(first, last, parts.clock.now().astimezone(zone).date())
    start, end = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in span)
    behind = None if after is None else _behind(after)
    known = await Events(parts.database).of(found, start, end, behind=behind, limit=limit + 1)
    page, following = paged(known, limit, _cursor)
    return shapes.Events(
        meter=found.id,
        items=[
            shapes.Event(
                at=each.at,
                began=each.began,
                kind=each.kind,
                quantity=each.quantity,
                before=each.before,
                after=each.after,
                energy=each.energy,
            )
            for each in page
        ],
        next=following,
    )


def _cursor(event: Event) -> str:
    return f"{event.at.isoformat()}~{event.kind}~{event.quantity or ''}"


def _behind(cursor: str) -> tuple[datetime, str, str]:
    """What a cursor says; Misfit."""
    moment, rest = moment_behind(cursor)
    kind, _, quantity = rest.partition("~")
    return moment, kind, quantity


ROUTES = [buckets, events]
