"""Tokens that people make for their programs."""

from datetime import timedelta
from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from ohmstead.access import secrets, tokens
from ohmstead.access.roles import Action, may, sees
from ohmstead.access.tokens import Scope
from ohmstead.dashboard import token_shapes as shapes
from ohmstead.dashboard.paging import PAGE_MOST, After, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number
from ohmstead.dashboard.problems import answers, shown
from ohmstead.dashboard.proving import Asked, by, prove_password, require
from ohmstead.dashboard.sessions import SIGNED_IN, bearer_in
from ohmstead.errors import Forbidden, NotFound
from ohmstead.store.people import User
from ohmstead.store.tokens import Bearer, Token


@get("/api/tokens", responses=answers(400, 401, 404, 503), security=SIGNED_IN, summary="The tokens")
async def listed(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    everybody: Annotated[
        bool, QueryParameter(description="Those of others too; for admins.")
    ] = False,
    owner: Annotated[
        str | None,
        QueryParameter(max_length=320, description="Those of this address; for admins."),
    ] = None,
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Tokens:
    """One's tokens, with when each was used last; or everybody's whom one may manage."""
    if everybody or owner is not None:
        require(user, Action.MANAGE_USERS)
    whose = await _owner(owner, user, parts)
    found = await parts.tokens.all(
        user.organisation if everybody else None,
        person=None if everybody and owner is None else whose.id,
        after=after or 0,
        limit=limit + 1,
    )
    page, following = paged(found, limit, lambda each: each.id)
    return shapes.Tokens(items=list(map(_shown, page)), next=following)


async def _owner(email: str | None, user: User, parts: Parts) -> User:
    """The person of this address whom `user` may see, or `user`; NotFound."""
    if email is None:
        return await parts.people.by_id(user.id)
    found = await parts.people.find(email)
    if found is None or user.organisation not in (None, found.organisation):
        raise NotFound(f"there is nobody {shown(email)}, or they are not yours to see")
    return found


@post(
    "/api/tokens",
    responses=answers(400, 401, 404, 409, 413, 429, 503),
    security=SIGNED_IN,
    summary="Make a token",
)
async def make(
    data: JSONBody[shapes.NewToken],
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.MadeToken:
    """Make a token with one's own rights or less; it is shown this once.

    A token makes none that has more scope than it, reaches further or lasts longer.
    """
    scope, now = Scope(data.scope), by(user, parts)
    owner = await _owner(data.owner or None, user, parts)
    if owner.id != user.id:
        require(user, Action.MANAGE_INSTALLATION)
    expires_at = now.at + timedelta(days=data.expires_days) if data.expires_days else None
    organisation = data.organisation or None
    if organisation is not None and not sees(user.organisation, organisation):
        raise NotFound(f"there is no organisation {organisation}, or it is not yours to see")
    maker = bearer_in(request)
    if maker is None:
        await prove_password(user, data.current_password or "", request, parts)
    else:
        organisation = organisation or user.organisation
        if maker.expires_at is not None:
            expires_at = min(expires_at or maker.expires_at, maker.expires_at)
        _within(maker, scope)
    token = tokens.new_token()
    made = await parts.tokens.add(
        owner,
        scope,
        secrets.digest(parts.key, token),
        by=now,
        organisation=organisation,
        name=data.name,
        expires_at=expires_at,
    )
    return shapes.MadeToken(id=made.id, token=token, made=_shown(made))


def _within(maker: Bearer, scope: Scope) -> None:
    if not tokens.covers(maker.scope, scope):
        raise Forbidden(f"a token of scope {maker.scope} makes none of scope {scope}")


@delete(
    "/api/tokens/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Revoke a token",
)
async def revoke(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """End a token at once, with its live streams; one's own, or as an admin that of others."""
    if not await _in_reach(id, user, parts):
        raise NotFound(f"there is no token {id}, or it is not yours to see")
    parts.hub.end(await parts.tokens.revoke(id, by=by(user, parts)))


async def _in_reach(id: int, user: User, parts: Parts) -> bool:
    """Whether it is one's own token, or one of the people one manages."""
    try:
        found = await parts.tokens.get(id)
        owner = await parts.people.by_id(found.person)
    except NotFound:
        return False
    manages = may(user.role, Action.MANAGE_USERS, user.organisation)
    return owner.id == user.id or (manages and user.organisation in (None, owner.organisation))


def _shown(token: Token) -> shapes.Token:
    return shapes.Token(
        id=token.id,
        owner=token.email,
        scope=token.scope.value,
        organisation=token.organisation,
        name=token.name,
        made_at=token.made_at,
        made_by=token.made_by,
        expires_at=token.expires_at,
        used_at=token.used_at,
        used_from=token.used_from,
    )


ROUTES = [listed, make, revoke]
