"""Who may do what: three roles, and for a user of one organisation only what belongs to it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What a user is; each may do everything the next may."""

    ADMIN = "admin"
    MANAGER = "manager"
    VIEWER = "viewer"


class Action(StrEnum):
    """What there is to do."""

    SEE = "see"
    """Look at meters and what they measured."""
    MANAGE_METERS = "manage meters"
    """Add, change and remove sites, meters and devices."""
    INVITE = "invite"
    """See who else is in the own organisation, and invite people to roles up to the own."""
    MANAGE_USERS = "manage users"
    """Change and remove users of the own organisation, and read its audit log."""
    MANAGE_INSTALLATION = "manage installation"
    """Add organisations, change the settings of the whole."""


ALLOWED: Mapping[Role, frozenset[Action]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Action.SEE}),
        Role.MANAGER: frozenset({Action.SEE, Action.MANAGE_METERS, Action.INVITE}),
        Role.ADMIN: frozenset(Action),
    }
)


def may(role: Role, action: Action, organisation: int | None = None) -> bool:
    """Whether a user of `role` may do `action`; `organisation` is the user's own, None for all.

    The installation belongs to nobody's organisation, so that only an admin of all may change it.

    >>> may(Role.VIEWER, Action.SEE), may(Role.ADMIN, Action.MANAGE_INSTALLATION, organisation=3)
    (True, False)
    """
    if action is Action.MANAGE_INSTALLATION and organisation is not None:
        return False
    return action in ALLOWED[role]


def gives(role: Role, given: Role) -> bool:
    """Whether a user of `role` may make somebody a `given`: nobody gives more than they have.

    >>> gives(Role.MANAGER, Role.MANAGER), gives(Role.MANAGER, Role.ADMIN)
    (True, False)
    """
    return ALLOWED[role] >= ALLOWED[given]


def sees(organisation: int | None, of: int) -> bool:
    """Whether a user of `organisation` (None: of all) sees what belongs to the organisation `of`.

    >>> sees(None, 3), sees(3, 3), sees(2, 3)
    (True, True, False)
    """
    return organisation is None or organisation == of
