"""How one gets an account, and back into it."""

from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path

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

from ohmstead.access.roles import Role
from ohmstead.dashboard import api, proving
from ohmstead.dashboard.attempts import FREE
from ohmstead.dashboard.parts import Accounts
from ohmstead.settings.mail import MailOptions, Smtp
from ohmstead.store.sites import Organisations

NEW = "a password of mine"


async def token_of(world: World, kind: str) -> str:
    """The token in the last letter of this kind."""
    found = [letter for letter in await world.letters() if letter.kind == kind][-1]
    return found.fields["link"].rpartition("/")[2]


async def test_somebody_signs_up(world: World, enter: Enter) -> None:
    """Asked for, mailed, followed: only then there are a user and an organisation."""
    client = enter()
    asked = {"email": "new@example.org", "organisation": "Home", "language": "de"}
    assert (await client.post("/api/sign-up", json=asked)).status_code == 204
    assert await world.people.all() == []
    (letter,) = await world.letters()
    assert (letter.recipient, letter.kind, letter.language) == ("new@example.org", "sign-up", "de")
    assert letter.fields["link"].startswith("https://cloud.example/join/")
    assert "Home" not in str(letter.fields)  # what strangers write is mailed to nobody
    token = await token_of(world, "sign-up")
    meaning = (await client.post("/api/link", json={"token": token})).json()
    assert (meaning["purpose"], meaning["email"]) == ("sign-up", "new@example.org")
    assert (meaning["organisation"], meaning["role"]) == ("Home", "admin")
    body = {"token": token, "password": NEW, "name": "Nia"}
    user = (await client.post("/api/activation", json=body)).json()["user"]
    assert (user["role"], user["organisation_name"], user["language"]) == ("admin", "Home", "de")
    assert (await client.get("/api/session")).json()["user"] == user
    assert_problem(await enter().post("/api/activation", json=body), 401, "used already")
    assert await world.told() == ["organisation added", "account activated", "signed in"]


async def test_sign_up_can_be_off(world: World, enter: Enter) -> None:
    """It is off unless the installation says otherwise (decision 36)."""
    closed = api.app(world.database, world.hub, KEY, world.clock, accounts=Accounts())
    client = enter(app=closed)
    assert (await client.get("/api/status")).json()["sign_up"] is False
    body = {"email": "new@example.org", "organisation": "Home"}
    assert_problem(await client.post("/api/sign-up", json=body), 403, "invite")
    assert await world.letters() == []


async def test_nobody_learns_who_has_an_account(world: World, enter: Enter) -> None:
    """The same answer for known and unknown addresses; a letter tells the owner alone."""
    await world.user()
    client = enter()
    answers: dict[str, list[bytes]] = {}
    for email in ("ada@example.org", "new@example.org"):
        for path, more in (("sign-up", {"organisation": "Home"}), ("password/forgotten", {})):
            answer = await client.post(f"/api/{path}", json={"email": email, **more})
            answers.setdefault(path, []).append(answer.content)
            assert answer.status_code == 204
    assert all(len(set(each)) == 1 for each in answers.values())
    written = [(letter.recipient, letter.kind) for letter in await world.letters()]
    assert written == [
        ("ada@example.org", "known"),
        ("ada@example.org", "reset"),
        ("new@example.org", "sign-up"),
    ]


