"""Users: who they are, what they may, and that somebody stays to let people in."""

import pytest
from tests.store.conftest import NOW

from ohmstead.access.roles import Role
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.audit import Audit, By
from ohmstead.store.database import Database
from ohmstead.store.links import Links, Purpose
from ohmstead.store.people import People
from ohmstead.store.sessions import Sessions
from ohmstead.store.sites import Organisations

BY = By("admin@example.org", NOW)


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


async def test_roles_and_removals_are_told(database: Database) -> None:
    """Accounts: every step is in the audit log, of the organisation it belongs to."""
    people, works = People(database), await Organisations(database).add("Works", by=BY)
    await people.add("boss@b.ch", Role.ADMIN, works.id, by=BY)
    user = await people.add("a@b.ch", Role.VIEWER, works.id, by=BY)
    assert user.organisation_name == "Works"
    assert (await people.set_role(user, Role.MANAGER, by=BY)).role is Role.MANAGER
    await people.change_password(user, "$argon2id$...", by=BY)
    await people.change(user.id, email="c@d.ch", by=BY)
    await people.remove("c@d.ch", by=BY)
    told = [(e.action, e.subject, e.detail) for e in await Audit(database).page(organisation=1)]
    assert told[::-1] == [
        ("organisation added", "Works", None),
        ("user added", "boss@b.ch", {"role": "admin"}),
        ("user added", "a@b.ch", {"role": "viewer"}),
        ("role changed", "a@b.ch", {"from": "viewer", "to": "manager"}),
        ("password changed", "a@b.ch", None),
        ("address changed", "c@d.ch", {"from": "a@b.ch"}),
        ("user removed", "c@d.ch", {"role": "manager"}),
    ]


async def test_the_last_admin_stays(database: Database) -> None:
    """Somebody must be left who can let others in: of the installation, and of an organisation."""
    people, works = People(database), await Organisations(database).add("Works")
    first = await people.add("first@b.ch", Role.ADMIN)
    own = await people.add("own@b.ch", Role.ADMIN, works.id)
    for last in (first, own):
        await people.add(f"viewer-{last.email}", Role.VIEWER, last.organisation)
        with pytest.raises(Conflict, match="the last admin"):
            await people.set_role(last, Role.VIEWER, by=BY, keep_an_admin=True)
        with pytest.raises(Conflict, match="the last admin"):
            await people.remove(last.email, by=BY, keep_an_admin=True)
    await people.add("second@b.ch", Role.ADMIN)
    await people.remove("first@b.ch", by=BY, keep_an_admin=True)
    await people.remove("viewer-own@b.ch", by=BY, keep_an_admin=True)
    await people.remove("own@b.ch", by=BY, keep_an_admin=True)  # nobody is left behind
    await people.remove("second@b.ch", by=BY)  # who may run commands can add another


async def test_a_new_password_ends_sessions_and_voids_links(database: Database) -> None:
    """Whoever knew the old one, or has a link, is out."""
    people = People(database)
    user = await people.add("a@b.ch", Role.VIEWER)
    later = NOW.replace(year=NOW.year + 1)
    await Sessions(database).begin(user, b"s", later, by=BY)
    await Links(database).add(user, Purpose.SIGN_IN, b"l", later, by=BY)
    await people.change_password(user, "$argon2id$...", by=BY)
    assert await Sessions(database).whose(b"s", NOW, later) is None
    assert await Links(database).look(b"l", NOW) is None


async def test_only_those_of_an_organisation(database: Database) -> None:
    """A list of people is of one organisation, or of all."""
    people, works = People(database), await Organisations(database).add("Works")
    await people.add("a@b.ch", Role.VIEWER)
    await people.add("b@b.ch", Role.VIEWER, works.id)
    assert [each.email for each in await people.all(works.id)] == ["b@b.ch"]
    assert len(await people.all()) == 2
