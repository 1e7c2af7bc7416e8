"""Which files the archive has, what is in each, and what state its month is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from ohmstead.store.database import Database, Record
from ohmstead.store.months import Month, spelled

RESTORED_FOR = timedelta(days=30)
"""How long a month that was restored stays at least, unless somebody says otherwise."""
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
BEGUN = """
    SELECT EXISTS (SELECT FROM archive_files) OR EXISTS (SELECT stream FROM archive_floors) AS begun
"""


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

    async def page(self, organisation: int | None, after: int, limit: int) -> Sequence[Entry]:
        """Up to `limit` files by number from behind `after`, of one organisation or of all."""
        found = await self._database.rows(
            f"SELECT {COLUMNS} FROM archive_files WHERE id > %(after)s"  # noqa: S608  (names)
            " AND (%(of)s::int4 IS NULL OR organisation = %(of)s) ORDER BY id LIMIT %(limit)s",
            {"of": organisation, "after": after, "limit": limit},
        )
        return [_entry(row) for row in found]

    async def begun(self) -> bool:
        """Whether anything ever went into the archive, or was about to."""
        found = await self._database.one(BEGUN)
        return bool(found and found["begun"])

    async def name(self, organisation: int, month: Month, now: datetime) -> str:
        """A name that no file of the archive has."""
        plain = f"organisation-{organisation}/{spelled(month)}"
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

    async def archived(self, id: int) -> None:
        """The readings of a file have left the database."""
        await self._database.change(
            "UPDATE archive_files SET state = 'archived', restored_until = NULL WHERE id = %s",
            (id,),
        )

    async def forget(self, name: str) -> None:
        """A file has nothing to tell any more."""
        await self._database.change("DELETE FROM archive_files WHERE name = %s", (name,))

    async def restored(self, id: int, until: datetime) -> None:
        """The readings of a file are back, until at least then."""
        await self._database.change(
            "UPDATE archive_files SET state = 'restored', restored_until = %s WHERE id = %s",
            (until, id),
        )


def _entry(row: Record) -> Entry:
    month = row["month"]
    return Entry(**{**row, "month": (month.year, month.month)})
