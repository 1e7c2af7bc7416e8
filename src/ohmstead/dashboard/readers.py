"""Logins for programs that read the views of SQL; docs/sql-views.md."""

from datetime import datetime
from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from ohmstead.access.roles import Action
from ohmstead.dashboard.paging import LARGEST, PAGE_MOST, AfterText, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import Shape
from ohmstead.errors import BadInput, NotFound
from ohmstead.store import facts
from ohmstead.store import sql_readers as store
from ohmstead.store.people import User

Name = Annotated[
    str, PathParameter(max_length=100, description="Its name, with or without reader_.")
]


class NewReader(Shape, frozen=True):
    """A login to be added; without `organisation` it reads those of all."""

    name: Annotated[
        str,
        Meta(min_length=1, max_length=store.LONGEST + len(store.PREFIX), examples=["grafana"]),
    ]
    organisation: Annotated[int, Meta(ge=1, le=LARGEST)] | None = None


class Reader(Struct, frozen=True, kw_only=True):
    """A login; `can_sign_in` is false after a restore into another server: renew it then."""

    username: Annotated[str, Meta(examples=["reader_grafana"])]
    organisation: int | None
    made_at: datetime
    can_sign_in: bool


class Readers(Struct, frozen=True, kw_only=True):
    """The logins by name; `next` is the cursor of the next page, null on the last."""

    items: list[Reader]
    next: str | None


class ReaderAccess(Struct, frozen=True, kw_only=True):
    """What a reader connects with, shown once.

    `certificate` is the authority to trust (PEM), null where `url` leads to this machine alone.
    """

    username: str
    password: str
    url: str
    organisation: int | None
    certificate: str | None


@get("/api/readers", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The readers")
async def readers(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: AfterText = None,
    limit: Limit = PAGE_MOST,
) -> Readers:
    """Logins that read the views of SQL; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    found = await _all(parts).page(after or "", limit + 1)
    page, following = paged(found, limit, lambda each: each.name)
    return Readers(
        items=[
            Reader(
                username=each.name,
                organisation=each.organisation,
                made_at=each.made_at,
                can_sign_in=each.can_sign_in,
            )
            for each in page
        ],
        next=following,
    )


@post(
    "/api/readers",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add a reader",
)
async def add(
    data: JSONBody[NewReader], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> ReaderAccess:
    """Add a login, and show, once, what it connects with; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    try:
        store.named(data.name)
    except BadInput as trouble:
        raise Misfit("name", str(trouble)) from None
    made = await _all(parts).add(data.name, data.organisation, by=by(user, parts))
    return await _access(*made, parts)


@post(
    "/api/readers/{name:str}/renew",
    status_code=200,
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="Give a reader a new password",
)
async def renew(
    name: Name, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> ReaderAccess:
    """Show, once, a new password; gives the login back after a restore, too."""
    require(user, Action.MANAGE_INSTALLATION)
    await _there(name, parts)
    return await _access(*await _all(parts).renew(name, by=by(user, parts)), parts)


@delete(
    "/api/readers/{name:str}",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="Remove a reader",
)
async def remove(name: Name, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove a login and end its connections; for admins of the installation."""
    require(user, Action.MANAGE_INSTALLATION)
    await _there(name, parts)
    await _all(parts).remove(name, by=by(user, parts))


def _all(parts: Parts) -> store.SqlReaders:
    return store.SqlReaders(parts.database)


async def _there(name: str, parts: Parts) -> None:
    """NotFound, also for what cannot be a name."""
    try:
        await _all(parts).get(name)
    except (BadInput, NotFound):
        raise NotFound(f"there is no reader {name!r}") from None


async def _access(username: str, password: str, parts: Parts) -> ReaderAccess:
    reader = await _all(parts).get(username)
    at = await parts.facts.get(facts.SQL_AT) or None
    return ReaderAccess(
        username=username,
        password=password,
        url=store.url_of(parts.database.url, username, password, at, None),
        organisation=reader.organisation,
        certificate=await parts.facts.get(facts.CA_CERTIFICATE) if at else None,
    )


ROUTES = [readers, add, renew, remove]
