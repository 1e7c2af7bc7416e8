"""How mail goes out, over the API."""

from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path

from tests.dashboard.conftest import KEY, NOW, SignIn, World, assert_problem

from ohmstead.dashboard import api
from ohmstead.dashboard.attempts import FREE
from ohmstead.dashboard.parts import Accounts
from ohmstead.settings.mail import MailOptions, Smtp
from ohmstead.store.mails import Mails


async def test_it_is_said_that_mail_goes_into_a_folder(world: World, sign_in: SignIn) -> None:
    """Where no SMTP server is set, the admin page shows that this is so."""
    await world.user()
    root = await sign_in()
    said = (await root.get("/api/mail")).json()
    assert (said["way"], said["server"], said["folder"]) == ("folder", None, "mail")
    assert said["sender"] == "Ohmstead <ohmstead@localhost>"
    said = (await root.post("/api/mail/test")).json()
    assert (said["waiting"], said["items"][0]["kind"]) == (1, "test")
    assert said["items"][0]["recipient"] == "ada@example.org"


async def test_what_went_wrong_is_shown_but_no_secret(world: World, sign_in: SignIn) -> None:
    """The last error of a mail that waits; the server without its user's password."""
    told: list[int] = []
    post = MailOptions(
        Address("", "a", "b.ch"), Path("mail"), Smtp("smtp.b.ch", 587, "starttls", "me", "hidden")
    )
    accounts = Accounts(mail=post, posted=lambda: told.append(1))
    inside = api.app(world.database, world.hub, KEY, world.clock, accounts=accounts)
    await world.user()
    root = await sign_in(app=inside)
    await root.post("/api/mail/test")
    mails = Mails(world.database, KEY)
    (waiting,) = await mails.due(NOW)
    await mails.later(waiting.id, NOW + timedelta(hours=1), "smtp.b.ch:587 cannot be reached")
    answer = await root.get("/api/mail")
    said = answer.json()
    assert (said["way"], said["server"], said["security"]) == ("smtp", "smtp.b.ch:587", "starttls")
    assert "hidden" not in answer.text
    assert said["items"][0]["error"] == "smtp.b.ch:587 cannot be reached"
    await root.post("/api/mail/now")
    assert len(await mails.due(NOW)) == 1
    assert len(told) == 2


async def test_tests_have_a_bound(world: World, sign_in: SignIn) -> None:
    """A button that is pressed again and again fills nobody's box."""
    await world.user()
    root = await sign_in()
    for _ in range(FREE):
        await root.post("/api/mail/test")
    assert_problem(await root.post("/api/mail/test"), 429)
