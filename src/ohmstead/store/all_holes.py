"""The holes of all meters that somebody sees, in columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ohmstead.store.database import Database
from ohmstead.store.energy_columns import plain
from ohmstead.store.holes import holes
from ohmstead.store.meters import Meter

HOLES_MOST = 10_000


@dataclass(frozen=True, slots=True)
class AllHoles:
    """Holes by meter and time, in epoch seconds; `ended` null of one that still lasts.

    `meters_with_holes` and `holes` count all of them; the columns have the first 10,000.
    """

    timezone: str
    source: str
    meters_with_holes: int
    holes: int
    meter: Sequence[str]
    began: Sequence[float | None]
    ended: Sequence[float | None]
    duration_s: Sequence[float | None]


async def all_holes(
    database: Database, meters: Sequence[Meter], first: datetime, last: datetime, now: datetime
) -> AllHoles:
    """The holes of `meters` that touch `first` to before `last` (aware).

    What was committed in the last seconds may not be among them.
    """
    names = {each.stream: each.id for each in meters if each.formula is None}
    found = await holes(database, list(names), first, last, now)
    until = np.where(np.isnan(found.ended), now.timestamp(), found.ended)
    shown = slice(HOLES_MOST)
    return AllHoles(
        timezone="UTC",
        source="readings",
        meters_with_holes=len(found.streams),
        holes=len(found.stream),
        meter=[names[stream] for stream in found.stream[shown].tolist()],
        began=plain(found.began[shown]),
        ended=plain(found.ended[shown]),
        duration_s=plain((until - found.began)[shown].round(6)),
    )
