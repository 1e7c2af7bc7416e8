"""The management API: what public Wattics clients ask for.  Source: Interop notes, 3.2."""

from datetime import timedelta
from typing import Any

import httpx
from tests.dashboard.conftest import NOW, Enter, World, assert_problem
from tests.dashboard.test_tokens import token_of

from ohmstead.access.roles import Role
from ohmstead.access.tokens import Scope
from ohmstead.store.meters import Meters
from ohmstead.store.people import User

V1 = "http://localhost/api/v1"


TARIFF = {
    "name": "Flat",
    "currency": "EUR",
    "versions": [
        {"from": "2020-01-01", "charges": [{"kind": "energy", "name": "kWh", "price": "0.20"}]}
    ],
}


async def manager(world: World, enter: Enter, owner: User | None = None) -> httpx.AsyncClient:
    """A program with a token of somebody who may do everything, as the clients send it."""
    owner = owner or await world.user("root@example.org")
    client = enter(base=V1)
    client.headers["authorization"] = await token_of(world, owner, Scope.ADMIN)
    return client


async def made(client: httpx.AsyncClient, what: str, body: Any) -> dict[str, Any]:
    """What was made of a body."""
    answer = await client.post(what, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def a_meter(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    """A meter, with the organisation and the site around it."""
    organization = await made(client, "organizations", {"organization": {"name": "Org"}})
    site = {"organization_id": organization["id"], "name": "Office", "timezone": "Europe/Zurich"}
    at = await made(client, "sites", {"site": site})
    meter = {"name": "Main", "site_id": at["id"], "type": "electricity", "reference": "m-1"}
    return await made(client, "meters", {"meter": {**meter, **given}})


async def test_from_nothing_to_a_meter(world: World, enter: Enter) -> None:
    """3.2: organisations, sites and meters with the bodies of the clients, and back in lists."""
    client = await manager(world, enter)
    organization = await made(client, "organizations", {"organization": {"name": "Our Org"}})
    wanted = {
        "organization_id": organization["id"],
        "name": "Dublin Office",
        "city": "Dublin",
        "country": "Ireland",
        "address": "A Lane",
        "contact_name": "Jane",
        "contact_email": "jane@example.org",
    }
    site = await made(client, "sites", {"site": wanted})
    assert site["timezone"] == "Europe/Dublin"
    assert {name: site[name] for name in wanted} == wanted
    given = {
        "name": "Meter 1",
        "site_id": site["id"],
        "type": "electricity",
        "reference": "meter-1234-0000",
        "param_type": "all",
        "reading": "cum",
        "process_sampling_rate": 5,
    }
    meter = await made(client, "meters", {"meter": given})
    assert {name: meter[name] for name in given} == given
    assert meter["process_sampling_rate_minutes"] == 5
    assert (meter["unit"], meter["wh_per_pulse"]) == ("kWh", None)
    query = {"organization_id": organization["id"], "site_id": site["id"]}
    assert (await client.get("meters", params=query)).json() == [meter]
    assert (await client.get("sites", params={"organization_id": organization["id"]})).json() == [
        site
    ]
    assert organization in (await client.get("organizations/")).json()
    for one in (f"meters/{meter['id']}", "meters/meter-1234-0000"):
        assert (await client.get(one)).json() == meter
    renamed = await client.patch(f"meters/{meter['id']}", json={"meter": {"name": "Other name"}})
    assert renamed.json() == {**meter, "name": "Other name"}
    renamed = await client.patch(f"sites/{site['id']}", json={"organization": {"name": "New"}})
    assert renamed.json()["name"] == "New"
    assert renamed.json()["city"] == "Dublin"
    metadata = (await client.get(f"sites/{site['id']}/metadata")).json()
    assert (metadata["meters"], metadata["contact_name"]) == (1, "Jane")
    for path in (f"meters/{meter['id']}", f"sites/{site['id']}"):
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
    assert (await client.delete(f"organizations/{organization['id']}")).status_code == 204


async def test_appliances_are_parts_of_a_meter(world: World, enter: Enter) -> None:
    """3.2: appliances as meters, with meter_id and channel_param_type, listed by their meter."""
    client = await manager(world, enter)
    meter = await a_meter(client)
    given = {
        "meter_id": meter["id"],
        "name": "Fan",
        "reference": "app0123-99",
        "process_sampling_rate": 5,
        "reading": "avg",
        "channel_param_type": "one",
    }
    fan = await made(client, "appliances", {"appliance": given})
    assert {name: fan[name] for name in given} == given
    assert fan["site_id"] == meter["site_id"]
    query = {"organization_id": meter["organization_id"], "meter_id": meter["id"]}
    assert (await client.get("appliances", params=query)).json() == [fan]
    assert [each["id"] for each in (await client.get("meters")).json()] == [meter["id"]]
    changed = await client.patch(f"appliances/{fan['id']}", json={"meter": {"name": "Big fan"}})
    assert changed.json() == {**fan, "name": "Big fan"}
    assert (await client.delete(f"appliances/{fan['id']}")).status_code == 204
    given = {"name": "Fan", "site_id": meter["site_id"], "type": "electricity", "reading": "avg"}
    alone = await made(client, "appliances", {"appliance": given})
    assert (alone["meter_id"], alone["site_id"]) == (None, meter["site_id"])
    assert (await client.get("appliances")).json() == [alone]


async def test_users(world: World, enter: Enter) -> None:
    """3.2: users are made, found by address, granted sites and have them taken away."""
    client = await manager(world, enter)
    meter = await a_meter(client)
    given = {
        "name": "John",
        "surname": "van Doe",
        "email": "john@example.org",
        "plan": "Data import",
    }
    john = await made(client, "users", {"user": given})
    assert {name: john[name] for name in given} == given
    assert [letter.kind for letter in await world.letters()] == ["reset"]
    found = await client.get("users/show_by_email", params={"email": "john@example.org"})
    assert found.json() == john
    user = f"users/{john['id']}"
    own = await manager(world, enter, await world.people.by_id(john["id"]))
    assert (await own.get("meters")).json() == []
    assert (await own.get("sites")).json() == []
    site = {"site_id": meter["site_id"]}
    assert (await client.patch(f"{user}/grant_site_access", json=site)).status_code == 200
    assert [each["id"] for each in (await own.get("meters")).json()] == [meter["id"]]
    assert [s["id"] for s in (await client.get(f"{user}/associated_sites")).json()] == [
        meter["site_id"]
    ]
    seen = await client.get(f"sites/{meter['site_id']}/associated_users")
    assert [each["id"] for each in seen.json()] == [john["id"]]
    assert (await own.get("http://localhost/api/meters/m-1")).status_code == 200
    stored = await Meters(world.database).get("m-1")
    hours = [(NOW - timedelta(hours=n), {"1.8.0": 9.0 - n}) for n in (3, 1)]
    await world.measured(stored, *hours)
    for question, answered in (
        (f"sites/{meter['site_id']}/breakdown", 200),
        (f"sites/{meter['site_id']}/self-consumption", 409),  # nothing produces there
        (f"sites/{meter['site_id']}/export/energy", 200),
    ):
        seen = await own.get(f"http://localhost/api/{question}")
        assert seen.status_code == answered, (question, seen.text)
    assert (await own.get("http://localhost/api/latest")).json()["meters"] == ["m-1"]
    assert (await own.get("http://localhost/api/holes")).json()["meters_with_holes"] == 1
    assert_problem(await own.patch(f"meters/{meter['id']}", json={"meter": {"name": "x"}}), 403)
    assert (await client.patch(f"{user}/remove_site_access", json=site)).status_code == 200
    for gone in (
        f"meters/{meter['id']}",
        f"http://localhost/api/sites/{meter['site_id']}/breakdown",
    ):
        assert (await own.get(gone)).status_code == 404
    renamed = await client.patch(user, json={"user": {"surname": "Smith"}})
    assert (renamed.json()["name"], renamed.json()["surname"]) == ("John", "Smith")
    assert (await client.delete(user)).status_code == 204
    assert (await client.get(user)).status_code == 404
    again = await made(client, "users", {"user": given})  # the organisation of their own is there
    assert again["organization_id"] == john["organization_id"]


async def test_tariffs(world: World, enter: Enter) -> None:
    """3.2: tariffs are added, listed, changed by PUT and removed."""
    client = await manager(world, enter)
    tariff = await made(client, "tariffs", {"tariff": TARIFF})
    assert (tariff["name"], tariff["currency"]) == ("Flat", "EUR")
    changed = await client.put(f"tariffs/{tariff['id']}", json={"tariff": {"name": "Round"}})
    assert changed.json() == {
        **tariff,
        "name": "Round",
        "document": {**tariff["document"], "name": "Round"},
    }
    assert (await client.get("tariffs")).json() == [changed.json()]
    assert (await client.delete(f"tariffs/{tariff['id']}")).status_code == 204
    assert_problem(await client.post("tariffs", json={"tariff": {"name": 1}}), 400, "tariff")


async def test_report_definitions(world: World, enter: Enter) -> None:
    """3.2: report definitions are listed, and users associated to them."""
    client = await manager(world, enter)
    meter = await a_meter(client)
    wanted = {"name": "Weekly", "organization_id": meter["organization_id"]}
    report = await made(client, "report_definitions", {"report_definition": wanted})
    john = await made(client, "users", {"user": {"email": "john@example.org"}})
    body = {"report_definition_id": report["id"]}
    done = await client.patch(f"users/{john['id']}/associate_to_report", json=body)
    assert done.status_code == 200
    (listed,) = (await client.get("report_definitions")).json()
    assert listed["user_ids"] == [john["id"]]
    assert (await client.delete(f"report_definitions/{report['id']}")).status_code == 204


async def test_lists_come_in_pages(world: World, enter: Enter) -> None:
    """3.2: `pageSize` and `pageNumber`; RFC 8288, 3: a Link to the next page."""
    client = await manager(world, enter)
    for n in range(5):
        await world.meter(f"m{n}")
    first = await client.get("meters", params={"pageSize": 2})
    assert [each["reference"] for each in first.json()] == ["m0", "m1"]
    assert first.headers["link"] == '</api/v1/meters?pageSize=2&pageNumber=2>; rel="next"'
    last = await client.get("meters", params={"pageSize": 2, "pageNumber": 3})
    assert [each["reference"] for each in last.json()] == ["m4"]
    assert "link" not in last.headers


async def test_each_path_says_what_may_be_asked(world: World, enter: Enter) -> None:
    """RFC 9110, 9.3.7: OPTIONS answers with the methods of the path, all of them."""
    client = await manager(world, enter)
    for path, methods in (
        ("meters", "GET, HEAD, OPTIONS, POST"),
        ("meters/1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("users/show_by_email", "GET, HEAD, OPTIONS"),
    ):
        assert (await client.options(path)).headers["allow"] == methods


async def test_who_may_not(world: World, enter: Enter) -> None:
    """3.2: 401 without a good token, 403 beyond its scope, 404 for what is not one's own."""
    stranger = enter(base=V1)
    for header in ({}, {"authorization": "nonsense"}, {"authorization": "Basic bm9uc2Vuc2U="}):
        refused = await stranger.get("meters", headers=header)
        assert_problem(refused, 401, "token")
        assert refused.headers["www-authenticate"].startswith("Bearer")
    own, other = await world.meter("own", "Works"), await world.meter("other", "Other")
    viewer = await world.user("v@example.org", Role.VIEWER, own.site.organisation)
    boss = await world.user("b@example.org", Role.ADMIN, own.site.organisation)
    client = enter(base=V1)
    client.headers["authorization"] = f"Token {await token_of(world, viewer, Scope.ADMIN)}"
    assert [each["reference"] for each in (await client.get("meters")).json()] == ["own"]
    assert_problem(await client.get(f"meters/{other.stream}"), 404)
    assert_problem(await client.delete(f"meters/{own.stream}"), 403, "manage meters")
    assert_problem(await client.get("users"), 403)
    client.headers["authorization"] = await token_of(world, boss, Scope.READ)
    assert len((await client.get("users")).json()) == 2
    assert_problem(await client.delete(f"meters/{own.stream}"), 403, "scope")
    client.headers["authorization"] = f"Bearer {await token_of(world, boss, Scope.ADMIN)}"
    site = {"organization_id": other.site.organisation, "name": "Mine"}
    assert_problem(await client.post("sites", json={"site": site}), 404)
    assert_problem(await client.post("organizations", json={"name": "x"}), 403)
    assert_problem(await client.get(f"sites/{other.site.id}"), 404)
    await world.user("their@example.org", Role.VIEWER, other.site.organisation)
    of = [
        (await client.get("users/show_by_email", params={"email": email})).json()["detail"]
        for email in ("their@example.org", "nobody@example.org")
    ]
    assert of[0].replace("their", "nobody") == of[1]  # nothing says that one of them is there
    mine = await made(client, "users", {"user": {"email": "new@example.org"}})
    assert mine["organization_id"] == own.site.organisation
