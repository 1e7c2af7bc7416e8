"""What the API says of meters, and to whom."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from tests.dashboard.conftest import NOW, Enter, SignIn, World, assert_problem

from ohmstead.access.roles import Role

MINUTE = timedelta(minutes=1)
SPANS = ["", "/power", "/energy"]


async def test_the_meters_come_with_their_newest_reading(world: World, sign_in: SignIn) -> None:
    """GET /api/meters: absent is null, an age counts from now, values are by OBIS code."""
    await world.user()
    one, two = await world.meter("m1", name="Bakery"), await world.meter("g1", type="gas")
    await world.meter("m3", zone="UTC")
    await world.measured(one, (NOW - MINUTE, {"1.8.0": 100.5, "1.7.0": 1.25}))
    await world.measured(two, (NOW, {"value": 7.5}))
    said = (await (await sign_in()).get("/api/meters")).json()
    assert said["next"] is None
    bakery, gas, silent = said["items"]
    assert bakery == {
        "id": "m1",
        "name": "Bakery",
        "type": "electricity",
        "unit": "kWh",
        "site": {"id": bakery["site"]["id"], "name": "Europe/Zurich", "timezone": "Europe/Zurich"},
        "interval_s": 10.0,
        "latest": {
            "at": "2035-11-21T11:59:00Z",
            "age_s": 60.0,
            "values": {"1.8.0": 100.5, "1.7.0": 1.25},
            "value": None,
        },
    }
    assert (gas["unit"], gas["latest"]["value"], gas["latest"]["values"]) == ("m3", 7.5, {})
    assert silent["latest"] is None


async def test_the_meters_come_in_pages(world: World, sign_in: SignIn) -> None:
    """`next` is the cursor of the page after, null on the last."""
    await world.user()
    for number in range(5):
        await world.meter(f"m{number}")
    client, seen, after = await sign_in(), [], None
    for expected in (2, 2, 1):
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = (await client.get("/api/meters", params=query)).json()
        assert len(page["items"]) == expected
        seen += [each["id"] for each in page["items"]]
        after = page["next"]
    assert after is None
    assert seen == ["m0", "m1", "m2", "m3", "m4"]
    assert_problem(await client.get("/api/meters?after=nothing"), 400, "after", "'nothing'")


async def test_one_meter_says_who_it_is_and_how_its_readings_fared(
    world: World, sign_in: SignIn
) -> None:
    """GET /api/meters/ID: identity without what the meter does not say, and the counts."""
    await world.user()
    meter = await world.meter()
    client = await sign_in()
    before = (await client.get("/api/meters/m1")).json()
    assert (before["identity"], before["latest"], before["device"]) == ({}, None, None)
    await world.measured(meter, (NOW, {"1.7.0": 1.0}), (NOW - MINUTE, {"1.7.0": 2.0}))
    await world.measured(meter, (NOW, {"1.7.0": 1.0}))
    said = (await client.get("/api/meters/m1")).json()
    assert said["identity"] == {"id": "4711", "model": "AM550"}
    assert sum(said["counts"].values()) == 3
    assert said["counts"]["duplicate"] == 1
    assert said["reading"] == "cumulative"


async def test_a_user_of_an_organisation_sees_only_its_meters(
    world: World, sign_in: SignIn
) -> None:
    """What belongs to others is 404, in the same words as what is not there."""
    mine = await world.meter("mine", owner="Works")
    await world.meter("theirs", owner="Others")
    await world.user("bob@example.org", Role.VIEWER, mine.site.organisation)
    client = await sign_in("bob@example.org")
    items = (await client.get("/api/meters")).json()["items"]
    assert [each["id"] for each in items] == ["mine"]
    for end in SPANS:
        assert (await client.get(f"/api/meters/mine{end}")).status_code == 200
        assert_problem(await client.get(f"/api/meters/theirs{end}"), 404)
    hidden = (await client.get("/api/meters/theirs")).json()["detail"]
    absent = (await client.get("/api/meters/nobody")).json()["detail"]
    assert hidden.replace("theirs", "ID") == absent.replace("nobody", "ID")
    assert_problem(await client.get("/api/live?meters=mine,theirs"), 404, "'theirs'")


@pytest.mark.parametrize("id", ["A,B;C=1&2", "Zähler-7", "a.b", "x+y", "..meter", "電気"])
async def test_an_id_may_have_any_characters(world: World, sign_in: SignIn, id: str) -> None:
    """Ids are percent-encoded in the path."""
    await world.user()
    await world.meter(id)
    client = await sign_in()
    for end in SPANS:
        answer = await client.get(f"/api/meters/{quote(id, safe='')}{end}")
        assert answer.json()["meter" if end else "id"] == id


async def test_power_is_todays_when_nobody_says(world: World, sign_in: SignIn) -> None:
    """Without from and to: the local day of the meter's site, holes as null."""
    await world.user()
    meter = await world.meter(interval_s=900.0)
    midnight = datetime(2035, 11, 20, 23, tzinfo=UTC)
    await world.measured(
        meter,
        (midnight, {"1.7.0": 1.5, "2.7.0": 0.0}),
        (midnight + timedelta(hours=23, minutes=45), {"1.7.0": 3.0, "2.7.0": 0.5}),
    )
    said = (await (await sign_in()).get("/api/meters/m1/power")).json()
    assert (said["meter"], said["unit"], said["resolution_s"]) == ("m1", "kW", 900)
    assert said["at"][0] == midnight.timestamp()
    assert len(said["at"]) == len(said["import"]) == len(said["export"]) == 96
    assert (said["import"][0], said["export"][0]) == (1.5, 0.0)
    assert (said["import"][95], said["export"][95]) == (3.0, 0.5)
    assert set(said["import"][1:95]) == {None}