async def test_an_answer_takes_its_time(
    world: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found does not tell by time: what is missing to the least time is waited."""
    slept: list[float] = []

    async def sleep(delay_s: float) -> None:
        slept.append(delay_s)

    monkeypatch.setattr(proving.asyncio, "sleep", sleep)
    await world.user()
    slow = Accounts(sign_up=True, least_s=3600.0)
    client = enter(app=api.app(world.database, world.hub, KEY, world.clock, accounts=slow))
    for email in ("ada@example.org", "nobody@example.org"):
        await client.post("/api/password/forgotten", json={"email": email})
        await client.post("/api/sign-up", json={"email": email, "organisation": "Home"})
    waits = [delay_s for delay_s in slept if delay_s > 1800]
    assert len(waits) == 4
    assert all(delay_s <= 3600 for delay_s in waits)


async def test_a_forgotten_password_is_replaced(
    world: World, enter: Enter, sign_in: SignIn
) -> None:
    """One link, one hour, one use; every session ends and the old password is worth nothing."""
    await world.user()
    signed_in, client = await sign_in(), enter()
    ask = {"email": "ADA@example.org"}
    await client.post("/api/password/forgotten", json=ask)
    old = await token_of(world, "reset")
    await client.post("/api/password/forgotten", json=ask)
    token = await token_of(world, "reset")
    body = {"token": token, "password": NEW}
    assert_problem(await client.post("/api/password/reset", json={**body, "token": old}), 401)
    assert_problem(await client.post("/api/activation", json=body), 401)
    assert_problem(await client.post("/api/session/link", json={"token": token}), 401)
    assert (await client.post("/api/password/reset", json=body)).status_code == 204
    assert_problem(await client.post("/api/password/reset", json=body), 401)
    assert_problem(await signed_in.get("/api/session"), 401)
    right = {"email": "ada@example.org", "password": NEW}
    assert (await client.post("/api/session", json=right)).status_code == 200
    assert_problem(await client.post("/api/session", json=right | {"password": PASSWORD}), 401)
    assert "password-changed" in [letter.kind for letter in await world.letters()]
    assert "password reset" in await world.told()


async def test_a_reset_link_ends(world: World, enter: Enter) -> None:
    """An hour: docs/accounts.md."""
    await world.user()
    client = enter()
    await client.post("/api/password/forgotten", json={"email": "ada@example.org"})
    token = await token_of(world, "reset")
    world.clock.set(NOW + timedelta(hours=1))
    body = {"token": token, "password": NEW}
    assert_problem(await client.post("/api/password/reset", json=body), 401, "expired")


async def test_nobody_is_flooded_with_mail(world: World, enter: Enter) -> None:
    """Five an hour to one address, whoever asks from wherever; the answer stays the same."""
    await world.user()
    body = {"email": "ada@example.org"}
    for number in range(FREE + 3):
        client = enter(host=f"192.0.2.{number}", base="https://localhost")
        assert (await client.post("/api/password/forgotten", json=body)).status_code == 204
    assert len(await world.letters()) == FREE
    one = enter()
    for _ in range(FREE):
        await one.post("/api/password/forgotten", json=body)
    assert_problem(await one.post("/api/password/forgotten", json=body), 429)


async def test_an_address_with_an_account_is_told_so_at_its_link(
    world: World, enter: Enter
) -> None:
    """Whoever follows the link owns the address, and may know."""
    client = enter()
    await client.post("/api/sign-up", json={"email": "new@example.org", "organisation": "Home"})
    token = await token_of(world, "sign-up")
    await world.user("NEW@example.org")
    answer = await client.post("/api/activation", json={"token": token, "password": NEW})
    assert_problem(answer, 409, "has an account already")
    assert await Organisations(world.database).all() == []


@pytest.fixture
def mailing(world: World) -> World:
    """The same world, whose mail really goes to a server."""
    post = MailOptions(Address("", "a", "b.ch"), Path("mail"), Smtp("h", 465, "tls"))
    accounts = Accounts(pages_url="https://cloud.example", mail=post, least_s=0.0)
    inside = api.app(world.database, world.hub, KEY, world.clock, accounts=accounts)
    return World(inside, world.hub, world.clock, world.database, accounts)


async def test_a_new_address_is_confirmed_where_mail_is_sent(
    mailing: World, enter: Enter, sign_in: SignIn
) -> None:
    """It counts once the link that it got was followed; the old one is told."""
    await mailing.user()
    client = await sign_in(app=mailing.app)
    body = {"email": "new@example.org", "current_password": PASSWORD}
    said = (await client.put("/api/account", json=body)).json()
    assert (said["user"]["email"], said["to_confirm"]) == ("ada@example.org", "new@example.org")
    token = await token_of(mailing, "address")
    stranger = enter(app=mailing.app)
    assert (await stranger.post("/api/account/address", json={"token": token})).status_code == 204
    assert (await client.get("/api/session")).json()["user"]["email"] == "new@example.org"
    assert_problem(await stranger.post("/api/account/address", json={"token": token}), 401)
    last = (await mailing.letters())[-1]
    assert (last.recipient, last.kind) == ("ada@example.org", "address-changed")


async def test_a_taken_address_is_not_told_where_mail_is_sent(
    mailing: World, sign_in: SignIn
) -> None:
    """Changing one's address is no way to learn who has an account."""
    await mailing.user()
    await mailing.user("bob@example.org")
    client = await sign_in(app=mailing.app)
    body = {"email": "bob@example.org", "current_password": PASSWORD}
    answer: httpx.Response = await client.put("/api/account", json=body)
    assert answer.json()["to_confirm"] == "bob@example.org"
    assert await mailing.letters() == []


async def test_an_invitation_is_followed(world: World, enter: Enter, sign_in: SignIn) -> None:
    """Role and organisation are what the inviter said; the link is theirs alone who got it."""
    works = await Organisations(world.database).add("Works")
    await world.user("boss@example.org", Role.ADMIN, works.id, HASH)
    boss = await sign_in("boss@example.org")
    body = {"email": "new@example.org", "role": "viewer", "language": "de"}
    made = (await boss.post("/api/people/invitations", json=body)).json()
    assert made["link"] is None
    token = await token_of(world, "invitation")
    client = enter()
    joined = {"token": token, "password": NEW, "language": "en"}
    user = (await client.post("/api/activation", json=joined)).json()["user"]
    assert (user["role"], user["organisation"], user["language"]) == ("viewer", works.id, "en")
    assert (await boss.get("/api/people")).json()["invitations"] == []
