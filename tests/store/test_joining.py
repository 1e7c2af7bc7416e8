"""How somebody comes to have an account."""

from datetime import timedelta

import pytest
from tests.store.conftest import NOW

from ohmstead.access.roles import Role
from ohmstead.errors import Conflict
from ohmstead.store.audit import Audit, By
from ohmstead.store.database import Database
from ohmstead.store.joining import Door
from ohmstead.store.links import Links, Purpose
from ohmstead.store.people import People
from ohmstead.store.sites import Organisations

BY = By("boss@b.ch", NOW)
LATER = NOW + timedelta(days=1)


async def test_an_invitation_makes_a_user_once(database: Database) -> None:
    """The role and organisation are the invitation's, the name and password one's own."""
    works = await Organisations(database).add("Works")
    await Links(database).invite(
        "a@b.ch", Role.MANAGER, works.id, b"i", LATER, by=BY, language="de"
    )
    assert await People(database).find("a@b.ch") is None
    door = Door(database)
    assert await door.enter(b"i", "$hash", name="", language=None, at=LATER) is None
    user = await door.enter(b"i", "$hash", name="Anna", language=None, at=NOW)
    assert user is not None
    assert (user.role, user.organisation_name, user.name) == (Role.MANAGER, "Works", "Anna")
    assert (user.language, user.has_password) == ("de", True)
    assert await door.enter(b"i", "$hash", name="", language=None, at=NOW) is None


async def test_a_sign_up_makes_an_organisation_too(database: Database) -> None:
    """A name that is taken gets a number, so that it tells nothing and stops nobody."""
    await Organisations(database).add("Home")
    links, door = Links(database), Door(database)
    for number in (2, 3):
        await links.sign_up(f"a{number}@b.ch", "Home", b"s", LATER, at=NOW)
        user = await door.enter(b"s", "$hash", name="", language="en", at=NOW)
        assert user is not None
        assert (user.role, user.organisation_name) == (Role.ADMIN, f"Home {number}")
        await links.use(b"s", Purpose.SIGN_UP, NOW)
        await database.change("DELETE FROM links")
    told = [entry.action for entry in await Audit(database).page(limit=2)]
    assert told == ["account activated", "organisation added"]


async def test_an_address_with_an_account_joins_nowhere_else(database: Database) -> None:
    """One account an address; the link is not used up by trying."""
    await People(database).add("a@b.ch", Role.VIEWER)
    await Links(database).sign_up("A@b.ch", "Home", b"s", LATER, at=NOW)
    with pytest.raises(Conflict, match="has an account already"):
        await Door(database).enter(b"s", "$hash", name="", language=None, at=NOW)
    assert await Organisations(database).all() == []
    assert await Links(database).look(b"s", NOW) is not None


async def test_a_confirmed_address_is_ones_own(database: Database) -> None:
    """The link that was sent to the new address makes it count, once."""
    people, links, door = People(database), Links(database), Door(database)
    user = await people.add("a@b.ch", Role.VIEWER)
    await links.add(user, Purpose.ADDRESS, b"c", LATER, by=BY, email="n@b.ch")
    changed = await door.confirm_address(b"c", NOW)
    assert changed is not None
    assert (changed.id, changed.email) == (user.id, "n@b.ch")
    assert await door.confirm_address(b"c", NOW) is None
    await people.add("b@b.ch", Role.VIEWER)
    await links.add(changed, Purpose.ADDRESS, b"d", LATER, by=BY, email="B@b.ch")
    with pytest.raises(Conflict):
        await door.confirm_address(b"d", NOW)
