"""A cloud that is not there: the built pages with a made-up API.  Page tests need no database.

Its answers have the shapes of the dashboard's API; its pages have a Content-Security-Policy that is
stricter than the real one.  Tests change what it says through the attributes of `StandIn`.
"""

import asyncio
import json
import mimetypes
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from tests.dashboard.described import DOCUMENT
from tests.web import made_up, made_up_questions
from tests.web.made_up import BY_ID, METERS, ZONE
from tests.web.stand_in_accounts import CODE, Accounts
from tests.web.stand_in_costs import Costs

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'"
)
EMAIL = "ada@example.org"
PASSWORD = "correct horse battery"  # made up, as everything here
TOKEN = "a-sign-in-link-that-works"

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


@dataclass
class StandIn:
    """What the made-up cloud knows and how it behaves; tests change it."""

    pages: Path
    url: str = ""
    signed_in: bool = True
    has_password: bool = True
    first_run: bool = False
    language: str | None = None
    empty: bool = False
    age_s: float | None = 1.4
    """How old every latest reading is; None where no meter has ever said anything."""
    beat_s: float | None = 0.5
    """Between two live readings of a meter; None when the meters are quiet."""
    fails: dict[str, int] = field(default_factory=dict)
    """Start of a path -> the status it is answered with."""
    ahead: timedelta = timedelta()
    """This cloud's clock minus the machine's."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    """Method, path and body of every request so far."""
    told: dict[str, dict[str, float]] = field(default_factory=dict)
    """The last live values of each meter."""
    closing: bool = False
    accounts: Accounts = field(default_factory=Accounts)
    costs: Costs = field(default_factory=Costs)
    role: str = "admin"
    organisation: int | None = None

    @property
    def now(self) -> datetime:
        """The time of this cloud."""
        return datetime.now(tz=ZONE) + self.ahead

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """The ASGI app."""
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"]
        query = {key: said[0] for key, said in parse_qs(scope["query_string"].decode()).items()}
        body = await _body(receive)
        self.asked.append((method, path, body))
        failing = next((self.fails[start] for start in self.fails if path.startswith(start)), None)
        if failing:
            await _problem(send, failing)
        elif path == "/api/live":
            await self._live(receive, send, query["meters"].split(","))
        elif path.startswith("/api/session"):
            await self._session(send, method, path, body)
        elif path.startswith("/api/"):
            await self._api(send, (method, path.split("/")[2:]), query, body)
        elif path == "/schema/openapi.json":
            await _json(send, 200, DOCUMENT)
        else:
            await self._page(send, path)

    def user(self) -> Message:
        """Who is signed in."""
        return {
            "id": 1,
            "email": EMAIL,
            "name": "Ada",
            "role": self.role,
            "organisation": self.organisation,
            "organisation_name": "Stadtwerke Lindenhof" if self.organisation else None,
            "language": self.language,
            "has_password": self.has_password,
            "second_factor": self.accounts.second_since is not None,
        }

    async def _session(self, send: Send, method: str, path: str, body: Any) -> None:
        if method == "POST":
            given = {name: said for name, said in body.items() if name != "code"}
            right = given in ({"email": EMAIL, "password": PASSWORD}, {"token": TOKEN})
            if right and self.accounts.asks_for_code and body.get("code") != CODE:
                errors = [{"field": "code", "message": "a code is needed too"}]
                await _problem(send, 401, errors)
                return
            self.signed_in = right
        if not self.signed_in:
            await _problem(send, 401)
        elif method == "DELETE":
            self.signed_in = False
            await _answer(send, 204, b"", "text/plain")
        else:
            await _json(send, 200, {"user": self.user()})

    async def _api(
        self, send: Send, what: tuple[str, list[str]], query: dict[str, str], body: Any
    ) -> None:
        found = self.accounts.open_to_all(*what, body)
        if found is None and self.signed_in:
            found = self.accounts.answer(*what, query, body)
            found = found or self.costs.answer(*what, query, body)
        if found is not None:
            await self._told(send, *found)
            return
        match what:
            case "GET", ["status"]:
                sign_up = self.accounts.sign_up
                said = {"version": "0.1.0", "first_run": self.first_run, "sign_up": sign_up}
                await _json(send, 200, said)
            case _ if not self.signed_in:
                await _problem(send, 401)
            case "PUT", ["account"]:
                await self._account(send, body)
            case "GET", ["catalogue"]:
                await _json(send, 200, made_up.CATALOGUE)
            case "GET", ["meters"]:
                shown = () if self.empty else METERS
                items = [made_up.summary(meter, self.now, self.age_s) for meter in shown]
                await _json(send, 200, {"items": items, "next": None})
            case "GET", ["meters", meter, *rest] if meter in BY_ID:
                await self._meter(send, BY_ID[meter], rest, query)
            case "GET", ["sites", _, question] if shape := made_up_questions.site(question, query):
                await _json(send, 200, shape)
            case _:
                await _problem(send, 404)

    async def _told(self, send: Send, status: int, said: Any) -> None:
        if said == "signed in":
            self.signed_in, said = True, {"user": self.user()}
        if status >= 400:
            await _problem(send, status, said)
        elif status == 204:
            await _answer(send, 204, b"", "text/plain")
        else:
            await _json(send, status, said)

    async def _account(self, send: Send, body: Any) -> None:
        guarded = self.has_password and "password" in body
        if guarded and body.get("current_password") != PASSWORD:
            await _problem(send, 403)
            return
        self.has_password = self.has_password or "password" in body
        self.language = body.get("language", self.language)
        await _json(send, 200, {"user": self.user(), "to_confirm": None})

    async def _meter(
        self, send: Send, meter: made_up.MadeUp, rest: list[str], query: dict[str, str]
    ) -> None:
        if not rest:
            await _json(send, 200, made_up.details(meter, self.now, self.age_s))
        elif rest == ["power"]:
            first, last = (datetime.fromisoformat(query[key]) for key in ("from", "to"))
            points = int(query["points"])
            await _json(send, 200, made_up.power(meter, self.now, first, last, points))
        elif found := made_up_questions.asked(meter, rest[0], query):
            await _json(send, 200, found)
        else:
            days = [date.fromisoformat(query[key]) for key in ("from", "to")]
            await _json(send, 200, made_up.energy(meter, self.now, *days))

    async def _live(self, receive: Receive, send: Send, meters: list[str]) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while not self.closing:
            data = b": here\n\n" + b"".join(map(self._event, meters if self.beat_s else []))
            await send({"type": "http.response.body", "body": data, "more_body": True})
            with suppress(TimeoutError):
                async with asyncio.timeout(self.beat_s or 0.5):
                    await receive()  # the browser went away
                    return

    def _event(self, meter: str) -> bytes:
        at = self.now
        self.told[meter] = made_up.values(BY_ID[meter], at)
        said = {"meter": meter, "at": at.isoformat(), "values": self.told[meter]}
        return f"event: reading\ndata: {json.dumps(said)}\n\n".encode()

    async def _page(self, send: Send, path: str) -> None:
        file = (self.pages / path.lstrip("/")).resolve()
        if not file.is_file() or self.pages not in file.parents:
            file = self.pages / "index.html"
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        await _answer(send, 200, file.read_bytes(), kind)


async def _body(receive: Receive) -> Any:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return json.loads(body) if body else None


async def _problem(send: Send, status: int, errors: Any = None) -> None:
    said = {"type": "about:blank", "title": "", "status": status, "detail": "", "request_id": "r-7"}
    said = {**said, "errors": errors or []}
    await _json(send, status, said, "application/problem+json")


async def _json(send: Send, status: int, said: object, kind: str = "application/json") -> None:
    await _answer(send, status, json.dumps(said).encode(), kind)


async def _answer(send: Send, status: int, body: bytes, kind: str) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-security-policy", CSP.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def standing_in(pages: Path) -> Iterator[StandIn]:
    """A StandIn that answers on a free port of this machine until the block ends."""
    app = StandIn(pages)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), name="stand-in")
        thread.start()
        try:
            yield app
        finally:
            app.closing = server.should_exit = True
            thread.join(timeout=15)
