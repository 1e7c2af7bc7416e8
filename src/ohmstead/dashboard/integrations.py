"""Integrations: asked for, decided, changed, paused, ended."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Annotated, Any, cast

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from ohmstead.access.roles import Action, may, sees
from ohmstead.dashboard import integration_shapes as shapes
from ohmstead.dashboard.letters import may_write
from ohmstead.dashboard.paging import PAGE_MOST, AfterText, Limit, moment_behind, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers, shown
from ohmstead.dashboard.proving import require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import Forbidden, NotFound
from ohmstead.store.break_outs import CLIENT_ID, PUBLISH, SUBSCRIBE, BreakOut
from ohmstead.store.integration_devices import Counts
from ohmstead.store.integration_letters import IntegrationLetters
from ohmstead.store.integration_wish import Step, Wish
from ohmstead.store.integrations import Integration
from ohmstead.store.people import User
from ohmstead.surfaces.cloud2cloud_template import BadTemplate


def decides(user: User) -> bool:
    """Whether a user decides about requests: an admin of the whole installation."""
    return may(user.role, Action.MANAGE_INSTALLATION, user.organisation)


def step(user: User, parts: Parts) -> Step:
    """What a user does now, for the audit log."""
    return Step(user.email, parts.clock.now(), is_admin=decides(user))


def manages(user: User, integration: Integration) -> bool:
    """Whether a user may change an integration: its owner, and managers who see it."""
    return user.id == integration.owner or may(user.role, Action.MANAGE_METERS, user.organisation)


def _sees(user: User, integration: Integration) -> bool:
    if user.organisation is None or user.id == integration.owner:
        return True
    return integration.organisation is not None and sees(
        user.organisation, integration.organisation
    )


async def visible(id: str, user: User, parts: Parts) -> Integration:
    """The integration, if the user may see it; NotFound as if there were none otherwise."""
    try:
        found = await parts.integrations.get(id)
    except NotFound:
        found = None
    if found is None or not _sees(user, found):
        raise NotFound(f"there is no integration {shown(id)}, or it is not yours to see")
    return found


async def managed(id: str, user: User, parts: Parts) -> Integration:
    """The integration, if the user may change it; NotFound, Forbidden."""
    found = await visible(id, user, parts)
    if not manages(user, found):
        raise Forbidden(f"integration {id} is not yours to change; its owner or a manager may")
    return found


@contextmanager
def template_named() -> Iterator[None]:
    """A template that cannot be used is the field `template`'s trouble."""
    try:
        yield
    except BadTemplate as trouble:
        raise Misfit("template", "; ".join(map(str, trouble.mistakes[:5]))) from trouble


