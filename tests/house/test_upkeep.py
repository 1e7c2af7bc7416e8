"""Work on the installation that is asked for over the API: jobs, the archive, backups."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ohmstead.access import secrets as digests
from ohmstead.access.roles import Role
from ohmstead.access.tokens import Scope
from ohmstead.clock import SetClock
from ohmstead.dashboard.api import app
from ohmstead.dashboard.live import Hub
from ohmstead.dashboard.upkeep import ArchiveVerification
from ohmstead.errors import TooMany
from ohmstead.house import archive, backups
from ohmstead.house.background import Background
from ohmstead.house.installation import TO_FETCH, Installation
from ohmstead.house.upkeep import KEPT, LIFE, WAITING_MOST, Upkeep
from ohmstead.store.audit import Audit, By
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.jobs import CUT_OFF, Jobs
from ohmstead.store.meters import Meters
from ohmstead.store.people import People
from ohmstead.store.retention import Retentions
from ohmstead.store.sites import Organisations, Sites
from ohmstead.store.tokens import Tokens

NOW = datetime(2035, 11, 21, 12, tzinfo=UTC)
KEY = b"k" * 32
PASSPHRASE = "a long passphrase"


@dataclass
class World:
    """An installation whose jobs begin when `works` is entered, and the way to its API."""

    home: Installation
    upkeep: Upkeep
    clock: SetClock
    transport: httpx.ASGITransport
    tokens: dict[str, str]

    def client(self, who: str) -> httpx.AsyncClient:
        """A program with a token of that name."""
        headers = {"authorization": f"Bearer {self.tokens[who]}"}
        return httpx.AsyncClient(
            transport=self.transport, base_url="http://localhost", headers=headers
        )

    async def asked(self, path: str, **body: Any) -> dict[str, Any]:
        """What became of a job that the installation's admin asked for."""
        async with self.client("root") as root, asyncio.timeout(60):
            answer = await root.post(path, json=body)
            assert answer.status_code == 202, answer.text
            assert answer.headers["location"] == f"/api/jobs/{answer.json()['id']}"
            await self.upkeep.settled()
            found: dict[str, Any] = (await root.get(answer.headers["location"])).json()
            return found

    async def told(self) -> list[str]:
        """The actions of the audit log, the oldest first."""
        return [entry.action for entry in await Audit(self.home.database).page()][::-1]


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    """An organisation with a meter, its admin, and one of the whole installation."""
    clock = SetClock(NOW)
    home = Installation(tmp_path, database.url, KEY, database, None, clock)
    upkeep = Upkeep(home, clock, tmp_path)
    inside = app(database, Hub(), KEY, clock, upkeep=upkeep)
    works = await Organisations(database).add("Works")
    site = await Sites(database).add("Here", works.id, "UTC")
    await Meters(database).add("m1", site.id, type="electricity", interval_s=3600.0)
    tokens = {}
    for name, of, scope in (
        ("root", None, Scope.ADMIN),
        ("looks", None, Scope.WRITE),
        ("boss", works.id, Scope.ADMIN),
    ):
        user = await People(database).add(f"{name}@example.org", Role.ADMIN, of)
        tokens[name] = f"oht_{secrets.token_hex(16)}"
        digest = digests.digest(KEY, tokens[name])
        await Tokens(database).add(user, scope, digest, by=By("test", NOW))
    transport = httpx.ASGITransport(inside)  # type: ignore[arg-type]
    async with Background() as tasks:
        tasks.run(upkeep.run(), name="jobs")
        yield World(home, upkeep, clock, transport, tokens)


async def test_the_archive_over_the_api(world: World) -> None:
    """docs/api.md, jobs: archived, verified and brought back, each as a job with a result."""
    database = world.home.database
    meter = await Meters(database).get("m1")
    first = datetime(2035, 3, 1, tzinfo=UTC)
    rows = [
        Row(meter.stream, first + timedelta(hours=n), NOW, {"1.8.0": float(n)}) for n in range(48)
    ]
    await Committer(database, world.clock).commit(rows, late="store")
    await Retentions(database).set(meter.site.organisation, 3, by=By("test", NOW))
    done = await world.asked("/api/archive/runs")
    assert (done["state"], done["result"]["files"]) == ("done", 1), done
    async with world.client("boss") as boss:
        (file,) = (await boss.get("/api/archive")).json()["items"]
    assert (file["month"], file["state"], file["readings"]) == ("2035-03", "archived", 48)
    sound = await world.asked("/api/archive/verifications", organisation=1)
    assert sound["result"] == {"files": 1, "bad": 0, "troubles": []}
    folder = world.home.folder / archive.FOLDER if world.home.folder else Path()
    (folder / file["file"]).write_bytes(b"not what was written")
    bad = await world.asked("/api/archive/verifications")
    assert (bad["state"], bad["result"]["bad"]) == ("done", 1)
    back = await world.asked("/api/archive/restorations", organisation=1, month="2035-03")
    assert back["state"] == "failed"
    assert file["file"] in back["said"]
    assert "archive run" in await world.told()


