"""What the rollups must know of a stream: how it is read, and which counters it ever had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from ohmstead.analytics.energy_rollup import Source
from ohmstead.reading.catalogue import BY_MEDIUM, Kind
from ohmstead.store import columns, rollup_notes
from ohmstead.store.database import Connection
from ohmstead.store.energy_ways import KWH
from ohmstead.store.packed import Column, array

METERS = """
    SELECT m.stream, m.interval_s, m.reading, m.type, m.counter_digits, s.timezone,
           coalesce(k.columns, 0), k.owed, l.at, m.unit
    FROM meters m JOIN sites s ON s.id = m.site
    LEFT JOIN rollup_streams k ON k.stream = m.stream
    LEFT JOIN latest l ON l.stream = m.stream
    WHERE m.stream = ANY(%s) ORDER BY m.stream
"""
KEEP = """
    INSERT INTO rollup_streams (stream, columns) SELECT * FROM unnest(%s::int4[], %s::int8[])
    ON CONFLICT (stream) DO UPDATE SET columns = rollup_streams.columns | excluded.columns
"""
_BITS = {**rollup_notes.BIT, **rollup_notes.POWER_BIT}
EVER = f"""
    SELECT {", ".join(f"count({column}) > 0" for column in _BITS)}
    FROM readings WHERE stream = %s
"""  # noqa: S608  (names of the catalogue, nothing from outside)
_MAIN = (("1.8.0",), ("21.8.0", "41.8.0", "61.8.0"), ("1.8.1", "1.8.2"))
MAIN = tuple(tuple(columns.VALUES[obis] for obis in each) for each in _MAIN)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream whose buckets are made; `columns` are the counters it ever had.

    `powers` are the columns of power that it ever had; `wrap` is where its counters begin anew,
    None where nobody knows; `newest` is its newest reading; `owed` the quarter (epoch seconds) of
    which peaks are to be made later.
    """

    stream: int
    source: Source
    columns: tuple[str, ...]
    powers: tuple[str, ...] = ()
    wrap: float | None = None
    newest: datetime | None = None
    owed: float | None = None

    @property
    def has_peaks(self) -> bool:
        """Whether there is anything of which peaks of power are made."""
        return any(column in self.columns for each in self.source.main for column in each)


async def stream_of(
    connection: Connection, stream: int, noted: Sequence[int | None]
) -> Stream | None:
    """What is known of it with the counters that were `noted`; None when there is no such meter."""
    bits: int | None = 0
    for each in noted:
        bits = None if bits is None or each is None else bits | each
    found = await streams_of(connection, {stream: bits})
    return found[0] if found else None


async def streams_of(connection: Connection, noted: Mapping[int, int | None]) -> list[Stream]:
    """What is known of each, by stream; those that are no meter's are not among them.

    `noted` are the bits of what is new; None lets all its readings be looked at.
    """
    numbers = array(Column("int4", np.array(sorted(noted), np.int32)))
    asked = await connection.execute(METERS, (numbers,), binary=True)
    found, changed = [], {}
    for (
        stream,
        interval_s,
        reading,
        type,
        digits,
        timezone,
        before,
        owed,
        newest,
        unit,
    ) in await asked.fetchall():
        new = noted[stream]
        bits = before | (await _ever(connection, stream) if new is None else new)
        if bits != before:
            changed[stream] = bits
        source = _source(type, interval_s, reading, timezone, unit)
        counters, powers = _said(bits, source.gauge)
        wrap = None if digits is None else 10.0**digits
        owed_s = None if owed is None else owed.timestamp()
        found.append(Stream(stream, source, counters, powers, wrap, newest, owed_s))
    if changed:
        streams, kept = np.array(list(changed)), np.array(list(changed.values()))
        await connection.execute(
            KEEP, (array(Column("int4", streams)), array(Column("int8", kept)))
        )
    return found


@lru_cache(maxsize=256)
def _said(bits: int, gauge: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The counters and the powers of what was said; of a gauge the value is none."""
    counters = rollup_notes.named(bits)
    if gauge:
        counters = tuple(column for column in counters if column != "value")
    return counters, rollup_notes.powers(bits)


@lru_cache(maxsize=256)
def _source(type: str, interval_s: float, reading: str, timezone: str, unit: str | None) -> Source:
    electric = type == "electricity"
    gauge = BY_MEDIUM[type].reading is Kind.GAUGE
    return Source(
        interval_s=interval_s,
        interval=reading == "interval",
        gauge=gauge,
        main=(*MAIN, ("value",)) if electric else (("value",),) if not gauge else (),
        zone=ZoneInfo(timezone),
        value_kwh=KWH.get(unit or "", 0.0) if electric else None,
    )


async def _ever(connection: Connection, stream: int) -> int:
    """What all its readings said, as bits: asked for once, after a change of the schema."""
    row = await (await connection.execute(EVER.encode(), (stream,))).fetchone() or ()
    return sum(bit for bit, had in zip(_BITS.values(), row, strict=True) if had)
