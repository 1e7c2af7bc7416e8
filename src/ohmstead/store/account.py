"""Which user the database server runs as, and what that user can reach.

PostgreSQL refuses to run as root ("postgres" reference page, notes), so that a cloud started by
root gives its server to a system user of its own.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ohmstead.errors import Unavailable

NAME = "ohmstead"
HOME = Path("/var/lib/ohmstead")
"""Where that user's own things are: binaries it could not reach, databases of closed folders."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine; `uid` is None for the one who runs this process."""

    uid: int | None = None
    gid: int | None = None

    def reaches(self, path: Path) -> bool:
        """Whether this user may enter every folder above `path` and read `path` itself."""
        if self.uid is None:
            return os.access(path, os.R_OK)
        absolute = path.resolve()
        return all(self._may(folder, 0o1) for folder in absolute.parents) and self._may(
            absolute, 0o5 if absolute.is_dir() else 0o4
        )

    def _may(self, path: Path, bits: int) -> bool:
        found = path.stat()
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid == self.gid else 0
        return (found.st_mode >> shift) & bits == bits

    def owns(self, path: Path) -> None:
        """Give `path` to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


MYSELF = Account()


def account_for(existing: Path | None) -> Account:
    """Who the server of a database folder runs as: this process's user, or as root a system user.

    A database that exists already keeps its owner, since PostgreSQL runs only as the owner of its
    data folder.  Unavailable when that is somebody else, or when no system user can be made.
    """
    if os.geteuid() != 0:
        if existing is not None and existing.stat().st_uid != os.geteuid():
            owner = existing.stat().st_uid
            raise Unavailable(
                f"the database in {existing} belongs to user number {owner}; "
                "start Ohmstead as that user or as root, or give the folder to this user"
            )
        return MYSELF
    if existing is not None and existing.stat().st_uid != 0:
        found = existing.stat()
        return Account(found.st_uid, found.st_gid)
    return _system_user()


def _system_user() -> Account:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        _add_system_user()
        entry = pwd.getpwnam(NAME)
    return Account(entry.pw_uid, entry.pw_gid)


def _add_system_user() -> None:
    ways = (
        f"useradd --system --no-create-home --home-dir {HOME} --user-group"
        f" --shell /usr/sbin/nologin {NAME}",
        f"adduser -S -D -H -h {HOME} -s /sbin/nologin {NAME}",  # BusyBox
    )
    for way in ways:
        command = way.split()
        if not shutil.which(command[0]):
            continue
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        try:
            pwd.getpwnam(NAME)  # also when another Ohmstead was quicker
        except KeyError:
            raise Unavailable(
                f"PostgreSQL may not run as root, and the system user {NAME!r} could not be made: "
                f"{done.stderr.strip()}; add it by hand, start as an ordinary user, "
                "or name a database with --database"
            ) from None
        return
    raise Unavailable(
        f"PostgreSQL may not run as root, and there is no useradd here to make the user {NAME!r}; "
        "add it by hand, start as an ordinary user, or name a database with --database"
    )
