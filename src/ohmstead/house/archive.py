"""The archive of an installation: where it is, the job of the night, what the command prints."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Conflict
from ohmstead.house.installation import Installation, on_the_machine
from ohmstead.jobs.housekeeping import Job, Say
from ohmstead.store import facts
from ohmstead.store.archive_catalogue import RESTORED_FOR, Catalogue, Entry
from ohmstead.store.audit import By, record
from ohmstead.store.columnar import convert
from ohmstead.store.facts import Facts
from ohmstead.store.job_runs import JobRuns
from ohmstead.store.months import FIRST_YEAR, Month, after, spelled
from ohmstead.store.months import month_of as month_at
from ohmstead.store.retention import Retentions

if TYPE_CHECKING:
    from ohmstead.store.archive import Archive

Shown: TypeAlias = Mapping[str, Any]
FOLDER = "archive"
"""Where the archive is below the data folder, unless it is told elsewhere."""
JOB = "archive"
TIMEOUT_S = 6 * 3600.0
DAYS = (1, 3650)


async def archive_of(installation: Installation, folder: Path | None = None) -> "Archive":
    """The archive: in `folder`, where the cloud was told, or below the data folder; BadInput."""
    from ohmstead.store.archive import Archive  # noqa: PLC0415  (45 MB of Parquet, rarely wanted)

    if folder is None:
        told = await Facts(installation.database).get(facts.ARCHIVE)
        folder = Path(told) if told else None
    if folder is None and installation.folder is not None:
        folder = installation.folder / FOLDER
    if folder is None:
        raise BadInput(
            "this database does not know where its archive is; say so with --archive DIR"
        )
    return Archive(installation.database, folder)


def nightly(installation: Installation, folder: Path) -> Job:
    """The job that archives what is due into `folder`."""

    async def work(now: datetime, say: Say) -> str:
        everybody = await Retentions(installation.database).all()
        wished = any(each.raw_months is not None for each in everybody)
        if not wished and not await Catalogue(installation.database).begun():
            return "every organisation keeps its readings for ever"
        archive = await archive_of(installation, folder)
        done = await archive.run(now, say=say)
        if done.troubles:
            raise Conflict("; ".join(done.troubles))
        return f"{len(done.written)} files written, {done.left} readings left the database"

    return Job(JOB, work, TIMEOUT_S)


async def listed(installation: Installation, of: int | None) -> list[Shown]:
    """Every file of the archive."""
    return [shown(each) for each in await Catalogue(installation.database).all(of)]


async def run(
    installation: Installation,
    clock: Clock,
    folder: Path | None,
    of: int | None,
    restored_too: bool,
    say: Say,
    *,
    by: By,
) -> list[Shown]:
    """Archive what is due now; Conflict says what could not be."""
    if of is not None:
        await Retentions(installation.database).get(of)
    archive = await archive_of(installation, folder)
    runs = JobRuns(installation.database)
    await runs.begin(JOB, clock.now())
    try:
        done = await archive.run(clock.now(), organisation=of, restored_too=restored_too, say=say)
        if done.troubles:
            raise Conflict("; ".join(done.troubles))
    except BaseException as trouble:
        await runs.end(JOB, "failed", str(trouble), clock.now())
        raise
    said = f"{len(done.written)} files written, {done.left} readings left the database"
    await runs.end(JOB, "done", said, clock.now())
    await record(
        installation.database,
        actor=by.name,
        organisation=of,
        action="archive run",
        subject="archive",
        detail={"files": len(done.written), "readings": done.left},
        at=clock.now(),
    )
    written = {each.id for each in done.written}
    return [shown(each) for each in await archive.catalogue.all(of) if each.id in written]


async def restore(
    installation: Installation,
    clock: Clock,
    folder: Path | None,
    of: int,
    month: str,
    days: int,
    *,
    by: By,
) -> Shown:
    """Bring a month back into the database."""
    wanted = month_of(month)
    if not DAYS[0] <= days <= DAYS[1]:
        raise BadInput(f"--days {days} is not between {DAYS[0]} and {DAYS[1]}")
    archive = await archive_of(installation, folder)
    now = clock.now()
    back = await archive.restore(of, wanted, now, kept_for=timedelta(days=days))
    organisation = await Retentions(installation.database).get(of)
    await record(
        installation.database,
        actor=by.name,
        organisation=of,
        action="archived month restored",
        subject=organisation.name,
        detail={"month": month, "readings": back},
        at=now,
    )
    until = (now + timedelta(days=days)).isoformat(timespec="seconds")
    return {"organisation": of, "month": month, "readings": back, "stays_until": until}


async def columnar(installation: Installation, clock: Clock, before: str) -> list[Shown]:
    """Make old months columnar; BadInput for one that may still take readings."""
    until = month_of(before, "--before")
    now = month_at(clock.now())
    if until > after(now, -1):
        raise BadInput(
            f"--before {before} is too young: the present month and the one before stay as they are"
        )
    done = await convert(installation.database, until)
    return [{"month": spelled(month), "columnar": True} for month in done]


async def verified(installation: Installation, folder: Path | None, of: int | None) -> list[Shown]:
    """Each file, and what is wrong with it."""
    found = await (await archive_of(installation, folder)).verify(of)
    return [{"file": name, "ok": wrong is None, "trouble": wrong} for name, wrong in found]


async def retention(
    installation: Installation, clock: Clock, of: int, change: bool, raw_months: int | None
) -> Shown:
    """For how many months readings stay; set first when `change`."""
    retentions = Retentions(installation.database)
    found = await retentions.get(of)
    if change:
        found = await retentions.set(of, raw_months, by=By(on_the_machine(), clock.now()))
    due = found.due_before(clock.now())
    return {
        "organisation": found.organisation,
        "name": found.name,
        "raw_months": found.raw_months,
        "archived_before": spelled(due) if due else None,
    }


def shown(entry: Entry) -> Shown:
    """A file as the command prints it."""
    until = entry.restored_until
    return {
        "organisation": entry.organisation,
        "month": spelled(entry.month),
        "state": entry.state,
        "readings": entry.rows,
        "meters": entry.streams,
        "bytes": entry.bytes,
        "restored_until": until.isoformat(timespec="seconds") if until else None,
        "file": entry.name,
        "sha256": entry.sha256,
    }


def month_of(written: str, option: str = "--month") -> Month:
    """The month of `2025-03`, given for `option`; BadInput.

    >>> month_of("2025-03")
    (2025, 3)
    """
    try:
        found = datetime.strptime(written.strip(), "%Y-%m")  # noqa: DTZ007  (a month has no zone)
    except ValueError:
        found = None
    if found is None or found.year < FIRST_YEAR:
        raise BadInput(f"{option} {written!r} is not a month; it looks like 2025-03")
    return found.year, found.month


KEPT_DAYS = RESTORED_FOR.days
