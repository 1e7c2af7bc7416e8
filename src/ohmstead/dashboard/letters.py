"""Links that are mailed: made, kept as a digest, written into a letter that waits to be sent."""

from datetime import timedelta
from typing import Literal

from ohmstead.access import secrets
from ohmstead.access.roles import Role
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Slower
from ohmstead.store.audit import By
from ohmstead.store.links import Link, Purpose
from ohmstead.store.mails import Letter
from ohmstead.store.people import User

RESET_LIFE = timedelta(hours=1)
ADDRESS_LIFE = SIGN_UP_LIFE = timedelta(days=1)
INVITATION_LIFE = timedelta(days=7)
Path = Literal["join", "reset", "address"]
"""The page that a link leads to."""


def address(parts: Parts, path: Path, token: str) -> str:
    """The link itself."""
    return f"{parts.accounts.pages_url}/{path}/{token}"


def may_write(recipient: str, parts: Parts) -> bool:
    """Whether one more mail may go to `recipient`: strangers must not fill somebody's box."""
    counted = f"mail to {recipient.strip().casefold()}"
    try:
        parts.attempts.begin(counted, counted)
    except Slower:
        return False
    return True


async def write(
    parts: Parts,
    recipient: str,
    kind: str,
    language: str | None = None,
    life: timedelta | None = None,
    /,
    **fields: str,
) -> None:
    """Let a letter be sent; after `life` its link has ended, and it is not worth sending."""
    now = parts.clock.now()
    ends = None if life is None else now + life
    if ends is not None:
        fields["until"] = ends.isoformat(timespec="minutes")
    await parts.mails.add(Letter(recipient, kind, language, fields), now, ends)
    parts.accounts.posted()


async def reset(parts: Parts, user: User, by: By) -> None:
    """Mail a link to choose a new password."""
    token = secrets.new_token()
    digest = secrets.digest(parts.key, token)
    await parts.links.add(user, Purpose.RESET, digest, by.at + RESET_LIFE, by=by)
    link = address(parts, "reset", token)
    await write(parts, user.email, "reset", user.language, RESET_LIFE, link=link)


async def confirm(parts: Parts, user: User, email: str, by: By) -> None:
    """Mail a link that makes `email` the address of `user`; to that address."""
    token = secrets.new_token()
    digest = secrets.digest(parts.key, token)
    await parts.links.add(user, Purpose.ADDRESS, digest, by.at + ADDRESS_LIFE, by=by, email=email)
    link = address(parts, "address", token)
    await write(parts, email, "address", user.language, ADDRESS_LIFE, link=link, old=user.email)


async def sign_up(parts: Parts, email: str, organisation: str, language: str | None) -> None:
    """Mail what follows from a sign-up: a link to go on, or that there is an account already."""
    user = await parts.people.find(email)
    if user is not None:
        link = f"{parts.accounts.pages_url}/sign-in"
        await write(parts, user.email, "known", user.language, link=link)
        return
    token = secrets.new_token()
    digest, now = secrets.digest(parts.key, token), parts.clock.now()
    await parts.links.sign_up(
        email, organisation, digest, now + SIGN_UP_LIFE, at=now, language=language
    )
    await write(
        parts,
        email,
        "sign-up",
        language,
        SIGN_UP_LIFE,
        link=address(parts, "join", token),
    )


async def invite(
    parts: Parts, email: str, role: Role, organisation: int | None, by: By, language: str | None
) -> tuple[Link, str]:
    """Invite `email`; gives the invitation and its link.

    Somebody who has an account already is told that it cannot be used; who invites is not.
    """
    token = secrets.new_token()
    digest = secrets.digest(parts.key, token)
    made = await parts.links.invite(
        email, role, organisation, digest, by.at + INVITATION_LIFE, by=by, language=language
    )
    link, place = address(parts, "join", token), made.organisation_name or ""
    known = await parts.people.find(email)
    if may_write(email, parts):
        fields = {"organisation": place, "by": by.name, "role": str(role)}
        if known is None:
            await write(parts, email, "invitation", language, INVITATION_LIFE, link=link, **fields)
        else:
            await write(parts, known.email, "invited-known", known.language, **fields)
    return made, link
