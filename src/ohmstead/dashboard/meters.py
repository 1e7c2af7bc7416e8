"""The meters one may see, and what they measured."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from ohmstead.dashboard import asked, ranges, shapes
from ohmstead.dashboard.paging import PAGE_MOST, AfterText, Limit, no_page, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers, shown
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import BadInput, NotFound
from ohmstead.store.energy import Energies
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.store.readings import Latest
from ohmstead.store.roles import Roles
from ohmstead.store.senders import Senders

POINTS, POINTS_MOST = 720, 5000


async def visible(id: str, user: User, parts: Parts) -> Meter:
    """The meter, if the user may see it; NotFound as if there were none otherwise."""
    try:
        meter = await parts.meters.get(id)
    except (NotFound, BadInput):  # no such id, or one that no meter can have
        meter = None
    if meter is None or not user.sees(meter.site):
        raise NotFound(f"there is no meter {shown(id)}, or it is not yours to see")
    return meter


@get("/api/meters", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The meters")
async def meters(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: AfterText = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Meters:
    """The meters one may see, with the newest reading of each."""
    found = await parts.managed.seen(user, after=await behind(after, user, parts), limit=limit + 1)
    page, following = paged([each.meter for each in found], limit, lambda each: each.id)
    latest = await parts.readings.latest([meter.stream for meter in page])
    now = parts.clock.now()
    return shapes.Meters(
        items=[summary(meter, latest.get(meter.stream), now) for meter in page],
        next=following,
    )


async def behind(after: str | None, user: User, parts: Parts) -> int:
    """The number of the meter that a page ended with."""
    if after is None:
        return 0
    try:
        return (await visible(after, user, parts)).stream
    except NotFound:
        raise no_page(after) from None


@get(
    "/api/meters/{id:str}",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="A meter",
)
async def meter(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Meter:
    """One meter with all that is known of it."""
    found = await visible(id, user, parts)
    latest = (await parts.readings.latest([found.stream])).get(found.stream)
    counts = await parts.meters.counts(found.stream)
    sending = (await Senders(parts.database).of([found.stream]))[found.stream]
    said = asdict(latest.identity) if latest else {}
    plain = summary(found, latest, parts.clock.now())
    return shapes.Meter(
        **{name: getattr(plain, name) for name in plain.__struct_fields__},
        reading="interval" if found.reading == "interval" else "cumulative",
        counter_digits=found.counter_digits,
        device=found.device,
        formula=found.formula,
        identity={name: str(text) for name, text in said.items() if text},
        counts=shapes.Counts(**asdict(counts)),
        makes_own=await Roles(parts.database).makes_own(found.site.id),
        suggested_interval_s=sending.suggested_s(found.interval_s),
        unknown_fields=list(sending.unknown_fields),
        warnings=sending.warnings(found),
    )


@get(
    "/api/meters/{id:str}/power",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Power over time",
)
async def power(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstMoment = None,
    last: Annotated[
        str | None,
        QueryParameter(
            name="to",
            schema_extra={"format": "date-time"},
            description="End, exclusive, at most 60 days later. Default: one day later.",
        ),
    ] = None,
    points: Annotated[
        int, QueryParameter(ge=1, le=POINTS_MOST, description="How many steps at most, about.")
    ] = POINTS,
) -> shapes.Power:
    """Mean power in equal steps, never shorter than the meter's interval; a hole is null."""
    found = await visible(id, user, parts)
    start, end = ranges.moments(first, last, found.site.zone, parts.clock.now())
    known = await parts.readings.power(found, start, end, points)
    return shapes.Power(
        meter=found.id,
        unit="kW",
        resolution_s=known.resolution_s,
        at=list(known.at),
        imported=list(known.imported),
        exported=list(known.exported),
    )


@get(
    "/api/meters/{id:str}/energy",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Energy by day",
)
async def energy(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: Annotated[
        str | None,
        QueryParameter(
            name="from",
            schema_extra={"format": "date"},
            description="First day, of the site's time zone. Default: 14 days with today.",
        ),
    ] = None,
    last: Annotated[
        str | None,
        QueryParameter(
            name="to",
            schema_extra={"format": "date"},
            description="Day after the last, at most 400 days later.",
        ),
    ] = None,
) -> shapes.Energy:
    """Energy of each local day; a day of which nothing is known is null."""
    found = await visible(id, user, parts)
    now = parts.clock.now()
    start, end = ranges.days(first, last, now.astimezone(found.site.zone).date())
    known = await Energies(parts.database).by_day(found, start, end, now)
    return shapes.Energy(
        meter=found.id,
        unit="kWh" if found.type == "electricity" else found.unit or "",
        timezone=found.site.timezone,
        days=[
            shapes.Day(
                date=taken.start.astimezone(found.site.zone).date(),
                start=taken.start,
                end=taken.end,
                hours=(taken.end - taken.start).total_seconds() / 3600,
                imported=taken.energy,
                exported=given.energy if given else None,
                completeness=taken.completeness,
            )
            for taken, given in known
        ],
    )


def summary(meter: Meter, latest: Latest | None, now: datetime) -> shapes.MeterSummary:
    """A meter as lists show it."""
    site = meter.site
    return shapes.MeterSummary(
        id=meter.id,
        name=meter.name,
        type=meter.type,
        unit=meter.unit or "",
        site=shapes.Site(id=site.id, name=site.name, timezone=site.timezone),
        interval_s=meter.interval_s,
        latest=None if latest is None else newest(latest, now),
    )


def newest(latest: Latest, now: datetime) -> shapes.Latest:
    """The newest reading as answers show it."""
    age_s = max(0.0, (now - latest.at).total_seconds())
    return shapes.Latest(
        at=latest.at, age_s=round(age_s, 3), values=dict(latest.values), value=latest.value
    )


ROUTES = [meters, meter, power, energy]
