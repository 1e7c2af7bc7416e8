"""What `ohmstead export` does: which meters are meant, and a table written page by page."""

import contextlib
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from ohmstead.errors import BadInput, NotFound, Unavailable
from ohmstead.house.installation import Installation
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.sites import Sites
from ohmstead.surfaces.formats import Format
from ohmstead.surfaces.table import Page, Writer

YEARS = (1990, 2199)
Told = Callable[[float, int], None]
"""Told how much is done (0 to 1), and how many rows that are."""


async def chosen(
    installation: Installation, ids: Sequence[str], site: int | None, everything: bool
) -> list[Meter]:
    """The meters of an export: those named, of a site, or all; BadInput, NotFound."""
    if sum((bool(ids), site is not None, everything)) != 1:
        raise BadInput("say which meters: --meter ID (may be repeated), --site ID, or --all")
    meters = Meters(installation.database)
    if ids:
        return [await meters.get(id) for id in dict.fromkeys(ids)]
    found = await meters.all()
    if site is not None:
        place = await Sites(installation.database).get(site)
        found = [meter for meter in found if meter.site.id == place.id]
    if not found:
        raise NotFound("there are no meters" if site is None else f"site {site} has no meters")
    return found


class Sink(Protocol):
    """What the bytes of an export go into."""

    def write(self, piece: bytes, /) -> object: ...


class Output:
    """A file whose trouble is said: Unavailable, with what to do, where it cannot be written.

    Who reads a pipe and has enough is a BrokenPipeError still.  Nothing is written after trouble.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name

    def write(self, piece: bytes, /) -> None:
        """Write all of it, or into what is written later."""
        with self._watched():
            self._file.write(piece)

    def flush(self) -> None:
        """Hand on what waits to be written."""
        with self._watched():
            self._file.flush()

    def sync(self) -> None:
        """Give back when all of it is on the disk."""
        with self._watched():
            self._file.flush()
            os.fsync(self._file.fileno())

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except OSError as trouble:
            nowhere = os.open(os.devnull, os.O_WRONLY)  # for what still waits, when it is closed
            os.dup2(nowhere, self._file.fileno())
            os.close(nowhere)
            if isinstance(trouble, BrokenPipeError):
                raise
            raise Unavailable(
                f"{self._name} cannot be written: {trouble.strerror}; make room, or name another"
                " file with --output"
            ) from trouble


async def write(pages: AsyncIterator[Page], writer: Writer, file: Sink, told: Told) -> int:
    """Write every page; gives how many rows they had."""
    rows = 0
    try:
        async for page in pages:
            file.write(writer.feed(page))
            rows += len(page.rows)
            told(page.done, rows)
        for piece in writer.end():
            file.write(piece)
    finally:
        writer.close()
    return rows


@contextlib.contextmanager
def opened(output: Path | None, format: Format) -> Iterator[Output]:
    """Where an export goes: standard output, or a file that is there when it is whole.

    The file is written beside its place and moved there at the end, so that whatever ends the
    program leaves what was there before.  BadInput for a binary format to a terminal.
    """
    if output is None:
        if sys.stdout is None:  # `>&-` in a shell
            raise BadInput("standard output is closed: name a file with --output")
        if format.binary and sys.stdout.isatty():
            raise BadInput(
                f"{format.name} is not for a terminal; add --output FILE, or send it on with |"
            )
        out = Output(sys.stdout.buffer, "standard output")
        yield out
        out.flush()
        return
    place = output.expanduser().resolve()
    if place.is_dir():
        raise BadInput(f"{output} is a folder; name a file in it")
    if place.exists() and not place.is_file():  # a device or pipe is written to, not replaced
        with place.open("wb") as file:
            out = Output(file, str(output))
            yield out
            out.flush()
        return
    with _whole(place) as out:
        yield out


@contextlib.contextmanager
def _whole(place: Path) -> Iterator[Output]:
    half = place.with_name(f".{place.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        try:
            file = half.open("xb")
        except OSError as trouble:
            raise Unavailable(
                f"{place} cannot be written: {trouble.strerror}; name another file with --output"
            ) from trouble
        with file:
            out = Output(file, str(place))
            yield out
            out.sync()
        half.replace(place)
    finally:
        half.unlink(missing_ok=True)


def day(option: str, written: str) -> date:
    """The day that an option names; BadInput.

    >>> day("--from", "2025-07-01")
    datetime.date(2025, 7, 1)
    """
    try:
        read = datetime.strptime(written.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  (a day has no zone)
    except ValueError:
        raise BadInput(f"{option} {written!r} is not a day; it looks like 2025-07-01") from None
    _bounded(option, written, read.year)
    return read


def moment(option: str, written: str) -> date | datetime:
    """The day or the moment that an option names, naive without an offset; BadInput.

    >>> moment("--from", "2025-07-01T12:00Z")
    datetime.datetime(2025, 7, 1, 12, 0, tzinfo=datetime.timezone.utc)
    """
    if "T" not in written and " " not in written.strip():
        return day(option, written)
    try:
        read = datetime.fromisoformat(written.strip())
    except ValueError:
        raise BadInput(
            f"{option} {written!r} is not a day or a moment; it looks like 2025-07-01 or"
            " 2025-07-01T12:00:00+02:00"
        ) from None
    _bounded(option, written, read.year)
    return read


def _bounded(option: str, written: str, year: int) -> None:
    if not YEARS[0] <= year <= YEARS[1]:
        raise BadInput(f"{option} {written!r} is not between the years {YEARS[0]} and {YEARS[1]}")
