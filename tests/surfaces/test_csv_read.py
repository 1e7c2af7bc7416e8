"""Tables of other programs: how they are laid out is told, or found out; docs/imports.md."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.surfaces import csv_read, csv_times
from ohmstead.surfaces.csv_found import Told, layout
from ohmstead.surfaces.imports import Imported, Item, Unread

ZURICH = ZoneInfo("Europe/Zurich")
T = datetime(2025, 3, 31, 14, 15)


def read(text: str, told: Told | None = None, unit: str | None = None) -> list[Item]:
    """What a table says, as `ohmstead import csv` reads it."""
    lines, how = text.splitlines(keepends=True), told or Told()
    found = layout(lines, how, ZURICH, unit)
    return list(csv_read.read(lines[1:] if how.header else lines, found))


def values(items: Sequence[Item]) -> list[dict[str, float]]:
    return [dict(each.values) for each in items if isinstance(each, Imported)]


@pytest.mark.parametrize(
    "text",
    [
        "time,Wh total\n2025-07-01 00:15,1234.5\n",
        "Zeit;Wh total\n01.07.2025 00:15;1234,5\n",
        "Zeit;Wh total\n01.07.2025 00:15;1.234,5\n",
        "Zeit;Wh total\n01.07.2025 00:15;1 234,5\n",
        "Zeit;Wh total\n01.07.2025 00:15;1\u00a0234,5\n",
        "Zeit\tWh total\n01/07/2025 00:15\t1'234.5\n14/07/2025 00:15\t1\n",
        '"timestamp"|"Wh total"\r\n"2025-06-30T22:15:00Z"|"1234.5"\r\n',
        "timestamp,Wh total\n1751321700,1234.5\n",
        "timestamp,Wh total\n1751321700000,1234.5\n",
        "time,Wh total\n202507010015,1234.5\n",
        "\ufefftime,Wh total\n07/01/2025 12:15 AM,1234.5\n07/13/2025 12:15 AM,1234.5\n",
    ],
)
def test_the_layout_is_found_out(text: str) -> None:
    """docs/imports.md, "Any CSV": delimiter, decimal sign, order of day and month, kind of time."""
    found = read(text, Told(columns=["Wh total=1.8.0:Wh"]))
    first = found[0]
    assert isinstance(first, Imported)
    assert first.at == datetime(2025, 6, 30, 22, 15, tzinfo=UTC)
    assert first.values == {"1.8.0": 1.2345}


def test_what_is_told_counts() -> None:
    """docs/commands.md, `import`: columns by number, no header, date and clock apart, starts."""
    text = "m1;31.03.25;14.15;0,5;7\nm2;31.03.25;14.15;1,5;8\n"
    told = Told(
        time=["2", "3"],
        time_format="%d.%m.%y %H.%M",
        columns=["4=1.8.0", "5=1.7.0:W"],
        meter="1",
        header=False,
        shift=timedelta(minutes=15),
    )
    found = read(text, told)
    assert values(found) == [{"1.8.0": 0.5, "1.7.0": 0.007}, {"1.8.0": 1.5, "1.7.0": 0.008}]
    assert [each.meter for each in found if isinstance(each, Imported)] == ["m1", "m2"]
    assert {each.at.isoformat() for each in found if isinstance(each, Imported)} == {
        "2025-03-31T12:30:00+00:00"
    }


def test_names_of_the_catalogue_need_no_option() -> None:
    """docs/imports.md, "Any CSV": OBIS codes, long or short, and the catalogue's columns."""
    text = "time,1-0:1.8.0*255,2.8.0,active_import_power_kw,other\n2025-01-01,1,2,3,x\n"
    assert values(read(text)) == [{"1.8.0": 1.0, "2.8.0": 2.0, "1.7.0": 3.0}]
    found = read("time,value\n2025-01-01,1.5\n", unit="m3")
    assert [each.value for each in found if isinstance(each, Imported)] == [1.5]


@pytest.mark.parametrize(
    "text, told, why",
    [
        ("time,x\n2025-01-01,1\n", {}, "say what the columns are.*'time', 'x'"),
        ("when,1.8.0\n2025-01-01,1\n", {}, "--time-column; there are 'when'"),
        ("time,1.8.0\n01/02/2025,1\n", {}, "either day or month may be first"),
        ("time,1.8.0\nnoon,1\n", {}, "look like 'noon'"),
        ("time;1.8.0\n2025-01-01;1,5\n2025-01-02;1.5\n", {}, "--decimal"),
        ("time,x\n2025-01-01,1\n", {"columns": ["y=1.8.0"]}, "no column 'y'; it has 'time'"),
        ("time,x\n2025-01-01,1\n", {"columns": ["x=1.8.0:V"]}, "in kWh, and 'V' is not of that"),
        ("time,x\n2025-01-01,1\n", {"columns": ["x=9.9.9"]}, "'9.9.9' is not a quantity"),
        ("time,x\n2025-01-01,1\n", {"columns": ["x"]}, "looks like"),
        ("time,x\n2025-01-01,1\n", {"columns": ["x=value:kWh"]}, "takes OBIS codes"),
        (
            "time,x,y\n1,1,1\n",
            {"columns": ["x=1.8.0", "y=1.8.0"], "time_format": "epoch"},
            "two columns",
        ),
        ("time,1.8.0\n1,1\n", {"time_format": "%H:%M"}, "says no year"),
    ],
)
def test_what_cannot_be_known_is_asked_for(text: str, told: dict[str, object], why: str) -> None:
    """docs/imports.md, "Any CSV": nothing is guessed where it could be either."""
    with pytest.raises(BadInput, match=why):
        read(text, Told(**told))  # type: ignore[arg-type]


def test_a_broken_line_is_said_with_its_number() -> None:
    """docs/imports.md: the others are read."""
    text = (
        "time,kwh\n2025-01-01,1\n\n2025-01-02\n2025-13-01,1\n,1\n2025-01-03,one\n"
        "2025-01-04,-1\n2025-01-05,\n2025-03-30 02:30,1\n2025-01-06,2\n"
    )
    found = read(text, Told(columns=["kwh=1.8.0"]))
    assert [each.line for each in found] == [2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert len([each for each in found if isinstance(each, Unread)]) == 7
    assert values(found) == [{"1.8.0": 1.0}, {"1.8.0": 2.0}]


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2025-03-31 14:15", T),
        ("2025-03-31T14:15:00+02:00", T.replace(tzinfo=timezone(timedelta(hours=2)))),
        ("31.03.2025 14:15:00", T),
        ("31.3.25 14:15", T),
        ("2025/03/31 14:15", T),
        ("03/31/2025 2:15 PM", T),
        ("20250331141500", T),
        ("2025-03-30 24:00", T.replace(hour=0, minute=0)),
        ("30.03.2025 24:00:00", T.replace(hour=0, minute=0)),
        ("1743423300", T.replace(hour=12, tzinfo=UTC)),
    ],
)
def test_times_as_programs_write_them(text: str, moment: datetime) -> None:
    """docs/imports.md, "Any CSV": the ways that are found out."""
    assert csv_times.found([text])(text) == moment


@given(st.text("0123456789.,;:-/ TZtime\n\r\"'x", max_size=80))
def test_noise_is_read_or_refused(text: str) -> None:
    """docs/imports.md: noise never ends an import in another way than with words."""
    with suppress(BadInput):
        for item in read(f"time,1.8.0\n{text}", Told(time_format="iso")):
            assert isinstance(item, (Imported, Unread))
        read(text, Told(columns=["1=1.8.0"], header=False))
