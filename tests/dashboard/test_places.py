"""Sites, meters, devices and credentials over the pages' API: added, changed, removed, by whom."""

import httpx
from tests.dashboard.conftest import NOW, SignIn, World, assert_problem

from ohmstead.access.roles import Role
from ohmstead.store.facts import CA_CERTIFICATE, MQTT_URI, Facts
from ohmstead.store.meters import Meters
from ohmstead.store.sites import Organisations, Sites

MAC = "A842E39F8124"


async def boss(world: World, sign_in: SignIn, role: Role = Role.MANAGER) -> httpx.AsyncClient:
    """Somebody of the organisation Works, in which there is a meter; there is another in Other."""
    own, _ = await world.meter("own", "Works"), await world.meter("other", "Other")
    await world.user("b@example.org", role, own.site.organisation)
    await Facts(world.database).set(CA_CERTIFICATE, "PEM")
    await Facts(world.database).set(MQTT_URI, "mqtts://cloud:8883")
    return await sign_in("b@example.org")


async def test_a_site_and_its_meter(world: World, sign_in: SignIn) -> None:
    """docs/api.md: what `ohmstead admin site` and `meter` do; each step is in the audit log."""
    client = await boss(world, sign_in)
    wanted = {"name": "Depot", "timezone": "Europe/Dublin", "city": "Dublin"}
    site = (await client.post("/api/sites", json=wanted)).json()
    assert {name: site[name] for name in wanted} == wanted
    assert site["organisation_name"] == "Works"
    meter = {"id": "m9", "site": site["id"], "type": "gas", "interval_s": 900, "unit": "kWh"}
    made = (await client.post("/api/meters", json=meter)).json()
    assert (made["id"], made["unit"], made["site"]["name"]) == ("m9", "kWh", "Depot")
    changed = await client.put("/api/meters/m9", json={"name": "Boiler", "interval_s": 3600})
    assert (changed.json()["name"], changed.json()["interval_s"]) == ("Boiler", 3600)
    moved = await client.put(f"/api/sites/{site['id']}", json={"timezone": "UTC", "city": ""})
    assert (moved.json()["timezone"], moved.json()["city"]) == ("UTC", None)
    assert_problem(await client.delete(f"/api/sites/{site['id']}"), 409, "meters")
    await world.measured(await Meters(world.database).get("m9"), (NOW, {"value": 1.0}))
    refused = await client.put(f"/api/sites/{site['id']}", json={"timezone": "Europe/Zurich"})
    assert_problem(refused, 409, "time zone")
    for digits, shown in ((6, 6), (0, None)):
        await client.put("/api/meters/m9", json={"counter_digits": digits})
        assert (await client.get("/api/meters/m9")).json()["counter_digits"] == shown
    none = await client.put("/api/meters/m9", json={"counter_digits": 2})
    assert_problem(none, 400, "counter of 2 digits")
    assert_problem(await client.delete("/api/meters/m9"), 409, "readings")
    gone = await client.delete("/api/meters/m9", params={"with_readings": True})
    assert gone.status_code == 204
    assert (await client.delete(f"/api/sites/{site['id']}")).status_code == 204
    told = [each for each in await world.told() if each.startswith(("site", "meter"))]
    assert told == [
        *("site added", "meter added", "meter changed", "site changed"),
        *("meter changed", "meter changed", "meter removed", "site removed"),
    ]


async def test_a_device(world: World, sign_in: SignIn) -> None:
    """docs/api.md: what it signs in with is shown once, and again only when it is renewed."""
    client = await boss(world, sign_in)
    assert_problem(await client.post("/api/devices", json={"mac": MAC, "site": 2}), 404)
    made = (await client.post("/api/devices", json={"mac": MAC, "site": 1})).json()
    assert (made["id"], made["meter"], made["topic"]) == (MAC, MAC, f"up/{MAC}")
    assert (made["uri"], made["certificate"]) == ("mqtts://cloud:8883", "PEM")
    shown = await client.get(f"/api/devices/{MAC}")
    assert made["password"] not in shown.text
    renewed = (await client.post("/api/devices/a8-42-e3-9f-81-24/renew")).json()
    assert renewed["password"] != made["password"]
    listed = (await client.get("/api/managed-devices")).json()
    assert [each["mac"] for each in listed["items"]] == [MAC]
    assert (await client.delete(f"/api/devices/{MAC}")).status_code == 204
    assert (await client.get(f"/api/devices/{MAC}")).status_code == 404
    assert (await client.get(f"/api/meters/{MAC}")).status_code == 200


