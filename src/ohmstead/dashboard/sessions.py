"""Who is signed in: passwords, the second step, one-time links, the cookie; or a token instead."""

from datetime import timedelta

from litestar import Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead import __version__
from ohmstead.access import passwords, secrets
from ohmstead.access.tokens import LONGEST, allows, token_in
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked, address_of, agent_of, by, prove_code
from ohmstead.dashboard.shapes import Credentials, Link, SignedIn, Status, User
from ohmstead.errors import Forbidden, NotSignedIn
from ohmstead.store import people
from ohmstead.store.links import Purpose
from ohmstead.store.tokens import Bearer

COOKIE = "ohmstead_session"
LIFE = timedelta(days=30)
"""Of a session, from when it was last used."""
LINKS = "a link"
"""The account under which guessed links are counted."""
BEARER = "ohmstead_token"
"""How the OpenAPI names the token that a program sends instead of the cookie."""
SIGNED_IN = [{COOKIE: list[str]()}, {BEARER: list[str]()}]
"""The routes' security requirement in the OpenAPI: either."""


def token_of(request: Asked) -> str:
    """The session's token, empty when there is none."""
    return request.cookies.get(COOKIE, "")


def bearer_of(request: Asked) -> str:
    """The token that a program sends, empty when there is none."""
    return token_in(request.headers.get("authorization", ""))[:LONGEST]


def owner_of(request: Asked, parts: Parts) -> bytes:
    """The digest of what the request came in with, token or session."""
    return secrets.digest(parts.key, bearer_of(request) or token_of(request))


async def asking(request: Asked, parts: Parts) -> people.User | None:
    """Who asks, by token or session; None when that is missing, unknown or has ended.

    Forbidden when the scope of a token does not cover what is asked.
    """
    now, digest = parts.clock.now(), owner_of(request, parts)
    if bearer_of(request):
        bearer = await parts.tokens.whose(digest, now, address_of(request))
        if bearer is None:
            return None
        if not allows(bearer.scope, request.method, request.scope["path"]):
            raise Forbidden(f"the scope of this token, {bearer.scope}, does not cover this")
        request.scope["bearer"] = bearer  # type: ignore[typeddict-unknown-key]
        return bearer.user
    if not token_of(request):
        return None
    return await parts.sessions.whose(digest, now, now + LIFE)


def bearer_in(request: Asked) -> Bearer | None:
    """The token that the request came in with; None where somebody is signed in."""
    found = request.scope.get("bearer")
    return found if isinstance(found, Bearer) else None


async def signed_in(request: Asked, parts: NamedDependency[Parts]) -> people.User:
    """Who asks; NotSignedIn when nobody does whom we know."""
    user = await asking(request, parts)
    if user is None and bearer_of(request):
        raise NotSignedIn("this token is unknown, has ended or was revoked")
    if user is None:
        raise NotSignedIn(
            "nobody is signed in, or the session has ended; sign in again, or send a token"
            " as `Authorization: Bearer TOKEN`"
        )
    return user


@get("/api/status", responses=answers(503), summary="What this server is")
async def status(parts: NamedDependency[Parts]) -> Status:
    """Version, whether nobody has a password yet, and whether anybody may sign up."""
    if not parts.is_set_up:
        parts.is_set_up = any(user.has_password for user in await parts.people.all())
    return Status(
        version=__version__, first_run=not parts.is_set_up, sign_up=parts.accounts.sign_up
    )


@post(
    "/api/session", status_code=200, responses=answers(400, 401, 413, 429, 503), summary="Sign in"
)
async def sign_in(
    data: JSONBody[Credentials], request: Asked, parts: NamedDependency[Parts]
) -> Response[SignedIn]:
    """Sign in with e-mail and password; sets the session's cookie.

    Who has a second step gets 401 with the field `code` among the `errors`, and sends all again
    with a code.
    """
    address = address_of(request)
    parts.attempts.begin(data.email, address)
    found = await parts.people.password_hash(data.email)
    user, kept = found or (None, None)
    right = await parts.hashing.matches(kept, data.password)
    if user is None or kept is None or not right:
        raise NotSignedIn("e-mail address or password is wrong")
    parts.attempts.succeeded(data.email, address)
    await prove_code(user, data.code or "", parts)
    if passwords.stale(kept):
        await parts.people.set_password(user.id, await parts.hashing.hashed(data.password))
    return await begun(user, request, parts, "password")


@post(
    "/api/session/link",
    status_code=200,
    responses=answers(400, 401, 413, 429, 503),
    summary="Sign in with a link",
)
async def use_link(
    data: JSONBody[Link], request: Asked, parts: NamedDependency[Parts]
) -> Response[SignedIn]:
    """Sign in with the token of a link, which is good once; sets the session's cookie.

    A second step is asked for as with a password; the link is used up only after it.
    """
    address = address_of(request)
    parts.attempts.begin(LINKS, address)
    digest, now = secrets.digest(parts.key, data.token), parts.clock.now()
    link = await parts.links.look(digest, now)
    spent = NotSignedIn("this sign-in link was used already, has expired, or never was one")
    if link is None or link.purpose is not Purpose.SIGN_IN or link.person is None:
        raise spent
    user = await parts.people.by_id(link.person)
    await prove_code(user, data.code or "", parts)
    if await parts.links.use(digest, Purpose.SIGN_IN, now) is None:  # somebody was quicker
        raise spent
    parts.attempts.succeeded(LINKS, address)
    return await begun(user, request, parts, "link")


@get("/api/session", responses=answers(401, 503), security=SIGNED_IN, summary="Who is signed in")
async def who(request: Asked, user: NamedDependency[people.User]) -> Response[SignedIn]:
    """The person who is signed in, or whose token it is; a session then lasts 30 days more."""
    return said(user, request, token_of(request))


@delete("/api/session", responses=answers(503), security=SIGNED_IN, summary="Sign out")
async def sign_out(request: Asked, parts: NamedDependency[Parts]) -> Response[None]:
    """End the session, with its live streams; also when there is none."""
    await _end(token_of(request), parts)
    return Response(None, status_code=204, cookies=[_cookie(request, "", 0)])


async def begun(user: people.User, request: Asked, parts: Parts, how: str) -> Response[SignedIn]:
    """A new session; the one that the cookie named before ends."""
    await _end(token_of(request), parts)
    token = secrets.new_token()
    await parts.sessions.begin(
        user,
        secrets.digest(parts.key, token),
        parts.clock.now() + LIFE,
        by=by(user, parts),
        address=address_of(request),
        agent=agent_of(request),
        how=how,
    )
    return said(user, request, token)


async def _end(token: str, parts: Parts) -> None:
    """No session has this token any more, and no stream of it goes on."""
    if token:
        digest = secrets.digest(parts.key, token)
        await parts.sessions.end(digest)
        parts.hub.end(digest)


def said(
    user: people.User, request: Asked, token: str, to_confirm: str | None = None
) -> Response[SignedIn]:
    """Who is signed in, and the cookie of the session."""
    shown = User(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role.value,
        organisation=user.organisation,
        organisation_name=user.organisation_name,
        language=user.language,
        has_password=user.has_password,
        second_factor=user.second_factor,
    )
    cookie = _cookie(request, token, int(LIFE.total_seconds()))
    body = SignedIn(user=shown, to_confirm=to_confirm)
    return Response(body, cookies=[cookie] if token else [])


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


ROUTES = [status, sign_in, use_link, who, sign_out]
