"""What the jobs of the night do, and did last: for whoever asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ohmstead.store.database import Database

State = Literal["running", "done", "failed"]
SAID_MOST = 2000
"""Characters of what a job says that are kept."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """The last run of a job; `said` is what it said last.

    One that says `running` for long after `began_at` was cut off; the next night runs it again.
    """

    job: str
    state: State
    began_at: datetime
    ended_at: datetime | None
    said: str


class JobRuns:
    """The last run of each job."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[JobRun]:
        """Every job that ever ran, by name."""
        found = await self._database.rows(
            "SELECT job, state, began_at, ended_at, said FROM job_runs ORDER BY job"
        )
        return [JobRun(**row) for row in found]

    async def began(self) -> Mapping[str, datetime]:
        """When each job began last."""
        return {run.job: run.began_at for run in await self.all()}

    async def begin(self, job: str, at: datetime) -> None:
        """A job begins."""
        await self._database.change(
            "INSERT INTO job_runs (job, state, began_at) VALUES (%s, 'running', %s)"
            " ON CONFLICT (job) DO UPDATE SET state = 'running', began_at = excluded.began_at,"
            " ended_at = NULL, said = ''",
            (job, at),
        )

    async def say(self, job: str, said: str) -> None:
        """What it does now."""
        await self._database.change(
            "UPDATE job_runs SET said = %s WHERE job = %s", (said[:SAID_MOST], job)
        )

    async def end(self, job: str, state: State, said: str, at: datetime) -> None:
        """It ended, well or not."""
        await self._database.change(
            "UPDATE job_runs SET state = %s, said = %s, ended_at = %s WHERE job = %s",
            (state, said[:SAID_MOST], at, job),
        )
