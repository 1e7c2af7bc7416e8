"""Signing in and out, and one's own account."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from tests.dashboard.conftest import HASH, NOW, PASSWORD, Enter, SignIn, World, assert_problem

from ohmstead.access.roles import Role
from ohmstead.dashboard.attempts import FREE
from ohmstead.store.sites import Organisations

RIGHT = {"email": "ada@example.org", "password": PASSWORD}
WRONG = {"email": "ada@example.org", "password": "not this one"}


async def test_first_run_lasts_until_somebody_has_a_password(world: World, enter: Enter) -> None:
    """GET /api/status needs no session; a user without a password still is a first run."""
    client = enter()
    assert (await client.get("/api/status")).json()["first_run"] is True
    user = await world.user(password=None)
    assert (await client.get("/api/status")).json()["first_run"] is True
    await world.people.set_password(user.id, HASH)
    said = (await client.get("/api/status")).json()
    assert said == {"version": "0.1.0", "first_run": False, "sign_up": True}


async def test_a_password_signs_in_with_a_safe_cookie(world: World, enter: Enter) -> None:
    """The cookie is HttpOnly and SameSite=Strict; the e-mail may be in any case of its letters."""
    await world.user()
    client = enter()
    answer = await client.post("/api/session", json=RIGHT | {"email": " ADA@example.org "})
    assert answer.json()["user"]["email"] == "ada@example.org"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "max-age=2592000" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie
    said = (await client.get("/api/session")).json()["user"]
    assert said == {
        "id": said["id"],
        "email": "ada@example.org",
        "name": "",
        "role": "admin",
        "organisation": None,
        "organisation_name": None,
        "language": None,
        "has_password": True,
        "second_factor": False,
    }


async def test_the_cookie_is_secure_over_https(world: World, enter: Enter) -> None:
    """Secure on https, so that it never goes over plain http."""
    await world.user()
    answer = await enter(base="https://localhost").post("/api/session", json=RIGHT)
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("body", [WRONG, {"email": "nobody@example.org", "password": PASSWORD}])
async def test_a_wrong_password_and_an_unknown_user_answer_alike(
    world: World, enter: Enter, body: dict[str, str]
) -> None:
    """The answer does not tell whether the account exists."""
    await world.user()
    answer = await enter().post("/api/session", json=body)
    assert_problem(answer, 401, "e-mail address or password is wrong")
    assert "set-cookie" not in answer.headers


async def test_an_unknown_user_costs_a_hash_too(
    world: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same work is done whether the user exists or not, so that time tells nothing."""
    asked = []

    def matches(kept: str | None, password: str) -> bool:
        asked.append(kept)
        return False

    monkeypatch.setattr("ohmstead.access.passwords.matches", matches)
    await world.user()
    await world.user("bob@example.org", password=None)
    client = enter()
    for email in ("ada@example.org", "bob@example.org", "nobody@example.org", "\x00"):
        await client.post("/api/session", json={"email": email.ljust(3), "password": "x"})
    assert asked == [HASH, None, None, None]


async def test_guessing_is_slowed_down(world: World, enter: Enter) -> None:
    """After five failures of an account from an address: 429 with Retry-After, right or wrong."""
    await world.user()
    await world.user("bob@example.org")
    client = enter()
    for _ in range(FREE):
        assert (await client.post("/api/session", json=WRONG)).status_code == 401
    slowed = await client.post("/api/session", json=RIGHT)
    assert_problem(slowed, 429, "try again in 10 seconds")
    assert slowed.headers["retry-after"] == "10"
    other = await client.post("/api/session", json=RIGHT | {"email": "bob@example.org"})
    assert other.status_code == 200
    elsewhere = enter(host="192.0.2.7", base="https://localhost")
    assert (await elsewhere.post("/api/session", json=RIGHT)).status_code == 200
    world.clock.set(NOW + timedelta(seconds=11))
    assert (await client.post("/api/session", json=RIGHT)).status_code == 200


