"""Making buckets: of many streams of which the latest is new at once, of others one by one."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from ohmstead.analytics.energy import longest_step_s
from ohmstead.analytics.energy_calendar import QUARTER_S, floor_quarter
from ohmstead.analytics.energy_rollup import Source
from ohmstead.store import archive_floors, rollup_notes
from ohmstead.store.database import Connection
from ohmstead.store.rollup_pending import ALL, Stretch
from ohmstead.store.rollup_range import Group, Range, sum_up, write
from ohmstead.store.rollup_read import read_any, read_near, stretch
from ohmstead.store.rollup_streams import Stream, streams_of

READINGS_MOST = 20_000
"""How many readings are looked at in one go, about."""
CHUNK_S = (86_400.0, 60 * 86_400.0)
RECENT_S = 2 * 86_400.0
"""What is new is made together with all after it when that is no more than this."""

Work: TypeAlias = tuple[Stream, Stretch]


async def make(connection: Connection, new: Mapping[int, Sequence[Stretch]]) -> None:
    """Make every bucket anew that what is `new` of each stream may touch.

    Whoever calls holds the locks of the streams.
    """
    bits: dict[int, int | None] = {}
    for number, stretches in new.items():
        said = np.bitwise_or.reduce([each.bits for each in stretches])
        bits[number] = None if said == ALL else int(said)
    streams = await streams_of(connection, bits)
    exact = await archive_floors.exact_of(connection, list(new))
    turn, most = 0, max(map(len, new.values()), default=0)
    while turn < most:
        work = [(each, new[each.stream][turn]) for each in streams if turn < len(new[each.stream])]
        await _turn(connection, work, exact)
        turn += 1


async def _turn(connection: Connection, work: Sequence[Work], exact: Mapping[int, float]) -> None:
    """One stretch of each stream."""
    near: dict[tuple[Source, Range], list[Work]] = {}
    far: list[Work] = []
    for stream, new in work:
        of = _goes_on(stream, new)
        if of is None or exact.get(stream.stream, of[0]) > of[0]:
            far.append((stream, new))
        else:
            near.setdefault((stream.source, of), []).append((stream, new))
    for (source, of), each in near.items():
        most = max(
            1, int(READINGS_MOST * source.interval_s / (of[1] - of[0] + 2 * CHUNK_S[0] / 24))
        )
        for n in range(0, len(each), most):
            far += await _near(connection, each[n : n + most], of)
    for stream, new in far:
        await _far(connection, stream, new, exact.get(stream.stream))


def _goes_on(stream: Stream, new: Stretch) -> Range | None:
    """The quarters up to the newest reading, when that is not far from what is new; else None.

    Readings that are committed meanwhile are noted, and made later.
    """
    if stream.newest is None or stream.newest.timestamp() > new.last + RECENT_S:
        return None
    reach_s = longest_step_s(stream.source.interval_s)
    reach_s += stream.source.interval_s if stream.source.interval else 0
    last = max(new.last, stream.newest.timestamp())
    of = float(floor_quarter(new.first - reach_s)), float(floor_quarter(last) + QUARTER_S)
    return of if (of[1] - of[0]) / stream.source.interval_s <= READINGS_MOST else None


async def _near(connection: Connection, work: Sequence[Work], of: Range) -> list[Work]:
    """Make those whose readings of late are enough; gives the others."""
    group = Group(tuple(stream for stream, _ in work))
    firsts = np.array([new.first for _, new in work])
    enough, group, read = await read_near(connection, group, of, firsts)
    if read is not None:
        await write(connection, group, of, read)
        await sum_up(connection, group, of)
    return [each for each, well in zip(work, enough, strict=True) if not well]


async def _far(connection: Connection, stream: Stream, new: Stretch, exact: float | None) -> None:
    """Make one stream by looking for the next readings on both sides, however far they are."""
    touched = stream.columns if new.bits == ALL else rollup_notes.named(new.bits)
    whole = await stretch(connection, stream, new.first, new.last, touched)
    group = Group((stream,))
    for first, last in archive_floors.cut([whole], exact):
        chunk_s = min(max(stream.source.interval_s * READINGS_MOST, CHUNK_S[0]), CHUNK_S[1])
        chunk_s -= chunk_s % QUARTER_S
        begin = first
        while begin < last:
            part = begin, min(begin + chunk_s, last)
            await write(connection, group, part, await read_any(connection, group, part))
            begin = part[1]
    await sum_up(connection, group, whole)
