"""A batch of readings as columns: what of it is newest, and as the database takes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from ohmstead.reading.reading import NOTHING, Identity
from ohmstead.store import columns
from ohmstead.store.packed import Column, Kind, Packed, array, moments, wires

KINDS: Mapping[str, Kind] = {
    "received_at": "timestamptz",
    "meter_at": "timestamptz",
    "number": "int8",
    "tariff": "int2",
    "value": "float8",
    "meter_crc": "int4",
}


class Row(msgspec.Struct, frozen=True, gc=False):
    """One reading on its way into the database.

    `at` and `received_at` are aware; `values` maps catalogue keys to numbers in the catalogue's
    unit (keys it does not know are left out); `value` is the one number of a meter that is not
    electric; `raw` is what arrived, byte for byte.
    """

    stream: int
    at: datetime
    received_at: datetime
    values: Mapping[str, float] = NOTHING
    tariff: int | None = None
    meter_at: datetime | None = None
    number: int | None = None
    identity: Identity | None = None
    value: float | None = None
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by stream and, within one, as they arrived: `rows[i]` is number `numbers[i]` of them.

    `newest` are the indices of what `latest` may show, one a stream; `columns` those that one of
    the rows has, beside stream and time.
    """

    numbers: Sequence[int]
    rows: Sequence[Row]
    streams: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    newest: npt.NDArray[np.int64]
    columns: Mapping[str, Column]

    @property
    def one_each(self) -> bool:
        """Whether no stream has two rows."""
        return len(self.newest) == len(self.rows)

    def keyed(self, which: npt.NDArray[np.int64] | None = None) -> dict[str, Column]:
        """The columns with stream and time, of all rows or of those `which`."""
        every = {
            "stream": Column("int4", self.streams),
            "at": Column("timestamptz", self.at),
            **self.columns,
        }
        if which is None:
            return every
        return {name: column.only(which) for name, column in every.items()}

    def identities(self) -> Packed:
        """Who the meters of the newest rows say they are."""
        found = (self.rows[n].identity for n in self.newest)
        return wires("jsonb", [_identity(who) if who else None for who in found])

    def raws(self) -> Packed:
        """What arrived, of the newest rows."""
        return wires("bytea", [self.rows[n].raw for n in self.newest])


def batch_of(kept: Sequence[tuple[int, Row]]) -> Batch:
    """The rows, each with its number, as columns; there is at least one."""
    ordered = sorted(kept, key=lambda each: each[1].stream)
    rows = [row for _, row in ordered]
    streams = np.fromiter((row.stream for row in rows), np.int32, len(rows))
    at = moments((row.at for row in rows), len(rows))
    return Batch(
        numbers=[n for n, _ in ordered],
        rows=rows,
        streams=streams,
        at=at,
        newest=_newest(streams, at),
        columns=dict(_columns(rows)),
    )


def _newest(streams: npt.NDArray[np.int32], at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The newest row of each stream, the first of those with the same time."""
    if len(streams) < 2 or (np.diff(streams) > 0).all():
        return np.arange(len(streams))
    order = np.lexsort((-np.arange(len(at)), at, streams))
    last = np.append(np.diff(streams[order]) != 0, [True])
    return np.asarray(order[last])


def _columns(rows: Sequence[Row]) -> Iterator[tuple[str, Column]]:
    """The columns that one of the rows has."""
    received = rows[0].received_at
    if all(row.received_at is received for row in rows):
        at = np.full(len(rows), moments([received], 1)[0])
    else:
        at = moments((row.received_at for row in rows), len(rows))
    yield "received_at", Column("timestamptz", at)
    for name in ("meter_at", "number", "tariff", "value"):
        said = [getattr(row, name) for row in rows]
        if any(each is not None for each in said):
            yield name, _column(KINDS[name], said)
    whose = [row.identity.id if row.identity is not None else None for row in rows]
    if any(whose):
        yield "meter_crc", _column("int4", [_crc(each) if each else None for each in whose])
    seen = dict.fromkeys(obis for row in rows for obis in row.values)
    for obis, name in columns.VALUES.items():
        if obis in seen:
            yield name, _floats([row.values.get(obis) for row in rows])


def _floats(said: Sequence[float | None]) -> Column:
    """Measured values; one that is not a number is none."""
    values = np.array(said, dtype=np.float64)  # None becomes NaN
    absent = np.isnan(values)
    return Column("float8", values, absent if absent.any() else None)


def _column(kind: Kind, said: Sequence[float | int | datetime | None]) -> Column:
    """What the fields said, where they said anything."""
    if kind == "float8":
        return _floats([None if each is None else float(each) for each in said])  # type: ignore[arg-type]
    absent = np.array([each is None for each in said])
    values = np.zeros(len(said), dtype=np.int64)
    times = [each for each in said if isinstance(each, datetime)]
    if kind == "timestamptz":
        values[~absent] = moments(times, len(times))
    else:
        values[~absent] = [each for each in said if isinstance(each, int)]
    return Column(kind, values, absent)


@lru_cache(maxsize=10_000)
def _identity(identity: Identity) -> bytes | None:
    """What the meter says it is, without what is absent; jsonb knows no zero character."""
    said = {key: value.replace("\0", "") for key, value in asdict(identity).items() if value}
    return msgspec.json.encode(said) if said else None


@lru_cache(maxsize=10_000)
def _crc(serial: str) -> int:
    """A number for who the meter is, of 32 bits with a sign; never 0."""
    return (crc32(serial.encode()) or 1) - 2**31 or 1


def arrays(found: Mapping[str, Column]) -> list[Packed]:
    """Each column as a parameter."""
    return [array(column) for column in found.values()]
