"""Tokens: what a program acts with in somebody's name, with as much of their rights or less."""

from enum import StrEnum

from ohmstead.access import secrets

PREFIX = "oht_"
"""How every token begins, so that one that leaked is found by who looks for such things."""
LONGEST = 200
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WHOLE = ("/api/backups",)
"""Paths where a look is at everything there is, for the scope `admin` alone, too."""
PERSONAL = (
    *WHOLE,
    "/api/account",
    "/api/mail",
    "/api/people",
    "/api/session",
    "/api/tokens",
    "/api/v1/users",
)
"""Paths where a change is about people and how they get in: for the scope `admin` alone."""


class Scope(StrEnum):
    """What of its owner's rights a token has; each has what the one before has."""

    READ = "read"
    """Look at what the owner may look at, backups apart."""
    WRITE = "write"
    """Change what the owner may change, but people, accounts, tokens, backups and mail."""
    ADMIN = "admin"
    """Everything the owner may."""


ORDER = tuple(Scope)


def new_token() -> str:
    """A new token: 256 bits behind a prefix; of characters that are safe in any header."""
    return PREFIX + secrets.new_token()


def covers(scope: Scope, other: Scope) -> bool:
    """Whether who has `scope` may hand out `other`.

    >>> covers(Scope.WRITE, Scope.READ), covers(Scope.WRITE, Scope.ADMIN)
    (True, False)
    """
    return ORDER.index(scope) >= ORDER.index(other)


def allows(scope: Scope, method: str, path: str) -> bool:
    """Whether a token of `scope` is good for `method` on `path`; the owner's role is asked beside.

    >>> allows(Scope.READ, "GET", "/api/people"), allows(Scope.READ, "POST", "/api/v1/meters")
    (True, False)
    >>> allows(Scope.WRITE, "GET", "/api/backups/1/file"), allows(Scope.READ, "GET", "/api/jobs")
    (False, True)
    >>> allows(Scope.WRITE, "POST", "/api/v1/meters"), allows(Scope.WRITE, "PUT", "/api/people/7")
    (True, False)
    """
    if scope is Scope.ADMIN:
        return True
    if method in SAFE:
        return not any(_within(path, each) for each in WHOLE)
    return scope is Scope.WRITE and not any(_within(path, each) for each in PERSONAL)


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def token_in(header: str) -> str:
    """The token that an `Authorization` header has: alone, or after a word; empty for none.

    Source: RFC 6750, 2.1 (`Bearer`); public Wattics clients send it without a word before it, and
    those of other APIs like theirs with `Token`, also as `Token token="…"`.

    >>> token_in("Bearer abc"), token_in("abc"), token_in("Basic YTpi"), token_in("")
    ('abc', 'abc', '', '')
    >>> token_in("token abc"), token_in('Token token="abc"'), token_in("Token token=abc")
    ('abc', 'abc', 'abc')
    """
    first, space, rest = header.strip().partition(" ")
    if not space:
        return first
    word, rest = first.lower(), rest.strip()
    if word == "token":
        return rest.removeprefix("token=").strip('"')
    return rest if word == "bearer" else ""
