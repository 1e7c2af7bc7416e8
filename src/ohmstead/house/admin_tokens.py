"""What `ohmstead admin token` does."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypeAlias

from ohmstead.access import secrets, tokens
from ohmstead.access.tokens import Scope
from ohmstead.clock import Clock
from ohmstead.errors import BadInput
from ohmstead.house.installation import Installation, on_the_machine
from ohmstead.store.audit import By
from ohmstead.store.people import People
from ohmstead.store.sites import Organisations
from ohmstead.store.tokens import LONGEST_LIFE, Token, Tokens

Shown: TypeAlias = Mapping[str, Any]


class AdminTokens:
    """The work on one open installation."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        self._installation, self._clock = installation, clock
        self._tokens = Tokens(installation.database)

    @property
    def _by(self) -> By:
        return By(on_the_machine(), self._clock.now())

    async def add(
        self,
        owner: str,
        scope: Scope,
        organisation: str | None,
        days: int | None,
        name: str,
    ) -> Shown:
        """A new token, which is shown this once."""
        if days is not None and not 1 <= days <= LONGEST_LIFE.days:
            raise BadInput(f"--expires {days} is not between 1 and {LONGEST_LIFE.days} days")
        user = await People(self._installation.database).get(owner)
        narrowed = None if organisation is None else await self._organisation(organisation)
        token, by = tokens.new_token(), self._by
        made = await self._tokens.add(
            user,
            scope,
            secrets.digest(self._installation.key, token),
            by=by,
            organisation=narrowed,
            name=name,
            expires_at=None if days is None else by.at + timedelta(days=days),
        )
        return {"id": made.id, "token": token, **_rest(made)}

    async def _organisation(self, written: str) -> int:
        """The number of an organisation, by its number or its name; NotFound, BadInput."""
        organisations = Organisations(self._installation.database)
        named = [each for each in await organisations.all() if each.name == written.strip()]
        if named:
            return named[0].id
        if not written.strip().isdecimal():
            raise BadInput(
                f"{written!r} is neither the number nor the name of an organisation; "
                "`ohmstead admin org list` shows them"
            )
        return (await organisations.get(int(written))).id

    async def list(self, owner: str | None) -> list[Shown]:
        """Every token, or those of one person; the tokens themselves are not kept."""
        user = None if owner is None else await People(self._installation.database).get(owner)
        found = await self._tokens.all(person=None if user is None else user.id)
        return [of_token(each) for each in found]

    async def revoke(self, id: int) -> Shown:
        """End a token at once."""
        await self._tokens.revoke(id, by=self._by)
        return {"revoked": id}


def of_token(token: Token) -> Shown:
    """A token as the command prints it."""
    return {"id": token.id, **_rest(token)}


def _rest(token: Token) -> Shown:
    return {
        "owner": token.email,
        "scope": str(token.scope),
        "organisation": token.organisation,
        "name": token.name,
        "expires_at": _moment(token.expires_at),
        "used_at": _moment(token.used_at),
        "used_from": token.used_from,
    }


def _moment(at: Any) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
