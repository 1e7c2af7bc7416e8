"""The people of an organisation, over the API."""

import asyncio
from email.headerregistry import Address
from pathlib import Path

import pytest
import pytest_asyncio
from tests.dashboard.conftest import HASH, KEY, Enter, SignIn, World, assert_problem

from ohmstead.access.roles import Role
from ohmstead.dashboard import api
from ohmstead.dashboard.attempts import FREE
from ohmstead.dashboard.parts import Accounts
from ohmstead.settings.mail import MailOptions, Smtp
from ohmstead.store.people import User
from ohmstead.store.sites import Organisations

NEW = {"email": "new@example.org", "role": "viewer"}


@pytest_asyncio.fixture
async def works(world: World) -> dict[str, User]:
    """The people of Works, of Other, and of the installation."""
    organisations = Organisations(world.database)
    own, other = await organisations.add("Works"), await organisations.add("Other")
    return {
        "boss": await world.user("boss@example.org", Role.ADMIN, own.id, HASH),
        "maia": await world.user("maia@example.org", Role.MANAGER, own.id, HASH),
        "vera": await world.user("vera@example.org", Role.VIEWER, own.id, HASH),
        "oscar": await world.user("oscar@example.org", Role.ADMIN, other.id, HASH),
        "root": await world.user("root@example.org", Role.ADMIN, None, HASH),
    }


async def test_one_sees_the_people_of_ones_own_organisation(
    works: dict[str, User], sign_in: SignIn
) -> None:
    """Managers and admins see who is with them; the installation's admin sees all."""
    maia, root = await sign_in("maia@example.org"), await sign_in("root@example.org")
    own = (await maia.get("/api/people")).json()["items"]
    assert {each["email"].partition("@")[0] for each in own} == {"boss", "maia", "vera"}
    assert {each["organisation_name"] for each in own} == {"Works"}
    assert len((await root.get("/api/people")).json()["items"]) == 5
    other = works["oscar"].organisation
    assert len((await root.get(f"/api/people?organisation={other}")).json()["items"]) == 1
    assert (await maia.get(f"/api/people?organisation={other}")).json()["items"] == []


async def test_a_role_counts_at_once(works: dict[str, User], sign_in: SignIn) -> None:
    """The next request of the person is answered by the new role."""
    boss, vera = await sign_in("boss@example.org"), await sign_in("vera@example.org")
    assert_problem(await vera.get("/api/people"), 403, "viewer")
    path = f"/api/people/{works['vera'].id}"
    assert (await boss.put(path, json={"role": "manager"})).json()["role"] == "manager"
    assert (await vera.get("/api/people")).status_code == 200
    await boss.put(path, json={"role": "viewer"})
    assert_problem(await vera.get("/api/people"), 403)


async def test_live_streams_end_with_the_role_and_the_person(
    works: dict[str, User], world: World, sign_in: SignIn
) -> None:
    """What is open is asked for anew, with what one may now."""
    boss = await sign_in("boss@example.org")
    with world.hub.watched(["m1"], b"s", works["vera"].id) as watcher:
        await boss.put(f"/api/people/{works['vera'].id}", json={"role": "manager"})
        assert watcher.ended
    with world.hub.watched(["m1"], b"s", works["vera"].id) as watcher:
        await boss.delete(f"/api/people/{works['vera'].id}")
        assert watcher.ended


async def test_who_is_removed_is_out(works: dict[str, User], sign_in: SignIn) -> None:
    """Sessions end with the person; oneself and the last admin stay."""
    boss, vera = await sign_in("boss@example.org"), await sign_in("vera@example.org")
    assert (await boss.delete(f"/api/people/{works['vera'].id}")).status_code == 204
    assert_problem(await vera.get("/api/session"), 401)
    assert_problem(await boss.delete(f"/api/people/{works['boss'].id}"), 409, "yourself")
    root = await sign_in("root@example.org")
    assert_problem(await root.delete(f"/api/people/{works['boss'].id}"), 409, "last admin")
    own = f"/api/people/{works['boss'].id}"
    assert_problem(await boss.put(own, json={"role": "viewer"}), 409, "last admin")


async def test_two_admins_cannot_remove_each_other(
    works: dict[str, User], world: World, sign_in: SignIn
) -> None:
    """At the same moment one of the two wins, and somebody stays (decision 36)."""
    second = await world.user("anna@example.org", Role.ADMIN, works["boss"].organisation, HASH)
    boss, anna = await sign_in("boss@example.org"), await sign_in("anna@example.org")
    answers = await asyncio.gather(
        boss.delete(f"/api/people/{second.id}"), anna.delete(f"/api/people/{works['boss'].id}")
    )
    assert sorted(answer.status_code for answer in answers) in ([204, 401], [204, 409])
    left = await world.people.all(works["boss"].organisation)
    assert len([each for each in left if each.role is Role.ADMIN]) == 1


