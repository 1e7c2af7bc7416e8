"""Tariffs, contracts and costs over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.dashboard.conftest import HASH, SignIn, World, assert_problem

from ohmstead.access.roles import Role

FIRST = datetime(2025, 3, 29, 23, tzinfo=UTC)
"""Midnight in Zurich, before a day of 23 hours."""


def document(name: str = "Home", *charges: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A tariff's document."""
    energy = {"kind": "energy", "name": "Energy", "price": "0.20"}
    version = {"from": "2025-01-01", "charges": [*charges] or [energy]}
    return {"name": name, "currency": "CHF", "versions": [version], **more}


async def steady(world: World) -> None:
    """A meter m1 that uses 1 kWh an hour for two days, and gives nothing."""
    meter = await world.meter(interval_s=3600.0)
    rows = [(FIRST + n * timedelta(hours=1), {"1.8.0": 100.0 + n}) for n in range(48)]
    await world.measured(meter, *rows)


async def test_a_tariff_from_its_document_to_the_bill(world: World, sign_in: SignIn) -> None:
    """docs/tariffs.md: added, given to a meter, costs by hour and day, a bill, an end; it stays."""
    await steady(world)
    await world.user()
    client = await sign_in()
    fee = {"kind": "fixed", "name": "Fee", "amount": 31, "per": "month"}
    energy = {"kind": "energy", "name": "Energy", "price": 0.2}
    made = await client.post(
        "/api/tariffs", json={"document": document("Home", energy, fee, vat="10")}
    )
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert made.json()["document"]["versions"][0]["charges"][0]["price"] == "0.2"
    (listed,) = (await client.get("/api/tariffs")).json()["items"]
    assert (listed["id"], listed["name"], listed["from"], listed["to"], listed["meters"]) == (
        *(number, "Home", "2025-01-01", None, 0),
    )
    where = "/api/meters/m1"
    answer = await client.get(f"{where}/costs")
    assert_problem(answer, 404, "'m1' has no tariff", "admin tariff assign")
    given = await client.post(
        f"{where}/contracts", json={"tariff": number, "from": "2025-03-30", "to": None}
    )
    assert given.status_code == 201, given.text
    asked = {"from": "2025-03-30", "to": "2025-04-01"}
    found = (await client.get(f"{where}/costs", params=asked)).json()
    assert (found["currency"], found["by"]) == ("CHF", "day")
    first, second = found["items"]
    # 23 kWh x 0.20 = 4.60, a thirty-first of the fee, tax of both
    assert (first["kwh"], first["energy_cost"], first["standing_cost"]) == (23, 4.6, 1)
    assert (first["net"], first["vat"], first["gross"]) == (5.6, 0.56, 6.16)
    assert (second["kwh"], second["gross"]) == (24, 6.38)
    hours = (await client.get(f"{where}/costs", params={**asked, "by": "hour"})).json()["items"]
    assert (len(hours), hours[0]["energy_cost"], hours[0]["missing"]) == (47, 0.2, [])
    (bill,) = (await client.get(f"{where}/costs", params={**asked, "by": "bill"})).json()["bills"]
    assert [(each["name"], each["amount"]) for each in bill["lines"]] == [
        ("Energy", 9.4),
        ("Fee", 2.0),
    ]
    assert (bill["net"], bill["vat"], bill["gross"]) == (11.4, 1.14, 12.54)
    assert (bill["complete"], bill["open"], bill["completeness"]) == (True, False, 1.0)
    ended = await client.put(f"{where}/contracts", json={"to": "2025-03-31"})
    assert ended.json()["to"] == "2025-03-31"
    (kept,) = (await client.get(f"{where}/contracts")).json()["items"]
    assert (kept["from"], kept["to"], kept["name"]) == ("2025-03-30", "2025-03-31", "Home")
    one, other = (await client.get(f"{where}/costs", params=asked)).json()["items"]
    assert (one["gross"], other["gross"], other["kwh"]) == (6.16, None, 24)
    assert [each["why"] for each in other["missing"]] == ["no contract"]
    assert_problem(await client.delete(f"/api/tariffs/{number}"), 409, "has been used")
    other = document("Home", currency="EUR")
    changed = await client.put(f"/api/tariffs/{number}", json={"document": other})
    assert_problem(changed, 409, "its currency (CHF)")
    assert (await world.told())[-3:] == ["tariff added", "tariff assigned", "tariff ended"]


