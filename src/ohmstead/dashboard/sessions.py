"""Who is signed in: passwords, one-time links, the cookie, and one's own account."""

from datetime import timedelta
from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET

from ohmstead import __version__
from ohmstead.access import passwords, secrets
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.shapes import Account, Credentials, Link, SignedIn, Status, User
from ohmstead.errors import Forbidden, NotSignedIn
from ohmstead.store import people

COOKIE = "ohmstead_session"
LIFE = timedelta(days=30)
"""Of a session, from when it was last used."""
LINKS = "a sign-in link"
"""The account under which guessed links are counted."""

Asked = Request[Any, Any, Any]
SIGNED_IN = [{COOKIE: list[str]()}]
"""The routes' security requirement in the OpenAPI."""


def token_of(request: Asked) -> str:
    """The session's token, empty when there is none."""
    return request.cookies.get(COOKIE, "")


async def signed_in(request: Asked, parts: NamedDependency[Parts]) -> people.User:
    """Who asks; NotSignedIn when the cookie is missing, unknown or expired."""
    token = token_of(request)
    now = parts.clock.now()
    digest = secrets.digest(parts.key, token)
    user = await parts.people.session(digest, now, now + LIFE) if token else None
    if user is None:
        raise NotSignedIn("nobody is signed in, or the session has ended; sign in again")
    return user


@get("/api/status", responses=answers(503), summary="What this server is")
async def status(parts: NamedDependency[Parts]) -> Status:
    """Version, and whether nobody has a password yet."""
    if not parts.is_set_up:
        parts.is_set_up = any(user.has_password for user in await parts.people.all())
    return Status(version=__version__, first_run=not parts.is_set_up)


@post(
    "/api/session", status_code=200, responses=answers(400, 401, 413, 429, 503), summary="Sign in"
)
async def sign_in(
    data: JSONBody[Credentials], request: Asked, parts: NamedDependency[Parts]
) -> Response[SignedIn]:
    """Sign in with e-mail and password; sets the session's cookie."""
    address = _address(request)
    parts.attempts.begin(data.email, address)
    found = await parts.people.password_hash(data.email)
    user, kept = found or (None, None)
    right = await parts.hashing.matches(kept, data.password)
    if user is None or kept is None or not right:
        raise NotSignedIn("e-mail address or password is wrong")
    parts.attempts.succeeded(data.email, address)
    if passwords.stale(kept):
        await parts.people.set_password(user.id, await parts.hashing.hashed(data.password))
    return await _begun(user, request, parts)


@post(
    "/api/session/link",
    status_code=200,
    responses=answers(400, 401, 413, 429, 503),
    summary="Sign in with a link",
)
async def use_link(
    data: JSONBody[Link], request: Asked, parts: NamedDependency[Parts]
) -> Response[SignedIn]:
    """Sign in with the token of a link, which is good once; sets the session's cookie."""
    address = _address(request)
    parts.attempts.begin(LINKS, address)
    user = await parts.people.use_link(secrets.digest(parts.key, data.token), parts.clock.now())
    if user is None:
        raise NotSignedIn("this sign-in link was used already, has expired, or never was one")
    parts.attempts.succeeded(LINKS, address)
    return await _begun(user, request, parts)


@get("/api/session", responses=answers(401, 503), security=SIGNED_IN, summary="Who is signed in")
async def who(request: Asked, user: NamedDependency[people.User]) -> Response[SignedIn]:
    """The person who is signed in; the session then lasts 30 days more."""
    return _said(user, request, token_of(request))


@delete("/api/session", responses=answers(503), security=SIGNED_IN, summary="Sign out")
async def sign_out(request: Asked, parts: NamedDependency[Parts]) -> Response[None]:
    """End the session, with its live streams; also when there is none."""
    await _end(token_of(request), parts)
    return Response(None, status_code=204, cookies=[_cookie(request, "", 0)])


@put(
    "/api/account",
    responses=answers(400, 401, 409, 413, 429, 503),
    security=SIGNED_IN,
    summary="Change one's own account",
)
async def account(
    data: JSONBody[Account],
    request: Asked,
    user: NamedDependency[people.User],
    parts: NamedDependency[Parts],
) -> Response[SignedIn]:
    """Change what is given; a new password ends every other session."""
    if data.password is not UNSET or (data.email or user.email) != user.email:
        await _prove(user, data.current_password or "", request, parts)
    changed = await parts.people.change(
        user.id,
        email=data.email or None,
        name=None if data.name is UNSET else data.name,
        language=data.language or None,
    )
    if data.password is UNSET:
        return _said(changed, request, token_of(request))
    await parts.people.set_password(user.id, await parts.hashing.hashed(data.password))
    await parts.people.end_sessions(user.id)
    parts.hub.end_user(user.id)
    return await _begun(await parts.people.by_id(user.id), request, parts)


async def _prove(user: people.User, password: str, request: Asked, parts: Parts) -> None:
    """Whoever changes how to sign in must know the present password, if there is one."""
    if not user.has_password:
        return
    address = _address(request)
    parts.attempts.begin(user.email, address)
    found = await parts.people.password_hash(user.email)
    if not await parts.hashing.matches(found[1] if found else None, password):
        raise Forbidden("current_password is not the present password; nothing was changed")
    parts.attempts.succeeded(user.email, address)


async def _begun(user: people.User, request: Asked, parts: Parts) -> Response[SignedIn]:
    """A new session; the one that the cookie named before ends."""
    await _end(token_of(request), parts)
    token = secrets.new_token()
    expires = parts.clock.now() + LIFE
    await parts.people.add_session(user.id, secrets.digest(parts.key, token), expires)
    return _said(user, request, token)


async def _end(token: str, parts: Parts) -> None:
    """No session has this token any more, and no stream of it goes on."""
    if token:
        digest = secrets.digest(parts.key, token)
        await parts.people.end_session(digest)
        parts.hub.end(digest)


def _said(user: people.User, request: Asked, token: str) -> Response[SignedIn]:
    said = User(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role.value,
        organisation=user.organisation,
        language=user.language,
        has_password=user.has_password,
    )
    cookie = _cookie(request, token, int(LIFE.total_seconds()))
    return Response(SignedIn(user=said), cookies=[cookie])


def _cookie(request: Asked, token: str, life_s: int) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=token,
        path="/",
        max_age=life_s,
        httponly=True,
        samesite="strict",
        secure=request.scope["scheme"] == "https",
    )


def _address(request: Asked) -> str:
    return request.client.host if request.client else ""


ROUTES = [status, sign_in, use_link, who, sign_out, account]
