"""Where a table begins in a file: its header, the lines before it, and what parts its columns.

Files of portals begin with lines about the customer, files of Excel with `sep=;`, others have no
header.  A row of data is one with a time and a number beside it.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ohmstead.reading import units
from ohmstead.surfaces.csv_found import DELIMITERS
from ohmstead.surfaces.imports import is_none

LOOKED = 300
"""So many lines tell where the table begins."""
ROWS_OF_NAMES = 3
"""A header stands at most so many rows above the first row of data."""
NAMED = 0.6
"""The share of its cells that a header fills at least."""
STAMP = re.compile(
    r"(\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4}|\d{8}(?=T))"
    r"([T ,]+\d{1,2}[:.]?\d{2}\S*( ?[AaPp][Mm])?( ?[+-]\d\d:?\d\d|Z| [A-Z]{3,4})?)?"
)
CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?")
DIGITS = re.compile(r"(19|20)\d{6}(\d{4}|\d{6})?|[12]\d{9}(\.\d+)?|[12]\d{12}(\d{3}|\d{6})?")
"""20250330, with a clock or without, or seconds to nanoseconds since 1970."""
NUMBER = re.compile(r"[+-]?[\d][\d '’.,\u00a0\u202f]*([eE][+-]?\d+)?|[+-]?[.,]\d+")
SEPARATOR = re.compile(r"sep=([;,|\t])\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Begin:
    """Where the table of a file begins."""

    delimiter: str
    skipped: int
    """Lines before the header, or before the first row where there is none."""
    header: Sequence[str] | None
    body: int
    """Lines before the first row."""
    units: Sequence[str] = ()
    """Of the columns, where they stand below the header."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in the file, after so many lines, up to the line `end`."""

    begin: int
    end: int
    cells: Sequence[str]

    @property
    def is_data(self) -> bool:
        """Whether there are a time and a number in it."""
        times = [n for n, cell in enumerate(self.cells) if looks(cell) in ("stamp", "digits")]
        numbers = (n for n, cell in enumerate(self.cells) if looks(cell) in ("number", "digits"))
        return any(n not in times[:1] for n in numbers) and bool(times)


def looks(cell: str) -> str:
    """What a cell looks like: `stamp`, `clock`, `digits`, `number`, `text`, or `` when empty.

    >>> [looks(c) for c in ("30.03.2025 02:15", "02:15", "20250330", "1'234,5", "ok", " ")]
    ['stamp', 'clock', 'digits', 'number', 'text', '']
    """
    plain = cell.strip().replace("\u202f", " ").replace("\u00a0", " ")
    if not plain or is_none(plain):
        return ""
    for kind, way in (("stamp", STAMP), ("clock", CLOCK), ("digits", DIGITS), ("number", NUMBER)):
        if way.fullmatch(plain):
            return kind
    return "text"


def rows_of(lines: Sequence[str], delimiter: str) -> list[Row]:
    """The rows of these lines."""
    found = list[Row]()
    reader, begun = csv.reader(lines, delimiter=delimiter), 0
    while True:
        try:
            cells = [cell.strip().lstrip("\ufeff").strip() for cell in next(reader)]
        except csv.Error:
            cells = ["\0"]
        except StopIteration:
            return found
        found.append(Row(begun, reader.line_num, cells))
        begun = reader.line_num


def begin_of(
    lines: Sequence[str],
    delimiter: str | None = None,
    skipped: int | None = None,
    header: bool | None = None,
) -> Begin | None:
    """Where the table begins, as far as it is not said; None where nothing looks like one."""
    looked = lines[:LOOKED]
    said = SEPARATOR.fullmatch(looked[0]) if looked else None
    tried = [delimiter] if delimiter else [said[1]] if said else list(DELIMITERS)
    read = {each: rows_of(looked, each) for each in tried}
    between = max(read, key=lambda each: sum(row.is_data for row in read[each]))
    rows = read[between]
    if skipped is not None:
        return _from(rows, between, skipped, header)
    first = next((n for n, row in enumerate(rows) if row.is_data), None)
    if first is None:
        return None
    if header is False:
        return Begin(between, rows[first].begin, None, rows[first].begin)
    width = sum(map(bool, rows[first].cells))
    above = [row for row in rows[:first] if any(row.cells)][-ROWS_OF_NAMES:]
    below: Row | None = None
    while above:
        row = above.pop()
        if _are_units(row.cells):
            below = row
        elif _names(row.cells, width):  # what is between is no data, which is for a person to see
            body, said_below = (below.end, below.cells) if below else (row.end, ())
            return Begin(between, row.begin, row.cells, body, said_below)
    if header:
        return Begin(between, rows[first].begin, rows[first].cells, rows[first].end)
    return Begin(between, rows[first].begin, None, rows[first].begin)


def _from(rows: Sequence[Row], delimiter: str, skipped: int, header: bool | None) -> Begin | None:
    """The table that begins after so many lines."""
    first = next((row for row in rows if row.begin >= skipped and any(row.cells)), None)
    if first is None:
        return None
    if header or (header is None and not first.is_data):
        return Begin(delimiter, first.begin, first.cells, first.end)
    return Begin(delimiter, first.begin, None, first.begin)


def _names(cells: Sequence[str], width: int) -> bool:
    """Whether a row has the names of so many columns."""
    filled = [cell for cell in cells if cell]
    kinds = {looks(cell) for cell in filled}
    return (
        len(filled) >= max(1, NAMED * width)
        and "text" in kinds
        and not kinds & {"stamp", "clock", "digits"}
    )


def _are_units(cells: Sequence[str]) -> bool:
    """Whether each cell says a unit or how times are written, or nothing."""
    filled = [cell.strip("[]() ") for cell in cells if cell]
    return bool(filled) and all(
        units.named(cell) in units.KEPT or re.fullmatch(r"[DdMmYyTtJjHhSs:. /-]+", cell)
        for cell in filled
    )
