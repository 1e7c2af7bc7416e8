"""What the routes work with, handed to them: the store, the hub, the sessions, the clock."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated

from litestar import Request
from litestar.datastructures import State
from litestar.params import Dependency

from ohmstead.access.roles import Action, may, sees
from ohmstead.clock import Clock
from ohmstead.dashboard.live import Hub
from ohmstead.dashboard.sessions import COOKIE, Sessions
from ohmstead.errors import Forbidden, NotFound
from ohmstead.store.database import Database
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.people import People, User
from ohmstead.store.readings import Readings

AnyRequest = Request[object, object, State]


@dataclass(frozen=True)
class Desk:
    """The parts of one cloud's dashboard."""

    database: Database
    hub: Hub
    key: bytes
    clock: Clock
    sessions: Sessions = field(init=False)
    people: People = field(init=False)
    meters: Meters = field(init=False)
    readings: Readings = field(init=False)

    def __post_init__(self) -> None:
        made = {
            "sessions": Sessions(self.database, self.key, self.clock),
            "people": People(self.database),
            "meters": Meters(self.database),
            "readings": Readings(self.database),
        }
        for name, part in made.items():
            object.__setattr__(self, name, part)

    async def seen_by(self, user: User) -> list[Meter]:
        """The meters a user may see."""
        return await self.meters.all(user.organisation)

    async def meter(self, user: User, id: str) -> Meter:
        """One meter; NotFound also when the user may not see it."""
        meter = await self.meters.get(id)
        if not sees(user.organisation, meter.site.organisation):
            raise NotFound(f"there is no meter {id!r}")
        return meter

    async def visible(self, user: User, ids: Collection[str]) -> list[Meter]:
        """Those meters, in the order of the list; NotFound names the first that is not there."""
        known = {meter.id: meter for meter in await self.seen_by(user)}
        for id in ids:
            if id not in known:
                raise NotFound(f"there is no meter {id!r}")
        return [known[id] for id in ids]


async def current_user(request: AnyRequest, desk: Annotated[Desk, Dependency()]) -> User:
    """Who sends this request; NotSignedIn or Forbidden."""
    user = await desk.sessions.who(request.cookies.get(COOKIE))
    if not may(user.role, Action.SEE, user.organisation):
        raise Forbidden("Your role does not let you look at meters.")
    return user
