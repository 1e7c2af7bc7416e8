"""Tables as Parquet: typed columns in row groups, zstd.

Source: Apache Parquet format, "Logical Types" (a timestamp is UTC, or a wall time of no zone).
"""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as arrow
from pyarrow import parquet

from ohmstead.surfaces.table import Cell, Column, Kind, Page, Row, Sheet, utc_text

GROUP_ROWS = 20_000
"""Rows of a row group: what is in memory at once."""
TYPES: dict[Kind, Any] = {
    Kind.TEXT: arrow.string(),
    Kind.NUMBER: arrow.float64(),
    Kind.INTEGER: arrow.int64(),
    Kind.LOCAL: arrow.timestamp("us"),
    Kind.UTC: arrow.timestamp("us", tz="UTC"),
}


class ParquetWriter:
    """Row groups as they fill; each column says its unit and meaning in its metadata."""

    def __init__(self, sheet: Sheet) -> None:
        self._columns = sheet.columns
        fields = [arrow.field(c.name, TYPES[c.kind], metadata=_about(c)) for c in sheet.columns]
        notes = {"title": sheet.title, "made_at": utc_text(sheet.made_at), **sheet.notes}
        self._schema = arrow.schema(fields, metadata=notes)
        self._made = io.BytesIO()
        self._sink = arrow.PythonFile(self._made, mode="w")
        self._file = parquet.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._rows: list[Row] = []

    def feed(self, page: Page) -> bytes:
        """The row groups that this page filled, if any."""
        self._rows.extend(page.rows)
        while len(self._rows) >= GROUP_ROWS:
            self._group(self._rows[:GROUP_ROWS])
            del self._rows[:GROUP_ROWS]
        return self._taken()

    def end(self) -> Iterator[bytes]:
        """The last row group and the footer."""
        if self._rows:
            self._group(self._rows)
            self._rows = []
        self._file.close()
        yield self._taken()

    def close(self) -> None:
        """Let go of the buffers."""
        self._rows = []
        self._file.close()

    def _group(self, rows: list[Row]) -> None:
        cells = zip(*rows, strict=True)
        arrays = [
            arrow.array([_plain(column.kind, cell) for cell in of], TYPES[column.kind])
            for column, of in zip(self._columns, cells, strict=True)
        ]
        self._file.write_table(arrow.Table.from_arrays(arrays, schema=self._schema))

    def _taken(self) -> bytes:
        """What pyarrow wrote since; it counts on its own where in the file it is."""
        said = self._made.getvalue()
        self._made.seek(0)
        self._made.truncate()
        return said


def _about(column: Column) -> dict[str, str]:
    said = {"unit": column.unit or "", "meaning": column.meaning}
    return {name: text for name, text in said.items() if text}


def _plain(kind: Kind, cell: Cell) -> Cell:
    """A local time without its zone; anything else as it is."""
    return cell.replace(tzinfo=None) if kind is Kind.LOCAL and isinstance(cell, datetime) else cell
