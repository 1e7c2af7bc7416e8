"""Notes of what is new: written with the readings, worked off by store/rollups.py.

A commit writes one row, `rollup_batches`, about all its streams.  A note of one stream alone,
`rollup_notes`, is written where no commit does it, or where the buckets of a stream were not made.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ohmstead.store import columns
from ohmstead.store.database import Connection
from ohmstead.store.packed import Column, Packed, array

BATCH = """
    INSERT INTO rollup_batches (streams, firsts, lasts, columns)
    VALUES (%s::int4[], %s::timestamptz[], %s::timestamptz[], %s::int8[])
"""
DAY_US = 86_400_000_000
BIT = {column: 1 << n for n, column in enumerate(columns.COUNTERS)}
_POWER = ("1.7.0", "2.7.0", "16.7.0", *(f"{c}.7.0" for c in (21, 41, 61, 22, 42, 62, 36, 56, 76)))
POWER = tuple(columns.VALUES[obis] for obis in _POWER)
"""Import, export, net; import, export and net of each phase."""
POWER_BIT = {column: 1 << (40 + n) for n, column in enumerate(POWER)}
_BIT_OF_OBIS = {
    obis: bit
    for obis, column in columns.VALUES.items()
    if (bit := BIT.get(column) or POWER_BIT.get(column))
}


async def write(
    connection: Connection,
    streams: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
) -> None:
    """Note the readings that were stored: see `arrays`."""
    if len(streams):
        await connection.execute(BATCH, arrays(streams, at, columns))


def arrays(
    streams: npt.NDArray[np.int32], at: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]
) -> list[Packed]:
    """The note of readings, of which there is one, by stream: a stretch for each stream and day.

    `at` is in microseconds since 2000, `columns` are `bits` of what each says.
    """
    firsts, lasts = at, at
    if (np.diff(streams) == 0).any():
        order = np.lexsort((at, streams))
        streams, at, columns = streams[order], at[order], columns[order]
        new = (np.diff(streams) != 0) | (np.diff(at // DAY_US) != 0)
        begins = np.flatnonzero(np.append([True], new))
        ends = np.append(begins[1:], len(at)) - 1
        streams, firsts, lasts = streams[begins], at[begins], at[ends]
        columns = np.bitwise_or.reduceat(columns, begins)
    said = (
        Column("int4", streams),
        Column("timestamptz", firsts),
        Column("timestamptz", lasts),
        Column("int8", columns),
    )
    return [array(column) for column in said]


@lru_cache(maxsize=4096)
def bits(quantities: tuple[str, ...], has_value: bool) -> int:
    """What a reading with these catalogue keys says, as bits."""
    said = sum(_BIT_OF_OBIS.get(obis, 0) for obis in quantities)
    return said | (BIT["value"] if has_value else 0)


def named(bits: int) -> tuple[str, ...]:
    """The counters of `bits`, as columns."""
    return tuple(column for column, bit in BIT.items() if bits & bit)


def powers(bits: int) -> tuple[str, ...]:
    """The powers of `bits`, as columns."""
    return tuple(column for column, bit in POWER_BIT.items() if bits & bit)
