"""Every trouble that the description names can be had, from every route that names it."""

import json
from typing import Any

import httpx
import pytest
from tests.dashboard.conftest import KEY, PASSWORD, Enter, SignIn, World, assert_problem

from ohmstead.dashboard.api import app
from ohmstead.dashboard.attempts import FREE
from ohmstead.dashboard.openapi import dumped
from ohmstead.errors import Unavailable
from ohmstead.store import database as databases
from ohmstead.store.database import Database

CASES = [
    (method.upper(), path, int(status))
    for path, methods in json.loads(dumped())["paths"].items()
    for method, operation in methods.items()
    for status in operation["responses"]
    if int(status) >= 400
]
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/session": {"email": "nobody@example.org", "password": "wrong"},
    "POST /api/session/link": {"token": "x" * 43},
    "PUT /api/account": {"password": "another long one", "current_password": "wrong"},
}
"""Bodies that are well formed."""
BAD_QUERIES = {
    "/api/meters": "limit=0",
    "/api/meters/{id}/power": "points=0",
    "/api/meters/{id}/energy": "from=x",
    "/api/live": "meters=",
}
REMOTE = "192.0.2.7"


class Request:
    """One request to a route, which a test bends until it fails."""

    def __init__(self, method: str, path: str) -> None:
        self.method, self.path = method, path
        self.body = BODIES.get(f"{method} {path}")
        self.query = ""
        self.content: bytes | None = None

    async def by(self, client: httpx.AsyncClient) -> httpx.Response:
        """Send it."""
        url = self.path.replace("{id}", "m1") + (f"?{self.query}" if self.query else "")
        if self.content is not None:
            return await client.request(self.method, url, content=self.content)
        return await client.request(self.method, url, json=self.body)


@pytest.mark.parametrize("method, path, status", CASES)
async def test_a_trouble_that_is_named_happens(
    world: World,
    enter: Enter,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    status: int,
) -> None:
    """Each route answers with each status it documents, as a whole problem+json."""
    await world.user()
    request = Request(method, path)
    client = enter() if status == 401 else await sign_in()
    match status:
        case 400:
            await world.meter()
            request.query, request.body = BAD_QUERIES.get(path, ""), {"nonsense": 1}
        case 403:
            client = enter(host=REMOTE)
        case 404:
            request.query = "meters=nobody" if path == "/api/live" else ""
        case 409:
            await world.user("bob@example.org")
            request.body = {"email": "bob@example.org", "current_password": PASSWORD}
        case 413:
            request.content = b"x" * 70_000
        case 429:
            monkeypatch.setattr(world.hub, "_most_of_one", 0)
            for _ in range(FREE):
                await request.by(client)
        case 500:
            _break(monkeypatch, RuntimeError("unforeseen"))
        case 503:
            _break(monkeypatch, Unavailable("away"))
    answer = await request.by(client)
    assert_problem(answer, status)
    assert ("retry-after" in answer.headers) is (status in (429, 503))


def _break(monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    def fails(_self: Database) -> None:
        raise trouble

    monkeypatch.setattr(Database, "transaction", fails)


async def test_a_database_that_is_away_is_told_without_its_address(
    world: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 that says what to do; where the database is remains inside."""
    monkeypatch.setattr(databases, "WAIT_S", 0.1)
    async with Database("postgresql://someone@127.0.0.1:1/nothing") as away:
        answer = await enter(app=app(away, world.hub, KEY, world.clock)).get("/api/status")
    assert_problem(answer, 503, "try again")
    assert "someone" not in answer.text
    assert answer.headers["retry-after"] == "5"
