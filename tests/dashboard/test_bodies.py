"""What strangers send as a body: always an answer, never the server's fault."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dashboard.conftest import Enter, SignIn, World, assert_problem

from ohmstead.dashboard.api import BODY_MOST


@pytest.mark.parametrize(
    "content, said",
    [
        (b"[" * 60_000, "nested too deeply"),
        (b'{"email":' + b"[" * 50_000, "nested too deeply"),
        (b'{"x":' + b'{"a":' * 10_000, "nested too deeply"),
        (b'{"email":"\xff"}', "not UTF-8 (byte "),
        (b'{"email":"\\ud800"}', ""),
        (b"null", "body: Expected `object`, got `null`"),
        (b"", "body: Expected `object`, got `null`"),
    ],
)
async def test_a_body_that_is_no_json_is_the_senders_trouble(
    enter: Enter, content: bytes, said: str
) -> None:
    """400 with what is wrong with it.  Source: RFC 8259, 8.1 (UTF-8) and 9 (depth limits)."""
    assert_problem(await enter().post("/api/session", content=content), 400, said)


@given(content=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_any_bytes_get_an_answer(enter: Enter, content: bytes) -> None:
    """Whatever comes, it is a 400 that carries its request's id."""
    assert_problem(await enter().post("/api/session/link", content=content), 400)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x/y", ""])
async def test_the_type_of_a_body_changes_nothing(world: World, sign_in: SignIn, kind: str) -> None:
    """A body is JSON whatever it says it is; what keeps other sites out is the door."""
    await world.user()
    client = await sign_in()
    answer = await client.put(
        "/api/account", content=b'{"name": "Ada"}', headers={"content-type": kind}
    )
    assert answer.json()["user"]["name"] == "Ada"
    headers = {"content-type": kind, "sec-fetch-site": "cross-site"}
    answer = await client.put("/api/account", content=b'{"name": "Eve"}', headers=headers)
    assert_problem(answer, 403)


async def test_a_large_body_in_pieces_is_refused(enter: Enter) -> None:
    """Without a Content-Length too: 413 as soon as it is too much."""
    taken = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1000
            yield b" " * 1000

    assert_problem(await enter().post("/api/session", content=pieces()), 413)
    assert taken < BODY_MOST + 10_000


async def test_a_body_that_never_comes_is_not_waited_for(
    enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit in time for the whole of it, so that half-sent requests hold no place."""
    monkeypatch.setattr("ohmstead.dashboard.door.GIVE_S", 0.05)

    async def half() -> AsyncIterator[bytes]:
        yield b'{"email":'
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        answer = await enter().post("/api/session", content=half())
    assert_problem(answer, 400, "did not come whole")
