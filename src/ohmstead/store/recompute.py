"""Buckets of energy made anew from the readings, because somebody says so."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from ohmstead.analytics.energy_calendar import midnight_s
from ohmstead.errors import BadInput, Conflict
from ohmstead.store import archive_floors
from ohmstead.store.database import Database
from ohmstead.store.meters import Meter
from ohmstead.store.rollups import Rollups

SPANS = """
    SELECT least(min(r.first), min(k.first)), greatest(max(r.last), max(k.last))
    FROM (SELECT min(at) AS first, max(at) AS last FROM readings WHERE stream = %(stream)s) r
    CROSS JOIN (
        SELECT min(at) AS first, max(at) AS last FROM rollups
        WHERE stream = %(stream)s AND level = 0
    ) k
"""
NOTE = """
    INSERT INTO rollup_notes (stream, first, last)
    SELECT %(stream)s, greatest(begin, %(first)s),
        least(begin + interval '1 month', %(last)s::timestamptz)
    FROM generate_series(date_trunc('month', %(first)s::timestamptz), %(last)s, '1 month') AS begin
"""
COUNT = """
    SELECT count(*) AS quarters FROM rollups
    WHERE stream = %s AND level = 0 AND part = 0 AND at >= %s AND at <= %s
    AND (%s::timestamptz IS NULL OR at < %s)
"""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What was made anew of a meter: so many quarters of an hour, and all longer buckets of them.

    `first` and `last` (aware) are None where it has no readings; what is older than `archived`
    stays as it was when its readings went into the archive.
    """

    meter: str
    first: datetime | None
    last: datetime | None
    quarters: int
    archived: datetime | None


class Recomputing:
    """Makes buckets anew."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, meter: Meter, first: date | None, last: date | None) -> Recomputed:
        """Make those of a meter's days anew, all unless told; Conflict where days are archived.

        What is asked for is noted first, so that it is made even if this ends half-way.
        """
        if meter.formula is not None:
            raise BadInput(
                f"meter {meter.id!r} is a formula, of which nothing is kept: "
                "name the meters that it is made of"
            )
        zone, stream = meter.site.zone, meter.stream
        begin = None if first is None else datetime.fromtimestamp(midnight_s(first, zone), UTC)
        end = None if last is None else datetime.fromtimestamp(midnight_s(last, zone), UTC)
        async with self._database.transaction() as connection:
            exact_s = await archive_floors.exact_from(connection, stream)
            exact = None if exact_s is None else datetime.fromtimestamp(exact_s, UTC)
            if begin is not None and exact is not None and begin < exact:
                raise Conflict(
                    f"meter {meter.id!r}: {first} is archived, and energy before "
                    f"{exact.astimezone(zone):%Y-%m-%d} stays as it is; restore its months first: "
                    "`ohmstead archive restore`"
                )
            asked = await connection.execute(SPANS.encode(), {"stream": stream})
            there = await asked.fetchone() or (None, None)
            if there[0] is None or there[1] is None:
                return Recomputed(meter.id, None, None, 0, exact)
            since = max(each for each in (there[0], begin, exact) if each is not None)
            until = min(each for each in (there[1], end) if each is not None)
            if since > until:
                return Recomputed(meter.id, None, None, 0, exact)
            noted = {"stream": stream, "first": since, "last": until}
            await connection.execute(NOTE.encode(), noted)
        await Rollups(self._database).refresh([stream])
        row = await self._database.one(COUNT, (stream, since, until, end, end))
        return Recomputed(meter.id, since, until, row["quarters"] if row else 0, exact)
