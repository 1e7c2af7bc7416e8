"""The audit log, for admins: of their organisation, or of all."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from ohmstead.access.roles import Action
from ohmstead.dashboard import account_shapes as shapes
from ohmstead.dashboard.paging import AfterLong, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Of
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.store.audit import PAGE_MOST
from ohmstead.store.people import User

PAGE = 100


@get("/api/audit", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The audit log")
async def audit(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    organisation: Of = None,
    after: AfterLong = None,
    limit: Annotated[
        int, QueryParameter(ge=1, le=PAGE_MOST, description="How many at most.")
    ] = PAGE,
    actor: Annotated[
        str | None, QueryParameter(max_length=320, description="Part of who acted.")
    ] = None,
    action: Annotated[
        str | None, QueryParameter(max_length=100, description="How the action begins.")
    ] = None,
    subject: Annotated[
        str | None, QueryParameter(max_length=320, description="Part of what it was done to.")
    ] = None,
) -> shapes.AuditLog:
    """Who did what to what, the newest first; nothing is ever changed or taken away."""
    require(user, Action.MANAGE_USERS)
    if user.organisation is not None and organisation not in (None, user.organisation):
        return shapes.AuditLog(items=[], next=None)
    found = await parts.audit.page(
        organisation=organisation if user.organisation is None else user.organisation,
        before=after,
        limit=limit + 1,
        actor=actor,
        action=action,
        subject=subject,
    )
    shown, following = paged(found, limit, lambda each: each.id)
    return shapes.AuditLog(
        items=[
            shapes.AuditEntry(
                id=each.id,
                at=each.at,
                actor=each.actor,
                organisation=each.organisation,
                action=each.action,
                subject=each.subject,
                detail=None if each.detail is None else dict(each.detail),
            )
            for each in shown
        ],
        next=following,
    )


ROUTES = [audit]
