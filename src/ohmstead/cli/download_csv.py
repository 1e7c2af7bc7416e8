"""`ohmstead download-csv`: the daily files of a device's SD card, for a range of days.

What the document's script does with curl and jq, and resuming besides.  Source: REST/MQTT 2.0,
6.13.1.  Real devices ignore Range and send the whole file, or answer 500 for one that is missing.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ohmstead.connect.device import Device
from ohmstead.errors import BadInput, NotFound, OhmsteadError, Unavailable

CARD = "/sdcard/"
LARGEST_LISTING = 8 * 1024 * 1024
CHUNK = 65_536
OVERLAP = 256
"""So many bytes that are here are asked for again: they tell whether it is the same file."""
ATTEMPTS = 3
UNFINISHED = ".part"

_NAME = re.compile(r"(\d{8})\.CSV", re.IGNORECASE)
_PART = re.compile(r"bytes (\d+)-")

Seen = Callable[[int, int | None], None]
"""Told how many bytes are here, of how many (None: nobody knows)."""


class _Entry(msgspec.Struct):
    name: str
    size: int = 0
    type: str = "file"


class _Listing(msgspec.Struct):
    files: list[_Entry]


@dataclass
class Outcome:
    """What became of the days that were asked for."""

    fetched: list[str] = field(default_factory=list)
    had: list[str] = field(default_factory=list)
    """Files that were here already, whole."""
    failed: dict[str, str] = field(default_factory=dict)
    """File and why."""
    missing: list[date] = field(default_factory=list)


def download_csv(
    device: Annotated[str, typer.Argument(help="HOST, HOST:PORT or URL.", metavar="DEVICE")],
    first: Annotated[str, typer.Argument(help="First day, YYYY-MM-DD.", metavar="FROM")],
    last: Annotated[str, typer.Argument(help="Last day, the same.", metavar="TO")],
    to: Annotated[Path, typer.Option(help="Folder for the files.")] = Path(),
    password: Annotated[
        str, typer.Option(envvar="OHMSTEAD_DEVICE_PASSWORD", help="Password of the device.")
    ] = "",
) -> None:
    """Download a device's daily CSV files; what is here already is not fetched again.

    Status 1 when a file could not be had whole; a day without a file is said, and is no error.
    """
    days = span(first, last)
    with _progress() as progress:
        found = fetch(Device(device, password), days, to, print, _bar(progress))
    for gap in gaps(found.missing):
        print(f"Missing: {gap}")
    for name, why in found.failed.items():
        print(f"ohmstead download-csv: {name}: {why}", file=sys.stderr)
    print("Done." if not found.failed else "Not complete; the next start goes on.")
    raise typer.Exit(1 if found.failed else 0)


def span(first: str, last: str) -> list[date]:
    """Every day from `first` to `last`; BadInput when they are none, or the wrong way round."""
    start, end = _day(first, "start"), _day(last, "end")
    if start > end:
        raise BadInput(f"the start date {start} is later than the end date {end}")
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


def _day(written: str, which: str) -> date:
    for form in ("%Y-%m-%d", "%Y%m%d"):
        try:
            return datetime.strptime(written, form).date()  # noqa: DTZ007  (a day has no zone)
        except ValueError:
            continue
    raise BadInput(f"invalid {which} date {written!r}; write it like 2024-09-30")


def gaps(days: Iterable[date]) -> Iterator[str]:
    """Days in words, those that follow each other together.

    >>> list(gaps([date(2024, 9, 1), date(2024, 9, 2), date(2024, 9, 5)]))
    ['2024-09-01 to 2024-09-02', '2024-09-05']
    """
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    for run in runs:
        yield str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}"


# --- the device's side


def fetch(
    device: Device,
    days: list[date],
    folder: Path,
    tell: Callable[[str], None],
    seen: Callable[[str], Seen],
) -> Outcome:
    """Fetches the files of `days` into `folder`; NotFound, Unavailable or NotSignedIn when the card
    cannot be listed.  `seen` gives, for a file, whom to tell how far it is."""
    listed = _listed(device)
    found = Outcome(missing=[day for day in days if f"{day:%Y%m%d}" not in listed])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"the folder {folder} cannot be made: {error.strerror}") from error
    for day in days:
        entry = listed.get(f"{day:%Y%m%d}")
        if entry is None:
            continue
        file = folder / entry.name.upper()
        if _size(file) == entry.size and not _size(_unfinished(file)):
            found.had.append(entry.name)
            continue
        tell(f"Downloading: {entry.name}")
        try:
            whole = _fetched(device, entry.name, file, seen(entry.name))
            (found.fetched if whole else found.had).append(entry.name)
        except NotFound:
            found.missing.append(day)
        except OhmsteadError as error:
            found.failed[entry.name] = str(error)
    return found


def _listed(device: Device) -> dict[str, _Entry]:
    """The card's daily files: day -> entry."""
    try:
        with device.get(CARD) as answer:
            body = answer.read(LARGEST_LISTING)
        if answer.status == 503:
            raise Unavailable(f"{device.name} has no SD card, or does not reach it")
        if answer.status != 200:
            raise NotFound(f"{device.name} shows no SD card: it answers {answer.status}")
        entries = msgspec.json.decode(body, type=_Listing).files
    except (OSError, HTTPException) as error:
        raise Unavailable(f"{device.name} broke off: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(f"{device.name} lists its card in a way that is not known") from error
    return {
        match[1]: entry
        for entry in entries
        if entry.type == "file" and (match := _NAME.fullmatch(entry.name))
    }


def _fetched(device: Device, name: str, file: Path, seen: Seen) -> bool:
    """Brings `file` up to date, goes on where it broke off; False when it already was.

    What arrived stays in a file beside it until all has.
    """
    part = _unfinished(file)
    if _size(file) > _size(part):
        shutil.copyfile(file, part)
    before = _size(part)
    for attempt in range(ATTEMPTS):
        try:
            if _received(device, name, part, seen):
                break
        except (OSError, HTTPException, Unavailable) as error:
            if attempt == ATTEMPTS - 1:
                raise Unavailable(f"broken off: {str(error) or type(error).__name__}") from error
    else:
        raise Unavailable("the device's file is another one each time it is read")
    if _size(part) < _size(file):
        part.unlink()
        raise Unavailable(f"the device's file is shorter than {file}, which stays as it is")
    part.replace(file)
    return _size(file) > before


def _received(device: Device, name: str, part: Path, seen: Seen) -> bool:
    """Adds to `part` what the device has and it has not.

    False when they are not the same file: `part` is then empty, and all has to be fetched.
    """
    here = _size(part)
    start = max(0, here - OVERLAP)
    with device.get(CARD + name, {"Range": f"bytes={start}-"} if here else {}) as answer:
        if answer.status == 206:
            return _continued(answer, part, here - start, seen)
        if answer.status == 416:  # what is here is longer than what the device has
            part.write_bytes(b"")
            return False
        if answer.status in (404, 500):
            raise NotFound(f"{device.name} has no {name}")
        if answer.status != 200:
            raise Unavailable(f"it answers {answer.status}")
        with part.open("wb") as stream:  # the whole file: the first time, or Range is ignored
            _copied(answer, stream.write, 0, seen)
        return True


def _continued(answer: HTTPResponse, part: Path, overlap: int, seen: Seen) -> bool:
    here = _size(part)
    said = _PART.match(answer.getheader("content-range") or "")
    with part.open("r+b") as stream:
        stream.seek(here - overlap)
        same = said and int(said[1]) == here - overlap and answer.read(overlap) == stream.read()
        if not same:
            stream.truncate(0)
            return False
        _copied(answer, stream.write, here, seen)
    return True


def _copied(answer: HTTPResponse, write: Callable[[bytes], object], here: int, seen: Seen) -> None:
    """Writes the rest of an answer; HTTPException when it ends before its end."""
    left = answer.length
    total = None if left is None else here + left
    while piece := answer.read(CHUNK):
        write(piece)
        here += len(piece)
        seen(here, total)
    if total is not None and here < total:
        raise HTTPException(f"{total - here} bytes did not come")


def _unfinished(file: Path) -> Path:
    return file.with_name(file.name + UNFINISHED)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


# --- the screen's side


def _progress() -> Progress:
    """Bars on standard error, where that is a terminal; standard output is left to the lines."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        redirect_stdout=sys.stdout.isatty(),
    )


def _bar(progress: Progress) -> Callable[[str], Seen]:
    def bar(name: str) -> Seen:
        task = progress.add_task(name, total=None)
        return lambda here, total: progress.update(task, completed=here, total=total)

    return bar
