"""Jobs: work on the whole installation that somebody asked for, and what became of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from ohmstead.errors import NotFound
from ohmstead.store.database import Database

State = Literal["waiting", "running", "done", "failed"]
KEPT = 10_000
"""The oldest are forgotten; the audit log goes on telling who asked for what."""
SAID_MOST = 2000
CUT_OFF = "the cloud was stopped before it ended; ask for it again"
JOBS = """
    SELECT id, kind, organisation, asked_by, asked_at, state, said, began_at, ended_at, result
    FROM jobs
"""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that was asked for, and how far it is; `result` once it is done."""

    id: int
    kind: str
    organisation: int | None
    asked_by: str
    asked_at: datetime
    state: State = "waiting"
    said: str = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    result: Mapping[str, Any] | None = None


class Jobs:
    """Every job that is remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, job: Job) -> None:
        """Note one that waits; the oldest are forgotten."""
        await self._database.change(
            "INSERT INTO jobs (id, kind, organisation, asked_by, asked_at, state)"
            " VALUES (%s, %s, %s, %s, %s, 'waiting')",
            (job.id, job.kind, job.organisation, job.asked_by, job.asked_at),
        )
        await self._database.change(
            "DELETE FROM jobs WHERE id <= (SELECT id FROM jobs ORDER BY id DESC OFFSET %s LIMIT 1)",
            (KEPT,),
        )

    async def begin(self, id: int, at: datetime) -> None:
        """It begins."""
        await self._database.change(
            "UPDATE jobs SET state = 'running', began_at = %s, ended_at = NULL, said = ''"
            " WHERE id = %s",
            (at, id),
        )

    async def end(
        self, id: int, state: State, said: str, at: datetime, result: Mapping[str, Any] | None
    ) -> None:
        """It ended, well or not."""
        await self._database.change(
            "UPDATE jobs SET state = %s, said = %s, ended_at = %s, result = %s::jsonb"
            " WHERE id = %s",
            (state, said[:SAID_MOST], at, None if result is None else json.dumps(result), id),
        )

    async def cut_off(self, at: datetime) -> None:
        """Whatever waits or runs now was cut off: nobody does it any more."""
        await self._database.change(
            "UPDATE jobs SET state = 'failed', said = %s, ended_at = %s"
            " WHERE state IN ('waiting', 'running')",
            (CUT_OFF, at),
        )

    async def page(self, after: int | None, limit: int) -> list[Job]:
        """Up to `limit`, the newest first, from behind the one of this number."""
        found = await self._database.rows(
            f"{JOBS} WHERE (%(after)s::int8 IS NULL OR id < %(after)s)"
            " ORDER BY id DESC LIMIT %(limit)s",
            {"after": after, "limit": limit},
        )
        return [Job(**row) for row in found]

    async def get(self, id: int) -> Job:
        """The one of this number; NotFound."""
        found = await self._database.one(f"{JOBS} WHERE id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no job {id}")
        return Job(**found)
