"""Mail on its way: kept until it is sent or given up."""

from datetime import timedelta

import pytest
from tests.store.conftest import NOW

from ohmstead.errors import TooMany
from ohmstead.store import mails as rooms
from ohmstead.store.database import Database
from ohmstead.store.mails import GIVEN_UP_AFTER, Counts, Letter, Mails

KEY = b"k" * 32
LETTER = Letter("a@b.ch", "reset", "de", {"link": "https://cloud.example/reset/SECRET"})


async def test_a_letter_waits_as_it_was_written(database: Database) -> None:
    """What was committed is sent, in the order it was written."""
    mails = Mails(database, KEY)
    assert await mails.next_at() is None
    await mails.add(LETTER, NOW, NOW + timedelta(hours=1))
    await mails.add(Letter("b@b.ch", "test", None, {}), NOW + timedelta(seconds=1))
    assert await mails.next_at() == NOW
    first, second = await mails.due(NOW + timedelta(seconds=1))
    assert (first.letter, first.tries, first.give_up_at) == (LETTER, 0, NOW + timedelta(hours=1))
    assert second.give_up_at == second.made_at + GIVEN_UP_AFTER
    assert [each.letter.recipient for each in await mails.due(NOW)] == ["a@b.ch"]


async def test_what_it_says_is_sealed_and_gone_once_it_is_done(database: Database) -> None:
    """A link that lets somebody in is nowhere in clear (decision 35)."""
    mails = Mails(database, KEY)
    for _ in range(2):
        await mails.add(LETTER, NOW)
    rows = await database.rows("SELECT content FROM mails")
    assert not [row for row in rows if b"SECRET" in bytes(row["content"])]
    first, second = await mails.due(NOW)
    await mails.sent(first.id, NOW, "smtp")
    await mails.give_up(second.id, NOW, "no such user")
    assert await database.rows("SELECT FROM mails WHERE content IS NOT NULL") == []
    assert await mails.counts() == Counts(waiting=0, sent=1, dead=1)
    dead, sent = await mails.newest()
    assert (dead.state, dead.error, dead.tries) == ("dead", "no such user", 1)
    assert (sent.state, sent.way, sent.done_at) == ("sent", "smtp", NOW)


async def test_another_try_comes_later_or_now(database: Database) -> None:
    """Retried with back-off; an admin may hurry it."""
    mails = Mails(database, KEY)
    await mails.add(LETTER, NOW)
    (waiting,) = await mails.due(NOW)
    await mails.later(waiting.id, NOW + timedelta(minutes=1), "away")
    assert await mails.due(NOW) == []
    assert await mails.hurry(NOW) == 1
    (again,) = await mails.due(NOW)
    assert (again.tries, again.error) == (1, "away")


async def test_there_are_bounds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on those that wait, and on what is remembered of those that are done."""
    monkeypatch.setattr(rooms, "WAITING_MOST", 2)
    monkeypatch.setattr(rooms, "DONE_KEPT", 1)
    mails = Mails(database, KEY)
    for _ in range(2):
        await mails.add(LETTER, NOW)
    with pytest.raises(TooMany, match="mail page"):
        await mails.add(LETTER, NOW)
    for waiting in await mails.due(NOW):
        await mails.sent(waiting.id, NOW, "smtp")
    assert await mails.counts() == Counts(waiting=0, sent=1, dead=0)


async def test_what_nobody_can_open_is_given_up(database: Database) -> None:
    """Mail of another key would be tried for ever."""
    await Mails(database, b"l" * 32).add(LETTER, NOW)
    mails = Mails(database, KEY)
    assert await mails.due(NOW) == []
    (mail,) = await mails.newest()
    assert (mail.state, mail.error) == ("dead", "it was sealed with another key")
