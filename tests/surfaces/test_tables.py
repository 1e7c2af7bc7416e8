"""Tables for other programs, format by format: what a stranger's reader makes of them."""

import csv
import io
import json
import math
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from ohmstead.errors import BadInput
from ohmstead.surfaces import formats
from ohmstead.surfaces.table import Column, Kind, Page, Row, Sheet, Subject
from ohmstead.surfaces.table_excel import ExcelWriter

ZURICH = ZoneInfo("Europe/Zurich")
MADE = datetime(2025, 11, 21, 12, tzinfo=UTC)
HALL = Subject("m1", "Hall", "electricity", ZURICH, 900.0)
COLUMNS = (
    Column("meter", Kind.TEXT),
    Column("at", Kind.LOCAL, None, "local"),
    Column("at_utc", Kind.UTC),
    Column("number", Kind.INTEGER),
    Column("active_import_energy_kwh", Kind.NUMBER, "kWh", "Energy imported (1.8.0)"),
)
SHEET = Sheet("Readings", COLUMNS, MADE, notes={"from": "2025-10-26"})
AT = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
"""Half past two in Zurich, an hour before it is half past two again."""


def rows(*numbers: float | None, meter: str = "m1") -> list[Row]:
    at = [AT + timedelta(hours=n) for n in range(len(numbers))]
    return [
        [meter, one.astimezone(ZURICH), one, n, number]
        for n, (one, number) in enumerate(zip(at, numbers, strict=True))
    ]


def written(name: str, *pages: Sequence[Row], sheet: Sheet = SHEET) -> bytes:
    writer = formats.BY_NAME[name].write(sheet)
    said = [writer.feed(Page(HALL, page, 1.0)) for page in pages]
    said += writer.end()
    writer.close()
    return b"".join(said)


def test_csv_is_read_back_by_a_reader_of_rfc_4180() -> None:
    """RFC 4180, 2: CRLF, a header, quotes where they are needed; what is not known is empty."""
    said = written("csv", rows(0.1, None), rows(1e-7, meter='a,"b'))
    assert said.count(b"\r\n") == 4 == said.count(b"\n")
    table = list(csv.reader(io.StringIO(said.decode(), newline="")))
    assert table[0] == [column.name for column in COLUMNS]
    assert table[1] == ["m1", "2025-10-26T02:30:00+02:00", "2025-10-26T00:30:00Z", "0", "0.1"]
    assert table[2][1:] == ["2025-10-26T02:30:00+01:00", "2025-10-26T01:30:00Z", "1", ""]
    assert table[3][0] == 'a,"b'
    assert written("csv") == b"meter,at,at_utc,number,active_import_energy_kwh\r\n"


@pytest.mark.parametrize("bad", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_text_of_a_csv_is_a_formula(bad: str) -> None:
    """OWASP, CSV Injection: a text that begins like a formula gets an apostrophe."""
    table = list(csv.reader(io.StringIO(written("csv", rows(-1.0, meter=bad)).decode())))
    assert table[1][0] == f"'{bad}"
    assert table[1][4] == "-1.0"


def test_json_is_an_array_and_lines_are_objects() -> None:
    """docs/exports.md: what is not known is null; text is not escaped away."""
    found = json.loads(written("json", rows(0.1), [], rows(None, meter="Küche")))
    assert [row["active_import_energy_kwh"] for row in found] == [0.1, None]
    assert found[1]["meter"] == "Küche"
    assert json.loads(written("json")) == []
    lines = written("ndjson", rows(0.1, 0.2)).splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1]
    assert written("ndjson") == b""


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_every_number_comes_back_as_it_was(numbers: list[float]) -> None:
    """docs/exports.md: full precision in text and Parquet."""
    given_rows = rows(*numbers)
    table = list(csv.reader(io.StringIO(written("csv", given_rows).decode())))[1:]
    assert [float(line[4]) for line in table] == numbers
    assert [row["active_import_energy_kwh"] for row in json.loads(written("json", given_rows))] == (
        numbers
    )
    made = parquet.read_table(io.BytesIO(written("parquet", given_rows)))
    assert made["active_import_energy_kwh"].to_pylist() == numbers


