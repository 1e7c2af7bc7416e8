"""How long an organisation's readings stay in the database as they came, and its archive."""

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead.access.roles import Action, may, sees
from ohmstead.dashboard import retention_shapes as shapes
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import NotFound
from ohmstead.store import retention as store
from ohmstead.store.archive_catalogue import Catalogue
from ohmstead.store.job_runs import JobRun, JobRuns
from ohmstead.store.months import spelled
from ohmstead.store.people import User
from ohmstead.store.retention import Retentions

JOB = "archive"
"""What the job of the night is called that archives."""


@get(
    "/api/organisations/{id:int}/retention",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="How long readings stay",
)
async def retention(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Retention:
    """How long readings stay as they came, what is archived, and how the last night went."""
    return await _shown(await _visible(id, user, parts), user, parts)


@put(
    "/api/organisations/{id:int}/retention",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Change how long readings stay",
)
async def change(
    id: Number,
    data: JSONBody[shapes.Keeping],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Retention:
    """Change how long readings stay, from the coming night on; for admins of the organisation."""
    require(user, Action.MANAGE_USERS)
    await _visible(id, user, parts)
    changed = await Retentions(parts.database).set(id, data.raw_months, by=by(user, parts))
    return await _shown(changed, user, parts)


async def _visible(id: int, user: User, parts: Parts) -> store.Retention:
    if not sees(user.organisation, id):
        raise NotFound(f"there is no organisation {id}, or it is not yours to see")
    return await Retentions(parts.database).get(id)


async def _shown(found: store.Retention, user: User, parts: Parts) -> shapes.Retention:
    due = found.due_before(parts.clock.now())
    entries = await Catalogue(parts.database).all(found.organisation)
    runs = {run.job: run for run in await JobRuns(parts.database).all()}
    run = runs.get(JOB) if may(user.role, Action.MANAGE_INSTALLATION, user.organisation) else None
    return shapes.Retention(
        organisation=found.organisation,
        raw_months=found.raw_months,
        archived_before=spelled(due) if due else None,
        months=[
            shapes.Month(
                month=spelled(each.month),
                state=each.state,
                readings=each.rows,
                meters=each.streams,
                bytes=each.bytes,
                restored_until=each.restored_until,
            )
            for each in entries
        ],
        job=_job(run) if run else None,
    )


def _job(run: JobRun) -> shapes.Job:
    return shapes.Job(state=run.state, began_at=run.began_at, ended_at=run.ended_at, said=run.said)


ROUTES = [retention, change]
