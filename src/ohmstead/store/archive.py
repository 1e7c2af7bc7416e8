"""Old months out of the database into files, and back: what `ohmstead archive` and the night do.

A month goes in this order: no reading of it is taken any more; its buckets of energy are made; its
readings are written to a file that is read back and compared; the file is noted; its readings leave
the database.  Whatever ends in between is taken up again by the next run.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import structlog

from ohmstead.errors import Conflict, NotFound, OhmsteadError
from ohmstead.store import archive_export, archive_file, archive_naming, archive_rows, months
from ohmstead.store.archive_catalogue import RESTORED_FOR, Catalogue, Entry
from ohmstead.store.archive_floors import ARCHIVING, BARRIER
from ohmstead.store.archive_leave import ARCHIVED, GONE, Leaving, span
from ohmstead.store.columnar import columnar_until
from ohmstead.store.database import CONNECT_TIMEOUT_S, Database
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.months import Month, spelled
from ohmstead.store.retention import Retention, Retentions
from ohmstead.store.rollups import Rollups

log = structlog.get_logger(__name__)


ELIGIBLE = """
    SELECT s.stream FROM unnest(%(streams)s::int4[]) AS s (stream)
    LEFT JOIN archive_floors f ON f.stream = s.stream
    WHERE (f.archived IS NULL OR f.archived < %(last)s) AND EXISTS (
        SELECT 1 FROM readings r
        WHERE r.stream = s.stream AND r.at >= %(first)s AND r.at < %(last)s)
    ORDER BY s.stream
"""
CLOSE = """
    INSERT INTO archive_floors (stream, floor) SELECT unnest(%s::int4[]), %s
    ON CONFLICT (stream) DO UPDATE SET floor = greatest(archive_floors.floor, excluded.floor)
"""
FLOORS = "SELECT stream, floor FROM archive_floors WHERE stream = ANY(%s)"
OPEN = """
    UPDATE archive_floors f SET floor = b.floor
    FROM unnest(%s::int4[], %s::timestamptz[]) AS b (stream, floor) WHERE f.stream = b.stream
"""
NEVER = "DELETE FROM archive_floors WHERE stream = ANY(%s) AND archived IS NULL"
REOPEN = """
    UPDATE archive_floors f SET floor = greatest(f.archived, %(edge)s::timestamptz)
    FROM meters m WHERE m.stream = f.stream
    AND f.floor > greatest(f.archived, %(edge)s::timestamptz)
"""
REOPEN_ALL = """
    DELETE FROM archive_floors f USING meters m WHERE m.stream = f.stream AND f.archived IS NULL
"""
NOTED = "SELECT stream FROM rollup_notes WHERE stream = ANY(%s) LIMIT 1"

Say = Callable[[str], None]


def _quiet(_said: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did: the files it wrote, how many readings left, and what it could not do."""

    written: Sequence[Entry] = ()
    left: int = 0
    troubles: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Due:
    """A month of an organisation that goes, and the streams that have readings in it."""

    of: Retention
    meters: Mapping[int, Meter]


