"""What is done each night, in a quiet hour: one job after the other, each with a time limit.

*To add a job: one more `Job` where the cloud is put together.*
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import structlog

from ohmstead.clock import Clock
from ohmstead.errors import Conflict, OhmsteadError, Unavailable
from ohmstead.store.job_runs import JobRuns

log = structlog.get_logger(__name__)

QUIET = time(1, 30)
"""When the jobs begin, UTC: night in Europe, and no report is made then."""
LOOK_EVERY_S = 300.0
"""So that a clock that is set, or a machine that slept, is noticed."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do each night; `work` is handed the time and whom to tell how far it is.

    It gives a sentence about what it did.
    """

    name: str
    work: Callable[[datetime, Say], Awaitable[str]]
    timeout_s: float


def due(last: datetime | None, now: datetime) -> bool:
    """Whether a job that began at `last` is to begin: a quiet hour has come since.

    One that never ran waits for its first night: `last` is then when it was first looked at.

    >>> at = datetime(2025, 11, 21, 23, tzinfo=UTC)
    >>> due(at, at + timedelta(hours=2)), due(at, at + timedelta(hours=3))
    (False, True)
    """
    if last is None:
        return False
    moment = now.astimezone(UTC)
    today = datetime.combine(moment.date(), QUIET, UTC)
    quiet = today if moment >= today else today - timedelta(days=1)
    return last < quiet


class Housekeeping:
    """Runs the jobs, each once a night, until cancelled."""

    def __init__(self, runs: JobRuns, clock: Clock, jobs: Sequence[Job]) -> None:
        self._runs, self._clock, self._jobs = runs, clock, jobs
        self._since = clock.now()

    async def run(self) -> None:
        """Look, do what is due, and look again."""
        while True:
            try:
                await self.once()
            except Unavailable as trouble:
                log.warning("the jobs of the night wait for the database", why=str(trouble))
            await asyncio.sleep(LOOK_EVERY_S)

    async def once(self) -> list[str]:
        """Do what is due now; gives the names of it."""
        began = await self._runs.began()
        found = [job for job in self._jobs if due(began.get(job.name, self._since), self._now())]
        for job in found:
            await self._do(job)
        return [job.name for job in found]

    def _now(self) -> datetime:
        return self._clock.now()

    async def _do(self, job: Job) -> None:
        """One job; its failure is said and ends nothing else."""
        told: asyncio.Queue[str] = asyncio.Queue(maxsize=1)
        await self._runs.begin(job.name, self._now())
        log.info("a job of the night begins", job=job.name)
        telling = asyncio.create_task(self._tell(job.name, told), name=f"progress of {job.name}")
        try:
            async with asyncio.timeout(job.timeout_s):
                said = await job.work(self._now(), lambda text: _newest(told, text))
            state = "done"
        except TimeoutError:
            state, said = (
                "failed",
                f"it took longer than {job.timeout_s / 3600:g} h; it goes on next",
            )
        except Conflict as trouble:  # another process has the job in hand, or the data ask for care
            state, said = "failed", str(trouble)
        except OhmsteadError as trouble:
            state, said = "failed", str(trouble)
        except Exception as trouble:  # whatever it is, the other jobs have their turn
            log.exception("a job of the night failed", job=job.name)
            state, said = "failed", f"{type(trouble).__name__}: {trouble}"
        finally:
            telling.cancel()
            await asyncio.wait({telling})
        log.info("a job of the night ended", job=job.name, state=state, said=said)
        await self._runs.end(job.name, "done" if state == "done" else "failed", said, self._now())

    async def _tell(self, job: str, told: asyncio.Queue[str]) -> None:
        while True:
            said = await told.get()
            log.info("a job of the night goes on", job=job, said=said)
            try:
                await self._runs.say(job, said)
            except Unavailable as trouble:
                log.warning("how far a job is was not kept", job=job, why=str(trouble))


def _newest(told: asyncio.Queue[str], text: str) -> None:
    """Only the newest counts: an older one that nobody took yet goes."""
    if told.full():
        told.get_nowait()
    told.put_nowait(text)
