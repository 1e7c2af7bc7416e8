"""Virtual meters and trees over the API; docs/virtual-meters.md."""

from datetime import timedelta

from tests.dashboard.conftest import HASH, NOW, SignIn, World, assert_problem

from ohmstead.access.roles import Role
from ohmstead.store.virtual_meters import VirtualMeters


async def test_a_virtual_meter_is_added_and_asked_like_a_meter(
    world: World, sign_in: SignIn
) -> None:
    """docs/virtual-meters.md: its energy, its tree, another formula, and who did it."""
    for id, kwh in (("main", 5.0), ("sub", 2.0)):
        meter = await world.meter(id)
        first = NOW - timedelta(days=1)
        await world.measured(
            meter, (first, {"1.8.0": 1.0}), (first + timedelta(seconds=10), {"1.8.0": 1.0 + kwh})
        )
    await world.user()
    client = await sign_in()
    body = {"id": "rest", "site": meter.site.id, "formula": "untracked(main)", "name": "Rest"}
    made = await client.post("/api/virtual-meters", json=body)
    assert (made.status_code, made.json()["formula"]) == (201, "untracked(main)")
    moved = await client.put("/api/meters/sub/parent", json={"parent": "main"})
    assert moved.json()["parent"] == "main"
    day = await client.get("/api/meters/rest/energy?from=2035-11-20&to=2035-11-21")
    assert day.json()["days"][0]["import"] == 3.0
    assert (await client.get("/api/meters/rest")).json()["formula"] == "untracked(main)"
    table = {"data": "", "whole": True}
    refused = await client.post("/api/meters/rest/uploads/look", json=table)
    assert_problem(refused, 400, "nothing is stored in it")
    changed = await client.put("/api/meters/rest/formula", json={"formula": "main-sub"})
    assert changed.json()["formula"] == "main - sub"
    shown = await client.get("/api/meters/rest/formula")
    assert shown.json() == changed.json()
    tree = await client.get(f"/api/sites/{meter.site.id}/tree")
    assert [(each["meter"], each["parent"]) for each in tree.json()["items"]] == [
        ("main", None),
        ("sub", "main"),
        ("rest", None),
    ]
    refused = await client.put("/api/meters/rest/formula", json={"formula": "rest"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "formula")
    assert "rest → rest" in refused.json()["detail"]
    gone = await client.delete("/api/meters/main?with_readings=true")
    assert (gone.status_code, "'rest'" in gone.json()["detail"]) == (409, True)
    steps = (await client.get("/api/audit")).json()["items"]
    assert {"virtual meter added", "formula changed", "meter moved"} <= {s["action"] for s in steps}


async def test_who_may_change_a_formula(world: World, sign_in: SignIn) -> None:
    """docs/accounts.md, roles: viewers see it, managers change that of their own meters."""
    own, other = await world.meter("own", "Works"), await world.meter("other", "Other")
    for name, site in (("v", own.site), ("w", other.site)):
        await VirtualMeters(world.database).add(name, site.id, "own" if name == "v" else "other")
    for role, expected in ((Role.VIEWER, 403), (Role.MANAGER, 200)):
        await world.user(f"{role}@example.org", role, own.site.organisation, HASH)
        client = await sign_in(f"{role}@example.org")
        assert (await client.get("/api/meters/v/formula")).status_code == 200
        assert (await client.get("/api/meters/w/formula")).status_code == 404
        for id, status in (("v", expected), ("w", 403 if role is Role.VIEWER else 404)):
            answer = await client.put(f"/api/meters/{id}/formula", json={"formula": "2 * own"})
            assert answer.status_code == status, f"{role} {id}"
        for site, status in ((own.site, expected), (other.site, 403 if expected == 403 else 404)):
            body = {"id": f"of-{site.id}", "site": site.id, "formula": "own"}
            answer = await client.post("/api/virtual-meters", json=body)
            assert answer.status_code == (201 if status == 200 else status), f"{role} {site.name}"
