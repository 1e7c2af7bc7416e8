"""A batch of readings as columns: what of it is newest, and as the database takes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

from ohmstead.reading.reading import NOTHING, Identity, mark_of
from ohmstead.store import rollup_notes
from ohmstead.store.batch_values import values_of
from ohmstead.store.months import Month, month_of
from ohmstead.store.packed import (
    Column,
    Floats,
    Kind,
    Packed,
    array,
    arrays_of,
    copied,
    moments,
    seconds,
    wires,
)

KINDS: Mapping[str, Kind] = {
    "received_at": "timestamptz",
    "meter_at": "timestamptz",
    "number": "int8",
    "tariff": "int2",
    "value": "float8",
    "meter_crc": "int4",
}
BEFORE_ALL_US = -(2**63)


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
    meter_crc: int | None = None
    """Of whose meter it is, where the number is known and the identity not: an import's."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by stream and, within one, as they arrived: `rows[i]` is number `numbers[i]` of them.

    `newest` are the indices of what `latest` may show, one a stream; `fields` the columns that one
    of the rows has, beside stream, time and `values`, whose columns are `names` (NaN is none).
    """

    numbers: Sequence[int]
    rows: Sequence[Row]
    streams: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    newest: npt.NDArray[np.int64]
    fields: Mapping[str, Column]
    names: Sequence[str]
    values: Floats
    bits: npt.NDArray[np.int64]
    """What each row says.  See store/rollup_notes.py."""

    @property
    def one_each(self) -> bool:
        """Whether no stream has two rows."""
        return len(self.newest) == len(self.rows)

    def rising(self) -> npt.NDArray[np.bool_]:
        """Which rows are newer than all of their stream before them."""
        if self.one_each:
            return np.ones(len(self.rows), np.bool_)
        found, newest = np.empty(len(self.rows), np.bool_), dict[int, int]()
        for n, (stream, at) in enumerate(zip(self.streams.tolist(), self.at.tolist(), strict=True)):
            found[n] = at > newest.get(stream, BEFORE_ALL_US)
            newest[stream] = max(at, newest.get(stream, BEFORE_ALL_US))
        return found

    def only(self, which: npt.NDArray[np.bool_]) -> "Batch":
        """The rows that are marked."""
        if which.all():
            return self
        return batch_of(
            [(n, row) for n, row, kept in zip(self.numbers, self.rows, which, strict=True) if kept]
        )

    def months(self) -> set[Month]:
        """The months (UTC) of the first and of the last row."""
        return {
            month_of(datetime.fromtimestamp(at, UTC))
            for at in seconds(np.array([self.at.min(), self.at.max()])).tolist()
        }

    @property
    def columns(self) -> Mapping[str, Kind]:
        """Every column and its type, in the order of `copied` and `arrays`."""
        fields = {name: column.kind for name, column in self._keyed().items()}
        return fields | dict.fromkeys(self.names, "float8")

    def _keyed(self) -> dict[str, Column]:
        return {
            "stream": Column("int4", self.streams),
            "at": Column("timestamptz", self.at),
            **self.fields,
        }

    def copied(self) -> bytes:
        """All rows, for a COPY."""
        return copied(list(self._keyed().values()), self.values)

    def arrays(self) -> list[Packed]:
        """Each column as a parameter."""
        return [*map(array, self._keyed().values()), *arrays_of(self.values)]

    def identities(self) -> Packed:
        """Who the meters of the newest rows say they are."""
        found = (self.rows[n].identity for n in self.newest)
        return wires("jsonb", [_identity(who) if who else None for who in found])

    def raws(self) -> Packed:
        """What arrived, of the newest rows."""
        return wires("bytea", [self.rows[n].raw for n in self.newest])


def batch_of(kept: Sequence[tuple[int, Row]]) -> Batch:
    """The rows, each with its number, as columns; there is at least one."""
    numbers, rows = [n for n, _ in kept], [row for _, row in kept]
    streams = np.array([row.stream for row in rows], np.int32)
    if not (np.diff(streams) >= 0).all():
        order = np.argsort(streams, kind="stable")
        streams = streams[order]
        numbers, rows = [numbers[n] for n in order], [rows[n] for n in order]
    at = moments([row.at for row in rows], len(rows))
    names, values, bits = values_of([row.values for row in rows])
    bits |= [0 if row.value is None else rollup_notes.BIT["value"] for row in rows]
    return Batch(
        numbers=numbers,
        rows=rows,
        streams=streams,
        at=at,
        newest=_newest(streams, at),
        fields=dict(_fields(rows)),
        names=names,
        values=values,
        bits=bits,
    )


def _newest(streams: npt.NDArray[np.int32], at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The newest row of each stream, the first of those with the same time."""
    if len(streams) < 2 or (np.diff(streams) > 0).all():
        return np.arange(len(streams))
    order = np.lexsort((-np.arange(len(at)), at, streams))
    last = np.append(np.diff(streams[order]) != 0, [True])
    return np.asarray(order[last])


def _fields(rows: Sequence[Row]) -> Iterator[tuple[str, Column]]:
    """What one of the rows has beside its values."""
    yield "received_at", Column("timestamptz", moments([r.received_at for r in rows], len(rows)))
    for name, said in (
        ("meter_at", [row.meter_at for row in rows]),
        ("number", [row.number for row in rows]),
        ("tariff", [row.tariff for row in rows]),
        ("value", [row.value for row in rows]),
    ):
        if said.count(None) < len(said):
            yield name, _column(KINDS[name], said)
    told = [row.identity for row in rows], [row.meter_crc for row in rows]
    if any(each.count(None) < len(each) for each in told):
        whose = [_who(row) for row in rows]
        if any(whose):
            yield "meter_crc", _column("int4", whose)


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


def _who(row: Row) -> int | None:
    """A number for the meter that a row is of."""
    if row.identity is not None and row.identity.id:
        return _crc(row.identity.id)
    return row.meter_crc


@lru_cache(maxsize=10_000)
def _crc(serial: str) -> int:
    """A number for who the meter is, of 32 bits with a sign; never 0."""
    return mark_of(serial)
