"""Organisations, over the API."""

from tests.dashboard.conftest import HASH, SignIn, World, assert_problem

from ohmstead.access.roles import Role


async def test_an_admin_of_the_installation_keeps_organisations(
    world: World, sign_in: SignIn
) -> None:
    """Added, renamed, removed once empty; each step in the log."""
    await world.user()
    await world.meter("m1", "Works")
    root = await sign_in()
    made = (await root.post("/api/organisations", json={"name": " Home "})).json()
    assert (made["name"], made["people"], made["sites"], made["meters"]) == ("Home", 0, 0, 0)
    assert_problem(await root.post("/api/organisations", json={"name": "Home"}), 409, "Home")
    path = f"/api/organisations/{made['id']}"
    assert (await root.put(path, json={"name": "House"})).json()["name"] == "House"
    found = (await root.get("/api/organisations")).json()["items"]
    assert [(each["name"], each["meters"]) for each in found] == [("House", 0), ("Works", 1)]
    works = next(each for each in found if each["name"] == "Works")
    assert_problem(await root.delete(f"/api/organisations/{works['id']}"), 409, "sites or users")
    assert (await root.delete(path)).status_code == 204
    assert_problem(await root.delete(path), 404)
    assert [step for step in await world.told() if "organisation" in step] == [
        "organisation added",
        "organisation renamed",
        "organisation removed",
    ]


async def test_others_see_their_own_alone(world: World, sign_in: SignIn) -> None:
    """Whose meters they are is no secret to those who belong there."""
    meter = await world.meter("m1", "Works")
    await world.meter("m2", "Other")
    of = meter.site.organisation
    await world.user("boss@example.org", Role.ADMIN, of, HASH)
    boss = await sign_in("boss@example.org")
    found = (await boss.get("/api/organisations")).json()["items"]
    assert [(each["name"], each["people"]) for each in found] == [("Works", 1)]
