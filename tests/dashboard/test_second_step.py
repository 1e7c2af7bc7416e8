"""The second step of signing in, over the API."""

import base64
from datetime import timedelta

import httpx
from tests.dashboard.conftest import PASSWORD, SECRET, Enter, SignIn, World, assert_problem

from ohmstead.access import codes
from ohmstead.dashboard.attempts import FREE

RIGHT = {"email": "ada@example.org", "password": PASSWORD}
PATH = "/api/account/second-factor"


def code(world: World, secret: bytes = SECRET) -> str:
    """The present code."""
    return codes.code(secret, world.clock.now().timestamp())


def later(world: World) -> None:
    """The next code's time."""
    world.clock.set(world.clock.now() + timedelta(seconds=30))


def asks_for_code(answer: httpx.Response, *words: str) -> None:
    """401 that names the field `code`."""
    assert_problem(answer, 401, *words)
    assert [each["field"] for each in answer.json()["errors"]] == ["code"]


async def test_it_is_set_up_and_asked_for(world: World, enter: Enter, sign_in: SignIn) -> None:
    """Secret shown once, counts after a first code; from then on a code is needed."""
    await world.user()
    client = await sign_in()
    assert (await client.get(PATH)).json() == {"since": None, "recovery_codes_left": 0}
    assert_problem(await client.post(PATH, json={"current_password": "wrong"}), 403)
    shown = (await client.post(PATH, json={"current_password": PASSWORD})).json()
    assert shown["uri"].startswith("otpauth://totp/Ohmstead:ada%40example.org?")
    assert shown["secret"] in shown["uri"]
    wrong = await client.post(f"{PATH}/confirm", json={"code": "000000"})
    assert_problem(wrong, 400, "clock")
    assert (await enter().post("/api/session", json=RIGHT)).status_code == 200
    secret = base32(shown["secret"])
    right = await client.post(f"{PATH}/confirm", json={"code": code(world, secret)})
    assert len(right.json()["recovery_codes"]) == 10
    assert (await client.get(PATH)).json()["recovery_codes_left"] == 10
    stranger = enter()
    asks_for_code(await stranger.post("/api/session", json=RIGHT), "needed too")
    assert "set-cookie" not in (await stranger.post("/api/session", json=RIGHT)).headers
    later(world)
    given = RIGHT | {"code": code(world, secret)}
    user = (await stranger.post("/api/session", json=given)).json()["user"]
    assert user["second_factor"] is True
    asks_for_code(await enter().post("/api/session", json=given), "used before")
    assert "second-step-on" in [letter.kind for letter in await world.letters()]


def base32(written: str) -> bytes:
    """RFC 4648, section 6."""
    return base64.b32decode(written)


async def test_a_wrong_password_asks_for_no_code(world: World, enter: Enter) -> None:
    """Whether somebody has a second step is told only to who knows the password."""
    await world.second_step(await world.user())
    answer = await enter().post("/api/session", json=RIGHT | {"password": "wrong"})
    assert_problem(answer, 401, "e-mail address or password is wrong")
    assert answer.json()["errors"] == []


async def test_guessing_codes_is_slowed_down_from_everywhere(world: World, enter: Enter) -> None:
    """Counted by account, since whoever guesses codes has the password already."""
    await world.second_step(await world.user())
    for number in range(FREE):
        client = enter(host=f"192.0.2.{number}", base="https://localhost")
        asks_for_code(await client.post("/api/session", json=RIGHT | {"code": "000000"}))
    later(world)
    client = enter(host="192.0.2.99", base="https://localhost")
    answer = await client.post("/api/session", json=RIGHT | {"code": code(world)})
    assert answer.status_code == 200  # the wait was ten seconds, which have passed
    for _ in range(FREE):
        await client.post("/api/session", json=RIGHT | {"code": "000000"})
    assert_problem(await client.post("/api/session", json=RIGHT | {"code": "000000"}), 429)


async def test_a_recovery_code_signs_in_once(world: World, enter: Enter) -> None:
    """For the day the authenticator is lost."""
    fresh = await world.second_step(await world.user())
    given = RIGHT | {"code": fresh[0]}
    assert (await enter().post("/api/session", json=given)).status_code == 200
    asks_for_code(await enter().post("/api/session", json=given))


async def test_a_sign_in_link_asks_too_and_is_not_used_up_by_asking(
    world: World, enter: Enter
) -> None:
    """A link stands for the password, not for the second step."""
    user = await world.user()
    await world.second_step(user)
    token = await world.link(user)
    client = enter()
    asks_for_code(await client.post("/api/session/link", json={"token": token}))
    later(world)
    body = {"token": token, "code": code(world)}
    assert (await client.post("/api/session/link", json=body)).status_code == 200
    assert_problem(await enter().post("/api/session/link", json=body), 401)


async def test_turning_it_off_needs_a_code(world: World, sign_in: SignIn) -> None:
    """Whoever finds a browser open cannot take it away."""
    fresh = await world.second_step(await world.user())
    client = await sign_in()
    assert_problem(await client.post(f"{PATH}/off", json={"code": "000000"}), 400, "code")
    renewed = await client.post(f"{PATH}/recovery-codes", json={"code": fresh[0]})
    codes_now = renewed.json()["recovery_codes"]
    assert_problem(await client.post(f"{PATH}/off", json={"code": fresh[1]}), 400)
    assert (await client.post(f"{PATH}/off", json={"code": codes_now[0]})).status_code == 204
    assert (await client.get(PATH)).json()["since"] is None
    assert_problem(await client.post(f"{PATH}/off", json={"code": codes_now[1]}), 409)
    told = await world.told()
    assert told[-1] == "second step turned off"


async def test_without_a_password_there_is_no_second_step(world: World, sign_in: SignIn) -> None:
    """It comes after a password: whoever came by link chooses one first."""
    await world.user(password=None)
    client = await sign_in()
    assert_problem(await client.post(PATH, json={}), 409, "password first")


async def test_a_secret_is_nowhere_in_answers_or_log(world: World, sign_in: SignIn) -> None:
    """Shown once, at its set-up (style 7): no later answer and no step of the log has it."""
    await world.user()
    client = await sign_in()
    shown = (await client.post(PATH, json={"current_password": PASSWORD})).json()
    for path in (PATH, "/api/session", "/api/people", "/api/audit"):
        assert shown["secret"] not in (await client.get(path)).text
