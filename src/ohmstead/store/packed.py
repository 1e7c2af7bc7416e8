"""Whole columns in PostgreSQL's binary forms: an array as a parameter, the rows of a COPY.

A number costs some nanoseconds this way; one at a time, through the driver, it is a microsecond.
Source: PostgreSQL, COPY, binary format; array_send and array_recv for arrays.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import psycopg
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.pq import Format

Kind = Literal["int2", "int4", "int8", "float8", "timestamptz"]
Values: TypeAlias = npt.NDArray[Any]
Absent: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

ELEMENTS: dict[Kind, tuple[int, int, str, int]] = {
    "int2": (21, 1005, ">i2", 2),
    "int4": (23, 1007, ">i4", 4),
    "int8": (20, 1016, ">i8", 8),
    "float8": (701, 1022, ">f8", 8),
    "timestamptz": (1184, 1185, ">i8", 8),
}
"""Type of an element, of an array of them (pg_type), how the element is written, its bytes."""
CELL: Mapping[Kind, np.dtype[Any]] = {
    kind: np.dtype([("length", ">i4"), ("value", written)])
    for kind, (_, _, written, _) in ELEMENTS.items()
}
"""An element of an array, with its length before it."""
JSONB_ARRAY, BYTEA_ARRAY = 3807, 1001
DOCUMENTS: dict[Literal["jsonb", "bytea"], tuple[int, int, bytes]] = {
    "jsonb": (3802, JSONB_ARRAY, b"\1"),  # before each stands the version of its form
    "bytea": (17, BYTEA_ARRAY, b""),
}
EPOCH_S = 946_684_800
"""Times are microseconds since 2000 (PostgreSQL), which is this far behind 1970."""
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"


class Packed(bytes):
    """An array as a parameter, in its binary form; its class says of what."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values of one column, each with its place; `absent` marks those that are NULL."""

    kind: Kind
    values: Values
    absent: Absent | None = None


class _PackedDumper(Dumper):
    """Hands a Packed over as it is."""

    format = Format.BINARY

    def dump(self, obj: Packed) -> bytes:
        return bytes(obj)


class _Unread(Loader):
    """An array as it came."""

    format = Format.BINARY

    def load(self, data: Any) -> bytes:
        return bytes(data)


def _packed_as(oid: int) -> type[Packed]:
    """The class of arrays of a type, known to the driver."""
    kept = type(f"Packed{oid}", (Packed,), {})
    psycopg.adapters.register_dumper(kept, type(f"Dumper{oid}", (_PackedDumper,), {"oid": oid}))
    return kept


PACKED = {
    oid: _packed_as(oid)
    for oid in (*(array for _, array, *_ in ELEMENTS.values()), JSONB_ARRAY, BYTEA_ARRAY)
}


def whole_arrays(adapters: AdaptersMap) -> None:
    """From now on binary arrays are given as they came; `unpacked` reads them."""
    for _, array, *_ in ELEMENTS.values():
        adapters.register_loader(array, _Unread)


def array(column: Column) -> Packed:
    """The column as one array."""
    element, oid, _, size = ELEMENTS[column.kind]
    has_null = column.absent is not None and bool(column.absent.any())
    head = struct.pack(">iiiii", 1, has_null, element, len(column.values), 1)
    if has_null:
        return PACKED[oid](head + _written([column]))
    table = np.empty(len(column.values), dtype=CELL[column.kind])
    table["length"] = size
    table["value"] = column.values
    return PACKED[oid](head + table.tobytes())


def wires(kind: Literal["jsonb", "bytea"], items: Sequence[bytes | None]) -> Packed:
    """Documents or bytes as one array."""
    oid, array_oid, before = DOCUMENTS[kind]
    head = struct.pack(">iiiii", 1, None in items, oid, len(items), 1)
    parts = (
        b"\xff\xff\xff\xff"
        if item is None
        else struct.pack(">i", len(item) + len(before)) + before + item
        for item in items
    )
    return PACKED[array_oid](head + b"".join(parts))


def copied(columns: Sequence[Column], values: Floats | None = None) -> bytes:
    """The rows as `COPY ... FROM STDIN (FORMAT BINARY)` takes them.

    `values` are further columns of numbers, a row of it for each row.
    """
    return COPY_HEAD + _written(columns, values, counted=True) + COPY_END


