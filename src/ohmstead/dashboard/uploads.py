"""Past readings of a meter as a table: looked at first, then stored piece by piece.

POST /api/meters/ID/uploads/look     how the beginning of a file is understood; stores nothing
POST /api/meters/ID/uploads          the next piece of it: what became of its lines

Nothing of an upload is kept here: how the file is read, and how far it was, goes with each answer,
sealed, and comes back with the next piece.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct
from msgspec.structs import replace

from ohmstead.dashboard import upload_looks
from ohmstead.dashboard import upload_shapes as shapes
from ohmstead.dashboard.meter_changes import own
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers
from ohmstead.dashboard.proving import by
from ohmstead.dashboard.sealed import opened, sealed
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import BadInput, Unavailable
from ohmstead.store import audit
from ohmstead.store.committer import Fate
from ohmstead.store.imports import row_of, there
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.store.rollups import Rollups
from ohmstead.surfaces import csv_piece
from ohmstead.surfaces.csv_piece import Place
from ohmstead.surfaces.imports import Imported, Item

BODY_MOST = 1024 * 1024
CHUNK = 1000
COMMIT_S = 20.0


class Upload(Struct, frozen=True, kw_only=True):
    """How far an upload is, and what became of it until then."""

    stream: int
    zone: str
    place: Place
    told: bool = False
    """Whether the audit log has that it began."""
    stored: int = 0
    known: int = 0
    refused: int = 0


@post(
    "/api/meters/{id:str}/uploads/look",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Look at a table of past readings",
    request_max_body_size=BODY_MOST,
    status_code=200,
)
async def look(
    id: FromPath[str],
    data: JSONBody[shapes.UploadBegin],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.UploadLook:
    """How the beginning of a file is understood, row by row, and what is missing.

    Nothing is stored.  What is not as it should be is said in `how`, and looked at again.
    """
    meter = await _taking(id, user, parts)
    with parts.uploading.taken():
        found = await asyncio.to_thread(upload_looks.look, data, meter, parts.clock.now())
    if found.place is None:
        return found.answer
    begun = Upload(stream=meter.stream, zone=found.zone, place=found.place)
    ready = shapes.UploadReady(at=found.begins, state=sealed(parts.key, begun))
    return replace(found.answer, ready=ready)


@post(
    "/api/meters/{id:str}/uploads",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Store past readings of a table",
    request_max_body_size=BODY_MOST,
    status_code=200,
)
async def piece(
    id: FromPath[str],
    data: JSONBody[shapes.UploadPiece],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.UploadTaken:
    """What became of the next piece of a table; what is there already stays as it is.

    `state` is that of the look, or of the piece before.  Only what has ended of a piece is taken:
    the next one begins `taken` bytes later.  With `store` false, nothing is stored.
    """
    meter = await _taking(id, user, parts)
    upload = opened(parts.key, data.state, Upload, "state")
    if upload.stream != meter.stream:
        raise Misfit("state", f"it is of another meter than {meter.id!r}")
    with parts.uploading.taken():
        return await _taken(data, upload, meter, user, parts)


async def _taking(id: str, user: User, parts: Parts) -> Meter:
    """A meter that `user` may give readings to; Forbidden, NotFound, BadInput."""
    meter = await own(id, user, parts)
    if meter.formula is not None:
        raise BadInput(f"meter {id!r} is a formula over others: nothing is stored in it")
    return meter


async def _taken(
    said: shapes.UploadPiece, upload: Upload, meter: Meter, user: User, parts: Parts
) -> shapes.UploadTaken:
    zone = upload_looks.zone_named(upload.zone)
    unit = upload_looks.unit_of(meter)
    given = upload_looks.bytes_of(said.data)
    try:
        read = await asyncio.to_thread(
            csv_piece.read, given, upload.place, zone, unit, last=said.last
        )
    except BadInput as trouble:
        raise Misfit("data", str(trouble)) from None
    if said.store and not upload.told:
        await _tell("readings upload begun", said, {}, meter, user, parts)
    became = await _all_stored(read.items, said.store, meter, parts)
    stored, refused = became.stored, len(became.troubles)
    known = len(read.items) - refused - stored
    upload = replace(
        upload,
        place=read.place,
        told=upload.told or said.store,
        stored=upload.stored + stored,
        known=upload.known + known,
        refused=upload.refused + refused,
    )
    if said.store and said.last:
        counts = {"new": upload.stored, "known": upload.known, "refused": upload.refused}
        await _tell("readings uploaded", said, counts, meter, user, parts)
    days = csv_piece.days_of(became.new, meter.site.zone)
    return shapes.UploadTaken(
        taken=read.taken,
        line=read.place.line,
        readings=len(read.items) - refused,
        stored=stored,
        known=known,
        refused=refused,
        others=read.others,
        troubles=became.troubles,
        days=[shapes.UploadDays(first=first, last=last) for first, last in days],
        state=sealed(parts.key, upload),
    )


class _Became(Struct, frozen=True):
    """What became of some lines."""

    troubles: list[shapes.UploadTrouble]
    stored: int
    new: list[Imported]


async def _all_stored(items: Sequence[Item], store: bool, meter: Meter, parts: Parts) -> _Became:
    """Store a piece by parts of CHUNK lines, and make its buckets; or say how many would be new."""
    troubles, stored, new = list[shapes.UploadTrouble](), 0, list[Imported]()
    for n in range(0, len(items), CHUNK):
        became = await _stored(items[n : n + CHUNK], store, meter, parts)
        troubles += became.troubles
        stored += became.stored
        new += became.new
    if new and store:
        await Rollups(parts.database).refresh([meter.stream])
    return _Became(troubles, stored, new)


async def _stored(items: Sequence[Item], store: bool, meter: Meter, parts: Parts) -> _Became:
    """Store what can be, or say how many would be new."""
    now = parts.clock.now()
    read, troubles = _sorted(items, meter, now)
    rows = [row_of(item, meter, now) for item in read]
    if not store:
        keys = {(row.stream, row.at) for row in rows}
        return _Became(troubles, len(keys) - await there(parts.database, keys), read)
    try:
        async with asyncio.timeout(COMMIT_S):
            outcome = await parts.committer.commit(rows, late="store")
    except TimeoutError:
        raise Unavailable("the database is away; send this piece again") from None
    new = list[Imported]()
    for n, (item, fate) in enumerate(zip(read, outcome.fates, strict=True)):
        if fate is Fate.REFUSED:
            why = outcome.reasons.get(n, "it cannot be stored")
            troubles.append(shapes.UploadTrouble(code="archived", text=why, line=item.line))
        elif fate is not Fate.DUPLICATE:
            new.append(item)
    troubles.sort(key=lambda trouble: trouble.line or 0)
    return _Became(troubles, len(new), new)


def _sorted(
    items: Sequence[Item], meter: Meter, now: datetime
) -> tuple[list[Imported], list[shapes.UploadTrouble]]:
    """Readings, and why the other lines are none."""
    read, troubles = list[Imported](), list[shapes.UploadTrouble]()
    for item in items:
        trouble = upload_looks.why_not(item, meter, now)
        if trouble is not None:
            troubles.append(trouble)
        elif isinstance(item, Imported):
            read.append(item)
    return read, troubles


async def _tell(
    action: str,
    said: shapes.UploadPiece,
    counts: Mapping[str, Any],
    meter: Meter,
    user: User,
    parts: Parts,
) -> None:
    acting = by(user, parts)
    await audit.record(
        parts.database,
        actor=acting.name,
        organisation=meter.site.organisation,
        action=action,
        subject=meter.id,
        detail={"file": said.file, **counts},
        at=acting.at,
    )


ROUTES = [look, piece]
