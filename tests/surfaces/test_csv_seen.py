"""The columns of a table by how they look; docs/imports.md."""

import pytest

from ohmstead.surfaces.csv_begin import Row
from ohmstead.surfaces.csv_seen import Seen, are_starts, names_meters, seen_of, times

DATE = Seen("Datum", "stamp", ["01.01.2025"])
CLOCK = Seen("Zeit", "clock", ["00:15"])
FROM = Seen("Von", "stamp", ["01.01.2025 00:00"])
TO = Seen("Bis", "stamp", ["01.01.2025 00:15"])
DIGITS = Seen("Nummer", "digits", ["202501010015"])
KWH = Seen("kWh", "number", ["7"])


@pytest.mark.parametrize(
    "columns, said",
    [
        ([KWH, DATE, CLOCK], [2, 3]),
        ([FROM, TO, KWH], [2]),
        ([DIGITS, KWH], [1]),
        ([KWH, DIGITS], []),
        ([CLOCK, KWH], []),
        ([DIGITS, DATE, CLOCK], [2, 3]),
    ],
    ids=[
        "a date and its clock",
        "ends before starts",
        "digits first",
        "digits later",
        "no date",
        "a number first",
    ],
)
def test_the_columns_of_the_time_are_found(columns: list[Seen], said: list[int]) -> None:
    """docs/imports.md, tables: when a row is of."""
    assert times(columns) == said


@pytest.mark.parametrize(
    "columns, said", [([FROM], True), ([TO], False), ([DATE], True), ([DATE, CLOCK], False)]
)
def test_names_say_whether_a_time_begins_its_interval(columns: list[Seen], said: bool) -> None:
    """docs/imports.md, tables: days without a clock are when they begin."""
    assert are_starts(columns) is said


def test_a_column_names_meters_where_there_are_some_of_several_rows() -> None:
    """docs/imports.md, tables: a file of several meters."""
    named = Seen("Messpunkt", "text", [])
    assert names_meters(named, ["a", "b", "a", "b"])
    assert not names_meters(named, ["a", "a"])
    assert not names_meters(named, ["a", "b", "c"])
    assert not names_meters(Seen("Ort", "text", []), ["a", "b", "a", "b"])
    assert not names_meters(Seen("Zähler kWh", "number", []), ["0", "1", "0", "1"])
    assert not names_meters(Seen("Meter", "number", []), ["0.5", "1", "0.5", "1"])
    assert names_meters(Seen("Meter", "number", []), ["4711", "4712"] * 2)
    assert names_meters(Seen("Ort", "text", []), ["1-0:1.8.0", "1-0:2.8.0"] * 2)


def test_what_most_cells_look_like_is_what_a_column_is() -> None:
    """docs/imports.md, tables: what is not said is found out."""
    rows = [Row(n, n + 1, [cell]) for n, cell in enumerate(["1.5", "", "2", "fehlt", "3.25"])]
    found = seen_of(0, "kWh", rows)
    assert (found.kind, found.sample) == ("number", ["1.5", "2", "fehlt"])