async def test_many_guesses_at_once_are_no_way_around(world: World, enter: Enter) -> None:
    """Attempts count before their password is checked."""
    await world.user()
    client = enter()
    answers = await asyncio.gather(*(client.post("/api/session", json=WRONG) for _ in range(12)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) == FREE
    assert statuses.count(429) == 12 - FREE


async def test_a_link_signs_in_once(world: World, enter: Enter) -> None:
    """POST /api/session/link uses the token up."""
    user = await world.user(password=None)
    token = await world.link(user)
    client = enter()
    answer = await client.post("/api/session/link", json={"token": token})
    assert answer.json()["user"]["has_password"] is False
    assert (await client.get("/api/session")).status_code == 200
    again = await enter().post("/api/session/link", json={"token": token})
    assert_problem(again, 401, "sign-in link")


async def test_a_link_expires(world: World, enter: Enter) -> None:
    """A link is good for as long as it was made for."""
    token = await world.link(await world.user(password=None))
    world.clock.set(NOW + timedelta(days=1, seconds=1))
    answer = await enter().post("/api/session/link", json={"token": token})
    assert_problem(answer, 401)


async def test_guessing_links_is_slowed_down(enter: Enter) -> None:
    """Links are counted like passwords, by address."""
    client = enter()
    body = {"token": "x" * 43}
    for _ in range(FREE):
        assert (await client.post("/api/session/link", json=body)).status_code == 401
    assert_problem(await client.post("/api/session/link", json=body), 429)


async def test_a_session_ends(world: World, sign_in: SignIn) -> None:
    """DELETE ends it in the database too, so that a copied cookie is worth nothing."""
    await world.user()
    client = await sign_in()
    token = client.cookies["ohmstead_session"]
    answer = await client.delete("/api/session")
    assert answer.status_code == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    client.cookies.set("ohmstead_session", token)
    assert_problem(await client.get("/api/session"), 401)
    assert (await client.delete("/api/session")).status_code == 204


async def test_a_session_lives_thirty_days_after_its_last_use(
    world: World, sign_in: SignIn
) -> None:
    """Use prolongs it, in the database and in the browser."""
    await world.user()
    client = await sign_in()
    world.clock.set(NOW + timedelta(days=29))
    used = await client.get("/api/session")
    assert "max-age=2592000" in used.headers["set-cookie"].lower()
    world.clock.set(NOW + timedelta(days=58))
    assert (await client.get("/api/session")).status_code == 200
    world.clock.set(NOW + timedelta(days=89))
    assert_problem(await client.get("/api/session"), 401)


async def test_signing_in_again_ends_the_session_before(world: World, sign_in: SignIn) -> None:
    """A cookie is replaced, never shared: no fixed session survives a sign-in."""
    await world.user()
    client = await sign_in()
    before = client.cookies["ohmstead_session"]
    await client.post("/api/session", json=RIGHT)
    assert client.cookies["ohmstead_session"] != before
    client.cookies.set("ohmstead_session", before)
    assert (await client.get("/api/session")).status_code == 401


async def test_an_account_changes_what_is_given(world: World, sign_in: SignIn) -> None:
    """PUT /api/account leaves alone what is not in the body."""
    await world.user()
    client = await sign_in()
    await client.put("/api/account", json={"name": "Ada", "language": "de"})
    said = (await client.put("/api/account", json={"language": "en"})).json()["user"]
    assert (said["name"], said["language"], said["email"]) == ("Ada", "en", "ada@example.org")
    assert (await client.put("/api/account", json={})).json()["user"] == said
    assert (await client.put("/api/account", json={"name": ""})).json()["user"]["name"] == ""


async def test_the_first_password_needs_none_before(world: World, enter: Enter) -> None:
    """Whoever came by link sets a password, and signs in with it from then on."""
    token = await world.link(await world.user(password=None))
    client = enter()
    await client.post("/api/session/link", json={"token": token})
    answer = await client.put("/api/account", json={"password": PASSWORD})
    assert answer.json()["user"]["has_password"] is True
    assert (await client.get("/api/session")).status_code == 200
    assert (await enter().post("/api/session", json=RIGHT)).status_code == 200


@pytest.mark.parametrize("change", [{"password": "another long one"}, {"email": "eve@example.org"}])
@pytest.mark.parametrize("proof", [{}, {"current_password": "wrong"}])
async def test_changing_how_to_sign_in_needs_the_password(
    world: World, sign_in: SignIn, change: dict[str, str], proof: dict[str, str]
) -> None:
    """Whoever finds a browser open cannot take the account over."""
    await world.user()
    client = await sign_in()
    answer = await client.put("/api/account", json=change | proof)
    assert_problem(answer, 403, "current_password")
    assert (await client.post("/api/session", json=RIGHT)).status_code == 200


async def test_a_new_password_ends_every_other_session(world: World, sign_in: SignIn) -> None:
    """Those who were signed in elsewhere are not any more, and open links are void."""
    user = await world.user()
    link = await world.link(user)
    client, other = await sign_in(), await sign_in()
    body = {"password": "another long one", "current_password": PASSWORD, "name": "Ada"}
    assert (await client.put("/api/account", json=body)).json()["user"]["name"] == "Ada"
    assert (await client.get("/api/session")).status_code == 200
    assert_problem(await other.get("/api/session"), 401)
    assert_problem(await other.post("/api/session/link", json={"token": link}), 401)
    assert_problem(await other.post("/api/session", json=RIGHT), 401)


async def test_an_address_that_is_taken_is_a_conflict(world: World, sign_in: SignIn) -> None:
    """409 for an e-mail address of somebody else; nothing changes."""
    await world.user()
    await world.user("bob@example.org")
    client = await sign_in()
    body = {"email": "BOB@example.org", "current_password": PASSWORD}
    assert_problem(await client.put("/api/account", json=body), 409, "BOB@example.org")


@pytest.mark.parametrize(
    "body, field",
    [
        ({"password": "short"}, "password"),
        ({"password": "x" * 1025}, "password"),
        ({"language": "fr"}, "language"),
        ({"name": "x" * 201}, "name"),
        ({"name": None}, "name"),
        ({"role": "admin"}, "role"),
        ([], "body"),
        ({"email": "nobody"}, None),
        ({"name": "a\x00b"}, None),
    ],
)
async def test_what_is_not_acceptable_is_named(
    world: World, enter: Enter, body: object, field: str | None
) -> None:
    """400 names the field; unknown fields are no silent loss."""
    token = await world.link(await world.user(password=None))
    client = enter()
    await client.post("/api/session/link", json={"token": token})
    answer = await client.put("/api/account", json=body)
    assert_problem(answer, 400)
    if field:
        assert [each["field"] for each in answer.json()["errors"]] == [field]
        assert field in answer.json()["detail"]


async def test_a_password_is_never_repeated(enter: Enter) -> None:
    """An answer that refuses a body does not quote its secrets."""
    answer = await enter().post("/api/session", json={"email": 3, "password": "do not say it"})
    assert_problem(answer, 400, "email")
    assert "do not say it" not in answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"nonsense", b"\xff\xfe", b'{"email": '])
