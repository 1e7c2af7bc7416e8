"""The holes of many meters at once: who was not read on a day, and from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ohmstead.analytics.energy import GAP, LEAST_HOLE_S, Floats, Ints
from ohmstead.store.database import Database
from ohmstead.store.packed import seconds, unpacked, whole_arrays

BETWEEN = """
    SELECT array_agg(stream), array_agg(began), array_agg(at) FROM stream_events
    WHERE kind = 'gap' AND tstzrange(began, at) && tstzrange(%(first)s, %(last)s)
      AND (%(streams)s::int4[] IS NULL OR stream = ANY(%(streams)s))
"""
LASTING = """
    SELECT array_agg(l.stream), array_agg(l.at) FROM latest l JOIN meters m ON m.stream = l.stream
    WHERE l.at < %(last)s
      AND l.at < %(now)s - greatest(%(gap)s * m.interval_s, %(least)s) * interval '1 second'
      AND (%(streams)s::int4[] IS NULL OR l.stream = ANY(%(streams)s))
"""


@dataclass(frozen=True, slots=True, eq=False)
class Holes:
    """Holes by stream and time: arrays of one length.

    `began` is the last reading before the hole, `ended` the first after it (epoch seconds), NaN
    where it still lasts.
    """

    stream: Ints
    began: Floats
    ended: Floats

    @property
    def streams(self) -> list[int]:
        """The streams that have one."""
        return [int(each) for each in np.unique(self.stream)]


async def holes(
    database: Database,
    streams: Sequence[int] | None,
    first: datetime,
    last: datetime,
    now: datetime,
) -> Holes:
    """The holes of `streams`, or of all, that touch `first` to before `last` (aware).

    What was committed in the last seconds may not be among them: nothing is made anew for this.
    """
    asked = {
        "streams": None if streams is None else list(streams),
        "first": first,
        "last": last,
        "now": now,
        "gap": GAP,
        "least": LEAST_HOLE_S,
    }
    async with database.transaction() as connection:
        cursor = connection.cursor(binary=True)
        whole_arrays(cursor.adapters)
        between = await (await cursor.execute(BETWEEN.encode(), asked)).fetchone() or (None,) * 3
        lasting = await (await cursor.execute(LASTING.encode(), asked)).fetchone() or (None,) * 2
    stream = np.concatenate([unpacked(each[0], "int4") for each in (between, lasting)])
    began = np.concatenate([unpacked(each[1], "timestamptz") for each in (between, lasting)])
    ended = seconds(unpacked(between[2], "timestamptz"))
    ended = np.concatenate([ended, np.full(len(stream) - len(ended), np.nan)])
    order = np.lexsort((began, stream))
    return Holes(stream[order].astype(np.int64), seconds(began[order]), ended[order])
