"""Tables of other programs (CSV), read by a layout that says which column is what."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from ohmstead.errors import BadInput
from ohmstead.surfaces.imports import (
    Imported,
    Item,
    Odd,
    Target,
    Unread,
    WallClock,
    is_none,
    number,
    shown,
)

Parsed = Callable[[str], datetime]
"""The time of a cell, naive or aware; ValueError when it is none."""
CELLS_MOST = 10_000
DAY = timedelta(days=1)


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


def read(
    lines: Iterable[str], layout: Layout, clocks: dict[str, WallClock] | None = None
) -> Iterator[Item]:
    """Every reading of the lines that follow the header.

    `clocks` goes on from where the lines before ended, by the name of the meter.
    """
    rows = csv.reader(lines, delimiter=layout.delimiter)
    at = {name: n for n, name in enumerate(layout.names)}
    time = [at[name] for name in layout.time]
    columns = [(at[name], name, target) for name, target in layout.columns]
    meter = None if layout.meter is None else at[layout.meter]
    clocks = {} if clocks is None else clocks
    least = max(*time, *(n for n, _, _ in columns), meter or 0)
    for row in whole(rows):
        line = layout.first_line + rows.line_num - 1
        if not any(cell.strip() for cell in row):
            continue
        name = row[meter].strip() if meter is not None and meter < len(row) else None
        if len(row) <= least:
            why = f"it has {len(row)} columns, and the header {len(layout.names)}"
            yield Unread(line, why, "short", meter=name)
            continue
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
            raise Odd("no_meter", f"its column {layout.meter!r} names no meter")
        if not written:
            raise Odd("no_time", "it has no time")
        at = _at(written, clock, layout)
        values = dict(_values(row, columns, layout.decimal))
    except Odd as trouble:
        return Unread(line, str(trouble), trouble.code, trouble.column, meter)
    except ValueError as trouble:
        return Unread(line, str(trouble), "time", meter=meter)
    except OverflowError:
        why = f"{shown(written)} is not a time of this world"
        return Unread(line, why, "time", meter=meter)
    value = values.pop("value", None)
    return Imported(line, at, values, value=value, meter=meter)


def _at(written: str, clock: WallClock, layout: Layout) -> datetime:
    """The moment; intervals of whole days end where the clock shows the same again."""
    parsed = layout.parsed(written)
    if layout.shift and parsed.tzinfo is None and not layout.shift % DAY:
        return clock.moment(parsed + layout.shift)
    return clock.moment(parsed) + layout.shift


def _values(
    row: Sequence[str], columns: Sequence[tuple[int, str, Target]], decimal: str
) -> Iterator[tuple[str, float]]:
    """What each column says, in the unit that is kept; ValueError when it is none, or all empty."""
    some = False
    for n, name, target in columns:
        if is_none(row[n]):
            continue
        try:
            said = target.kept(number(row[n], decimal))
        except Odd as trouble:
            raise Odd(trouble.code, f"column {name!r}: {trouble}", name) from None
        if target.counts and said < 0:
            why = f"column {name!r}: {target.key} cannot be negative ({row[n]})"
            raise Odd("negative", why, name)
        some = True
        yield target.key, said
    if not some:
        raise Odd("nothing", "nothing was measured in it")


def sample(rows: Iterable[str], delimiter: str, most: int) -> list[list[str]]:
    """The first rows of a table."""
    return list(islice(whole(csv.reader(rows, delimiter=delimiter)), most))
