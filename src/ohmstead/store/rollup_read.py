"""The readings that buckets are made of, as arrays: those of a range and the next beside it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from ohmstead.analytics import energy_rollup
from ohmstead.analytics.energy import Floats, longest_step_s
from ohmstead.analytics.energy_rollup import WINDOW_S, Read
from ohmstead.store.database import Connection
from ohmstead.store.packed import Kind, moments, seconds, unpacked, whole_arrays
from ohmstead.store.rollup_notes import POWER
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
READ = """
    SELECT array_agg(stream), array_agg(at), array_agg(coalesce(meter_crc, 0)){values}
    FROM readings WHERE stream = ANY(%s) AND at >= %s AND at <= %s
"""
READ_AT = """
    SELECT array_agg(stream), array_agg(at), array_agg(coalesce(meter_crc, 0)){values}
    FROM readings WHERE stream = ANY(%s) AND at = ANY(%s)
"""
Arrays = Mapping[str, Any]


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


async def read_near(
    connection: Connection, group: Group, of: Range, firsts: Floats
) -> tuple[list[bool], Group, Read | None]:
    """For which streams the readings of late are enough to make a range; those, and the readings.

    The range ends with the newest reading.  They are enough when each counter was read between its
    begin and `firsts` [streams], when what is new begins, and in the time before which the first
    window of peak demand begins.
    """
    longest_s = longest_step_s(group.source.interval_s)
    begin = of[0] - WINDOW_S - longest_s
    found = await _arrays(connection, READ, group, (moment(begin), moment(of[1])))
    at, part, count = found["at"], found["part"], len(group.streams)
    early = at <= of[0] - WINDOW_S
    recent = (at >= of[0]) & (at < firsts[part])
    enough = _some(part[early], count) & _some(part[recent], count)
    for column in group.counters:
        said = ~np.isnan(found[column])
        had = np.array([column in each.columns for each in group.streams])
        enough &= (_some(part[early & said], count) & _some(part[recent & said], count)) | ~had
    if not enough.all():
        group = Group(tuple(s for s, well in zip(group.streams, enough, strict=True) if well))
        kept = enough[part]
        found = {name: values[kept] for name, values in found.items()}
        found["part"] = (np.cumsum(enough) - 1)[found["part"]]
    return enough.tolist(), group, _read(found, group, {}) if group.streams else None


def _some(part: Any, count: int) -> Any:
    """Which of `count` streams are among `part`."""
    return np.bincount(part, minlength=count) > 0


async def read_any(connection: Connection, group: Group, of: Range) -> Read:
    """The readings for a range of one stream, and on both sides the next one of each counter."""
    (stream,) = group.streams
    longest_s = longest_step_s(group.source.interval_s)
    first, last = of[0] - WINDOW_S - longest_s, of[1] + longest_s
    beside: dict[datetime, bool] = {}
    for question, at_s in ((BEFORE, first), (AFTER, last)):
        names = ("at", *stream.columns)
        found = await _neighbours(connection, question, stream.stream, at_s, names)
        for column, at in found.items():
            beside[at] = beside.get(at, True) and column != "at"
    rows = await _arrays(connection, READ, group, (moment(first), moment(last)))
    if beside:
        more = await _arrays(connection, READ_AT, group, (list(beside),))
        rows = {name: np.concatenate([rows[name], more[name]]) for name in rows}
        order = np.argsort(rows["at"], kind="stable")
        rows = {name: values[order] for name, values in rows.items()}
    marked = dict(zip(moments(beside, len(beside)).tolist(), beside.values(), strict=True))
    return _read(rows, group, marked)


async def _arrays(
    connection: Connection, question: str, group: Group, span: Sequence[object]
) -> dict[str, Any]:
    """Readings of a group, by stream and time: their columns and `part`, `at`, `us`, `meter`."""
    names = (*group.counters, *group.powers, *(("value",) if group.source.gauge else ()))
    values = "".join(f", array_agg(coalesce({name}, 'NaN'))" for name in names)
    cursor = connection.cursor(binary=True)
    whole_arrays(cursor.adapters)
    await cursor.execute(question.format(values=values).encode(), (group.numbers, *span))
    said = await cursor.fetchone() or ()
    kinds: list[Kind] = ["int4", "timestamptz", "int4", *["float8" for _ in names]]  # type: ignore[list-item]
    stream, at, meter, *found = (unpacked(*each) for each in zip(said, kinds, strict=True))
    order = np.lexsort((at, stream))
    part = np.searchsorted(np.array(group.numbers), stream)
    table = {"part": part, "at": seconds(at), "us": at, "meter": meter.astype(np.int64)}
    table |= dict(zip(names, found, strict=True))
    return {name: values[order] for name, values in table.items()}


def _read(found: Arrays, group: Group, beside: Mapping[int, bool]) -> Read:
    at = found["at"]
    own = np.zeros(len(at), dtype=np.int64)
    for each, mark in beside.items():
        own[found["us"] == each] = mark
    if group.source.gauge:
        power = found["value"], np.full(len(at), np.nan)
    else:
        none = np.full(len(at), np.nan)
        power = _power([found.get(column, none) for column in POWER])
    if beside:
        power = np.where(own == 0, power[0], np.nan), np.where(own == 0, power[1], np.nan)
    wraps = [np.nan if each.wrap is None else each.wrap for each in group.streams]
    return Read(
        at=at,
        columns={name: found[name] for name in group.counters},
        meter=found["meter"],
        beside=own,
        part=found["part"],
        power=power,
        wrap=np.array(wraps),
    )


def _power(said: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Import and export, kW: as said, else of the net, else of the phases."""
    imported, exported, net = said[0], said[1], said[2]
    none = np.isnan(imported) & np.isnan(exported)
    if not none.any():
        return imported, exported
    net = np.where(np.isnan(net), _sum(said[9:12]), net)
    imported = np.where(none, np.maximum(net, 0), imported)
    exported = np.where(none, np.maximum(-net, 0), exported)
    still = np.isnan(imported) & np.isnan(exported)
    return np.where(still, _sum(said[3:6]), imported), np.where(still, _sum(said[6:9]), exported)


def _sum(phases: Sequence[Floats]) -> Floats:
    """The sum of the phases that were said, NaN where none was."""
    stacked = np.stack(phases)
    none = np.isnan(stacked).all(axis=0)
    return np.where(none, np.nan, np.nansum(stacked, axis=0))