def arrays_of(values: Floats) -> list[Packed]:
    """Each column of `values` as one array; NaN is NULL."""
    count, width = values.shape
    if np.isnan(values).any():
        columns = (values[:, n] for n in range(width))
        return [array(Column("float8", each, np.isnan(each))) for each in columns]
    element, oid, _, size = ELEMENTS["float8"]
    head = struct.pack(">iiiii", 1, 0, element, count, 1)
    table = np.empty((width, count), dtype=CELL["float8"])
    table["length"] = size
    table["value"] = values.T
    return [PACKED[oid](head + each.tobytes()) for each in table]


def _written(
    columns: Sequence[Column], values: Floats | None = None, *, counted: bool = False
) -> bytes:
    """Row by row, each field with its length; that of a NULL is -1, and nothing follows."""
    width = 0 if values is None else values.shape[1]
    table = np.empty(len(columns[0].values), dtype=_row(columns, width, counted=counted))
    if counted:
        table["count"] = len(columns) + width
    gone: list[tuple[str, Absent]] = []
    for n, column in enumerate(columns):
        size = ELEMENTS[column.kind][3]
        some = column.absent is not None and bool(column.absent.any())
        table[f"v{n}"] = _without(column) if some else column.values
        table[f"l{n}"] = np.where(np.asarray(column.absent), -1, size) if some else size
        if some and column.absent is not None:
            gone.append((f"v{n}", column.absent))
    if values is not None and width:
        absent = np.isnan(values)
        some = bool(absent.any())
        table["numbers"]["value"] = values
        table["numbers"]["length"] = np.where(absent, -1, 8) if some else 8
        if some:
            return _shortened(table, gone, absent)
    return _shortened(table, gone, None) if gone else table.tobytes()


def _row(columns: Sequence[Column], width: int, *, counted: bool) -> np.dtype[Any]:
    """How a row is written."""
    fields: list[Any] = [("count", ">i2")] if counted else []
    for n, column in enumerate(columns):
        fields += [(f"l{n}", ">i4"), (f"v{n}", ELEMENTS[column.kind][2])]
    if width:
        fields.append(("numbers", [("length", ">i4"), ("value", ">f8")], (width,)))
    return np.dtype(fields)


def _shortened(table: Values, gone: Sequence[tuple[str, Absent]], absent: Absent | None) -> bytes:
    """The rows without the room of what is NULL."""
    kept = np.ones((len(table), table.dtype.itemsize), dtype=np.bool_)
    places: Mapping[str, Any] = table.dtype.fields or {}
    for name, marks in gone:
        kind, offset = places[name][:2]
        kept[marks, offset : offset + kind.itemsize] = False
    if absent is not None:
        offset = places["numbers"][1]
        pairs = kept[:, offset : offset + absent.shape[1] * 12]
        pairs.reshape(len(table), absent.shape[1], 12)[:, :, 4:][absent] = False
    return table.view(np.uint8).reshape(kept.shape)[kept].tobytes()


def _without(column: Column) -> Values:
    return np.where(np.asarray(column.absent), 0, column.values)


def unpacked(wire: bytes | None, kind: Kind) -> Values:
    """The values of an array without NULLs, as `array_agg` gives it; empty for none at all."""
    plain = ELEMENTS[kind][2][1:]
    if wire is None:
        return np.empty(0, dtype=plain)
    return np.frombuffer(wire, dtype=CELL[kind], offset=20)["value"].astype(plain)


def moments(times: Iterable[datetime], count: int) -> npt.NDArray[np.int64]:
    """Aware times as PostgreSQL keeps them, microseconds since 2000."""
    seconds = np.fromiter((at.timestamp() for at in times), np.float64, count)
    return micros(seconds)


def micros(epoch_s: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Epoch seconds as PostgreSQL keeps times."""
    return np.rint((epoch_s - EPOCH_S) * 1e6).astype(np.int64)


def seconds(at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Times as PostgreSQL keeps them as epoch seconds."""
    return at / 1e6 + EPOCH_S
