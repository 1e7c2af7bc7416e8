"""Which files the archive has, what is in each, and what state its month is in."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import msgspec

from ohmstead.store import archive_file
from ohmstead.store.archive_file import Written
from ohmstead.store.database import Database, Record
from ohmstead.store.months import Month

State = Literal["written", "archived", "restored"]
"""`written`: the file is safe, its readings did not leave yet; `restored`: they are back."""
COLUMNS = (
    "id, organisation, month, name, sha256, bytes, rows, streams, state, made_at, restored_until"
)

ALL = f"""
    SELECT {COLUMNS} FROM archive_files
    WHERE (%(of)s::int4 IS NULL OR organisation = %(of)s)
    AND (%(month)s::date IS NULL OR month = %(month)s) ORDER BY organisation, month, id
"""  # noqa: S608  (the names above, nothing from outside)
ADD = f"""
    INSERT INTO archive_files
    (organisation, month, name, sha256, bytes, rows, streams, state, made_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, 'written', %s) RETURNING {COLUMNS}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Entry:
    """A file; `name` is below the archive's folder, `rows` are readings of its month (UTC)."""

    id: int
    organisation: int
    month: Month
    name: str
    sha256: str
    bytes: int
    rows: int
    streams: int
    state: State
    made_at: datetime
    restored_until: datetime | None = None

    @classmethod
    def of(
        cls, organisation: int, month: Month, name: str, written: Written, now: datetime
    ) -> "Entry":
        """The entry of a file that was just written; `add` gives it a number."""
        return cls(
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


class Catalogue:
    """Every file of the archive, as the database knows them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(
        self, organisation: int | None = None, month: Month | None = None
    ) -> Sequence[Entry]:
        """The files by organisation and month; of one organisation, of one month."""
        found = await self._database.rows(
            ALL, {"of": organisation, "month": date(*month, 1) if month else None}
        )
        return [_entry(row) for row in found]

    async def name(self, organisation: int, month: Month, now: datetime) -> str:
        """A name that no file of the archive has."""
        plain = f"organisation-{organisation}/{month[0]:04}-{month[1]:02}"
        found = await self._database.rows(
            "SELECT name FROM archive_files WHERE organisation = %s AND month = %s",
            (organisation, date(*month, 1)),
        )
        taken = {row["name"] for row in found}
        names = (plain, f"{plain}-{now.astimezone(UTC):%Y%m%dT%H%M%S}")
        ways = (f"{name}.parquet" for name in names)
        return next(
            (each for each in ways if each not in taken), f"{names[1]}-{len(taken)}.parquet"
        )

    async def add(self, entry: Entry) -> Entry:
        """Note a file that is safe on the disk."""
        made = await self._database.rows(
            ADD,
            (
                entry.organisation,
                date(*entry.month, 1),
                entry.name,
                entry.sha256,
                entry.bytes,
                entry.rows,
                entry.streams,
                entry.made_at,
            ),
        )
        return _entry(made[0])

    async def stays(self, organisation: int, month: Month, now: datetime) -> bool:
        """Whether a month was restored and is not to be archived again yet."""
        found = await self._database.one(
            "SELECT id FROM archive_files WHERE organisation = %s AND month = %s"
            " AND restored_until > %s",
            (organisation, date(*month, 1), now),
        )
        return found is not None

    async def restored_before(self, organisation: int, month: Month) -> Month | None:
        """The newest month before `month` that is restored, None when there is none."""
        found = await self._database.one(
            "SELECT max(month) AS newest FROM archive_files"
            " WHERE organisation = %s AND month < %s AND state = 'restored'",
            (organisation, date(*month, 1)),
        )
        newest = found["newest"] if found else None
        return (newest.year, newest.month) if newest else None

    async def archived(self, entry: Entry, folder: Path) -> None:
        """The readings of a file have left the database.

        Another file of the month whose streams are all in this one too has nothing to tell any
        more: it goes.
        """
        await self._database.change(
            "UPDATE archive_files SET state = 'archived', restored_until = NULL WHERE id = %s",
            (entry.id,),
        )
        streams = archive_file.streams_of(folder / entry.name).keys()
        for other in await self.all(entry.organisation, entry.month):
            path = folder / other.name
            if other.id >= entry.id or not path.is_file():
                continue
            if archive_file.streams_of(path).keys() <= streams:
                await self._database.change("DELETE FROM archive_files WHERE id = %s", (other.id,))
                path.unlink(missing_ok=True)
                path.with_suffix(".json").unlink(missing_ok=True)

    async def restored(self, id: int, until: datetime) -> None:
        """The readings of a file are back, until at least then."""
        await self._database.change(
            "UPDATE archive_files SET state = 'restored', restored_until = %s WHERE id = %s",
            (until, id),
        )


def named(path: Path, entry: Entry) -> None:
    """Give the new file its name, and put beside it what it is; both durable."""
    told = msgspec.json.encode(
        {
            "file": path.name,
            "sha256": entry.sha256,
            "bytes": entry.bytes,
            "organisation": entry.organisation,
            "month": f"{entry.month[0]:04}-{entry.month[1]:02}",
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


def _entry(row: Record) -> Entry:
    month = row["month"]
    return Entry(**{**row, "month": (month.year, month.month)})
