"""Who may come in, and what every answer carries."""

import httpx
import pytest
from tests.dashboard.conftest import Enter, World, assert_problem

from ohmstead.dashboard.api import app
from ohmstead.dashboard.door import App, Door, Receive, Scope, Send, seen

BODY = {"email": "ada@example.org", "password": "x"}
PATHS = ["/", "/assets/index-abc123.js", "/api/status", "/api/meters", "/schema", "/nothing"]
REMOTE = "192.0.2.7"


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_keeps_a_browser_safe(enter: Enter, path: str) -> None:
    """Whatever the status: the policy, no sniffing, no frames, an id of its own."""
    client = enter()
    answers = [await client.get(path) for _ in range(2)]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in answer.headers
    assert answers[0].headers["x-request-id"] != answers[1].headers["x-request-id"]


@pytest.mark.parametrize(
    "host, kept",
    [
        ("meters.example.org", True),
        ("localhost", False),
        ("127.0.0.1:8443", False),
        ("[::1]:8443", False),
        ("192.168.1.4", False),
    ],
)
async def test_https_is_kept_where_a_name_is_used(enter: Enter, host: str, kept: bool) -> None:
    """HSTS is for a whole host name with every port, so never for this machine's own names."""
    answer = await enter(host=REMOTE, base=f"https://{host}").get("/api/status")
    assert ("strict-transport-security" in answer.headers) is kept


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_may_use_plain_http(enter: Enter, host: str) -> None:
    """Loopback, in every way it is written."""
    assert (await enter(host=host).get("/api/status")).status_code == 200


@pytest.mark.parametrize("host", [REMOTE, "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.7"])
async def test_others_must_use_https(enter: Enter, host: str) -> None:
    """Plain http from another machine: 403 that says what to do, in JSON or in words."""
    assert_problem(await enter(host=host).get("/api/status"), 403, "https")
    page = await enter(host=host).get("/")
    assert page.status_code == 403
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert "open the https address" in page.text
    assert (await enter(host=host, base="https://cloud").get("/api/status")).status_code == 200


@pytest.mark.parametrize(
    "headers, allowed",
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://localhost"}, True),
        ({"origin": "http://localhost"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site", "origin": "http://localhost"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": "http://localhost:8001"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
    ],
)
async def test_a_change_must_come_from_our_pages(
    enter: Enter, headers: dict[str, str], allowed: bool
) -> None:
    """Source: Fetch Metadata, 2.4 (Sec-Fetch-Site); RFC 6454, 7 (Origin)."""
    answer = await enter().post("/api/session", json=BODY, headers=headers)
    if allowed:
        assert_problem(answer, 401)
    else:
        assert_problem(answer, 403, "from these pages")


async def test_a_page_may_be_opened_from_anywhere(enter: Enter) -> None:
    """A link on another site leads to the pages; only changes are guarded."""
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert (await enter().get("/meters/m1", headers=headers)).status_code == 200


def proxied(**headers: str) -> Scope:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "client": ("127.0.0.1", 1), "scheme": "http", "headers": given}


async def test_a_proxy_that_is_not_trusted_is_not_believed() -> None:
    """Anyone can write X-Forwarded-For."""
    scope = proxied(x_forwarded_for=REMOTE, x_forwarded_proto="https")
    assert seen(scope) == ("127.0.0.1", "http")


async def test_behind_a_trusted_proxy_the_client_counts(world: World, enter: Enter) -> None:
    """The last address that no trusted proxy wrote, and the scheme the client used."""
    behind = app(world.database, world.hub, b"k" * 32, world.clock, trusted_proxies=["127.0.0.0/8"])
    client = enter(app=behind)

    async def ask(**headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await client.get("/api/status", headers=named)

    assert (await ask(x_forwarded_for=REMOTE, x_forwarded_proto="https")).status_code == 200
    plain = await ask(x_forwarded_for=f"{REMOTE}, 127.0.0.9", x_forwarded_proto="http")
    assert_problem(plain, 403)
    assert_problem(await ask(x_forwarded_for=f"127.0.0.1, {REMOTE}"), 403)
    assert (await ask(x_forwarded_for="unknown")).status_code == 200


async def test_what_nobody_foresaw_is_a_500_with_its_number(
    world: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets the id under which the log has the rest, and nothing of the inside."""

    async def fails(*_given: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("ohmstead.store.people.People.all", fails)
    answer = await enter().get("/api/status")
    assert_problem(answer, 500, answer.headers["x-request-id"])
    assert "secret of the inside" not in answer.text


async def test_an_app_that_fails_is_a_500(enter: Enter) -> None:
    """Also where no framework is in between, for programs and for people."""

    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("a secret of the inside")

    door: App = Door(fails)
    assert_problem(await enter(app=door).get("/api/x"), 500)
    page = await enter(app=door).get("/")
    assert page.status_code == 500
    assert "secret of the inside" not in page.text


async def test_a_client_that_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece of an answer has a limit in time, so that a stalled client holds no place."""
    monkeypatch.setattr("ohmstead.dashboard.door.TAKE_S", 0.05)
    ended = []

    async def streams(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        finally:
            ended.append(True)

    async def never(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body":
            import asyncio  # noqa: PLC0415

            await asyncio.Event().wait()

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    scope = proxied() | {"method": "GET", "path": "/"}
    await Door(streams)(scope, receive, never)
    assert ended == [True]


async def test_web_sockets_are_closed(world: World) -> None:
    """There are none here."""
    sent = []

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message["type"])

    await world.app({"type": "websocket", "path": "/api/live", "headers": []}, receive, send)
    assert sent == ["websocket.close"]
