"""The device's SD-card files, read back.  Sources: REST/MQTT 2.0, 6.13; a device's own file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.surfaces.test_report import a_device

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces import sd_card
from ohmstead.surfaces.imports import Imported, Unread
from ohmstead.surfaces.sd_card_read import read

ZURICH = ZoneInfo("Europe/Zurich")
KEYS = [q.obis for q in catalogue.ELECTRICAL if q.sd_card]


@given(
    st.dictionaries(st.sampled_from(KEYS), st.floats(-1e9, 1e9, allow_nan=False), min_size=1),
    st.integers(0, 86400 * 365 * 20),
)
def test_what_is_written_is_read_back(values: dict[str, float], after: int) -> None:
    """6.13: every column, to the last digit; in the second 02:xx of autumn the first is taken."""
    at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=after)
    said = Reading("m", at, values, identity=Identity(id="220000399"), tariff=2, number=7)
    lines = (sd_card.HEADER + sd_card.row(said, a_device())).decode().splitlines(keepends=True)
    (found,) = read(lines, ZURICH)
    assert isinstance(found, Imported)
    assert abs(found.at - at) in (timedelta(0), timedelta(hours=1))
    assert dict(found.values) == values
    assert (found.tariff, found.number, found.identity) == (2, 7, said.identity)


def test_a_captured_file_is_read(corpus: Path) -> None:
    """interop 1.1: the file of a real device; its times are local in spite of the Z."""
    text = (corpus / "interop" / "captures" / "whatwatt-docs-sdcard.csv").read_text()
    found = list(read(text.splitlines(keepends=True), ZURICH))
    assert all(isinstance(each, Imported) for each in found)
    first = found[0]
    assert isinstance(first, Imported)
    assert first.at == datetime(2025, 10, 7, 18, 21, 11, tzinfo=UTC)
    assert (first.values["1.8.0"], first.values["2.8.0"], first.tariff) == (75.133, 25.414, 2)


def test_what_is_broken_in_a_file_is_said_by_line() -> None:
    """docs/imports.md: other columns than today's, rows cut off, headers in the middle."""
    text = (
        "RID,TIME,MID,TARIFF,EAP_T,NEW\n"
        '1,"2025-07-01T10:00:00Z","a",2,1.5,9\n'
        "RID,TIME,MID,TARIFF,EAP_T,NEW\n"
        '2,"2025-07-01T10:00:15Z","a",2\n'
        '3,"yesterday","a",2,1.6,9\n'
        '4,"2025-07-01T10:00:30Z","a",2,x,9\n'
        '5,"2025-07-01T10:00:45Z","a",2,,9\n'
        '6,"2025-07-01T10:01:00Z","a",99999,1.7,9\n'
        '7,"2025-07-01T10:01:15Z","a",,1.7,9\n'
    )
    found = list(read(text.splitlines(keepends=True), ZURICH))
    assert [each.line for each in found] == [2, 4, 5, 6, 7, 8, 9]
    why = [each.why for each in found if isinstance(each, Unread)]
    assert [each.split()[0] for each in why] == ["it", "TIME", "'x'", "nothing", "TARIFF"]
    with pytest.raises(BadInput, match="no file of a device's SD card"):
        list(read(["time;kwh\n"], ZURICH))


@given(st.lists(st.text(max_size=40), max_size=8))
def test_noise_is_refused_or_read(lines: list[str]) -> None:
    """docs/imports.md: noise never ends an import in another way than with words."""
    list(read([sd_card.HEADER.decode(), *(f"{line}\n" for line in lines)], ZURICH))
