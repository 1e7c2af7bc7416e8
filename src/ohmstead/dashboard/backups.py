"""Backups that are made and fetched over the network, always sealed; docs/backup.md."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIResponse, Operation
from litestar.params import JSONBody
from litestar.response.base import ASGIResponse
from msgspec import UNSET, Meta, Struct, UnsetType

from ohmstead.access import passwords
from ohmstead.access.roles import Action
from ohmstead.dashboard import upkeep
from ohmstead.dashboard.downloads import FILE
from ohmstead.dashboard.jobs import Job, LongNumber, begun
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked, by, prove_password, require
from ohmstead.dashboard.sessions import SIGNED_IN, bearer_in
from ohmstead.dashboard.shapes import Shape
from ohmstead.errors import NotFound
from ohmstead.store import audit
from ohmstead.store.people import User

KIND = "application/octet-stream"
PIECE = 1 << 18


class NewBackup(Shape, frozen=True):
    """What seals a backup: there is no way into it without, and nobody keeps it.

    `current_password` is asked for when there is one, unless a token asks.
    """

    passphrase: Annotated[str, Meta(min_length=12, max_length=1000)]
    with_archive: bool = True
    current_password: Annotated[str, Meta(max_length=passwords.LONGEST)] | UnsetType = UNSET


class Backup(Struct, frozen=True, kw_only=True):
    """A backup that waits to be fetched, by the number of its job; it goes at `until`."""

    id: int
    made_at: datetime
    until: datetime
    bytes: int


class Backups(Struct, frozen=True, kw_only=True):
    """The backups that wait to be fetched, the newest first; there are never many."""

    items: list[Backup]


@get("/api/backups", responses=answers(401, 503), security=SIGNED_IN, summary="The backups")
async def backups(user: NamedDependency[User], parts: NamedDependency[Parts]) -> Backups:
    """Backups that wait to be fetched; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    return Backups(
        items=[
            Backup(id=each.id, made_at=each.made_at, until=each.until, bytes=each.bytes)
            for each in parts.upkeep.backups()
        ]
    )


@post(
    "/api/backups",
    status_code=202,
    responses=answers(400, 401, 413, 429, 503),
    security=SIGNED_IN,
    summary="Make a backup",
)
async def make(
    data: JSONBody[NewBackup],
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> Response[Job]:
    """Write the whole installation into a sealed file, as a job; for its admins.

    The file is then at /api/backups/ID/file, with the number of the job, for a day.
    """
    require(user, Action.MANAGE_INSTALLATION)
    if bearer_in(request) is None:
        await prove_password(user, data.current_password or "", request, parts)
    wanted = upkeep.BackupMaking(data.passphrase, data.with_archive)
    return await begun(wanted, user, parts, {"with_archive": data.with_archive})


class _File(Operation):
    """How the description says that a file is answered."""

    def __post_init__(self) -> None:
        answer = (self.responses or {}).get("200")
        if isinstance(answer, OpenAPIResponse):
            answer.content = {KIND: FILE}


@get(
    "/api/backups/{id:int}/file",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Fetch a backup",
    response_description="The sealed file, as `ohmstead restore` takes it.",
    operation_class=_File,
)
async def fetch(
    id: LongNumber, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Response[bytes]:
    """The file of a backup; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    path = _there(id, parts)
    await _told("backup fetched", id, user, parts)
    return _Sent(path)


@delete(
    "/api/backups/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Remove a backup",
)
async def remove(
    id: LongNumber, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """Take a backup away before its time; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    _there(id, parts)
    await parts.upkeep.remove_backup(id)
    await _told("backup removed", id, user, parts)


def _there(id: int, parts: Parts) -> Path:
    path = parts.upkeep.backup(id)
    if path is None:
        raise NotFound(f"there is no backup {id}; they go after a day, and when newer ones come")
    return path


async def _told(action: str, id: int, user: User, parts: Parts) -> None:
    now = by(user, parts)
    await audit.record(
        parts.database,
        actor=now.name,
        organisation=None,
        action=action,
        subject=f"job {id}",
        at=now.at,
    )


class _Sending(ASGIResponse):
    """A file on its way, piece by piece; one that is taken away meanwhile comes whole."""

    def __init__(self, path: Path) -> None:
        super().__init__(media_type=KIND)
        self._path = path

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Send it all."""
        try:
            file = await asyncio.to_thread(self._path.open, "rb")
        except FileNotFoundError:
            raise NotFound(f"the backup {self._path.name} has just gone") from None
        try:
            size = os.fstat(file.fileno()).st_size
            headers = [
                (b"content-type", KIND.encode()),
                (b"content-length", b"%d" % size),
                (
                    b"content-disposition",
                    f'attachment; filename="{self._path.name}"'.encode(),
                ),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for piece in _pieces(file):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            file.close()


async def _pieces(file: Any) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, PIECE):
        yield piece


class _Sent(Response[bytes]):
    """What the route hands to the framework: the sending above."""

    def __init__(self, path: Path) -> None:
        super().__init__(b"", media_type=KIND)
        self._sending = _Sending(path)

    def to_asgi_response(self, *_given: Any, **_named: Any) -> ASGIResponse:
        return self._sending


class BrokerConfiguration(Struct, frozen=True, kw_only=True):
    """What each server of a NATS cluster of one's own includes; public keys alone are in it."""

    configuration: str


@post(
    "/api/broker/configuration",
    status_code=200,
    responses=answers(401, 503),
    security=SIGNED_IN,
    summary="What servers of the broker include",
)
async def broker(user: NamedDependency[User], parts: NamedDependency[Parts]) -> BrokerConfiguration:
    """What each server of a NATS cluster of one's own includes; makes our keys at the first call.

    For admins of the installation; docs/broker.md.
    """
    require(user, Action.MANAGE_INSTALLATION)
    found = BrokerConfiguration(configuration=await parts.upkeep.broker_configuration())
    now = by(user, parts)
    await audit.record(
        parts.database,
        actor=now.name,
        organisation=None,
        action="broker configuration shown",
        subject="broker",
        at=now.at,
    )
    return found


ROUTES = [backups, make, fetch, remove, broker]
