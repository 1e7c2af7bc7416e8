"""The jobs of the night: when they begin, what is said of them; one does not hold up others."""

import asyncio
from datetime import UTC, datetime, timedelta

from ohmstead.clock import SetClock
from ohmstead.errors import Conflict
from ohmstead.jobs.housekeeping import Housekeeping, Job, Say
from ohmstead.store.database import Database
from ohmstead.store.job_runs import JobRuns

EVENING = datetime(2025, 11, 21, 20, tzinfo=UTC)
NIGHT = datetime(2025, 11, 22, 2, tzinfo=UTC)


async def test_each_job_runs_once_a_night_and_tells_how_it_went(database: Database) -> None:
    """docs/retention.md: a quiet hour, one after the other, seen over the API."""
    clock, runs, told = SetClock(EVENING), JobRuns(database), list[str]()
    heard = asyncio.Event()

    async def good(_now: datetime, say: Say) -> str:
        say("half of it")
        async with asyncio.timeout(30):
            while (await runs.all())[-1].said != "half of it":
                continue  # each look is a question to the server
        heard.set()
        return "two files"

    async def bad(_now: datetime, _say: Say) -> str:
        raise Conflict("the disk is full")

    async def broken(_now: datetime, _say: Say) -> str:
        raise ZeroDivisionError("no")

    async def endless(_now: datetime, _say: Say) -> str:
        await asyncio.Event().wait()
        return "never"

    works = {"bad": bad, "broken": broken, "endless": endless, "good": good}
    jobs = [Job(name, work, 0.01 if name == "endless" else 60) for name, work in works.items()]
    keeping = Housekeeping(runs, clock, jobs)
    assert await keeping.once() == []
    clock.set(NIGHT)
    assert await keeping.once() == list(works)
    assert heard.is_set()
    told = [f"{run.job} {run.state}: {run.said}" for run in await runs.all()]
    assert told[0] == "bad failed: the disk is full"
    assert told[1] == "broken failed: ZeroDivisionError: no"
    assert told[2].startswith("endless failed: it took longer")
    assert told[3] == "good done: two files"
    assert all(run.ended_at == NIGHT for run in await runs.all())
    assert await keeping.once() == []
    clock.set(NIGHT + timedelta(days=1))
    again = Housekeeping(runs, clock, jobs[:1])  # after a restart, the night it missed is made up
    assert await again.once() == ["bad"]
