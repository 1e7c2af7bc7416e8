"""Readings that are to be imported: as rows, and what is there of them already."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ohmstead.store.batch import Row
from ohmstead.store.database import Database
from ohmstead.store.meters import Meter
from ohmstead.surfaces.imports import Imported, Target

FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before, nothing was measured that anybody has."""
FUTURE = timedelta(days=1)
"""Clocks of other programs may be ahead so far."""
THERE = "SELECT count(*) AS there FROM readings WHERE stream = %s AND at = ANY(%s)"


def out_of_time(at: datetime, now: datetime) -> str | None:
    """Why a reading of this time cannot be right; None when it can."""
    if FIRST <= at <= now + FUTURE:
        return None
    return f"its time {at.isoformat()} cannot be right"


async def there(database: Database, keys: Iterable[tuple[int, datetime]]) -> int:
    """How many of these (stream, moment) are stored; each is counted once."""
    moments: dict[int, set[datetime]] = defaultdict(set)
    for stream, at in keys:
        moments[stream].add(at)
    found = 0
    for stream, each in moments.items():
        row = await database.one(THERE, (stream, sorted(each)))
        found += row["there"] if row else 0
    return found


def row_of(item: Imported, meter: Meter, now: datetime) -> Row:
    """A reading as it is stored, received at `now`; BadInput for a unit that is not the meter's."""
    value = item.value
    if value is not None and item.value_unit is not None:
        value = Target("value", item.value_unit, meter.unit).kept(value)
    return Row(
        stream=meter.stream,
        at=item.at,
        received_at=now,
        values=item.values,
        value=value,
        tariff=item.tariff,
        meter_at=item.meter_at,
        number=item.number,
        identity=item.identity,
        meter_crc=item.meter_crc,
    )
