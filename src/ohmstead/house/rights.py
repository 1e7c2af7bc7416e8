"""Who may do what at the broker: devices, integrations, the relay; and what ends at a change.

Rights are read from the store at each sign-in.  When they change, whoever changed them tells
(`store/changes.py`), and the connections of that user end, so that they sign in anew.
"""

import asyncio
import contextlib
from datetime import datetime
from hmac import compare_digest

import structlog
from nats.errors import Error as NatsError

from ohmstead.access import secrets
from ohmstead.broker.callout import Grant, Login, is_own
from ohmstead.broker.connections import Connections
from ohmstead.broker.link import Link
from ohmstead.broker.words import Violation
from ohmstead.clock import Clock
from ohmstead.errors import Unavailable
from ohmstead.house.installation import Installation
from ohmstead.integrations.relay import Relay
from ohmstead.store import changes
from ohmstead.store.break_outs import CLIENT_ID, BreakOut, BreakOuts
from ohmstead.store.devices import Devices
from ohmstead.store.integrations import PREFIX, Integrations

log = structlog.get_logger("cloud.rights")

AGAIN_S = 1.0
"""Connections are ended a second time after so long: a sign-in may have been on its way."""
WRITE_S = 1.0
"""Attempts to break out are written down so often."""
MOST_ATTEMPTS = 10_000
"""Users and kinds of attempts that are counted between two writes."""


class Rights:
    """Answers the broker's questions."""

    def __init__(self, home: Installation, clock: Clock) -> None:
        self._key, self._clock = home.key, clock
        self._devices, self._integrations = Devices(home.database), Integrations(home.database)
        self.relay_user = f"relay-{secrets.new_secret()[:12]}"
        self.relay_password = secrets.new_secret()

    async def of(self, login: Login) -> Grant | None:
        """What somebody may do; None when they may not come in."""
        if login.username == self.relay_user:
            right = compare_digest(login.password.encode(), self.relay_password.encode())
            return Grant(publish=("ext/+/+",), any_client=True) if right else None
        if login.username.startswith(PREFIX):
            return await self._integration(login)
        return await self._device(login)

    async def _integration(self, login: Login) -> Grant | None:
        found = await self._integrations.credential(login.username)
        right = self._matches(login, found.digest if found else None)
        old = found.old_digest if found and _still(found.old_until, self._clock.now()) else None
        if found is None or not (self._matches(login, old) or right):
            return None
        return Grant(subscribe=(f"ext/{found.id}/#",))

    async def _device(self, login: Login) -> Grant | None:
        found = await self._devices.credential(login.username)
        if not self._matches(login, found.digest if found else None) or found is None:
            return None
        free = is_own(login.client_id, login.username) or await self._free(login)
        if free and not is_own(login.client_id, login.username):
            free = await self._devices.take_client_id(found.device, login.client_id)
        return Grant(publish=(f"up/{found.device.mac}",), any_client=free)

    async def _free(self, login: Login) -> bool:
        """Whether a client id is nobody's name: it would sign its holder's connection off."""
        id, name = login.client_id, login.client_id.partition(":")[0]
        if not id.isprintable() or '"' in id or name == self.relay_user or name.startswith(PREFIX):
            return False
        return await self._devices.credential(name) is None

    def _matches(self, login: Login, digest: bytes | None) -> bool:
        """In the same time whether there is anything to compare with or not."""
        return secrets.matches(self._key, login.password, bytes(digest or bytes(32)))


def _still(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until


class Watch:
    """Ends connections whose rights changed, and tells the relay what changed."""

    def __init__(self, home: Installation, link: Link, relay: Relay, clock: Clock) -> None:
        self._home, self._link, self._relay, self._clock = home, link, relay, clock
        self._ending: set[str] = set()
        self._more = asyncio.Event()

    async def listen(self) -> None:
        """Hears of changes until it is cancelled."""
        async for username in changes.heard(self._home.database):
            self._relay.changed()
            if username:
                self._ending.add(username)
                self._more.set()

    async def end(self) -> None:
        """Ends connections, until it is cancelled; twice for each user.

        The second time those that were begun before the first, and whose sign-in was answered with
        the rights from before the change.
        """
        again: set[str] = set()
        changed_at = self._clock.now()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S if again or self._ending else None):
                    await self._more.wait()
            self._more.clear()
            fresh, self._ending = self._ending, set()
            try:
                async with Connections(self._link) as connections:
                    ended = await connections.kick(again, before=changed_at) if again else 0
                    changed_at = self._clock.now()
                    ended += await connections.kick(fresh) if fresh else 0
            except (NatsError, TimeoutError, Unavailable) as trouble:
                log.warning("connections not ended yet", users=len(fresh), why=repr(trouble))
                self._ending |= fresh | again
                again = set()
                continue
            if ended:
                log.info("connections ended: rights changed", connections=ended, users=len(fresh))
            again = fresh


class Attempts:
    """Counts attempts to break out, and writes them down."""

    def __init__(self, home: Installation, clock: Clock) -> None:
        self._store, self._clock = BreakOuts(home.database), clock
        self._counted: dict[tuple[str, str], BreakOut] = {}

    def violation(self, user: str | None, violation: Violation) -> None:
        """A topic that a user may not use; `user` None when nobody knows who it was."""
        self._count(user or violation.client_id, violation.kind, violation.topic)

    def wrong_client(self, login: Login) -> None:
        """A good password with the client id of another."""
        self._count(login.username, CLIENT_ID, login.client_id)

    def _count(self, user: str, kind: str, what: str) -> None:
        before = self._counted.get((user, kind))
        if before is None and len(self._counted) >= MOST_ATTEMPTS:
            return
        attempts = (before.attempts if before else 0) + 1
        self._counted[user, kind] = BreakOut(attempts, what, self._clock.now())

    async def write(self) -> None:
        """Write down what was counted, again and again, until it is cancelled."""
        while True:
            await asyncio.sleep(WRITE_S)
            counted, self._counted = self._counted, {}
            try:
                await self._store.add(counted)
            except Unavailable as trouble:
                log.warning("attempts to break out not written yet", why=str(trouble))
                self._counted = {**counted, **self._counted}
