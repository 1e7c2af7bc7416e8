"""A month of readings as a Parquet file: written whole, read back before anybody relies on it.

Rows are sorted by stream, then time; a row group is what was written in one go.  `lead` marks the
few readings before the month that energy at its beginning is made of.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ohmstead.errors import Conflict, Unavailable
from ohmstead.store import columns

SCHEMA = 1
"""The version of the file's layout; a reader takes every one up to its own."""
GROUP_ROWS = 20_000
CHUNK = 1 << 20
KEY = ("stream", "at")
_ARROW = {
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float8": pa.float64(),
}
LAYOUT = pa.schema(
    [
        pa.field("stream", pa.int32(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("lead", pa.bool_(), nullable=False),
        pa.field("meter", pa.string(), nullable=False),
        *(pa.field(column, _ARROW[kind]) for column, kind in columns.TYPES.items()),
    ]
)
"""`meter` is the id that the stream's meter had; the rest are the columns of readings."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is on the disk; `rows` are those of the month, without the lead."""

    rows: int
    streams: int
    bytes: int
    sha256: str
    counts: Mapping[str, int]
    """Column -> how many rows of the month have it."""


class Writer:
    """Writes a file beside its place; `close` reads it back and compares, then it is safe to name.

    `names` are the columns of the rows given to `add`: stream, at, lead, and any of readings.
    """

    def __init__(
        self, path: Path, names: Sequence[str], meters: Mapping[int, str], said: Mapping[str, str]
    ) -> None:
        self._path, self._names, self._meters = path, tuple(names), meters
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = {f"ohmstead.{key}": value for key, value in said.items()}
        layout = LAYOUT.with_metadata({**known, "ohmstead.schema": str(SCHEMA)})
        self._layout = layout
        self._file = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb", closefd=True
        )
        self._parquet = pq.ParquetWriter(
            self._file,
            layout,
            compression="zstd",
            use_dictionary=["stream", "meter", "tariff", "meter_crc"],
            column_encoding={"at": "DELTA_BINARY_PACKED"},
            sorting_columns=[pq.SortingColumn(0), pq.SortingColumn(1)],
        )
        self._waiting: list[Sequence[Any]] = []
        self._digests: list[str] = []

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows, sorted by stream and time."""
        self._waiting.extend(rows)
        while len(self._waiting) >= GROUP_ROWS:
            self._group(self._waiting[:GROUP_ROWS])
            del self._waiting[:GROUP_ROWS]

    def _group(self, rows: Sequence[Sequence[Any]]) -> None:
        given = dict(zip(self._names, zip(*rows, strict=True), strict=True))
        given["meter"] = tuple(self._meters[stream] for stream in given["stream"])
        made = [
            pa.array(given[field.name], field.type)
            if field.name in given
            else pa.nulls(len(rows), field.type)
            for field in self._layout
        ]
        table = pa.Table.from_arrays(made, schema=self._layout)
        self._digests.append(digest(table))
        self._parquet.write_table(table, row_group_size=GROUP_ROWS)

    def close(self) -> Written:
        """All of it on the disk, read back and found the same; Unavailable when it is not."""
        if self._waiting:
            self._group(self._waiting)
            self._waiting = []
        self._parquet.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return compared(self._path, self._digests)

    def give_up(self) -> None:
        """Take the half written file away."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def digest(table: Any) -> str:
    """A checksum of what a table says, value by value, absent ones as absent."""
    found = hashlib.blake2b(digest_size=16)
    for column in table.columns:
        whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        found.update(bytes(str(len(whole)), "ascii"))
        valid = pc.is_valid(whole)
        found.update(pc.cast(valid, pa.uint8()).to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_string(whole.type):
            found.update("\0".join(whole.to_pylist()).encode())
            continue
        flat = pc.cast(whole, pa.int64()) if pa.types.is_timestamp(whole.type) else whole
        flat = pc.cast(flat, pa.uint8()) if pa.types.is_boolean(flat.type) else flat
        bits = pc.fill_null(flat, 0).to_numpy(zero_copy_only=False)
        found.update(bits.tobytes())
    return found.hexdigest()


def compared(path: Path, digests: Sequence[str]) -> Written:
    """What is in a file, all of it read, its row groups found to be as `digests` say."""
    counts: dict[str, int] = dict.fromkeys(columns.TYPES, 0)
    rows, streams = 0, set[int]()
    with pq.ParquetFile(path) as file:
        if file.num_row_groups != len(digests):
            raise Unavailable(
                f"the archive file {path} has {file.num_row_groups} row groups instead of "
                f"{len(digests)}: nothing was deleted; look after the disk and try again"
            )
        for n, expected in enumerate(digests):
            table = file.read_row_group(n)
            if digest(table) != expected:
                raise Unavailable(
                    f"the archive file {path} does not read back as it was written (row group "
                    f"{n}): nothing was deleted; look after the disk and try again"
                )
            month = table.filter(pc.invert(table["lead"]))
            rows += month.num_rows
            streams.update(pc.unique(month["stream"]).to_pylist())
            for column in counts:
                counts[column] += month.num_rows - month[column].null_count
    return Written(rows, len(streams), path.stat().st_size, sha256(path), counts)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checked(path: Path, expected: str) -> None:
    """Conflict when there is no such file, or it is another one than was written."""
    try:
        found = sha256(path)
    except OSError as trouble:
        raise Conflict(f"the archive file {path} cannot be read: {trouble.strerror}") from trouble
    if found != expected:
        raise Conflict(
            f"the archive file {path} is not as it was written: its SHA-256 is {found}, it was "
            f"{expected}; put the right one back, from a backup"
        )


def groups(path: Path) -> Iterator[Any]:
    """The row groups of a file, as tables; Conflict when it cannot be read as one of ours."""
    try:
        with pq.ParquetFile(path) as file:
            said = (file.schema_arrow.metadata or {}).get(b"ohmstead.schema", b"0")
            if not 1 <= int(said) <= SCHEMA:
                raise Conflict(f"{path} has layout {said.decode()}; this program knows {SCHEMA}")
            for n in range(file.num_row_groups):
                yield file.read_row_group(n)
    except (pa.ArrowException, ValueError) as trouble:
        raise Conflict(f"{path} is no archive of readings: {trouble}") from trouble


def streams_of(path: Path) -> dict[int, int]:
    """The streams of a file, each with how many rows of the month it has."""
    found: dict[int, int] = {}
    with pq.ParquetFile(path) as file:
        for n in range(file.num_row_groups):
            table = file.read_row_group(n, columns=["stream", "lead"])
            month = table.filter(pc.invert(table["lead"]))
            for each in pc.value_counts(month["stream"]).to_pylist():
                found[each["values"]] = found.get(each["values"], 0) + each["counts"]
    return found
