"""The app as a whole: what is where, for whom, and that nothing of it is kept by a cache."""

import httpx
import pytest
from tests.dashboard.conftest import (
    HASH,
    KEY,
    NOW,
    PASSWORD,
    Enter,
    SignIn,
    World,
    assert_problem,
)
from tests.dashboard.described import as_described

from ohmstead.access import secrets
from ohmstead.access.roles import Role
from ohmstead.dashboard.door import Scope

READ = ["/api/status", "/api/session", "/api/meters", "/api/meters/m1", "/api/catalogue", "/schema"]


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_may_look(world: World, sign_in: SignIn, role: Role) -> None:
    """Viewer, manager and admin see meters and change their own account; nobody their role."""
    await world.user(role=role)
    await world.meter()
    client = await sign_in()
    for path in (*READ, "/api/meters/m1/power", "/api/meters/m1/energy"):
        assert (await client.get(path)).status_code == 200
    said = (await client.put("/api/account", json={"name": "Ada"})).json()["user"]
    assert (said["name"], said["role"]) == ("Ada", role.value)
    assert_problem(await client.put("/api/account", json={"role": "admin"}), 400, "role")


@pytest.mark.parametrize(
    "path", [*READ, "/api/live", "/api/session/link", "/api/none", "/schema/x"]
)
async def test_head_is_get_without_its_body(world: World, sign_in: SignIn, path: str) -> None:
    """The same status and type; the live stream ends then.  Source: RFC 9110, 9.3.2."""
    await world.user()
    await world.measured(await world.meter(), (NOW, {"1.7.0": 1.0}))
    client = await sign_in()
    head = await client.head(path)
    assert head.content == b""
    assert world.hub.watchers == 0
    if path != "/api/live":  # whose GET does not end
        got = await client.get(path)
        assert head.status_code == got.status_code
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.headers.get("content-length") == got.headers.get("content-length")


@pytest.mark.parametrize("path", [*READ, "/api/none", "/none", "/api/meters/none"])
async def test_no_cache_keeps_what_a_person_saw(world: World, sign_in: SignIn, path: str) -> None:
    """Answers and problems alike: no-store.  Source: RFC 9111, 5.2.2.5."""
    await world.user()
    await world.meter()
    assert (await (await sign_in()).get(path)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/api", "/api/", "/apix", "/schema/x", "/api/../x", "/%00", "*"])
async def test_what_is_nowhere_is_a_problem(enter: Enter, path: str) -> None:
    """404 with the same shape as every other problem, whoever would have answered."""
    assert_problem(await enter().get(path), 404, "there is nothing at")


@pytest.mark.parametrize("id", ["%00", "%FF", "a%2Fb", "x" * 5000, "%F0%9F%92%A9"])
@pytest.mark.parametrize("end", ["", "/power", "/energy"])
async def test_an_id_that_no_meter_can_have_is_not_found(
    world: World, sign_in: SignIn, id: str, end: str
) -> None:
    """404, and nothing of what the database thinks of such a text."""
    await world.user()
    answer = await (await sign_in()).get(f"/api/meters/{id}{end}")
    assert_problem(answer, 404)
    assert "database" not in answer.text


async def test_a_session_takes_its_streams_with_it(world: World, sign_in: SignIn) -> None:
    """At once: a password's change those of every session, a new sign-in those of the old one."""
    ada, bob = await world.user(), await world.user("bob@example.org")
    client = await sign_in()
    mine = secrets.digest(KEY, client.cookies["ohmstead_session"])
    with (
        world.hub.watched({"m1"}, mine, ada.id) as here,
        world.hub.watched({"m1"}, b"elsewhere", ada.id) as elsewhere,
        world.hub.watched({"m1"}, b"another's", bob.id) as others,
    ):
        right = {"email": ada.email, "password": PASSWORD}
        assert (await client.post("/api/session", json=right)).status_code == 200
        assert (here.ended, elsewhere.ended, others.ended) == (True, False, False)
        change = {"password": "another long one", "current_password": PASSWORD}
        assert (await client.put("/api/account", json=change)).status_code == 200
        assert (here.ended, elsewhere.ended, others.ended) == (True, True, False)


async def test_whether_this_is_the_first_run_is_asked_of_the_database_until_it_is_not(
    world: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers may ask, so the answer that stays costs nothing."""
    await world.people.set_password((await world.user(password=None)).id, HASH)
    client = enter()
    assert (await client.get("/api/status")).json()["first_run"] is False

    async def fails(*_given: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr("ohmstead.store.people.People.all", fails)
    assert (await client.get("/api/status")).json()["first_run"] is False


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://["}, {"origin": ""}, {"host": "["}, {"host": "[::1"}, {"cookie": "=;=;"}],
)
async def test_odd_headers_do_no_harm(enter: Enter, headers: dict[str, str]) -> None:
    """What is no URL and no cookie is compared, never taken apart."""
    for base in ("http://localhost", "https://localhost"):
        answer = await enter(base=base).delete("/api/session", headers=headers)
        assert answer.status_code in (204, 403)


async def test_a_client_that_is_gone_is_not_this_machine(world: World) -> None:
    """A server that cannot say who asked gives None, which must not open plain http."""
    sent = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message.get("status"))

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    scope: Scope = {
        "type": "http", "method": "GET", "path": "/api/status", "query_string": b"",
        "scheme": "http", "client": None, "headers": [],
    }  # fmt: skip
    await world.app(scope, receive, send)
    assert sent[0] == 403


@pytest.mark.parametrize(
    "host, kept", [("energy.example.org", True), ("energy.lan:8443", False), ("a.localhost", False)]
)
async def test_https_for_good_is_for_a_name_without_a_port(
    enter: Enter, host: str, kept: bool
) -> None:
    """HSTS changes every port of a name, the gateway's plain pages too.  Source: RFC 6797, 8.3."""
    answer = await enter(base=f"https://{host}").get("/api/status")
    assert ("strict-transport-security" in answer.headers) is kept


async def test_commas_between_ids_may_be_encoded_too(world: World, sign_in: SignIn) -> None:
    """As programs do that encode a whole value; an id that has a comma itself goes first."""
    await world.user()
    for id in ("m1", "m2", "a,b"):
        await world.meter(id)
    client = await sign_in()
    for written in ("m1,m2", "m1%2Cm2", "a%2Cb,m1", "a%2Cb"):
        assert (await client.head(f"/api/live?meters={written}")).status_code == 200
    assert_problem(await client.get("/api/live?meters=m1%2Cm3"), 404, "'m3'")


RIGHT = {"version": "1", "first_run": True, "sign_up": False}
"""What `/api/status` answers."""


@pytest.mark.parametrize(
    "status, body",
    [
        (418, {}),
        (200, {"version": "1"}),
        (200, RIGHT | {"version": 1}),
        (200, RIGHT | {"first_run": None}),
        (200, RIGHT | {"more": []}),
        (503, RIGHT),
    ],
)
async def test_an_answer_that_is_not_as_described_is_found(
    status: int, body: dict[str, object]
) -> None:
    """The check that every answer of these tests passes can fail."""
    request = httpx.Request("GET", "http://localhost/api/status")
    with pytest.raises(AssertionError):
        await as_described(httpx.Response(status, json=body, request=request))
    await as_described(httpx.Response(200, json=RIGHT, request=request))
