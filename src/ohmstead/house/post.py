"""Mail and accounts of a cloud: who sends what the pages write, and what they know of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ohmstead.alerts.mail import way_of
from ohmstead.alerts.outbox import Outbox
from ohmstead.clock import Clock
from ohmstead.dashboard.parts import Accounts
from ohmstead.house.background import Background
from ohmstead.house.installation import Installation
from ohmstead.settings.cloud import CloudOptions
from ohmstead.store.mails import Mails

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@asynccontextmanager
async def accounts(
    options: CloudOptions, home: Installation, urls: Sequence[str], clock: Clock
) -> AsyncIterator[Accounts]:
    """How accounts are handled, and mail sent, for as long as the block lasts.

    `urls` are the pages' addresses, without and with TLS: links lead to the second where other
    machines reach it, and never where a request says it came to.
    """
    post = options.post
    outbox = Outbox(Mails(home.database, home.key), way_of(post), post.sender, clock)
    near = options.https.host in LOOPBACK and not options.names
    url = options.pages_url or urls[0 if near else 1]
    async with Background() as tasks:
        tasks.run(outbox.run(), name="mail")
        yield Accounts(
            sign_up=options.sign_up,
            pages_url=url,
            mail=post,
            posted=outbox.posted,
            token_rate=options.token_rate,
        )
