"""Sessions: begun, seen, listed, ended."""

from datetime import timedelta

import pytest
from tests.store.conftest import NOW

from ohmstead.access.roles import Role
from ohmstead.errors import NotFound
from ohmstead.store import sessions as rooms
from ohmstead.store.audit import Audit, By
from ohmstead.store.database import Database
from ohmstead.store.people import People
from ohmstead.store.sessions import Sessions

BY = By("a@b.ch", NOW)
LATER = NOW + timedelta(days=30)


async def test_a_session_slides_and_ends(database: Database) -> None:
    """Thirty days from the last use; signing out ends it at once."""
    user = await People(database).add("a@b.ch", Role.VIEWER)
    sessions = Sessions(database)
    await sessions.begin(user, b"s", LATER, by=BY)
    assert await sessions.whose(b"s", LATER, LATER) is None
    slid = LATER + timedelta(days=2)
    found = await sessions.whose(b"s", NOW + timedelta(minutes=1), slid)
    assert found is not None
    assert found.email == "a@b.ch"
    assert await sessions.whose(b"s", LATER, slid) is not None
    assert await sessions.whose(b"other", NOW, slid) is None
    await sessions.end(b"s")
    assert await sessions.whose(b"s", NOW, slid) is None
    await sessions.begin(user, b"t", LATER, by=BY)
    await People(database).remove("a@b.ch")
    assert await sessions.whose(b"t", NOW, LATER) is None


async def test_sessions_are_listed_with_where_and_when(database: Database) -> None:
    """The last used first, with address and browser; control characters are left out."""
    user = await People(database).add("a@b.ch", Role.VIEWER)
    sessions = Sessions(database)
    await sessions.begin(user, b"one", LATER, by=BY, address="192.0.2.1", agent="Phone\x1b[1m")
    await sessions.begin(user, b"two", LATER, by=BY, address="192.0.2.2", agent="Desk")
    used = NOW + timedelta(minutes=5)
    await sessions.whose(b"one", used, LATER)
    first, second = await sessions.of(user.id, used)
    assert (first.digest, first.address, first.agent) == (b"one", "192.0.2.1", "Phone[1m")
    assert (first.begun_at, first.seen_at, second.seen_at) == (NOW, used, NOW)
    assert (await People(database).get("a@b.ch")).seen_at == used
    assert await sessions.of(user.id, LATER) == []


async def test_one_ends_ones_own_sessions_only(database: Database) -> None:
    """A number of somebody else's session is as good as none."""
    people, sessions = People(database), Sessions(database)
    user, other = await people.add("a@b.ch", Role.VIEWER), await people.add("b@b.ch", Role.VIEWER)
    for digest in (b"one", b"two", b"three"):
        await sessions.begin(user, digest, LATER, by=BY)
    await sessions.begin(other, b"other", LATER, by=By("b@b.ch", NOW))
    foreign = (await sessions.of(other.id, NOW))[0].id
    with pytest.raises(NotFound, match=str(foreign)):
        await sessions.end_one(user, foreign, by=BY)
    own = (await sessions.of(user.id, NOW))[0]
    assert await sessions.end_one(user, own.id, by=BY) == own.digest
    assert set(await sessions.end_others(user, b"one", by=BY)) == {b"two"}
    assert [each.digest for each in await sessions.of(user.id, NOW)] == [b"one"]
    assert len(await sessions.of(other.id, NOW)) == 1
    told = [entry.action for entry in await Audit(database).page(limit=2)]
    assert told == ["sessions ended", "session ended"]


async def test_one_person_has_a_bound(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on everything: the session that was unused for longest ends."""
    monkeypatch.setattr(rooms, "MOST_OF_ONE", 2)
    user = await People(database).add("a@b.ch", Role.VIEWER)
    sessions = Sessions(database)
    for minute, digest in enumerate((b"one", b"two", b"three")):
        at = NOW + timedelta(minutes=minute)
        await sessions.begin(user, digest, LATER, by=By("a@b.ch", at))
    assert [each.digest for each in await sessions.of(user.id, NOW)] == [b"three", b"two"]
