"""What the rollups must know of a stream: how it is read, and which counters it ever had."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ohmstead.analytics.energy_rollup import Source
from ohmstead.reading.catalogue import BY_MEDIUM, Kind
from ohmstead.store import columns, rollup_notes
from ohmstead.store.database import Connection

METER = """
    SELECT m.interval_s, m.reading, m.type, s.timezone, coalesce(k.columns, 0)
    FROM meters m JOIN sites s ON s.id = m.site
    LEFT JOIN rollup_streams k ON k.stream = m.stream WHERE m.stream = %s
"""
KEEP = """
    INSERT INTO rollup_streams (stream, columns) VALUES (%s, %s)
    ON CONFLICT (stream) DO UPDATE SET columns = excluded.columns
"""
EVER = f"""
    SELECT {", ".join(f"count({column}) > 0" for column in columns.COUNTERS)}
    FROM readings WHERE stream = %s
"""  # noqa: S608  (names of the catalogue, nothing from outside)
MAIN = tuple(columns.VALUES[obis] for obis in ("1.8.0", "21.8.0"))


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream whose buckets are made; `columns` are the counters it ever had."""

    stream: int
    source: Source
    columns: tuple[str, ...]


async def stream_of(
    connection: Connection, stream: int, noted: Sequence[int | None]
) -> Stream | None:
    """What is known of it with the counters that were `noted`; None when there is no such meter."""
    found = await (await connection.execute(METER, (stream,))).fetchone()
    if found is None:
        return None
    interval_s, reading, type, timezone, before = found
    bits = before
    for each in noted:
        bits |= await _ever(connection, stream) if each is None else each
    if bits != before:
        await connection.execute(KEEP, (stream, bits))
    electric = type == "electricity"
    gauge = BY_MEDIUM[type].reading is Kind.GAUGE
    source = Source(
        interval_s=interval_s,
        interval=reading == "interval",
        gauge=gauge,
        main=(*MAIN, "value") if electric else ("value",) if not gauge else (),
        zone=ZoneInfo(timezone),
    )
    had = rollup_notes.named(bits)
    return Stream(stream, source, tuple(c for c in had if not (gauge and c == "value")))


async def _ever(connection: Connection, stream: int) -> int:
    """The counters of all its readings, as bits: asked for once, after a change of the schema."""
    row = await (await connection.execute(EVER.encode(), (stream,))).fetchone() or ()
    bits = zip(rollup_notes.BIT.values(), row, strict=True)
    return sum(bit for bit, had in bits if had)
