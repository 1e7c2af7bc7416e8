"""A file of the archive gets its name when it is safe, and beside it what it is."""

import os
from datetime import datetime
from pathlib import Path

import msgspec

from ohmstead.store import archive_file
from ohmstead.store.archive_catalogue import Entry
from ohmstead.store.archive_file import Written
from ohmstead.store.months import Month, spelled


def entry_of(organisation: int, month: Month, name: str, written: Written, now: datetime) -> Entry:
    """The entry of a file that was just written; the catalogue gives it a number."""
    return Entry(
        id=0,
        organisation=organisation,
        month=month,
        name=name,
        sha256=written.sha256,
        bytes=written.bytes,
        rows=written.rows,
        streams=written.streams,
        state="written",
        made_at=now,
    )


def named(path: Path, entry: Entry) -> None:
    """Give the new file its name, and put beside it what it is; both durable."""
    told = msgspec.json.encode(
        {
            "file": path.name,
            "sha256": entry.sha256,
            "bytes": entry.bytes,
            "organisation": entry.organisation,
            "month": spelled(entry.month),
            "rows": entry.rows,
            "streams": entry.streams,
            "schema": archive_file.SCHEMA,
            "made_at": entry.made_at,
        }
    )
    beside = path.with_suffix(".json")
    half = beside.with_name(f".{beside.name}.new")
    with half.open("wb") as file:
        file.write(msgspec.json.format(told, indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    half.rename(beside)
    path.with_name(f".{path.name}.new").rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