@pytest.mark.parametrize(
    "query",
    [
        "from=2035-11-21T00:00:00Z&to=2035-11-21T01:00:00Z",
        "from=2035-11-21T01:00:00%2B01:00&to=2035-11-21T02:00:00%2B01:00",
        "from=2035-11-21T01:00:00+01:00&to=2035-11-21T02:00:00+01:00",
        "from=2035-11-21T01:00:00&to=2035-11-21T02:00",
    ],
)
async def test_moments_are_written_in_many_ways(world: World, sign_in: SignIn, query: str) -> None:
    """With an offset, whose + may be unencoded, or as local time of the site."""
    await world.user()
    await world.meter()
    said = (await (await sign_in()).get(f"/api/meters/m1/power?points=60&{query}")).json()
    assert said["resolution_s"] == 60
    assert said["at"][0] == datetime(2035, 11, 21, tzinfo=UTC).timestamp()
    assert len(said["at"]) == 60


@pytest.mark.parametrize(
    "path, field, value",
    [
        ("power?points=0", "points", "'0'"),
        ("power?points=5001", "points", "'5001'"),
        ("power?points=many", "points", "'many'"),
        ("power?from=yesterday", "from", "'yesterday'"),
        ("power?to=2035-13-01T00:00:00Z", "to", "'2035-13-01T00:00:00Z'"),
        ("power?from=0001-01-01T00:00:00Z", "from", "'0001-01-01T00:00:00Z'"),
        ("power?to=9999-12-31T23:59:59Z", "to", "'9999-12-31T23:59:59Z'"),
        ("power?from=2035-01-02T00:00:00Z&to=2035-01-01T00:00:00Z", "from", "2035-01-02"),
        ("power?from=2035-01-01T00:00:00Z&to=2035-01-01T00:00:00Z", "from", "2035-01-01"),
        ("power?from=2035-01-01T00:00:00Z&to=2035-03-03T00:00:00Z", "to", "60 days"),
        ("energy?from=2035-02-30", "from", "'2035-02-30'"),
        ("energy?to=today", "to", "'today'"),
        ("energy?from=1066-10-14", "from", "'1066-10-14'"),
        ("energy?from=2035-01-02&to=2035-01-02", "from", "'2035-01-02'"),
        ("energy?from=2034-01-01&to=2035-02-06", "to", "400 days"),
        ("energy?from=%00", "from", r"'\x00'"),
    ],
)
async def test_a_range_that_is_not_one_is_named(
    world: World, sign_in: SignIn, path: str, field: str, value: str
) -> None:
    """400 with the field and its value; the spans are bounded."""
    await world.user()
    await world.meter()
    answer = await (await sign_in()).get(f"/api/meters/m1/{path}")
    assert_problem(answer, 400, field, value)
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_energy_is_of_the_last_fourteen_days(world: World, sign_in: SignIn) -> None:
    """Without from and to: thirteen days and today, local days with their hours."""
    await world.user()
    meter = await world.meter(interval_s=3600.0)
    midnight = datetime(2035, 11, 20, 23, tzinfo=UTC)
    hours = [(midnight + n * 60 * MINUTE, {"1.8.0": 10.0 + n, "2.8.0": 5.0}) for n in range(13)]
    await world.measured(meter, *hours)
    client = await sign_in()
    said = (await client.get("/api/meters/m1/energy")).json()
    assert (said["unit"], said["timezone"], len(said["days"])) == ("kWh", "Europe/Zurich", 14)
    today, before = said["days"][-1], said["days"][-2]
    assert (today["date"], today["import"], today["export"]) == ("2035-11-21", 12.0, 0.0)
    assert (today["start"], today["hours"]) == ("2035-11-20T23:00:00Z", 24.0)
    assert today["completeness"] == pytest.approx(12 / 13, abs=0.1)
    assert (before["import"], before["completeness"] < 0.1) == (None, True)  # midnight is its end
    spring = (await client.get("/api/meters/m1/energy?from=2035-03-25&to=2035-03-26")).json()
    assert [day["hours"] for day in spring["days"]] == [23.0]


async def test_energy_of_gas_has_its_unit(world: World, sign_in: SignIn) -> None:
    """A meter that is not electric counts in its own unit, and exports nothing."""
    await world.user()
    meter = await world.meter("g1", type="gas", interval_s=3600.0, zone="UTC")
    noon = datetime(2035, 11, 20, 12, tzinfo=UTC)
    await world.measured(meter, (noon, {"value": 1.0}), (noon + 60 * MINUTE, {"value": 3.5}))
    said = (await (await sign_in()).get("/api/meters/g1/energy?from=2035-11-20")).json()
    assert said["unit"] == "m3"
    assert (said["days"][0]["import"], said["days"][0]["export"]) == (2.5, None)
    assert len(said["days"]) == 14


@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/v1/data", "/api/meters/a/b/c"])
async def test_an_unknown_path_is_a_problem(enter: Enter, path: str) -> None:
    """404 as JSON under /api, never a page, whoever asks."""
    answer = await enter().get(path, headers={"accept": "text/html"})
    assert_problem(answer, 404, path.rstrip("/"))


async def test_a_wrong_method_is_a_problem(enter: Enter) -> None:
    """405 with the methods there are.  Source: RFC 9110, 15.5.6."""
    answer = await enter().delete("/api/meters")
    assert_problem(answer, 405)
    assert "GET" in answer.headers["allow"]
