"""The API of integrations and devices, as the pages use it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.dashboard.conftest import KEY, NOW, Enter, SignIn, World, assert_problem

from ohmstead.access import secrets
from ohmstead.access.roles import Role
from ohmstead.dashboard.api import app
from ohmstead.dashboard.passing import ToSend
from ohmstead.store import facts
from ohmstead.store.break_outs import BreakOut, BreakOuts
from ohmstead.store.devices import Devices
from ohmstead.store.facts import Facts
from ohmstead.store.integrations import Integrations
from ohmstead.store.meters import Meter, Meters

MAC, OTHER = "A842E39F8124", "A842E39F8125"
CODE = "ABCD-EF23"


@dataclass(frozen=True)
class Sent:
    """A message."""

    at: datetime
    topic: str
    payload: str
    test: bool = True


@dataclass
class Relay:
    """What the pages see of a relay."""

    kept: str = "the newest 5"
    kept_messages: int = 5
    kept_days: int = 7
    sent: list[Sent] = field(default_factory=list)

    def recent(self, integration: str) -> Sequence[Sent]:
        return [each for each in self.sent if each.topic.startswith(f"ext/{integration}/")]

    async def send(self, integration: str, messages: Sequence[ToSend]) -> Sequence[Sent]:
        made = [Sent(NOW, each.topic, each.payload.decode()) for each in messages]
        self.sent += made
        return made

    async def connections(self, username: str) -> int | None:
        return 2


@pytest.fixture
def relay() -> Relay:
    return Relay()


@pytest.fixture
def world(world: World, relay: Relay) -> World:
    """The dashboard with a relay beside it."""
    given = app(world.database, world.hub, KEY, world.clock, passing=relay)
    return replace(world, app=given)


@pytest.fixture
async def ann(world: World, sign_in: SignIn) -> httpx.AsyncClient:
    """A manager of an organisation with two devices, who has claimed none; 1 is the admin."""
    await world.user("root@example.org")
    for mac in (MAC, OTHER):
        meter = await world.meter(mac)
        claim = secrets.digest(KEY, CODE)
        await Devices(world.database).add(mac, meter.id, b"s" * 32, claim)
    await world.user("ann@example.org", Role.MANAGER, 1)
    await Facts(world.database).set(facts.MQTT_URI, "mqtts://energy.example.org:8883")
    await Facts(world.database).set(facts.CA_CERTIFICATE, "-----BEGIN CERTIFICATE-----")
    return await sign_in("ann@example.org")


@pytest.fixture
async def root(ann: httpx.AsyncClient, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in("root@example.org")


async def made(ann: httpx.AsyncClient, root: httpx.AsyncClient, **wish: Any) -> dict[str, Any]:
    """An integration of Ann's that is approved."""
    asked = (await ann.post("/api/integrations", json=wish)).json()
    answer = await root.post(f"/api/integrations/{asked['id']}/approve")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_from_the_wish_to_the_sheet(ann: httpx.AsyncClient, root: httpx.AsyncClient) -> None:
    """Request, approval, and a connection sheet whose password is shown once."""
    answer = await ann.post("/api/integrations", json={"name": "acmepower", "note": "heat pumps"})
    assert answer.status_code == 201
    asked = answer.json()
    assert (asked["state"], asked["owner"]["email"]) == ("requested", "ann@example.org")
    assert asked["may"] == {"change": True, "decide": False}
    assert_problem(await ann.post("/api/integrations/acmepower/approve"), 403)
    assert_problem(await ann.post("/api/integrations/acmepower/password"), 409, "requested")
    waiting = (await root.get("/api/integrations?state=requested")).json()["items"]
    assert [each["id"] for each in waiting] == ["acmepower"]
    approved = (await root.post("/api/integrations/acmepower/approve")).json()
    assert (approved["state"], approved["has_password"]) == ("active", False)
    sheet = (await ann.post("/api/integrations/acmepower/password")).json()
    assert len(sheet["password"]) == 32
    assert (sheet["host"], sheet["port"]) == ("energy.example.org", 8883)
    assert (sheet["topic"], sheet["client_id"]) == ("ext/acmepower/#", "integration-acmepower")
    assert [each["tool"] for each in sheet["samples"]] == [
        "mosquitto_sub", "Python (paho)", "Node-RED", "Home Assistant",
    ]  # fmt: skip
    assert all("energy.example.org" in each["text"] for each in sheet["samples"])
    again = (await ann.get("/api/integrations/acmepower/sheet")).json()
    assert again == {**sheet, "password": None}


async def test_a_refusal_tells_its_reason(ann: httpx.AsyncClient, root: httpx.AsyncClient) -> None:
    """An admin refuses with a reason, which whoever asked reads."""
    id = (await ann.post("/api/integrations", json={})).json()["id"]
    assert_problem(await root.post(f"/api/integrations/{id}/refuse", json={}), 400, "reason")
    await root.post(f"/api/integrations/{id}/refuse", json={"reason": "no contract"})
    found = (await ann.get(f"/api/integrations/{id}")).json()
    assert (found["state"], found["reason"]) == ("refused", "no contract")


