"""The holes of one meter: when nothing was read for longer than it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ohmstead.analytics.energy import longest_step_s
from ohmstead.store.database import Database
from ohmstead.store.meters import Meter
from ohmstead.store.rollups import Rollups

HOLES_MOST = 10_000
BETWEEN = """
    SELECT extract(epoch FROM began)::float8, extract(epoch FROM at)::float8 FROM stream_events
    WHERE stream = %s AND kind = 'gap' AND at > %s AND began < %s ORDER BY began LIMIT %s
"""
ENDS = """
    SELECT (SELECT extract(epoch FROM at)::float8 FROM readings WHERE stream = %(stream)s
            ORDER BY at LIMIT 1),
           (SELECT extract(epoch FROM at)::float8 FROM readings WHERE stream = %(stream)s
            ORDER BY at DESC LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class Holes:
    """Holes, the oldest first, in epoch seconds; `ended` null of one that still lasts.

    `began` is the last reading before it.  `hole_s` is how much of the time asked for, up to now
    and from the first reading on, lies in holes.
    """

    meter: str
    timezone: str
    interval_s: float
    longest_s: float
    source: str
    first_reading: float | None
    began: Sequence[float]
    ended: Sequence[float | None]
    duration_s: Sequence[float]
    hole_s: float


class MeterHoles:
    """Holes of a meter, asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, meter: Meter, first: datetime, last: datetime, now: datetime) -> Holes:
        """The holes that touch `first` to before `last` (aware), the oldest `HOLES_MOST`."""
        await Rollups(self._database).refresh([meter.stream])
        async with self._database.transaction() as connection:
            asked = meter.stream, first, last, HOLES_MOST
            found = await (await connection.execute(BETWEEN, asked)).fetchall()
            ends = await (await connection.execute(ENDS, {"stream": meter.stream})).fetchone()
        oldest, newest = ends or (None, None)
        longest_s, now_s = longest_step_s(meter.interval_s), now.timestamp()
        holes: list[tuple[float, float | None]] = [(began, ended) for began, ended in found]
        lasting = newest is not None and newest < last.timestamp() and now_s - newest > longest_s
        if lasting and newest is not None:
            holes.append((newest, None))
        lengths = [(now_s if ended is None else ended) - began for began, ended in holes]
        inside = [
            min(last.timestamp(), now_s if ended is None else ended) - max(first.timestamp(), began)
            for began, ended in holes
        ]
        return Holes(
            meter=meter.id,
            timezone=meter.site.timezone,
            interval_s=meter.interval_s,
            longest_s=longest_s,
            source="readings",
            first_reading=oldest,
            began=[began for began, _ in holes],
            ended=[ended for _, ended in holes],
            duration_s=[round(each, 6) for each in lengths],
            hole_s=round(sum(each for each in inside if each > 0), 6),
        )