def test_parquet_has_types_and_says_what_columns_mean() -> None:
    """Parquet, Logical Types: UTC timestamps, wall times without a zone, units in the metadata."""
    made = parquet.read_table(io.BytesIO(written("parquet", rows(0.1, None), rows(5.0))))
    assert made.schema.field("at_utc").type.tz == "UTC"
    assert made.schema.field("at").type.tz is None
    assert made.schema.field("number").type == "int64"
    assert made.schema.field("active_import_energy_kwh").metadata[b"unit"] == b"kWh"
    assert made.schema.metadata[b"from"] == b"2025-10-26"
    assert made["at_utc"].to_pylist()[0] == AT
    assert made["at"].to_pylist()[0] == datetime(2025, 10, 26, 2, 30)
    assert made["active_import_energy_kwh"].to_pylist() == [0.1, None, 5.0]
    assert parquet.read_table(io.BytesIO(written("parquet"))).num_rows == 0


def test_parquet_goes_out_in_row_groups() -> None:
    """Decision 45: row groups of 20,000 rows, whatever the pages are."""
    page = rows(*map(float, range(15_000)))
    made = parquet.ParquetFile(io.BytesIO(written("parquet", page, page, page)))
    assert [made.metadata.row_group(n).num_rows for n in range(3)] == [20_000, 20_000, 5_000]
    assert made.read()["number"].to_pylist() == [*range(15_000)] * 3


MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets_of(book: bytes) -> list[tuple[ElementTree.Element, list[list[str | None]]]]:
    """Each sheet's XML, and the text of its cells."""
    found = []
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        names = sorted(n for n in parts.namelist() if n.startswith("xl/worksheets/sheet"))
        for name in names:
            root = ElementTree.fromstring(parts.read(name))
            cells = [
                ["".join(cell.itertext()) for cell in row.iter(f"{MAIN}c")]
                for row in root.iter(f"{MAIN}row")
            ]
            found.append((root, cells))
    return found


def test_excel_has_real_dates_exact_numbers_and_a_frozen_header() -> None:
    """ECMA-376, 18.17.4.1 (serial dates, no zone) and 18.3.1.66 (pane)."""
    third = 0.1 + 0.2
    ((root, cells),) = sheets_of(written("xlsx", rows(third, 12345.678, meter="=1+1")))
    assert cells[0] == [column.name for column in COLUMNS]
    assert cells[1][0] == "=1+1"
    assert not list(root.iter(f"{MAIN}f")), "a formula"
    begun = datetime(1899, 12, 30)
    assert math.isclose(
        float(cells[1][1] or 0), (datetime(2025, 10, 26, 2, 30) - begun).total_seconds() / 86400
    )
    assert math.isclose(
        float(cells[1][2] or 0), (datetime(2025, 10, 26, 0, 30) - begun).total_seconds() / 86400
    )
    assert [float(row[4] or 0) for row in cells[1:]] == [third, 12345.678]
    pane = root.find(f".//{MAIN}pane")
    assert pane is not None
    assert pane.get("state") == "frozen"
    assert pane.get("ySplit") == "1"


def test_excel_begins_another_sheet_when_one_is_full() -> None:
    """Microsoft, Excel specifications: 1,048,576 rows a sheet; here 4."""
    writer = ExcelWriter(SHEET, rows_most=4)
    assert writer.feed(Page(HALL, rows(*map(float, range(7))), 1.0)) == b""
    found = sheets_of(b"".join(writer.end()))
    writer.close()
    assert [len(cells) for _, cells in found] == [4, 4, 2]
    assert {tuple(cells[0]) for _, cells in found} == {tuple(column.name for column in COLUMNS)}
    assert [cells[1][4] for _, cells in found] == ["0", "3", "6"]


def test_a_workbook_that_is_given_up_leaves_nothing() -> None:
    """Decision 46: temporary files go, also without an end."""
    writer = ExcelWriter(SHEET)
    writer.feed(Page(HALL, rows(1.0), 0.5))
    folder = writer.folder
    assert any(folder.iterdir())
    writer.close()
    assert not folder.exists()


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    """Style 7: which value, and what to do."""
    with pytest.raises(BadInput, match="'pdf' is not a format here; take one of csv, json"):
        formats.named("pdf", formats.OF_ENERGY)
