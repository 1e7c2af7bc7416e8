"""Past readings as a table, over the API: looked at, stored by pieces, refused with a reason."""

import base64
from typing import Any

import httpx
from tests.dashboard.conftest import SignIn, World, assert_problem

from ohmstead.access.roles import Role
from ohmstead.store.audit import Audit
from ohmstead.store.meters import Meters

PORTAL = (
    "Kunde;Muster AG\n\nDatum;Von;Bis;Verbrauch (kWh)\n"
    "26.10.2025;01:45;02:00;0,5\n26.10.2025;02:00;02:15;0,25\n26.10.2025;02:15;02:30;0,5\n"
    "26.10.2025;02:30;02:45;0,5\n26.10.2025;02:45;03:00;0,5\n26.10.2025;02:00;02:15;1,5\n"
    "26.10.2025;02:15;02:30;eins\n31.10.2025;02:15;02:30;1,25\n"
)
"""Energies of quarters of an hour, through the hour that clocks show twice."""


def sent(data: bytes | str) -> str:
    """Bytes as a body carries them."""
    plain = data.encode("cp1252") if isinstance(data, str) else data
    return base64.b64encode(plain).decode()


async def looked(client: httpx.AsyncClient, data: bytes | str, **how: Any) -> dict[str, Any]:
    """What a look at a whole file says."""
    body = {"data": sent(data), "whole": True, "how": how}
    answer = await client.post("/api/meters/m1/uploads/look", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stored(
    client: httpx.AsyncClient, data: bytes | str, state: str, **named: Any
) -> dict[str, Any]:
    """What became of one piece, the last one unless it is said."""
    body = {"state": state, "data": sent(data), "last": True, "store": True, **named}
    answer = await client.post("/api/meters/m1/uploads", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_file_is_looked_at_and_stored_as_it_was_understood(
    world: World, sign_in: SignIn
) -> None:
    """docs/imports.md, "On the pages": proposed, shown row by row, stored when confirmed."""
    await world.user()
    meter = await world.meter(reading="interval", interval_s=900.0)
    client = await sign_in()
    found = await looked(client, PORTAL)
    assert found["missing"] == []
    assert found["preamble"] == ["Kunde;Muster AG", ""]
    assert found["how"]["columns"] == [{"number": 4, "key": "1.8.0", "unit": "kWh"}]
    assert (found["how"]["time"], found["how"]["starts"]) == ([1, 2], True)
    assert [row["at"] for row in found["rows"]][4:6] == [
        "2025-10-26T01:00:00Z",
        "2025-10-26T01:15:00Z",
    ]
    assert found["rows"][6]["trouble"]["code"] == "number"
    assert await world.told() == ["signed in"]
    ready = found["ready"]
    body = PORTAL.encode("cp1252")[ready["at"] :]
    tried = await stored(client, body, ready["state"], store=False)
    assert (tried["stored"], tried["known"], tried["refused"]) == (7, 0, 1)
    assert not await Meters(world.database).has_readings(meter.stream)
    first = await stored(client, body[:70], ready["state"], last=False, file="a.csv")
    assert first["taken"] == body.rindex(b"\n", 0, 70) + 1
    then = await stored(client, body[first["taken"] :], first["state"], file="a.csv")
    assert first["stored"] + then["stored"] == 7
    assert then["troubles"][0]["line"] == 10
    assert then["days"][-1] == {"from": "2025-10-31", "to": "2025-11-01"}
    again = await stored(client, body, ready["state"])
    assert (again["stored"], again["known"], again["refused"], again["days"]) == (0, 7, 1, [])
    entry = (await Audit(world.database).page())[2]
    assert (entry.action, entry.subject) == ("readings uploaded", "m1")
    assert entry.detail == {"file": "a.csv", "new": 7, "known": 0, "refused": 1}


async def test_a_column_may_say_that_its_times_are_utc(world: World, sign_in: SignIn) -> None:
    """docs/imports.md, "On the pages": the zone is the meter's, unless the table says another."""
    await world.user()
    await world.meter()
    client, text = await sign_in(), "Zeit (UTC);kWh\n2025-07-01 00:15;1\n"
    assert (await looked(client, text))["rows"][0]["at"] == "2025-07-01T00:15:00Z"
    said = await looked(client, text, zone="Europe/Zurich")
    assert said["rows"][0]["at"] == "2025-06-30T22:15:00Z"


async def test_what_is_no_table_is_named(world: World, sign_in: SignIn) -> None:
    """docs/imports.md, "On the pages": a workbook, a PDF, nothing at all."""
    await world.user()
    await world.meter()
    client = await sign_in()
    for data, kind in (
        (b"", "empty"),
        (b"PK\x03\x04\x14", "excel"),
        (b"%PDF-1.7", "pdf"),
        (b"\x1f\x8b\x08", "packed"),
        (b"<?xml version='1.0'?>", "markup"),
        (b"\x7fELF\x02\x01\x01\0", "other"),
    ):
        found = await looked(client, data)
        assert (found["kind"], found["ready"]) == (kind, None)


async def test_who_may_not_change_the_meter_may_not_fill_it(world: World, sign_in: SignIn) -> None:
    """docs/accounts.md, roles; and a state is good for its meter, as it was given."""
    meter = await world.meter(reading="interval", interval_s=900.0)
    await world.meter("m2", reading="interval", interval_s=900.0)
    await world.user()
    await world.user("bob@example.org", Role.VIEWER, meter.site.organisation)
    admin, viewer = await sign_in(), await sign_in("bob@example.org")
    body = {"data": sent(PORTAL), "whole": True}
    assert_problem(await viewer.post("/api/meters/m1/uploads/look", json=body), 403, "role")
    ready = (await looked(admin, PORTAL))["ready"]
    piece = {"state": ready["state"], "data": "", "last": True, "store": True}
    assert_problem(await viewer.post("/api/meters/m1/uploads", json=piece), 403)
    assert_problem(await admin.post("/api/meters/m2/uploads", json=piece), 400, "another meter")
    bent = {**piece, "state": "A" + ready["state"]}
    assert_problem(await admin.post("/api/meters/m1/uploads", json=bent), 400, "not as it was")
    other = {**body, "how": {"zone": "Mars"}}
    assert_problem(await admin.post("/api/meters/m1/uploads/look", json=other), 400, "zone")
