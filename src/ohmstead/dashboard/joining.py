"""How one gets an account, and back into it: sign-up, invitations, forgotten passwords.

What strangers may ask answers alike, and in the same time, whether an account exists or not.
"""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead.access import secrets
from ohmstead.dashboard import account_shapes as shapes
from ohmstead.dashboard import letters
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked, address_of, evenly
from ohmstead.dashboard.sessions import LINKS, begun
from ohmstead.dashboard.shapes import SignedIn
from ohmstead.errors import Conflict, Forbidden, NotSignedIn
from ohmstead.store.audit import By
from ohmstead.store.links import Link, Purpose
from ohmstead.store.people import checked_email

SPENT = "this link was used already, has expired, or never was one"


@post(
    "/api/sign-up",
    status_code=204,
    responses=answers(400, 413, 429, 503),
    summary="Ask for an account",
)
async def sign_up(
    data: JSONBody[shapes.SignUp], request: Asked, parts: NamedDependency[Parts]
) -> None:
    """Mail a link that makes an account with an organisation of its own.

    403 where the installation takes only people who were invited.
    """
    if not parts.accounts.sign_up:
        raise Forbidden("nobody can sign up here; ask an admin of this installation to invite you")
    email = checked_email(data.email)
    parts.attempts.begin(f"sign-up of {email}", address_of(request))
    async with evenly(parts):
        if letters.may_write(email, parts):
            await letters.sign_up(parts, email, data.organisation, data.language or None)


@post(
    "/api/password/forgotten",
    status_code=204,
    responses=answers(400, 413, 429, 503),
    summary="Ask for a new password",
)
async def forgotten(
    data: JSONBody[shapes.Forgotten], request: Asked, parts: NamedDependency[Parts]
) -> None:
    """Mail a link to choose a new password, if the address has an account."""
    email = checked_email(data.email)
    parts.attempts.begin(f"password of {email}", address_of(request))
    async with evenly(parts):
        user = await parts.people.find(email)
        if user is not None and letters.may_write(email, parts):
            by = By(f"not signed in, from {address_of(request)}", parts.clock.now())
            await letters.reset(parts, user, by)


@post(
    "/api/link",
    status_code=200,
    responses=answers(400, 401, 413, 429, 503),
    summary="What a link is good for",
)
async def look(
    data: JSONBody[shapes.LinkToken], request: Asked, parts: NamedDependency[Parts]
) -> shapes.LinkMeaning:
    """What a mailed link is good for; it is not used up by this."""
    link = await _known(data.token, request, parts)
    email = link.email
    if email is None and link.person is not None:
        email = (await parts.people.by_id(link.person)).email
    return shapes.LinkMeaning(
        purpose=link.purpose.value,
        email=email,
        role=None if link.role is None else link.role.value,
        organisation=link.organisation_name,
        expires_at=link.expires_at,
    )


@post(
    "/api/activation",
    status_code=200,
    responses=answers(400, 401, 409, 413, 429, 503),
    summary="Activate an account",
)
async def activate(
    data: JSONBody[shapes.Activation], request: Asked, parts: NamedDependency[Parts]
) -> Response[SignedIn]:
    """Follow an invitation or a sign-up with a password; sets the session's cookie."""
    link = await _known(data.token, request, parts)
    if link.purpose not in (Purpose.INVITATION, Purpose.SIGN_UP):
        raise NotSignedIn(SPENT)
    if await parts.people.find(link.email or "") is not None:
        raise Conflict(f"{link.email} has an account already; sign in with it")
    kept = await parts.hashing.hashed(data.password)
    user = await parts.door.enter(
        secrets.digest(parts.key, data.token),
        kept,
        name=data.name.strip(),
        language=data.language or None,
        at=parts.clock.now(),
    )
    if user is None:  # somebody was quicker
        raise NotSignedIn(SPENT)
    return await begun(user, request, parts, "activation")


@post(
    "/api/password/reset",
    status_code=204,
    responses=answers(400, 401, 413, 429, 503),
    summary="Choose a new password",
)
async def reset(
    data: JSONBody[shapes.Reset], request: Asked, parts: NamedDependency[Parts]
) -> None:
    """Replace a forgotten password; every session ends, and one signs in with the new one."""
    link = await _known(data.token, request, parts)
    if link.purpose is not Purpose.RESET or link.person is None:
        raise NotSignedIn(SPENT)
    kept = await parts.hashing.hashed(data.password)
    now = parts.clock.now()
    used = await parts.links.use(secrets.digest(parts.key, data.token), Purpose.RESET, now)
    if used is None:  # somebody was quicker
        raise NotSignedIn(SPENT)
    user = await parts.people.by_id(link.person)
    await parts.people.change_password(user, kept, by=By(user.email, now), action="password reset")
    parts.hub.end_user(user.id)
    await letters.write(parts, user.email, "password-changed", user.language)


@post(
    "/api/account/address",
    status_code=204,
    responses=answers(400, 401, 409, 413, 429, 503),
    summary="Confirm a new address",
)
async def confirm_address(
    data: JSONBody[shapes.LinkToken], request: Asked, parts: NamedDependency[Parts]
) -> None:
    """Make the address that the link was mailed to one's own; the one before is told."""
    link = await _known(data.token, request, parts)
    if link.purpose is not Purpose.ADDRESS or link.person is None or link.email is None:
        raise NotSignedIn(SPENT)
    before = await parts.people.by_id(link.person)
    digest = secrets.digest(parts.key, data.token)
    if await parts.door.confirm_address(digest, parts.clock.now()) is None:
        raise NotSignedIn(SPENT)
    await letters.write(parts, before.email, "address-changed", before.language, address=link.email)


async def _known(token: str, request: Asked, parts: Parts) -> Link:
    """The link of `token`; NotSignedIn when there is none, Slower for whoever guesses."""
    address = address_of(request)
    parts.attempts.begin(LINKS, address)
    link = await parts.links.look(secrets.digest(parts.key, token), parts.clock.now())
    if link is None:
        raise NotSignedIn(SPENT)
    parts.attempts.succeeded(LINKS, address)
    return link


ROUTES = [sign_up, forgotten, look, activate, reset, confirm_address]