async def test_who_is_written_to(
    ann: httpx.AsyncClient, root: httpx.AsyncClient, world: World
) -> None:
    """Admins read of a request, who asked of the answer; without an owner the organisation does."""
    await world.user("boss@example.org", Role.ADMIN, 1)
    await made(ann, root, name="acmepower")
    await ann.post("/api/integrations", json={"name": "acmeheat"})
    await root.post("/api/integrations/acmeheat/refuse", json={"reason": "No contract. Call us!"})
    await ann.post("/api/integrations", json={"name": "acmewater"})
    await world.people.remove("ann@example.org")
    await root.post("/api/integrations/acmewater/approve")
    written = await world.letters()
    assert [(each.recipient, each.kind) for each in written] == [
        ("root@example.org", "integration-requested"),
        ("ann@example.org", "integration-approved"),
        ("root@example.org", "integration-requested"),
        ("ann@example.org", "integration-refused"),
        ("root@example.org", "integration-requested"),
        ("boss@example.org", "integration-approved"),
    ]
    assert written[3].fields["reason"] == "No contract. Call us!"
    assert written[1].fields["link"].endswith("/integrations/acmepower")


async def test_who_may_see_and_change_what(
    ann: httpx.AsyncClient, root: httpx.AsyncClient, world: World, sign_in: SignIn, enter: Enter
) -> None:
    """Others of the organisation see it, managers change it, strangers find nothing."""
    id = (await made(ann, root))["id"]
    await world.user("eve@example.org", Role.VIEWER, 1)
    await world.meter("x", owner="Elsewhere")
    await world.user("bob@example.org", Role.ADMIN, 2)
    eve, bob = await sign_in("eve@example.org"), await sign_in("bob@example.org")
    assert (await eve.get(f"/api/integrations/{id}")).json()["may"]["change"] is False
    assert_problem(await eve.post(f"/api/integrations/{id}/pause"), 403)
    assert_problem(await bob.get(f"/api/integrations/{id}"), 404)
    assert (await bob.get("/api/integrations")).json() == {"items": [], "next": None}
    assert_problem(await enter().get("/api/integrations"), 401)
    assert_problem(await ann.get("/api/integrations/%00"), 404)
    assert_problem(await ann.post("/api/integrations", json={"owner": "bob@example.org"}), 403)
    asked = await root.post("/api/integrations", json={"owner": "bob@example.org"})
    assert asked.json()["organisation"] == 2


async def test_a_change_and_its_limits(ann: httpx.AsyncClient, root: httpx.AsyncClient) -> None:
    """30 seconds are the floor unless an admin lowers it; templates are checked when saved."""
    id = (await made(ann, root))["id"]
    path = f"/api/integrations/{id}"
    assert_problem(await ann.patch(path, json={"interval_s": 10}), 400, "30 s")
    bad = await ann.patch(path, json={"template": '{\n "a": ${1_7_0},\n}'})
    assert_problem(bad, 400, "line 3, column 1")
    assert bad.json()["errors"][0]["field"] == "template"
    lowered = (await root.patch(path, json={"interval_s": 5})).json()
    assert (lowered["interval_s"], lowered["floor_s"]) == (5, 5)
    for template in ({"p": "${1_7_0}"}, "p=${1_7_0}", ["${1_7_0}"], None):
        changed = (await ann.patch(path, json={"template": template, "absent": "zero"})).json()
        assert (changed["template"], changed["absent"]) == (template, "zero")
    assert (await ann.patch(path, json={})).json() == changed


async def test_pause_revoke_delete(ann: httpx.AsyncClient, root: httpx.AsyncClient) -> None:
    """Each step answers with what it is then."""
    path = f"/api/integrations/{(await made(ann, root))['id']}"
    for step, state in (("pause", "paused"), ("resume", "active"), ("revoke", "revoked")):
        assert (await ann.post(f"{path}/{step}")).json()["state"] == state
    assert_problem(await ann.post(f"{path}/pause"), 409, "revoked")
    assert (await ann.delete(path)).status_code == 204
    assert_problem(await ann.get(path), 404)


