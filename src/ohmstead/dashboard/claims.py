"""Devices one has claimed: who knows a device's code, which it shows itself, stands before it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from ohmstead.access import secrets
from ohmstead.dashboard import integration_shapes as shapes
from ohmstead.dashboard.devices import mac_behind
from ohmstead.dashboard.integrations import decides, step
from ohmstead.dashboard.paging import PAGE_MOST, AfterText, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked, address_of
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import Site
from ohmstead.store import audit
from ohmstead.store.devices import Device, mac_of
from ohmstead.store.people import User

GUESSES = "claims"
"""The account under which guesses of one device's code are counted, whoever guesses."""


@get("/api/devices", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The devices")
async def devices(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: AfterText = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Devices:
    """The devices one has claimed, by MAC; for an admin of the installation, all of them."""
    found = await parts.devices.page(
        None, mac_behind(after), limit + 1, claimed_by=None if decides(user) else user.id
    )
    page, following = paged(found, limit, lambda each: each.mac)
    claimed = await parts.devices.claimed(user.id)
    return shapes.Devices(items=await _shown(page, claimed, parts), next=following)


@post(
    "/api/devices/claim",
    responses=answers(400, 401, 413, 429, 503),
    security=SIGNED_IN,
    summary="Claim a device",
)
async def claim(
    data: JSONBody[shapes.Claim],
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Device:
    """Show that one stands before a device: with the code that it shows."""
    mac, address = mac_of(data.mac), address_of(request)
    guessed = f"device {mac}"
    parts.attempts.begin(GUESSES, mac)  # from wherever: a code is short
    parts.attempts.begin(guessed, address)
    now = step(user, parts)
    digest = secrets.digest(parts.key, secrets.plain_claim(data.code))
    device = await parts.devices.claim(mac, digest, user.id, now.at)
    parts.attempts.succeeded(guessed, address)
    parts.attempts.succeeded(GUESSES, mac)
    await audit.record(
        parts.database,
        actor=now.actor,
        organisation=user.organisation,
        action="device claimed",
        subject=mac,
        at=now.at,
    )
    return (await _shown([device], await parts.devices.claimed(user.id), parts))[0]


@delete(
    "/api/devices/{mac:str}/claim",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Give a claim up",
)
async def release(
    mac: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """Undo a claim; the device leaves the integrations one owns."""
    await parts.devices.release(mac, user.id)
    now = step(user, parts)
    await audit.record(
        parts.database,
        actor=now.actor,
        organisation=user.organisation,
        action="device claim given up",
        subject=mac_of(mac),
        at=now.at,
    )


async def _shown(
    found: Sequence[Device], claimed: Mapping[str, datetime], parts: Parts
) -> list[shapes.Device]:
    inside = await parts.integration_devices.containing([each.mac for each in found])
    latest = await parts.readings.latest([each.stream for each in found])
    return [
        shapes.Device(
            mac=each.mac,
            meter=each.meter,
            site=Site(id=each.site.id, name=each.site.name, timezone=each.site.timezone),
            claimed=each.mac in claimed,
            claimed_at=claimed.get(each.mac),
            last_at=latest[each.stream].at if each.stream in latest else None,
            interval_s=each.interval_s,
            integrations=inside[each.mac],
        )
        for each in found
    ]


ROUTES = [devices, claim, release]
