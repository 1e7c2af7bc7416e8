"""Who may do what."""

import pytest

from ohmstead.access.roles import Action, Role, gives, may, sees


@pytest.mark.parametrize(
    "role,allowed",
    [
        (Role.VIEWER, {Action.SEE}),
        (Role.MANAGER, {Action.SEE, Action.MANAGE_METERS, Action.INVITE}),
        (Role.ADMIN, set(Action)),
    ],
)
def test_each_role_may_what_the_next_may_and_more(role: Role, allowed: set[Action]) -> None:
    """admin, manager, viewer: see the roles' own words in access/roles.py."""
    assert {action for action in Action if may(role, action)} == allowed


def test_the_whole_installation_is_for_its_own_admins() -> None:
    """An admin of one organisation manages that, not the installation."""
    assert not may(Role.ADMIN, Action.MANAGE_INSTALLATION, organisation=1)
    assert may(Role.ADMIN, Action.MANAGE_USERS, organisation=1)


def test_one_sees_ones_own() -> None:
    """A user of no organisation sees all."""
    assert sees(None, 1)
    assert sees(1, 1)
    assert not sees(2, 1)


def test_nobody_gives_more_than_they_have() -> None:
    """An invitation goes up to the inviter's own role: access/roles.py."""
    given = {role: [each for each in Role if gives(role, each)] for role in Role}
    assert given[Role.ADMIN] == [Role.ADMIN, Role.MANAGER, Role.VIEWER]
    assert given[Role.MANAGER] == [Role.MANAGER, Role.VIEWER]
    assert given[Role.VIEWER] == [Role.VIEWER]
