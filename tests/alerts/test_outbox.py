"""What waits is sent: at once, again later, or given up."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.alerts.conftest import Serve
from tests.alerts.test_letters import FIELDS, NOW, SENDER
from tests.alerts.test_mail import names

from ohmstead.alerts import outbox as outboxes
from ohmstead.alerts.mail import FolderWay, SmtpWay, Undeliverable
from ohmstead.alerts.outbox import Outbox
from ohmstead.clock import SetClock
from ohmstead.errors import Unavailable
from ohmstead.settings.mail import Smtp
from ohmstead.store.database import Database
from ohmstead.store.mails import Counts, Letter, Mails

KEY = b"k" * 32
LETTER = Letter("a@b.ch", "invitation", "en", FIELDS)


class Troubled:
    """A way that fails as it is told, and then works."""

    name = "troubled"

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.sent: list[EmailMessage] = []

    async def send(self, message: EmailMessage, recipient: str, number: int) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append(message)


async def sent(mails: Mails) -> None:
    """Wait until a mail was sent; the caller sets the limit."""
    while (await mails.counts()).sent == 0:  # each question waits for the database
        pass


@pytest.fixture
def clock() -> SetClock:
    """The noon at which these tests stand."""
    return SetClock(NOW)


@pytest.fixture
def mails(database: Database) -> Mails:
    """The outbox's rows."""
    return Mails(database, KEY)


async def test_a_server_that_was_away_gets_it_later(mails: Mails, clock: SetClock) -> None:
    """Tried again after 30 s, then twice as late each time; the last error is kept."""
    way = Troubled(Unavailable("away"), Unavailable("still away"))
    outbox = Outbox(mails, way, SENDER, clock)
    await mails.add(LETTER, NOW)
    assert await outbox.send_due() == 1
    assert await outbox.send_due() == 0
    assert await mails.next_at() == NOW + timedelta(seconds=30)
    clock.set(NOW + timedelta(seconds=30))
    assert await outbox.send_due() == 1
    assert (await mails.newest())[0].error == "still away"
    assert await mails.next_at() == NOW + timedelta(seconds=90)
    clock.set(NOW + timedelta(seconds=90))
    assert await outbox.send_due() == 1
    (mail,) = await mails.newest()
    assert (mail.state, mail.way, mail.tries, mail.error) == ("sent", "troubled", 3, None)
    assert len(way.sent) == 1


async def test_what_is_refused_for_good_is_not_tried_again(mails: Mails, clock: SetClock) -> None:
    """RFC 5321, 4.2.1; also what no letter can be made of."""
    outbox = Outbox(mails, Troubled(Undeliverable("550 no such user")), SENDER, clock)
    await mails.add(LETTER, NOW)
    await mails.add(Letter("a,b@c.ch", "test", None, {}), NOW)
    await mails.add(Letter("a@b.ch", "no such letter", None, {}), NOW)
    assert await outbox.send_due() == 3
    assert await mails.counts() == Counts(waiting=0, sent=0, dead=3)
    errors = [mail.error or "" for mail in await mails.newest()]
    assert "no such letter" in errors[0]
    assert "a,b@c.ch" in errors[1]
    assert errors[2] == "550 no such user"


async def test_what_is_worth_nothing_any_more_is_given_up(mails: Mails, clock: SetClock) -> None:
    """A link that has ended is not mailed; what was wrong last is said."""
    outbox = Outbox(mails, Troubled(*[Unavailable("away")] * 99), SENDER, clock)
    await mails.add(LETTER, NOW, NOW + timedelta(minutes=1))
    await outbox.send_due()
    clock.set(NOW + timedelta(seconds=45))
    await outbox.send_due()
    assert await mails.next_at() == NOW + timedelta(minutes=1)
    clock.set(NOW + timedelta(minutes=1))
    await outbox.send_due()
    (mail,) = await mails.newest()
    assert (mail.state, mail.error) == ("dead", "it could not be sent in time: away")


async def test_a_letter_goes_as_soon_as_it_is_written(
    mails: Mails, clock: SetClock, serve: Serve
) -> None:
    """The loop sleeps until it is told, and sends over a real server."""
    async with serve("none") as taken, asyncio.timeout(30):
        way = SmtpWay(Smtp("127.0.0.1", taken.port, "none"))
        outbox = Outbox(mails, way, SENDER, clock)
        running = asyncio.create_task(outbox.run())
        try:
            await mails.add(LETTER, NOW)
            outbox.posted()
            await sent(mails)
        finally:
            running.cancel()
            await asyncio.wait({running})
    ((message, recipients, _),) = taken.mails
    assert (message["Subject"], recipients) == ("You are invited to Works", ["a@b.ch"])


async def test_the_loop_goes_on_when_the_database_was_away(
    mails: Mails, clock: SetClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL restarts; mail waits for it."""
    monkeypatch.setattr(outboxes, "LOOK_EVERY_S", 0.01)
    outbox = Outbox(mails, FolderWay(tmp_path), SENDER, clock)
    due, asked = mails.due, []

    async def fails_once(*given: object) -> object:
        asked.append(given)
        if len(asked) == 1:
            raise Unavailable("away")
        return await due(clock.now())

    monkeypatch.setattr(mails, "due", fails_once)
    await mails.add(LETTER, NOW)
    running = asyncio.create_task(outbox.run())
    try:
        async with asyncio.timeout(30):
            await sent(mails)
    finally:
        running.cancel()
        await asyncio.wait({running})
    assert names(tmp_path) == ["00000001.eml"]
