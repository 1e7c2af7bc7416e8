"""A table that comes in pieces: each is read from where the one before ended.

What is needed for that is a `Place`, small and plain, so that whoever sends the pieces can keep it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

import msgspec

from ohmstead.errors import BadInput
from ohmstead.surfaces import csv_read, csv_text, csv_times
from ohmstead.surfaces.csv_how import Proposal
from ohmstead.surfaces.csv_read import Layout
from ohmstead.surfaces.imports import Imported, Item, Target, WallClock

MOMENT = timedelta(microseconds=1)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How a table is read, and how far it was: everything for the next piece.

    `names` are those of the columns; `time` and `meter_column` are numbers from 1.
    """

    encoding: str
    delimiter: str
    decimal: str
    names: tuple[str, ...]
    time: tuple[int, ...]
    time_format: str
    shift_s: float
    columns: tuple[tuple[int, str, str | None], ...]
    meter_column: int
    meter: str | None
    line: int
    """The number of the first line of the next piece."""
    last: datetime | None = None
    """The moment before, which the hour that clocks show twice needs."""
    step: int = 1

    def layout(self, zone: tzinfo, unit: str | None) -> Layout:
        """The layout of the next piece; `unit` is that of the meter's value."""
        columns = [(self.names[n - 1], Target(key, said, unit)) for n, key, said in self.columns]
        return Layout(
            names=self.names,
            delimiter=self.delimiter,
            decimal=self.decimal,
            time=[self.names[number - 1] for number in self.time],
            parsed=csv_times.told(self.time_format),
            columns=columns,
            zone=zone,
            meter=self.names[self.meter_column - 1] if self.meter_column else None,
            shift=timedelta(seconds=self.shift_s),
            first_line=self.line,
        )


@dataclass(frozen=True, slots=True)
class Read:
    """What a piece says: its items, how many of its bytes they were, and where the next begins.

    `others` is how many of its rows are of other meters.
    """

    items: Sequence[Item]
    taken: int
    others: int
    place: Place


def place_of(found: Proposal, encoding: str) -> Place | None:
    """Where the first row of a table is; None while something is missing."""
    how, layout = found.how, found.layout
    if layout is None:
        return None
    return Place(
        encoding=encoding,
        delimiter=layout.delimiter,
        decimal=layout.decimal,
        names=tuple(layout.names),
        time=tuple(how.time or ()),
        time_format=how.time_format or "iso",
        shift_s=layout.shift.total_seconds(),
        columns=tuple((each.number, each.key, each.unit) for each in how.columns or ()),
        meter_column=how.meter_column or 0,
        meter=how.meter,
        line=layout.first_line,
    )


def read(
    data: bytes,
    place: Place,
    zone: tzinfo,
    unit: str | None,
    *,
    last: bool,
    most: int | None = None,
) -> Read:
    """What a piece says; BadInput where not one of its lines ends.

    What is behind the last row that has ended belongs to the next piece, unless this is the `last`
    one.  At most `most` items are read; `taken` and `place` are then of no use.
    """
    taken = len(data) if last else csv_text.whole_rows(data, place.encoding, place.delimiter)
    if data and not taken:
        raise BadInput(f"line {place.line} is longer than {len(data)} bytes: this is no table")
    text = csv_text.text_of(data[:taken], place.encoding)
    lines = list(csv_text.lines_of(text))
    name = place.meter or ""
    clocks = {name: WallClock(zone, place.last, place.step)}
    items, others = list[Item](), 0
    for item in csv_read.read(lines, place.layout(zone, unit), clocks):
        if place.meter_column and item.meter != place.meter:
            others += 1
            continue
        items.append(replace(item, meter=None) if place.meter_column else item)
        if most is not None and len(items) >= most:
            break
    moment, step = clocks[name].state
    following = msgspec.structs.replace(place, line=place.line + len(lines), last=moment, step=step)
    return Read(items, taken, others, following)


def days_of(items: Sequence[Imported], zone: tzinfo) -> list[tuple[str, str]]:
    """The days of the zone whose energy readings tell, as stretches: first, and after the last.

    A reading tells what was before it: that of midnight belongs to the day that ends.

    >>> from datetime import UTC
    >>> at = [datetime(2025, 1, day, tzinfo=UTC) for day in (2, 3, 5)]
    >>> days_of([Imported(n, each) for n, each in enumerate(at)], UTC)
    [('2025-01-01', '2025-01-03'), ('2025-01-04', '2025-01-05')]
    """
    days = sorted({(item.at.astimezone(zone) - MOMENT).date() for item in items})
    stretches: list[list[str]] = []
    for day in days:
        after = f"{day + timedelta(days=1)}"
        if stretches and stretches[-1][1] == f"{day}":
            stretches[-1][1] = after
        else:
            stretches.append([f"{day}", after])
    return [(first, after) for first, after in stretches]
