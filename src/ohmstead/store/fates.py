"""What became of the rows of a batch, and the counts of each stream."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from ohmstead.store.batch import Row
from ohmstead.store.database import Connection
from ohmstead.store.packed import Column, array

Numbered = Sequence[tuple[int, Row]]
Late = Literal["store", "discard"]

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
AFTER_ALL = datetime.max.replace(tzinfo=UTC)

NEWEST = "SELECT stream, at FROM latest WHERE stream = ANY(%s)"
COUNT = """
    INSERT INTO counters (stream, accepted, late, duplicate, refused)
    SELECT * FROM unnest(%s::int4[], %s::int8[], %s::int8[], %s::int8[], %s::int8[])
    ON CONFLICT (stream) DO UPDATE SET
        accepted = counters.accepted + excluded.accepted, late = counters.late + excluded.late,
        duplicate = counters.duplicate + excluded.duplicate,
        refused = counters.refused + excluded.refused
"""


class Fate(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    """Stored, and newer than everything of its stream."""
    LATE = "late"
    """Older than the newest of its stream: stored all the same, unless late ones are discarded."""
    DUPLICATE = "duplicate"
    """Its stream has a reading of that moment already; the first one stays."""
    REFUSED = "refused"
    """Not storable; `Outcome.reasons` says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each row of a batch: `fates[i]` belongs to `rows[i]`."""

    fates: tuple[Fate, ...]
    reasons: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    """Index of a refused row -> why."""

    @property
    def accepted(self) -> int:
        return self.fates.count(Fate.ACCEPTED)

    @property
    def late(self) -> int:
        return self.fates.count(Fate.LATE)

    @property
    def duplicate(self) -> int:
        return self.fates.count(Fate.DUPLICATE)

    @property
    def refused(self) -> int:
        return self.fates.count(Fate.REFUSED)


def late_ones(kept: Numbered, before: Mapping[int, datetime]) -> Iterator[int]:
    """The rows that are not newer than everything of their stream before them."""
    newest = dict(before)
    for n, row in kept:
        if row.at > newest.get(row.stream, AFTER_ALL):
            newest[row.stream] = row.at
        else:
            yield n


def fates_of(
    kept: Numbered,
    before: Mapping[int, datetime],
    new: set[tuple[Any, ...]],
    late: Late,
) -> Iterator[tuple[int, Fate]]:
    """What became of each row; a stream that did not move has nothing newer in this batch."""
    newest = dict(before)
    unclaimed = set(new)
    for n, row in kept:
        floor = newest.get(row.stream, AFTER_ALL)
        if (row.stream, row.at) in unclaimed:
            unclaimed.remove((row.stream, row.at))
            yield n, Fate.ACCEPTED if row.at > floor else Fate.LATE
            newest[row.stream] = max(floor, row.at)
        elif late == "discard" and row.at < floor and (row.stream, row.at) not in new:
            yield n, Fate.LATE
        else:
            yield n, Fate.DUPLICATE


async def count(
    connection: Connection, tally: Mapping[tuple[int, Fate], int], refused: Counter[int]
) -> None:
    """Add to the counters of each stream what `latest` did not count."""
    streams = sorted({stream for (stream, _), count in tally.items() if count} | set(refused))
    counts = [
        [tally.get((stream, fate), 0) for stream in streams]
        for fate in (Fate.ACCEPTED, Fate.LATE, Fate.DUPLICATE)
    ]
    counts.append([refused[stream] for stream in streams])
    if streams:
        given = [array(Column("int8", np.array(each))) for each in counts]
        await connection.execute(COUNT, (array(Column("int4", np.array(streams))), *given))