class Archive:
    """The archive of one installation; `folder` is where its files are."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder
        self._rollups = Rollups(database)
        self.catalogue = Catalogue(database)
        self._leaving = Leaving(database, folder, self.catalogue)

    async def run(
        self,
        now: datetime,
        *,
        organisation: int | None = None,
        restored_too: bool = False,
        say: Say = _quiet,
    ) -> Done:
        """Archive everything that is due at `now`, of one organisation or of all; oldest first.

        `restored_too` takes also what was restored and would stay longer.  What fails is in the
        answer; it stays in the database.  Conflict when another program archives.
        """
        async with self._alone():
            await self._taken_up()
            await self._reopened()
            done = Done()
            stopped: set[int] = set()
            for month, wanting in await self._months(now, organisation):
                done = await self._month(
                    month,
                    [of for of in wanting if of.organisation not in stopped],
                    done,
                    stopped,
                    now,
                    restored_too,
                    say,
                )
            await self._leaving.looked_at(now, organisation, restored_too)
            return done

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Nobody else archives or restores meanwhile; Conflict."""
        connection = await psycopg.AsyncConnection.connect(
            self._database.url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
        )
        try:
            asked = await connection.execute("SELECT pg_try_advisory_lock(%s)", (ARCHIVING,))
            if not (await asked.fetchone() or (False,))[0]:
                raise Conflict("another program archives or restores just now; wait until it ends")
            yield
        finally:
            await connection.close()

    async def _months(
        self, now: datetime, organisation: int | None
    ) -> list[tuple[Month, list[Retention]]]:
        """The months that are due, ascending, each with the organisations that wish so."""
        everybody = await Retentions(self._database).all()
        wanting = [
            (before, each)
            for each in everybody
            if organisation in (None, each.organisation) and (before := each.due_before(now))
        ]
        async with self._database.transaction() as connection:
            parts = await months.existing(connection)
        found = [(month, [of for before, of in wanting if month < before]) for month in parts]
        return [(month, of) for month, of in found if of]

    async def _month(
        self,
        month: Month,
        wanting: Sequence[Retention],
        done: Done,
        stopped: set[int],
        now: datetime,
        restored_too: bool,
        say: Say,
    ) -> Done:
        """One month of every organisation that wishes so: all files first, then readings leave."""
        written: list[Entry] = []
        for of in wanting:
            due = await self._due(of, month)
            if not due.meters:
                continue
            if not restored_too and await self.catalogue.stays(of.organisation, month, now):
                stopped.add(of.organisation)  # later months wait for it, so that none lies bare
                continue
            say(f"{of.name}, {month[0]}-{month[1]:02}: {len(due.meters)} meters")
            try:
                written.append(await self._written(due, month, now))
            except OhmsteadError as trouble:
                stopped.add(of.organisation)
                log.error("a month was not archived", organisation=of.name, why=str(trouble))
                said = f"{of.name}, {month[0]}-{month[1]:02}: {trouble}"
                done = replace(done, troubles=(*done.troubles, said))
        left = await self._leaving.leave(month, written)
        return replace(done, written=(*done.written, *written), left=done.left + left)

    async def _due(self, of: Retention, month: Month) -> _Due:
        meters = {each.stream: each for each in await Meters(self._database).all(of.organisation)}
        first, last = span(month)
        asked = {"streams": list(meters), "first": first, "last": last}
        found = await self._database.rows(ELIGIBLE, asked)
        return _Due(of, {row["stream"]: meters[row["stream"]] for row in found})

    async def _written(self, due: _Due, month: Month, now: datetime) -> Entry:
        """Close the month, make its buckets, and write its file."""
        streams, (first, last) = list(due.meters), span(month)
        before = await self._database.rows(FLOORS, (streams,))
        try:
            await self._closed(streams, last)
            name = await self.catalogue.name(due.of.organisation, month, now)
            path = self._folder / name
            lead = await self._lead(streams, first)
            written = await asyncio.to_thread(
                archive_export.write,
                self._database.url,
                path.with_name(f".{path.name}.new"),
                {stream: meter.id for stream, meter in due.meters.items()},
                lead,
                first,
                last,
                {"organisation": due.of.name, "month": f"{first:%Y-%m}"},
            )
            entry = archive_naming.entry_of(due.of.organisation, month, name, written, now)
            await asyncio.to_thread(archive_naming.named, path, entry)
            return await self.catalogue.add(entry)
        except BaseException:
            await self._opened({row["stream"]: row["floor"] for row in before}, streams)
            raise

    async def _opened(self, floors: Mapping[int, datetime], streams: Sequence[int]) -> None:
        """A month that could not be written takes readings again, as before."""
        new = [stream for stream in streams if stream not in floors]
        await self._database.change(NEVER, (new,))
        if floors:
            await self._database.change(OPEN, (list(floors), list(floors.values())))

    async def _closed(self, streams: Sequence[int], last: datetime) -> None:
        """Nothing before `last` comes in any more, and the buckets are as the readings are."""
        await self._database.change(CLOSE, (list(streams), last))
        async with self._database.transaction() as connection:  # those who did not know it end
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (BARRIER,))
        await self._rollups.refresh(list(streams))
        if waiting := await self._database.one(NOTED, (list(streams),)):
            raise Conflict(
                f"the energy of stream {waiting['stream']} is not worked out yet, so that its "
                "readings stay; look into the log for why, and run this again"
            )

    async def _lead(self, streams: Sequence[int], first: datetime) -> dict[int, Sequence[datetime]]:
        """The readings before the month that buckets at its beginning are made of."""
        found: dict[int, Sequence[datetime]] = {}
        for stream in streams:
            async with self._database.transaction() as connection:
                kept = await archive_rows.kept_of(connection, stream, first)
                if kept is not None:
                    found[stream] = await archive_rows.moments(connection, stream, kept, first)
        return found

    async def _taken_up(self) -> None:
        """Finish what an earlier run began: files that are written, readings that did not leave."""
        for path in self._folder.glob("organisation-*/.*.new"):
            path.unlink(missing_ok=True)
        for path in self._folder.glob(f"organisation-*/.*{GONE}"):
            await self._leaving.gone(path)
        by_month: dict[Month, list[Entry]] = {}
        for entry in await self.catalogue.all():
            if entry.state == "written":
                by_month.setdefault(entry.month, []).append(entry)
        for month, entries in sorted(by_month.items()):
            await self._leaving.leave(month, entries)

    async def _reopened(self) -> None:
        """What an earlier run closed, and was cut off before writing, takes readings again.

        Columnar months stay closed.
        """
        async with self._database.transaction() as connection:
            edge = await columnar_until(connection)
            await connection.execute(REOPEN, {"edge": edge})
            if edge is None:
                await connection.execute(REOPEN_ALL)

    async def restore(
        self,
        organisation: int,
        month: Month,
        now: datetime,
        *,
        kept_for: timedelta = RESTORED_FOR,
    ) -> int:
        """Bring a month's readings back into the database; gives how many.

        They stay for at least `kept_for`.  Buckets of energy stay as they are.  A meter that has no
        later archived month takes late readings of it again.  NotFound, Conflict.
        """
        await Retentions(self._database).get(organisation)
        async with self._alone():
            entries = await self.catalogue.all(organisation, month)
            if not entries:
                raise NotFound(
                    f"organisation {organisation} has nothing archived of "
                    f"{spelled(month)}; `ohmstead archive list` shows what there is"
                )
            if any(entry.state == "written" for entry in entries):
                raise Conflict(
                    "that month is on its way into the archive; run `ohmstead archive run` first"
                )
            back = 0
            for entry in entries:
                back += await self._restored(entry)
                await self.catalogue.restored(entry.id, now + kept_for)
            return back

    async def _restored(self, entry: Entry) -> int:
        first, last = span(entry.month)
        path = self._folder / entry.name
        await asyncio.to_thread(archive_file.checked, path, entry.sha256)
        in_file = sorted(await asyncio.to_thread(archive_file.streams_of, path))
        there = {meter.stream for meter in await Meters(self._database).all()}
        streams = [stream for stream in in_file if stream in there]
        found = await self._database.rows(ARCHIVED, (streams,))
        newest = {row["stream"] for row in found if row["archived"] == last}
        async with self._database.transaction() as connection:
            back = await archive_export.bring_back(connection, path, set(streams), newest)
            for stream in newest:
                kept = await archive_rows.kept_of(connection, stream, first)
                await archive_rows.lowered(connection, stream, first, kept)
        return back

    async def verify(self, organisation: int | None = None) -> list[tuple[str, str | None]]:
        """Each file's name, and what is wrong with it or None; also files that nobody knows."""
        entries = await self.catalogue.all(organisation)
        found = [(e.name, await asyncio.to_thread(self._trouble, e)) for e in entries]
        known = {entry.name for entry in entries}
        if organisation is None:
            for path in sorted(self._folder.glob("**/*.parquet")):
                name = path.relative_to(self._folder).as_posix()
                if name not in known:
                    found.append((name, "the database does not know this file"))
        return found

    def _trouble(self, entry: Entry) -> str | None:
        path = self._folder / entry.name
        try:
            archive_file.checked(path, entry.sha256)
            rows = sum(archive_file.streams_of(path).values())
            for _ in archive_file.groups(path):
                pass
        except OhmsteadError as trouble:
            return str(trouble)
        return None if rows == entry.rows else f"it has {rows} readings instead of {entry.rows}"
