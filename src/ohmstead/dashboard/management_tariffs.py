"""The management API about tariffs: documents as docs/tariffs.md has them."""

import re

from litestar import Response, delete, get, post, route
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead.access.roles import Action, sees
from ohmstead.analytics.tariff import document
from ohmstead.analytics.tariff_check import read
from ohmstead.dashboard import management_shapes as shapes
from ohmstead.dashboard.management_places import CHANGING
from ohmstead.dashboard.management_words import (
    SECURITY,
    Number,
    Page,
    PageNumber,
    PageSize,
    about,
    site_of,
)
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked, by, require
from ohmstead.errors import Forbidden, NotFound
from ohmstead.store.people import User
from ohmstead.store.tariffs import Kept, Tariffs

ORGANIZATION = "organization_id"


@get("/api/v1/tariffs", responses=answers(400, 401, 503), security=SECURITY, summary="The tariffs")
async def tariffs(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    pageSize: PageSize = None,
    pageNumber: PageNumber = 1,
) -> Response[list[shapes.Tariff]]:
    """The tariffs of one's organisation, and those of everybody, by number."""
    page = Page(pageSize, pageNumber)
    found = await Tariffs(parts.database).all(user.organisation)
    return page.answer(request, found[page.skipped : page.skipped + page.limit + 1], _shown)


async def _of(id: int, user: User, parts: Parts) -> Kept:
    try:
        found = await Tariffs(parts.database).get(id)
    except NotFound:
        found = None
    if found is None or not (
        found.organisation is None or sees(user.organisation, found.organisation)
    ):
        raise NotFound(f"there is no tariff {id}, or it is not yours to see")
    return found


async def _own(id: int, user: User, parts: Parts) -> Kept:
    found = await _of(id, user, parts)
    require(user, Action.MANAGE_METERS)
    if found.organisation is None and user.organisation is not None:
        raise Forbidden("a tariff of everybody is changed by the installation's own people")
    return found


@post(
    "/api/v1/tariffs",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Add a tariff",
)
async def add(
    data: JSONBody[shapes.TariffBody], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Tariff:
    """Add a tariff of an organisation, or of everybody; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    said = dict(data.tariff)
    organisation = said.pop(ORGANIZATION, None)
    if isinstance(organisation, str) and re.fullmatch("[0-9]{1,9}", organisation):
        organisation = int(organisation)
    if organisation is None:
        organisation = user.organisation
    elif type(organisation) is not int or not sees(user.organisation, organisation):
        raise NotFound(f"there is no organization {organisation!r}, or it is not yours to see")
    else:
        await parts.organisations.get(organisation)
    with about("tariff"):
        made = await Tariffs(parts.database).add(read(said), organisation, by=by(user, parts))
    return _shown(made)


@get(
    "/api/v1/tariffs/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="A tariff",
)
async def one(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Tariff:
    """One tariff."""
    return _shown(await _of(id, user, parts))


@route(
    "/api/v1/tariffs/{id:int}",
    http_method=CHANGING,
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Change a tariff",
)
async def change(
    id: Number,
    data: JSONBody[shapes.TariffBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Tariff:
    """Other parts of the document in place of those it had; for managers and admins."""
    found = await _own(id, user, parts)
    said = {name: each for name, each in data.tariff.items() if name not in (ORGANIZATION, "id")}
    with about("tariff"):
        wanted = read({**document(found.tariff), **said})
        changed = await Tariffs(parts.database).replace(id, wanted, by=by(user, parts))
    return _shown(changed)


@delete(
    "/api/v1/tariffs/{id:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SECURITY,
    summary="Remove a tariff",
)
async def remove(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove a tariff that no meter has or had; for managers and admins."""
    await _own(id, user, parts)
    await Tariffs(parts.database).remove(id, by=by(user, parts))


@get(
    "/api/v1/sites/{id:int}/tariffs",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="The tariffs of a site",
)
async def of_site(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> list[shapes.Tariff]:
    """The tariffs that meters of a site have or had."""
    site = (await site_of(id, user, parts)).site
    return [_shown(each) for each in await Tariffs(parts.database).all(site=site.id)]


def _shown(kept: Kept) -> shapes.Tariff:
    return shapes.Tariff(
        id=kept.id,
        organization_id=kept.organisation,
        name=kept.tariff.name,
        currency=kept.tariff.currency,
        meters=kept.meters,
        document=document(kept.tariff),
    )


ROUTES = [tariffs, add, one, change, remove, of_site]
