"""Where a database folder's files are, and which processes run on it.

`DIR/postgres/` holds the data, the password, the port and the log.  When the server runs as a
system user that cannot reach DIR, that folder is made under that user's home instead, and the file
`DIR/postgres.place` says where.
"""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from ohmstead.store.account import HOME, Account

POINTER = "postgres.place"
READY = "ready"


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one database server."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def start_log(self) -> Path:
        return self.folder / "start.log"

    @property
    def major(self) -> int | None:
        """The major version that made the database, None when there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text().split(".")[0])
        except FileNotFoundError:
            return None

    @property
    def password(self) -> str:
        return (self.folder / "password").read_text().strip()

    def url(self, port: int) -> str:
        """How a client reaches the server on `port`."""
        return f"postgresql://ohmstead:{self.password}@127.0.0.1:{port}/postgres"

    def postmaster(self) -> "Postmaster | None":
        """What the server's lock file says, None when there is none or it is being written.

        Source: PostgreSQL, src/include/utils/pidfile.h (pid, data folder, start, port, socket
        folder, address, memory key, status).
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            status = lines[7].strip() if len(lines) > 7 else ""
            return Postmaster(abs(int(lines[0])), int(lines[3]), status == READY)
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def processes(self) -> list[int]:
        """The living processes of this database: those that work in its data folder.

        A killed server that nobody waited for is a zombie: it has no working folder any more, so
        that it does not count.
        """
        data = str(self.data.resolve())
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if os.readlink(entry / "cwd") == data:  # noqa: PTH115  (20 times as quick)
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What a server's lock file says about it."""

    pid: int
    port: int
    ready: bool


def known_place(folder: Path) -> Place | None:
    """The place of the database that belongs to `folder`, None when it has none yet."""
    try:
        return Place(Path((folder / POINTER).read_text().strip()))
    except FileNotFoundError:
        return Place(folder / "postgres") if (folder / "postgres").is_dir() else None


def new_place(folder: Path, account: Account, home: Path = HOME) -> Place:
    """Make the place for a database that belongs to `folder`, owned by `account`."""
    folder.mkdir(parents=True, exist_ok=True)
    if account.reaches(folder):
        chosen = folder / "postgres"
    else:
        seed = f"{folder.resolve()}{secrets.token_hex(8)}".encode()
        name = hashlib.blake2b(seed, digest_size=5).hexdigest()
        chosen = home / f"{folder.resolve().name or 'root'}-{name}"
        chosen.parent.mkdir(parents=True, exist_ok=True)
        chosen.parent.chmod(0o755)
    # The folder stays ours: a server that was broken into must not lead our own writes elsewhere.
    chosen.mkdir()
    chosen.chmod(0o700 if account.uid is None else 0o711)
    (chosen / "log").mkdir(mode=0o700)
    account.owns(chosen / "log")
    if chosen.parent != folder:
        (folder / POINTER).write_text(f"{chosen}\n")
    return Place(chosen)
