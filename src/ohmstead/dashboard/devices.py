"""Devices that read meters: added, renewed and removed by managers of the sites they stand at."""

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from ohmstead.access import secrets
from ohmstead.access.roles import Action, sees
from ohmstead.dashboard import place_shapes as shapes
from ohmstead.dashboard.management_words import own_site
from ohmstead.dashboard.meter_changes import own as own_meter
from ohmstead.dashboard.paging import PAGE_MOST, AfterText, Limit, no_page, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import BadInput, Conflict, NotFound, Unavailable
from ohmstead.store import audit, facts
from ohmstead.store.devices import Device, mac_of
from ohmstead.store.meters import Meter
from ohmstead.store.people import User

INTERVAL_S = 10.0
"""How often a device's own meter says something, unless that is changed."""


async def own(mac: str, user: User, parts: Parts) -> Device:
    """A device that `user` manages; Forbidden, NotFound."""
    require(user, Action.MANAGE_METERS)
    try:
        found = await parts.devices.get(mac)
    except NotFound:
        found = None
    if found is None or not sees(user.organisation, found.site.organisation):
        raise NotFound(f"there is no device {mac_of(mac)}, or it is not yours to see")
    return found


def mac_behind(after: str | None) -> str:
    """The MAC that a page ended with, before all others where there was none; Misfit."""
    if after is None:
        return ""
    try:
        return mac_of(after)
    except BadInput:
        raise no_page(after) from None


@get(
    "/api/managed-devices",
    responses=answers(400, 401, 503),
    security=SIGNED_IN,
    summary="The devices one manages",
)
async def managed(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: AfterText = None,
    limit: Limit = PAGE_MOST,
) -> shapes.ManagedDevices:
    """The devices at sites of one's organisation, by MAC; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    found = await parts.devices.page(user.organisation, mac_behind(after), limit + 1)
    page, following = paged(found, limit, lambda each: each.mac)
    return shapes.ManagedDevices(
        items=[await _shown(each, parts) for each in page],
        next=following,
    )


@post(
    "/api/devices",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add a device",
)
async def add(
    data: JSONBody[shapes.NewDevice], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.DeviceAccess:
    """Add a device, and show, once, what it signs in with; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    mac, site = mac_of(data.mac), (await own_site(data.site, user, parts)).site
    certificate = await _certificate(parts)
    try:
        await parts.devices.get(mac)
    except NotFound:
        pass  # as it should be
    else:
        raise Conflict(f"device {mac} exists already; remove it first to give it a new password")
    meter = await _meter(data.meter or None, mac, site.id, user, parts)
    password, claim = secrets.new_secret(), secrets.new_claim()
    made = await parts.devices.add(
        mac,
        meter.id,
        secrets.digest(parts.key, password),
        secrets.digest(parts.key, claim),
    )
    await _told(made, "device added", user, parts)
    return await _access(made, password, claim, certificate, parts)


async def _meter(id: str | None, mac: str, site: int, user: User, parts: Parts) -> Meter:
    """The meter that is named, or one of the device's own."""
    if id is None:
        try:
            found = await parts.meters.get(mac)
        except NotFound:
            return await parts.meters.add(mac, site, "electricity", INTERVAL_S)
        id = found.id
    found = await own_meter(id, user, parts)
    if found.site.id != site:
        raise BadInput(f"meter {found.id!r} stands at site {found.site.id}, not at site {site}")
    return found


@get(
    "/api/devices/{mac:str}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="A device",
)
async def one(
    mac: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.ManagedDevice:
    """One device, without what it signs in with; for managers and admins."""
    return await _shown(await own(mac, user, parts), parts)


@post(
    "/api/devices/{mac:str}/renew",
    status_code=200,
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Give a device a new password",
)
async def renew(
    mac: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.DeviceAccess:
    """Show, once, a new password and claim code; the old ones end at once.  For managers."""
    found = await own(mac, user, parts)
    certificate = await _certificate(parts)
    password, claim = secrets.new_secret(), secrets.new_claim()
    digests = secrets.digest(parts.key, password), secrets.digest(parts.key, claim)
    renewed = await parts.devices.renew(found.mac, *digests)
    await _told(renewed, "device renewed", user, parts)
    return await _access(renewed, password, claim, certificate, parts)


@delete(
    "/api/devices/{mac:str}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Remove a device",
)
async def remove(
    mac: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """Let a device sign in no more; its meter and readings stay.  For managers and admins."""
    found = await own(mac, user, parts)
    await parts.devices.remove(found.mac)
    await _told(found, "device removed", user, parts)


async def _certificate(parts: Parts) -> str:
    found = await parts.facts.get(facts.CA_CERTIFICATE)
    if found is None:
        raise Unavailable("the cloud has no certificate yet; start it once")
    return found


async def _access(
    device: Device, password: str, claim: str, certificate: str, parts: Parts
) -> shapes.DeviceAccess:
    return shapes.DeviceAccess(
        id=device.mac,
        uri=await parts.facts.get(facts.MQTT_URI) or "",
        username=device.username,
        password=password,
        topic=f"up/{device.mac}",
        certificate=certificate,
        claim=claim,
        meter=device.meter,
        site=device.site.id,
    )


async def _told(device: Device, action: str, user: User, parts: Parts) -> None:
    now = by(user, parts)
    await audit.record(
        parts.database,
        actor=now.name,
        organisation=device.site.organisation,
        action=action,
        subject=device.mac,
        at=now.at,
    )


async def _shown(device: Device, parts: Parts) -> shapes.ManagedDevice:
    latest = (await parts.readings.latest([device.stream])).get(device.stream)
    tried = await parts.break_outs.of(device.username)
    return shapes.ManagedDevice(
        mac=device.mac,
        username=device.username,
        meter=device.meter,
        site=device.site.id,
        last_at=latest.at if latest else None,
        break_outs={kind: each.attempts for kind, each in sorted(tried.items())},
    )


ROUTES = [managed, add, one, renew, remove]
