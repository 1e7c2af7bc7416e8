"""Where an export goes: a file that is there when it is whole, and what options name."""

import errno
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ohmstead.errors import BadInput, Unavailable
from ohmstead.house.export import Output, day, moment, opened, write
from ohmstead.surfaces import formats
from ohmstead.surfaces.table import Column, Kind, Page, Sheet, Subject

CSV, EXCEL = formats.BY_NAME["csv"], formats.BY_NAME["xlsx"]


def _no_space(_file: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _broken_off(file: Output) -> None:
    file.write(b"half")
    raise KeyboardInterrupt


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    """docs/exports.md: written beside its place and moved there; what breaks off leaves nothing."""
    place = tmp_path / "a.csv"
    place.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), opened(place, CSV) as file:
        _broken_off(file)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert place.read_bytes() == b"old"
    link = tmp_path / "link.csv"
    link.symlink_to(place)
    with opened(link, CSV) as file:
        file.write(b"new")
        assert place.read_bytes() == b"old"
    assert place.read_bytes() == b"new"
    assert link.is_symlink()


def test_places_that_are_no_files(tmp_path: Path) -> None:
    """docs/commands.md: a folder is refused, a device is written to and stays what it is."""
    with pytest.raises(BadInput, match="is a folder"), opened(tmp_path, CSV):
        raise AssertionError
    with pytest.raises(Unavailable, match="cannot be written"), opened(tmp_path / "no" / "a", CSV):
        raise AssertionError
    with opened(Path("/dev/null"), EXCEL) as file:
        file.write(b"x")
    assert not Path("/dev/null").is_file()


def test_what_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/exports.md: a full disk is said, and leaves what was there before.  full(4)."""
    full = Path("/dev/full")
    said = r"/dev/full cannot be written: No space left.*--output"
    with pytest.raises(Unavailable, match=said), opened(full, CSV) as file:
        file.write(b"x")  # waits until the end
    with pytest.raises(Unavailable, match="No space left"), opened(full, CSV) as file:
        file.write(bytes(100_000))
    place = tmp_path / "a.csv"
    place.write_bytes(b"old")
    monkeypatch.setattr("os.fsync", _no_space)
    with pytest.raises(Unavailable, match=r"a\.csv cannot be written"), opened(place, CSV) as file:
        file.write(b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.csv", b"old")]
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(BadInput, match="standard output is closed"), opened(None, CSV):
        raise AssertionError


def test_who_has_read_enough_is_no_trouble() -> None:
    """pipe(7): a pipe that nobody reads any more."""
    read, written = os.pipe()
    os.close(read)
    with os.fdopen(written, "wb") as file:
        out = Output(file, "a pipe")
        with pytest.raises(BrokenPipeError):
            out.write(bytes(100_000))


def test_no_binary_format_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/exports.md: Excel and Parquet are not written to a terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(BadInput, match="xlsx is not for a terminal"), opened(None, EXCEL):
        raise AssertionError


async def test_pages_are_told_as_they_are_written() -> None:
    """docs/commands.md: how far it is."""
    sheet = Sheet("T", [Column("n", Kind.INTEGER)], datetime(2025, 1, 1, tzinfo=UTC))
    subject = Subject("m", "M", "electricity", ZoneInfo("UTC"), 60.0)

    async def pages() -> AsyncIterator[Page]:
        yield Page(subject, [[1], [2]], 0.5)
        yield Page(subject, [[3]], 1.0)

    file, told = BytesIO(), list[tuple[float, int]]()
    rows = await write(pages(), CSV.write(sheet), file, lambda *said: told.append(said))
    assert (rows, told) == (3, [(0.5, 2), (1.0, 3)])
    assert file.getvalue() == b"n\r\n1\r\n2\r\n3\r\n"


@pytest.mark.parametrize("bad", ["30.3.2025", "2025-02-29", "", "1066-01-01", "today"])
def test_what_is_no_day_is_said(bad: str) -> None:
    """Style 7: which option, which value, and what it looks like."""
    with pytest.raises(BadInput, match=f"--from '{bad}'"):
        day("--from", bad)
    with pytest.raises(BadInput, match=f"--from '{bad}'"):
        moment("--from", bad)


def test_moments() -> None:
    """docs/commands.md: days, moments with an offset, moments of the site."""
    assert moment("--to", "2025-07-01") == date(2025, 7, 1)
    assert moment("--to", "2025-07-01T02:00+02:00") == datetime(2025, 7, 1, tzinfo=UTC)
    assert moment("--to", " 2025-07-01 02:00 ") == datetime(2025, 7, 1, 2)
    with pytest.raises(BadInput, match="or a moment"):
        moment("--to", "2025-07-01T25:00Z")
