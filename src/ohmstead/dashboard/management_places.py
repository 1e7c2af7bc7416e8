"""The management API about organisations and sites."""

from litestar import Response, delete, get, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import JSONBody

from ohmstead.access.roles import Action, sees
from ohmstead.dashboard import management_people_shown as people
from ohmstead.dashboard import management_shapes as shapes
from ohmstead.dashboard.management_words import (
    SECURITY,
    Number,
    OfOrganization,
    Page,
    PageNumber,
    PageSize,
    about,
    given,
    own_site,
    site_of,
)
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked, by, require
from ohmstead.dashboard.zones import zone_of
from ohmstead.errors import Conflict, NotFound
from ohmstead.store.people import User
from ohmstead.store.site_details import DETAILS, Detailed
from ohmstead.store.sites import Organisation, named, zone_named

CHANGING = [HttpMethod.PATCH, HttpMethod.PUT]


@get(
    "/api/v1/organizations",
    responses=answers(400, 401, 503),
    security=SECURITY,
    summary="The organisations",
)
async def organizations(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    pageSize: PageSize = None,
    pageNumber: PageNumber = 1,
) -> Response[list[shapes.Organization]]:
    """The organisations one may see, by number; those of granted sites too."""
    page = Page(pageSize, pageNumber)
    found = await parts.organisations.seen(
        user.organisation, user.granted, skipped=page.skipped, limit=page.limit + 1
    )
    return page.answer(request, found, _organization)


