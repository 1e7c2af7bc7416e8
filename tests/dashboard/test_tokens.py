"""Tokens: programs that act in somebody's name, with their rights or less."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.dashboard.conftest import KEY, NOW, PASSWORD, Enter, SignIn, World, assert_problem

from ohmstead.access import secrets
from ohmstead.access.roles import Role
from ohmstead.access.tokens import Scope, new_token
from ohmstead.dashboard.limited import REFUSED
from ohmstead.store.audit import Audit, By
from ohmstead.store.people import User
from ohmstead.store.tokens import Tokens


async def token_of(world: World, owner: User, scope: Scope, **given: Any) -> str:
    """A new token of somebody."""
    token = new_token()
    by = By("test", world.clock.now())
    digest = secrets.digest(KEY, token)
    await Tokens(world.database).add(owner, scope, digest, by=by, **given)
    return token


def bearing(client: httpx.AsyncClient, token: str) -> httpx.AsyncClient:
    """`client`, with a token from now on."""
    client.headers["authorization"] = f"Bearer {token}"
    return client


async def test_a_token_is_shown_once_and_acts_for_its_owner(
    world: World, enter: Enter, sign_in: SignIn
) -> None:
    """docs/api.md, tokens: made with the password, told once, used as Bearer, its use shown."""
    await world.user()
    ada = await sign_in()
    assert_problem(await ada.post("/api/tokens", json={"scope": "read"}), 403, "current_password")
    wanted = {"scope": "write", "name": "a script", "expires_days": 5, "current_password": PASSWORD}
    made = (await ada.post("/api/tokens", json=wanted)).json()
    program = bearing(enter(), made["token"])
    answer = await program.get("/api/session")
    assert answer.json()["user"]["email"] == "ada@example.org"
    assert "set-cookie" not in answer.headers
    assert answer.headers["ratelimit-limit"] == "600"
    assert answer.headers["ratelimit-remaining"] == "599"
    shown = await ada.get("/api/tokens")
    assert made["token"] not in shown.text
    (token,) = shown.json()["items"]
    assert token["used_at"] is not None
    assert token["used_from"] == "127.0.0.1"
    assert token["expires_at"] == f"{NOW + timedelta(days=5):%Y-%m-%dT%H:%M:%SZ}"
    assert (await ada.delete(f"/api/tokens/{made['id']}")).status_code == 204
    gone = await program.get("/api/session")
    assert_problem(gone, 401, "revoked")
    assert gone.headers["www-authenticate"].startswith("Bearer")
    assert (await world.told())[-2:] == ["token made", "token revoked"]


async def test_admins_of_an_organisation_see_what_became_of_its_tokens(world: World) -> None:
    """docs/accounts.md: each organisation's admins read its steps; a token's end is one of them."""
    meter = await world.meter()
    boss = await world.user("boss@example.org", organisation=meter.site.organisation)
    await token_of(world, boss, Scope.READ)
    tokens = Tokens(world.database)
    (token,) = await tokens.all(person=boss.id)
    await tokens.revoke(token.id, by=By("somebody", NOW))
    told = await Audit(world.database).page(organisation=meter.site.organisation)
    assert [step.action for step in told][:2] == ["token revoked", "token made"]


async def test_a_token_ends(world: World, enter: Enter) -> None:
    """docs/api.md, tokens: from its end on it is like one that never was."""
    ada = await world.user()
    program = bearing(
        enter(), await token_of(world, ada, Scope.READ, expires_at=NOW + timedelta(days=1))
    )
    assert (await program.get("/api/meters")).status_code == 200
    world.clock.set(NOW + timedelta(days=1))
    assert (await program.get("/api/meters")).status_code == 401


@pytest.mark.parametrize(
    "scope, organisation, people, meters",
    [
        (Scope.READ, 403, 403, 200),
        (Scope.WRITE, 200, 403, 200),
        (Scope.ADMIN, 200, 404, 200),
    ],
)
async def test_scopes(
    world: World, enter: Enter, scope: Scope, organisation: int, people: int, meters: int
) -> None:
    """docs/api.md, scopes: read looks, write changes things, admin changes people too."""
    meter = await world.meter()
    program = bearing(enter(), await token_of(world, await world.user(), scope))
    of = meter.site.organisation
    renamed = await program.put(f"/api/organisations/{of}", json={"name": "B"})
    assert renamed.status_code == organisation
    changed = await program.put("/api/people/999", json={"role": "viewer"})
    assert changed.status_code == people
    assert (await program.get("/api/meters")).status_code == meters
    assert (await program.get("/api/audit")).status_code == 200


async def test_a_token_is_narrowed_to_an_organisation(world: World, enter: Enter) -> None:
    """docs/api.md, tokens: one for an organisation sees nothing else, whoever owns it."""
    own, other = await world.meter("own", "Works"), await world.meter("other", "Other")
    narrowed = await token_of(
        world, await world.user(), Scope.ADMIN, organisation=own.site.organisation
    )
    program = bearing(enter(), narrowed)
    assert [m["id"] for m in (await program.get("/api/meters")).json()["items"]] == ["own"]
    assert (await program.get(f"/api/meters/{other.id}")).status_code == 404
    assert (await program.get("/api/mail")).status_code == 403


async def test_a_token_hands_on_no_more_than_it_has(world: World, enter: Enter) -> None:
    """docs/api.md, tokens: what a token makes has at most its scope, reach and life."""
    own = (await world.meter()).site.organisation
    until = NOW + timedelta(days=3)
    ada = await world.user()
    token = await token_of(world, ada, Scope.ADMIN, organisation=own, expires_at=until)
    program = bearing(enter(), token)
    made = (await program.post("/api/tokens", json={"scope": "admin"})).json()["made"]
    assert (made["organisation"], made["scope"]) == (own, "admin")
    assert made["expires_at"] == f"{until:%Y-%m-%dT%H:%M:%SZ}"
    smaller = bearing(enter(), await token_of(world, ada, Scope.WRITE))
    assert_problem(await smaller.post("/api/tokens", json={"scope": "read"}), 403, "write")


async def test_an_admin_revokes_those_of_their_own_people(world: World, sign_in: SignIn) -> None:
    """docs/api.md, tokens: an admin lists and revokes the tokens of the organisation's people."""
    own, other = await world.meter("own", "Works"), await world.meter("other", "Other")
    await world.user("boss@example.org", Role.ADMIN, own.site.organisation)
    mine = await world.user("m@example.org", Role.VIEWER, own.site.organisation)
    theirs = await world.user("t@example.org", Role.VIEWER, other.site.organisation)
    for user in (mine, theirs):
        await token_of(world, user, Scope.READ)
    boss = await sign_in("boss@example.org")
    (seen,) = (await boss.get("/api/tokens?everybody=true")).json()["items"]
    assert seen["owner"] == "m@example.org"
    assert (await boss.delete(f"/api/tokens/{seen['id']}")).status_code == 204
    assert (await boss.delete(f"/api/tokens/{seen['id'] + 1}")).status_code == 404
    viewer = await sign_in("t@example.org")
    assert_problem(await viewer.get("/api/tokens?everybody=true"), 403)


