"""What happened between readings: holes, resets, rollovers, exchanged meters."""

from dataclasses import dataclass
from datetime import datetime

from ohmstead.store.database import Database
from ohmstead.store.meters import Meter
from ohmstead.store.rollups import Rollups

EVENTS_MOST = 1000
OF_A_STREAM = """
    SELECT at, began, kind, quantity, before, after, energy FROM stream_events
    WHERE stream = %(stream)s AND at > %(first)s AND began < %(last)s
    AND (at, kind, quantity) > (%(at)s, %(kind)s, %(quantity)s)
    ORDER BY at, kind, quantity LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Event:
    """Something between the readings of `began` and `at` (aware, UTC).

    `kind` is gap, reset, rollover or exchange.  `quantity` is the catalogue's key of the counter
    that fell (`value` of a meter that is not electric), None for the whole meter; `before` and
    `after` are what it said, `energy` what was used in between, None where nobody knows.
    """

    at: datetime
    began: datetime
    kind: str
    quantity: str | None
    before: float | None
    after: float | None
    energy: float | None


class Events:
    """What happened, asked for; every answer is as the readings are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rollups = Rollups(database)

    async def of(
        self,
        meter: Meter,
        first: datetime,
        last: datetime,
        *,
        behind: tuple[datetime, str, str] | None = None,
        limit: int = EVENTS_MOST,
    ) -> list[Event]:
        """What happened to a meter from `first` to before `last`, the oldest `limit`.

        `behind` is the last one of the page before: when, of which kind, and its quantity.
        """
        await self._rollups.refresh([meter.stream])
        at, kind, quantity = behind or (first, "", "")
        found = await self._database.rows(
            OF_A_STREAM,
            {
                "stream": meter.stream,
                "first": first,
                "last": last,
                "at": at,
                "kind": kind,
                "quantity": quantity,
                "limit": limit,
            },
        )
        return [Event(**{**row, "quantity": row["quantity"] or None}) for row in found]
