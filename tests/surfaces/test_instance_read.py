"""What `ohmstead export readings` wrote, read back; docs/exports.md, docs/imports.md."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.surfaces.imports import Imported, Unread
from ohmstead.surfaces.instance_read import from_csv, from_json, from_parquet

AT = datetime(2025, 10, 26, 0, 0, 0, 250_000, tzinfo=UTC)
SAID = {
    "meter": "m1",
    "at": "2025-10-26T02:00:00.250000+02:00",
    "at_utc": "2025-10-26T00:00:00.250000Z",
    "meter_at_utc": "2025-10-26T00:00:00Z",
    "number": 7,
    "tariff": 2,
    "meter_mark": -41,
    "value": None,
    "value_unit": None,
    "active_import_energy_kwh": 0.1 + 0.2,
}
WANTED = Imported(
    1,
    AT,
    {"1.8.0": 0.1 + 0.2},
    meter="m1",
    tariff=2,
    meter_at=AT.replace(microsecond=0),
    number=7,
    meter_crc=-41,
)


def test_json_in_lines_or_an_array() -> None:
    """docs/exports.md: to the last digit; a broken line is said and the others read."""
    line = json.dumps(SAID)
    assert list(from_json([line])) == [WANTED]
    lines = ["[\n", f"{line},\n", "{\n", "[1]\n", f"{line}]\n", "]\n"]
    found = list(from_json(lines))
    assert [each.line for each in found] == [2, 3, 4, 5]
    assert [isinstance(each, Imported) for each in found] == [True, False, False, True]
    for none in (["what"], ["[1]", "x"], ['{"start": 1, "kwh": 2}']):
        with pytest.raises(BadInput, match=r"JSON object|export of readings"):
            list(from_json(none))


def test_csv_with_its_apostrophes() -> None:
    """docs/exports.md: a text that a spreadsheet might take for a formula has one in front."""
    text = (
        "meter,at_utc,number,value,value_unit,active_import_energy_kwh\r\n"
        "'-m,2025-10-26T00:00:00Z,,,,1.5\r\n"
        "g,2025-10-26T00:00:00Z,,2.5,m3,\r\n"
        "g,2025-10-26T00:00:00Z\r\n"
        "g,never,,1,,\r\n"
        "g,2025-10-26T00:00:00Z,1.5,1,,\r\n"
        "g,2025-10-26T00:00:00Z,,inf,,\r\n"
        "g,2025-10-26T00:00:00Z,,,,\r\n"
    )
    first, second, *rest = from_csv(text.splitlines(keepends=True))
    assert isinstance(first, Imported)
    assert (first.meter, first.values) == ("-m", {"1.8.0": 1.5})
    assert isinstance(second, Imported)
    assert (second.value, second.value_unit, second.line) == (2.5, "m3", 3)
    assert [each.line for each in rest if isinstance(each, Unread)] == [4, 5, 6, 7, 8]
    with pytest.raises(BadInput, match="no export of readings"):
        list(from_csv(["start,end,kwh\n"]))


def test_parquet_with_moments(tmp_path: Path) -> None:
    """docs/exports.md: moments in UTC, numbers as they are."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet  # noqa: PLC0415

    row = {**SAID, "at_utc": AT, "meter_at_utc": AT.replace(microsecond=0), "further": "x"}
    file = tmp_path / "readings.parquet"
    parquet.write_table(pa.Table.from_pylist([row]), file)
    assert list(from_parquet(file)) == [WANTED]
    file.write_bytes(b"PAR1" + b"x" * 100)
    with pytest.raises(BadInput, match="not a Parquet file"):
        list(from_parquet(file))


def test_a_moment_outside_the_calendar_is_refused() -> None:
    """docs/imports.md: year 1 a day east of Greenwich has no moment in UTC, and ends no import."""
    (found,) = from_json([json.dumps({**SAID, "at_utc": "0001-01-01T00:00:00+14:00"})])
    assert isinstance(found, Unread)
    assert found.why == "at_utc '0001-01-01T00:00:00+14:00' is not a time"


NAMES = ("at_utc", "number", "tariff", "meter_mark", "value", "active_import_energy_kwh", "meter")


@given(st.sampled_from(NAMES), st.none() | st.booleans() | st.floats() | st.text() | st.just([]))
def test_any_json_is_read_or_refused(name: str, said: object) -> None:
    """docs/imports.md: noise never ends an import in another way than with words."""
    (found,) = from_json([json.dumps({**SAID, name: said})])
    assert isinstance(found, (Imported, Unread))
