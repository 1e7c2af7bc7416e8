"""What meters are at their site, for its self-consumption; docs/questions.md."""

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from ohmstead.dashboard.meter_changes import own
from ohmstead.dashboard.meters import visible
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import Shape
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.store.roles import Role, Roles


class NewRole(Shape, frozen=True):
    """What a meter is at its site; null takes what was said back."""

    role: Role | None


class MeterRole(Struct, frozen=True, kw_only=True):
    """What a meter is at its site, said or following from the others there; null is nothing."""

    meter: str
    role: Role | None


@get(
    "/api/meters/{id:str}/role",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="What a meter is at its site",
)
async def role(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> MeterRole:
    """The grid's, of production, of consumption."""
    return await _shown(await visible(id, user, parts), parts)


@put(
    "/api/meters/{id:str}/role",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Say what a meter is at its site",
)
async def change(
    id: FromPath[str],
    data: JSONBody[NewRole],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> MeterRole:
    """Say what a meter is at its site; for managers and admins."""
    found = await own(id, user, parts)
    await Roles(parts.database).set(found.id, data.role, by=by(user, parts))
    return await _shown(found, parts)


async def _shown(meter: Meter, parts: Parts) -> MeterRole:
    known = await Roles(parts.database).of(meter.site.id, [meter])
    return MeterRole(meter=meter.id, role=known[meter.id])


ROUTES = [role, change]
