"""How long readings stay, over the API."""

from tests.dashboard.conftest import HASH, NOW, SignIn, World, assert_problem

from ohmstead.access.roles import Role
from ohmstead.store.job_runs import JobRuns


async def test_an_organisations_admin_says_how_long_readings_stay(
    world: World, sign_in: SignIn
) -> None:
    """docs/retention.md: each organisation its own; null is for ever; the log tells of it."""
    of = (await world.meter("m1", "Works")).site.organisation
    other = (await world.meter("m2", "Other")).site.organisation
    await world.user("boss@example.org", Role.ADMIN, of, HASH)
    await world.user("root@example.org", Role.ADMIN, None, HASH)
    await JobRuns(world.database).begin("archive", NOW)
    boss, root = await sign_in("boss@example.org"), await sign_in("root@example.org")
    path = f"/api/organisations/{of}/retention"
    nothing: dict[str, object] = {
        "organisation": of,
        "raw_months": None,
        "archived_before": None,
        "months": [],
    }
    assert (await boss.get(path)).json() == {**nothing, "job": None}
    changed = (await boss.put(path, json={"raw_months": 3})).json()
    assert (changed["raw_months"], changed["archived_before"]) == (3, "2035-08")
    assert (await root.get(path)).json()["job"]["state"] == "running"
    for wrong in (0, 1201, "many", 1.5):
        assert_problem(await boss.put(path, json={"raw_months": wrong}), 400)
    assert_problem(await boss.put(path, json={}), 400)
    forbidden = f"/api/organisations/{other}/retention"
    assert_problem(await boss.put(forbidden, json={"raw_months": 1}), 404)
    assert_problem(await root.get("/api/organisations/999/retention"), 404)
    assert (await root.put(path, json={"raw_months": None})).json()["raw_months"] is None
    assert (await world.told()).count("retention changed") == 2
