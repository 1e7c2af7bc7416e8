"""What the API needs of the installation as a whole: work that takes long, backups, the broker.

It lives in another room; work that takes long is a job, whose state can be asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import ClassVar, Protocol

from ohmstead.errors import Unavailable
from ohmstead.store.audit import By
from ohmstead.store.jobs import Job


@dataclass(frozen=True, slots=True)
class ArchiveRun:
    """Archive now what the coming night would; of one organisation, or of all."""

    kind: ClassVar[str] = "archive run"
    organisation: int | None = None
    restored_too: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveVerification:
    """Read every file of the archive and compare it with what was written."""

    kind: ClassVar[str] = "archive verification"
    organisation: int | None = None


@dataclass(frozen=True, slots=True)
class ArchiveRestoration:
    """Bring a month's readings back into the database, for `days` at least."""

    kind: ClassVar[str] = "archive restoration"
    organisation: int
    month: str
    days: int


@dataclass(frozen=True, slots=True)
class Columnar:
    """Make the months before one columnar, where PostgreSQL can."""

    kind: ClassVar[str] = "columnar months"
    before: str
    organisation: None = None


@dataclass(frozen=True, slots=True)
class Recomputing:
    """Make kept energy anew from the readings, of these meters, of a site, or (neither) of all."""

    kind: ClassVar[str] = "energy recomputing"
    meters: tuple[str, ...] = ()
    site: int | None = None
    first: date | None = None
    last: date | None = None
    organisation: None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """Remove a site, or (None) the whole organisation, with all below it, readings too."""

    kind: ClassVar[str] = "removal"
    organisation: int
    site: int | None = None


@dataclass(frozen=True, slots=True)
class BackupMaking:
    """Write a backup, sealed with `passphrase`, and read it back."""

    kind: ClassVar[str] = "backup"
    passphrase: str = field(repr=False)
    with_archive: bool = True
    organisation: None = None


Wanted = (
    ArchiveRun
    | ArchiveVerification
    | ArchiveRestoration
    | Columnar
    | Recomputing
    | Removal
    | BackupMaking
)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that waits to be fetched; it goes at `until`."""

    id: int
    made_at: datetime
    until: datetime
    bytes: int


class Upkeep(Protocol):
    """The work on the installation as a whole."""

    async def begin(self, wanted: Wanted, by: By) -> Job:
        """Note that it is to be done, one after the other; TooMany when too much waits."""
        ...

    def progress(self, id: int) -> str | None:
        """What the job says now, None unless it is being done."""
        ...

    def backups(self) -> Sequence[Backup]:
        """The backups that wait to be fetched, the newest first."""
        ...

    def backup(self, id: int) -> Path | None:
        """The file of one of them."""
        ...

    async def remove_backup(self, id: int) -> None:
        """Take it away before its time."""
        ...

    async def broker_configuration(self) -> str:
        """What each server of a NATS cluster of one's own includes."""
        ...


class NoUpkeep:
    """An API without an installation around it: nothing was asked for, and nothing can be."""

    async def begin(self, wanted: Wanted, by: By) -> Job:  # noqa: ARG002
        raise Unavailable("only a running cloud does this")

    def progress(self, id: int) -> str | None:  # noqa: ARG002
        return None

    def backups(self) -> Sequence[Backup]:
        return ()

    def backup(self, id: int) -> Path | None:  # noqa: ARG002
        return None

    async def remove_backup(self, id: int) -> None:
        """There is none."""

    async def broker_configuration(self) -> str:
        raise Unavailable("only a running cloud does this")
