"""Who is signed in: cookies, passwords, links, and a brake for those who guess."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta

from ohmstead.access import passwords, secrets
from ohmstead.clock import Clock
from ohmstead.dashboard.problems import SlowDown
from ohmstead.errors import NotSignedIn
from ohmstead.store.database import Database
from ohmstead.store.people import People, User

COOKIE = "ohmstead_session"
LIFE = timedelta(days=30)
FREE_TRIES = 5
LONGEST_PAUSE_S = 900
FORGOTTEN_AFTER_S = 3600.0
REMEMBERED_MOST = 10_000
HASHING_AT_ONCE = 2
"""A password hash takes about 0.1 s of one core on purpose; more at once would stop the rest."""
HASHING_TIMEOUT_S = 30.0
WRONG = "There is no account with this e-mail address and password."


class Tries:
    """Failed sign-ins by whom and from where; bounded, the oldest are forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def check(self, who: tuple[str, str]) -> None:
        """SlowDown while the pause after the last failure lasts."""
        count, at_s = self._failed.get(who, (0, 0.0))
        age_s = self._clock.monotonic_s() - at_s
        if count < FREE_TRIES or age_s > FORGOTTEN_AFTER_S:
            return
        left_s = pause_s(count) - age_s
        if left_s > 0:
            raise SlowDown(
                f"{count} sign-ins failed; the next try counts in {left_s:.0f} s", int(left_s) + 1
            )

    def failed(self, who: tuple[str, str]) -> None:
        """One more failure."""
        count, at_s = self._failed.pop(who, (0, 0.0))
        now_s = self._clock.monotonic_s()
        self._failed[who] = (1 if now_s - at_s > FORGOTTEN_AFTER_S else count + 1, now_s)
        while len(self._failed) > REMEMBERED_MOST:
            self._failed.popitem(last=False)

    def succeeded(self, who: tuple[str, str]) -> None:
        """Forget the failures."""
        self._failed.pop(who, None)


def pause_s(failures: int) -> float:
    """How long nobody may try again after so many failures.

    >>> pause_s(4), pause_s(5), pause_s(7), pause_s(100)
    (0.0, 2.0, 8.0, 900.0)
    """
    if failures < FREE_TRIES:
        return 0.0
    return float(min(LONGEST_PAUSE_S, 2 ** min(failures - FREE_TRIES + 1, 20)))


class Sessions:
    """Signing in and out.  Its owner is the dashboard of one cloud."""

    def __init__(self, database: Database, key: bytes, clock: Clock) -> None:
        self._people, self._key, self._clock = People(database), key, clock
        self._tries = Tries(clock)
        self._hashing = asyncio.Semaphore(HASHING_AT_ONCE)

    async def who(self, token: str | None) -> User:
        """Whose session a cookie is; NotSignedIn.  The session is prolonged by being used."""
        if token:
            now = self._clock.now()
            user = await self._people.session(secrets.digest(self._key, token), now, now + LIFE)
            if user is not None:
                return user
        raise NotSignedIn("Sign in first; the session has ended or there was none.")

    async def by_password(self, email: str, password: str, host: str) -> tuple[User, str]:
        """The user and a new session's token; NotSignedIn or SlowDown.

        It takes as long whether the address is known or not.
        """
        who = (email.strip().lower(), host)
        self._tries.check(who)
        found = await self._people.password_hash(email)
        kept = found[1] if found else None
        async with asyncio.timeout(HASHING_TIMEOUT_S), self._hashing:
            self._tries.check(who)
            right = await asyncio.to_thread(passwords.matches, kept, password)
        if found is None or not right:
            self._tries.failed(who)
            raise NotSignedIn(WRONG)
        self._tries.succeeded(who)
        return found[0], await self._begin(found[0])

    async def by_link(self, token: str) -> tuple[User, str]:
        """The user of a sign-in link, which is used up by it; NotSignedIn."""
        user = await self._people.use_link(secrets.digest(self._key, token), self._clock.now())
        if user is None:
            raise NotSignedIn(
                "This sign-in link was used already or is older than a day. "
                "`ohmstead admin user link EMAIL` makes a new one."
            )
        return user, await self._begin(user)

    async def is_password(self, user: User, password: str, host: str) -> bool:
        """Whether it is the user's present password; SlowDown after too many wrong ones."""
        who = (user.email.lower(), host)
        self._tries.check(who)
        found = await self._people.password_hash(user.email)
        async with asyncio.timeout(HASHING_TIMEOUT_S), self._hashing:
            right = await asyncio.to_thread(
                passwords.matches, found[1] if found else None, password
            )
        (self._tries.succeeded if right else self._tries.failed)(who)
        return right

    async def hashed(self, password: str) -> str:
        """What to keep of a new password."""
        async with asyncio.timeout(HASHING_TIMEOUT_S), self._hashing:
            return await asyncio.to_thread(passwords.hashed, password)

    async def renew(self, user: User) -> str:
        """End every session of the user, void the links, begin a new session."""
        await self._people.end_sessions(user.id)
        return await self._begin(user)

    async def end(self, token: str | None) -> None:
        """End one session."""
        if token:
            await self._people.end_session(secrets.digest(self._key, token))

    async def _begin(self, user: User) -> str:
        token = secrets.new_token()
        expires: datetime = self._clock.now() + LIFE
        await self._people.add_session(user.id, secrets.digest(self._key, token), expires)
        return token
