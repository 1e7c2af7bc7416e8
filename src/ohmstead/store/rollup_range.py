"""One stretch of one stream: the readings it needs, and its quarters of an hour written anew."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np

from ohmstead.analytics import energy_rollup
from ohmstead.analytics.energy import TOUCH_S, Floats
from ohmstead.analytics.energy_calendar import QUARTER_S, SIZES
from ohmstead.analytics.energy_rollup import WINDOW_S, WINDOWS_MIN, Event, Quarters, Read
from ohmstead.store import columns
from ohmstead.store.database import Connection, listed
from ohmstead.store.rollup_streams import Stream

Range: TypeAlias = tuple[float, float]
"""From, and to before, in epoch seconds."""
LEVELS = SIZES
READINGS_MOST = 20_000
"""How many readings are looked at in one go, about."""
CHUNK_S = (86_400.0, 60 * 86_400.0)

_POWER = ("1.7.0", "2.7.0", "16.7.0", *(f"{c}.7.0" for c in (21, 41, 61, 22, 42, 62, 36, 56, 76)))
POWER = tuple(columns.VALUES[obis] for obis in _POWER)
ENERGIES = (*columns.COUNTERS, "import_integrated", "export_integrated")
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
BEFORE = """
    (SELECT at FROM readings WHERE stream = %(stream)s AND at < %(at)s AND {column} IS NOT NULL
     ORDER BY at DESC LIMIT 1)
"""
AFTER = """
    (SELECT at FROM readings WHERE stream = %(stream)s AND at > %(at)s AND {column} IS NOT NULL
     ORDER BY at LIMIT 1)
"""
READ = "SELECT at, meter_crc, {listed} FROM readings WHERE stream = %s AND at = ANY(%s) ORDER BY at"
READ_ALL = """
    SELECT at, meter_crc, {listed} FROM readings
    WHERE stream = %s AND at >= %s AND at <= %s ORDER BY at
"""
CLEAR = "DELETE FROM rollups WHERE stream = %s AND level = 0 AND at >= %s AND at < %s"
CLEAR_EVENTS = "DELETE FROM stream_events WHERE stream = %s AND at > %s AND at <= %s"
KEEP_EVENT = """
    INSERT INTO stream_events (stream, at, kind, quantity, began, before, after, energy)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def moment(at_s: float) -> datetime:
    """The moment of epoch seconds."""
    return datetime.fromtimestamp(at_s, UTC)


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
    begin = min([first, *before.values()])
    begin -= stream.source.interval_s if stream.source.interval else 0
    edges = energy_rollup.edges_between(begin, max([last, *after.values()]))
    return float(edges[0]), float(edges[-1]) + WINDOW_S


async def _neighbours(
    connection: Connection, question: str, stream: int, at_s: float, names: Sequence[str]
) -> dict[str, float]:
    """When each of the columns was read next, before or after; without those that were not."""
    asked = await connection.execute(
        ("SELECT " + ", ".join(question.format(column=column) for column in names)).encode(),
        {"stream": stream, "at": moment(at_s)},
    )
    found = await asked.fetchone() or ()
    return {name: at.timestamp() for name, at in zip(names, found, strict=True) if at}


async def remake(connection: Connection, stream: Stream, of: Range) -> None:
    """Write the quarters and events of a range anew."""
    first, last = of
    chunk_s = min(max(stream.source.interval_s * READINGS_MOST, CHUNK_S[0]), CHUNK_S[1])
    chunk_s -= chunk_s % QUARTER_S
    while first < last:
        end = min(first + chunk_s, last)
        await _chunk(connection, stream, first, end)
        first = end


async def _chunk(connection: Connection, stream: Stream, first: float, last: float) -> None:
    read, power = await _read(connection, stream, first - WINDOW_S, last)
    edges = energy_rollup.edges_between(first, last)
    made = energy_rollup.quarters(read, stream.columns, power, edges, stream.source)
    span = moment(first), moment(last)
    await connection.execute(CLEAR, (stream.stream, *span))
    await _write(connection, stream.stream, made)
    await connection.execute(CLEAR_EVENTS, (stream.stream, *span))
    happened = energy_rollup.events(read, stream.columns, stream.source)
    for each in happened:
        if first < each.at <= last:
            await connection.execute(KEEP_EVENT, _event(stream.stream, each))


def _event(stream: int, event: Event) -> tuple[Any, ...]:
    quantity = columns.OBIS.get(event.column, event.column)
    at, began = moment(event.at), moment(event.began)
    kind = event.kind.name.lower()
    return stream, at, kind, quantity, began, event.before, event.after, event.energy


