"""One's own account: name, address, password, sessions."""

from typing import Annotated

from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET

from ohmstead.access import secrets
from ohmstead.dashboard import account_shapes as shapes
from ohmstead.dashboard import letters
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked, by, prove_password
from ohmstead.dashboard.sessions import SIGNED_IN, begun, said, token_of
from ohmstead.dashboard.shapes import Account, SignedIn
from ohmstead.store.people import User, checked_email

LARGEST = 2**63 - 1
Number = Annotated[int, PathParameter(ge=1, le=LARGEST, description="Its number.")]


@put(
    "/api/account",
    responses=answers(400, 401, 409, 413, 429, 503),
    security=SIGNED_IN,
    summary="Change one's own account",
)
async def account(
    data: JSONBody[Account],
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> Response[SignedIn]:
    """Change what is given; a new password ends every other session.

    A new address counts at once where mail goes into a folder; where it is really sent, the link
    that it gets must be followed first (`to_confirm`).
    """
    email = checked_email(data.email) if data.email else user.email
    if data.password is not UNSET or email != user.email:
        await prove_password(user, data.current_password or "", request, parts)
    confirm = email != user.email and parts.accounts.mail.smtp is not None
    changed = await parts.people.change(
        user.id,
        email=None if confirm else email,
        name=None if data.name is UNSET else data.name,
        language=data.language or None,
        by=by(user, parts),
    )
    to_confirm = None
    if confirm:
        to_confirm = email
        if letters.may_write(email, parts) and await parts.people.find(email) is None:
            await letters.confirm(parts, user, email, by(user, parts))
    elif email != user.email:
        await letters.write(parts, user.email, "address-changed", changed.language, address=email)
    if data.password is UNSET:
        return said(changed, request, token_of(request), to_confirm)
    kept = await parts.hashing.hashed(data.password)
    await parts.people.change_password(changed, kept, by=by(changed, parts))
    parts.hub.end_user(user.id)
    await letters.write(parts, changed.email, "password-changed", changed.language)
    return await begun(await parts.people.by_id(user.id), request, parts, "new password")


@get(
    "/api/account/sessions",
    responses=answers(401, 503),
    security=SIGNED_IN,
    summary="One's sessions",
)
async def sessions(
    request: Asked, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Sessions:
    """Where one is signed in, the last used first."""
    own = secrets.digest(parts.key, token_of(request))
    found = await parts.sessions.of(user.id, parts.clock.now())
    return shapes.Sessions(
        items=[
            shapes.Session(
                id=each.id,
                begun_at=each.begun_at,
                seen_at=each.seen_at,
                address=each.address,
                agent=each.agent,
                current=each.digest == own,
            )
            for each in found
        ]
    )


@delete(
    "/api/account/sessions/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="End a session",
)
async def end_session(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """End one of one's sessions, with its live streams."""
    parts.hub.end(await parts.sessions.end_one(user, id, by=by(user, parts)))


@delete(
    "/api/account/sessions",
    responses=answers(401, 503),
    security=SIGNED_IN,
    summary="End one's other sessions",
)
async def end_others(
    request: Asked, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """End every session of one's own but this."""
    own = secrets.digest(parts.key, token_of(request))
    for ended in await parts.sessions.end_others(user, own, by=by(user, parts)):
        parts.hub.end(ended)


ROUTES = [account, sessions, end_session, end_others]
