"""An import at a terminal: file after file, how far it is, and what became of it."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import typer

from ohmstead.cli import progress
from ohmstead.cli.progress import Told
from ohmstead.clock import SystemClock
from ohmstead.house import import_files
from ohmstead.house.importing import Importer, Summary
from ohmstead.house.installation import Place, opened
from ohmstead.store.meters import Meter
from ohmstead.surfaces.imports import Item

Read: TypeAlias = Callable[[import_files.File, Meter | None], Iterable[Item]]
Feed: TypeAlias = Callable[[Importer, Told], Awaitable[None]]


def feed_of(paths: Sequence[Path], read: Read, meter: str | None, names: dict[str, str]) -> Feed:
    """What imports these files, each by `read`, into a meter or those that a file names."""

    async def feed(importer: Importer, told: Told) -> None:
        into = None if meter is None else await importer.meter(meter)
        for n, path in enumerate(paths):
            with import_files.opened(path) as file:
                await importer.file(
                    path.name,
                    read(file, into),
                    into,
                    lambda lines, n=n, file=file: told((n + file.done) / len(paths), lines),  # type: ignore[misc]
                    names,
                )

    return feed


def run(place: Place, feed: Feed, dry: bool, as_json: bool, no_progress: bool) -> None:
    """Import, print what became of it, and end with status 1 if a line was refused."""

    async def work() -> Summary:
        clock = SystemClock()
        async with opened(place, program="admin", clock=clock) as installation:
            importer = Importer(installation, clock, dry=dry)
            with progress.shown("readings", no_progress) as told:
                await feed(importer, told)
            return importer.summary

    found = asyncio.run(work())
    _print(found, dry, as_json)
    raise typer.Exit(1 if found.refused else 0)


def _print(found: Summary, dry: bool, as_json: bool) -> None:
    first, last = (at and f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (found.first, found.last))
    if as_json:
        said = {
            "read": found.read,
            "stored": 0 if dry else found.stored,
            "duplicate": found.duplicate,
            "refused": found.refused,
            "first": first,
            "last": last,
            "dry_run": dry,
            "warnings": found.warnings,
            "reasons": found.reasons,
        }
        if dry:
            said["new"] = found.stored
        print(json.dumps(said, ensure_ascii=False))
        return
    for line in dict.fromkeys(found.warnings):
        print(f"ohmstead: {line}", file=sys.stderr)
    for line in found.reasons:
        print(f"ohmstead: {line}", file=sys.stderr)
    if (more := found.refused - len(found.reasons)) > 0:
        print(f"ohmstead: and {more} more lines were refused", file=sys.stderr)
    span = f", from {first} to {last}" if first else ""
    stored = "would be stored" if dry else "stored"
    print(
        f"{found.read} readings read{span}: {found.stored} {stored}, "
        f"{found.duplicate} there already, {found.refused} refused"
    )
