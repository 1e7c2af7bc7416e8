"""Making buckets: of many streams of which the latest is new at once, of others one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ohmstead.analytics.energy import longest_step_s
from ohmstead.analytics.energy_calendar import QUARTER_S, floor_quarter
from ohmstead.analytics.energy_rollup import WINDOW_S, Source
from ohmstead.store import archive_floors, rollup_notes, rollup_pending
from ohmstead.store.database import Connection
from ohmstead.store.rollup_pending import ALL, Stretch
from ohmstead.store.rollup_range import Group, Range, sum_up, write
from ohmstead.store.rollup_read import read_any, read_near, stretch
from ohmstead.store.rollup_streams import Stream, streams_of

READINGS_MOST = 20_000
"""How many readings of one stream are looked at in one go, about."""
TOGETHER_MOST, FIRST_MOST = 100_000, 200
"""How many of several streams; and of how many streams at first, until that is known."""
WIDENED = 2
"""How often a range is begun earlier before a stream is made alone."""
CHUNK_S = (86_400.0, 60 * 86_400.0)
RECENT_S = 2 * 86_400.0
"""What is new is made together with all after it when that is no more than this."""
OFTEN_S = 60.0
"""Of meters that speak so often the hour before, of which peaks are made, is dear to read."""

Work: TypeAlias = tuple[Stream, Stretch]
Wide: TypeAlias = tuple[Stream, Stretch, float]
"""And from when on (epoch seconds) its buckets are made."""


async def make(
    connection: Connection, new: Mapping[int, Sequence[Stretch]], *, later: bool = False
) -> None:
    """Make every bucket anew that what is `new` of each stream may touch.

    Whoever calls holds the locks of the streams.  Peaks of a quarter that is not over may be left
    for `later`, where they are dear; they are noted as owed.
    """
    bits: dict[int, int | None] = {}
    for number, stretches in new.items():
        said = np.bitwise_or.reduce([each.bits for each in stretches])
        bits[number] = None if said == ALL else int(said)
    streams = await streams_of(connection, bits)
    making = Making(
        exact=await archive_floors.exact_of(connection, list(new)),
        owed={each.stream: each.owed for each in streams},
        later=later,
    )
    turn, most = 0, max(map(len, new.values()), default=0)
    while turn < most:
        work = [(each, new[each.stream][turn]) for each in streams if turn < len(new[each.stream])]
        await _turn(connection, work, making)
        turn += 1
    owed = {each.stream: each.owed for each in streams}
    changed = {stream: at for stream, at in making.owed.items() if at != owed[stream]}
    if changed:
        await rollup_pending.owe(connection, changed)


@dataclass(frozen=True, slots=True)
class Making:
    """What is known of streams while they are made.

    `exact` is from when on those with an archive can be; `owed` where their peaks are owed.
    """

    exact: Mapping[int, float]
    owed: dict[int, float | None]
    later: bool

    def leaves_peaks(self, stream: Stream, new: Stretch, of: Range) -> bool:
        """Whether only the present quarter is made, and its peaks may wait."""
        often = stream.source.interval_s <= OFTEN_S and not stream.source.interval
        present = of[1] - of[0] <= QUARTER_S and new.last > of[0]
        return self.later and often and present and stream.has_peaks

    def done(self, stream: int, of: Range, *, later: bool) -> None:
        """A range of a stream was made, with its peaks or without those, for later."""
        owed = self.owed[stream]
        if later:
            self.owed[stream] = of[0]
        elif owed is not None and of[0] <= owed < of[1]:
            self.owed[stream] = None


async def _turn(connection: Connection, work: Sequence[Work], making: Making) -> None:
    """One stretch of each stream."""
    far: list[Work] = []
    todo = [(stream, new, new.first) for stream, new in work]
    for _ in range(WIDENED + 1):
        near: dict[tuple[Source, Range, bool, bool], list[Wide]] = {}
        for stream, new, first in todo:
            owed = making.owed[stream.stream]
            of = _goes_on(stream, new, first if owed is None else min(owed, first))
            if of is None or making.exact.get(stream.stream, of[0]) > of[0]:
                far.append((stream, new))
            else:
                later = making.leaves_peaks(stream, new, of)
                kind = stream.source, of, stream.has_peaks, later
                near.setdefault(kind, []).append((stream, new, first))
        todo = []
        for (_, of, _, later), each in near.items():
            todo += await _several(connection, each, of, making, later=later)
        todo.sort(key=lambda each: each[0].stream)
    far += [(stream, new) for stream, new, _ in todo]
    for stream, new in far:
        await _far(connection, stream, new, making)


def _goes_on(stream: Stream, new: Stretch, first: float) -> Range | None:
    """The quarters from `first` to the newest reading, when what is new is not far before it.

    Readings that are committed meanwhile are noted, and made later.
    """
    if stream.newest is None or stream.newest.timestamp() > new.last + RECENT_S:
        return None
    interval_s = stream.source.interval_s
    reach_s = min(longest_step_s(interval_s), 2 * interval_s)
    reach_s += interval_s if stream.source.interval else 0
    begin = min(new.first - reach_s, first)
    last = max(new.last, stream.newest.timestamp())
    of = float(floor_quarter(begin)), float(floor_quarter(last) + QUARTER_S)
    return of if (of[1] - of[0]) / interval_s <= READINGS_MOST else None


async def _several(
    connection: Connection, work: Sequence[Wide], of: Range, making: Making, *, later: bool
) -> list[Wide]:
    """Make a range of several streams of one kind; gives those whose has to begin earlier."""
    wider: list[Wide] = []
    one = work[0][0]
    window_s = float(WINDOW_S) if one.has_peaks and not later else 0.0
    seen_s = of[1] - of[0] + window_s
    most = min(max(1, int(TOGETHER_MOST * one.source.interval_s / seen_s)), FIRST_MOST)
    n = 0
    while n < len(work):
        part, n = work[n : n + most], n + most
        group = Group(tuple(stream for stream, *_ in part))
        near = await read_near(connection, group, of, [new for _, new, _ in part], window_s)
        wider += [(part[m][0], part[m][1], first) for m, first in near.wider.items()]
        if near.read is not None:
            await write(connection, near.group, of, near.read, peaks=not later)
            await sum_up(connection, near.group, of)
            for stream in near.group.numbers:
                making.done(stream, of, later=later)
        most = max(1, TOGETHER_MOST // max(near.most, 1))
    return wider


async def _far(connection: Connection, stream: Stream, new: Stretch, making: Making) -> None:
    """Make one stream by looking for the next readings on both sides, however far they are."""
    exact = making.exact.get(stream.stream)
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
    making.done(stream.stream, whole, later=False)
