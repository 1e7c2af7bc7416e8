"""Tables of other programs (CSV), read by a layout that says which column is what."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from ohmstead.errors import BadInput
from ohmstead.surfaces.imports import Imported, Item, Target, Unread, WallClock, number, shown

Parsed = Callable[[str], datetime]
"""The time of a cell, naive or aware; ValueError when it is none."""
CELLS_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is laid out.

    `names` are those of its columns; `time` are the columns that are a time together, `meter` the
    one that names the meter, `columns` those with values.  `shift` is added to each time: an
    interval that is named by its start is of the reading at its end.
    """

    names: Sequence[str]
    delimiter: str
    decimal: str
    time: Sequence[str]
    parsed: Parsed
    columns: Sequence[tuple[str, Target]]
    zone: tzinfo
    meter: str | None = None
    shift: timedelta = timedelta(0)
    first_line: int = 1
    """The line behind the header."""


def read(lines: Iterable[str], layout: Layout) -> Iterator[Item]:
    """Every reading of the lines that follow the header."""
    rows = csv.reader(lines, delimiter=layout.delimiter)
    at = {name: n for n, name in enumerate(layout.names)}
    time = [at[name] for name in layout.time]
    columns = [(at[name], name, target) for name, target in layout.columns]
    meter = None if layout.meter is None else at[layout.meter]
    clocks: dict[str, WallClock] = {}
    for row in whole(rows):
        line = layout.first_line + rows.line_num - 1
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(*time, *(n for n, _, _ in columns), meter or 0):
            yield Unread(line, f"it has {len(row)} columns, and the header {len(layout.names)}")
            continue
        name = None if meter is None else row[meter].strip()
        clock = clocks.setdefault(name or "", WallClock(layout.zone))
        if len(clocks) > CELLS_MOST:
            raise BadInput(f"line {line}: more than {CELLS_MOST} meters in one file")
        yield _reading(row, line, name, time, columns, layout, clock)


def whole(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The rows; one that csv cannot read is one of a cell without sense."""
    while True:
        try:
            yield next(rows)
        except csv.Error:
            yield ["\0"]
        except StopIteration:
            return


def _reading(
    row: Sequence[str],
    line: int,
    meter: str | None,
    time: Sequence[int],
    columns: Sequence[tuple[int, str, Target]],
    layout: Layout,
    clock: WallClock,
) -> Item:
    try:
        written = " ".join(row[n].strip() for n in time).strip()
        if meter == "":
            raise ValueError(f"its column {layout.meter!r} names no meter")
        if not written:
            raise ValueError("it has no time")
        at = clock.moment(layout.parsed(written)) + layout.shift
        values = dict(_values(row, columns, layout.decimal))
    except ValueError as trouble:
        return Unread(line, str(trouble))
    except OverflowError:
        return Unread(line, f"{shown(written)} is not a time of this world")
    value = values.pop("value", None)
    return Imported(line, at, values, value=value, meter=meter)


def _values(
    row: Sequence[str], columns: Sequence[tuple[int, str, Target]], decimal: str
) -> Iterator[tuple[str, float]]:
    """What each column says, in the unit that is kept; ValueError when it is none, or all empty."""
    some = False
    for n, name, target in columns:
        if not row[n].strip():
            continue
        try:
            said = target.kept(number(row[n], decimal))
        except ValueError as trouble:
            raise ValueError(f"column {name!r}: {trouble}") from None
        if target.counts and said < 0:
            raise ValueError(f"column {name!r}: {target.key} cannot be negative ({row[n]})")
        some = True
        yield target.key, said
    if not some:
        raise ValueError("nothing was measured in it")


def sample(rows: Iterable[str], delimiter: str, most: int) -> list[list[str]]:
    """The first rows of a table."""
    return list(islice(whole(csv.reader(rows, delimiter=delimiter)), most))
