"""What a meter sent, interval by interval."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from ohmstead.dashboard import asked, ranges
from ohmstead.dashboard.meters import visible
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.store.intervals import intervals as by_interval
from ohmstead.store.people import User


class IntervalQuantity(Struct, frozen=True, kw_only=True):
    """One quantity: its OBIS code or `value`, how its numbers became one, null in a hole."""

    key: str
    unit: str
    rule: str
    values: list[float | None]


class Intervals(Struct, frozen=True, kw_only=True):
    """Intervals of `interval_s` seconds from `start` (epoch seconds); 0 packets is a hole."""

    meter: str
    interval_s: float
    start: list[float]
    packets: list[int]
    quantities: list[IntervalQuantity]


@get(
    "/api/meters/{id:str}/intervals",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="What was sent, by interval",
)
async def intervals(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstMoment = None,
    last: Annotated[
        str | None,
        QueryParameter(
            name="to",
            schema_extra={"format": "date-time"},
            description="End, at most 10,000 intervals later. Default: one day later.",
        ),
    ] = None,
) -> Intervals:
    """Packets faster than the interval put together: mean, last, sum or max, by quantity."""
    found = await visible(id, user, parts)
    start, end = ranges.moments(first, last, found.site.zone, parts.clock.now())
    known = await by_interval(parts.database, found, start, end)
    return Intervals(
        meter=found.id,
        interval_s=known.interval_s,
        start=[at.timestamp() for at in known.start],
        packets=list(known.packets),
        quantities=[
            IntervalQuantity(key=q.key, unit=q.unit, rule=q.rule, values=list(q.values))
            for q in known.quantities
        ],
    )


ROUTES = [intervals]
