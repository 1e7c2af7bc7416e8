"""People who are added without an invitation, and links that sign them in: for the installation."""

from datetime import timedelta

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead.access import secrets
from ohmstead.access.roles import Action, Role
from ohmstead.dashboard import account_shapes
from ohmstead.dashboard import place_shapes as shapes
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number, person, visible
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.store.links import Purpose
from ohmstead.store.people import User

LINK_LIFE = timedelta(hours=24)


@get(
    "/api/people/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="A person",
)
async def one(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> account_shapes.Person:
    """Somebody; for managers and admins."""
    require(user, Action.INVITE)
    return person(await visible(id, user, parts))


@post(
    "/api/people",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add a person",
)
async def add(
    data: JSONBody[shapes.NewPerson], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> account_shapes.Person:
    """Add somebody, who has no password yet; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    made = await parts.people.add(
        data.email, Role(data.role), data.organisation or None, data.name, by=by(user, parts)
    )
    return person(made)


@post(
    "/api/people/{id:int}/link",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Make a sign-in link",
)
async def link(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.SignInLink:
    """A link that signs somebody in, once, within a day; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    found, now = await visible(id, user, parts), by(user, parts)
    token = secrets.new_token()
    digest = secrets.digest(parts.key, token)
    await parts.links.add(found, Purpose.SIGN_IN, digest, now.at + LINK_LIFE, by=now)
    return shapes.SignInLink(link=f"{parts.accounts.pages_url}/sign-in/{token}")


ROUTES = [one, add, link]
