"""Which readings buckets are made of: those of a range, and the next beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ohmstead.analytics import energy_rollup
from ohmstead.analytics.energy import Floats, longest_step_s
from ohmstead.analytics.energy_rollup import WINDOW_S, Read
from ohmstead.store import rollup_notes
from ohmstead.store.database import Connection
from ohmstead.store.packed import Column, array
from ohmstead.store.rollup_arrays import Arrays, between, joined, read_of, single
from ohmstead.store.rollup_pending import Stretch
from ohmstead.store.rollup_range import Group, Range, moment
from ohmstead.store.rollup_streams import Stream

BEFORE = """
    (SELECT at FROM readings WHERE stream = %(stream)s AND at < %(at)s AND {column} IS NOT NULL
     ORDER BY at DESC LIMIT 1)
"""
AFTER = """
    (SELECT at FROM readings WHERE stream = %(stream)s AND at > %(at)s AND {column} IS NOT NULL
     ORDER BY at LIMIT 1)
"""
BEFORE_OF_MANY = """
    SELECT asked.stream, row.at{columns}
    FROM unnest(%(streams)s::int4[]) AS asked (stream),
    LATERAL (SELECT at FROM readings WHERE stream = asked.stream AND at < %(at)s
             ORDER BY at DESC LIMIT 1) AS row
"""
"""Nothing more is asked of streams that had no reading before."""
BEFORE_OF_ITS = """, (
    SELECT at FROM readings WHERE stream = asked.stream AND at <= row.at AND {column} IS NOT NULL
    ORDER BY at DESC LIMIT 1)
"""
Bools: TypeAlias = npt.NDArray[np.bool_]


async def stretch(
    connection: Connection, stream: Stream, first: float, last: float, touched: Sequence[str]
) -> Range:
    """The whole quarters that readings from `first` to `last` may change.

    They reach back to the reading before, on to the one after, and as much further as a window of
    peak demand is long.
    """
    names = ["at", *(c for c in touched if c in stream.columns)]
    before = await _neighbours(connection, BEFORE, stream.stream, first, names)
    after = await _neighbours(connection, AFTER, stream.stream, last, names)
    longest_s = longest_step_s(stream.source.interval_s)
    begin = min([first - longest_s, *(at.timestamp() for at in before.values())])
    begin -= stream.source.interval_s if stream.source.interval else 0
    end = max([last + longest_s, *(at.timestamp() for at in after.values())])
    edges = energy_rollup.edges_between(begin, end)
    return float(edges[0]), float(edges[-1]) + WINDOW_S


async def _neighbours(
    connection: Connection, question: str, stream: int, at_s: float, names: Sequence[str]
) -> dict[str, datetime]:
    """When each of the columns was read next, before or after; without those that were not."""
    asked = await connection.execute(
        ("SELECT " + ", ".join(question.format(column=column) for column in names)).encode(),
        {"stream": stream, "at": moment(at_s)},
    )
    found = await asked.fetchone() or ()
    return {name: at for name, at in zip(names, found, strict=True) if at}


@dataclass(frozen=True, slots=True)
class Near:
    """What was read of a range of several streams: enough to make it for `group`.

    `wider` says of the others, by their place, from when on (epoch seconds) theirs has to begin.
    """

    group: Group
    read: Read | None
    wider: Mapping[int, float]
    most: int
    """How many readings one of the streams had, at most."""


async def read_near(
    connection: Connection, group: Group, of: Range, news: Sequence[Stretch], window_s: float
) -> Near:
    """The readings that make a range that ends with the newest: those of it, and what is before.

    `window_s` is how long before it peaks of power reach, 0 where none are wanted.  A range is too
    short for a stream when a counter of which something is new (`news` [streams]) was read last
    before it: all that lies in between is new.
    """
    longest_s = longest_step_s(group.source.interval_s)
    begin = of[0] - window_s - longest_s
    found = await between(connection, group, begin, of[1])
    most = int(np.bincount(found["part"]).max()) if len(found["part"]) else 0
    seen = [_Seen.of(found, group, of, news, name) for name in ("at", *group.counters)]
    asked = np.flatnonzero(np.any([each.unknown for each in seen], axis=0)).tolist()
    before = await _before(
        connection, group, [each for each in seen if each.unknown.any()], asked, begin
    )
    begins = _power_begins(found, group, of, news, longest_s)
    for each in seen:
        begins = np.fmin(begins, each.begins(of, before.get(each.name, {})))
    short = begins < of[0]
    beside = _beside(seen, before, short)
    if beside:
        found = joined(found, await single(connection, group, beside))
    if short.any():
        group = Group(tuple(s for s, less in zip(group.streams, short, strict=True) if not less))
        kept = ~short[found["part"]]
        found = {name: values[kept] for name, values in found.items()}
        found["part"] = (np.cumsum(~short) - 1)[found["part"]]
    wider = {n: float(begins[n]) for n in np.flatnonzero(short).tolist()}
    return Near(group, read_of(found, group) if group.streams else None, wider, most)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of one column, `at` for any, and each stream: what the readings of late say of it."""

    name: str
    touched: Bools
    """Whether something of it is new."""
    last: Floats
    """When it was read last before what is new, -inf where that is not among the readings."""
    unknown: Bools
    """Whether it may have been read before these readings, and that matters for the range."""

    @classmethod
    def of(
        cls, found: Arrays, group: Group, of: Range, news: Sequence[Stretch], name: str
    ) -> "_Seen":
        at, part, count = found["at"], found["part"], len(group.streams)
        firsts = np.array([each.first for each in news])
        said = np.ones(len(at), dtype=np.bool_) if name == "at" else ~np.isnan(found[name])
        last = _last(at, part, said & (at < firsts[part]), count)
        bit = 0 if name == "at" else rollup_notes.BIT[name]
        touched = np.array([name == "at" or bool(each.bits & bit) for each in news])
        within = _some(part[said & (at > of[0])], count)
        return cls(name, touched, last, within & ~_some(part[said & (at <= of[0])], count))

    def begins(self, of: Range, before: Mapping[int, float]) -> Floats:
        """From when on the range of each stream has to be, inf where any will do."""
        last = self.last.copy()
        for n, at in before.items():
            last[n] = max(last[n], at)
        short = self.touched & (last < of[0]) & ~np.isneginf(last)
        return np.where(short, last, np.inf)


