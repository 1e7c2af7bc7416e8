"""Exports over HTTP: files of a meter or a site, for those who may see it."""

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pyarrow import parquet
from tests.dashboard.conftest import Enter, SignIn, World, assert_problem

from ohmstead.dashboard.downloads import Turns
from ohmstead.dashboard.problems import Slower
from ohmstead.surfaces import formats

DAY = "from=2035-11-20&to=2035-11-21"
FIRST = datetime(2035, 11, 20, 0, tzinfo=UTC)


async def fill(world: World) -> None:
    """Two meters of a site, and one of somebody else's."""
    await world.user(organisation=None)
    for id, owner in (("m1", "Works"), ("m2", "Works"), ("theirs", "Others")):
        meter = await world.meter(id, owner, interval_s=3600.0)
        hours = [FIRST + timedelta(hours=n) for n in range(-1, 6)]
        await world.measured(meter, *((at, {"1.8.0": at.hour / 3}) for at in hours if at.hour < 20))
    gas = await world.meter("g", "Works", type="gas", interval_s=3600.0)
    await world.measured(gas, (FIRST, {"value": 12345.678}))


def table(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_every_format_of_a_meter(world: World, sign_in: SignIn) -> None:
    """docs/exports.md: the same files as `ohmstead export` writes, with a name."""
    await fill(world)
    client = await sign_in()
    for what, names in (("energy", formats.OF_ENERGY), ("readings", formats.OF_READINGS)):
        for name in names:
            answer = await client.get(f"/api/meters/m1/export/{what}?{DAY}&format={name}")
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == formats.BY_NAME[name].media_type
            said = answer.headers["content-disposition"]
            assert said.startswith(f'attachment; filename="m1-{what}-')
            assert f'.{formats.BY_NAME[name].suffix}"' in said
            assert len(answer.content) > 60
    hours = f"/api/meters/m1/export/energy?{DAY}&by=hour&format="
    rows = (await client.get(f"{hours}json")).json()
    assert len(rows) == 24
    assert rows[1] == {
        "start": "2035-11-20T01:00:00+01:00",
        "end": "2035-11-20T02:00:00+01:00",
        "kwh": pytest.approx(1 / 3),
        "estimated_kwh": 0.0,
        "completeness": 100.0,
    }
    made = parquet.read_table(io.BytesIO((await client.get(f"{hours}parquet")).content))
    assert made["kwh"].to_pylist() == [row["kwh"] for row in rows]
    counted = table(await client.get(f"{hours}csv&counters=true"))
    assert (counted[1]["counter_start"], counted[1]["counter_end"]) == ("0.0", str(1 / 3))
    readings = table(await client.get(f"/api/meters/m1/export/readings?{DAY}&quantities=1.8.0"))
    assert [row["active_import_energy_kwh"] for row in readings] == [str(n / 3) for n in range(6)]
    assert readings[0]["at"] == "2035-11-20T01:00:00+01:00"
    assert readings[0]["at_utc"] == "2035-11-20T00:00:00Z"


async def test_a_whole_site(world: World, sign_in: SignIn) -> None:
    """docs/exports.md: each meter's rows, one meter after the other; gas counts no energy."""
    await fill(world)
    client = await sign_in()
    site = (await client.get("/api/meters/m1")).json()["site"]["id"]
    rows = table(await client.get(f"/api/sites/{site}/export/energy?{DAY}"))
    assert [row["meter"] for row in rows] == ["m1", "m2"]
    rows = table(await client.get(f"/api/sites/{site}/export/readings?{DAY}"))
    assert {row["meter"] for row in rows} == {"m1", "m2", "g"}
    assert [(row["value"], row["value_unit"]) for row in rows if row["meter"] == "g"] == [
        ("12345.678", "m3")
    ]
    assert_problem(await client.get("/api/sites/999/export/energy"), 404, "no site 999")


async def test_what_is_wrong_is_said_before_anything_is_sent(
    world: World, sign_in: SignIn, enter: Enter
) -> None:
    """docs/exports.md: an export that cannot be made is a problem, not half a file."""
    await fill(world)
    client = await sign_in()
    energy, readings = "/api/meters/m1/export/energy?", "/api/meters/m1/export/readings?"
    assert_problem(await client.get(f"{energy}format=pdf"), 400, "'pdf' is not one of csv, json")
    assert_problem(await client.get(f"{energy}by=week"), 400, "'week' is not one of 15min")
    assert_problem(await client.get(f"{energy}quantity=9.9.9"), 400, "'9.9.9' is not a counter")
    assert_problem(await client.get(f"{energy}quantity=16.8.0&counters=1"), 400, "no counter")
    assert (await client.get(f"{energy}quantity=16.8.0")).status_code == 200
    assert_problem(
        await client.get(f"{energy}counters=1&format=green-button"), 400, "no place for counters"
    )
    assert_problem(
        await client.get(f"{readings}quantities=9.9.9"), 400, "'9.9.9' is not a quantity"
    )
    gas = await client.get("/api/meters/g/export/energy")
    assert_problem(gas, 400, "counts m3, which is no energy")
    assert_problem(await enter().get(energy), 401)
    await world.user(
        "eve@example.org", organisation=(await world.meter("x", "X")).site.organisation
    )
    eve = await sign_in("eve@example.org")
    assert_problem(await eve.get(energy), 404, "not yours to see")
    head = await client.head(f"{energy}{DAY}")
    assert head.status_code == 200
    assert not head.content


def test_no_more_exports_at_once_than_may_be() -> None:
    """docs/exports.md: four at a time; whoever comes then is told to come again."""
    turns = Turns(1)
    with turns.taken(), pytest.raises(Slower), turns.taken():
        raise AssertionError
    with turns.taken():
        pass
