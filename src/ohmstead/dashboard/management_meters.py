"""The management API about meters and appliances."""

from dataclasses import replace

from litestar import Response, delete, get, post, route
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead.access import secrets
from ohmstead.access.roles import Action
from ohmstead.dashboard import management_shapes as shapes
from ohmstead.dashboard.management_meter_words import shown, shown_appliance, wanted_of
from ohmstead.dashboard.management_places import CHANGING
from ohmstead.dashboard.management_words import (
    SECURITY,
    Named,
    OfMeter,
    OfOrganization,
    OfSite,
    Page,
    PageNumber,
    PageSize,
    about,
    given,
    meter_of,
    own_meter,
    own_site,
)
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers
from ohmstead.dashboard.proving import Asked, by, require
from ohmstead.store.managed_meters import Change, Managed, Which
from ohmstead.store.people import User
from ohmstead.store.sites import Site

MINUTES = 5.0
"""How often a meter is expected to say something when nobody says."""


@get("/api/v1/meters", responses=answers(400, 401, 503), security=SECURITY, summary="The meters")
async def meters(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    organization_id: OfOrganization = None,
    site_id: OfSite = None,
    pageSize: PageSize = None,
    pageNumber: PageNumber = 1,
) -> Response[list[shapes.Meter]]:
    """The meters one may see, by number; appliances are listed apart."""
    page = Page(pageSize, pageNumber)
    found = await parts.managed.seen(
        user,
        Which(organization_id, site_id, appliance=False),
        skipped=page.skipped,
        limit=page.limit + 1,
    )
    return page.answer(request, found, shown)


@get(
    "/api/v1/appliances",
    responses=answers(400, 401, 503),
    security=SECURITY,
    summary="The appliances",
)
async def appliances(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    organization_id: OfOrganization = None,
    site_id: OfSite = None,
    meter_id: OfMeter = None,
    pageSize: PageSize = None,
    pageNumber: PageNumber = 1,
) -> Response[list[shapes.Appliance]]:
    """The appliances one may see, by number."""
    page = Page(pageSize, pageNumber)
    found = await parts.managed.seen(
        user,
        Which(organization_id, site_id, meter_id, appliance=True),
        skipped=page.skipped,
        limit=page.limit + 1,
    )
    return page.answer(request, found, shown_appliance)