async def test_a_token_in_the_name_of_somebody_else(world: World, sign_in: SignIn) -> None:
    """docs/api.md, tokens: only an admin of the installation makes one for another person."""
    of = (await world.meter()).site.organisation
    await world.user()
    await world.user("boss@example.org", Role.ADMIN, of)
    await world.user("view@example.org", Role.VIEWER, of)
    wanted = {"scope": "read", "owner": "view@example.org", "current_password": PASSWORD}
    ada, boss = await sign_in(), await sign_in("boss@example.org")
    assert_problem(await boss.post("/api/tokens", json=wanted), 403, "whole installation")
    made = (await ada.post("/api/tokens", json=wanted)).json()["made"]
    assert (made["owner"], made["made_by"]) == ("view@example.org", "ada@example.org")
    for admin in (ada, boss):
        seen = (await admin.get("/api/tokens?owner=view@example.org")).json()["items"]
        assert [each["id"] for each in seen] == [made["id"]]
    assert_problem(await boss.get("/api/tokens?owner=ada@example.org"), 404)
    view = await sign_in("view@example.org")
    assert_problem(await view.get("/api/tokens?owner=view@example.org"), 403)


async def test_too_many_requests(world: World, enter: Enter) -> None:
    """RFC 6585, 4: 429 with Retry-After; bad tokens of an address have a smaller share."""
    program = bearing(enter(), "oht_unknown")
    for _ in range(REFUSED):
        assert (await program.get("/api/meters")).status_code == 401
    many = await program.get("/api/meters")
    assert_problem(many, 429, "try again in 1 second")
    assert many.headers["retry-after"] == "1"
    assert many.headers["ratelimit-remaining"] == "0"
    elsewhere = bearing(enter(host="::1"), await token_of(world, await world.user(), Scope.READ))
    assert (await elsewhere.get("/api/meters")).status_code == 200
    assert (await enter().get("/api/status")).status_code == 200


async def test_basic_credentials_of_a_proxy_are_not_a_token(world: World, sign_in: SignIn) -> None:
    """RFC 7617: a browser behind a proxy with a password sends Basic beside the cookie."""
    await world.user()
    ada = await sign_in()
    answer = await ada.get("/api/session", headers={"authorization": "Basic YTpi"})
    assert answer.status_code == 200
