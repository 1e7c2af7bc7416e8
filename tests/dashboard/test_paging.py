"""Lists come in pages, all of them in one way."""

import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from tests.dashboard.conftest import KEY, NOW, SignIn, World, assert_problem
from tests.dashboard.described import DOCUMENT
from tests.dashboard.test_documented import TARIFF

from ohmstead.access import secrets
from ohmstead.access.tokens import Scope
from ohmstead.analytics.tariff_check import read
from ohmstead.store.audit import By
from ohmstead.store.devices import Devices
from ohmstead.store.integration_devices import IntegrationDevices
from ohmstead.store.integration_wish import Step, Wish
from ohmstead.store.integrations import Integrations
from ohmstead.store.tariffs import Tariffs
from ohmstead.store.tokens import Tokens

BY = By("test", NOW)
WHOLE = {
    "/api/account/second-factor": "a few recovery codes",
    "/api/account/sessions": "at most 50 of one person; the oldest end",
    "/api/backups": "never many: each is as large as the installation",
    "/api/catalogue": "what the program knows",
    "/api/holes": "columns with the first 10,000, and how many there are",
    "/api/integrations/fields": "what the program knows",
    "/api/integrations/{id}": "what one integration is",
    "/api/integrations/{id}/messages": "the last ones, of a bounded memory",
    "/api/integrations/{id}/sheet": "what one integration is",
    "/api/latest": "columns of all meters at once, which is what it is for",
    "/api/mail": "the last letters",
    "/api/meters/{id}": "what one meter is",
    "/api/meters/{id}/readings": "pages in time: `next` is the `from` of the next one",
    "/api/organisations/{id}/retention": "months of one organisation",
    "/api/partners/{id}": "whom one partner sends for",
    "/api/tariffs/{id}": "what one tariff is",
}
"""Answers with lists that come whole, and why."""
OF_TIME = {"from", "to"}
"""What asks for a span bounds what is answered."""


def test_every_list_has_a_cursor_or_a_reason() -> None:
    """docs/api.md, lists: `limit` and `after` in, `next` out; or bounded, by time or by itself."""
    for path, methods in DOCUMENT["paths"].items():
        if "get" not in methods:
            continue
        asked = {each["name"] for each in methods["get"].get("parameters", ())}
        shape = shape_of(methods["get"])
        listing = any(_is_list(each) for each in shape.values())
        if {"after", "limit"} <= asked:
            assert "next" in shape, path
            assert path not in WHOLE, path
        elif listing and not asked >= OF_TIME:
            assert path in WHOLE, f"{path} has lists, and no cursor: {sorted(shape)}"
        assert "before" not in asked, path


def shape_of(operation: dict[str, Any]) -> dict[str, Any]:
    """The fields of what a route answers when all is well."""
    for status, answer in operation["responses"].items():
        if int(status) < 300:
            name = answer.get("content", {}).get("application/json", {}).get("schema", {})
            found = DOCUMENT["components"]["schemas"].get(name.get("$ref", "").split("/")[-1], {})
            fields: dict[str, Any] = found.get("properties", {})
            return fields
    return {}


def _is_list(field: dict[str, Any]) -> bool:
    return field.get("type") == "array" or any(map(_is_list, field.get("oneOf", ())))


def test_cursors_are_described_in_one_way() -> None:
    """docs/api.md, lists: `limit` is at most 1000 and `after` is optional, wherever they are."""
    for path, methods in DOCUMENT["paths"].items():
        asked = {each["name"]: each for each in methods.get("get", {}).get("parameters", ())}
        if not {"after", "limit"} <= set(asked):
            continue
        limit = asked["limit"]["schema"]
        assert (limit["minimum"], limit["default"] <= limit["maximum"] <= 1000) == (1, True), path
        assert "`next` of the page before" in asked["after"]["description"], path
        assert not asked["after"].get("required"), path


async def tariffs(world: World) -> str:
    for n in range(3):
        await Tariffs(world.database).add(read({**TARIFF, "name": f"T{n}"}), None, by=BY)
    return "/api/tariffs"


async def contracts(world: World) -> str:
    meter = await world.meter()
    kept = await Tariffs(world.database).add(read(TARIFF), None, by=BY)
    for n in range(3):
        first = date(2025, 1 + n, 1)
        await Tariffs(world.database).assign(
            meter, kept.id, first, first + timedelta(days=9), by=BY
        )
    return "/api/meters/m1/contracts"


async def every_contract(world: World) -> str:
    await contracts(world)
    return "/api/contracts"


async def tokens(world: World) -> str:
    ada = await world.people.get("ada@example.org")
    for n in range(3):
        await Tokens(world.database).add(ada, Scope.READ, b"%d" % n, by=BY)
    return "/api/tokens"


async def integrations(world: World) -> str:
    ada, step = await world.people.get("ada@example.org"), Step("test", NOW)
    for name in ("aaaaaaa", "bbbbbbb", "ccccccc"):
        await Integrations(world.database).request(ada.id, None, step, name, Wish())
    return "/api/integrations"


async def devices(world: World) -> str:
    for n in range(3):
        meter = await world.meter(f"m{n}")
        await Devices(world.database).add(f"A842E39F812{n}", meter.id, secrets.digest(KEY, "x"))
    return "/api/devices"


async def managed_devices(world: World) -> str:
    await devices(world)
    return "/api/managed-devices"


async def members(world: World) -> str:
    await devices(world)
    await integrations(world)
    inside = IntegrationDevices(world.database)
    into = await Integrations(world.database).get("aaaaaaa")
    for n in range(3):
        await inside.attach(into, f"A842E39F812{n}", Step("test", NOW, is_admin=True))
    return "/api/integrations/aaaaaaa/devices"


async def tree(world: World) -> str:
    meters = [await world.meter(f"m{n}") for n in range(3)]
    return f"/api/sites/{meters[0].site.id}/tree"


MADE = [
    tariffs,
    contracts,
    every_contract,
    tokens,
    integrations,
    devices,
    managed_devices,
    members,
    tree,
]


@pytest.mark.parametrize("make", MADE, ids=[each.__name__ for each in MADE])
async def test_pages_put_together_are_the_list(
    world: World, sign_in: SignIn, make: Callable[[World], Awaitable[str]]
) -> None:
    """docs/api.md, lists: each thing comes once, in the same order; a bad cursor is 400."""
    await world.user()
    path = await make(world)
    ada = await sign_in()
    whole = (await ada.get(path)).json()
    assert (len(whole["items"]), whole["next"]) == (3, None)
    assert await one_by_one(ada, path) == whole["items"]
    for bad in ("no-such-page~", "~", "2025-01-01~x", "%00"):
        assert_problem(await ada.get(f"{path}?after={bad}"), 400, "leave `after` out")
    for bad in ("0", "-1", "1001", "99999999999999999999", "x"):
        assert_problem(await ada.get(f"{path}?limit={bad}"), 400, "limit")


async def one_by_one(client: httpx.AsyncClient, path: str) -> list[Any]:
    """The items of a list, each on a page of its own."""
    found, after = [], ""
    while True:
        page = (await client.get(f"{path}?limit=1{after}")).json()
        found += page["items"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"
        assert re.fullmatch(r"[\w.:+~-]+", str(page["next"]))