async def test_a_broken_body_is_refused(enter: Enter, content: bytes) -> None:
    """What is no JSON at all is a 400 too."""
    assert_problem(await enter().post("/api/session", content=content), 400)


async def test_a_large_body_is_refused(enter: Enter) -> None:
    """More than 64 KiB: 413, before it is read."""
    answer = await enter().post("/api/session", content=b"x" * 70_000)
    assert_problem(answer, 413)


@pytest.mark.parametrize("path", ["/api/session", "/api/meters", "/api/catalogue", "/api/live"])
async def test_nothing_is_shown_to_strangers(enter: Enter, path: str) -> None:
    """Only the status is for everybody; a made-up cookie is nobody's."""
    client = enter()
    assert_problem(await client.get(path), 401)
    client.cookies.set("ohmstead_session", "x" * 43)
    assert_problem(await client.get(path), 401)


async def test_a_removed_user_is_out_at_once(world: World, sign_in: SignIn) -> None:
    """`admin user remove` ends the sessions with the user."""
    await world.user()
    client = await sign_in()
    await world.people.remove("ada@example.org")
    assert_problem(await client.get("/api/meters"), 401)


async def test_a_user_of_an_organisation_says_so(world: World, sign_in: SignIn) -> None:
    """`organisation` is the user's own, by number and name, null for the whole installation."""
    owner = await Organisations(world.database).add("Works")
    await world.user("bob@example.org", Role.VIEWER, owner.id)
    client: httpx.AsyncClient = await sign_in("bob@example.org")
    said = (await client.get("/api/session")).json()["user"]
    assert (said["organisation"], said["organisation_name"]) == (owner.id, "Works")
    assert said["role"] == "viewer"