async def test_a_backup_over_the_api(world: World, tmp_path: Path) -> None:
    """docs/backup.md, over the network: sealed, verified, fetched whole, and gone after a day."""
    done = await world.asked("/api/backups", passphrase=PASSPHRASE)
    assert done["state"] == "done", done
    assert str(tmp_path) not in str(done)
    assert PASSPHRASE not in str(done)
    path = done["result"]["file"]
    async with world.client("root") as root:
        (listed,) = (await root.get("/api/backups")).json()["items"]
        answer = await root.get(path)
        assert answer.headers["content-length"] == str(listed["bytes"]) == str(len(answer.content))
        assert answer.headers["cache-control"] == "no-store"
        fetched = tmp_path / "fetched"
        fetched.write_bytes(answer.content)
        assert (await backups.verify(fetched, PASSPHRASE))["readings"] == 0
        head = await root.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert (await root.delete(path.removesuffix("/file"))).status_code == 204
        assert (await root.get(path)).status_code == 404
    assert (await world.told())[-2:] == ["backup fetched", "backup removed"]


async def test_energy_is_made_anew_and_sites_go(world: World) -> None:
    """docs/api.md, jobs: what of one meter cannot be is said; a site goes with all below it."""
    made = await world.asked("/api/energy/recomputings", **{"from": "2035-03-01"})
    assert (made["state"], made["result"]["meters"]) == ("done", 1), made
    async with world.client("root") as root:
        for bad in ({}, {"site": 1, "organisation": 1}):
            assert (await root.post("/api/removals", json=bad)).status_code == 400
        missing = await root.post("/api/removals", json={"site": 99})
        assert missing.status_code == 404
        gone = await world.asked("/api/removals", site=1)
        assert (gone["state"], gone["result"]) == ("done", {"site": 1})
        assert (await root.get("/api/meters")).json()["items"] == []
        assert (await world.asked("/api/removals", organisation=1))["state"] == "done"
        assert (await root.get("/api/organisations")).json()["items"] == []
    told = await Audit(world.home.database).page()
    assert {each.actor for each in told if each.action.endswith("removed")} == {"root@example.org"}
    assert {"meter removed", "site removed", "user removed"} <= set(await world.told())


async def test_who_may_have_the_whole_installation(world: World) -> None:
    """docs/api.md, jobs: its admins alone, and a backup only with a token of the scope admin."""
    asked = {
        "/api/archive/runs": {},
        "/api/archive/verifications": {},
        "/api/archive/restorations": {"organisation": 1, "month": "2035-03"},
        "/api/archive/columnar": {"before": "2035-01"},
        "/api/backups": {"passphrase": PASSPHRASE},
        "/api/energy/recomputings": {},
        "/api/removals": {"organisation": 1},
        "/api/broker/configuration": {},
    }
    looked = ("/api/jobs", "/api/jobs/1", "/api/backups", "/api/backups/1/file")
    async with world.client("boss") as boss, world.client("looks") as looks:
        for path, body in asked.items():
            assert (await boss.post(path, json=body)).status_code == 403, path
        for path in looked:
            assert (await boss.get(path)).status_code == 403, path
        assert (await boss.delete("/api/backups/1")).status_code == 403
        assert (await looks.get("/api/jobs")).status_code == 200
        for path in looked[2:]:
            assert (await looks.get(path)).status_code == 403, path
        denied = await looks.post("/api/backups", json={"passphrase": PASSPHRASE})
        assert "scope" in denied.json()["detail"]
        shown = await looks.post("/api/broker/configuration")
        assert "auth_callout" in shown.json()["configuration"]
    assert (await world.told())[-1] == "broker configuration shown"


async def test_what_waits_and_what_is_kept_is_bounded(world: World, tmp_path: Path) -> None:
    """docs/api.md, jobs: 429 when too much waits; old backups go, the newest stay for a day."""
    folder, now_ms = tmp_path / TO_FETCH, int(NOW.timestamp() * 1000)
    folder.mkdir()
    for n in range(KEPT + 2):
        (folder / f"{now_ms + n}.ohmstead.tar.zst").write_bytes(b"x")
    (folder / ".1.ohmstead.tar.zst.new").write_bytes(b"half")
    await world.asked("/api/archive/verifications")
    await world.asked("/api/archive/verifications")
    assert [each.id for each in world.upkeep.backups()] == [now_ms + 3, now_ms + 2]
    assert not (folder / ".1.ohmstead.tar.zst.new").exists()
    async with world.client("root") as root:
        jobs = (await root.get("/api/jobs?limit=1")).json()
        rest = (await root.get(f"/api/jobs?after={jobs['next']}")).json()
        (newer,), (older,) = jobs["items"], rest["items"]
        assert newer["id"] > older["id"]
        assert rest["next"] is None
    idle = Upkeep(world.home, world.clock, tmp_path)  # which does nothing of it
    world.clock.set(NOW + timedelta(hours=1))
    by = By("test", world.clock.now())
    asked = [await idle.begin(ArchiveVerification(), by) for _ in range(WAITING_MOST)]
    with pytest.raises(TooMany, match="8 jobs wait already"):
        await idle.begin(ArchiveVerification(), by)
    kept = Jobs(world.home.database)
    assert (await kept.get(asked[-1].id)).state == "waiting"
    await kept.cut_off(by.at)
    assert {(each.state, each.said) for each in await kept.page(None, WAITING_MOST)} == {
        ("failed", CUT_OFF)
    }
    world.clock.set(NOW + LIFE + timedelta(seconds=1))
    await world.asked("/api/archive/verifications")
    await world.asked("/api/archive/verifications")
    assert world.upkeep.backups() == []
