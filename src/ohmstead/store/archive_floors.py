"""How far back a stream may still change: what is older is in the archive.

A floor is set before a month is written out, so that nothing comes in while it is.  Buckets of
energy from `exact` on can be made anew; older ones stay as they were when their readings left.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from ohmstead.store.database import Connection
from ohmstead.store.packed import Column, array

BARRIER = 0x0E57EB0
"""The advisory lock that those who store old readings share, and who raises floors waits for."""
ARCHIVING = 0x0E57EB1
"""The advisory lock of whoever archives or restores, one at a time; backups share it."""
YOUNG = timedelta(days=27)
"""No floor is ever younger than this: the present month and the one before are always kept."""

FLOORS = "SELECT stream, floor FROM archive_floors WHERE stream = ANY(%s)"
EXACT_OF = "SELECT stream, exact FROM archive_floors WHERE stream = ANY(%s)"
EXACT = "SELECT exact FROM archive_floors WHERE stream = %s"


async def too_old(
    connection: Connection, rows: Iterable[tuple[int, int, datetime]], now: datetime
) -> Mapping[int, str]:
    """Which of `rows` (number, stream, time) fall into archived time, and why that is refused.

    Nothing is asked of rows that are young.  Until the transaction ends no floor is raised.
    """
    old = [(n, stream, at) for n, stream, at in rows if at < now - YOUNG]
    if not old:
        return {}
    await connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (BARRIER,))
    asked = await connection.execute(FLOORS, (sorted({stream for _, stream, _ in old}),))
    floors: dict[int, datetime] = dict(await asked.fetchall())
    return {
        n: refusal(at, floors[stream])
        for n, stream, at in old
        if stream in floors and at < floors[stream]
    }


def refusal(at: datetime, floor: datetime) -> str:
    """Why a reading of `at` is not taken."""
    return (
        f"its month {at:%Y-%m} is archived (what is older than {floor:%Y-%m-%d} is); "
        "restore that month and the later ones first: `ohmstead archive restore`"
    )


async def exact_from(connection: Connection, stream: int) -> float | None:
    """From when on (epoch seconds) the buckets of a stream can be made anew; None is from ever."""
    found = await (await connection.execute(EXACT, (stream,))).fetchone()
    return found[0].timestamp() if found and found[0] else None


def cut(ranges: Sequence[tuple[float, float]], exact: float | None) -> list[tuple[float, float]]:
    """What of each of `ranges` can be made anew.

    >>> cut([(0, 10), (20, 30), (40, 50)], 25)
    [(25, 30), (40, 50)]
    """
    if exact is None:
        return list(ranges)
    return [(max(first, exact), last) for first, last in ranges if last > exact]


async def exact_of(connection: Connection, streams: Sequence[int]) -> dict[int, float]:
    """That of each stream that has readings in the archive."""
    asked = array(Column("int4", np.array(streams, np.int32)))
    found = await connection.execute(EXACT_OF, (asked,))
    return {stream: exact.timestamp() for stream, exact in await found.fetchall() if exact}