@post(
    "/api/v1/organizations",
    responses=answers(400, 401, 409, 413, 503),
    security=SECURITY,
    summary="Add an organisation",
)
async def add_organization(
    data: JSONBody[shapes.OrganizationBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Organization:
    """Add an organisation; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    with about("organization.name"):
        return _organization(
            await parts.organisations.add(data.organization.name, by=by(user, parts))
        )


async def _organization_of(id: int, user: User, parts: Parts) -> Organisation:
    found = await parts.organisations.seen(user.organisation, user.granted, only=id)
    if not found:
        raise NotFound(f"there is no organization {id}, or it is not yours to see")
    return found[0]


@get(
    "/api/v1/organizations/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="An organisation",
)
async def organization(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Organization:
    """One organisation."""
    return _organization(await _organization_of(id, user, parts))


@route(
    "/api/v1/organizations/{id:int}",
    http_method=CHANGING,
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Rename an organisation",
)
async def rename_organization(
    id: Number,
    data: JSONBody[shapes.OrganizationBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Organization:
    """Give an organisation another name; for admins of the installation."""
    await _organization_of(id, user, parts)
    require(user, Action.MANAGE_INSTALLATION)
    with about("organization.name"):
        return _organization(
            await parts.organisations.rename(id, data.organization.name, by=by(user, parts))
        )


@delete(
    "/api/v1/organizations/{id:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SECURITY,
    summary="Remove an organisation",
)
async def remove_organization(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """Remove an organisation that has neither users nor sites; for admins of the installation."""
    await _organization_of(id, user, parts)
    require(user, Action.MANAGE_INSTALLATION)
    await parts.organisations.remove(id, by=by(user, parts))


@get("/api/v1/sites", responses=answers(400, 401, 503), security=SECURITY, summary="The sites")
async def sites(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    organization_id: OfOrganization = None,
    pageSize: PageSize = None,
    pageNumber: PageNumber = 1,
) -> Response[list[shapes.Site]]:
    """The sites one may see, by number."""
    page = Page(pageSize, pageNumber)
    found = await parts.site_details.seen(
        user, organisation=organization_id, skipped=page.skipped, limit=page.limit + 1
    )
    return page.answer(request, found, shown_site)


@post(
    "/api/v1/sites",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Add a site",
)
async def add_site(
    data: JSONBody[shapes.SiteBody], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Site:
    """Add a site; for managers and admins.

    Its time zone is the one that is sent, else the one of city and country, else that of the
    organisation's first site, else UTC.
    """
    require(user, Action.MANAGE_METERS)
    said = data.site
    organisation = given(said.organization_id or user.organisation, "site.organization_id")
    if not sees(user.organisation, organisation):
        raise NotFound(f"there is no organization {organisation}, or it is not yours to see")
    name = _named(given(said.name, "site.name"))
    _zoned(said.timezone)
    zone = said.timezone or zone_of(said.city or "", said.country or "")
    if zone is None:
        others = await parts.sites.all(organisation)
        zone = others[0].timezone if others else "UTC"
    details = {key: text for key, text in _details(said).items() if text is not None}
    with about("site"):
        made = await parts.site_details.add(name, organisation, zone, details, by=by(user, parts))
    return shown_site(made)


def _named(name: str) -> str:
    with about("site.name"):
        return named(name, "a site")


def _zoned(timezone: str | None) -> None:
    with about("site.timezone"):
        zone_named(timezone or "UTC")


def _details(said: shapes.SiteGiven) -> dict[str, str | None]:
    """What was said of the details; None for a text that was taken away."""
    found = {name: getattr(said, name) for name in DETAILS}
    return {name: text or None for name, text in found.items() if text is not None}


@get(
    "/api/v1/sites/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="A site",
)
async def site(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Site:
    """One site."""
    return shown_site(await site_of(id, user, parts))


@route(
    "/api/v1/sites/{id:int}",
    http_method=CHANGING,
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Change a site",
)
async def change_site(
    id: Number,
    data: JSONBody[shapes.SiteBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Site:
    """Change what is sent about a site; for managers and admins."""
    found, said = (await own_site(id, user, parts)).site, data.site
    _zoned(said.timezone)
    if said.name is not None:
        _named(said.name)
    if said.organization_id not in (None, found.organisation):
        raise Conflict("a site stays in its organisation; add another one there")
    with about("site"):
        changed = await parts.site_details.change(
            found,
            name=said.name,
            timezone=said.timezone,
            details=_details(said),
            by=by(user, parts),
        )
    return shown_site(changed)


@delete(
    "/api/v1/sites/{id:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SECURITY,
    summary="Remove a site",
)
async def remove_site(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """Remove a site that has no meters; for managers and admins."""
    found = await own_site(id, user, parts)
    await parts.site_details.remove(found.site, by=by(user, parts))


@get(
    "/api/v1/sites/{id:int}/associated_users",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="The users of a site",
)
async def associated_users(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> list[shapes.User]:
    """Who sees a site: the people of its organisation, and who was granted it; for managers."""
    found = await own_site(id, user, parts)
    require(user, Action.INVITE)
    seen = await parts.site_grants.people(found.site)
    return [people.shown(each) for each in await parts.profiles.of_each(seen)]


@get(
    "/api/v1/sites/{id:int}/metadata",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="What is known of a site",
)
async def metadata(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.SiteMetadata:
    """Address, contact, time zone, and how many meters stand there."""
    found = await site_of(id, user, parts)
    plain = shown_site(found)
    return shapes.SiteMetadata(
        id=plain.id,
        name=plain.name,
        timezone=plain.timezone,
        meters=found.meters,
        **{name: getattr(plain, name) for name in DETAILS},
    )


def shown_site(found: Detailed) -> shapes.Site:
    """A site as the API gives it."""
    return shapes.Site(
        id=found.site.id,
        organization_id=found.site.organisation,
        organization_name=found.organisation_name,
        name=found.site.name,
        timezone=found.site.timezone,
        **{name: found.details.get(name) for name in DETAILS},
    )


def _organization(found: Organisation) -> shapes.Organization:
    return shapes.Organization(id=found.id, name=found.name)


ROUTES = [
    *(organizations, add_organization, organization, rename_organization, remove_organization),
    *(sites, add_site, site, change_site, remove_site, associated_users, metadata),
]
