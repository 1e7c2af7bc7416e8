"""One's own sessions, and what becomes of the address."""

from tests.dashboard.conftest import PASSWORD, Enter, SignIn, World, assert_problem

RIGHT = {"email": "ada@example.org", "password": PASSWORD}


async def test_sessions_are_listed_and_ended(world: World, enter: Enter, sign_in: SignIn) -> None:
    """Where and with what one is signed in; one of them, or all others, can be ended."""
    await world.user()
    phone = enter(host="192.0.2.7", base="https://localhost")
    await phone.post("/api/session", json=RIGHT, headers={"user-agent": "A phone"})
    client, other = await sign_in(), await sign_in()
    found = (await client.get("/api/account/sessions")).json()["items"]
    assert [each["current"] for each in found].count(True) == 1
    (on_phone,) = [each for each in found if each["agent"] == "A phone"]
    assert on_phone["address"] == "192.0.2.7"
    ended = await client.delete(f"/api/account/sessions/{on_phone['id']}")
    assert ended.status_code == 204
    assert_problem(await phone.get("/api/session"), 401)
    assert (await client.delete("/api/account/sessions")).status_code == 204
    assert_problem(await other.get("/api/session"), 401)
    assert [each["current"] for each in (await client.get("/api/account/sessions")).json()["items"]]
    assert (await world.told())[-2:] == ["session ended", "sessions ended"]


async def test_a_session_of_somebody_else_is_none_of_ones_own(
    world: World, sign_in: SignIn
) -> None:
    """404 as if there were none, and it goes on."""
    await world.user()
    await world.user("bob@example.org")
    ada, bob = await sign_in(), await sign_in("bob@example.org")
    (his,) = (await bob.get("/api/account/sessions")).json()["items"]
    assert_problem(await ada.delete(f"/api/account/sessions/{his['id']}"), 404)
    assert (await bob.get("/api/session")).status_code == 200


async def test_an_address_counts_at_once_where_mail_goes_into_a_folder(
    world: World, sign_in: SignIn
) -> None:
    """Nobody would get the link to confirm it; the address before is told (docs/accounts.md)."""
    await world.user()
    client = await sign_in()
    body = {"email": "new@example.org", "current_password": PASSWORD}
    said = (await client.put("/api/account", json=body)).json()
    assert (said["user"]["email"], said["to_confirm"]) == ("new@example.org", None)
    (letter,) = await world.letters()
    assert (letter.recipient, letter.kind) == ("ada@example.org", "address-changed")
    assert letter.fields["address"] == "new@example.org"


async def test_a_new_password_is_told_by_mail(world: World, sign_in: SignIn) -> None:
    """Whoever did not change it themselves learns of it."""
    await world.user()
    client = await sign_in()
    body = {"password": "another long one", "current_password": PASSWORD}
    await client.put("/api/account", json=body)
    assert [letter.kind for letter in await world.letters()] == ["password-changed"]
