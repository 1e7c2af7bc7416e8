"""Stretches of streams: their quarters of an hour written anew, and longer buckets from those."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from ohmstead.analytics import energy_rest, energy_rollup
from ohmstead.analytics.energy import TOUCH_S, Floats
from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.analytics.energy_calendar import edges as calendar_edges
from ohmstead.analytics.energy_grid import Grid
from ohmstead.analytics.energy_rollup import WINDOWS_MIN, Event, Quarters, Read, Source
from ohmstead.store import columns
from ohmstead.store.database import Connection, listed
from ohmstead.store.packed import Column, Packed, array, copied, micros
from ohmstead.store.rollup_streams import Stream

Range: TypeAlias = tuple[float, float]
"""From, and to before, in epoch seconds."""
LEVELS = SIZES
ENERGIES = (*columns.COUNTERS, *energy_rest.COLUMNS)
AT_ONCE = 20_000
"""More readings than these are worked on in a thread, so that others need not wait so long."""
PEAKS = tuple(f"{kind}_{minutes}" for kind in ("clock", "sliding") for minutes in WINDOWS_MIN)


def _mean(prefix: str) -> str:
    weight = f"{prefix}samples"
    return f"sum(q.{prefix}mean * q.{weight}) / nullif(sum(q.{weight}), 0)"


SUMS = {
    **{column: f"sum(q.{column})" for column in (*ENERGIES, "covered_s")},
    **{f"{p}mean": _mean(p) for p in ("", "export_")},
    **{f"{p}samples": f"sum(q.{p}samples)" for p in ("", "export_")},
    **{f"{p}least": f"min(q.{p}least)" for p in ("", "export_")},
    **{f"{p}most": f"max(q.{p}most)" for p in ("", "export_")},
    **{column: f"max(q.{column})" for column in PEAKS},
}
"""Column of `rollups` -> how that of a longer bucket is made of those of shorter ones."""
MOMENTS = ("mean", "least", "most", "samples")
CLEAR = "DELETE FROM rollups WHERE stream = ANY(%s) AND level = %s AND at >= %s AND at < %s"
SUM_UP = """
    INSERT INTO rollups (stream, level, at, part, {names})
    SELECT q.stream, %(level)s,
           (%(edges)s::timestamptz[])[width_bucket(q.at, %(edges)s::timestamptz[])], q.part, {sums}
    FROM rollups q
    WHERE q.stream = ANY(%(streams)s) AND q.level = %(below)s
      AND q.at >= %(first)s AND q.at < %(last)s
    GROUP BY q.stream, width_bucket(q.at, %(edges)s::timestamptz[]), q.part
"""
PEAKS_THERE = f"""
    SELECT stream, {", ".join(PEAKS)} FROM rollups
    WHERE stream = ANY(%s) AND level = 0 AND at = %s AND part = 0
