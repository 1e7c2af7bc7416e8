"""Readings leave the database when their file is safe, but for those that the edge needs."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ohmstead.errors import Conflict
from ohmstead.store import archive_file, archive_rows, months
from ohmstead.store.archive_catalogue import Catalogue, Entry
from ohmstead.store.columnar import is_columnar
from ohmstead.store.database import Database
from ohmstead.store.months import Month

STREAMS_MOST = 100
"""How many streams lose their readings in one transaction."""
GONE = ".gone"
"""What the name of a file ends with that goes, so that a run that is cut off is taken up."""
OTHERS = """
    SELECT EXISTS (SELECT r.stream FROM readings r WHERE r.at >= %(first)s AND r.at < %(last)s
    AND NOT r.stream = ANY(%(streams)s) AND NOT EXISTS (
        SELECT f.stream FROM archive_floors f WHERE f.stream = r.stream AND f.archived >= %(last)s))
"""
COUNT = """
    SELECT stream, count(*) FROM readings
    WHERE stream = ANY(%s) AND at >= %s AND at < %s GROUP BY stream
"""
ARCHIVED = "SELECT stream, archived FROM archive_floors WHERE stream = ANY(%s)"


class Leaving:
    """How readings of archived months leave; `folder` is where the files are."""

    def __init__(self, database: Database, folder: Path, catalogue: Catalogue) -> None:
        self._database, self._folder, self._catalogue = database, folder, catalogue

    async def leave(self, month: Month, entries: Sequence[Entry]) -> int:
        """The readings of files that were written leave the database; gives how many."""
        if not entries:
            return 0
        first, last = span(month)
        counts: dict[int, int] = {}
        for entry in entries:
            path = self._folder / entry.name
            await asyncio.to_thread(archive_file.checked, path, entry.sha256)
            counts |= await asyncio.to_thread(archive_file.streams_of, path)
        asked = {"streams": list(counts), "first": first, "last": last}
        await self._counted(month, counts)
        others = await self._database.one(OTHERS, asked)
        before = {e.organisation: await self._not_before(e.organisation, month) for e in entries}
        oldest = max((each for each in before.values() if each), default=None)
        async with self._database.transaction() as connection:
            columnar = await is_columnar(connection, month)  # of which nothing can be deleted
        if columnar or (others and not others["exists"]):
            left = await self._replaced(month, sorted(counts), oldest)
        else:
            left = await self._deleted(month, sorted(counts), oldest)
        for entry in entries:
            await self._archived(entry)
        return left

    async def _archived(self, entry: Entry) -> None:
        """The readings of a file have left.

        Another file of the month whose streams are all in this one too has nothing to tell any
        more: it goes.
        """
        await self._catalogue.archived(entry.id)
        streams = archive_file.streams_of(self._folder / entry.name).keys()
        for other in await self._catalogue.all(entry.organisation, entry.month):
            path = self._folder / other.name
            if other.id >= entry.id or not path.is_file():
                continue
            if archive_file.streams_of(path).keys() <= streams:
                await self.gone(path.rename(path.with_name(f".{path.name}{GONE}")))

    async def gone(self, path: Path) -> None:
        """A file that has nothing to tell any more, marked so by its name, goes for good."""
        plain = path.with_name(path.name[1 : -len(GONE)])
        await self._catalogue.forget(plain.relative_to(self._folder).as_posix())
        for each in (plain.with_suffix(".json"), path):
            await asyncio.to_thread(each.unlink, missing_ok=True)

    async def _not_before(self, organisation: int, month: Month) -> datetime | None:
        """What is older was restored to be looked at, and is left alone."""
        restored = await self._catalogue.restored_before(organisation, month)
        return None if restored is None else span(restored)[1]

    async def _counted(self, month: Month, counts: Mapping[int, int]) -> None:
        """Conflict when a file has not as many readings of a stream as the database."""
        first, last = span(month)
        for some in _some(sorted(counts)):
            found = await self._database.rows(COUNT, (some, first, last))
            gone = await self._database.rows(ARCHIVED, (some,))
            done = {row["stream"] for row in gone if row["archived"] and row["archived"] >= last}
            for row in found:
                stream, count = row["stream"], row["count"]
                if stream not in done and count != counts[stream]:
                    raise Conflict(
                        f"stream {stream} has {count} readings in {first:%Y-%m}, its file "
                        f"{counts[stream]}: nothing was deleted"
                    )

    async def _replaced(
        self, month: Month, streams: Sequence[int], not_before: datetime | None
    ) -> int:
        """Everybody's month goes: its part is replaced by what stays of it."""
        first, last = span(month)
        before = await self._how_many(month, streams)
        async with self._database.transaction() as connection:
            keep = {
                stream: await archive_rows.kept_of(connection, stream, last) for stream in streams
            }
            for stream, kept in keep.items():
                await archive_rows.leave(connection, stream, first, not_before, kept)
                await archive_rows.raised(connection, stream, last, kept)
            await archive_rows.replace_part(connection, month, last, keep)
        return before - await self._how_many(month, streams)

    async def _deleted(
        self, month: Month, streams: Sequence[int], not_before: datetime | None
    ) -> int:
        """Others have readings of that month that stay: those of `streams` are deleted."""
        _, last = span(month)
        left = 0
        for some in _some(streams):
            async with self._database.transaction() as connection:
                for stream in some:
                    kept = await archive_rows.kept_of(connection, stream, last)
                    left += await archive_rows.leave(connection, stream, last, not_before, kept)
                    await archive_rows.raised(connection, stream, last, kept)
        return left

    async def _how_many(self, month: Month, streams: Sequence[int]) -> int:
        found = await self._database.rows(COUNT, (list(streams), *span(month)))
        return sum(row["count"] for row in found)

    async def looked_at(self, now: datetime, organisation: int | None, restored_too: bool) -> None:
        """What was restored only to be looked at leaves again when its time is over."""
        for entry in await self._catalogue.all(organisation):
            until = entry.restored_until
            if until is None or (until > now and not restored_too):
                continue
            first, last = span(entry.month)
            path = self._folder / entry.name
            await asyncio.to_thread(archive_file.checked, path, entry.sha256)
            streams = sorted(await asyncio.to_thread(archive_file.streams_of, path))
            found = await self._database.rows(ARCHIVED, (streams,))
            edges = {row["stream"]: row["archived"] for row in found if row["archived"]}
            if any(edge < last for edge in edges.values()):
                continue  # such a month is archived anew, when it is due
            for some in _some(sorted(edges)):
                async with self._database.transaction() as connection:
                    for stream in some:
                        kept = await archive_rows.kept_of(connection, stream, edges[stream])
                        await archive_rows.leave(connection, stream, last, first, kept)
            await self._archived(entry)


def span(month: Month) -> tuple[datetime, datetime]:
    """When a month begins, and when the next one does (UTC)."""
    return months.start(month), months.start(months.after(month))


def _some(streams: Sequence[int]) -> Iterator[list[int]]:
    for n in range(0, len(streams), STREAMS_MOST):
        yield list(streams[n : n + STREAMS_MOST])
