"""Links that are good once."""

from datetime import timedelta

import pytest
from tests.store.conftest import NOW

from ohmstead.access.roles import Role
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store import links as rooms
from ohmstead.store.audit import Audit, By
from ohmstead.store.database import Database
from ohmstead.store.links import Links, Purpose
from ohmstead.store.people import People
from ohmstead.store.sites import Organisations

BY = By("boss@b.ch", NOW)
LATER = NOW + timedelta(days=1)


async def test_a_link_is_good_once_for_one_thing_and_until_it_expires(database: Database) -> None:
    """One use, one purpose, one day: docs/accounts.md."""
    user = await People(database).add("a@b.ch", Role.VIEWER)
    links = Links(database)
    await links.add(user, Purpose.SIGN_IN, b"one", LATER, by=BY)
    assert await links.use(b"none", Purpose.SIGN_IN, NOW) is None
    assert await links.use(b"one", Purpose.RESET, NOW) is None
    assert await links.use(b"one", Purpose.SIGN_IN, LATER) is None
    seen = await links.look(b"one", NOW)
    assert seen is not None
    assert (seen.purpose, seen.person) == (Purpose.SIGN_IN, user.id)
    used = await links.use(b"one", Purpose.SIGN_IN, LATER - timedelta(seconds=1))
    assert used is not None
    assert used.person == user.id
    assert await links.use(b"one", Purpose.SIGN_IN, NOW) is None
    assert await links.look(b"one", NOW) is None


async def test_a_new_link_to_reset_voids_the_one_before(database: Database) -> None:
    """Links are void once they were renewed: docs/accounts.md."""
    user = await People(database).add("a@b.ch", Role.VIEWER)
    links = Links(database)
    await links.add(user, Purpose.RESET, b"old", LATER, by=BY)
    await links.add(user, Purpose.SIGN_IN, b"other", LATER, by=BY)
    await links.add(user, Purpose.RESET, b"new", LATER, by=BY)
    assert await links.look(b"old", NOW) is None
    assert await links.look(b"other", NOW) is not None
    assert await links.look(b"new", NOW) is not None


async def test_an_invitation_is_of_an_organisation_and_replaced_by_the_next(
    database: Database,
) -> None:
    """The same address to the same place has one invitation, the last."""
    works, links = await Organisations(database).add("Works"), Links(database)
    old = await links.invite("A@b.ch", Role.VIEWER, works.id, b"old", LATER, by=BY)
    assert (old.email, old.organisation_name, old.made_by) == ("A@b.ch", "Works", "boss@b.ch")
    new = await links.invite("a@B.ch", Role.MANAGER, works.id, b"new", LATER, by=BY)
    await links.invite("a@b.ch", Role.ADMIN, None, b"all", LATER, by=BY)
    assert await links.look(b"old", NOW) is None
    assert [each.id for each in await links.invitations(works.id, NOW)] == [new.id]
    assert len(await links.invitations(None, NOW)) == 2
    assert await links.invitations(works.id, LATER) == []
    assert new.id == old.id
    await links.withdraw(new, by=BY)
    assert await links.look(b"new", NOW) is None
    with pytest.raises(NotFound):
        await links.invitation(new.id)
    told = [entry.action for entry in await Audit(database).page(organisation=works.id)]
    assert told == ["invitation withdrawn", "user invited", "user invited"]


async def test_invitations_have_a_bound(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on everything; the next step is named."""
    monkeypatch.setattr(rooms, "INVITATIONS_MOST", 1)
    links = Links(database)
    await links.invite("a@b.ch", Role.VIEWER, None, b"a", LATER, by=BY)
    with pytest.raises(Conflict, match="withdraw"):
        await links.invite("b@b.ch", Role.VIEWER, None, b"b", LATER, by=BY)
    await links.invite("A@b.ch", Role.VIEWER, None, b"c", LATER, by=BY)


async def test_what_cannot_be_invited_or_sign_up(database: Database) -> None:
    """BadInput names what is wrong; a second wish of an address replaces the first."""
    links = Links(database)
    with pytest.raises(BadInput, match=r"anna@example\.org"):
        await links.invite("nobody", Role.VIEWER, None, b"x", LATER, by=BY)
    with pytest.raises(BadInput, match="an organisation"):
        await links.sign_up("a@b.ch", " ", b"x", LATER, at=NOW)
    await links.sign_up("a@b.ch", "Home", b"one", LATER, at=NOW)
    await links.sign_up("A@b.ch", "Home", b"two", LATER, at=NOW)
    assert await links.look(b"one", NOW) is None
    found = await links.look(b"two", NOW)
    assert found is not None
    assert (found.role, found.organisation, found.organisation_name) == (Role.ADMIN, None, "Home")
