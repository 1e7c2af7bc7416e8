"""Users, their one-time sign-in links, their sessions."""

from datetime import timedelta

import pytest
from tests.store.conftest import NOW

from ohmstead.access.roles import Role
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.database import Database
from ohmstead.store.people import People
from ohmstead.store.sites import Organisations

LATER = NOW.replace(year=2125)
"""The database deletes what is expired by its own clock, so these tests look far ahead."""


async def test_a_user_is_known_by_the_address_in_any_case(database: Database) -> None:
    """One user an e-mail address, however it is written."""
    people = People(database)
    assert await people.count() == 0
    user = await people.add("Anna@Example.org", Role.ADMIN)
    assert (user.role, user.organisation, user.has_password) == (Role.ADMIN, None, False)
    assert await people.get(" anna@example.ORG ") == user
    with pytest.raises(Conflict, match="exists already"):
        await people.add("ANNA@example.org", Role.VIEWER)
    assert await people.count() == 1


@pytest.mark.parametrize("email", ["", "anna", "@x", "a b@c.d", "a@b\nc", "a@b\0"])
async def test_what_is_not_an_address_is_refused(database: Database, email: str) -> None:
    """BadInput says what an address looks like."""
    with pytest.raises(BadInput, match=r"anna@example\.org"):
        await People(database).add(email, Role.VIEWER)


async def test_a_user_of_an_organisation_that_is_not_there(database: Database) -> None:
    """NotFound names it; users keep their organisation from being removed."""
    people = People(database)
    with pytest.raises(NotFound, match="organisation 7"):
        await people.add("a@b", Role.VIEWER, 7)
    works = await Organisations(database).add("Works")
    await people.add("a@b", Role.VIEWER, works.id)
    with pytest.raises(Conflict, match="users"):
        await Organisations(database).remove(works.id)


async def test_a_link_is_good_once_and_until_it_expires(database: Database) -> None:
    """One use, 24 hours: contract of the sign-in link."""
    people = People(database)
    user = await people.add("a@b.ch", Role.VIEWER)
    await people.add_link(user.id, b"one", LATER)
    await people.add_link(user.id, b"two", LATER)
    assert await people.use_link(b"none", NOW) is None
    assert await people.use_link(b"one", LATER) is None
    assert await people.use_link(b"one", LATER - timedelta(seconds=1)) == user
    assert await people.use_link(b"one", NOW) is None
    await people.end_sessions(user.id)
    assert await people.use_link(b"two", NOW) is None


async def test_a_session_slides_and_ends(database: Database) -> None:
    """Thirty days from the last use; signing out ends it at once."""
    people = People(database)
    user = await people.add("a@b.ch", Role.VIEWER)
    await people.add_session(user.id, b"s", LATER)
    assert await people.session(b"s", LATER, LATER) is None
    slid = LATER + timedelta(days=2)
    assert await people.session(b"s", NOW, slid) == user
    assert await people.session(b"s", LATER, slid) == user
    assert await people.session(b"other", NOW, slid) is None
    await people.end_session(b"s")
    assert await people.session(b"s", NOW, slid) is None
    await people.add_session(user.id, b"t", LATER)
    await people.remove("a@b.ch")
    assert await people.session(b"t", NOW, LATER) is None


async def test_a_password_is_kept_as_its_hash(database: Database) -> None:
    """The hash comes back with its user; nobody has one at first."""
    people = People(database)
    user = await people.add("a@b.ch", Role.VIEWER)
    assert await people.password_hash("A@B.ch") == (user, None)
    await people.set_password(user.id, "$argon2id$...")
    found = await people.password_hash("a@b.ch")
    assert found is not None
    assert (found[0].has_password, found[1]) == (True, "$argon2id$...")
    for stranger in ("x@y.z", "\0", "\ud800", ""):
        assert await people.password_hash(stranger) is None


async def test_only_what_is_given_changes(database: Database) -> None:
    """PUT /api/account changes some fields and leaves the others."""
    people = People(database)
    await people.add("c@d.ch", Role.VIEWER)
    user = await people.add("a@b.ch", Role.VIEWER, name="Anna")
    changed = await people.change(user.id, language="de")
    assert (changed.email, changed.name, changed.language) == ("a@b.ch", "Anna", "de")
    changed = await people.change(user.id, email="n@b.ch", name="")
    assert (changed.email, changed.name, changed.language) == ("n@b.ch", "", "de")
    with pytest.raises(Conflict):
        await people.change(user.id, email="C@d.ch")
    with pytest.raises(BadInput, match="en, de"):
        await people.change(user.id, language="fr")
    with pytest.raises(NotFound):
        await people.change(9999, name="x")
