"""One installation: opened by the cloud once, by any number of admin commands beside it."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ohmstead.access import secrets
from ohmstead.access.roles import Role
from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput, Conflict, Unavailable
from ohmstead.house.folder import FolderLock
from ohmstead.house.installation import Place, new_link, opened
from ohmstead.store.facts import Facts
from ohmstead.store.links import Links, Purpose
from ohmstead.store.people import People
from ohmstead.store.server import PostgresServer
from ohmstead.store.sites import Organisations

CLOCK = SystemClock()
TIMEOUT_S = 60

CLOUD = """
import asyncio, sys
from pathlib import Path
from ohmstead.clock import SystemClock
from ohmstead.house.installation import Place, opened

async def main():
    place = Place(Path(sys.argv[1]))
    async with opened(place, program="cloud", clock=SystemClock()) as installation:
        print(installation.url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def folder(reachable_folder: Path) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(dir=reachable_folder))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


async def started_cloud(folder: Path) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CLOUD, str(folder)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), TIMEOUT_S)
    return process, line.decode().strip()


async def test_what_is_kept_is_there_next_time(folder: Path) -> None:
    """The key of the hashes, the schema and its contents stay from one start to the next; a folder
    may be named relatively."""
    up = Path(*[".."] * (len(Path.cwd().parts) - 1))
    place = Place(up / (folder / "new").relative_to("/"))
    async with opened(place, program="cloud", clock=CLOCK) as first:
        assert first.server is not None
        await Organisations(first.database).add("Works")
        key = first.key
    assert len(key) == 32
    async with opened(place, program="admin", clock=CLOCK) as again:
        assert again.key == key
        assert [each.name for each in await Organisations(again.database).all()] == ["Works"]


async def test_a_second_cloud_is_refused_and_admin_is_not(folder: Path) -> None:
    """Two clouds on one folder: the second says who has it; admin works beside the first."""
    process, url = await started_cloud(folder)
    try:
        with pytest.raises(Conflict, match=rf"`ohmstead cloud` \(process {process.pid}\)"):
            async with opened(Place(folder), program="demo", clock=CLOCK):
                pass
        async with opened(Place(folder), program="admin", clock=CLOCK) as beside:
            assert beside.url == url
            assert beside.server is None
            await Organisations(beside.database).add("Works")
    finally:
        process.terminate()
        await process.wait()
        await PostgresServer(folder).stop()


async def test_after_a_killed_cloud_the_next_starts(folder: Path) -> None:
    """kill -9 of the cloud: its lock is free, its database is stopped or taken over cleanly."""
    process, url = await started_cloud(folder)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    async with (
        asyncio.timeout(TIMEOUT_S),
        opened(Place(folder), program="cloud", clock=CLOCK) as up,
    ):
        assert up.url.split("@")[0] == url.split("@")[0]


async def test_admin_commands_take_turns(folder: Path) -> None:
    """Without a cloud each command starts the database for itself; several at once wait."""

    async def add(name: str) -> None:
        async with opened(Place(folder), program="admin", clock=CLOCK) as installation:
            await Organisations(installation.database).add(name)

    async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as group:
        for n in range(3):
            group.create_task(add(f"Works {n}"))
    async with opened(Place(folder), program="admin", clock=CLOCK) as installation:
        assert len(await Organisations(installation.database).all()) == 3


async def test_a_database_by_url_needs_no_folder(database_url: str, folder: Path) -> None:
    """--database URL alone: key and schema are there; only the CA needs a folder or a cloud."""
    async with opened(Place(None, database_url), program="admin", clock=CLOCK) as one:
        assert one.server is None
        with pytest.raises(BadInput, match="--data"):
            await one.ca_certificate()
        await Facts(one.database).set("ca_certificate", "PEM")
        assert await one.ca_certificate() == "PEM"
        key = one.key
    async with opened(Place(folder, database_url), program="cloud", clock=CLOCK) as cloud:
        assert (cloud.key, cloud.server) == (key, None)
        async with opened(Place(folder), program="admin", clock=CLOCK) as admin:
            assert admin.url == database_url
    assert (folder / "database.url").stat().st_mode & 0o077 == 0
    with pytest.raises(BadInput, match="--data DIR or --database URL"):
        async with opened(Place(None), program="admin", clock=CLOCK):
            pass


async def test_the_certificate_is_made_before_the_cloud_was_ever_started(
    folder: Path, database_url: str
) -> None:
    """A device can be added first: the authority in DIR/pki is made then."""
    async with opened(Place(folder, database_url), program="admin", clock=CLOCK) as installation:
        certificate = await installation.ca_certificate()
    assert certificate == (folder / "pki" / "ca.crt").read_text()


async def test_a_link_signs_its_user_in_once(database_url: str) -> None:
    """256 bits, kept as a digest, 24 hours, one use."""
    now = CLOCK.now()
    async with opened(Place(None, database_url), program="admin", clock=CLOCK) as installation:
        people = People(installation.database)
        user = await people.add("a@b.ch", Role.ADMIN)
        token = await new_link(installation, user, now)
        digest = secrets.digest(installation.key, token)
        found = await installation.database.rows("SELECT digest, expires_at FROM links")
        assert [bytes(row["digest"]) for row in found] == [digest]
        assert found[0]["expires_at"] == now + timedelta(hours=24)
        links = Links(installation.database)
        used = await links.use(digest, Purpose.SIGN_IN, now)
        assert used is not None
        assert used.person == user.id
        assert await links.use(digest, Purpose.SIGN_IN, now) is None


async def test_a_folder_that_does_not_get_free_is_said_so(folder: Path) -> None:
    """Every wait has an end: whoever holds the folder is named."""
    held, other = FolderLock(folder), FolderLock(folder)
    assert held.try_take("admin")
    with pytest.raises(Unavailable, match=str(folder)):
        await other.take_unless("admin", lambda: None, timeout_s=0.01)
    held.release()
    assert await other.take_unless("cloud", lambda: None, timeout_s=0.01) is None
    other.release()


def test_who_only_asks_makes_no_installation(tmp_path: Path) -> None:
    """docs/commands.md, `ohmstead export`: a folder that is none is refused and stays as it was."""
    folder = tmp_path / "mistyped"

    async def ask() -> None:
        async with opened(Place(folder, existing=True), program="admin", clock=CLOCK):
            raise AssertionError

    with pytest.raises(BadInput, match=f"no installation in {folder};"):
        asyncio.run(ask())
    assert not folder.exists()
