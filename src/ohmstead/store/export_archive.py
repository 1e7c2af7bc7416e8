"""Readings of archived months, for exports: read from their Parquet files, as if still stored."""

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from ohmstead.errors import Conflict
from ohmstead.store import columns, facts
from ohmstead.store.archive_catalogue import Catalogue
from ohmstead.store.database import Database
from ohmstead.store.facts import Facts
from ohmstead.store.meters import Meter
from ohmstead.store.months import Month, after

BATCH_ROWS = 2000
Rows = list[tuple[Any, ...]]
FIRST = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Gone:
    """A stretch of a meter's time whose readings are in files."""

    first: datetime
    last: datetime
    files: Sequence[Path]


class ArchivedReadings:
    """What left the database, still to be had."""

    def __init__(self, database: Database, folder: Path | None = None) -> None:
        self._database, self._folder = database, folder

    async def of(self, meter: Meter, first: datetime, last: datetime) -> list[Gone]:
        """Which stretches between `first` and `last` are in files; Conflict when one is missing."""
        found: dict[Month, list[str]] = {}
        for entry in await Catalogue(self._database).all(meter.site.organisation):
            if entry.state == "archived" and _begin(entry.month) < last:
                found.setdefault(entry.month, []).append(entry.name)
        gone = [
            (max(first, _begin(month)), min(last, _begin(after(month))), names)
            for month, names in sorted(found.items())
        ]
        gone = [each for each in gone if each[0] < each[1]]
        folder = await self._place() if gone else Path()
        return [Gone(a, b, [_there(folder / name) for name in names]) for a, b, names in gone]

    async def _place(self) -> Path:
        told = None if self._folder else await Facts(self._database).get(facts.ARCHIVE)
        if self._folder is None and not told:
            raise Conflict(
                "some of these months are archived, and this database does not know where;"
                " start the cloud once, or restore them: `ohmstead archive restore`"
            )
        return self._folder or Path(told or "")

    async def said(self, meter: Meter, gone: Gone) -> set[str]:
        """The columns of which any row near this meter's has something."""
        found = set[str]()
        for path in gone.files:
            found |= await asyncio.to_thread(_said, path, meter.stream)
        return found

    async def rows(
        self, meter: Meter, gone: Gone, names: Sequence[str], stored: Rows
    ) -> AsyncIterator[Rows]:
        """Rows (`at`, then `names`) of a stretch, with what is still stored of it, each once."""
        sources = [_read(path, meter.stream, gone, names) for path in gone.files]
        merged = heapq.merge(stored, *sources, key=FIRST)
        once = (next(same) for _, same in groupby(merged, key=FIRST))
        while batch := await asyncio.to_thread(_taken, once):
            yield batch


def _taken(rows: Iterator[tuple[Any, ...]]) -> Rows:
    return [row for row, _ in zip(rows, range(BATCH_ROWS), strict=False)]


def _begin(month: Month) -> datetime:
    return datetime(*month, 1, tzinfo=UTC)


def _there(path: Path) -> Path:
    if not path.is_file():
        raise Conflict(f"the archive file {path} is missing; put it back, from a backup")
    return path


def _groups(file: Any, stream: int) -> Iterator[int]:
    """The row groups that may hold a stream: rows are sorted by it."""
    for n in range(file.num_row_groups):
        known = file.metadata.row_group(n).column(0).statistics
        if known is None or not known.has_min_max or known.min <= stream <= known.max:
            yield n


def _said(path: Path, stream: int) -> set[str]:
    found = set[str]()
    with pq.ParquetFile(path) as file:
        for n in _groups(file, stream):
            group = file.metadata.row_group(n)
            for index in range(group.num_columns):
                column = group.column(index)
                known = column.statistics
                if known is None or known.null_count is None or known.null_count < group.num_rows:
                    found.add(column.path_in_schema)
    return found & set(columns.VALUES.values())


def _read(path: Path, stream: int, gone: Gone, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a stream, a row group at a time; a column that the file has not is None."""
    with pq.ParquetFile(path) as file:
        there = [name for name in names if name in file.schema_arrow.names]
        for n in _groups(file, stream):
            table = file.read_row_group(n, columns=["stream", "at", "lead", *there])
            own = pc.and_(pc.equal(table["stream"], stream), pc.invert(table["lead"]))
            within = pc.and_(
                pc.greater_equal(table["at"], gone.first), pc.less(table["at"], gone.last)
            )
            kept = table.filter(pc.and_(own, within))
            cells = {name: kept[name].to_pylist() for name in ("at", *there)}
            nothing = [None] * kept.num_rows
            yield from zip(cells["at"], *(cells.get(name, nothing) for name in names), strict=True)
