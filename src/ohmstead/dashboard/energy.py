"""Energy by buckets of time, and what happened between readings."""

from datetime import UTC, datetime, time
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from ohmstead.analytics.energy_calendar import SIZES, Size
from ohmstead.dashboard import energy_shapes as shapes
from ohmstead.dashboard import ranges
from ohmstead.dashboard.meters import visible
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers, shown
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import BadInput
from ohmstead.store.energy import IMPORT, Energies
from ohmstead.store.events import Events
from ohmstead.store.people import User

FirstDay = Annotated[
    str | None,
    QueryParameter(
        name="from",
        schema_extra={"format": "date"},
        description="First day, of the site's time zone. Default: 14 days with today.",
    ),
]
LastDay = Annotated[
    str | None,
    QueryParameter(
        name="to",
        schema_extra={"format": "date"},
        description="Day after the last, at most 400 days later.",
    ),
]


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
    first: FirstDay = None,
    last: LastDay = None,
    by: Annotated[str, QueryParameter(description="15min, hour, day or month.")] = "day",
    quantity: Annotated[
        str, QueryParameter(description="OBIS code of a counter; 16.8.0 is net.", max_length=20)
    ] = IMPORT,
) -> shapes.Buckets:
    """Energy in buckets of the site's time; null where nothing is known of one."""
    found = await visible(id, user, parts)
    size = _size(by)
    now = parts.clock.now()
    start, end = ranges.days(first, last, now.astimezone(found.site.zone).date())
    try:
        known = await Energies(parts.database).by(found, quantity, size, start, end, now)
    except BadInput as trouble:
        raise Misfit("quantity", str(trouble)) from None
    return shapes.Buckets(
        meter=found.id,
        unit="kvarh" if quantity.split(".")[0] in "345678" else "kWh",
        quantity=quantity,
        timezone=found.site.timezone,
        buckets=[
            shapes.Bucket(
                start=each.start,
                end=each.end,
                energy=each.energy,
                estimated=each.estimated,
                completeness=each.completeness,
            )
            for each in known
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
    first: FirstDay = None,
    last: LastDay = None,
) -> shapes.Events:
    """Holes, resets, rollovers and exchanged meters, the oldest thousand of the days asked for."""
    found = await visible(id, user, parts)
    zone = found.site.zone
    span = ranges.days(first, last, parts.clock.now().astimezone(zone).date())
    start, end = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in span)
    known = await Events(parts.database).of(found, start, end)
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
            for each in known
        ],
    )


def _size(written: str) -> Size:
    for size in SIZES:
        if size == written:
            return size
    raise Misfit("by", f"{shown(written)} is not one of {', '.join(SIZES)}")


ROUTES = [buckets, events]
