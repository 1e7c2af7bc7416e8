"""A whole installation in one file and out of it again: what it holds, what is refused."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.postgres import copied, named

from ohmstead.access import passwords
from ohmstead.access.roles import Role
from ohmstead.clock import SetClock
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.house import backups
from ohmstead.house.admin import Admin
from ohmstead.house.backup_seal import MAGIC, PIECE, Opener, Sealer
from ohmstead.house.backups import SUFFIX, Asked
from ohmstead.house.installation import RESTORING, Installation, Place, opened
from ohmstead.house.migration import migrated
from ohmstead.store.archive import Archive
from ohmstead.store.audit import By
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import HALF, Database, migrate, schema
from ohmstead.store.dump import Piece, dump, load
from ohmstead.store.people import People
from ohmstead.store.retention import Retentions

NOW = datetime(2025, 6, 10, 12, tzinfo=UTC)
PASSWORD = "a horse that is correct"


def _nobody(_said: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Home:
    """An installation with a meter, a device, a user, readings of three months, one archived."""

    folder: Path
    url: str
    clock: SetClock

    @property
    def place(self) -> Place:
        return Place(self.folder, self.url)

    async def rows(self, url: str) -> dict[str, list[dict[str, Any]]]:
        """Every table that counts, as it is at `url`."""
        async with Database(url) as database:
            return {
                table: await database.rows(f"SELECT * FROM {table} ORDER BY 1, 2")
                for table in ("meters", "devices", "users", "readings", "audit", "archive_floors")
            }


@pytest.fixture(scope="module")
def home(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One for all tests: none of them leaves it other than it was."""
    folder = tmp_path_factory.mktemp("installation") / "home"
    (folder / "nats").mkdir(parents=True)
    (folder / "nats" / "account.nk").write_text("the broker's key")
    (folder / "nats" / "nats.log").write_text("not worth keeping")
    (folder / "lock").write_text("")
    for url in copied(postgres_url):
        asyncio.run(_made(folder, url))
        yield Home(folder, url, SetClock(NOW))


async def _made(folder: Path, url: str) -> None:
    clock = SetClock(NOW)
    async with opened(Place(folder, url), program="admin", clock=clock) as installation:
        await _filled(installation, clock)


async def _filled(installation: Installation, clock: SetClock) -> None:
    admin, database = Admin(installation, clock), installation.database
    await admin.add_organisation("Works")
    await admin.add_site("Hall", 1, "Europe/Zurich")
    await admin.add_device("A848FA010203", 1, None)
    await People(database).add("ada@example.org", Role.ADMIN, None, by=By("test", NOW))
    await People(database).set_password(1, passwords.hashed(PASSWORD))
    first = datetime(2025, 4, 29, tzinfo=UTC)
    rows = [
        Row(1, first + timedelta(hours=n), NOW, {"1.8.0": n / 3, "1.7.0": 1e-7}) for n in range(200)
    ]
    await Committer(database, clock).commit(rows)
    await Retentions(database).set(1, 1, by=By("test", NOW))
    assert installation.folder is not None
    done = await Archive(database, installation.folder / "archive").run(NOW)
    assert len(done.written) == 1


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"restored_{os.getpid()}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield named(postgres_url, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


async def test_what_was_backed_up_is_there_after_restoring(
    home: Home, empty_url: str, tmp_path: Path
) -> None:
    """docs/backup.md: the same rows, keys and archive; the password that was set still counts."""
    file, target = tmp_path / "one", tmp_path / "new"
    made = await backups.backup(Asked(home.place), file, home.clock, _nobody)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (made["archive_files"], made["archive_files_left_out"], made["folder"]) == (1, 0, True)
    assert await backups.verify(file, None) == {k: v for k, v in made.items() if k != "removed"}
    to = backups.at(target, empty_url)
    done = await backups.restore(file, to, None, force=False, clock=home.clock, say=_nobody)
    assert done["archive_files_missing"] == []
    assert await home.rows(empty_url) == await home.rows(home.url)
    assert not (target / RESTORING).exists()
    assert (target / "nats" / "account.nk").read_text() == "the broker's key"
    assert not (target / "nats" / "nats.log").exists()
    async with opened(to, program="admin", clock=home.clock) as new:
        async with opened(home.place, program="admin", clock=home.clock) as old:
            assert new.key == old.key
        found = await People(new.database).password_hash("ada@example.org")
        assert found is not None
        assert passwords.matches(found[1], PASSWORD)
        archive = Archive(new.database, target / "archive")
        assert [wrong for _, wrong in await archive.verify()] == [None]
        assert await archive.restore(1, (2025, 4), NOW) > 40
        added = await Admin(new, home.clock).add_organisation("Second")
        assert added["id"] == 2


