"""A push API over a database of its own, in a thread, for tests that are clients."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx

from ohmstead.clock import SystemClock
from ohmstead.collector.intake import Stored
from ohmstead.house.http import HttpServer, listen
from ohmstead.house.packets import push_api
from ohmstead.store.credentials import Credentials
from ohmstead.store.database import Database
from ohmstead.store.meters import Meters
from ohmstead.store.partners import Partners
from ohmstead.store.sites import Organisations, Sites

KEY = b"k" * 32
WAIT_S = 30.0
PATH = "/measurements/v2/unifiedjson"
Made = TypeVar("Made")


async def _others(scope: Any, _receive: Any, send: Any) -> None:
    """What stands behind the push API: says the path."""
    body = f"page {scope['path']}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Pushing:
    """A running push API; meters m1 (site 1 of 1), m2 (site 2 of 1), far (site 3 of 2)."""

    url: str
    port: int
    loop: asyncio.AbstractEventLoop
    database: Database
    logins: dict[str, tuple[str, str]]
    shown: list[Stored] = field(default_factory=list)

    def do(self, work: Coroutine[Any, Any, Made]) -> Made:
        """What `work` gives, done where the server runs."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_S)

    def rows(self, question: str, *values: Any) -> list[dict[str, Any]]:
        return self.do(self.database.rows(question, values))

    def until(self, done: Callable[[], Any]) -> Any:
        """What `done` gives as soon as that is something; asked for again and again."""

        async def moment() -> None:
            await asyncio.sleep(0.05)

        for _ in range(round(WAIT_S / 0.05)):
            if found := done():
                return found
            self.do(moment())
        raise AssertionError("it never came")

    def client(self, scope: str | None = "org:1", **named: Any) -> httpx.Client:
        """A client that signs in for `scope`."""
        auth = self.logins[scope] if scope else None
        return httpx.Client(base_url=self.url, auth=auth, timeout=WAIT_S, **named)

    def meter(self, id: str, **properties: Any) -> None:
        """A further meter at site 1."""
        given = {"type": "electricity", "interval_s": 300.0, **properties}
        self.do(Meters(self.database).add(id, 1, **given))


SCOPES = ("meter:m1", "site:1", "org:1", "org:2", "partner:1")


async def furnished(database: Database) -> dict[str, tuple[str, str]]:
    """Organisations, sites, meters and credentials; gives user name and password of each scope."""
    for name in ("Works", "Homes"):
        await Organisations(database).add(name)
    sites = Sites(database)
    for name, owner in (("one", 1), ("two", 1), ("three", 2)):
        await sites.add(name, owner, "Europe/Zurich")
    for id, site in (("m1", 1), ("m2", 2), ("far", 3)):
        await Meters(database).add(id, site, "electricity", 300.0)
    await Partners(database).add("Sender Ltd")
    await Partners(database).attach(1, 2)
    found, logins = Credentials(database, KEY), {}
    for scope in SCOPES:
        made, password = await found.add(scope, at=datetime.now(UTC), by="test")
        logins[scope] = made.username, password
    return logins


@contextmanager
def pushing(url: str, *, trusted: tuple[str, ...] = ()) -> Iterator[Pushing]:
    """A push API over the database at `url`, furnished."""
    ready, ended = threading.Event(), asyncio.Event()
    made: list[Pushing | BaseException] = []

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database(url))
            logins = await furnished(database)
            shown: list[Stored] = []
            push = await stack.enter_async_context(
                push_api(
                    database, KEY, SystemClock(), _others, trusted=trusted, on_stored=shown.extend
                )
            )
            server = await stack.enter_async_context(
                HttpServer(push.app, listen("127.0.0.1", 0, "test"), protocol=push.protocol)
            )
            at = f"http://127.0.0.1:{server.port}"
            loop = asyncio.get_running_loop()
            made.append(Pushing(at, server.port, loop, database, logins, shown))
            ready.set()
            await ended.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as trouble:
            made.append(trouble)
            ready.set()
            raise

    thread = threading.Thread(target=run, name="push api", daemon=True)
    thread.start()
    assert ready.wait(WAIT_S)
    found = made[0]
    if isinstance(found, BaseException):
        raise found
    try:
        yield found
    finally:
        stop: Callable[[], None] = ended.set
        found.loop.call_soon_threadsafe(stop)
        thread.join(WAIT_S)