async def test_prices_by_the_hour_are_put(world: World, sign_in: SignIn) -> None:
    """docs/tariffs.md, Prices by the hour: kept by quarter, replaced, a hole stays a hole."""
    await steady(world)
    await world.user()
    client = await sign_in()
    dynamic = document("Spot", {"kind": "dynamic", "name": "Spot"})
    number = (await client.post("/api/tariffs", json={"document": dynamic})).json()["id"]
    await client.post("/api/meters/m1/contracts", json={"tariff": number, "from": "2025-03-30"})
    prices = [
        {"start": (FIRST + n * timedelta(hours=1)).isoformat(), "price": f"{n - 1}.5"}
        for n in range(23)
        if n != 5
    ]
    path = f"/api/tariffs/{number}/prices"
    kept = (await client.put(path, json={"prices": prices})).json()
    assert kept == {"tariff": number, "series": "spot", "quarters": 88, "changed": 88}
    again = (await client.put(path, json={"prices": [{**prices[0], "price": -2}]})).json()
    assert (again["quarters"], again["changed"]) == (4, 4)
    (series,) = (await client.get(f"/api/tariffs/{number}")).json()["prices"]
    assert (series["series"], series["quarters"], series["first"]) == (
        *("spot", 88, "2025-03-29T23:00:00Z"),
    )
    asked = {"from": "2025-03-30", "to": "2025-03-31", "by": "hour"}
    hours = (await client.get("/api/meters/m1/costs", params=asked)).json()["items"]
    assert [each["gross"] for each in hours[:7]] == [-2, 0.5, 1.5, 2.5, 3.5, None, 5.5]
    assert [each["why"] for each in hours[5]["missing"]] == ["no price"]
    for bad, complaint in (
        ({"start": "2025-03-30T00:07:00Z", "price": 1}, "quarter of an hour"),
        ({"start": "2025-03-30T00:00:00", "price": 1}, "UTC"),
        ({"start": "2025-03-30T00:00:00Z", "price": "NaN"}, "is not a price"),
        ({"start": "2025-03-30T00:00:00Z", "price": 1, "end": "2025-03-29T00:00:00Z"}, "later"),
    ):
        assert_problem(await client.put(path, json={"prices": [bad]}), 400, complaint)


