"""Readings of many streams as arrays: a number of the stream, the time, and a column a quantity."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ohmstead.analytics.energy import Floats
from ohmstead.analytics.energy_rollup import Read
from ohmstead.store.database import Connection
from ohmstead.store.packed import Column, Kind, array, micros, seconds, unpacked, whole_arrays
from ohmstead.store.rollup_notes import POWER
from ohmstead.store.rollup_range import Group, moment

READ = """
    SELECT array_agg(stream), array_agg(at), array_agg(coalesce(meter_crc, 0)){values}
    FROM readings WHERE stream = ANY(%s) AND at >= %s AND at <= %s
"""
READ_AT = """
    SELECT array_agg(stream), array_agg(at), array_agg(coalesce(meter_crc, 0)){values}
    FROM unnest(%s::int4[], %s::timestamptz[]) AS asked (of, moment)
    JOIN readings ON stream = asked.of AND at = asked.moment
"""
Arrays: TypeAlias = Mapping[str, Any]


async def between(
    connection: Connection, group: Group, first: float, last: float
) -> dict[str, Any]:
    """The readings of a group from `first` to `last`, epoch seconds, both inclusive."""
    return await _arrays(connection, READ, group, (group.packed, moment(first), moment(last)))


async def single(
    connection: Connection, group: Group, beside: Mapping[tuple[int, float], bool]
) -> Arrays:
    """Single readings, (place of the stream, time) -> whether for its columns alone."""
    streams = np.array(group.numbers)[[n for n, _ in beside]]
    at = micros(np.array([at for _, at in beside]))
    asked = array(Column("int4", streams)), array(Column("timestamptz", at))
    rows = await _arrays(connection, READ_AT, group, asked)
    marks = dict(zip(zip(streams.tolist(), at.tolist(), strict=True), beside.values(), strict=True))
    numbers = np.array(group.numbers)[rows["part"]].tolist()
    keys = zip(numbers, rows["us"].tolist(), strict=True)
    return {**rows, "beside": np.array([marks[key] for key in keys], dtype=np.int64)}


async def _arrays(
    connection: Connection, question: str, group: Group, asked: Sequence[object]
) -> dict[str, Any]:
    """Readings of a group, by stream and time: columns, `part`, `at`, `us`, `meter`, `beside`."""
    names = (*group.counters, *group.powers, *(("value",) if group.source.gauge else ()))
    values = "".join(f", array_agg(coalesce({name}, 'NaN'))" for name in names)
    cursor = connection.cursor(binary=True)
    whole_arrays(cursor.adapters)
    await cursor.execute(question.format(values=values).encode(), asked)
    said = await cursor.fetchone() or ()
    kinds: list[Kind] = ["int4", "timestamptz", "int4", *["float8" for _ in names]]  # type: ignore[list-item]
    stream, at, meter, *found = (unpacked(*each) for each in zip(said, kinds, strict=True))
    order = np.lexsort((at, stream))
    part = np.searchsorted(np.array(group.numbers), stream)
    table = {"part": part, "at": seconds(at), "us": at, "meter": meter.astype(np.int64)}
    table["beside"] = np.zeros(len(at), dtype=np.int64)
    table |= dict(zip(names, found, strict=True))
    return {name: values[order] for name, values in table.items()}


def joined(rows: Arrays, more: Arrays) -> dict[str, Any]:
    """Readings and more of them, by stream and time."""
    both = {name: np.concatenate([rows[name], more[name]]) for name in rows}
    order = np.lexsort((both["at"], both["part"]))
    return {name: values[order] for name, values in both.items()}


def read_of(found: Arrays, group: Group) -> Read:
    """Readings as buckets are made of them, with the power that each says."""
    at, own = found["at"], found["beside"]
    if group.source.gauge:
        power = found["value"], np.full(len(at), np.nan)
    else:
        none = np.full(len(at), np.nan)
        power = _power([found.get(column, none) for column in POWER])
    if own.any():
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
