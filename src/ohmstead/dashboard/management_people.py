"""The management API about users."""

from typing import Annotated

from litestar import Response, delete, get, patch, post, route
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from ohmstead.access.roles import Action, Role, gives, sees
from ohmstead.dashboard import letters
from ohmstead.dashboard import management_shapes as shapes
from ohmstead.dashboard.management_people_shown import shown
from ohmstead.dashboard.management_places import CHANGING, shown_site
from ohmstead.dashboard.management_reports import visible as report_of
from ohmstead.dashboard.management_words import (
    SECURITY,
    Number,
    OfOrganization,
    Page,
    PageNumber,
    PageSize,
    about,
    given,
    site_of,
)
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import visible
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked, by, require
from ohmstead.errors import Conflict, Forbidden, NotFound
from ohmstead.store.people import User, checked_email


@get("/api/v1/users", responses=answers(400, 401, 503), security=SECURITY, summary="The users")
async def users(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    organization_id: OfOrganization = None,
    pageSize: PageSize = None,
    pageNumber: PageNumber = 1,
) -> Response[list[shapes.User]]:
    """The users one may see, by number; for managers and admins."""
    require(user, Action.INVITE)
    page = Page(pageSize, pageNumber)
    found = await parts.profiles.all(
        user.organisation, of=organization_id, skipped=page.skipped, limit=page.limit + 1
    )
    return page.answer(request, found, shown)


