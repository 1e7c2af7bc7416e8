"""Notes of what is new: written with the readings, worked off by store/rollups.py."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from ohmstead.store import columns
from ohmstead.store.database import Connection

NOTE = """
    INSERT INTO rollup_notes (stream, first, last, columns)
    SELECT * FROM unnest(%s::int4[], %s::timestamptz[], %s::timestamptz[], %s::int8[])
"""
BIT = {column: 1 << n for n, column in enumerate(columns.COUNTERS)}
BIT_OF_OBIS = {obis: BIT[column] for obis, column in columns.VALUES.items() if column in BIT}


New: TypeAlias = tuple[int, datetime, Mapping[str, float], bool]
"""Stream and time of a reading, what it says, and whether it has a `value`."""


@dataclass(slots=True)
class _Note:
    stream: int
    first: datetime
    last: datetime
    columns: int


async def write(connection: Connection, fresh: Iterable[New]) -> None:
    """Note each reading that was stored: one note a stream and day."""
    notes: dict[tuple[int, int], _Note] = {}
    for stream, at, values, has_value in fresh:
        bits = _bits(tuple(values)) | (BIT["value"] if has_value else 0)
        note = notes.setdefault((stream, at.toordinal()), _Note(stream, at, at, bits))
        note.first, note.last = min(note.first, at), max(note.last, at)
        note.columns |= bits
    if notes:
        rows = [
            (each.stream, each.first, each.last, each.columns)
            for _, each in sorted(notes.items(), key=lambda item: item[0])
        ]
        await connection.execute(NOTE, [list(column) for column in zip(*rows, strict=True)])


@lru_cache(maxsize=4096)
def _bits(quantities: tuple[str, ...]) -> int:
    """The counters among catalogue keys."""
    return sum(BIT_OF_OBIS[obis] for obis in quantities if obis in BIT_OF_OBIS)


def named(bits: int) -> tuple[str, ...]:
    """The columns of `bits`."""
    return tuple(column for column, bit in BIT.items() if bits & bit)