@post(
    "/api/v1/meters",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Add a meter",
)
async def add(
    data: JSONBody[shapes.MeterBody], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Meter:
    """Add a meter to a site, ready for packets with its reference; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    site = await own_site(given(data.meter.site_id, "meter.site_id"), user, parts)
    kind = given(data.meter.type, "meter.type")
    wanted = wanted_of(data.meter, "meter", kind, Change(appliance=False))
    return shown(await _added(site.site, kind, wanted, user, parts, "meter"))


@post(
    "/api/v1/appliances",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Add an appliance",
)
async def add_appliance(
    data: JSONBody[shapes.ApplianceBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Appliance:
    """Add an appliance: a meter of its own, below the one it is part of; for managers.

    Without `meter_id` it is below none, at the site `site_id`.
    """
    require(user, Action.MANAGE_METERS)
    said = data.appliance
    above = None if said.meter_id is None else await own_meter(str(said.meter_id), user, parts)
    if above is None:
        at = given(said.site_id, "appliance.meter_id")
        site = (await own_site(at, user, parts)).site
        kind = given(said.type, "appliance.type")
    else:
        site, kind = above.meter.site, said.type or above.meter.type
        if said.site_id not in (None, site.id):
            raise Misfit("appliance.site_id", f"meter {said.meter_id} stands at site {site.id}")
    start = Change(appliance=True, channel_param_type=said.channel_param_type)
    wanted = wanted_of(said, "appliance", kind, start)
    made = await _added(site, kind, wanted, user, parts, "appliance")
    if above is None:
        return shown_appliance(made)
    try:
        with about("appliance.meter_id"):
            await parts.virtual_meters.set_parent(made.meter.id, above.meter.id)
    except Exception:
        await parts.meters.remove(made.meter.id)
        raise
    return shown_appliance(await parts.managed.get(str(made.meter.stream)))


async def _added(
    site: Site, kind: str, wanted: Change, user: User, parts: Parts, word: str
) -> Managed:
    """A new meter; what a meter is made with first, then the rest."""
    id = wanted.id or f"meter-{secrets.new_name()}"
    with about(word):
        made = await parts.meters.add(
            id,
            site.id,
            kind.lower(),
            wanted.interval_s or MINUTES * 60,
            wanted.reading or "cumulative",
            name=wanted.name,
            unit=wanted.unit,
        )
        rest = replace(wanted, id=None, name=None, type=None, unit=None)
        return await parts.managed.change(made, rest, by=by(user, parts), action="meter added")


@get(
    ["/api/v1/meters/{id:str}", "/api/v1/appliances/{id:str}"],
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="A meter or an appliance",
)
async def one(
    request: Asked, id: Named, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Meter | shapes.Appliance:
    """One meter or appliance, by its number or its reference."""
    found = await meter_of(id, user, parts, request)
    return shown_appliance(found) if found.appliance else shown(found)


async def _changed(
    request: Asked, id: str, said: shapes.MeterGiven, word: str, user: User, parts: Parts
) -> Managed:
    found = await own_meter(id, user, parts, request)
    wanted = wanted_of(said, word, said.type, Change(), of=found.meter.type)
    if said.site_id not in (None, found.meter.site.id):
        wanted = replace(wanted, site=(await own_site(said.site_id or 0, user, parts)).site)
    if isinstance(said, shapes.ApplianceGiven):
        wanted = replace(wanted, channel_param_type=said.channel_param_type)
        if said.meter_id is not None:
            above = await own_meter(str(said.meter_id), user, parts)
            with about(f"{word}.meter_id"):
                await parts.virtual_meters.set_parent(found.meter.id, above.meter.id)
    with about(word):
        return await parts.managed.change(found.meter, wanted, by=by(user, parts))


@route(
    "/api/v1/meters/{id:str}",
    http_method=CHANGING,
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Change a meter",
)
async def change(
    request: Asked,
    id: Named,
    data: JSONBody[shapes.MeterBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Meter:
    """Change what is sent about a meter; for managers and admins."""
    return shown(await _changed(request, id, data.meter, "meter", user, parts))


@route(
    "/api/v1/appliances/{id:str}",
    http_method=CHANGING,
    status_code=200,
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SECURITY,
    summary="Change an appliance",
)
async def change_appliance(
    request: Asked,
    id: Named,
    data: JSONBody[shapes.ApplianceBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Appliance:
    """Change what is sent about an appliance; for managers and admins."""
    return shown_appliance(await _changed(request, id, data.appliance, "appliance", user, parts))


@delete(
    ["/api/v1/meters/{id:str}", "/api/v1/appliances/{id:str}"],
    responses=answers(400, 401, 404, 409, 503),
    security=SECURITY,
    summary="Remove a meter or an appliance",
)
async def remove(
    request: Asked, id: Named, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """Remove a meter with what it measured; for managers and admins.

    409 while a device reads it or a formula uses it.
    """
    found = await own_meter(id, user, parts, request)
    await parts.managed.remove(found.meter, by=by(user, parts))


@get(
    ["/api/v1/meters/{id:str}/metadata", "/api/v1/appliances/{id:str}/metadata"],
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="What is known of a meter",
)
async def metadata(
    request: Asked, id: Named, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.MeterMetadata:
    """When it first and last said something, how often, and what it is."""
    found = (await meter_of(id, user, parts, request)).meter
    latest = (await parts.readings.latest([found.stream])).get(found.stream)
    counts = await parts.meters.counts(found.stream)
    first = await parts.managed.first_reading(found)
    return shapes.MeterMetadata(
        id=found.stream,
        reference=found.id,
        first_measurement=None if first is None else f"{first:%Y-%m-%dT%H:%M:%SZ}",
        last_measurement=None if latest is None else f"{latest.at:%Y-%m-%dT%H:%M:%SZ}",
        measurements=counts.accepted,
        manufacturer_id=(latest.identity.id or None) if latest else None,
        model=(latest.identity.model or None) if latest else None,
        device=found.device,
        timezone=found.site.timezone,
    )


ROUTES = [
    *(meters, add, change, appliances, add_appliance, change_appliance),
    *(one, remove, metadata),
]
