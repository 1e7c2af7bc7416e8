"""Who may do this: by role, by the present password, by a code of the second step."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Request

from ohmstead.access.roles import Action, may
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import CodeAsked
from ohmstead.errors import Forbidden
from ohmstead.store.audit import By
from ohmstead.store.people import User

Asked = Request[Any, Any, Any]


def address_of(request: Asked) -> str:
    """Where a request comes from, as the door saw it."""
    return request.client.host if request.client else ""


def agent_of(request: Asked) -> str:
    """What the browser says it is."""
    return request.headers.get("user-agent", "")


def by(user: User, parts: Parts) -> By:
    """`user` acts now."""
    return By(user.email, parts.clock.now())


def require(user: User, action: Action) -> None:
    """Forbidden when `user` may not do `action`."""
    if may(user.role, action, user.organisation):
        return
    if action is Action.MANAGE_INSTALLATION:
        raise Forbidden("this is for admins of the whole installation")
    raise Forbidden(f"this is not for your role, {user.role}: it may not {action}")


async def prove_password(user: User, password: str, request: Asked, parts: Parts) -> None:
    """Whoever changes how to sign in must know the present password, if there is one; Forbidden."""
    if not user.has_password:
        return
    address = address_of(request)
    parts.attempts.begin(user.email, address)
    found = await parts.people.password_hash(user.email)
    if not await parts.hashing.matches(found[1] if found else None, password):
        raise Forbidden("current_password is not the present password; nothing was changed")
    parts.attempts.succeeded(user.email, address)


async def prove_code(user: User, code: str, parts: Parts) -> None:
    """The second step, where `user` has one; CodeAsked without a right code.

    Guesses are counted by user, from wherever: who gets here knows the password already.
    """
    if not user.second_factor:
        return
    if not code:
        raise CodeAsked("a code of your authenticator, or a recovery code, is needed too")
    counted = f"second step of user {user.id}"
    parts.attempts.begin(counted, counted)
    if not await parts.second_factors.check(user, code, by=by(user, parts)):
        raise CodeAsked("this code is wrong, or was used before; wait for the next one")
    parts.attempts.succeeded(counted, counted)


@asynccontextmanager
async def evenly(parts: Parts) -> AsyncIterator[None]:
    """Takes a while, always the same, so that time does not tell what was found inside."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + parts.accounts.least_s
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, ends - loop.time()))