async def _read(
    connection: Connection, stream: Stream, first: float, last: float
) -> tuple[Read, tuple[Floats, Floats]]:
    """The readings from `first` to `last`, and on both sides the next one of each counter."""
    names = (*stream.columns, *POWER, *(("value",) if stream.source.gauge else ()))
    question = READ_ALL.format(listed=listed(names)).encode()
    asked = await connection.execute(
        question, (stream.stream, moment(first), moment(last)), binary=True
    )
    rows = await asked.fetchall()
    beside: dict[datetime, bool] = {}
    for neighbour, at_s in ((BEFORE, first), (AFTER, last)):
        found = await _neighbours(
            connection, neighbour, stream.stream, at_s, ("at", *stream.columns)
        )
        for column, at in found.items():
            beside[moment(at)] = beside.get(moment(at), True) and column != "at"
    if beside:
        question = READ.format(listed=listed(names)).encode()
        asked = await connection.execute(question, (stream.stream, list(beside)), binary=True)
        rows = sorted([*rows, *await asked.fetchall()], key=lambda row: row[0])
    return _arrays(rows, names, beside, stream)


def _arrays(
    rows: Sequence[tuple[Any, ...]], names: Sequence[str], beside: dict[datetime, bool], of: Stream
) -> tuple[Read, tuple[Floats, Floats]]:
    at = np.array([row[0].timestamp() for row in rows], dtype=np.float64)
    meter = np.array([row[1] or 0 for row in rows], dtype=np.int64)
    marks = np.array([beside.get(row[0], False) for row in rows], dtype=np.int64)
    table = np.array([row[2:] for row in rows], dtype=np.float64).reshape(len(rows), len(names))
    by_name = dict(zip(names, table.T, strict=True))
    read = Read(at, by_name, meter, marks)
    if of.source.gauge:
        return read, (by_name["value"], np.full(len(rows), np.nan))
    power = _power([by_name[column] for column in POWER])
    own = marks == 0
    return read, (np.where(own, power[0], np.nan), np.where(own, power[1], np.nan))


def _power(said: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Import and export, kW: as said, else of the net, else of the phases."""
    imported, exported, net = said[0], said[1], said[2]
    none = np.isnan(imported) & np.isnan(exported)
    by_phase = np.isnan(net)
    nets = _sum(said[9:12])
    net = np.where(by_phase, nets, net)
    imported = np.where(none, np.maximum(net, 0), imported)
    exported = np.where(none, np.maximum(-net, 0), exported)
    still = np.isnan(imported) & np.isnan(exported)
    return np.where(still, _sum(said[3:6]), imported), np.where(still, _sum(said[6:9]), exported)


def _sum(phases: Sequence[Floats]) -> Floats:
    """The sum of the phases that were said, NaN where none was."""
    stacked = np.stack(phases)
    none = np.isnan(stacked).all(axis=0)
    return np.where(none, np.nan, np.nansum(stacked, axis=0))


async def _write(connection: Connection, stream: int, made: Quarters) -> None:
    statement = f"COPY rollups (stream, level, at, part, {listed(SUMS)}) FROM STDIN (FORMAT BINARY)"
    async with connection.cursor().copy(statement.encode()) as copy:
        copy.set_types(("int4", "int2", "timestamptz", "int2", *("float8" for _ in SUMS)))
        for row in _rows(stream, made):
            await copy.write_row(row)


def _rows(stream: int, made: Quarters) -> Iterator[tuple[Any, ...]]:
    """A row for each quarter of which anything is known, and one for what lies across holes."""
    count = len(made.edges) - 1
    none = np.full(count, np.nan)
    whole = np.stack([made.whole.get(column, none) for column in SUMS])
    across = np.stack([made.across.get(column, none) for column in SUMS])
    said = [n for n, column in enumerate(SUMS) if column not in ("covered_s", *PEAKS)]
    something = (made.whole["covered_s"] > TOUCH_S) | ~np.isnan(whole[said]).all(axis=0)
    estimated = ~np.isnan(across).all(axis=0)
    for part, table, kept in ((0, whole, something), (1, across, estimated)):
        for n in np.flatnonzero(kept):
            at = moment(float(made.edges[n]))
            yield stream, 0, at, part, *_plain(table[:, n].tolist())


def _plain(values: Iterable[float]) -> Iterator[float | None]:
    return (None if value != value else value for value in values)  # noqa: PLR0124  (NaN)
