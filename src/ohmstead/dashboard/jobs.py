"""Jobs: work on the whole installation that takes longer than a request should; docs/api.md."""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct, field

from ohmstead.access.roles import Action
from ohmstead.dashboard import upkeep
from ohmstead.dashboard.paging import LARGEST, LARGEST_LONG, PAGE_MOST, AfterLong, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.place_shapes import MeterId
from ohmstead.dashboard.problems import Misfit, answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import Shape
from ohmstead.store import audit
from ohmstead.store import jobs as store
from ohmstead.store.people import User

LongNumber = Annotated[int, PathParameter(ge=1, le=LARGEST_LONG, description="Its number.")]


begins = partial(
    post, status_code=202, responses=answers(400, 401, 404, 413, 503), security=SIGNED_IN
)
"""A route that begins a job, and answers with it."""


class Job(Struct, frozen=True, kw_only=True):
    """Work that was asked for: `said` is how far it is, or why it failed, `result` what it gave."""

    id: int
    kind: Annotated[str, Meta(examples=["backup", "archive run"])]
    organisation: int | None
    state: store.State
    said: str
    asked_by: str
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    result: dict[str, Any] | None


class Jobs(Struct, frozen=True, kw_only=True):
    """Jobs, the newest first; `next` is the cursor of the next page, null on the last."""

    items: list[Job]
    next: int | None


@get("/api/jobs", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The jobs")
async def jobs(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: AfterLong = None,
    limit: Limit = PAGE_MOST,
) -> Jobs:
    """What was asked for, and what became of it; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    found = await store.Jobs(parts.database).page(after, limit + 1)
    page, following = paged(found, limit, lambda each: each.id)
    return Jobs(items=[_shown(each, parts) for each in page], next=following)


@get(
    "/api/jobs/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="A job",
)
async def job(id: LongNumber, user: NamedDependency[User], parts: NamedDependency[Parts]) -> Job:
    """How far a job is; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    return _shown(await store.Jobs(parts.database).get(id), parts)


class Recompute(Shape, frozen=True):
    """Whose kept energy is made anew: of these meters, of a site, or of all where neither is said.

    `to` is the day after the last; without days all that there is.
    """

    meters: Annotated[list[MeterId], Meta(max_length=10_000)] = field(default_factory=list)
    site: Annotated[int, Meta(ge=1, le=LARGEST)] | None = None
    first: date | None = field(default=None, name="from")
    last: date | None = field(default=None, name="to")


@begins("/api/energy/recomputings", summary="Make kept energy anew")
async def recompute(
    data: JSONBody[Recompute], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Response[Job]:
    """Make the buckets of energy anew from the readings, as a job; for the installation's admins.

    Its result names the meters of which it could not be.
    """
    require(user, Action.MANAGE_INSTALLATION)
    if data.meters and data.site is not None:
        raise Misfit("site", "say meters or a site, not both")
    if data.first is not None and data.last is not None and data.first >= data.last:
        raise Misfit("to", f"{data.last} is not after from {data.first}")
    if data.site is not None:
        await parts.sites.get(data.site)
    if len(data.meters) == 1:
        await parts.meters.get(data.meters[0])
    wanted = upkeep.Recomputing(tuple(data.meters), data.site, data.first, data.last)
    return await begun(wanted, user, parts, {"meters": len(data.meters), "site": data.site})


class Removal(Shape, frozen=True):
    """What is removed with all below it: a site, or a whole organisation; one of them."""

    site: Annotated[int, Meta(ge=1, le=LARGEST)] | None = None
    organisation: Annotated[int, Meta(ge=1, le=LARGEST)] | None = None


@begins("/api/removals", summary="Remove a site or an organisation with all below it")
async def remove(
    data: JSONBody[Removal], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Response[Job]:
    """Remove it for good with its people, meters, devices and readings, as a job.

    For admins of the installation; what is empty goes with DELETE.
    """
    require(user, Action.MANAGE_INSTALLATION)
    if (data.site is None) == (data.organisation is None):
        raise Misfit("site", "say a site or an organisation, one of them")
    if data.site is not None:
        whose = (await parts.sites.get(data.site)).organisation
    else:
        whose = (await parts.organisations.get(data.organisation or 0)).id
    wanted = upkeep.Removal(whose, data.site)
    return await begun(wanted, user, parts, {"site": data.site, "organisation": whose})


async def begun(
    wanted: upkeep.Wanted, user: User, parts: Parts, detail: dict[str, Any]
) -> Response[Job]:
    """The answer to whoever asked: the job, which begins when those before it have ended."""
    now = by(user, parts)
    await audit.record(
        parts.database,
        actor=now.name,
        organisation=wanted.organisation,
        action=f"{wanted.kind} asked for",
        subject="installation",
        detail=detail,
        at=now.at,
    )
    made = await parts.upkeep.begin(wanted, now)
    where = {"Location": f"/api/jobs/{made.id}"}
    return Response(_shown(made, parts), status_code=202, headers=where)


def _shown(found: store.Job, parts: Parts) -> Job:
    return Job(
        id=found.id,
        kind=found.kind,
        organisation=found.organisation,
        state=found.state,
        said=parts.upkeep.progress(found.id) or found.said,
        asked_by=found.asked_by,
        asked_at=found.asked_at,
        began_at=found.began_at,
        ended_at=found.ended_at,
        result=None if found.result is None else dict(found.result),
    )


ROUTES = [jobs, job, recompute, remove]