@get(
    "/api/integrations",
    responses=answers(400, 401, 503),
    security=SIGNED_IN,
    summary="The integrations",
)
async def integrations(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    only: Annotated[
        shapes.State | None,
        QueryParameter(name="state", description="Only those in this state."),
    ] = None,
    after: AfterText = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Integrations:
    """The integrations one may see, the oldest first."""
    found = await parts.integrations.page(
        owner=user.id,
        organisation=user.organisation,
        state=only,
        behind=None if after is None else moment_behind(after),
        limit=limit + 1,
    )
    page, following = paged(found, limit, lambda each: f"{each.created_at.isoformat()}~{each.id}")
    tried = await parts.break_outs.all()
    counts = await parts.integration_devices.all_counts()
    now = parts.clock.now()
    return shapes.Integrations(
        items=[
            _shown(each, user, _passed(counts.get(each.id), now), tried.get(each.username, {}))
            for each in page
        ],
        next=following,
    )


@post(
    "/api/integrations",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Ask for an integration",
)
async def request(
    data: JSONBody[shapes.Request], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Integration:
    """Ask for an integration; an admin of the installation approves or refuses it."""
    owner = user
    if data.owner is not None and data.owner.casefold() != user.email.casefold():
        if not decides(user):
            raise Forbidden("only an admin of the installation asks for somebody else")
        owner = await parts.people.get(data.owner)
    wish = Wish(data.note, data.template, False, data.interval_s, data.absent, data.retain)
    with template_named():
        made = await parts.integrations.request(
            owner.id, owner.organisation, step(user, parts), data.name, wish
        )
    await _tell(made, parts)
    return await whole(made, user, parts)


@get(
    "/api/integrations/{id:str}",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="An integration",
)
async def integration(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Integration:
    """One integration with how passing on goes."""
    return await whole(await visible(id, user, parts), user, parts)


@patch(
    "/api/integrations/{id:str}",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Change an integration",
)
async def change(
    id: FromPath[str],
    data: JSONBody[shapes.Change],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Integration:
    """Change what is given; the next reading is passed on with it."""
    await managed(id, user, parts)
    wish = Wish(
        note=_given(data.note),
        template=_given(data.template),
        default_template=data.template is None,
        interval_s=_given(data.interval_s),
        absent=_given(data.absent),
        retain=_given(data.retain),
    )
    with template_named():
        changed = await parts.integrations.change(id, wish, step(user, parts))
    return await whole(changed, user, parts)


def _given(value: Any) -> Any:
    return None if value is UNSET else value


@delete(
    "/api/integrations/{id:str}",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="Delete an integration",
)
async def remove(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """Remove it with all that belongs to it; its clients are signed off."""
    await managed(id, user, parts)
    await parts.integrations.remove(id, step(user, parts))


@post(
    "/api/integrations/{id:str}/approve",
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Approve a request",
)
async def approve(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    data: JSONBody[shapes.Approval | None],
) -> shapes.Integration:
    """Let it begin; its owner then makes the first password, which nobody else sees."""
    require(user, Action.MANAGE_INSTALLATION)
    now = step(user, parts)
    approved = await parts.integrations.approve(id, now)
    if data is not None and data.interval_s is not None:
        approved = await parts.integrations.change(id, Wish(interval_s=data.interval_s), now)
    await _tell(approved, parts)
    return await whole(approved, user, parts)


@post(
    "/api/integrations/{id:str}/refuse",
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Refuse a request",
)
async def refuse(
    id: FromPath[str],
    data: JSONBody[shapes.Refusal],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Integration:
    """Say no, and why; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    refused = await parts.integrations.refuse(id, data.reason, step(user, parts))
    await _tell(refused, parts)
    return await whole(refused, user, parts)


async def _tell(of: Integration, parts: Parts) -> None:
    """Mail those whom its new state concerns, not more than a box may get."""
    letters = IntegrationLetters(parts.database, parts.key, parts.accounts.pages_url)
    await letters.write(of, parts.clock.now(), may_write=partial(may_write, parts=parts))
    parts.accounts.posted()


@post(
    "/api/integrations/{id:str}/pause",
    status_code=200,
    responses=answers(401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Pause an integration",
)
async def pause(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Integration:
    """Nobody signs in and nothing is passed on until it is resumed."""
    await managed(id, user, parts)
    return await whole(await parts.integrations.pause(id, step(user, parts)), user, parts)


@post(
    "/api/integrations/{id:str}/resume",
    status_code=200,
    responses=answers(401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Resume an integration",
)
async def resume(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Integration:
    """Go on after a pause."""
    await managed(id, user, parts)
    return await whole(await parts.integrations.resume(id, step(user, parts)), user, parts)


@post(
    "/api/integrations/{id:str}/revoke",
    status_code=200,
    responses=answers(401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Revoke an integration",
)
async def revoke(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Integration:
    """End it for good; its record stays."""
    await managed(id, user, parts)
    return await whole(await parts.integrations.revoke(id, step(user, parts)), user, parts)


async def whole(of: Integration, user: User, parts: Parts) -> shapes.Integration:
    """An integration with all that is known of it."""
    return _shown(
        of,
        user,
        _passed(await parts.integration_devices.counts(of.id), parts.clock.now()),
        await parts.break_outs.of(of.username),
        await parts.passing.connections(of.username),
    )


def _shown(
    of: Integration,
    user: User,
    counts: shapes.Passed,
    tried: Mapping[str, BreakOut],
    connections: int | None = None,
) -> shapes.Integration:
    owner = None
    if of.owner is not None:
        owner = shapes.Owner(id=of.owner, email=of.owner_email or "")
    return shapes.Integration(
        id=of.id,
        state=cast(shapes.State, of.state),
        owner=owner,
        organisation=of.organisation,
        note=of.note,
        reason=of.reason,
        username=of.username,
        topic=of.topic,
        template=cast(shapes.Template, of.template),
        interval_s=of.interval_s,
        floor_s=of.floor_s,
        absent=cast(shapes.Absent, of.absent),
        retain=of.retain,
        created_at=of.created_at,
        decided_at=of.decided_at,
        has_password=of.has_password,
        old_password_until=of.old_password_until,
        devices=of.devices,
        connections=connections,
        counts=counts,
        break_outs=_break_outs(tried),
        may=shapes.May(change=manages(user, of), decide=decides(user)),
    )


def _passed(counts: Counts | None, now: datetime) -> shapes.Passed:
    known = counts or Counts()
    return shapes.Passed(
        published=known.published,
        published_today=known.published_on(now),
        skipped=known.skipped,
        failed=known.failed,
        dropped=known.dropped,
        last_published_at=known.last_published_at,
        last_failure=known.last_failure,
    )


def _break_outs(tried: Mapping[str, BreakOut]) -> shapes.BreakOuts:
    newest = max(tried.values(), key=lambda each: each.last_at, default=None)
    return shapes.BreakOuts(
        **{
            name: tried[kind].attempts if kind in tried else 0
            for name, kind in (
                ("publish", PUBLISH),
                ("subscribe", SUBSCRIBE),
                ("client_id", CLIENT_ID),
            )
        },
        last_at=newest.last_at if newest else None,
        last=newest.last if newest else None,
    )


ROUTES = [
    integrations,
    request,
    integration,
    change,
    remove,
    approve,
    refuse,
    pause,
    resume,
    revoke,
]
