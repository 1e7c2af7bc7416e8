"""Organisations: whose meters they are; the installation's admins add, rename and remove them."""

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead.access.roles import Action, sees
from ohmstead.dashboard import account_shapes as shapes
from ohmstead.dashboard.paging import PAGE_MOST, After, Limit, no_page, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import NotFound
from ohmstead.store.people import User
from ohmstead.store.sites import Counted


@get(
    "/api/organisations",
    responses=answers(400, 401, 503),
    security=SIGNED_IN,
    summary="The organisations",
)
async def organisations(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Organisations:
    """Every organisation one may see, by name: all of them, or one's own."""
    if after is not None and not await parts.organisations.counted(after):
        raise no_page(after)  # its place among the names is not known any more
    found = await parts.organisations.counted(user.organisation, after=after, limit=limit + 1)
    page, following = paged(found, limit, lambda each: each.id)
    return shapes.Organisations(items=list(map(_shown, page)), next=following)


@get(
    "/api/organisations/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="An organisation",
)
async def one(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Organisation:
    """One organisation, and how much belongs to it."""
    found = await parts.organisations.counted(id) if sees(user.organisation, id) else []
    if not found:
        raise NotFound(f"there is no organisation {id}, or it is not yours to see")
    return _shown(found[0])


@post(
    "/api/organisations",
    responses=answers(400, 401, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add an organisation",
)
async def add(
    data: JSONBody[shapes.Named], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Organisation:
    """Add an organisation; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    made = await parts.organisations.add(data.name, by=by(user, parts))
    return shapes.Organisation(id=made.id, name=made.name, people=0, sites=0, meters=0)


@put(
    "/api/organisations/{id:int}",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Rename an organisation",
)
async def rename(
    id: Number,
    data: JSONBody[shapes.Named],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Organisation:
    """Give an organisation another name; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    await parts.organisations.rename(id, data.name, by=by(user, parts))
    return _shown((await parts.organisations.counted(id))[0])


@delete(
    "/api/organisations/{id:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Remove an organisation",
)
async def remove(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove an organisation that has neither people nor sites; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    await parts.organisations.remove(id, by=by(user, parts))


def _shown(found: Counted) -> shapes.Organisation:
    return shapes.Organisation(
        id=found.id, name=found.name, people=found.people, sites=found.sites, meters=found.meters
    )


ROUTES = [organisations, one, add, rename, remove]
