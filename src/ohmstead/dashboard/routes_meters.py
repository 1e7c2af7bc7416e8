"""Routes about meters: the list, one of them, power and energy, the live stream, the catalogue."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from litestar import get
from litestar.params import Dependency, Parameter
from litestar.response import Stream

from ohmstead.clock import Clock
from ohmstead.dashboard import live, shapes, words
from ohmstead.dashboard.desk import AnyRequest, Desk
from ohmstead.dashboard.live import Watcher
from ohmstead.dashboard.responses import documented
from ohmstead.dashboard.sessions import COOKIE
from ohmstead.errors import BadInput, NotSignedIn, Unavailable
from ohmstead.reading import catalogue
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.store.readings import Latest

POINTS = 480
POWER_LONGEST = timedelta(days=60)
DAYS = 14
DAYS_MOST = 400
METERS_MOST = 200
CHECK_SESSION_S = 60.0

TheDesk = Annotated[Desk, Dependency()]
TheUser = Annotated[User, Dependency()]
Points = Annotated[int, Parameter(ge=1, le=5000, description="At most about so many steps.")]
From = Annotated[datetime | None, Parameter(query="from", description="First moment, with offset.")]
To = Annotated[datetime | None, Parameter(query="to", description="Moment after the last.")]
FirstDay = Annotated[date | None, Parameter(query="from", description="First local day.")]
LastDay = Annotated[date | None, Parameter(query="to", description="Day after the last one.")]
Ids = Annotated[
    str, Parameter(query="meters", max_length=20_000, description="Ids, with commas between.")
]


def _latest(found: Latest | None, clock: Clock) -> shapes.Latest | None:
    if found is None:
        return None
    return shapes.Latest(
        at=found.at,
        age_s=max(0.0, round((clock.now() - found.at).total_seconds(), 3)),
        values=dict(found.values),
        value=found.value,
    )


def _summary(meter: Meter, found: Latest | None, clock: Clock) -> shapes.MeterSummary:
    site = meter.site
    return shapes.MeterSummary(
        id=meter.id,
        name=meter.name,
        type=meter.type,
        unit=meter.unit or "",
        site=shapes.Site(id=site.id, name=site.name, timezone=site.timezone),
        interval_s=meter.interval_s,
        latest=_latest(found, clock),
    )


@get("/api/meters", responses=documented(401, 503), summary="The meters")
async def meters(desk: TheDesk, user: TheUser) -> shapes.Meters:
    """Every meter one may see, with its newest reading."""
    seen = await desk.seen_by(user)
    latest = await desk.readings.latest([meter.stream for meter in seen])
    items = [_summary(meter, latest.get(meter.stream), desk.clock) for meter in seen]
    return shapes.Meters(items=items, next=None)


@get("/api/meters/{id:str}", responses=documented(401, 404, 503), summary="One meter")
async def meter(desk: TheDesk, user: TheUser, id: str) -> shapes.Meter:
    """A meter, who it says it is, and what became of its readings."""
    found = await desk.meter(user, id)
    latest = (await desk.readings.latest([found.stream])).get(found.stream)
    counts = await desk.meters.counts(found.stream)
    summary = _summary(found, latest, desk.clock)
    identity = asdict(latest.identity) if latest else {}
    return shapes.Meter(
        id=summary.id,
        name=summary.name,
        type=summary.type,
        unit=summary.unit,
        site=summary.site,
        interval_s=summary.interval_s,
        latest=summary.latest,
        reading="interval" if found.reading == "interval" else "cumulative",
        device=found.device,
        identity={name: text for name, text in identity.items() if text},
        counts=shapes.Counts(**asdict(counts)),
    )


@get("/api/meters/{id:str}/power", responses=documented(400, 401, 404, 503), summary="Power")
async def power(
    desk: TheDesk,
    user: TheUser,
    id: str,
    first: From = None,
    last: To = None,
    points: Points = POINTS,
) -> shapes.Power:
    """Mean power in equal steps, from `from` to before `to`; without them, the meter's today."""
    found = await desk.meter(user, id)
    now = desk.clock.now()
    begin = _aware(first, "from") or _midnight(now, found)
    end = _aware(last, "to") or now
    if not begin < end:
        raise BadInput(f"from ({begin.isoformat()}) is not before to ({end.isoformat()})")
    if end - begin > POWER_LONGEST:
        raise BadInput(f"from and to are more than {POWER_LONGEST.days} days apart; ask for less")
    given = await desk.readings.power(found, begin, end, points)
    return shapes.Power(
        meter=found.id,
        unit="kW",
        resolution_s=given.resolution_s,
        at=list(given.at),
        imported=list(given.imported),
        exported=list(given.exported),
    )


