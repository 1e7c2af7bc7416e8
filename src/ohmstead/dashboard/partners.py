"""Partners: companies that send packets for several organisations; docs/push.md."""

from typing import Annotated

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from ohmstead.access.roles import Action
from ohmstead.dashboard.paging import LARGEST, PAGE_MOST, After, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import Shape
from ohmstead.store import partners as store
from ohmstead.store.people import User

MOST = 1000
OrganisationId = Annotated[int, Meta(ge=1, le=LARGEST)]


class NewPartner(Shape, frozen=True):
    """A partner to be added."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]


class SendsFor(Shape, frozen=True):
    """Every organisation that a partner sends for from now on."""

    organisations: Annotated[list[OrganisationId], Meta(max_length=MOST)]


class Partner(Struct, frozen=True, kw_only=True):
    """A partner, and the organisations it sends for."""

    id: int
    name: str
    organisations: list[int]


class Partners(Struct, frozen=True, kw_only=True):
    """The partners, by number; `next` is the cursor of the next page, null on the last."""

    items: list[Partner]
    next: int | None


@get("/api/partners", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The partners")
async def partners(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> Partners:
    """Companies that send for several organisations; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    found = await _all(parts).all(after=after or 0, limit=limit + 1)
    page, following = paged(found, limit, lambda each: each.id)
    return Partners(items=list(map(_shown, page)), next=following)


@get(
    "/api/partners/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="A partner",
)
async def one(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> Partner:
    """A partner and whom it sends for; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    return _shown(await _all(parts).get(id))


@post(
    "/api/partners",
    responses=answers(400, 401, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add a partner",
)
async def add(
    data: JSONBody[NewPartner], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Partner:
    """Add a partner, which sends for nobody yet; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    return _shown(await _all(parts).add(data.name, by=by(user, parts)))


@put(
    "/api/partners/{id:int}",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Say whom a partner sends for",
)
async def change(
    id: Number,
    data: JSONBody[SendsFor],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> Partner:
    """Let a partner send for these organisations and no others; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    return _shown(await _all(parts).send_for(id, data.organisations, by=by(user, parts)))


@put(
    "/api/partners/{id:int}/organisations/{organisation:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Let a partner send for an organisation",
)
async def attach(
    id: Number,
    organisation: Number,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> Partner:
    """Let a partner send for one organisation more; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    return _shown(await _all(parts).attach(id, organisation, by=by(user, parts)))


@delete(
    "/api/partners/{id:int}/organisations/{organisation:int}",
    status_code=200,
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Let a partner send for an organisation no more",
)
async def detach(
    id: Number,
    organisation: Number,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> Partner:
    """Let a partner send for one organisation less; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    return _shown(await _all(parts).detach(id, organisation, by=by(user, parts)))


@delete(
    "/api/partners/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Remove a partner",
)
async def remove(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove a partner with its credentials; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    await _all(parts).remove(id, by=by(user, parts))


def _all(parts: Parts) -> store.Partners:
    return store.Partners(parts.database)


def _shown(found: store.Partner) -> Partner:
    return Partner(id=found.id, name=found.name, organisations=list(found.organisations))


ROUTES = [partners, one, add, change, attach, detach, remove]