"""  # noqa: S608  (names of ours)
CLEAR_EVENTS = "DELETE FROM stream_events WHERE stream = ANY(%s) AND at > %s AND at <= %s"
KEEP_EVENTS = """
    INSERT INTO stream_events (stream, at, kind, quantity, began, before, after, energy)
    SELECT * FROM unnest(%s::int4[], %s::timestamptz[], %s::text[], %s::text[],
                         %s::timestamptz[], %s::float8[], %s::float8[], %s::float8[])
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Group:
    """Streams of one kind, ascending, whose quarters are made at once."""

    streams: tuple[Stream, ...]

    @property
    def source(self) -> Source:
        """How all of them are read."""
        return self.streams[0].source

    @property
    def numbers(self) -> list[int]:
        """The streams' numbers."""
        return [each.stream for each in self.streams]

    @property
    def packed(self) -> Packed:
        """The streams' numbers, as a parameter."""
        return array(Column("int4", np.array(self.numbers)))

    @property
    def counters(self) -> tuple[str, ...]:
        """The counters that one of them ever had."""
        had = {column for each in self.streams for column in each.columns}
        return tuple(column for column in columns.COUNTERS if column in had)

    @property
    def powers(self) -> tuple[str, ...]:
        """The columns of power that one of them ever had."""
        return tuple(dict.fromkeys(column for each in self.streams for column in each.powers))

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns of `rollups` that may have something of them."""
        powers = (*MOMENTS, *(f"export_{m}" for m in MOMENTS))
        some = {*self.counters, "covered_s", *PEAKS}
        if self.powers or self.source.gauge:
            some |= set(powers)
        if self.source.value_kwh is not None:
            some |= set(energy_rest.kept_of(self.counters, power=bool(self.powers)))
        return tuple(column for column in SUMS if column in some)


def moment(at_s: float) -> datetime:
    """The moment of epoch seconds."""
    return datetime.fromtimestamp(at_s, UTC)


async def write(
    connection: Connection, group: Group, of: Range, read: Read, *, peaks: bool = True
) -> None:
    """Write the quarters and events of a range anew, from its readings.

    Without `peaks` it is one quarter, which keeps those that it has.
    """
    grid = Grid(*of, len(group.streams))
    given = read, group.counters, grid, group.source
    if len(read.at) > AT_ONCE:
        made = await asyncio.to_thread(energy_rollup.quarters, *given, peaks=peaks)
    else:
        made = energy_rollup.quarters(*given, peaks=peaks)
    if not peaks:
        whole = {**made.whole, **await _peaks_there(connection, group, of)}
        made = replace(made, whole=whole)
    streams, span = group.numbers, (moment(of[0]), moment(of[1]))
    numbers = group.packed
    async with connection.pipeline():
        await connection.execute(CLEAR, (numbers, 0, *span))
        await connection.execute(CLEAR_EVENTS, (numbers, *span))
    statement = f"COPY rollups (stream, level, at, part, {listed(group.kept)}) FROM STDIN"
    async with connection.cursor().copy(f"{statement} (FORMAT BINARY)".encode()) as copy:
        for table in _tables(group, made):
            await copy.write(table)
    kept = [_event(streams[e.part], e) for e in made.events if of[0] < e.at <= of[1]]
    if kept:
        await connection.execute(KEEP_EVENTS, [list(each) for each in zip(*kept, strict=True)])


async def _peaks_there(connection: Connection, group: Group, of: Range) -> dict[str, Floats]:
    """The peaks that the quarter of each stream has already."""
    asked = await connection.execute(
        PEAKS_THERE.encode(), (group.packed, moment(of[0])), binary=True
    )
    there = np.full((len(group.streams), len(PEAKS)), np.nan)
    rows = np.array(await asked.fetchall(), dtype=np.float64).reshape(-1, len(PEAKS) + 1)
    there[np.searchsorted(np.array(group.numbers), rows[:, 0])] = rows[:, 1:]
    return dict(zip(PEAKS, there.T, strict=True))


def _event(stream: int, event: Event) -> tuple[object, ...]:
    quantity = columns.OBIS.get(event.column, event.column)
    at, began = moment(event.at), moment(event.began)
    kind = event.kind.name.lower()
    return stream, at, kind, quantity, began, event.before, event.after, event.energy


def _tables(group: Group, made: Quarters) -> Iterator[bytes]:
    """A row for each quarter of which anything is known, and one for what lies across holes."""
    said = [made.whole[c] for c in group.kept if c in made.whole and c not in ("covered_s", *PEAKS)]
    something = made.whole["covered_s"] > TOUCH_S
    for values in said:
        something = something | ~np.isnan(values)
    rows = [_columns(group, made.grid, 0, made.whole, something)]
    if made.across:
        estimated = ~np.isnan(np.stack(list(made.across.values()))).all(axis=0)
        rows.append(_columns(group, made.grid, 1, made.across, estimated))
    joined = [
        Column(
            one[0].kind,
            np.concatenate([each.values for each in one]),
            np.concatenate([_absent(each) for each in one]),
        )
        for one in zip(*rows, strict=True)
    ]
    yield copied(joined)


def _absent(column: Column) -> Any:
    if column.absent is None:
        return np.zeros(len(column.values), dtype=np.bool_)
    return column.absent


def _columns(
    group: Group, grid: Grid, part: int, found: Mapping[str, Floats], which: Any
) -> list[Column]:
    places = np.flatnonzero(which)
    streams = np.array(group.numbers)[places // grid.quarters]
    at = micros(grid.starts)[places % grid.quarters]
    keys = [
        Column("int4", streams),
        Column("int2", np.zeros(len(places))),
        Column("timestamptz", at),
        Column("int2", np.full(len(places), part)),
    ]
    for name in group.kept:
        values = found[name][places] if name in found else np.full(len(places), np.nan)
        keys.append(Column("float8", values, np.isnan(values)))
    return keys


async def sum_up(connection: Connection, group: Group, of: Range) -> None:
    """Hours from quarters, days from hours, months from days."""
    async with connection.pipeline():  # one way there and back
        await _sum_up(connection, group, of)


async def _sum_up(connection: Connection, group: Group, of: Range) -> None:
    (first, last), streams = of, group.packed
    names = group.kept
    statement = SUM_UP.format(names=listed(names), sums=", ".join(SUMS[name] for name in names))
    for level, size in enumerate(LEVELS[1:], start=1):
        bounds = calendar_edges(size, first, last, group.source.zone)
        first, last = bounds[0], bounds[-1]
        span = {"first": moment(first), "last": moment(last), "streams": streams}
        await connection.execute(CLEAR, (streams, level, span["first"], span["last"]))
        edges = [moment(a) for a, _ in pairwise(bounds)]
        await connection.execute(
            statement.encode(), {**span, "level": level, "below": level - 1, "edges": edges}
        )


def merged(ranges: Sequence[Range]) -> list[Range]:
    """Ranges that touch become one.

    >>> merged([(0, 10), (20, 30), (5, 12)])
    [(0, 12), (20, 30)]
    """
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found