@get("/api/meters/{id:str}/energy", responses=documented(400, 401, 404, 503), summary="Energy")
async def energy(
    desk: TheDesk, user: TheUser, id: str, first: FirstDay = None, last: LastDay = None
) -> shapes.Energy:
    """Energy of each local day from `from` to before `to`; without them the last fourteen days."""
    found = await desk.meter(user, id)
    now = desk.clock.now()
    end = last or now.astimezone(found.site.zone).date() + timedelta(days=1)
    begin = first or end - timedelta(days=DAYS)
    if not begin < end:
        raise BadInput(f"from ({begin}) is not before to ({end})")
    if (end - begin).days > DAYS_MOST:
        raise BadInput(f"from and to are more than {DAYS_MOST} days apart; ask for less")
    if not date(2000, 1, 1) <= begin <= end <= date(2100, 1, 1):
        raise BadInput(f"from ({begin}) or to ({end}) is not between the years 2000 and 2100")
    days = await desk.readings.energy_by_day(found, begin, end, now)
    return shapes.Energy(
        meter=found.id,
        unit=found.unit or "",
        timezone=found.site.timezone,
        days=[
            shapes.Day(
                date=day.date,
                start=day.start,
                end=day.end,
                hours=day.hours,
                imported=day.imported,
                exported=day.exported,
                completeness=day.completeness,
            )
            for day in days
        ],
    )


@get(
    "/api/live",
    media_type="text/event-stream",
    responses=documented(400, 401, 404, 503),
    summary="Live readings",
)
async def stream(request: AnyRequest, desk: TheDesk, user: TheUser, ids: Ids) -> Stream:
    """Server-sent events: the newest reading of each meter at once, then each as it is stored."""
    wanted = list(dict.fromkeys(filter(None, ids.split(","))))
    if not 1 <= len(wanted) <= METERS_MOST:
        raise BadInput(f"meters names {len(wanted)} meters; name 1 to {METERS_MOST}")
    found = await desk.visible(user, wanted)
    if desk.hub.is_full:
        raise Unavailable("too many live streams are open; close one, or try again later")
    token = request.cookies.get(COOKIE)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_events(desk, found, token), media_type="text/event-stream", headers=headers)


async def _events(desk: Desk, meters: list[Meter], token: str | None) -> AsyncIterator[bytes]:
    with desk.hub.watched([meter.id for meter in meters]) as watcher:
        latest = await desk.readings.latest([meter.stream for meter in meters])
        for meter in meters:
            newest = latest.get(meter.stream)
            if newest is not None:
                yield live.event(live.Reading(meter.id, newest.at, newest.values))
        async for events in _while_signed_in(desk, watcher, token):
            yield events


async def _while_signed_in(desk: Desk, watcher: Watcher, token: str | None) -> AsyncIterator[bytes]:
    checked_s = desk.clock.monotonic_s()
    async for events in live.events(watcher):
        yield events
        if desk.clock.monotonic_s() - checked_s > CHECK_SESSION_S:
            checked_s = desk.clock.monotonic_s()
            try:
                await desk.sessions.who(token)
            except NotSignedIn:
                return


@get("/api/catalogue", responses=documented(401, 503), summary="What is measured")
async def quantities(user: TheUser) -> shapes.Catalogue:
    """Every quantity and every kind of meter."""
    del user  # only that somebody is signed in
    return shapes.Catalogue(
        quantities=[
            shapes.Quantity(
                obis=q.obis, unit=q.unit, kind=q.kind.value, label=q.label, labels=words.labels(q)
            )
            for q in catalogue.ALL
        ],
        media=[shapes.Medium(kind=m.kind, label=m.label, unit=m.unit) for m in catalogue.MEDIA],
    )


def _aware(at: datetime | None, name: str) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise BadInput(f"{name} ({at.isoformat()}) has no offset; write it like {at.isoformat()}Z")
    if at is not None and not 2000 <= at.year <= 2100:
        raise BadInput(f"{name} ({at.isoformat()}) is not between the years 2000 and 2100")
    return at.astimezone(UTC) if at is not None else None


def _midnight(now: datetime, meter: Meter) -> datetime:
    local = now.astimezone(meter.site.zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