def _power_begins(
    found: Arrays, group: Group, of: Range, news: Sequence[Stretch], longest_s: float
) -> Floats:
    """From when on the range of each stream has to be for its powers, inf where any will do."""
    at, part = found["at"], found["part"]
    firsts = np.array([each.first for each in news])
    begins = np.full(len(group.streams), np.inf)
    for name in group.powers:
        last = _last(at, part, ~np.isnan(found[name]) & (at < firsts[part]), len(firsts))
        short = (last < of[0]) & (firsts - last <= longest_s)
        begins = np.fmin(begins, np.where(short, last, np.inf))
    return begins


def _last(at: Floats, part: Any, which: Bools, count: int) -> Floats:
    """The last of the times of each stream, -inf where there is none."""
    last = np.full(count, -np.inf)
    last[part[which]] = at[which]  # they ascend: the last one stays
    return last


async def _before(
    connection: Connection, group: Group, seen: Sequence[_Seen], asked: Sequence[int], begin: float
) -> dict[str, dict[int, float]]:
    """When columns were read last before `begin`: column -> place of the stream -> time."""
    if not asked:
        return {}
    names = [each.name for each in seen if each.name != "at"]
    streams = np.array(group.numbers)[asked]
    question = BEFORE_OF_MANY.format(
        columns="".join(BEFORE_OF_ITS.format(column=name) for name in names)
    )
    cursor = await connection.execute(
        question.encode(), {"streams": array(Column("int4", streams)), "at": moment(begin)}
    )
    places = {stream: n for n, stream in enumerate(group.numbers)}
    found: dict[str, dict[int, float]] = {name: {} for name in ("at", *names)}
    for stream, *times in await cursor.fetchall():
        for name, at in zip(found, times, strict=True):
            if at:
                found[name][places[stream]] = at.timestamp()
    return found


def _beside(
    seen: Sequence[_Seen], before: Mapping[str, Mapping[int, float]], short: Bools
) -> dict[tuple[int, float], bool]:
    """Readings wanted beside those of late: (place of the stream, time) -> for a column alone."""
    found: dict[tuple[int, float], bool] = {}
    for each in seen:
        for n, at in before.get(each.name, {}).items():
            if each.unknown[n] and not short[n]:
                found[n, at] = found.get((n, at), True) and each.name != "at"
    return found


def _some(part: Any, count: int) -> Any:
    """Which of `count` streams are among `part`."""
    return np.bincount(part, minlength=count) > 0


async def read_any(connection: Connection, group: Group, of: Range) -> Read:
    """The readings for a range of one stream, and on both sides the next one of each counter."""
    (stream,) = group.streams
    longest_s = longest_step_s(group.source.interval_s)
    first, last = of[0] - WINDOW_S - longest_s, of[1] + longest_s
    beside: dict[tuple[int, float], bool] = {}
    for question, at_s in ((BEFORE, first), (AFTER, last)):
        names = ("at", *stream.columns)
        found = await _neighbours(connection, question, stream.stream, at_s, names)
        for column, at in found.items():
            key = 0, at.timestamp()
            beside[key] = beside.get(key, True) and column != "at"
    rows = await between(connection, group, first, last)
    if beside:
        rows = joined(rows, await single(connection, group, beside))
    return read_of(rows, group)
