"""Buckets made anew because somebody says so: whatever they were, they are as the readings are."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.store.conftest import MakeMeter

from ohmstead.clock import SetClock
from ohmstead.errors import BadInput, Conflict
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.recompute import Recomputing
from ohmstead.store.rollups import Rollups
from ohmstead.store.virtual_meters import VirtualMeters

FIRST = datetime(2025, 3, 29, 20, tzinfo=UTC)
EVERY = "SELECT * FROM rollups WHERE stream = %s ORDER BY level, at, part"


async def test_buckets_are_made_anew_whatever_they_were(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md, made anew by hand: over a month's end, archived months left as they are."""
    meter = await make_meter(interval_s=900.0)
    work = Recomputing(database)
    assert (await work.of(meter, None, None)).first is None
    rows = [
        Row(meter.stream, FIRST + n * timedelta(minutes=15), clock.now(), {"1.8.0": n / 4})
        for n in range(4 * 72)
    ]
    await Committer(database, clock).commit(rows)
    await Rollups(database).refresh([meter.stream])
    right = await database.rows(EVERY, (meter.stream,))
    await database.change(
        "UPDATE rollups SET active_import_energy_kwh = 7, covered_s = NULL WHERE stream = %s",
        (meter.stream,),
    )
    await database.change(
        "UPDATE rollups SET at = at + interval '4 days' WHERE stream = %s AND level = 0"
        " AND at > '2025-04-01T15:00Z'",
        (meter.stream,),
    )
    done = await work.of(meter, None, None)
    assert (done.first, done.quarters) == (FIRST, 4 * 72 - 1)
    assert await database.rows(EVERY, (meter.stream,)) == right
    await database.change("DELETE FROM rollups WHERE stream = %s AND level = 0", (meter.stream,))
    await work.of(meter, date(2025, 3, 31), date(2025, 4, 1))
    (day,) = await database.rows(
        "SELECT active_import_energy_kwh AS kwh FROM rollups WHERE stream = %s AND level = 2"
        " AND at = '2025-03-30T22:00Z'",
        (meter.stream,),
    )
    assert day["kwh"] == 24.0
    floor = datetime(2025, 4, 1, tzinfo=UTC)
    await database.change(
        "INSERT INTO archive_floors (stream, floor, exact) VALUES (%s, %s, %s)",
        (meter.stream, floor, floor),
    )
    with pytest.raises(Conflict, match=r"2025-03-31 is archived.*before 2025-04-01.*restore"):
        await work.of(meter, date(2025, 3, 31), None)
    done = await work.of(meter, None, None)
    assert (done.first, done.archived) == (floor, floor)
    formula = await VirtualMeters(database).add("v", meter.site.id, meter.id)
    with pytest.raises(BadInput, match="is a formula, of which nothing is kept"):
        await work.of(formula, None, None)
