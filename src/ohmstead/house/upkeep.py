"""Work on the whole installation that is asked for over the API: one job after the other.

Jobs and what became of them are in the database; one that a stop cut off is not taken up again, but
says so.  A backup waits in the data folder for a day.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, assert_never

import structlog

from ohmstead.clock import Clock
from ohmstead.dashboard.upkeep import (
    ArchiveRestoration,
    ArchiveRun,
    ArchiveVerification,
    Backup,
    BackupMaking,
    Columnar,
    Recomputing,
    Removal,
    Wanted,
)
from ohmstead.errors import OhmsteadError, TooMany
from ohmstead.house import archive
from ohmstead.house.admin import Admin
from ohmstead.house.broker import configuration
from ohmstead.house.installation import TO_FETCH, Installation, Place
from ohmstead.house.recompute import recompute
from ohmstead.store.audit import By
from ohmstead.store.jobs import Job, Jobs, State

log = structlog.get_logger(__name__)

WAITING_MOST = 8
TIMEOUT_S = 6 * 3600.0
LOOK_EVERY_S = 600.0
"""How often backups are looked through for those whose time is over."""
LIFE = timedelta(days=1)
"""How long a backup waits to be fetched."""
KEPT = 2
"""Backups at once; each is as large as the installation."""

SUFFIX = ".ohmstead.tar.zst"
TROUBLES_MOST = 100


class Upkeep:
    """The jobs of one installation; see dashboard/upkeep.py.

    `archive_folder` is where the archive is, `keys` the file of our keys for a broker of others.
    """

    def __init__(
        self,
        home: Installation,
        clock: Clock,
        data: Path,
        *,
        archive_folder: Path | None = None,
        keys: Path | None = None,
    ) -> None:
        self._home, self._clock, self._data = home, clock, data
        self._archive, self._keys = archive_folder, keys
        self._folder = data / TO_FETCH
        self._waiting: asyncio.Queue[tuple[int, Wanted, By]] = asyncio.Queue(WAITING_MOST)
        self._jobs = Jobs(home.database)
        self._asked, self._newest = 0, 0
        self._running: tuple[int, str] | None = None

    async def begin(self, wanted: Wanted, by: By) -> Job:
        """Note that it is to be done; TooMany when too much waits."""
        if self._asked >= WAITING_MOST:
            raise TooMany(
                f"{WAITING_MOST} jobs wait already; ask again when some of them have ended"
            )
        self._newest = max(self._newest + 1, int(by.at.timestamp() * 1000))
        job = Job(
            id=self._newest,
            kind=wanted.kind,
            organisation=wanted.organisation,
            asked_by=by.name,
            asked_at=by.at,
        )
        self._asked += 1
        try:
            await self._jobs.add(job)
        except BaseException:
            self._asked -= 1
            raise
        self._waiting.put_nowait((job.id, wanted, by))
        return job

    def progress(self, id: int) -> str | None:
        """What the job says now, None unless it is being done."""
        return self._running[1] if self._running and self._running[0] == id else None

    async def settled(self) -> None:
        """Wait until everything that was asked for has ended."""
        await self._waiting.join()

    async def run(self) -> None:
        """Do what is asked for, and take away backups whose time is over, until cancelled."""
        await self._jobs.cut_off(self._clock.now())
        while True:
            await asyncio.to_thread(self._swept)
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    asked = await self._waiting.get()
            except TimeoutError:
                continue
            self._asked -= 1
            try:
                await self._do(*asked)
            except Exception:  # the database is away: the next job has its turn all the same
                log.exception("what became of a job was not kept", job=asked[0])
            finally:
                self._running = None
                self._waiting.task_done()

    async def _do(self, id: int, wanted: Wanted, by: By) -> None:
        """One job; its failure is said and ends nothing else."""
        await self._jobs.begin(id, self._clock.now())
        self._running = (id, "")
        log.info("a job begins", job=id, kind=wanted.kind, asked_by=by.name)
        state: State = "failed"
        result: Mapping[str, Any] | None = None
        try:
            async with asyncio.timeout(TIMEOUT_S):
                said, result = await self._done(id, wanted, by)
            state = "done"
        except TimeoutError:
            said = f"it took longer than {TIMEOUT_S / 3600:g} h and was given up"
        except OhmsteadError as trouble:
            said = str(trouble)
        except Exception:  # whatever it is, the next job has its turn
            log.exception("a job failed", job=id)
            said = f"something unforeseen; the log has more under job {id}"
        log.info("a job ended", job=id, state=state, said=said)
        await self._jobs.end(id, state, said, self._clock.now(), result)

    def _says(self, id: int, text: str) -> None:
        if self._running and self._running[0] == id:
            self._running = (id, text)

    async def _done(  # noqa: PLR0911  (one answer a kind)
        self, id: int, wanted: Wanted, by: By
    ) -> tuple[str, Mapping[str, Any]]:
        """What it said at the end, and what it gave."""
        loop, home, clock = asyncio.get_running_loop(), self._home, self._clock

        def say(text: str) -> None:  # from wherever the work is done
            loop.call_soon_threadsafe(self._says, id, text)

        match wanted:
            case ArchiveRun(of, restored_too):
                run = await archive.run(home, clock, self._archive, of, restored_too, say, by=by)
                return f"{len(run)} files written", {"files": len(run), "written": run[:1000]}
            case ArchiveVerification(of):
                found = await archive.verified(home, self._archive, of)
                bad = [each for each in found if not each["ok"]]
                result = {"files": len(found), "bad": len(bad), "troubles": bad[:TROUBLES_MOST]}
                return f"{len(bad)} of {len(found)} files are bad", result
            case ArchiveRestoration(of, month, days):
                back = await archive.restore(home, clock, self._archive, of, month, days, by=by)
                return f"{back['readings']} readings are back", back
            case Columnar(before):
                made = await archive.columnar(home, clock, before)
                return f"{len(made)} months are columnar", {"months": made}
            case Recomputing(meters, site, first, last):
                rows = await recompute(
                    home, meters, site, not meters and site is None, (first, last), say
                )
                bad = [each for each in rows if each["trouble"]]
                result = {"meters": len(rows), "bad": len(bad), "troubles": bad[:TROUBLES_MOST]}
                return f"the energy of {len(rows) - len(bad)} meters is made anew", result
            case Removal(organisation, site):
                admin = Admin(home, clock, by.name)
                if site is not None:
                    return "removed", {"site": (await admin.remove_site(site, True))["removed"]}
                gone = await admin.remove_organisation(organisation, True)
                return "removed", {"organisation": gone["removed"]}
            case BackupMaking():
                return "whole, and read back", await self._backed_up(id, wanted, say)
            case _:
                assert_never(wanted)

    async def _backed_up(self, id: int, wanted: BackupMaking, say: Any) -> Mapping[str, Any]:
        from ohmstead.house import backups  # noqa: PLC0415  (45 MB of Parquet, rarely wanted)

        asked = backups.Asked(
            Place(self._data, self._home.url),
            archive=self._archive,
            with_archive=wanted.with_archive,
            passphrase=wanted.passphrase,
        )
        path = self._folder / f"{id}{SUFFIX}"
        await asyncio.to_thread(self._folder.mkdir, mode=0o700, exist_ok=True)
        made = dict(await backups.backup(asked, path, self._clock, say))
        for what in ("backup", "removed"):  # a path of this machine is nobody's business
            made.pop(what, None)
        return {"file": f"/api/backups/{id}/file", **made}

    def backups(self) -> Sequence[Backup]:
        """The backups that wait to be fetched, the newest first."""
        found = []
        for path in sorted(self._folder.glob(f"[0-9]*{SUFFIX}"), reverse=True):
            try:
                size, id = path.stat().st_size, int(path.name.removesuffix(SUFFIX))
                made = datetime.fromtimestamp(id / 1000, UTC)
            except (FileNotFoundError, ValueError, OverflowError, OSError):  # none of ours
                continue
            found.append(Backup(id, made, made + LIFE, size))
        return found

    def backup(self, id: int) -> Path | None:
        """The file of one of them."""
        path = self._folder / f"{id}{SUFFIX}"
        return path if path.is_file() else None

    async def remove_backup(self, id: int) -> None:
        """Take it away before its time."""
        await asyncio.to_thread((self._folder / f"{id}{SUFFIX}").unlink, missing_ok=True)

    def _swept(self) -> None:
        """Take away what nobody fetched in time, what is one too many, and halves."""
        for half in self._folder.glob(f".*{SUFFIX}.new"):
            half.unlink(missing_ok=True)
        now = self._clock.now()
        for n, each in enumerate(self.backups()):
            if n >= KEPT or each.until < now:
                (self._folder / f"{each.id}{SUFFIX}").unlink(missing_ok=True)

    async def broker_configuration(self) -> str:
        """What each server of a NATS cluster of one's own includes."""
        return await asyncio.to_thread(configuration, self._data, self._keys)
