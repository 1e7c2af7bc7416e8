"""The archive of old readings: what is in it, and the work on it as jobs; docs/retention.md."""

from datetime import datetime
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Meta, Struct

from ohmstead.access.roles import Action
from ohmstead.dashboard import upkeep
from ohmstead.dashboard.jobs import Job, begins, begun
from ohmstead.dashboard.paging import LARGEST, PAGE_MOST, After, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Of
from ohmstead.dashboard.problems import Misfit, answers
from ohmstead.dashboard.proving import require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import Shape
from ohmstead.store.archive_catalogue import RESTORED_FOR, Catalogue, State
from ohmstead.store.months import FIRST_YEAR, spelled
from ohmstead.store.people import User

Month = Annotated[
    str,
    Meta(
        pattern="^[0-9]{4}-(0[1-9]|1[0-2])$",
        description="A month of UTC.",
        examples=["2025-03"],
    ),
]
Organisation = Annotated[int, Meta(ge=1, le=LARGEST)]


class ArchiveFile(Struct, frozen=True, kw_only=True):
    """A month of an organisation in a file; `state` as /api/organisations/ID/retention says."""

    id: int
    organisation: int
    month: Month
    state: State
    readings: int
    meters: int
    bytes: int
    restored_until: datetime | None
    file: str
    sha256: str


class ArchiveFiles(Struct, frozen=True, kw_only=True):
    """The files of the archive by number; `next` is the cursor of the next page, null at last."""

    items: list[ArchiveFile]
    next: int | None


class Run(Shape, frozen=True):
    """Whose months to archive, all organisations' unless said; also those that were restored?"""

    organisation: Organisation | None = None
    restored_too: bool = False


class Verification(Shape, frozen=True):
    """Whose files to read, all organisations' unless said."""

    organisation: Organisation | None = None


class Restoration(Shape, frozen=True):
    """Which month comes back, and for how many days at least."""

    organisation: Organisation
    month: Month
    days: Annotated[int, Meta(ge=1, le=3650)] = RESTORED_FOR.days


class Before(Shape, frozen=True):
    """The months before this one become columnar."""

    before: Month


@get("/api/archive", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The archive")
async def files(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    organisation: Of = None,
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> ArchiveFiles:
    """The files of one's organisation's old readings; of all, for the installation's people."""
    of = organisation if user.organisation is None else user.organisation
    if organisation not in (None, of):
        return ArchiveFiles(items=[], next=None)
    found = await Catalogue(parts.database).page(of, after or 0, limit + 1)
    page, following = paged(found, limit, lambda each: each.id)
    return ArchiveFiles(
        items=[
            ArchiveFile(
                id=each.id,
                organisation=each.organisation,
                month=spelled(each.month),
                state=each.state,
                readings=each.rows,
                meters=each.streams,
                bytes=each.bytes,
                restored_until=each.restored_until,
                file=each.name,
                sha256=each.sha256,
            )
            for each in page
        ],
        next=following,
    )


@begins("/api/archive/runs", summary="Archive now")
async def run(
    data: JSONBody[Run], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Response[Job]:
    """Archive now what the coming night would, as a job; for admins of the installation."""
    await _asking(data.organisation, user, parts)
    wanted = upkeep.ArchiveRun(data.organisation, data.restored_too)
    return await begun(wanted, user, parts, {"restored_too": data.restored_too})


@begins("/api/archive/verifications", summary="Verify the archive")
async def verify(
    data: JSONBody[Verification], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Response[Job]:
    """Read every file and compare it with what was written, as a job; its result names the bad."""
    await _asking(data.organisation, user, parts)
    return await begun(upkeep.ArchiveVerification(data.organisation), user, parts, {})


@begins("/api/archive/restorations", summary="Bring a month back")
async def restore(
    data: JSONBody[Restoration], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Response[Job]:
    """Bring a month's readings back into the database, as a job; energy stays as it is."""
    await _asking(data.organisation, user, parts)
    _sound("month", data.month)
    wanted = upkeep.ArchiveRestoration(data.organisation, data.month, data.days)
    return await begun(wanted, user, parts, {"month": data.month, "days": data.days})


@begins(
    "/api/archive/columnar",
    responses=answers(400, 401, 413, 503),
    summary="Make old months columnar",
)
async def columnar(
    data: JSONBody[Before], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Response[Job]:
    """Make months columnar in place, where PostgreSQL can, as a job; they take nothing late."""
    await _asking(None, user, parts)
    _sound("before", data.before)
    return await begun(upkeep.Columnar(data.before), user, parts, {"before": data.before})


async def _asking(organisation: int | None, user: User, parts: Parts) -> None:
    """Forbidden for whoever may not, NotFound for an organisation that is none."""
    require(user, Action.MANAGE_INSTALLATION)
    if organisation is not None:
        await parts.organisations.get(organisation)


def _sound(field: str, month: str) -> None:
    if int(month[:4]) < FIRST_YEAR:
        raise Misfit(field, f"{month!r} is before the year {FIRST_YEAR}")


ROUTES = [files, run, verify, restore, columnar]
