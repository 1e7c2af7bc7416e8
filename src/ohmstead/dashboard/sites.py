"""Sites: where meters stand; managers add, change and remove them."""

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET

from ohmstead.access.roles import Action, sees
from ohmstead.dashboard import place_shapes as shapes
from ohmstead.dashboard.management_words import own_site, site_of
from ohmstead.dashboard.paging import PAGE_MOST, After, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number, Of
from ohmstead.dashboard.problems import Misfit, answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import NotFound
from ohmstead.store.people import User
from ohmstead.store.site_details import DETAILS, Detailed


@get("/api/sites", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The sites")
async def sites(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    organisation: Of = None,
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Sites:
    """The sites one may see, by number."""
    found = await parts.site_details.seen(
        user, organisation=organisation, after=after or 0, limit=limit + 1
    )
    page, following = paged(found, limit, lambda each: each.site.id)
    return shapes.Sites(items=list(map(_shown, page)), next=following)


@post(
    "/api/sites",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add a site",
)
async def add(
    data: JSONBody[shapes.NewSite], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Site:
    """Add a site to an organisation; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    organisation = data.organisation or user.organisation
    if organisation is None:
        raise Misfit("organisation", "say whose site it is")
    if not sees(user.organisation, organisation):
        raise NotFound(f"there is no organisation {organisation}, or it is not yours to see")
    details = {name: text for name in DETAILS if (text := getattr(data, name))}
    made = await parts.site_details.add(
        data.name, organisation, data.timezone, details, by=by(user, parts)
    )
    return _shown(made)


@get(
    "/api/sites/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="A site",
)
async def one(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Site:
    """One site."""
    return _shown(await site_of(id, user, parts))


@put(
    "/api/sites/{id:int}",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Change a site",
)
async def change(
    id: Number,
    data: JSONBody[shapes.SiteChange],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Site:
    """Change a site; for managers and admins.  Another time zone only while there are no readings.

    409 otherwise: days that were worked out would be cut anew.
    """
    found = await own_site(id, user, parts)
    said = {name: text for name in DETAILS if (text := getattr(data, name)) is not UNSET}
    changed = await parts.site_details.change(
        found.site,
        name=data.name or None,
        timezone=data.timezone or None,
        details={name: text or None for name, text in said.items()},
        by=by(user, parts),
    )
    return _shown(changed)


@delete(
    "/api/sites/{id:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Remove a site",
)
async def remove(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove a site that has no meters; for managers and admins."""
    found = await own_site(id, user, parts)
    await parts.site_details.remove(found.site, by=by(user, parts))


def _shown(found: Detailed) -> shapes.Site:
    return shapes.Site(
        id=found.site.id,
        name=found.site.name,
        organisation=found.site.organisation,
        organisation_name=found.organisation_name,
        timezone=found.site.timezone,
        meters=found.meters,
        **{name: found.details.get(name) for name in DETAILS},
    )


ROUTES = [sites, add, one, change, remove]
