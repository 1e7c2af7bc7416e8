"""How a table of a meter's past is understood, as far as its first lines tell and a person said.

What is not said is found out; what cannot be is named in `Proposal.missing`, and asked for.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue, units
from ohmstead.surfaces import csv_names, csv_times
from ohmstead.surfaces.csv_begin import Row, begin_of, rows_of
from ohmstead.surfaces.csv_found import decimal_of, delimiter_of, unique
from ohmstead.surfaces.csv_how import Column, How, Missing, Of, Proposal
from ohmstead.surfaces.csv_read import Layout
from ohmstead.surfaces.csv_seen import Seen, are_starts, names_meters, seen_of, times
from ohmstead.surfaces.imports import Target

TELLING = 200
"""So many rows tell what columns are."""
METERS_MOST = 100
COLUMNS_MOST = 500
COLUMNS_ACROSS = 23
"""So many columns of numbers are the hours of a day, the shortest too."""
ROWS_ALIKE = 3
"""So many rows tell whether they share their time."""


def proposal(lines: Sequence[str], how: How, of: Of) -> Proposal:
    """How a table that begins with `lines` is understood for a meter."""
    begin = begin_of(lines, how.delimiter, how.skipped, how.header)
    if begin is None:
        between = how.delimiter or delimiter_of(lines[0] if lines else "")
        why = "no line has a time and a number beside it"
        return Proposal(replace(how, delimiter=between), missing=[Missing("table", why)])
    rows = [row for row in rows_of(lines[begin.body :], begin.delimiter) if any(row.cells)]
    rows = rows[:TELLING]
    width = max((len(row.cells) for row in rows), default=0)
    header = list(begin.header or ())
    width = min(max(width, len(header)), COLUMNS_MOST)
    names = unique([*header, *[""] * width][:width])
    seen = [seen_of(n, name, rows) for n, name in enumerate(names)]
    said = replace(
        how,
        delimiter=begin.delimiter,
        skipped=begin.skipped,
        header=begin.header is not None,
    )
    under = [begin.units[n] if n < len(begin.units) else "" for n in range(width)]
    return _Finding(said, of, seen, rows, under).whole(begin.body)


class _Finding:
    """One table while it is found out."""

    def __init__(
        self, how: How, of: Of, seen: Sequence[Seen], rows: Sequence[Row], under: Sequence[str]
    ) -> None:
        self.how, self.of, self.seen, self.rows, self.under = how, of, seen, rows, under
        self.missing: list[Missing] = []
        self.doubts: list[Missing] = []

    def whole(self, body: int) -> Proposal:
        """The proposal."""
        self._check_columns()
        meters = self._meter()
        forms = self._time()
        self._columns()
        layout = self._layout(body) if not self.missing else None
        missing, how = self.missing, self.how
        return Proposal(how, self.seen, body, forms, meters, missing, layout, self.doubts)

    def _check_columns(self) -> None:
        """A column that the table does not have is as if it had not been said."""
        how, width = self.how, len(self.seen)
        numbers = [*(how.time or ()), *(each.number for each in how.columns or ())]
        for number in [*numbers, how.meter_column or 1]:
            if not 1 <= number <= width:
                self._lacks("column", f"there is no column {number}; there are {width}")
        if any(missing.code == "column" for missing in self.missing):
            self.how = replace(how, time=None, columns=None, meter_column=None)

    def _lacks(self, code: str, text: str) -> None:
        self.missing.append(Missing(code, text))

    def _cells(self, number: int, rows: Sequence[Row] | None = None) -> list[str]:
        of = self.rows if rows is None else rows
        return [row.cells[number - 1] if number <= len(row.cells) else "" for row in of]

    def _meter(self) -> dict[str, int]:
        number = self.how.meter_column
        if number is None:
            numbered = enumerate(self.seen, 1)
            number = next((n for n, seen in numbered if names_meters(seen, self._cells(n))), 0)
            self.how = replace(self.how, meter_column=number)
        if not number:
            self.how = replace(self.how, meter=None)
            return {}
        counted = Counter(filter(None, self._cells(number)))
        if self.how.meter is None and len(counted) == 1:
            self.how = replace(self.how, meter=next(iter(counted)))
        if self.how.meter is None:
            self._lacks("meter", f"the file has {len(counted)} meters: say which one is this")
        return dict(counted.most_common(METERS_MOST))

    def _own(self) -> list[Row]:
        """The rows of the meter."""
        number = self.how.meter_column
        if not number or self.how.meter is None:
            return list(self.rows)
        cells = self._cells(number)
        return [row for row, cell in zip(self.rows, cells, strict=True) if cell == self.how.meter]

    def _time(self) -> list[str]:
        """Which columns are the time, and how it is written."""
        how, is_told = self.how, self.how.time is not None
        if how.time is None:
            how = replace(how, time=times(self.seen))
        if not how.time:
            self.how = how
            self._lacks("time", "say which column is the time")
            return []
        if how.starts is None:
            columns = [self.seen[number - 1] for number in how.time]
            how = replace(how, starts=self.of.reads_intervals and are_starts(columns))
        self.how, own = how, self._own()
        told = zip(*(self._cells(number, own) for number in how.time or ()), strict=True)
        cells = [" ".join(filter(None, cell)) for cell in told]
        forms = csv_times.forms(cells)
        if how.time_format is not None:
            try:
                csv_times.told(how.time_format)
            except BadInput as trouble:
                self._lacks("time_format", str(trouble))
        elif not forms:
            what = next(filter(None, cells), "nothing")
            self._lacks("time_format", f"the times look like {what!r}: say how they are written")
        elif not is_told and self._is_one_time(cells):
            why = "many rows have the same time: say which columns are the time, or the meter"
            self._lacks("same_times", why)
        elif csv_times.is_either(forms):
            self._lacks("day_or_month", "either day or month may be first: say which")
        else:
            self.how = replace(how, time_format=forms[0])
        return forms

    def _is_one_time(self, cells: Sequence[str]) -> bool:
        """Whether rows of one meter mostly share their times: part of the time is elsewhere."""
        several = self.how.meter_column and self.how.meter is None
        return not several and len(cells) >= ROWS_ALIKE and len(set(cells)) * 2 <= len(cells)

    def _columns(self) -> None:
        """What the columns are."""
        how = self.how
        if how.columns is None:
            how = self.how = replace(how, columns=self._guessed())
        columns = how.columns or ()
        numbers = sum(seen.kind == "number" for seen in self.seen)
        if not columns and numbers >= COLUMNS_ACROSS:
            why = "the table has a column for each time of a day: make one row a time of it"
            self._lacks("across", why)
        elif not columns:
            self._lacks("columns", "say what is in at least one column")
        for number, count in Counter(each.number for each in columns).items():
            if count > 1 or number in (*(how.time or ()), how.meter_column):
                self._lacks("twice", f"column {number} is said to be two things")
        for key, count in Counter(each.key for each in columns).items():
            if count > 1:
                self._lacks("twice", f"two columns are said to be {key}")
        for each in columns:
            try:
                self._target(each)
            except BadInput as trouble:
                self._lacks("unit", str(trouble))
        if how.decimal is None:
            try:
                at = [each.number - 1 for each in columns]
                rows = [row.cells for row in self._own()]
                found = decimal_of(at, rows, how.delimiter or ";")
                self.how = replace(how, decimal=found)
            except BadInput as trouble:
                self._lacks("decimal", str(trouble))

    def _guessed(self) -> list[Column]:
        """What columns of numbers are, as their names say; each quantity once."""
        taken = {*(self.how.time or ()), self.how.meter_column}
        numbers = [
            n for n, seen in enumerate(self.seen, 1) if seen.kind == "number" and n not in taken
        ]
        found: dict[str, Column] = {}
        for number in sorted(numbers, key=lambda n: not self._is_of_the_grid(n)):
            name = self.seen[number - 1].name
            unit = csv_names.unit_in(name) or csv_names.unit_in(f"({self.under[number - 1]})")
            unit = unit or self._unit_beside()
            key = self._key(name, unit, alone=len(numbers) == 1)
            if key is None:
                continue
            kept = catalogue.BY_OBIS[key].unit if key in catalogue.BY_OBIS else self.of.unit
            column = Column(number, key, unit or kept or None)
            if not self._fits(column):
                continue
            if key in found:
                self._doubt_rivals(found[key], name)
                continue
            found[key] = column
            if unit is None and kept:
                why = f"column {name!r} says no unit: {kept} is assumed"
                self.doubts.append(Missing("assumed", why, name))
        return sorted(found.values(), key=lambda each: each.number)

    def _is_of_the_grid(self, number: int) -> bool:
        """Whether a column's name says that it is what a meter of the grid counts."""
        name = self.seen[number - 1].name
        return csv_names.code_in(name) is not None or csv_names.GRID.search(name) is not None

    def _doubt_rivals(self, taken: Column, other: str) -> None:
        name = self.seen[taken.number - 1].name
        if any((each.code, each.column) == ("rival", name) for each in self.doubts):
            return
        if not self._is_of_the_grid(taken.number) or csv_names.GRID.search(other):
            why = f"column {name!r} was taken for {taken.key}; {other!r} could be it, too"
            self.doubts.append(Missing("rival", why, name))

    def _key(self, name: str, unit: str | None, *, alone: bool) -> str | None:
        if self.of.unit is not None:
            return None if csv_names.OTHER.search(name) and not alone else "value"
        by_row = csv_names.code_in(self.how.meter or "")
        if by_row is not None:
            return by_row
        key = csv_names.quantity(name, unit)
        return "1.8.0" if key is None and alone and unit is None else key

    def _unit_beside(self) -> str | None:
        """The unit that a column of its own says in each row."""
        for number, seen in enumerate(self.seen, 1):
            said = {units.named(cell) for cell in self._cells(number, self._own()) if cell}
            if seen.kind == "text" and len(said) == 1 and said <= units.KEPT.keys():
                return said.pop()
        return None

    def _fits(self, column: Column) -> bool:
        try:
            self._target(column)
        except BadInput:
            return False
        return True

    def _target(self, column: Column) -> Target:
        if (column.key == "value") == (self.of.unit is None):
            raise BadInput(
                f"a meter of electricity takes OBIS codes like 1.8.0, not {column.key!r}"
                if self.of.unit is None
                else f"a meter that is not electric takes `value`, not {column.key!r}"
            )
        return Target(column.key, column.unit, self.of.unit)

    def _layout(self, body: int) -> Layout:
        how, names = self.how, [seen.name for seen in self.seen]
        interval = timedelta(seconds=self.of.interval_s)
        return Layout(
            names=names,
            delimiter=how.delimiter or ";",
            decimal=how.decimal or ".",
            time=[names[number - 1] for number in how.time or ()],
            parsed=csv_times.told(how.time_format or "iso"),
            columns=[(names[c.number - 1], self._target(c)) for c in how.columns or ()],
            zone=self.of.zone,
            meter=names[how.meter_column - 1] if how.meter_column else None,
            shift=interval if how.starts else timedelta(0),
            first_line=body + 1,
        )