async def test_a_device_is_claimed_and_added(
    ann: httpx.AsyncClient, root: httpx.AsyncClient
) -> None:
    """A device is added by its MAC after the account has claimed it with its code."""
    path = f"/api/integrations/{(await made(ann, root))['id']}/devices"
    assert (await ann.get("/api/devices")).json() == {"items": [], "next": None}
    assert_problem(await ann.put(f"{path}/{MAC}"), 403, "claim")
    wrong = {"mac": MAC, "code": "ABCD-EF24"}
    assert_problem(await ann.post("/api/devices/claim", json=wrong), 403, MAC)
    right = {"mac": "a8:42:e3:9f:81:24", "code": "abcd ef23"}
    claimed = await ann.post("/api/devices/claim", json=right)
    assert (claimed.status_code, claimed.json()["mac"]) == (201, MAC)
    added = (await ann.put(f"{path}/{MAC}", json={"interval_s": 60})).json()
    assert (added["mac"], added["interval_s"], added["template"]) == (MAC, 60, None)
    assert_problem(await ann.put(f"{path}/{MAC}", json={"template": "${x}"}), 400, "line 1")
    assert (await ann.get(path)).json() == {"items": [added], "next": None}
    assert len((await ann.get("/api/devices")).json()["items"][0]["integrations"]) == 1
    assert len((await root.get("/api/devices")).json()["items"]) == 2
    assert (await root.put(f"{path}/{OTHER}")).status_code == 200
    assert (await ann.delete(f"{path}/{OTHER}")).status_code == 204
    assert (await ann.delete(f"/api/devices/{MAC}/claim")).status_code == 204
    assert (await ann.get(path)).json() == {"items": [], "next": None}


async def test_claim_codes_cannot_be_guessed(ann: httpx.AsyncClient) -> None:
    """A code is short, so tries are few: from one address, and of one device from all."""
    body = {"mac": MAC, "code": "AAAA-AAAA"}
    answers = [await ann.post("/api/devices/claim", json=body) for _ in range(8)]
    assert [each.status_code for each in answers] == [403] * 5 + [429] * 3
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_a_template_is_tried(ann: httpx.AsyncClient, world: World) -> None:
    """Previewed with the device's latest reading, or with made-up values while there is none."""
    draft = {"template": "${MAC} ${1_7_0}", "mac": MAC}
    assert_problem(await ann.post("/api/integrations/preview", json=draft), 403, "claim")
    await ann.post("/api/devices/claim", json={"mac": MAC, "code": CODE})
    shown = (await ann.post("/api/integrations/preview", json=draft)).json()
    assert (shown["made_up"], shown["at"], shown["errors"]) == (True, None, [])
    await world.measured(await _meter(world), (NOW, {"1.7.0": 1.25}))
    shown = (await ann.post("/api/integrations/preview", json=draft)).json()
    assert (shown["payload"], shown["made_up"], shown["json"]) == (f"{MAC} 1.25", False, False)
    bad = (await ann.post("/api/integrations/preview", json={"template": "a\n${x}"})).json()
    assert (bad["payload"], bad["errors"][0]["line"], bad["errors"][0]["column"]) == (None, 2, 1)
    fields = (await ann.get("/api/integrations/fields")).json()
    assert {"1_7_0", "16_7_0", "s31_7_0", "MAC"} <= {each["name"] for each in fields["items"]}


async def _meter(world: World) -> Meter:
    return await Meters(world.database).get(MAC)


async def test_the_test_button(
    ann: httpx.AsyncClient, root: httpx.AsyncClient, world: World, relay: Relay
) -> None:
    """It sends the newest reading now, and shows the last messages."""
    id = (await made(ann, root, template="${1_7_0}"))["id"]
    first = (await ann.post(f"/api/integrations/{id}/test")).json()["items"]
    assert [each["topic"] for each in first] == [f"ext/{id}/test"]
    await root.put(f"/api/integrations/{id}/devices/{MAC}")
    await world.measured(await _meter(world), (NOW, {"1.7.0": 1.25}))
    (sent,) = (await ann.post(f"/api/integrations/{id}/test", json={"mac": MAC})).json()["items"]
    assert (sent["topic"], sent["payload"]) == (f"ext/{id}/{MAC}", "1.25")
    assert len((await ann.get(f"/api/integrations/{id}/messages")).json()["items"]) == 2
    await ann.post(f"/api/integrations/{id}/pause")
    assert_problem(await ann.post(f"/api/integrations/{id}/test"), 409, "paused")


async def test_what_goes_on_is_shown(
    ann: httpx.AsyncClient, root: httpx.AsyncClient, world: World
) -> None:
    """Counts, connections and attempts to break out stand on the integration."""
    one = await made(ann, root)
    tried = {(one["username"], "client id"): BreakOut(3, "x", NOW)}
    await BreakOuts(world.database).add(tried)
    shown = (await ann.get(f"/api/integrations/{one['id']}")).json()
    assert (shown["connections"], shown["break_outs"]["client_id"]) == (2, 3)
    assert shown["counts"]["published"] == 0
    listed = (await ann.get("/api/integrations")).json()["items"]
    assert listed == [{**shown, "connections": None}]


async def test_secrets_are_kept_as_digests(
    ann: httpx.AsyncClient, root: httpx.AsyncClient, world: World
) -> None:
    """192 random bits, kept as a keyed hash: a password cannot be shown twice."""
    one = await made(ann, root)
    sheet = (await ann.post(f"/api/integrations/{one['id']}/password")).json()
    found = await Integrations(world.database).credential(one["username"])
    assert found is not None
    assert secrets.matches(KEY, sheet["password"], bytes(found.digest))
    assert sheet["password"].encode() not in bytes(found.digest)
