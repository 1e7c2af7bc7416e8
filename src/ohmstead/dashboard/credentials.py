"""Credentials of the push API: who may send packets, and of which meters."""

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from ohmstead.access.roles import Action, may, sees
from ohmstead.dashboard import place_shapes as shapes
from ohmstead.dashboard.paging import PAGE_MOST, After, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import BadInput, NotFound
from ohmstead.store.credentials import Credential, Credentials
from ohmstead.store.people import User


async def _organisation(scope: str, parts: Parts) -> int | None:
    """Whose meters a scope is of; None for a partner's, which are of several.  NotFound."""
    kind, _, id = scope.partition(":")
    if kind == "meter":
        return (await parts.meters.get(id)).site.organisation
    if kind in ("site", "org") and id.isascii() and id.isdecimal() and len(id) < 10:
        number = int(id)
        return (await parts.sites.get(number)).organisation if kind == "site" else number
    return None


async def _manages(user: User, scope: str, parts: Parts) -> bool:
    organisation = await _organisation(scope, parts)
    if organisation is None:
        return may(user.role, Action.MANAGE_INSTALLATION, user.organisation)
    return sees(user.organisation, organisation)


async def _own(username: str, user: User, parts: Parts) -> Credential:
    require(user, Action.MANAGE_METERS)
    try:
        found = await _all(parts).get(username)
        mine = await _manages(user, found.scope, parts)
    except (NotFound, BadInput):
        mine = False
    if not mine:
        raise NotFound(f"there is no credential {username!r}, or it is not yours to see")
    return found


def _all(parts: Parts) -> Credentials:
    return Credentials(parts.database, parts.key)


@get(
    "/api/credentials",
    responses=answers(400, 401, 503),
    security=SIGNED_IN,
    summary="The credentials of senders",
)
async def credentials(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Credentials:
    """Who may send packets for meters of one's organisation; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    found = await _all(parts).page(
        user.organisation,
        partners=may(user.role, Action.MANAGE_INSTALLATION, user.organisation),
        after=after or 0,
        limit=limit + 1,
    )
    page, following = paged(found, limit, lambda each: each.id)
    return shapes.Credentials(items=list(map(_shown, page)), next=following)


@post(
    "/api/credentials",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Add a credential",
)
async def add(
    data: JSONBody[shapes.NewCredential],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.CredentialAccess:
    """Add a credential, and show, once, its password; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    hidden = NotFound(f"there is nothing like {data.scope!r}, or it is not yours to see")
    try:
        mine = await _manages(user, data.scope, parts)
    except NotFound:
        raise hidden from None
    if not mine:
        raise hidden
    now = by(user, parts)
    made, password = await _all(parts).add(data.scope, note=data.note, at=now.at, by=now.name)
    return shapes.CredentialAccess(username=made.username, password=password, scope=made.scope)


@get(
    "/api/credentials/{id:str}",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="A credential",
)
async def one(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Credential:
    """One credential, without its password; for managers and admins."""
    return _shown(await _own(id, user, parts))


@post(
    "/api/credentials/{id:str}/rotate",
    status_code=200,
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Give a credential a new password",
)
async def rotate(
    id: FromPath[str],
    data: JSONBody[shapes.Rotation],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.CredentialAccess:
    """Show, once, a new password; the old one works on for a while.  For managers and admins."""
    found = await _own(id, user, parts)
    made, password = await _all(parts).rotate(found.username, data.overlap_s, by=by(user, parts))
    return shapes.CredentialAccess(username=made.username, password=password, scope=made.scope)


@delete(
    "/api/credentials/{id:str}",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="Remove a credential",
)
async def remove(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """End a credential at once; for managers and admins."""
    found = await _own(id, user, parts)
    await _all(parts).remove(found.username, by=by(user, parts))


def _shown(found: Credential) -> shapes.Credential:
    return shapes.Credential(
        username=found.username,
        scope=found.scope,
        note=found.note,
        made_at=found.made_at,
        made_by=found.made_by,
        last_used_at=found.last_used_at,
        old_until=found.old_until,
    )


ROUTES = [credentials, one, add, rotate, remove]