async def test_who_may_what_with_tariffs(world: World, sign_in: SignIn) -> None:
    """docs/tariffs.md: viewers look, managers change their organisation's, admins everybody's."""
    own, other = await world.meter("own", "Works"), await world.meter("other", "Other")
    await world.user()
    of = own.site.organisation
    await world.user("bob@example.org", Role.MANAGER, of, HASH)
    await world.user("eve@example.org", Role.VIEWER, of, HASH)
    root, manager, viewer = [await sign_in(f"{name}@example.org") for name in ("ada", "bob", "eve")]
    shared = (await root.post("/api/tariffs", json={"document": document("All")})).json()
    theirs = {"document": document("Theirs"), "organisation": other.site.organisation}
    foreign = (await root.post("/api/tariffs", json=theirs)).json()["id"]
    mine = (await manager.post("/api/tariffs", json={"document": document("Mine")})).json()
    assert (shared["organisation"], mine["organisation"]) == (None, of)
    assert_problem(await manager.post("/api/tariffs", json=theirs), 404, "not yours")
    seen = (await viewer.get("/api/tariffs")).json()["items"]
    assert [each["name"] for each in seen] == ["All", "Mine"]
    body = {"document": document("Mine")}
    end, new = {"to": "2026-01-01"}, {"tariff": shared["id"], "from": "2025-01-01"}
    prices = {"prices": [{"start": "2025-03-30T00:00:00Z", "price": 1}]}
    for client, statuses in ((manager, (200, 403, 404)), (viewer, (403, 403, 403))):
        ids = (mine["id"], shared["id"], foreign)
        for id, status in zip(ids, statuses, strict=True):
            changed = await client.put(f"/api/tariffs/{id}", json=body)
            assert changed.status_code == status, changed.text
            kept = await client.put(f"/api/tariffs/{id}/prices", json=prices)
            assert kept.status_code == status, kept.text
        assert (await client.get(f"/api/tariffs/{foreign}")).status_code == 404
        assert (await client.get("/api/meters/other/costs")).status_code == 404
        assert (await client.get("/api/meters/other/contracts")).status_code == 404
    for verb, path, given in (
        ("POST", "/api/tariffs", body),
        ("DELETE", f"/api/tariffs/{mine['id']}", None),
        ("POST", "/api/meters/own/contracts", new),
        ("PUT", "/api/meters/own/contracts", end),
    ):
        assert (await viewer.request(verb, path, json=given)).status_code == 403
    assert (await manager.post("/api/meters/other/contracts", json=new)).status_code == 404
    assert (await manager.post("/api/meters/own/contracts", json=new)).status_code == 201
    wrong = {"tariff": foreign, "from": "2024-01-01", "to": "2025-01-01"}
    answer = await root.post("/api/meters/own/contracts", json=wrong)
    assert_problem(answer, 404, "another organisation")
    assert (await manager.delete(f"/api/tariffs/{mine['id']}")).status_code == 204


async def test_a_contract_that_has_not_begun_is_taken_away(world: World, sign_in: SignIn) -> None:
    """docs/tariffs.md, Contracts: only before its first day at the site, by who manages meters."""
    own = await world.meter("own", "Works", zone="Pacific/Auckland")
    other = await world.meter("other", "Other")
    of = own.site.organisation
    await world.user()
    await world.user("bob@example.org", Role.MANAGER, of, HASH)
    await world.user("eve@example.org", Role.VIEWER, of, HASH)
    root, manager, viewer = [await sign_in(f"{name}@example.org") for name in ("ada", "bob", "eve")]
    number = (await root.post("/api/tariffs", json={"document": document()})).json()["id"]
    today = world.clock.now().astimezone(own.site.zone).date()
    where, days = "/api/meters/own/contracts", [today, today + timedelta(days=1)]
    begun, coming = [
        (
            await manager.post(
                where,
                json={"tariff": number, "from": f"{day}", "to": f"{day + timedelta(days=1)}"},
            )
        ).json()["id"]
        for day in days
    ]
    assert (await viewer.delete(f"{where}/{coming}")).status_code == 403
    assert_problem(await manager.delete(f"{where}/{begun}"), 409, "it began")
    elsewhere = f"/api/meters/{other.id}/contracts/{coming}"
    assert (await manager.delete(elsewhere)).status_code == 404
    assert_problem(await root.delete(elsewhere), 404, f"'other' has no contract {coming}")
    assert (await manager.delete(f"{where}/{coming}")).status_code == 204
    (kept,) = (await manager.get(where)).json()["items"]
    assert kept["id"] == begun
    assert (await world.told())[-1] == "tariff withdrawn"


@pytest.mark.parametrize(
    "given, complaint",
    [
        (document("X", currency="ABC"), "'ABC' is not a currency"),
        (document("X", {"kind": "energy", "name": "E"}), "charge 'E': give either one price"),
        (document("X", {"kind": "gold", "name": "E"}), "Invalid value 'gold'"),
        ({"name": "X"}, "missing required field `currency`"),
    ],
)
async def test_a_document_that_makes_no_sense_is_refused(
    world: World, sign_in: SignIn, given: dict[str, Any], complaint: str
) -> None:
    """400 names the field `document`, and what is wrong in it."""
    await world.user()
    answer = await (await sign_in()).post("/api/tariffs", json={"document": given})
    assert_problem(answer, 400, complaint)
    assert [each["field"] for each in answer.json()["errors"]] == ["document"]
