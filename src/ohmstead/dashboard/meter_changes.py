"""Meters that are added, changed and removed; by managers and admins."""

from typing import Annotated

from litestar import delete, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from ohmstead.access.roles import Action, sees
from ohmstead.dashboard import place_shapes as shapes
from ohmstead.dashboard.management_words import about, own_site
from ohmstead.dashboard.meters import summary, visible
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import MeterSummary
from ohmstead.errors import Conflict, NotFound
from ohmstead.store.managed_meters import Change
from ohmstead.store.meters import Meter
from ohmstead.store.people import User


async def own(id: str, user: User, parts: Parts) -> Meter:
    """A meter that `user` may change; Forbidden, NotFound."""
    require(user, Action.MANAGE_METERS)
    found = await visible(id, user, parts)
    if not sees(user.organisation, found.site.organisation):
        raise NotFound(f"there is no meter {id!r} that is yours to change")
    return found


async def _shown(meter: Meter, parts: Parts) -> MeterSummary:
    latest = (await parts.readings.latest([meter.stream])).get(meter.stream)
    return summary(meter, latest, parts.clock.now())


@post(
    "/api/meters",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add a meter",
)
async def add(
    data: JSONBody[shapes.NewMeter], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> MeterSummary:
    """Add a meter to a site; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    site = (await own_site(data.site, user, parts)).site
    with about("meter"):
        made = await parts.meters.add(
            data.id,
            site.id,
            data.type,
            data.interval_s,
            data.reading,
            name=data.name or None,
            unit=data.unit or None,
        )
        managed = await parts.managed.change(
            made,
            Change(
                wh_per_pulse=None if data.wh_per_pulse is UNSET else data.wh_per_pulse,
                counter_digits=data.counter_digits or None,
            ),
            by=by(user, parts),
            action="meter added",
        )
    return await _shown(managed.meter, parts)


@put(
    "/api/meters/{id:str}",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Change a meter",
)
async def change(
    id: FromPath[str],
    data: JSONBody[shapes.MeterChange],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> MeterSummary:
    """Change what is sent about a meter; for managers and admins.

    409 for what would make its readings mean something else, once it has some.
    """
    found = await own(id, user, parts)
    site = (await own_site(data.site, user, parts)).site if data.site else None
    wanted = Change(
        name=data.name or None,
        site=site,
        type=data.type or None,
        interval_s=data.interval_s or None,
        reading=data.reading or None,
        unit=data.unit or None,
        wh_per_pulse=data.wh_per_pulse or None,
        counter_digits=None if data.counter_digits is UNSET else data.counter_digits,
    )
    with about("meter"):
        changed = await parts.managed.change(found, wanted, by=by(user, parts))
    return await _shown(changed.meter, parts)


@delete(
    "/api/meters/{id:str}",
    responses=answers(400, 401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Remove a meter",
)
async def remove(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    with_readings: Annotated[
        bool, QueryParameter(description="Also when it has readings, which go with it.")
    ] = False,
) -> None:
    """Remove a meter that no device reads and no formula uses; for managers and admins."""
    found = await own(id, user, parts)
    if not with_readings and await parts.meters.has_readings(found.stream):
        raise Conflict(f"meter {id!r} has readings; with_readings=true removes both")
    await parts.managed.remove(found, by=by(user, parts))


ROUTES = [add, change, remove]
