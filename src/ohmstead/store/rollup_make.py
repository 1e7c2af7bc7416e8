"""Making buckets: of many streams of which the latest is new at once, of others one by one."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from ohmstead.analytics.energy import longest_step_s
from ohmstead.analytics.energy_calendar import QUARTER_S, floor_quarter
from ohmstead.analytics.energy_rollup import WINDOW_S, Source
from ohmstead.store import archive_floors, rollup_notes
from ohmstead.store.database import Connection
from ohmstead.store.rollup_pending import ALL, Stretch
from ohmstead.store.rollup_range import Group, Range, sum_up, write
from ohmstead.store.rollup_read import read_any, read_near, stretch
from ohmstead.store.rollup_streams import Stream, streams_of

READINGS_MOST = 20_000
"""How many readings of one stream are looked at in one go, about."""
TOGETHER_MOST = 150_000
"""How many of several streams."""
WIDENED = 2
"""How often a range is begun earlier before a stream is made alone."""
CHUNK_S = (86_400.0, 60 * 86_400.0)
RECENT_S = 2 * 86_400.0
"""What is new is made together with all after it when that is no more than this."""

Work: TypeAlias = tuple[Stream, Stretch]
Wide: TypeAlias = tuple[Stream, Stretch, float]
"""And from when on (epoch seconds) its buckets are made."""


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
    far: list[Work] = []
    todo = [(stream, new, new.first) for stream, new in work]
    for _ in range(WIDENED + 1):
        near: dict[tuple[Source, Range], list[Wide]] = {}
        for stream, new, first in todo:
            of = _goes_on(stream, new, first)
            if of is None or exact.get(stream.stream, of[0]) > of[0]:
                far.append((stream, new))
            else:
                near.setdefault((stream.source, of), []).append((stream, new, first))
        todo = []
        for (source, of), each in near.items():
            todo += await _several(connection, each, source, of)
    far += [(stream, new) for stream, new, _ in todo]
    for stream, new in far:
        await _far(connection, stream, new, exact.get(stream.stream))


def _goes_on(stream: Stream, new: Stretch, first: float) -> Range | None:
    """The quarters from `first` to the newest reading, when what is new is not far before it.

    Readings that are committed meanwhile are noted, and made later.
    """
    if stream.newest is None or stream.newest.timestamp() > new.last + RECENT_S:
        return None
    reach_s = longest_step_s(stream.source.interval_s)
    reach_s += stream.source.interval_s if stream.source.interval else 0
    begin = min(new.first - reach_s, first)
    last = max(new.last, stream.newest.timestamp())
    of = float(floor_quarter(begin)), float(floor_quarter(last) + QUARTER_S)
    return of if (of[1] - of[0]) / stream.source.interval_s <= READINGS_MOST else None


async def _several(
    connection: Connection, work: Sequence[Wide], source: Source, of: Range
) -> list[Wide]:
    """Make a range of several streams; gives those whose range has to begin earlier."""
    wider: list[Wide] = []
    seen_s = of[1] - of[0] + WINDOW_S
    most, n = max(1, int(TOGETHER_MOST * source.interval_s / seen_s)), 0
    while n < len(work):
        part, n = work[n : n + most], n + most
        group = Group(tuple(stream for stream, *_ in part))
        near = await read_near(connection, group, of, [new for _, new, _ in part])
        wider += [(part[m][0], part[m][1], first) for m, first in near.wider.items()]
        if near.read is not None:
            await write(connection, near.group, of, near.read)
            await sum_up(connection, near.group, of)
        most = max(1, TOGETHER_MOST // max(near.most, 1))
    return wider


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
