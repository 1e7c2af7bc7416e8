"""Tables of portals, spreadsheets and programs: found out without a word; docs/imports.md."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.surfaces import csv_read, csv_text
from ohmstead.surfaces.csv_how import Column, How, Of, Proposal
from ohmstead.surfaces.csv_proposed import proposal
from ohmstead.surfaces.imports import Imported, Item, Unread

ZURICH = ZoneInfo("Europe/Zurich")
QUARTERS = Of(ZURICH, None, 900.0, reads_intervals=True)
COUNTER = Of(ZURICH, None, 900.0, reads_intervals=False)
DAYS = Of(ZURICH, None, 86_400.0, reads_intervals=True)
GAS = Of(ZURICH, "m3", 3600.0, reads_intervals=False)
FIRST = datetime(2024, 12, 31, 23, 15, tzinfo=UTC)
"""A quarter past midnight."""


def understood(text: str, of: Of, **how: Any) -> tuple[Proposal, list[Item]]:
    """How a text is understood, and its rows where that is enough."""
    lines = list(csv_text.lines_of(text))
    found = proposal(lines, How(**how), of)
    if found.layout is None:
        return found, []
    return found, list(csv_read.read(lines[found.body :], found.layout))


@pytest.mark.parametrize(
    "text, of, said",
    [
        (
            "Kunde;Muster AG;;\nMesspunkt;CH99;;\n\nDatum;Von;Bis;Verbrauch (kWh);Status\n"
            "01.01.2025;00:00;00:15;1.234,5;ok\n13.01.2025;00:15;00:30;2;geschätzt\n",
            QUARTERS,
            {"1.8.0": 1234.5},
        ),
        (
            "Zeitstempel;Bezug;Einspeisung\n;[Wh];[Wh]\n01.01.2025 00:15;125;0\n",
            QUARTERS,
            {"1.8.0": 0.125, "2.8.0": 0.0},
        ),
        ("01.01.2025 00:15;0,125\n13.01.2025 00:30;0,25\n", COUNTER, {"1.8.0": 0.125}),
        (
            'sep=;\nDatum;Uhrzeit;"Stand ""HT"" [kWh]"\n1.1.25;0:15;7\n13.1.25;0:15;8\n',
            COUNTER,
            {"1.8.1": 7.0},
        ),
        (
            "Date,Start Time,End Time,Usage (kWh),Cost ($)\n"
            "01/01/2025,12:00 AM,12:15 AM,0.5,0.1\n01/13/2025,12:00 AM,12:15 AM,0.5,0.1\n",
            QUARTERS,
            {"1.8.0": 0.5},
        ),
        (
            "timestamp,power_w,energy_wh\n1735686900,500,100\n",
            COUNTER,
            {"1.7.0": 0.5, "1.8.0": 0.1},
        ),
        ("1735686900000\t500\n1735687800000\t600\n", COUNTER, {"1.8.0": 500.0}),
        (
            "Von;Bis;Wert;Einheit\n01.01.2025 00:00;01.01.2025 00:15;250;Wh\n"
            "13.01.2025 00:15;13.01.2025 00:30;250;Wh\n",
            QUARTERS,
            {"1.8.0": 0.25},
        ),
        (
            "Zeit;Spannung L1 (V);Strom L2 (A);Blindleistung kvar\n2025-01-01 00:15;231,5;4;1\n",
            COUNTER,
            {"32.7.0": 231.5, "51.7.0": 4.0, "3.7.0": 1.0},
        ),
        (
            "Datum;Bezug Wh;Rückspeisung Wh\n01.01.2025 00:15;125;-\n13.01.2025 00:15;n/a;5\n",
            QUARTERS,
            {"1.8.0": 0.125},
        ),
        (
            'Time,Imported kWh,Energy returned kWh\n"1/1/2025, 12:15:00\u202fAM",1,2\n'
            '"1/13/2025, 12:15:00\u202fAM",1,2\n',
            QUARTERS,
            {"1.8.0": 1.0, "2.8.0": 2.0},
        ),
        ("time,kWh\n2024-12-31 23:15:00 UTC,5\n", COUNTER, {"1.8.0": 5.0}),
        ("time,kWh\n20241231T231500Z,5\n", COUNTER, {"1.8.0": 5.0}),
        ("Zeit;kWh\n01.01.2025 01:15 MESZ;5\n13.01.2025 00:15 MEZ;6\n", COUNTER, {"1.8.0": 5.0}),
        ("name,time,total_wh\nx,1735686900000000000,5000\n", COUNTER, {"1.8.0": 5.0}),
        ("Date,kWh\n1-Jan-2025 00:15,5\n", COUNTER, {"1.8.0": 5.0}),
    ],
)
def test_tables_are_found_out(text: str, of: Of, said: dict[str, float]) -> None:
    """docs/imports.md, "On the pages": header, delimiter, times, quantities and units."""
    found, items = understood(text, of)
    assert found.missing == []
    first = next(item for item in items if isinstance(item, Imported))
    assert (first.at, dict(first.values)) == (FIRST, said)


def test_no_row_is_passed_over() -> None:
    """docs/imports.md: what is no reading is said with its line, the first row below names, too."""
    _, items = understood("Zeit;kWh;Status\n2025-01-01 00:00;;weg\n2025-01-01 00:15;1;\n", COUNTER)
    assert [(item.line, type(item)) for item in items] == [(2, Unread), (3, Imported)]


def test_a_day_lasts_as_long_as_its_clock_says() -> None:
    """docs/imports.md, "Counters or energies": days of 23 and 25 hours, named by their dates."""
    text = "Tag;Verbrauch kWh\n29.03.2025;12,5\n30.03.2025;11,5\n26.10.2025;10\n"
    found, items = understood(text, DAYS)
    assert (found.how.starts, found.how.time) == (True, [1])
    ends = [item.at for item in items if isinstance(item, Imported)]
    assert [end.hour for end in ends] == [23, 22, 23]
    assert all(end.astimezone(ZURICH).hour == 0 for end in ends)


def test_a_meter_that_is_not_electric_has_a_value() -> None:
    """docs/imports.md, "Any CSV": in a unit like its own, other columns left out."""
    found, items = understood("Datum;Gas [l];Preis CHF\n2025-01-01;1500;2,5\n", GAS)
    assert found.how.columns == [Column(2, "value", "l")]
    assert [item.value for item in items if isinstance(item, Imported)] == [1.5]


@pytest.mark.parametrize(
    "text, how, code",
    [
        ("hello\nworld\n", {}, "table"),
        ("time,1.8.0\n01/02/2025 00:00,1\n02/02/2025 00:00,2\n", {}, "day_or_month"),
        ("Zeit;1.8.0\n2025-01-01;1,5\n2025-01-02;1.5\n", {}, "decimal"),
        (
            "Zähler;Zeit;kWh\nA;2025-01-01;1\nB;2025-01-01;1\nA;2025-01-02;1\nB;2025-01-02;1\n",
            {},
            "meter",
        ),
        (
            "entity_id,state,last_changed\n"
            + "".join(f"sensor.{n % 2},{n},2025-01-01T00:0{n}:00Z\n" for n in range(4)),
            {},
            "meter",
        ),
        ("Zeit;kWh\n2025-01-31;12.345\n2025-02-28;12.845\n", {}, "decimal"),
        ('Time,kWh\n2025-01-31,"12,345"\n2025-02-28,"12,845"\n', {}, "decimal"),
        ("Giorno;Ora;kWh\n13/07/2025;1;1\n13/07/2025;2;1\n13/07/2025;3;1\n", {}, "same_times"),
        (
            f"Date,{','.join(f'{n:02}:00' for n in range(24))}\n13/01/2025{',1' * 24}\n",
            {},
            "across",
        ),
        ("Zeit;kWh\n2025-01-01;1\n", {"columns": [Column(2, "1.8.0", "V")]}, "unit"),
        ("Zeit;kWh\n2025-01-01;1\n", {"columns": [Column(2, "value")]}, "unit"),
        ("Zeit;kWh\n2025-01-01;1\n", {"columns": [Column(1, "1.8.0")]}, "twice"),
        ("Zeit;kWh\n2025-01-01;1\n", {"columns": [Column(9, "1.8.0")]}, "column"),
        ("Zeit;kWh\n2025-01-01;1\n", {"columns": []}, "columns"),
        ("Zeit;kWh\n2025-01-01;1\n", {"time_format": "%H"}, "time_format"),
        ("Zeit;kWh\n2025-01-01;1\n", {"time": [2], "columns": [Column(1, "1.8.0")]}, "time_format"),
    ],
)
def test_what_cannot_be_known_is_named(text: str, how: dict[str, Any], code: str) -> None:
    """docs/imports.md, "On the pages": nothing is guessed where it could be either."""
    found, _ = understood(text, COUNTER, **how)
    assert code in {missing.code for missing in found.missing}
    assert found.layout is None


@pytest.mark.parametrize(
    "text",
    [
        "Zeit;kWh\n2025-01-31;12.345\n2025-02-28;0.845\n",
        "Zeit;kWh\n2025-01-31;12.345\n2025-02-28;1212.845\n",
        "Zeit;kWh\n2025-01-31;12.345\n2025-02-28;1212\n",
        "Zeit,kWh\n2025-01-31,12.345\n",
        "Zeit;kWh\n2025-01-31;12,345\n",
    ],
)
def test_thousandths_are_no_thousands(text: str) -> None:
    """docs/imports.md, "Any CSV": numbers of three digits behind the sign are mostly decimals."""
    _, items = understood(text, COUNTER)
    assert isinstance(items[0], Imported)
    assert items[0].values == {"1.8.0": 12.345}


def test_hours_in_a_column_of_their_own_are_read_when_it_is_said() -> None:
    """docs/imports.md, "On the pages": what is proposed can be corrected; 24 is midnight."""
    text = "Giorno;Ora;kWh\n13/07/2025;1;1\n13/07/2025;24;1\n"
    _, items = understood(text, COUNTER, time=[1, 2])
    assert [f"{item.at:%d %H}" for item in items if isinstance(item, Imported)] == [
        "12 23",
        "13 22",
    ]


def test_what_is_only_likely_is_said() -> None:
    """docs/imports.md, "On the pages": columns of inverters, and ones that say no unit."""
    text = "Zeit;Energie Symo;Verbrauch;Vom Netz bezogen\n;[Wh];[Wh];[Wh]\n13.01.2025 00:15;7;8;9\n"
    found, _ = understood(text, COUNTER)
    assert found.how.columns == [Column(4, "1.8.0", "Wh")]
    assert found.doubts == []
    found, _ = understood("Zeit;Energie;Verbrauch\n13.01.2025 00:15;7;8\n", COUNTER)
    assert [(each.code, each.column) for each in found.doubts] == [
        ("assumed", "Energie"),
        ("rival", "Energie"),
    ]


def test_the_rows_of_one_meter_are_chosen() -> None:
    """docs/imports.md, "On the pages": of a file of several, also one quantity a row."""
    text = "obis,time,value,unit\n" + "".join(
        f"1-0:{code}.8.0,2025-01-0{day},{code}{day},Wh\n" for day in (1, 2) for code in (1, 2)
    )
    found, _ = understood(text, COUNTER)
    assert dict(found.meters) == {"1-0:1.8.0": 2, "1-0:2.8.0": 2}
    found, _ = understood(text, COUNTER, meter="1-0:2.8.0")
    assert (found.missing, found.how.columns) == ([], [Column(3, "2.8.0", "Wh")])


@given(st.text("0123456789.,;:-/ TZtimekWh\t\n\r\"'x|", max_size=120), st.booleans())
def test_noise_is_read_or_something_is_missing(text: str, header: bool) -> None:
    """docs/imports.md: whatever a file says, a person is told what to do."""
    for of in (QUARTERS, GAS):
        found, items = understood(text, of, header=header or None)
        assert bool(found.missing) == (found.layout is None)
        assert all(isinstance(item, (Imported, Unread)) for item in items)