async def test_a_target_that_has_something_is_refused(
    home: Home, empty_url: str, tmp_path: Path
) -> None:
    """docs/backup.md: nothing is overwritten without --force, and with it a folder is put aside."""
    file = tmp_path / "one"
    await backups.backup(Asked(home.place), file, home.clock, _nobody)
    with pytest.raises(Conflict, match="exists already"):
        await backups.backup(Asked(home.place), file, home.clock, _nobody)
    for place, words in (
        (backups.at(home.folder, empty_url), "is not empty"),
        (backups.at(None, home.url), "tables: name an empty one"),
    ):
        with pytest.raises(Conflict, match=words):
            await backups.restore(file, place, None, force=False, clock=home.clock, say=_nobody)
    nowhere = backups.at(None, None)
    with pytest.raises(BadInput, match="say where to restore to"):
        await backups.restore(file, nowhere, None, force=False, clock=home.clock, say=_nobody)
    before = await home.rows(home.url)
    to = backups.at(home.folder, home.url)
    done = await backups.restore(file, to, None, force=True, clock=home.clock, say=_nobody)
    assert await home.rows(home.url) == before
    aside = Path(done["put_aside"])
    (aside / "nats" / "nats.log").rename(home.folder / "nats" / "nats.log")
    assert aside.name == "home.before-20250610T120000Z"