async def test_an_admin_helps_who_lost_the_authenticator(
    works: dict[str, User], world: World, sign_in: SignIn
) -> None:
    """The second step is turned off by an admin, who is named in the log and in a letter."""
    await world.second_step(works["vera"])
    boss = await sign_in("boss@example.org")
    path = f"/api/people/{works['vera'].id}/second-factor"
    assert (await boss.delete(path)).status_code == 204
    assert_problem(await boss.delete(path), 409, "no second step")
    (letter,) = await world.letters()
    assert (letter.recipient, letter.kind) == ("vera@example.org", "second-step-off")
    assert letter.fields == {"by": "boss@example.org"}
    steps = (await boss.get("/api/audit?action=second")).json()["items"]
    assert (steps[0]["actor"], steps[0]["subject"]) == ("boss@example.org", "vera@example.org")
    own = f"/api/people/{works['boss'].id}/second-factor"
    assert_problem(await boss.delete(own), 409, "account page")


async def test_an_admin_signs_somebody_out(works: dict[str, User], sign_in: SignIn) -> None:
    """Every session of the person ends."""
    boss, vera = await sign_in("boss@example.org"), await sign_in("vera@example.org")
    path = f"/api/people/{works['vera'].id}/sessions"
    assert (await boss.delete(path)).status_code == 204
    assert_problem(await vera.get("/api/session"), 401)


async def test_nobody_invites_above_themselves(works: dict[str, User], sign_in: SignIn) -> None:
    """A manager gives up to manager; nobody of an organisation gives the whole installation."""
    maia, boss = await sign_in("maia@example.org"), await sign_in("boss@example.org")
    path = "/api/people/invitations"
    assert (await maia.post(path, json=NEW | {"role": "manager"})).status_code == 201
    assert_problem(await maia.post(path, json=NEW | {"role": "admin"}), 403, "ask an admin")
    assert_problem(await boss.post(path, json=NEW | {"organisation": None}), 403)
    other = works["oscar"].organisation
    assert_problem(await boss.post(path, json=NEW | {"organisation": other}), 404)
    made = (await boss.post(path, json=NEW | {"role": "admin"})).json()["invitation"]
    assert_problem(await maia.post(f"{path}/{made['id']}"), 403)
    assert_problem(await maia.delete(f"{path}/{made['id']}"), 403)
    assert (await boss.delete(f"{path}/{made['id']}")).status_code == 204


async def test_an_inviter_does_not_learn_who_has_an_account(
    works: dict[str, User], world: World, sign_in: SignIn
) -> None:
    """The answer is that of anybody else; the person invited is told why it does not work."""
    boss = await sign_in("boss@example.org")
    answer = await boss.post("/api/people/invitations", json=NEW | {"email": "oscar@example.org"})
    assert answer.status_code == 201
    assert answer.json()["link"] is None
    assert len((await boss.get("/api/people")).json()["invitations"]) == 1
    (letter,) = await world.letters()
    assert (letter.recipient, letter.kind) == ("oscar@example.org", "invited-known")
    assert "link" not in letter.fields
    root = await sign_in("root@example.org")
    known = NEW | {"email": "oscar@example.org", "organisation": None}
    assert_problem(await root.post("/api/people/invitations", json=known), 409, "exists already")


@pytest.mark.parametrize("sends", [False, True])
async def test_the_link_is_shown_to_who_may_read_the_folder(
    works: dict[str, User], world: World, sign_in: SignIn, enter: Enter, sends: bool
) -> None:
    """Without an SMTP server nobody gets the mail: an admin of the installation passes it on."""
    smtp = Smtp("h", 465, "tls") if sends else None
    post = MailOptions(Address("", "a", "b.ch"), Path("mail"), smtp)
    accounts = Accounts(pages_url="https://cloud.example", mail=post)
    inside = api.app(world.database, world.hub, KEY, world.clock, accounts=accounts)
    root = await sign_in("root@example.org", app=inside)
    own = NEW | {"organisation": works["boss"].organisation}
    link = (await root.post("/api/people/invitations", json=own)).json()["link"]
    assert (link is None) is sends
    if link:
        token = link.removeprefix("https://cloud.example/join/")
        body = {"token": token, "password": "a password of mine"}
        assert (await enter().post("/api/activation", json=body)).status_code == 200


async def test_an_invitation_is_renewed_and_withdrawn(
    works: dict[str, User], world: World, sign_in: SignIn, enter: Enter
) -> None:
    """A renewed one voids the link before; a withdrawn one is void."""
    boss, stranger = await sign_in("boss@example.org"), enter()
    path = "/api/people/invitations"
    made = (await boss.post(path, json=NEW)).json()["invitation"]
    again = (await boss.post(f"{path}/{made['id']}")).json()["invitation"]
    assert again["id"] == made["id"]
    old, new = [letter.fields["link"].rpartition("/")[2] for letter in await world.letters()]
    assert_problem(await stranger.post("/api/link", json={"token": old}), 401)
    assert (await stranger.post("/api/link", json={"token": new})).status_code == 200
    assert (await boss.delete(f"{path}/{made['id']}")).status_code == 204
    assert_problem(await stranger.post("/api/link", json={"token": new}), 401)
    assert_problem(await boss.post(f"{path}/{made['id']}"), 404)


async def test_inviting_one_address_again_and_again_is_slowed_down(
    works: dict[str, User], sign_in: SignIn
) -> None:
    """Nobody is flooded by an inviter."""
    boss = await sign_in("boss@example.org")
    for _ in range(FREE):
        assert (await boss.post("/api/people/invitations", json=NEW)).status_code == 201
    assert_problem(await boss.post("/api/people/invitations", json=NEW), 429)
