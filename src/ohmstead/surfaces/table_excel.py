"""Tables as an Excel workbook: dates are dates, numbers numbers, and no text is a formula.

Source: ECMA-376 (Office Open XML); Microsoft, "Excel specifications and limits" (rows of a sheet).
"""

import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from ohmstead.surfaces.table import Cell, Kind, Page, Sheet

ROWS_MOST = 1_048_576
"""Of a sheet, its header included."""
PIECE_BYTES = 256 * 1024
WIDTHS = {Kind.LOCAL: 22, Kind.UTC: 22, Kind.TEXT: 20}
NUMBER_WIDTH = 16
TIME = "yyyy-mm-dd hh:mm:ss"
NOT_IN_A_TITLE = re.compile(r"[\[\]:*?/\\\x00-\x1f']")


class _Exact(float):
    """A number that is written with all its digits: the library would write sixteen."""

    def __format__(self, _wanted: str) -> str:
        return repr(float(self))


class ExcelWriter:
    """A workbook whose rows go to a temporary file as they come; packed at the end.

    `rows_most` is how many rows, header included, a sheet takes before the next one begins.
    """

    def __init__(self, sheet: Sheet, *, rows_most: int = ROWS_MOST) -> None:
        self._sheet = sheet
        self._rows_most = rows_most
        self._temporary = tempfile.TemporaryDirectory(prefix="ohmstead-export-")
        self.folder = Path(self._temporary.name)
        self._file = self.folder / "book.xlsx"
        options = {"constant_memory": True, "tmpdir": str(self.folder)}
        self._book: Any = xlsxwriter.Workbook(self._file, options)
        self._book.set_properties({"title": sheet.title, "created": _wall(sheet.made_at)})
        self._time = self._book.add_format({"num_format": TIME})
        self._bold = self._book.add_format({"bold": True})
        self._write: list[Callable[[int, int, Any], None]] = []
        self._row = 0
        self._begin()

    def feed(self, page: Page) -> bytes:
        """Nothing yet: a workbook is packed when it is whole."""
        for row in page.rows:
            if self._row >= self._rows_most:
                self._begin()
            for n, cell in enumerate(row):
                if cell is not None:
                    self._write[n](self._row, n, cell)
            self._row += 1
        return b""

    def end(self) -> Iterator[bytes]:
        """The workbook, piece by piece."""
        self._book.close()
        with self._file.open("rb") as made:
            while piece := made.read(PIECE_BYTES):
                yield piece

    def close(self) -> None:
        """Remove the temporary files, also those of a workbook that was given up."""
        self._book.fileclosed = True  # else it packs itself when it is forgotten
        for page in self._book.worksheets():
            page.row_data_fh.close()
        self._temporary.cleanup()

    def _begin(self) -> None:
        """The next sheet, with its header, frozen."""
        number = len(self._book.worksheets()) + 1
        title = NOT_IN_A_TITLE.sub(" ", self._sheet.title)[:25].strip() or "Data"
        page = self._book.add_worksheet(title if number == 1 else f"{title} {number}")
        ways = {
            Kind.LOCAL: lambda y, x, cell: page.write_datetime(y, x, _wall(cell), self._time),
            Kind.UTC: lambda y, x, cell: page.write_datetime(y, x, _utc(cell), self._time),
            Kind.TEXT: lambda y, x, cell: page.write_string(y, x, str(cell)[:32_767]),
        }
        self._write = []
        for n, column in enumerate(self._sheet.columns):
            page.set_column(n, n, WIDTHS.get(column.kind, NUMBER_WIDTH))
            self._write.append(
                ways.get(column.kind, lambda y, x, cell: page.write_number(y, x, _exact(cell)))
            )
        page.freeze_panes(1, 0)
        for n, column in enumerate(self._sheet.columns):
            page.write_string(0, n, column.name, self._bold)
        self._row = 1


def _exact(cell: Cell) -> Cell:
    if isinstance(cell, float) and float(f"{cell:.16G}") != cell:
        return _Exact(cell)
    return cell


def _wall(cell: datetime) -> datetime:
    return cell.replace(tzinfo=None)


def _utc(cell: datetime) -> datetime:
    return cell.astimezone(UTC).replace(tzinfo=None)
