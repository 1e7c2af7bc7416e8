"""What the tests of the store share: one meter to write readings of."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from ohmstead.clock import SetClock
from ohmstead.store.database import Database
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.sites import Organisations, Sites

NOW = datetime(2025, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    """The noon at which these tests stand."""
    return SetClock(NOW)


MakeMeter = Callable[..., Awaitable[Meter]]


@pytest.fixture
def make_meter(database: Database) -> MakeMeter:
    """Makes meters at a site in Zurich: `await make_meter("m1", type="gas")`."""

    async def make(id: str = "m1", zone: str = "Europe/Zurich", **properties: object) -> Meter:
        organisations = await Organisations(database).all()
        owner = organisations[0] if organisations else await Organisations(database).add("Works")
        known = {site.name: site for site in await Sites(database).all()}
        site = known.get(zone) or await Sites(database).add(zone, owner.id, zone)
        given = {"type": "electricity", "interval_s": 10.0, **properties}
        return await Meters(database).add(id, site.id, **given)  # type: ignore[arg-type]

    return make
