"""What the tests of the dashboard share: an app over a real database, people, meters, clients."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.dashboard.described import as_described

from ohmstead.access import codes, passwords, secrets
from ohmstead.access.roles import Role
from ohmstead.clock import SetClock
from ohmstead.dashboard.api import app
from ohmstead.dashboard.door import App
from ohmstead.dashboard.live import Hub
from ohmstead.dashboard.parts import Accounts
from ohmstead.dashboard.sessions import COOKIE, LIFE
from ohmstead.reading.reading import Identity
from ohmstead.store.audit import Audit, By
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.links import Links, Purpose
from ohmstead.store.mails import Letter, Mails
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.people import People, User
from ohmstead.store.second_factors import SecondFactors
from ohmstead.store.sessions import Sessions
from ohmstead.store.sites import Organisations, Sites

NOW = datetime(2035, 11, 21, 12, tzinfo=UTC)
"""Ahead of the machine, whose own time the database sweeps expired sessions by."""
KEY = b"k" * 32
PASSWORD = "a horse that is correct"
HASH = passwords.hashed(PASSWORD)
LOCAL = "http://localhost"
SECRET = b"12345678901234567890"
"""Of everybody's authenticator."""

Enter = Callable[..., httpx.AsyncClient]
SignIn = Callable[..., Awaitable[httpx.AsyncClient]]


@dataclass(frozen=True)
class World:
    """A dashboard, and what is behind it."""

    app: App
    hub: Hub
    clock: SetClock
    database: Database

    accounts: Accounts

    @property
    def people(self) -> People:
        return People(self.database)

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.database)

    @property
    def links(self) -> Links:
        return Links(self.database)

    async def second_step(self, user: User) -> list[str]:
        """Turn the second step on with SECRET; gives the recovery codes."""
        factors, by = SecondFactors(self.database, KEY), By(user.email, self.clock.now())
        await factors.propose(user, SECRET)
        code = codes.code(SECRET, by.at.timestamp())
        return await factors.confirm(user, code, by=by) or []

    async def letters(self) -> list[Letter]:
        """What was written and waits to be sent, the oldest first."""
        return [each.letter for each in await Mails(self.database, KEY).due(self.clock.now(), 99)]

    async def told(self) -> list[str]:
        """The actions of the audit log, the oldest first."""
        return [entry.action for entry in await Audit(self.database).page()][::-1]

    async def user(
        self,
        email: str = "ada@example.org",
        role: Role = Role.ADMIN,
        organisation: int | None = None,
        password: str | None = HASH,
    ) -> User:
        """Somebody new, whose password is PASSWORD unless they have none."""
        made = await self.people.add(email, role, organisation)
        if password:
            await self.people.set_password(made.id, password)
        return made

    async def link(self, user: User, life: timedelta = timedelta(days=1)) -> str:
        """The token of a sign-in link."""
        token = secrets.new_token()
        await self.links.add(
            user, Purpose.SIGN_IN, secrets.digest(KEY, token), NOW + life, by=By("test", NOW)
        )
        return token

    async def meter(
        self, id: str = "m1", owner: str = "Works", zone: str = "Europe/Zurich", **given: object
    ) -> Meter:
        """A meter of an organisation that is made when there is none of that name."""
        known = {each.name: each for each in await Organisations(self.database).all()}
        organisation = known.get(owner) or await Organisations(self.database).add(owner)
        sites = {each.name: each for each in await Sites(self.database).all(organisation.id)}
        site = sites.get(zone) or await Sites(self.database).add(zone, organisation.id, zone)
        properties = {"type": "electricity", "interval_s": 10.0, **given}
        return await Meters(self.database).add(id, site.id, **properties)  # type: ignore[arg-type]

    async def measured(self, meter: Meter, *rows: tuple[datetime, dict[str, float]]) -> None:
        """Store readings of a meter; the key `value` is the value of one that is not electric."""
        await Committer(self.database, self.clock).commit(
            [
                Row(
                    meter.stream,
                    at,
                    NOW,
                    {obis: number for obis, number in said.items() if obis != "value"},
                    value=said.get("value"),
                    identity=Identity(id="4711", model="AM550"),
                )
                for at, said in rows
            ]
        )


@pytest.fixture
def clock() -> SetClock:
    """The noon at which these tests stand."""
    return SetClock(NOW)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder of built pages, as the real ones lie in the package."""
    folder = tmp_path / "cloud"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Ohmstead</title>" + " " * 2000)
    (folder / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets" / "index-abc123.js").write_text("export default 1;\n" * 200)
    return folder


@pytest.fixture
def world(database: Database, clock: SetClock, built: Path) -> World:
    """A dashboard over a database of its own."""
    hub, accounts = Hub(), Accounts(sign_up=True, pages_url="https://cloud.example", least_s=0.0)
    inside = app(database, hub, KEY, clock, accounts=accounts, pages=built)
    return World(inside, hub, clock, database, accounts)


@pytest_asyncio.fixture
async def enter(world: World) -> AsyncIterator[Enter]:
    """Makes clients: `enter()` sits on this machine, `enter(host="192.0.2.1")` does not."""
    async with AsyncExitStack() as stack:
        clients: list[httpx.AsyncClient] = []

        def make(
            host: str = "127.0.0.1", base: str = LOCAL, app: App = world.app
        ) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, client=(host, 1))  # type: ignore[arg-type]
            hooks = {"response": [as_described]}
            clients.append(httpx.AsyncClient(transport=transport, base_url=base, event_hooks=hooks))
            return clients[-1]

        stack.push_async_callback(_close, clients)
        yield make


async def _close(clients: list[httpx.AsyncClient]) -> None:
    for client in clients:
        await client.aclose()


@pytest.fixture
def sign_in(world: World, enter: Enter) -> SignIn:
    """Makes clients that are signed in: `await sign_in("ada@example.org")`.

    Their session is written straight into the store, which spares a password's hash.
    """

    async def make(email: str = "ada@example.org", **where: Any) -> httpx.AsyncClient:
        client, token = enter(**where), secrets.new_token()
        user = await world.people.get(email)
        digest = secrets.digest(KEY, token)
        now = world.clock.now()
        await world.sessions.begin(user, digest, now + LIFE, by=By(email, now))
        client.cookies.set(COOKIE, token, domain="localhost.local")
        return client

    return make


def assert_problem(answer: httpx.Response, status: int, *words: str) -> None:
    """`answer` is a whole problem+json of this status, its detail with all `words`."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert set(said) == {"type", "title", "status", "detail", "request_id", "errors"}
    assert said["status"] == status
    assert said["request_id"] == answer.headers["x-request-id"]
    for word in words:
        assert word in said["detail"], said["detail"]
