"""Energy by bucket and events, over the API."""

from datetime import UTC, datetime, timedelta

from tests.dashboard.conftest import NOW, SignIn, World, assert_problem

HOUR = timedelta(hours=1)
FIRST = datetime(2035, 11, 19, 23, tzinfo=UTC)


async def test_buckets_and_what_happened(world: World, sign_in: SignIn) -> None:
    """docs/energy.md: a reset is an event, its hour is null, and a hole is estimated."""
    await world.user()
    meter = await world.meter(interval_s=3600.0)
    said = [(0, 10.0), (1, 11.0), (2, 0.0), (3, 2.0), (6, 5.0), (7, 6.0)]
    await world.measured(meter, *((FIRST + n * HOUR, {"1.8.0": kwh}) for n, kwh in said))
    client = await sign_in()
    span = "from=2035-11-20&to=2035-11-21"
    answer = (await client.get(f"/api/meters/m1/energy/buckets?{span}&by=hour")).json()
    assert (answer["unit"], answer["timezone"]) == ("kWh", "Europe/Zurich")
    buckets = answer["buckets"]
    assert len(buckets) == 24
    assert [each["energy"] for each in buckets[:8]] == [1, None, 2, 1, 1, 1, 1, None]
    assert [each["estimated"] for each in buckets[:8]] == [0, None, 0, 1, 1, 1, 0, None]
    events = (await client.get(f"/api/meters/m1/events?{span}")).json()["items"]
    assert [(each["kind"], each["quantity"]) for each in events] == [
        ("reset", "1.8.0"),
        ("gap", None),
    ]
    assert (events[0]["before"], events[0]["after"], events[0]["energy"]) == (11, 0, None)
    wrong = await client.get("/api/meters/m1/energy/buckets?quantity=1.7.0")
    assert_problem(wrong, 400, "quantity", "1.7.0")


async def test_events_have_pages(world: World, sign_in: SignIn) -> None:
    """docs/api.md, lists: `next` leads on, also between events of one moment."""
    await world.user()
    meter, client = await world.meter(), await sign_in()
    for minute in (0, 10, 20):
        await world.database.change(
            "INSERT INTO stream_events (stream, at, kind, quantity, began)"
            " SELECT %(s)s, %(at)s, kind, quantity, %(at)s FROM"
            " (VALUES ('gap', ''), ('reset', '1.8.0'), ('reset', '2.8.0')) x (kind, quantity)",
            {"s": meter.stream, "at": NOW - timedelta(minutes=minute)},
        )
    path = f"/api/meters/{meter.id}/events"
    found: list[dict[str, object]] = []
    after: str | None = ""
    while after is not None:
        query = {"limit": 2} | ({"after": after} if after else {})
        page = (await client.get(path, params=query)).json()
        found, after = found + page["items"], page["next"]
    assert found == (await client.get(path)).json()["items"]
    assert len(found) == 9
    assert (await client.get(path, params={"after": "x"})).status_code == 400