async def test_half_a_restored_target_says_so(
    home: Home, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/backup.md: whatever ends it in between, nobody takes the target for whole."""
    file, target = tmp_path / "one", tmp_path / "new"
    await backups.backup(Asked(home.place), file, home.clock, _nobody)
    to = backups.at(target, empty_url)
    with monkeypatch.context() as patch:
        patch.setattr("ohmstead.store.dump._copied_in", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await backups.restore(file, to, None, force=False, clock=home.clock, say=_nobody)
    half = opened(Place(target, empty_url), program="admin", clock=home.clock)
    with pytest.raises(Conflict, match="only by half"):
        await half.__aenter__()
    with pytest.raises(Conflict, match="only by half"):
        migrate(empty_url)
    await backups.restore(file, to, None, force=True, clock=home.clock, say=_nobody)
    assert await home.rows(empty_url) == await home.rows(home.url)
    assert schema(empty_url).pending == ()


def test_a_backup_of_an_older_schema_is_brought_on(empty_url: str, home: Home) -> None:
    """docs/backup.md: a backup outlives versions; a newer one than the program is refused."""
    names = schema(home.url).applied
    migrate(empty_url, only=names[:1])
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("INSERT INTO organisations (name) VALUES ('Old\t\\N and \\ ä')")
    pieces: list[Piece] = []
    told = dump(
        empty_url, lambda name, rows: pieces.append(Piece(name.partition("/")[0], rows)), _nobody
    )
    assert told.schema == names[:1]
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    assert load(empty_url, told, pieces, _nobody) == 1
    with psycopg.connect(empty_url, autocommit=True) as connection:
        found = connection.execute("SELECT id, name, raw_months FROM organisations").fetchall()
        assert found == [(1, "Old\t\\N and \\ ä", None)]
        assert connection.execute("SELECT to_regclass(%s)", (HALF,)).fetchone() == (None,)
        connection.execute("UPDATE _yoyo_migration SET migration_id = '9999.x'")
    with pytest.raises(Conflict, match=r"9999\.x of a newer Ohmstead"):
        dump(empty_url, lambda *_: None, _nobody)


async def test_a_backup_that_is_not_whole_is_refused(
    home: Home, empty_url: str, tmp_path: Path
) -> None:
    """docs/backup.md: cut off, changed or no backup at all; the target is not even touched."""
    file, target = tmp_path / "one", tmp_path / "new"
    await backups.backup(Asked(home.place, with_archive=False), file, home.clock, _nobody)
    whole = file.read_bytes()
    for content in (
        whole[: len(whole) // 2],
        whole[:-20],
        whole[:3000] + bytes([whole[3000] ^ 1]) + whole[3001:],
        b"",
        b"nothing of the kind" * 100,
    ):
        file.write_bytes(content)
        with pytest.raises(BadInput, match=r"is no whole backup|is damaged|cannot be read"):
            await backups.restore(
                file, Place(target, empty_url), None, force=True, clock=home.clock, say=_nobody
            )
        assert not target.exists()
    with pytest.raises(NotFound, match="there is no backup"):
        await backups.verify(tmp_path / "none", None)


async def test_a_sealed_backup_opens_with_its_passphrase_alone(home: Home, tmp_path: Path) -> None:
    """docs/backup.md: scrypt and AES-256-GCM; nothing of it is readable without."""
    file = tmp_path / "one"
    asked = Asked(Place(None, home.url), home.folder / "archive", passphrase="open it")
    made = await backups.backup(asked, file, home.clock, _nobody)
    content = file.read_bytes()
    assert content.startswith(MAGIC)
    assert b"manifest" not in content
    assert (await backups.verify(file, "open it"))["rows"] == made["rows"]
    with pytest.raises(BadInput, match="another passphrase"):
        await backups.verify(file, "open it!")
    with pytest.raises(BadInput, match="is sealed"):
        await backups.verify(file, None)
    file.write_bytes(content[:-1])
    with pytest.raises(BadInput, match=r"cut off or damaged|another passphrase"):
        await backups.verify(file, "open it")


async def test_old_backups_of_a_folder_go(home: Home, tmp_path: Path) -> None:
    """docs/backup.md: --keep; other files stay, and a backup that fails takes none away."""
    folder = tmp_path / "backups"
    folder.mkdir()
    other = folder / "notes.txt"
    other.write_text("mine")
    names, clock = [], SetClock(NOW)
    for day in range(3):
        clock.set(NOW + timedelta(days=day))
        asked = Asked(home.place, with_archive=False, keep=2)
        made = await backups.backup(asked, folder, clock, _nobody)
        names.append(Path(made["backup"]).name)
    assert made["removed"] == names[:1]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names[1:], other.name])
    assert names[0] == f"20250610T120000Z{SUFFIX}"
    with pytest.raises(BadInput, match="is none"):
        await backups.backup(Asked(home.place, keep=2), tmp_path / "x", clock, _nobody)
    clock.set(NOW + timedelta(days=9))
    with pytest.raises(Conflict, match="is gone"):
        await backups.backup(Asked(home.place, tmp_path, keep=1), folder, clock, _nobody)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names[1:], other.name])


async def test_nothing_is_backed_up_where_there_is_no_installation(
    home: Home, empty_url: str, tmp_path: Path
) -> None:
    """docs/backup.md: a wrong folder in the nightly line must not push the good backups out."""
    wrong = tmp_path / "wrong"
    with pytest.raises(BadInput, match=f"no installation in {wrong}; name the folder"):
        await backups.backup(Asked(Place(wrong), keep=1), tmp_path, home.clock, _nobody)
    with pytest.raises(BadInput, match=f"no installation in {wrong}"):
        await migrated(Place(wrong), check=True)
    with pytest.raises(BadInput, match="is no Ohmstead's"):
        await backups.backup(Asked(Place(None, empty_url)), tmp_path, home.clock, _nobody)
    assert not wrong.exists()


@given(st.lists(st.integers(0, 2 * PIECE + 5), max_size=4))
def test_what_is_sealed_comes_out_again(sizes: list[int]) -> None:
    """STREAM construction: pieces of any size, also none and exactly full ones."""
    written = bytearray()

    class File:
        def write(self, content: bytes) -> int:
            written.extend(content)
            return len(content)

    class Back:
        at = 0

        def read(self, count: int) -> bytes:
            some = bytes(written[self.at : self.at + count])
            self.at += len(some)
            return some

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ohmstead.house.backup_seal.COST", 2)
        sealer = Sealer(File(), "x")  # type: ignore[arg-type]
        plain = b"".join(bytes([n % 251]) * size for n, size in enumerate(sizes))
        for n, size in enumerate(sizes):
            sealer.write(bytes([n % 251]) * size)
        sealer.finish()
        assert Opener(Back(), "x", "it").read() == plain  # type: ignore[arg-type]
        del written[-1:]
        with pytest.raises(BadInput):
            Opener(Back(), "x", "it").read()  # type: ignore[arg-type]
