"""The holes of many meters at once."""

from datetime import UTC, datetime, timedelta

import numpy as np
from tests.store.conftest import NOW, MakeMeter

from ohmstead.clock import SetClock
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.holes import holes
from ohmstead.store.rollups import Rollups

HOUR = timedelta(hours=1)
DAY = datetime(2025, 11, 20, tzinfo=UTC)


async def test_holes_that_touch_a_day_and_those_that_last(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: further apart than 1.75 intervals; one that lasts has no end."""
    said = {
        "whole": range(37),
        "pierced": [*range(5), *range(8, 37)],
        "over midnight": [*range(-6, -2), *range(2, 37)],
        "gone": range(30),
        "the day after": [*range(25), *range(34, 37)],
    }
    streams = {}
    for id, hours in said.items():
        meter = await make_meter(id.replace(" ", "-"), "UTC", interval_s=3600.0)
        streams[id] = meter.stream
        rows = [Row(meter.stream, DAY + h * HOUR, NOW, {"1.8.0": float(h + 9)}) for h in hours]
        await Committer(database, clock).commit(rows)
    await Rollups(database).work_off()
    found = await holes(database, None, DAY, DAY + 24 * HOUR, NOW)
    assert found.streams == sorted([streams["pierced"], streams["over midnight"]])
    began = [(each - DAY.timestamp()) / 3600 for each in found.began]
    ended = [(each - DAY.timestamp()) / 3600 for each in found.ended]
    assert sorted(zip(began, ended, strict=True)) == [(-3.0, 2.0), (4.0, 8.0)]
    later = await holes(database, None, DAY + 24 * HOUR, DAY + 48 * HOUR, NOW)
    assert later.streams == sorted([streams["gone"], streams["the day after"]])
    assert np.isnan(later.ended[later.stream == streams["gone"]]).all()
    only = await holes(database, [streams["gone"]], DAY, DAY + 48 * HOUR, NOW)
    assert only.streams == [streams["gone"]]
    assert (await holes(database, [streams["whole"]], DAY, DAY + 24 * HOUR, NOW)).streams == []
