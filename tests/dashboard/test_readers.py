"""Logins of the views of SQL, over the API."""

import asyncio
from urllib.parse import urlsplit

import psycopg
import pytest
from tests.dashboard.conftest import HASH, SignIn, World, assert_problem

from ohmstead.access.roles import Role
from ohmstead.store.database import Database


async def test_a_reader_is_made_renewed_and_removed(
    world: World, sign_in: SignIn, database: Database
) -> None:
    """docs/sql-views.md, readers: the password is shown once, and what it opens are the views."""
    works = (await world.meter()).site.organisation
    await world.user()
    ada = await sign_in()
    made = await ada.post("/api/readers", json={"name": "Panels", "organisation": works})
    assert made.status_code == 201
    access = made.json()
    assert (access["username"], access["organisation"]) == ("reader_panels", works)
    assert urlsplit(access["url"]).username == "reader_panels"
    async with await psycopg.AsyncConnection.connect(access["url"]) as reading:
        counted = await (await reading.execute("SELECT count(*) FROM reporting.meters")).fetchone()
        assert counted == (1,)
    listed = await ada.get("/api/readers")
    assert access["password"] not in listed.text
    assert [each["username"] for each in listed.json()["items"]] == ["reader_panels"]
    renewed = (await ada.post("/api/readers/panels/renew")).json()
    assert renewed["password"] != access["password"]
    assert (await ada.delete("/api/readers/reader_panels")).status_code == 204
    assert_problem(await ada.delete("/api/readers/reader_panels"), 404)
    assert_problem(await ada.post("/api/readers", json={"name": "9 lives"}), 400, "name")
    assert (await world.told())[-3:] == ["reader added", "reader renewed", "reader removed"]


async def test_several_at_once_are_one_after_the_other(world: World, sign_in: SignIn) -> None:
    """docs/api.md, errors: of those who ask for the same at once, one gets it and none a 500."""
    works = (await world.meter()).site.organisation
    await world.user()
    ada = await sign_in()
    partner = (await ada.post("/api/partners", json={"name": "P"})).json()["id"]

    async def statuses(method: str, path: str, body: object = None) -> list[int]:
        asked = [ada.request(method, path, json=body) for _ in range(5)]
        return sorted({answer.status_code for answer in await asyncio.gather(*asked)})

    path = f"/api/partners/{partner}"
    assert await statuses("PUT", path, {"organisations": [works]}) == [200]
    assert await statuses("POST", "/api/readers", {"name": "same"}) == [201, 409]
    assert await statuses("POST", "/api/readers/same/renew") == [200]
    assert await statuses("DELETE", "/api/readers/same") == [204, 404]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MANAGER, Role.ADMIN])
async def test_readers_are_for_admins_of_the_installation(
    world: World, sign_in: SignIn, role: Role
) -> None:
    """docs/api.md: an admin of one organisation makes no login, not even for their own."""
    of = (await world.meter()).site.organisation
    await world.user("me@example.org", role, of, HASH)
    me = await sign_in("me@example.org")
    assert_problem(await me.get("/api/readers"), 403)
    assert_problem(await me.post("/api/readers", json={"name": "a", "organisation": of}), 403)
    assert_problem(await me.post("/api/readers/a/renew"), 403)
    assert_problem(await me.delete("/api/readers/a"), 403)
