"""A batch of packets into the database with one statement, there and back once.

It is for what comes in order and is nothing but new, as nearly all packets are: whatever is older
than the newest of its stream is not stored, and told.  The newest of each stream moves `latest`,
which checks the order for all who write; readings of streams that moved go into `readings`, and
what is new is noted.  All of it or nothing of it is there when the answer comes.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ohmstead.store import archive_floors, rollup_notes
from ohmstead.store.batch import Batch
from ohmstead.store.database import Connection, listed
from ohmstead.store.fates import BEFORE_ALL, NEWEST, Fate, count, fates_of
from ohmstead.store.packed import Column, Kind, array, seconds, unpacked, whole_arrays

AT_ONCE = """
    WITH moved AS (
        INSERT INTO latest (stream, at, accepted, raw)
        SELECT unnest(%(newest)s::int4[]), unnest(%(newest_at)s::timestamptz[]),
            {counts}, unnest(%(raw)s::bytea[])
        ON CONFLICT (stream) DO UPDATE SET
            previous_at = latest.at, at = excluded.at, raw = excluded.raw,
            accepted = latest.accepted + excluded.accepted
        WHERE excluded.at > latest.at
        RETURNING stream, coalesce(previous_at, '-infinity') AS previous_at
    ), noted AS (
        INSERT INTO rollup_batches (streams, firsts, lasts, columns)
        SELECT %(noted)s::int4[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[],
            %(bits)s::int8[]
    ), stored AS (
        INSERT INTO readings ({names})
        SELECT n.* FROM (SELECT {arrays}) AS n ({names}) JOIN moved m ON m.stream = n.stream
        WHERE n.at > m.previous_at
    )
    SELECT array_agg(stream), array_agg(previous_at) FROM moved
"""
SAME = {"newest": "stream", "newest_at": "at", "noted": "stream", "firsts": "at", "lasts": "at"}
"""Where no stream has two rows each array is given once: the same place of the statement."""
PLAIN = frozenset({"received_at", "value"})
"""What a packet has beside its numbers."""
AHEAD_S = 28 * 86_400.0
"""No month is refused that is no further ahead."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The streams that moved, and what was their newest before; BEFORE_ALL where nothing was."""

    streams: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]

    def all_of(self, batch: Batch) -> bool:
        """Whether every row of a batch was stored."""
        if len(self.streams) < len(batch.newest) or not batch.rising().all():
            return False
        if batch.one_each:
            return True
        order = np.argsort(self.streams)
        places = np.searchsorted(self.streams[order], batch.streams)
        return bool((batch.at > self.before[order][places]).all())

    def times(self) -> dict[int, datetime]:
        """By stream."""
        return {
            stream: BEFORE_ALL if at < 0 else datetime.fromtimestamp(at, UTC)
            for stream, at in zip(self.streams.tolist(), seconds(self.before).tolist(), strict=True)
        }


def fits(batch: Batch, now: datetime) -> bool:
    """Whether nothing of a batch needs a closer look: not old, not odd, without identities."""
    first, last = seconds(np.array([batch.at.min(), batch.at.max()])).tolist()
    return (
        first >= (now - archive_floors.YOUNG).timestamp()
        and last <= now.timestamp() + AHEAD_S
        and batch.fields.keys() <= PLAIN
        and not any(row.identity is not None for row in batch.rows)
    )


async def store(connection: Connection, batch: Batch) -> Moved:
    """Store what of a batch is newer than all of its stream before, there and in the database.

    The connection commits by itself.  Streams ascend, so that nobody waits for somebody who waits
    for them.
    """
    batch = batch.only(batch.rising())
    cursor = connection.cursor(binary=True)
    whole_arrays(cursor.adapters)
    given = dict(zip(batch.columns, batch.arrays(), strict=True)) | {"raw": batch.raws()}
    if batch.one_each:
        given["bits"] = array(Column("int8", batch.bits))
    else:
        noted = rollup_notes.arrays(batch.streams, batch.at, batch.bits)
        newest = batch.streams[batch.newest]
        counts = np.bincount(np.searchsorted(newest, batch.streams))
        given |= dict(zip(("noted", "firsts", "lasts", "bits"), noted, strict=True))
        given |= {
            "newest": array(Column("int4", newest)),
            "newest_at": array(Column("timestamptz", batch.at[batch.newest])),
            "counts": array(Column("int8", counts)),
        }
    found = tuple(batch.columns.items())
    await cursor.execute(_statement(found, one_each=batch.one_each), given)
    streams, before = await cursor.fetchone() or (None, None)
    return Moved(unpacked(streams, "int4"), unpacked(before, "timestamptz"))


async def judged(connection: Connection, batch: Batch, moved: Moved) -> dict[int, Fate]:
    """What became of each row of a batch that was stored at once, and count what is not new."""
    before = moved.times()
    rising = batch.rising()
    kept = list(zip(batch.numbers, batch.rows, strict=True))
    new = {
        (row.stream, row.at)
        for row, rose in zip(batch.rows, rising, strict=True)
        if rose and row.stream in before and row.at > before[row.stream]
    }
    still = sorted({row.stream for row in batch.rows} - set(before))
    asked = await connection.execute(NEWEST, (still,), binary=True)
    fates = dict(fates_of(kept, before | dict(await asked.fetchall()), new, "discard"))
    tally = Counter((row.stream, fates[n]) for n, row in kept)
    tally.subtract(
        (row.stream, Fate.ACCEPTED)
        for row, rose in zip(batch.rows, rising, strict=True)
        if rose and row.stream in before  # as `latest` counted them
    )
    await count(connection, tally, Counter())
    return fates


@lru_cache(maxsize=256)
def _statement(found: tuple[tuple[str, Kind], ...], *, one_each: bool) -> bytes:
    statement = AT_ONCE.format(
        names=listed(name for name, _ in found),
        arrays=", ".join(f"unnest(%({name})s::{kind}[])" for name, kind in found),
        counts="1" if one_each else "unnest(%(counts)s::int8[])",
    )
    if one_each:
        for name, same in SAME.items():
            statement = statement.replace(f"%({name})s", f"%({same})s")
    return statement.encode()
