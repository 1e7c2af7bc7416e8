"""`ohmstead backup` and `ohmstead restore`: a whole installation in one file, and out of it again.

What is in it: the database at one moment, the files of the data folder (certificate authority,
keys of the broker), the files of the archive.  What is not: the broker's own store, whose messages
are in the database a moment later, and the servers' logs.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from ohmstead import __version__
from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Conflict, Unavailable
from ohmstead.house import backup_file
from ohmstead.house.archive import FOLDER as ARCHIVE
from ohmstead.house.backup_file import Archived, BackupWriter, Manifest
from ohmstead.house.folder import FolderLock
from ohmstead.house.installation import RESTORING, TO_FETCH, Place, reached
from ohmstead.store import dump as dumps
from ohmstead.store import dump_facts
from ohmstead.store.dump import Piece
from ohmstead.store.server import PostgresServer

Shown: TypeAlias = Mapping[str, Any]
Say: TypeAlias = Callable[[str], None]

SUFFIX = ".ohmstead.tar.zst"
KEPT = (1, 1000)
LOCK_S = 5.0
FILE_MOST = 64 << 20
"""No file of ours outside the archive is larger; a larger one is no part of an installation."""
LEFT_OUT = (
    "postgres",
    "postgres.place",
    "lock",
    "database.url",
    "mail",
    ARCHIVE,
    RESTORING,
    TO_FETCH,
)
"""What of the data folder is in no backup by its name: made anew, or of this machine alone."""
NATS = ("account.nk", "external.json")
"""What of the broker's folder is kept: its keys."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to have backed up, and how."""

    place: Place
    archive: Path | None = None
    """Where the archive is, if not where the database says."""
    with_archive: bool = True
    keep: int | None = None
    passphrase: str | None = None


async def backup(asked: Asked, to: Path, clock: Clock, say: Say) -> Shown:
    """Write a backup into the file `to`, or into the folder `to` under a name with the time.

    It is read back before it counts; then, with `keep`, the oldest of the folder go.  BadInput
    where there is no installation: what is kept must not go for a backup of nothing.
    """
    now = clock.now()
    if asked.keep is not None and not KEPT[0] <= asked.keep <= KEPT[1]:
        raise BadInput(f"--keep {asked.keep} is not between {KEPT[0]} and {KEPT[1]}")
    path = _named(to, asked.keep, now)
    place = replace(asked.place, existing=True)
    async with reached(place, program="admin") as home:
        await asyncio.to_thread(_write, path, asked, home.url, home.folder, now, say)
    say("reading it back")
    manifest = await asyncio.to_thread(backup_file.verified, path, asked.passphrase)
    gone = _rotated(path, asked.keep) if asked.keep is not None else []
    return {**shown(path, manifest), "removed": [each.name for each in gone]}


def _named(to: Path, keep: int | None, now: datetime) -> Path:
    """The file to write: `to`, or one in that folder."""
    path = to / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}{SUFFIX}" if to.is_dir() else to
    if keep is not None and path == to:
        raise BadInput(f"--keep needs a folder to keep backups in; {to} is none")
    if path.exists():
        raise Conflict(f"{path} exists already; name another file")
    if not path.parent.is_dir():
        raise BadInput(f"there is no folder {path.parent} to put the backup into")
    return path


def _write(
    path: Path,
    asked: Asked,
    url: str,
    data: Path | None,
    now: datetime,
    say: Say,
) -> None:
    known, archived = dump_facts.archived(url)
    below = known or (data / ARCHIVE if data else "")
    archive = asked.archive or Path(below)
    with BackupWriter(path, asked.passphrase) as writer:
        for file in _files(data) if data else ():
            name = file.relative_to(data).as_posix() if data else ""
            writer.add(f"folder/{name}", file.read_bytes(), file.stat().st_mode & 0o777)
        dumped = dumps.dump(url, lambda name, rows: writer.add(f"database/{name}", rows), say)
        files: dict[str, Archived] = {}
        for name, digest in archived.items():
            file = archive / name
            if asked.with_archive:
                say(name)
                files[name] = _archived(writer, file, name, digest)
            else:
                size = file.stat().st_size if file.is_file() else 0
                files[name] = Archived(digest, size, included=False)
        writer.finish(
            Manifest(
                format=backup_file.FORMAT,
                made_at=now.astimezone(UTC).isoformat(timespec="seconds"),
                program=__version__,
                database=dumped,
                members=writer.members,
                archive=files,
                folder=data is not None,
            )
        )


def _archived(writer: BackupWriter, file: Path, name: str, digest: str) -> Archived:
    try:
        member = writer.add_file(f"archive/{name}", file)
    except FileNotFoundError:
        raise Conflict(
            f"the archive file {file} is gone: put it back from an older backup, name its folder "
            "with --archive, or leave the archive out with --without-archive"
        ) from None
    if member.sha256 != digest:
        raise Conflict(
            f"the archive file {file} is not as it was written; `ohmstead archive verify`"
        )
    return Archived(digest, member.bytes, included=True)


