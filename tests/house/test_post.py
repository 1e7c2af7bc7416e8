"""Mail and accounts of a cloud, joined: what is written is sent, and links lead to the pages."""

import asyncio
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from ohmstead.clock import SystemClock
from ohmstead.house.installation import Place, opened
from ohmstead.house.post import accounts
from ohmstead.settings.address import Address
from ohmstead.settings.cloud import CloudOptions
from ohmstead.store.mails import Letter, Mails

CLOCK = SystemClock()
URLS = ("http://127.0.0.1:8000", "https://energy.lan:8443")
ANYWHERE = Address("0.0.0.0", 8443)
LAN = Address("192.0.2.1", 8443)


def files(folder: Path) -> list[bytes]:
    """The mails in a folder."""
    return [file.read_bytes() for file in sorted(folder.glob("*.eml"))]


async def test_what_is_written_lands_in_the_folder(database_url: str, tmp_path: Path) -> None:
    """Without an SMTP server mail is in DATA/mail, at once after it was written."""
    options = CloudOptions(tmp_path, sign_up=True)
    async with (
        opened(Place(None, database_url), program="admin", clock=CLOCK) as home,
        accounts(options, home, URLS, CLOCK) as how,
    ):
        assert (how.sign_up, how.mail.smtp) == (True, None)
        mails = Mails(home.database, home.key)
        await mails.add(Letter("a@b.ch", "test", "de", {}), CLOCK.now())
        how.posted()
        async with asyncio.timeout(30):
            while (await mails.counts()).sent == 0:  # each question waits for the database
                pass
    (mail,) = files(tmp_path / "mail")
    assert message_from_bytes(mail, policy=default)["Subject"] == "Angekommen"


@pytest.mark.parametrize(
    "options, url",
    [
        ({}, URLS[0]),
        ({"https": ANYWHERE}, URLS[1]),
        ({"https": LAN}, URLS[1]),
        ({"names": ("energy.lan",)}, URLS[1]),
        ({"pages_url": "https://energy.example"}, "https://energy.example"),
    ],
)
async def test_links_lead_to_where_others_reach_the_pages(
    database_url: str, tmp_path: Path, options: dict[str, object], url: str
) -> None:
    """What was set, else https where other machines reach it; never what a request claims."""
    given = CloudOptions(tmp_path, **options)  # type: ignore[arg-type]
    async with (
        opened(Place(None, database_url), program="admin", clock=CLOCK) as home,
        accounts(given, home, URLS, CLOCK) as how,
    ):
        assert how.pages_url == url
