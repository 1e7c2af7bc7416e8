"""Routes about the person: signing in and out, the account."""

from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.params import Dependency
from msgspec import UNSET

from ohmstead import __version__
from ohmstead.dashboard.desk import AnyRequest, Desk
from ohmstead.dashboard.responses import documented
from ohmstead.dashboard.sessions import COOKIE, LIFE
from ohmstead.dashboard.shapes import Account, Credentials, Link, SignedIn, Status
from ohmstead.dashboard.shapes import User as Shown
from ohmstead.errors import Forbidden
from ohmstead.store.people import User

TheDesk = Annotated[Desk, Dependency()]
TheUser = Annotated[User, Dependency()]


def _shown(user: User) -> SignedIn:
    return SignedIn(
        user=Shown(
            id=user.id,
            email=user.email,
            name=user.name,
            role=user.role.value,
            organisation=user.organisation,
            language=user.language,
            has_password=user.has_password,
        )
    )


def _with_cookie(request: AnyRequest, user: User, token: str) -> Response[SignedIn]:
    cookie = Cookie(
        key=COOKIE,
        value=token,
        max_age=int(LIFE.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return Response(_shown(user), cookies=[cookie])


def _host(request: AnyRequest) -> str:
    return request.client.host if request.client else ""


@get("/api/status", responses=documented(503), summary="Which server this is", security=[])
async def status(desk: TheDesk) -> Status:
    """The version, and whether nobody has a password yet."""
    people = await desk.people.all()
    return Status(version=__version__, first_run=not any(person.has_password for person in people))


@get("/api/session", responses=documented(401, 503), summary="Who is signed in")
async def who(user: TheUser) -> SignedIn:
    """The person whose cookie this is."""
    return _shown(user)


@post(
    "/api/session",
    status_code=200,
    responses=documented(400, 401, 403, 429, 503),
    summary="Sign in",
    security=[],
)
async def sign_in(request: AnyRequest, desk: TheDesk, data: Credentials) -> Response[SignedIn]:
    """Sign in with e-mail and password; the answer sets the session's cookie."""
    user, token = await desk.sessions.by_password(data.email, data.password, _host(request))
    return _with_cookie(request, user, token)


@post(
    "/api/session/link",
    status_code=200,
    responses=documented(400, 401, 403, 503),
    summary="Sign in with a link",
    security=[],
)
async def use_link(request: AnyRequest, desk: TheDesk, data: Link) -> Response[SignedIn]:
    """Use up a one-time sign-in link; the answer sets the session's cookie."""
    user, token = await desk.sessions.by_link(data.token)
    return _with_cookie(request, user, token)


@delete("/api/session", responses=documented(403, 503), summary="Sign out", security=[])
async def sign_out(request: AnyRequest, desk: TheDesk) -> Response[None]:
    """End this session; nothing happens without one."""
    await desk.sessions.end(request.cookies.get(COOKIE))
    answer: Response[None] = Response(None, status_code=204)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@put(
    "/api/account",
    responses=documented(400, 401, 403, 409, 429, 503),
    summary="Change the own account",
)
async def account(
    request: AnyRequest, desk: TheDesk, user: TheUser, data: Account
) -> Response[SignedIn]:
    """Change what is given.  A new password ends every other session and voids sign-in links."""
    guarded = data.password is not UNSET or (data.email is not UNSET and data.email != user.email)
    if guarded and user.has_password:
        given = data.current_password or ""
        if not given or not await desk.sessions.is_password(user, given, _host(request)):
            raise Forbidden("current_password is not the present password; nothing was changed.")
    changed = await desk.people.change(
        user.id,
        email=data.email or None,
        name=None if data.name is UNSET else data.name,
        language=data.language or None,
    )
    if data.password is UNSET:
        return Response(_shown(changed))
    await desk.people.set_password(user.id, await desk.sessions.hashed(data.password))
    token = await desk.sessions.renew(changed)
    return _with_cookie(request, await desk.people.by_id(user.id), token)