def _files(data: Path) -> Iterator[Path]:
    """The files of an installation's folder that a backup has."""
    for path in sorted(data.rglob("*")):
        parts = path.relative_to(data).parts
        if parts[0] in LEFT_OUT or any(part.endswith(".new") for part in parts):
            continue
        if parts[0] == "nats" and (len(parts) != 2 or parts[1] not in NATS):
            continue
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= FILE_MOST:
            yield path


def _rotated(newest: Path, keep: int) -> Sequence[Path]:
    """Take away the oldest backups of a folder, so that `keep` are left."""
    found = sorted(newest.parent.glob(f"[0-9]*{SUFFIX}"))
    gone = [path for path in found[:-keep] if path != newest]
    for path in gone:
        path.unlink()
    return gone


async def verify(path: Path, passphrase: str | None) -> Shown:
    """What a backup is, once all of it was read; BadInput when it is not whole."""
    return shown(path, await asyncio.to_thread(backup_file.verified, path, passphrase))


async def restore(
    path: Path, place: Place, passphrase: str | None, *, force: bool, clock: Clock, say: Say
) -> Shown:
    """Make an installation of a backup, in a new folder or an empty database, or both.

    The backup is read and verified first.  A target that has something is refused unless `force`: a
    folder is then put aside, a database emptied.  Until the end it is marked as not whole.
    """
    if place.data is None and place.database is None:
        raise BadInput("say where to restore to: --data NEWDIR, --database URL, or both")
    say("reading the backup")
    manifest = await asyncio.to_thread(backup_file.verified, path, passphrase)
    async with AsyncExitStack() as stack:
        data = place.data.expanduser().resolve() if place.data else None
        aside = await _taken(data, stack, force=force, now=clock.now()) if data else None
        url = place.database
        if url is None and data is not None:
            server = PostgresServer(data, binaries=place.binaries)
            stack.push_async_callback(server.stop)
            await server.start()
            url = server.url
        if url is None:
            raise BadInput("say where to restore to: --data NEWDIR, --database URL, or both")
        await asyncio.to_thread(dumps.emptied, url, force=force)
        rows = await asyncio.to_thread(_unpacked, path, passphrase, manifest, data, url, say)
        await asyncio.to_thread(dump_facts.settled, url, str(data / ARCHIVE) if data else None)
        await asyncio.to_thread(dump_facts.recounted, url, manifest.database)
    if data is not None:
        (data / RESTORING).unlink()
    missing = [name for name, each in manifest.archive.items() if not each.included or not data]
    return {
        "restored": str(path),
        "made_at": manifest.made_at,
        "data": str(data) if data else None,
        "rows": rows,
        "tables": len(dumps.counted(manifest.database.tables)),
        "put_aside": str(aside) if aside else None,
        "archive_files_missing": missing,
    }


async def _taken(data: Path, stack: AsyncExitStack, *, force: bool, now: datetime) -> Path | None:
    """Make the folder ours and mark it; gives where what was there has been put."""
    aside = _put_aside(data, force=force, now=now)
    lock = FolderLock(data)
    await lock.take("admin", LOCK_S)
    stack.callback(lock.release)
    return aside


def _put_aside(data: Path, *, force: bool, now: datetime) -> Path | None:
    """Make the folder, empty and marked; what was there is put beside it."""
    aside = None
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        if not force:
            raise Conflict(
                f"{data} is not empty: name a new folder, or add --force to put what is there aside"
            )
        lock = FolderLock(data)
        if not lock.try_take("admin"):
            raise Conflict(f"an Ohmstead works in {data}: stop it first")
        lock.release()
        aside = data.with_name(f"{data.name}.before-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
        data.rename(aside)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / RESTORING).write_text("A backup is being restored into this folder.\n")
    return aside


def _unpacked(
    path: Path, passphrase: str | None, manifest: Manifest, data: Path | None, url: str, say: Say
) -> int:
    """Files into the folder, rows into the database, in one pass."""

    def pieces() -> Iterator[Piece]:
        for name, reader, mode in backup_file.members(path, passphrase):
            kind, _, inner = name.partition("/")
            if kind == "database":
                yield Piece(inner.partition("/")[0], reader.read())
            elif kind in ("folder", "archive") and data is not None:
                target = data / inner if kind == "folder" else data / ARCHIVE / inner
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with target.open("wb") as file:
                    target.chmod(mode)
                    while some := reader.read(backup_file.CHUNK):
                        file.write(some)

    try:
        return dumps.load(url, manifest.database, pieces(), say)
    except OSError as trouble:
        raise Unavailable(f"{data} cannot be written: {trouble}") from trouble


def shown(path: Path, manifest: Manifest) -> Shown:
    """A backup as the commands print it."""
    counts = dumps.counted(manifest.database.tables)
    return {
        "backup": str(path),
        "made_at": manifest.made_at,
        "program": manifest.program,
        "schema": manifest.database.schema[-1] if manifest.database.schema else None,
        "bytes": path.stat().st_size,
        "tables": len(counts),
        "rows": sum(counts.values()),
        "readings": counts.get("readings", 0),
        "folder": manifest.folder,
        "archive_files": sum(each.included for each in manifest.archive.values()),
        "archive_files_left_out": sum(not each.included for each in manifest.archive.values()),
        "members": len(manifest.members),
    }


def at(data: Path | None, database: str | None) -> Place:
    """Where to restore to."""
    return replace(Place(data), database=database)
