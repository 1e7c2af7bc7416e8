"""Sends the mail that waits: at once when one is written, later and later when it does not work."""

import asyncio
from datetime import timedelta
from email.headerregistry import Address

import structlog

from ohmstead.alerts import letters
from ohmstead.alerts.mail import Undeliverable, Way
from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Unavailable
from ohmstead.store.mails import Mails, Waiting

FIRST_WAIT_S, LONGEST_WAIT_S = 30.0, 3600.0
LOOK_EVERY_S = 30.0
"""What another program wrote, and what became due, is found by then."""

log = structlog.get_logger("mail")


class Outbox:
    """The one that sends.  Its owner is the cloud; one event loop."""

    def __init__(self, mails: Mails, way: Way, sender: Address, clock: Clock) -> None:
        self._mails = mails
        self._way = way
        self._sender = sender
        self._clock = clock
        self._posted = asyncio.Event()

    def posted(self) -> None:
        """A mail was written: look now."""
        self._posted.set()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            self._posted.clear()
            try:
                while await self.send_due():
                    pass
            except Unavailable as trouble:  # the database; it is asked again
                log.warning("mail waits", why=str(trouble))
            try:
                async with asyncio.timeout(await self._pause_s()):
                    await self._posted.wait()
            except TimeoutError:
                continue

    async def _pause_s(self) -> float:
        try:
            due = await self._mails.next_at()
        except Unavailable:
            return LOOK_EVERY_S
        if due is None:
            return LOOK_EVERY_S
        return min(LOOK_EVERY_S, max(1.0, (due - self._clock.now()).total_seconds()))

    async def send_due(self) -> int:
        """Try those whose turn it is; gives how many were tried."""
        due = await self._mails.due(self._clock.now())
        for waiting in due:
            await self._send(waiting)
        return len(due)

    async def _send(self, waiting: Waiting) -> None:
        now = self._clock.now()
        if now >= waiting.give_up_at:
            why = "it could not be sent in time"
            last = f"{why}: {waiting.error}" if waiting.error else why
            await self._mails.give_up(waiting.id, now, last)
            log.error("mail given up", number=waiting.id, kind=waiting.letter.kind)
            return
        try:
            await self._hand_over(waiting)
        except (Undeliverable, BadInput, KeyError) as trouble:
            await self._mails.give_up(waiting.id, self._clock.now(), str(trouble))
            log.error("mail given up", number=waiting.id, why=str(trouble))
        except Unavailable as trouble:
            later = now + timedelta(seconds=wait_s(waiting.tries))
            next_at = min(later, max(waiting.give_up_at, now + timedelta(seconds=1)))
            await self._mails.later(waiting.id, next_at, str(trouble))
            log.warning("mail not sent yet", number=waiting.id, why=str(trouble))
        else:
            await self._mails.sent(waiting.id, self._clock.now(), self._way.name)

    async def _hand_over(self, waiting: Waiting) -> None:
        letter, made_at = waiting.letter, waiting.made_at
        message = letters.mail(
            letter.recipient,
            letter.kind,
            letter.language,
            letter.fields,
            sender=self._sender,
            at=made_at,
            number=waiting.id,
        )
        recipient = letters.address_of(letter.recipient).addr_spec
        await self._way.send(message, recipient, waiting.id)


def wait_s(tries: int) -> float:
    """How long to wait after a try that failed, the first being 0.

    >>> wait_s(0), wait_s(1), wait_s(20)
    (30.0, 60.0, 3600.0)
    """
    return min(FIRST_WAIT_S * 2.0 ** min(tries, 10), LONGEST_WAIT_S)
