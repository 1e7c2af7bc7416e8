"""The people of an organisation: who there is, who is invited, what they may."""

from typing import Annotated

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UNSET

from ohmstead.access.roles import Action, Role, gives, may, sees
from ohmstead.dashboard import account_shapes as shapes
from ohmstead.dashboard import letters
from ohmstead.dashboard.paging import LARGEST, PAGE_MOST, After, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import Conflict, Forbidden, NotFound
from ohmstead.store.links import Link
from ohmstead.store.people import User, checked_email

Number = Annotated[int, PathParameter(ge=1, le=LARGEST, description="The number of it.")]
Of = Annotated[
    int | None,
    QueryParameter(ge=1, le=LARGEST, description="Only those of this organisation."),
]


async def visible(id: int, user: User, parts: Parts) -> User:
    """Somebody whom `user` may see; NotFound as if there were nobody otherwise."""
    found = await _maybe(id, parts)
    if found is None or not _within(user, found.organisation):
        raise NotFound(f"there is no user {id}, or it is not yours to see")
    return found


async def _maybe(id: int, parts: Parts) -> User | None:
    try:
        return await parts.people.by_id(id)
    except NotFound:
        return None


def _within(user: User, organisation: int | None) -> bool:
    """Whether what belongs to `organisation` (None: the installation) is `user`'s to see."""
    return user.organisation is None or (
        organisation is not None and sees(user.organisation, organisation)
    )


@get("/api/people", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The people")
async def people(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    organisation: Of = None,
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> shapes.People:
    """Who there is in one's organisation, by number; for managers and admins.

    Who was invited comes with the first page.
    """
    require(user, Action.INVITE)
    of = organisation if user.organisation is None else user.organisation
    if organisation not in (None, of):
        return shapes.People(items=[], invitations=[], next=None)
    found = await parts.people.page(of, after or 0, limit + 1)
    page, following = paged(found, limit, lambda each: each.id)
    waiting = [] if after else await parts.links.invitations(of, parts.clock.now())
    return shapes.People(
        items=list(map(person, page)),
        invitations=list(map(invited, waiting)),
        next=following,
    )


@put(
    "/api/people/{id:int}",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Change a person's role",
)
async def change(
    id: Number,
    data: JSONBody[shapes.Change],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Person:
    """Give somebody another role, which counts at once; for admins."""
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    changed = await parts.people.set_role(
        found, Role(data.role), by=by(user, parts), keep_an_admin=True
    )
    parts.hub.end_user(found.id)
    return person(changed)


@delete(
    "/api/people/{id:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Remove a person",
)
async def remove(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove somebody with their sessions and links; for admins."""
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    if found.id == user.id:
        raise Conflict("you cannot remove yourself; another admin can")
    await parts.people.remove(found.email, by=by(user, parts), keep_an_admin=True)
    parts.hub.end_user(found.id)


@delete(
    "/api/people/{id:int}/sessions",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Sign a person out",
)
async def sign_out(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """End every session of somebody; for admins."""
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    await parts.sessions.end_others(found, None, by=by(user, parts))
    parts.hub.end_user(found.id)


@delete(
    "/api/people/{id:int}/second-factor",
    responses=answers(400, 401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Turn a person's second step off",
)
async def second_step_off(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> None:
    """For somebody who lost their authenticator and the recovery codes; for admins."""
    require(user, Action.MANAGE_USERS)
    found = await visible(id, user, parts)
    if found.id == user.id:
        raise Conflict("your own second step is turned off on your account page, with a code")
    if not await parts.second_factors.turn_off(found, by=by(user, parts)):
        raise Conflict(f"{found.email} has no second step")
    await letters.write(parts, found.email, "second-step-off", found.language, by=user.email)


@post(
    "/api/people/invitations",
    responses=answers(400, 401, 404, 409, 413, 429, 503),
    security=SIGNED_IN,
    summary="Invite a person",
)
async def invite(
    data: JSONBody[shapes.Invite], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Invited:
    """Mail a link that makes an account; for managers and admins, up to their own role.

    An invitation of the same address to the same organisation is replaced.
    """
    require(user, Action.INVITE)
    role = Role(data.role)
    _may_give(user, role)
    organisation = user.organisation if data.organisation is UNSET else data.organisation
    if organisation is None and user.organisation is not None:
        raise Forbidden("only the installation's own people invite to the whole of it")
    if organisation is not None:
        if not sees(user.organisation, organisation):
            raise NotFound(f"there is no organisation {organisation}, or it is not yours to see")
        await parts.organisations.get(organisation)
    email = checked_email(data.email)
    counted = f"invitations of user {user.id}"
    parts.attempts.begin(f"{counted} to {email}", counted)
    if user.organisation is None and await parts.people.find(email) is not None:
        raise Conflict(f"a user with the address {email} exists already")
    made, link = await letters.invite(
        parts, email, role, organisation, by(user, parts), data.language or None
    )
    return _shown(made, link, user, parts)


def _may_give(user: User, role: Role) -> None:
    if not gives(user.role, role):
        raise Forbidden(f"a {user.role} cannot make somebody {role}; ask an admin")


@post(
    "/api/people/invitations/{id:int}",
    status_code=200,
    responses=answers(400, 401, 404, 429, 503),
    security=SIGNED_IN,
    summary="Renew an invitation",
)
async def renew(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Invited:
    """Mail a new link; the one before is void."""
    found = await _invitation(id, user, parts)
    email, role = found.email or "", found.role or Role.VIEWER
    counted = f"invitations of user {user.id}"
    parts.attempts.begin(f"{counted} to {email}", counted)
    made, link = await letters.invite(
        parts, email, role, found.organisation, by(user, parts), found.language
    )
    return _shown(made, link, user, parts)


@delete(
    "/api/people/invitations/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Withdraw an invitation",
)
async def withdraw(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Take an invitation back; its link is void."""
    await parts.links.withdraw(await _invitation(id, user, parts), by=by(user, parts))


async def _invitation(id: int, user: User, parts: Parts) -> Link:
    require(user, Action.INVITE)
    try:
        found = await parts.links.invitation(id)
    except NotFound:
        found = None
    if found is None or not _within(user, found.organisation):
        raise NotFound(f"there is no invitation {id}, or it is not yours to see")
    _may_give(user, found.role or Role.VIEWER)
    return found


def _shown(made: Link, link: str, user: User, parts: Parts) -> shapes.Invited:
    """With the link itself for who may read the mails in the folder anyway."""
    reads = parts.accounts.mail.smtp is None and may(
        user.role, Action.MANAGE_INSTALLATION, user.organisation
    )
    return shapes.Invited(invitation=invited(made), link=link if reads else None)


def person(user: User) -> shapes.Person:
    """Somebody as lists show them."""
    return shapes.Person(
        id=user.id,
        email=user.email,
        name=user.name,
        role=user.role.value,
        organisation=user.organisation,
        organisation_name=user.organisation_name,
        has_password=user.has_password,
        second_factor=user.second_factor,
        seen_at=user.seen_at,
    )


def invited(link: Link) -> shapes.Invitation:
    """An invitation as lists show it."""
    return shapes.Invitation(
        id=link.id,
        email=link.email or "",
        role=(link.role or Role.VIEWER).value,
        organisation=link.organisation,
        organisation_name=link.organisation_name,
        made_by=link.made_by,
        made_at=link.made_at,
        expires_at=link.expires_at,
    )


ROUTES = [people, change, remove, sign_out, second_step_off, invite, renew, withdraw]
