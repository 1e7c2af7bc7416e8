"""Every trouble that the description names can be had, from every route that names it."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from tests.dashboard.conftest import KEY, NOW, PASSWORD, Enter, SignIn, World, assert_problem
from tests.dashboard.described import DOCUMENT

from ohmstead.access import secrets
from ohmstead.access.roles import Role
from ohmstead.analytics.tariff_check import read
from ohmstead.dashboard.api import app
from ohmstead.dashboard.attempts import FORGOTTEN_S, FREE
from ohmstead.dashboard.limits import Allowance, Limits
from ohmstead.errors import Unavailable
from ohmstead.store import database as databases
from ohmstead.store import tokens
from ohmstead.store.audit import By
from ohmstead.store.database import Database
from ohmstead.store.devices import Devices
from ohmstead.store.facts import CA_CERTIFICATE, Facts
from ohmstead.store.integration_wish import Step, Wish
from ohmstead.store.integrations import Integration, Integrations
from ohmstead.store.links import Purpose
from ohmstead.store.meters import Meters
from ohmstead.store.partners import Partners
from ohmstead.store.sites import Organisations, Sites
from ohmstead.store.sql_readers import SqlReaders
from ohmstead.store.tariffs import Tariffs

ROUTES: list[tuple[str, str, list[int]]] = [
    (method.upper(), path, sorted(int(each) for each in operation["responses"] if int(each) >= 400))
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
TARIFF: dict[str, Any] = {
    "name": "Taken",
    "currency": "CHF",
    "versions": [
        {"from": "2025-01-01", "charges": [{"kind": "energy", "name": "E", "price": "1"}]}
    ],
}
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/session": {"email": "nobody@example.org", "password": "wrong"},
    "POST /api/session/link": {"token": "x" * 43},
    "PUT /api/account": {"password": "another long one", "current_password": "wrong"},
    "POST /api/sign-up": {"email": "new@example.org", "organisation": "Home"},
    "POST /api/password/forgotten": {"email": "ada@example.org"},
    "POST /api/link": {"token": "x" * 43},
    "POST /api/activation": {"token": "x" * 43, "password": "a long one"},
    "POST /api/password/reset": {"token": "x" * 43, "password": "a long one"},
    "POST /api/account/address": {"token": "x" * 43},
    "POST /api/account/second-factor": {"current_password": "wrong"},
    "POST /api/account/second-factor/confirm": {"code": "000000"},
    "POST /api/account/second-factor/recovery-codes": {"code": "000000"},
    "POST /api/account/second-factor/off": {"code": "000000"},
    "POST /api/tokens": {"scope": "read", "current_password": "wrong"},
    "POST /api/people/invitations": {"email": "new@example.org", "role": "viewer"},
    "PUT /api/people/{id}": {"role": "viewer"},
    "POST /api/people": {"email": "new@b.ch", "role": "viewer", "organisation": 999},
    "POST /api/sites": {"name": "Taken", "timezone": "UTC", "organisation": 999},
    "PUT /api/sites/{id}": {"name": "Taken"},
    "POST /api/meters": {"id": "m1", "site": 999, "type": "gas", "interval_s": 60},
    "PUT /api/meters/{id}": {"type": "gas"},
    "POST /api/meters/{id}/uploads/look": {"data": "", "whole": True},
    "POST /api/meters/{id}/uploads": {"state": "x", "data": "", "last": True, "store": True},
    "POST /api/virtual-meters": {"id": "m1", "site": 999, "formula": "m1"},
    "PUT /api/meters/{id}/formula": {"formula": "m1"},
    "PUT /api/meters/{id}/parent": {"parent": None},
    "POST /api/devices": {"mac": "A842E39F8124", "site": 999},
    "POST /api/credentials": {"scope": "site:999"},
    "POST /api/credentials/{id}/rotate": {},
    "POST /api/organisations": {"name": "Taken"},
    "POST /api/partners": {"name": "Taken"},
    "PUT /api/partners/{id}": {"organisations": []},
    "POST /api/archive/runs": {"organisation": 999},
    "POST /api/archive/verifications": {"organisation": 999},
    "POST /api/archive/restorations": {"organisation": 999, "month": "2025-03"},
    "POST /api/archive/columnar": {"before": "2025-01"},
    "POST /api/backups": {"passphrase": "x" * 12, "current_password": "wrong"},
    "POST /api/energy/recomputings": {"site": 999},
    "POST /api/removals": {"site": 999},
    "POST /api/readers": {"name": "grafana", "organisation": 999},
    "PUT /api/meters/{id}/role": {"role": "grid"},
    "PUT /api/organisations/{id}": {"name": "Taken"},
    "PUT /api/organisations/{id}/retention": {"raw_months": 24},
    "POST /api/integrations": {"owner": "nobody@example.org"},
    "PATCH /api/integrations/{id}": {"note": "another"},
    "POST /api/integrations/{id}/refuse": {"reason": "no"},
    "POST /api/integrations/preview": {"mac": "A842E39F8124"},
    "PUT /api/integrations/{id}/devices/{mac}": {},
    "POST /api/tariffs": {"document": TARIFF, "organisation": None},
    "PUT /api/tariffs/{id}": {"document": TARIFF},
    "PUT /api/tariffs/{id}/prices": {"prices": [{"start": "2025-01-01T00:00:00Z", "price": 1}]},
    "POST /api/meters/{id}/contracts": {"tariff": 1, "from": "2025-01-01"},
    "PUT /api/meters/{id}/contracts": {"to": "2025-01-01"},
    "POST /api/devices/claim": {"mac": "A842E39F8124", "code": "ABCD-EF23"},
}
"""Bodies that are well formed."""
BAD_QUERIES = {
    "/api/meters": "limit=0",
    "/api/meters/{id}/power": "points=0",
    "/api/meters/{id}/costs": "by=x",
    "/api/meters/{id}/energy": "from=x",
    "/api/meters/{id}/energy/buckets": "by=x",
    "/api/meters/{id}/events": "from=x",
    "/api/meters/{id}/export/energy": "format=x",
    "/api/meters/{id}/export/readings": "format=x",
    "/api/sites/{id}/export/energy": "format=x",
    "/api/sites/{id}/export/readings": "format=x",
    "/api/meters/{id}/readings": "limit=0",
    "/api/meters/{id}/intervals": "from=x",
    "/api/meters/{id}/series": "pixels=0",
    "/api/meters/{id}/balance": "by=x",
    "/api/meters/{id}/comparison": "with=x",
    "/api/meters/{id}/peaks": "window=7",
    "/api/meters/{id}/load-duration": "at_least=x",
    "/api/meters/{id}/heat-map": "by=day",
    "/api/meters/{id}/holes": "from=x",
    "/api/latest": "quantities=x",
    "/api/holes": "from=x",
    "/api/sites/{id}/breakdown": "by=x",
    "/api/sites/{id}/self-consumption": "by=x",
    "/api/live": "meters=",
    "/api/people": "organisation=0",
    "/api/organisations": "limit=0",
    "/api/partners": "limit=0",
    "/api/credentials": "limit=0",
    "/api/readers": "limit=0",
    "/api/archive": "limit=0",
    "/api/jobs": "limit=0",
    "/api/sites": "limit=0",
    "/api/meters/{id}": "with_readings=x",
    "/api/managed-devices": "limit=0",
    "/api/tokens": "everybody=x",
    "/api/audit": "limit=0",
    "/api/integrations": "state=x",
    "/api/tariffs": "limit=0",
    "/api/contracts": "limit=0",
    "/api/meters/{id}/contracts": "after=x",
    "/api/integrations/{id}/devices": "after=x",
    "/api/devices": "after=x",
}
SLOWED = (
    *("PUT /api/account", "POST /api/account/", "POST /api/activation", "POST /api/devices/claim"),
    *("POST /api/link", "GET /api/live", "POST /api/mail/test", "POST /api/password/"),
    *("POST /api/people/invitations", "POST /api/session", "POST /api/sign-up", "POST /api/tokens"),
)
"""What has a limit of its own, beside the one of all requests with a token."""
LARGE = {"prices": 9_000_000, "uploads": 1_100_000, "look": 1_100_000}
"""Bytes that are too many, by the end of the path."""
REMOTE = "192.0.2.7"
DIGEST = secrets.digest(KEY, "x" * 43)
LATER = NOW + timedelta(days=1)


class Request:
    """One request to a route, which a test bends until it fails."""

    def __init__(self, method: str, path: str) -> None:
        self.method, self.path = method, path
        self.body = BODIES.get(f"{method} {path}")
        self.query = ""
        self.content: bytes | None = None
        self.id = "m1" if "/meters" in path else "999999"
        self.mac = "A842E39F8124"
        self.contract = 999999

    async def by(self, client: httpx.AsyncClient) -> httpx.Response:
        """Send it."""
        path = self.path.replace("{id}", self.id).replace("{mac}", self.mac)
        path = path.replace("{organisation}", "999999").replace("{name}", "nobody")
        path = path.replace("{contract}", str(self.contract))
        url = path + (f"?{self.query}" if self.query else "")
        if self.content is not None:
            return await client.request(self.method, url, content=self.content)
        return await client.request(self.method, url, json=self.body)


@pytest.mark.parametrize(
    "method, path, statuses", ROUTES, ids=[f"{method} {path}" for method, path, _ in ROUTES]
)
async def test_every_trouble_that_is_named_happens(
    world: World,
    enter: Enter,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    statuses: list[int],
) -> None:
    """Each route answers with each status it documents, as a whole problem+json."""
    await world.user()
    for number, status in enumerate(
        sorted(statuses, key=lambda status: (status in (409, 429), status))
    ):
        world.clock.set(NOW + number * timedelta(seconds=FORGOTTEN_S + 1))
        request = Request(method, path)
        client = enter() if status == 401 else await sign_in()
        with monkeypatch.context() as bent:
            client = await bend(world, request, status, client, enter, bent)
            answer = await request.by(client)
        assert_problem(answer, status)
        assert ("retry-after" in answer.headers) is (status in (429, 503))


async def bend(
    world: World,
    request: Request,
    status: int,
    client: httpx.AsyncClient,
    enter: Enter,
    bent: pytest.MonkeyPatch,
) -> httpx.AsyncClient:
    """Make `request` fail with `status`; gives who sends it."""
    path = request.path
    match status:
        case 400:
            await world.meter()
            request.query, request.body = BAD_QUERIES.get(path, ""), {"nonsense": 1}
            request.id = "m1" if "/meters" in path else "0"
            request.mac, request.contract = "nonsense", 0
            if path.startswith("/api/integrations/{id}"):
                request.id = (await integration(world)).id
        case 403:
            return enter(host=REMOTE)
        case 404:
            request.id = "nobody" if "/meters" in path else request.id
            request.query = {
                "/api/live": "meters=nobody",
                "/api/latest": "meters=nobody",
                "/api/tokens": "owner=nobody@example.org",
            }.get(path, "")
            if path in ("/api/people/invitations", "/api/tokens", "/api/tariffs"):
                request.body = {**(request.body or {}), "organisation": 999}
            if path == "/api/tokens":
                request.body = {"scope": "read", "organisation": 999, "current_password": PASSWORD}
        case 409:
            await clash_of(path)(world, request, bent)
        case 413:
            request.content = b"x" * (LARGE.get(path.rpartition("/")[2], 70_000))
        case 429 if not f"{request.method} {path}".startswith(SLOWED):
            none_left = Allowance(limit=1, remaining=0, reset_s=60, retry_s=60)
            bent.setattr(Limits, "take", lambda *_: none_left)
            client.headers["authorization"] = "any"
        case 429:
            bent.setattr(world.hub, "_most_of_one", 0)
            await slowed(world, request)
            for _ in range(FREE):
                await request.by(client)
        case 500 | 503:
            _break(bent, RuntimeError("unforeseen") if status == 500 else Unavailable("away"))
    return client


def clash_of(path: str) -> Callable[[World, Request, pytest.MonkeyPatch], Awaitable[None]]:
    """Who makes a request to `path` clash."""
    if path.startswith("/api/tariffs") or path.endswith(
        ("/contracts", "/contracts/{contract}", "/costs")
    ):
        return taken_tariff
    if path == "/api/readers":
        return taken_reader
    places = "/api/sites", "/api/sites/{id}", "/api/meters", "/api/meters/{id}", "/api/devices"
    if path in (*places, "/api/virtual-meters"):
        return clash_of_meters
    return clash


async def taken_reader(world: World, request: Request, _bent: pytest.MonkeyPatch) -> None:
    """A login of the views that has the name already."""
    await SqlReaders(world.database).add("taken", None, by=By("test", NOW))
    request.body = {"name": "taken"}


async def clash(world: World, request: Request, bent: pytest.MonkeyPatch) -> None:
    """Make what `request` asks for clash with something."""
    ada = await world.people.get("ada@example.org")
    bob = await world.user("bob@example.org")
    taken = await Organisations(world.database).add("Taken")
    await Partners(world.database).add("Taken")
    match request.path:
        case "/api/account":
            request.body = {"email": "bob@example.org", "current_password": PASSWORD}
        case "/api/activation":
            await world.links.sign_up("bob@example.org", "Home", DIGEST, LATER, at=NOW)
        case "/api/account/address":
            by = By("test", NOW)
            await world.links.add(
                ada, Purpose.ADDRESS, DIGEST, LATER, by=by, email="bob@example.org"
            )
        case "/api/tokens":
            bent.setattr(tokens, "MOST_OF_ONE", 0)
            request.body = {"scope": "read", "current_password": PASSWORD}
        case "/api/account/second-factor":
            await world.second_step(ada)
            request.body = {"current_password": PASSWORD}
        case "/api/sites/{id}/self-consumption":
            request.id = str((await world.meter("alone")).site.id)  # which has no production
        case "/api/people/{id}":
            await world.people.remove("bob@example.org")
            request.id = str(ada.id)  # oneself, and the last admin
        case "/api/people/{id}/second-factor":
            request.id = str(bob.id)  # who has none
        case "/api/people/invitations" | "/api/people":
            request.body = {"email": "bob@example.org", "role": "viewer"}
        case "/api/integrations":
            await integration(world, "abcdefg")
            request.body = {"name": "abcdefg"}
        case path if path.startswith("/api/integrations/{id}/"):
            made = await integration(world)
            await Integrations(world.database).revoke(made.id, Step("test", NOW))
            request.id = made.id  # which is over, whatever is asked of it
        case "/api/organisations/{id}":
            await world.user("carl@example.org", Role.VIEWER, taken.id)
            other = await Organisations(world.database).add("Other")
            request.id = str(taken.id if request.method == "DELETE" else other.id)


async def taken_tariff(world: World, request: Request, _bent: pytest.MonkeyPatch) -> None:
    """Two tariffs, the first of which a meter has: names are taken, and days."""
    tariffs, by, meter = Tariffs(world.database), By("test", NOW), await world.meter("taken")
    used = await tariffs.add(read(TARIFF), None, by=by)
    other = await tariffs.add(read({**TARIFF, "name": "Other"}), None, by=by)
    begun = await tariffs.assign(meter, used.id, date(2025, 1, 1), None, by=by)
    request.contract = begun.id
    request.id = str(used.id if request.method == "DELETE" else other.id)
    if "/meters" in request.path:
        request.id = meter.id


async def clash_of_meters(world: World, request: Request, _bent: pytest.MonkeyPatch) -> None:
    """The same, about meters, their sites and devices."""
    meter = (await Meters(world.database).all() or [await world.meter()])[0]
    site, body = meter.site, request.body or {}
    other = await Sites(world.database).add("Taken", site.organisation, "UTC")
    await world.measured(meter, (NOW, {"1.8.0": 1.0}))
    await Facts(world.database).set(CA_CERTIFICATE, "-")
    await Devices(world.database).add("A842E39F8124", meter.id, DIGEST)
    request.id = meter.id if "/meters" in request.path else str(site.id)
    request.body = {**body, "site": site.id} if "site" in body else body
    if "organisation" in body:
        request.body = {**body, "organisation": other.organisation}


async def integration(world: World, name: str | None = None) -> Integration:
    """An integration of Ada's that waits for a decision."""
    ada = await world.people.get("ada@example.org")
    return await Integrations(world.database).request(ada.id, None, Step("test", NOW), name, Wish())


async def slowed(world: World, request: Request) -> None:
    """Make it something that can be tried often."""
    ada = await world.people.get("ada@example.org")
    if request.path.endswith(("/off", "/recovery-codes")):
        await world.second_step(ada)
    if "token" in (request.body or {}):
        request.body = {**(request.body or {}), "token": "y" * 43}
    if request.path == "/api/people/invitations/{id}":
        by = By("test", NOW)
        made = await world.links.invite("new@b.ch", Role.VIEWER, None, DIGEST, LATER, by=by)
        request.id = str(made.id)


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
