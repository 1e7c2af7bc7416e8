"""Readings as they came: the newest of many meters, and a stretch of one, in columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_OBIS
from ohmstead.store import columns
from ohmstead.store.answers import Column, label_of
from ohmstead.store.database import Database, listed
from ohmstead.store.meters import Meter

ROWS_MOST = 10_000
VALUE = "value"
LATEST = "SELECT stream, at, {listed} FROM newest WHERE stream = ANY(%s)"
RANGE = """
    SELECT at, {listed} FROM readings WHERE stream = %s AND at >= %s AND at < %s
    ORDER BY at LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest reading of each meter; `at` in epoch seconds, null where there is none.

    A quantity that no meter says has no column.  `units` is of `value`, meter by meter.
    """

    source: str
    meters: Sequence[str]
    units: Sequence[str]
    at: Sequence[float | None]
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Readings of a meter, the oldest first; `next` is the `from` of the next page, or null."""

    meter: str
    timezone: str
    resolution: str
    source: str
    at: Sequence[float]
    columns: Sequence[Column]
    next: datetime | None


class Raw:
    """Readings, asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(self, meters: Sequence[Meter], quantities: Sequence[str]) -> Newest:
        """The newest reading of each meter; all quantities when none is named.  BadInput."""
        named = checked(quantities)
        question = LATEST.format(listed=listed(column_of(each) for each in named))
        async with self._database.transaction() as connection:
            asked = [meter.stream for meter in meters]
            cursor = await connection.execute(question.encode(), (asked,), binary=True)
            found = {row[0]: row[1:] for row in await cursor.fetchall()}
        empty = (None,) * (1 + len(named))
        rows = [found.get(meter.stream, empty) for meter in meters]
        return Newest(
            source="latest",
            meters=[meter.id for meter in meters],
            units=[meter.unit or "" for meter in meters],
            at=[None if row[0] is None else row[0].timestamp() for row in rows],
            columns=_columns(named, [row[1:] for row in rows], "", keep=bool(quantities)),
        )

    async def stretch(
        self,
        meter: Meter,
        first: datetime,
        last: datetime,
        quantities: Sequence[str],
        limit: int,
    ) -> Stretch:
        """At most `limit` readings from `first` to before `last` (aware).  BadInput."""
        named = checked(quantities)
        question = RANGE.format(listed=listed(column_of(each) for each in named))
        asked = meter.stream, first, last, min(limit, ROWS_MOST) + 1
        async with self._database.transaction() as connection:
            cursor = await connection.execute(question.encode(), asked, binary=True)
            rows = await cursor.fetchall()
        more = rows[limit][0] if len(rows) > limit else None
        rows = rows[:limit]
        return Stretch(
            meter=meter.id,
            timezone=meter.site.timezone,
            resolution="readings",
            source="readings",
            at=[row[0].timestamp() for row in rows],
            columns=_columns(
                named, [row[1:] for row in rows], meter.unit or "", keep=bool(quantities)
            ),
            next=more,
        )


def checked(quantities: Sequence[str]) -> list[str]:
    """The quantities that a reading has, all of them when none is named; BadInput."""
    for each in quantities:
        if each != VALUE and each not in BY_OBIS:
            raise BadInput(
                f"{each!r} is not a quantity; /api/catalogue lists them, like 1.8.0 or 1.7.0, "
                f"and {VALUE!r} is what a meter counts that is not electric"
            )
    return list(dict.fromkeys(quantities)) or [*columns.VALUES, VALUE]


def column_of(quantity: str) -> str:
    """The column of a reading that has a quantity."""
    return columns.VALUES.get(quantity, VALUE)


def unit_of(quantity: str, unit: str) -> str:
    """The unit of a quantity; `unit` is that of the meter's value."""
    known = BY_OBIS.get(quantity)
    return known.unit or "" if known is not None else unit


def _columns(
    quantities: Sequence[str],
    rows: Sequence[tuple[float | None, ...]],
    unit: str,
    *,
    keep: bool,
) -> list[Column]:
    """A column a quantity, without those of which nothing is known, unless `keep`."""
    across = list(zip(*rows, strict=True)) or [()] * len(quantities)
    return [
        Column(quantity, label_of(quantity), unit_of(quantity, unit), "reading", list(values))
        for quantity, values in zip(quantities, across, strict=True)
        if keep or any(value is not None for value in values)
    ]
