"""Jobs: work on the whole installation that takes longer than a request should; docs/api.md."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import PathParameter
from msgspec import Meta, Struct

from ohmstead.access.roles import Action
from ohmstead.dashboard import upkeep
from ohmstead.dashboard.paging import LARGEST_LONG, PAGE_MOST, AfterLong, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import NotFound
from ohmstead.store import audit
from ohmstead.store.people import User

LongNumber = Annotated[int, PathParameter(ge=1, le=LARGEST_LONG, description="Its number.")]


class Job(Struct, frozen=True, kw_only=True):
    """Work that was asked for: `said` is how far it is, or why it failed, `result` what it gave."""

    id: int
    kind: Annotated[str, Meta(examples=["backup", "archive run"])]
    organisation: int | None
    state: upkeep.State
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
    """What was asked for since the cloud started; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    found = [each for each in parts.upkeep.jobs() if after is None or each.id < after]
    page, following = paged(found, limit, lambda each: each.id)
    return Jobs(items=list(map(_shown, page)), next=following)


@get(
    "/api/jobs/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="A job",
)
async def job(id: LongNumber, user: NamedDependency[User], parts: NamedDependency[Parts]) -> Job:
    """How far a job is; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    for each in parts.upkeep.jobs():
        if each.id == id:
            return _shown(each)
    raise NotFound(f"there is no job {id} since the cloud was started; the audit log goes back")


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
    made = parts.upkeep.begin(wanted, now)
    where = {"Location": f"/api/jobs/{made.id}"}
    return Response(_shown(made), status_code=202, headers=where)


def _shown(found: upkeep.Job) -> Job:
    return Job(
        id=found.id,
        kind=found.kind,
        organisation=found.organisation,
        state=found.state,
        said=found.said,
        asked_by=found.asked_by,
        asked_at=found.asked_at,
        began_at=found.began_at,
        ended_at=found.ended_at,
        result=None if found.result is None else dict(found.result),
    )


ROUTES = [jobs, job]