async def test_a_credential(world: World, sign_in: SignIn) -> None:
    """docs/api.md: credentials of one's own meters; others' are like what does not exist."""
    client = await boss(world, sign_in)
    for scope in ("meter:other", "site:2", "org:2", "site:99", "partner:1", "nonsense"):
        answer = await client.post("/api/credentials", json={"scope": scope})
        assert_problem(answer, 404)
    made = (await client.post("/api/credentials", json={"scope": "meter:own"})).json()
    (listed,) = (await client.get("/api/credentials")).json()["items"]
    assert (listed["username"], listed["made_by"]) == (made["username"], "b@example.org")
    more = (await client.post("/api/credentials", json={"scope": "site:1"})).json()["username"]
    first = (await client.get("/api/credentials?limit=1")).json()
    assert first["items"] == [listed]
    (last,) = (await client.get(f"/api/credentials?after={first['next']}")).json()["items"]
    assert last["username"] == more
    assert (await client.delete(f"/api/credentials/{more}")).status_code == 204
    path = f"/api/credentials/{made['username']}"
    rotated = (await client.post(f"{path}/rotate", json={"overlap_s": 60})).json()
    assert rotated["password"] != made["password"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get("/api/credentials")).json() == {"items": [], "next": None}


async def test_partners(world: World, sign_in: SignIn) -> None:
    """docs/api.md: what `ohmstead admin partner` does, for admins of the installation alone."""
    assert_problem(await (await boss(world, sign_in)).get("/api/partners"), 403)
    await world.user("root@example.org")
    root = await sign_in("root@example.org")
    made = [(await root.post("/api/partners", json={"name": name})).json() for name in "ab"]
    assert made[0] == {"id": made[0]["id"], "name": "a", "organisations": []}
    path = f"/api/partners/{made[0]['id']}"
    sends = (await root.put(path, json={"organisations": [2, 1, 2]})).json()
    assert sends == {**made[0], "organisations": [1, 2]}
    answer = await root.put(path, json={"organisations": [1, 99]})
    assert_problem(answer, 404, "no organisation 99")
    less = (await root.delete(f"{path}/organisations/1")).json()
    assert less == {**made[0], "organisations": [2]}
    assert (await root.get(path)).json() == less
    assert (await root.put(f"{path}/organisations/1")).json() == sends
    assert_problem(await root.put(f"{path}/organisations/99"), 404, "no organisation 99")
    assert (await world.told())[-2:] == ["partner detached", "partner attached"]
    first = (await root.get("/api/partners?limit=1")).json()
    assert first == {"items": [sends], "next": made[0]["id"]}
    rest = (await root.get(f"/api/partners?after={first['next']}")).json()
    assert rest == {"items": [made[1]], "next": None}
    scopes = [f"partner:{made[0]['id']}", "meter:own", "org:2"]
    for scope in scopes:
        assert (await root.post("/api/credentials", json={"scope": scope})).status_code == 201
    client = await sign_in("b@example.org")
    for asks, seen in ((root, scopes), (client, scopes[1:2])):
        listed = (await asks.get("/api/credentials")).json()["items"]
        assert [each["scope"] for each in listed] == seen
    assert (await root.delete(path)).status_code == 204
    assert_problem(await root.delete(path), 404, "no partner")
    assert (await world.told())[-1] == "partner removed"


async def test_a_viewer_changes_nothing(world: World, sign_in: SignIn) -> None:
    """docs/accounts.md, roles: a viewer looks."""
    client = await boss(world, sign_in, Role.VIEWER)
    for method, path, body in (
        ("POST", "/api/devices", {"mac": MAC, "site": 1}),
        ("GET", f"/api/devices/{MAC}", None),
        ("POST", f"/api/devices/{MAC}/renew", None),
        ("DELETE", f"/api/devices/{MAC}", None),
        ("GET", "/api/credentials", None),
        ("POST", "/api/credentials", {"scope": "meter:own"}),
        ("POST", "/api/credentials/x/rotate", {}),
        ("DELETE", "/api/credentials/x", None),
        ("DELETE", "/api/meters/own", None),
    ):
        assert_problem(await client.request(method, path, json=body), 403, "viewer")


async def test_lists_have_pages(world: World, sign_in: SignIn) -> None:
    """docs/api.md, lists: `next` leads through each of them, without one twice or left out."""
    await world.user()
    client = await sign_in()
    for number in range(5):
        of = await Organisations(world.database).add(f"O{number % 3}{number}")
        await Sites(world.database).add("S", of.id, "UTC")
        await world.meter(f"m{number}", f"O{number % 3}{number}")
        await world.user(f"u{number}@example.org", Role.VIEWER, of.id)
    for path, count in (
        ("/api/meters", 5),
        ("/api/sites", 10),
        ("/api/organisations", 5),
        ("/api/people", 6),
    ):
        found, after, pages = [], None, 0
        while pages == 0 or after is not None:
            query = {"limit": 2} | ({} if after is None else {"after": after})
            page = (await client.get(path, params=query)).json()
            found += [each["id"] for each in page["items"]]
            after, pages = page["next"], pages + 1
        whole = (await client.get(path)).json()
        assert found == [each["id"] for each in whole["items"]]
        assert (len(found), pages) == (count, (count + 1) // 2)
        assert whole["next"] is None
