"""A table that comes in pieces says the same as one that comes whole; docs/imports.md."""

import codecs
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.surfaces import csv_piece, csv_text
from ohmstead.surfaces.csv_how import How, Of
from ohmstead.surfaces.csv_piece import Place
from ohmstead.surfaces.csv_proposed import proposal
from ohmstead.surfaces.imports import Imported, Item, Unread

ZURICH = ZoneInfo("Europe/Zurich")
AUTUMN = "".join(
    f'26.10.2025 {hour:02}:{minute:02};{n};"note\n{n}"\r\n'
    for n, (hour, minute) in enumerate(
        (hour, minute) for hour in (1, 2, 2, 3) for minute in (0, 15, 30, 45)
    )
)
TABLE = f"Zähler;\nZeit;1.8.0;Notiz\n{AUTUMN}nie;1;\n01.11.2025 00:00;99;"
"""Through the hour that clocks show twice, with cells of two lines."""


def begun(data: bytes) -> tuple[Place, int]:
    """Where the first row is, and at which byte."""
    encoding = csv_text.exact_encoding(data)
    lines = csv_text.first_lines(data, encoding, 1000)
    found = proposal(lines, How(), Of(ZURICH, None, 900.0, reads_intervals=False))
    place = csv_piece.place_of(found, encoding)
    assert place is not None, found.missing
    return place, csv_text.bytes_before(data, encoding, found.body)


def whole(data: bytes, size: int) -> list[Item]:
    """What all pieces of at most so many bytes say."""
    place, at = begun(data)
    items: list[Item] = []
    while True:
        last = at + size >= len(data)
        read = csv_piece.read(data[at : at + size], place, ZURICH, None, last=last)
        items += read.items
        place, at = read.place, at + read.taken
        if last:
            return items


@settings(max_examples=30)
@given(
    st.integers(60, 900),
    st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-8-sig", "utf-16-be", "utf-32"]),
)
def test_a_table_may_come_in_any_pieces(size: int, encoding: str) -> None:
    """docs/imports.md, "On the pages": lines, moments and refusals are those of the whole."""
    data = TABLE.encode(encoding)
    size = size * (4 if "32" in encoding else 2 if "16" in encoding else 1)
    assert whole(data, size) == whole(data, len(data))


def test_the_hour_that_comes_twice_goes_on_across_pieces() -> None:
    """docs/imports.md, "Any CSV": the order decides, wherever a piece ends."""
    moments = [item.at for item in whole(TABLE.encode(), 90) if isinstance(item, Imported)]
    assert len(moments) == 17
    assert moments == sorted(set(moments))
    refused = [item for item in whole(TABLE.encode(), 90) if isinstance(item, Unread)]
    assert [(item.line, item.code) for item in refused] == [(35, "time")]


def test_what_has_no_end_is_no_table() -> None:
    """docs/imports.md: memory is bounded, a line has to end within a piece."""
    place, _ = begun(TABLE.encode())
    with pytest.raises(BadInput, match="no table"):
        csv_piece.read(b"1" * 999, place, ZURICH, None, last=False)


def test_rows_of_other_meters_are_counted() -> None:
    """docs/imports.md, "On the pages": of a file of several meters."""
    place, _ = begun(TABLE.encode())
    place = csv_piece.Place(
        **{name: getattr(place, name) for name in place.__struct_fields__}
        | {"meter_column": 3, "meter": "a"}
    )
    data = b"01.11.2025 00:00;1;a\n01.11.2025 00:00;1;b\nx;1;b\nx;1;a\n"
    read = csv_piece.read(data, place, ZURICH, None, last=True)
    assert [type(item) for item in read.items] == [Imported, Unread]
    assert (read.others, read.place.line) == (2, place.line + 4)
    assert all(item == replace(item, meter=None) for item in read.items)


@given(st.binary(max_size=200))
def test_noise_is_text_or_something_else(data: bytes) -> None:
    """docs/imports.md, "On the pages": any bytes have a kind and an encoding."""
    encoding = csv_text.exact_encoding(data)
    assert encoding in csv_text.ENCODINGS
    assert csv_text.kind_of(data) in {
        *("text", "empty", "excel", "pdf", "packed", "markup", "json", "other")
    }
    for each in (encoding, "utf-8", "cp1252", "utf-16-le"):
        ended = csv_text.whole_rows(data, each, ";")
        assert 0 <= ended <= len(data)
        lines = list(csv_text.lines_of(csv_text.text_of(data, each)))
        if each in ("utf-8", "cp1252") and not data.startswith(codecs.BOM_UTF8):
            assert csv_text.bytes_before(data, each, len(lines)) == len(data)