@post(
    "/api/v1/users",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Add a user",
)
async def add(
    data: JSONBody[shapes.UserBody], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.User:
    """Add a user, who is mailed a link to choose a password; for admins.

    Without `organization_id` they join one's own organisation; of somebody of the whole
    installation they get an organisation of their own, so that they see only what they are granted.
    """
    require(user, Action.MANAGE_USERS)
    said, role = data.user, Role(data.user.role or "viewer")
    with about("user.email"):
        email = checked_email(given(said.email, "user.email"))
    _may_give(user, role)
    if await parts.people.find(email) is not None:
        raise Conflict(f"a user with the address {email} exists already")
    organisation = said.organization_id or user.organisation
    if organisation is None:
        organisation = await _of_their_own(email, user, parts)
    elif not sees(user.organisation, organisation):
        raise NotFound(f"there is no organization {organisation}, or it is not yours to see")
    full = " ".join(filter(None, (said.name, said.surname)))
    with about("user.name"):
        made = await parts.people.add(email, role, organisation, full, by=by(user, parts))
    profile = await parts.profiles.set(made, surname=said.surname, plan=said.plan)
    await letters.reset(parts, made, by(user, parts))
    return shown(profile)


async def _of_their_own(email: str, user: User, parts: Parts) -> int:
    """The organisation that is named by this address: a new one, or what somebody removed had.

    Conflict where there is anybody in it: they would see each other.
    """
    try:
        return (await parts.organisations.add(email, by=by(user, parts))).id
    except Conflict:
        for each in await parts.organisations.all():
            same = each.name.casefold() == email.casefold()
            if same and not await parts.people.all(each.id):
                return each.id
        raise


def _may_give(user: User, role: Role) -> None:
    if not gives(user.role, role):
        raise Forbidden(f"a {user.role} cannot make somebody {role}; ask an admin")


@get(
    "/api/v1/users/show_by_email",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="A user by address",
)
async def by_email(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    email: Annotated[str, QueryParameter(max_length=320, description="Of whom.")],
) -> shapes.User:
    """The user with this e-mail address; for managers and admins, and of oneself."""
    found = await parts.people.find(email)
    if found is None or found.id != user.id:
        require(user, Action.INVITE)
    try:
        theirs = None if found is None else await visible(found.id, user, parts)
    except NotFound:  # what says the same, but by a number that nobody had told
        theirs = None
    if theirs is None:
        raise NotFound(f"there is no user {email!r}, or it is not yours to see")
    return shown(await parts.profiles.of(theirs))


async def _seen(id: int, user: User, parts: Parts) -> User:
    if id != user.id:
        require(user, Action.INVITE)
    return await visible(id, user, parts)


@get(
    "/api/v1/users/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="A user",
)
async def one(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.User:
    """One user; for managers and admins, and of oneself."""
    return shown(await parts.profiles.of(await _seen(id, user, parts)))


async def _change(id: int, said: shapes.UserGiven, user: User, parts: Parts) -> shapes.User:
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    before = await parts.profiles.of(found)
    if said.organization_id not in (None, found.organisation):
        raise Conflict("a user stays in their organisation; grant_site_access shows them more")
    if said.role is not None and said.role != found.role:
        _may_give(user, Role(said.role))
        found = await parts.people.set_role(
            found, Role(said.role), by=by(user, parts), keep_an_admin=True
        )
        parts.hub.end_user(found.id)
    first = before.name if said.name is None else said.name
    last = before.surname if said.surname is None else said.surname
    with about("user.email"):
        if said.email is not None:
            checked_email(said.email)
    with about("user.name"):
        found = await parts.people.change(
            found.id,
            email=said.email,
            name=" ".join(filter(None, (first, last))),
            by=by(user, parts),
        )
    return shown(await parts.profiles.set(found, surname=last, plan=said.plan))


@route(
    "/api/v1/users/{id:int}",
    http_method=CHANGING,
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Change a user",
)
async def change(
    id: Number,
    data: JSONBody[shapes.UserBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.User:
    """Change what is sent about a user; for admins."""
    return await _change(id, data.user, user, parts)


@delete(
    "/api/v1/users/{id:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SECURITY,
    summary="Remove a user",
)
async def remove(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove a user with their sessions and tokens; for admins."""
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    if found.id == user.id:
        raise Conflict("you cannot remove yourself; another admin can")
    await parts.people.remove(found.email, by=by(user, parts), keep_an_admin=True)
    parts.hub.end_user(found.id)


@patch(
    "/api/v1/users/{id:int}/grant_site_access",
    responses=answers(400, 401, 404, 413, 503),
    security=SECURITY,
    summary="Let a user see a site",
)
async def grant(
    id: Number,
    data: JSONBody[shapes.SiteAccess],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.User:
    """Let a user look at a site, also one of another organisation; for admins."""
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    site = (await site_of(data.site_id, user, parts)).site
    if not sees(user.organisation, site.organisation):
        raise NotFound(f"there is no site {data.site_id} that is yours to grant")
    await parts.site_grants.add(found, site, by=by(user, parts))
    return shown(await parts.profiles.of(found))


@patch(
    "/api/v1/users/{id:int}/remove_site_access",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Take a site from a user",
)
async def ungrant(
    id: Number,
    data: JSONBody[shapes.SiteAccess],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.User:
    """Take back what was granted; the sites of their own organisation a user always sees."""
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    site = (await site_of(data.site_id, user, parts)).site
    if not sees(user.organisation, site.organisation):
        raise NotFound(f"there is no site {data.site_id} that is yours to take away")
    had = await parts.site_grants.remove(found, site, by=by(user, parts))
    if not had and sees(found.organisation, site.organisation):
        raise Conflict(f"{found.email} sees site {site.id} as one of their own organisation")
    parts.hub.end_user(found.id)
    return shown(await parts.profiles.of(found))


@get(
    "/api/v1/users/{id:int}/associated_sites",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="The sites of a user",
)
async def sites(
    request: Asked,
    id: Number,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    pageSize: PageSize = None,
    pageNumber: PageNumber = 1,
) -> Response[list[shapes.Site]]:
    """The sites that a user sees, of those that one sees oneself."""
    whose, page = await _seen(id, user, parts), Page(pageSize, pageNumber)
    within = None if whose.id == user.id else user.organisation
    found = await parts.site_details.seen(
        whose, organisation=within, skipped=page.skipped, limit=page.limit + 1
    )
    return page.answer(request, found, shown_site)


@patch(
    "/api/v1/users/{id:int}/associate_to_report",
    responses=answers(400, 401, 404, 413, 503),
    security=SECURITY,
    summary="Let a user get a report",
)
async def associate(
    id: Number,
    data: JSONBody[shapes.ToReport],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.User:
    """Note that a user gets the report of a definition; for admins."""
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    report = await report_of(data.report_definition_id, user, parts)
    await parts.reports.associate(report, found.id, by=by(user, parts))
    return shown(await parts.profiles.of(found))


ROUTES = [
    *(users, add, by_email, one, change, remove),
    *(grant, ungrant, sites, associate),
]
