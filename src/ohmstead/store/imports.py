"""What is there already of readings that are to be imported."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from ohmstead.store.database import Database

THERE = "SELECT count(*) AS there FROM readings WHERE stream = %s AND at = ANY(%s)"


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
