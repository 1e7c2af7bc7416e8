"""Tables as text: CSV, a JSON array, and JSON lines.

Times are ISO 8601: local ones with their offset, those in UTC with Z.  Numbers are the shortest
text that reads back as the same number.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from ohmstead.surfaces.table import Cell, Column, Kind, Page, Row, Sheet, utc_text

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
Spell = Callable[[Cell], Cell]


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe in front of one that might be.

    Source: OWASP, CSV Injection.

    >>> safe("=1+1"), safe("Hall 3")
    ("'=1+1", 'Hall 3')
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def _local(cell: Cell) -> Cell:
    return cell.isoformat() if isinstance(cell, datetime) else cell


def _utc(cell: Cell) -> Cell:
    return utc_text(cell) if isinstance(cell, datetime) else cell


def _safe(cell: Cell) -> Cell:
    return safe(cell) if isinstance(cell, str) else cell


def _spelling(columns: Sequence[Column], text: Spell | None = None) -> list[tuple[int, Spell]]:
    """Which cells are not written as they are, and how they are instead."""
    ways = {Kind.LOCAL: _local, Kind.UTC: _utc, Kind.TEXT: text}
    chosen = ((n, ways.get(column.kind)) for n, column in enumerate(columns))
    return [(n, spell) for n, spell in chosen if spell is not None]


def _spelled(row: Row, ways: Sequence[tuple[int, Spell]]) -> list[Cell]:
    cells = list(row)
    for n, spell in ways:
        cells[n] = spell(cells[n])
    return cells


class CsvWriter:
    """Lines that end in CRLF, the first with the names; what is not known is empty.

    Source: RFC 4180.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._spell = _spelling(sheet.columns, _safe)
        self._text = io.StringIO(newline="")
        self._lines = csv.writer(self._text)
        self._lines.writerow([column.name for column in sheet.columns])

    def feed(self, page: Page) -> bytes:
        """The lines of this page."""
        self._lines.writerows(_spelled(row, self._spell) for row in page.rows)
        return self._taken()

    def end(self) -> Iterator[bytes]:
        """The header, where there was no page."""
        yield self._taken()

    def close(self) -> None:
        """Nothing is held."""

    def _taken(self) -> bytes:
        said = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return said


class _Objects:
    """Rows as JSON objects."""

    def __init__(self, sheet: Sheet) -> None:
        self._names = [column.name for column in sheet.columns]
        self._spell = _spelling(sheet.columns)
        self._encode = json.JSONEncoder(ensure_ascii=False).encode

    def object(self, row: Row) -> str:
        return self._encode(dict(zip(self._names, _spelled(row, self._spell), strict=True)))


class JsonWriter:
    """An array of objects, one a line; what is not known is null."""

    def __init__(self, sheet: Sheet) -> None:
        self._objects = _Objects(sheet)
        self._before = "[\n"

    def feed(self, page: Page) -> bytes:
        """The objects of this page."""
        said = []
        for row in page.rows:
            said.append(self._before + self._objects.object(row))
            self._before = ",\n"
        return "".join(said).encode()

    def end(self) -> Iterator[bytes]:
        """The end of the array."""
        yield b"[]\n" if self._before == "[\n" else b"\n]\n"

    def close(self) -> None:
        """Nothing is held."""


class LinesWriter:
    """An object a line.  Source: JSON Lines (ndjson)."""

    def __init__(self, sheet: Sheet) -> None:
        self._objects = _Objects(sheet)

    def feed(self, page: Page) -> bytes:
        """The lines of this page."""
        return "".join(f"{self._objects.object(row)}\n" for row in page.rows).encode()

    def end(self) -> Iterator[bytes]:
        """Nothing more."""
        yield b""

    def close(self) -> None:
        """Nothing is held."""
