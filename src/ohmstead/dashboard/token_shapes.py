"""What the API takes and gives about tokens."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ohmstead.access import passwords
from ohmstead.dashboard.shapes import Email, Shape
from ohmstead.store.tokens import LONGEST_LIFE, NAME_LONGEST

ScopeName = Literal["read", "write", "admin"]


class NewToken(Shape, frozen=True):
    """A token to be made.

    `owner` is whose name it acts in, oneself unless said; somebody else's are made by admins of the
    installation.
    `organisation` narrows one of the whole installation; `expires_days` absent: it never ends.
    `current_password` is asked for when there is one, unless a token asks.
    """

    scope: ScopeName
    owner: Email | UnsetType = UNSET
    name: Annotated[str, Meta(max_length=NAME_LONGEST)] = ""
    organisation: Annotated[int, Meta(ge=1, le=2**31 - 1)] | UnsetType | None = UNSET
    expires_days: Annotated[int, Meta(ge=1, le=LONGEST_LIFE.days)] | UnsetType | None = UNSET
    current_password: Annotated[str, Meta(max_length=passwords.LONGEST)] | UnsetType = UNSET


class Token(Struct, frozen=True, kw_only=True):
    """A token, but not itself; `used_at` and `used_from` to the minute, null before."""

    id: int
    owner: str
    scope: ScopeName
    organisation: int | None
    name: str
    made_at: datetime
    made_by: str
    expires_at: datetime | None
    used_at: datetime | None
    used_from: str | None


class MadeToken(Struct, frozen=True, kw_only=True):
    """A new token; `token` is shown this once."""

    id: int
    token: str
    made: Token


class Tokens(Struct, frozen=True, kw_only=True):
    """Tokens, the oldest first; `next` is the cursor of the next page, null on the last."""

    items: list[Token]
    next: int | None
