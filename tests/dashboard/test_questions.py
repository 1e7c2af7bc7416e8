"""Questions over the API: columns with units, and what is wrong with a question."""

from datetime import UTC, datetime, timedelta

from tests.dashboard.conftest import SignIn, World, assert_problem

QUARTER = timedelta(minutes=15)
FIRST = datetime(2035, 10, 27, 22, tzinfo=UTC)
"""Midnight in Zurich, before a day of 25 hours."""
SPAN = "from=2035-10-28&to=2035-10-29"


async def test_questions_about_a_meter(world: World, sign_in: SignIn) -> None:
    """docs/questions.md: each answers in columns, with unit, zone, resolution and source."""
    await world.user()
    meter = await world.meter(interval_s=900.0)
    said = [(FIRST + n * QUARTER, {"1.8.0": n / 4, "1.7.0": 1.0}) for n in range(101)]
    await world.measured(meter, *said)
    client = await sign_in()

    async def asked(question: str) -> dict[str, object]:
        found: dict[str, object] = (await client.get(f"/api/meters/m1/{question}")).json()
        return found

    matrix = await asked(f"heat-map?{SPAN}")
    assert (matrix["unit"], matrix["timezone"], matrix["source"]) == (
        "kWh", "Europe/Zurich", "hour",
    )  # fmt: skip
    assert matrix["values"] == [[1.0] * 25]
    assert (await asked(f"comparison?{SPAN}&by=whole&with=year"))["compared"] == 0
    assert (await asked(f"peaks?{SPAN}&count=2&window=60"))["demand"] == [1.0, 1.0]
    curve = await asked(f"load-duration?{SPAN}&at_least=0.5,1.5")
    assert (curve["known_hours"], curve["at_least_hours"]) == (25.0, [25.0, 0.0])
    assert (await asked(f"series?{SPAN}&pixels=25&quantities=1.8.0"))["resolution"] == "hour"
    assert (await asked(f"readings?{SPAN}&limit=1"))["next"] == "2035-10-27T22:15:00Z"
    assert (await asked(f"balance?{SPAN}"))["completeness"] == [1.0]
    assert (await asked(f"holes?{SPAN}"))["hole_s"] == 0.0
    found = (await client.get(f"/api/sites/{meter.site.id}/breakdown?{SPAN}")).json()
    assert (found["total"], found["parts"][0]["share"]) == (25.0, 1.0)
    await world.meter("m,2")
    for written in ("meters=m1&meters=m%2C2", "meters=m1,m%2C2", "meters=,m1&meters=m%2C2,m1"):
        latest = (
            await client.get(f"/api/latest?{written}&quantities=2.8.0&quantities=1.7.0")
        ).json()
        assert latest["meters"] == ["m1", "m,2"]
        assert [each["values"] for each in latest["columns"]] == [[None, None], [1.0, None]]
    curve = await asked(f"load-duration?{SPAN}&at_least=0.5&at_least=1.5,0.25")
    assert curve["at_least_hours"] == [25.0, 0.0, 25.0]
    found = await asked(f"series?{SPAN}&pixels=25&quantities=1.8.0&quantities=16.8.0,1.7.0")
    assert [each["quantity"] for each in found["columns"]] == ["1.8.0", "16.8.0", "1.7.0"]
    described = (await client.get("/schema/openapi.json")).json()["paths"]["/api/latest"]["get"]
    kinds = {each["name"]: str(each["schema"]) for each in described["parameters"]}
    assert all("'array'" in kinds[name] for name in ("meters", "quantities"))


async def test_what_is_wrong_with_a_question(world: World, sign_in: SignIn) -> None:
    """RFC 9457, section 3: the field, the value and what to do."""
    await world.user()
    meter = await world.meter(interval_s=900.0)
    client = await sign_in()
    for question, words in (
        ("peaks?kind=fast", ("kind", "'fast' is not one of clock, sliding")),
        ("load-duration?at_least=inf", ("at_least", "'inf' is not a power")),
        ("heat-map?quantity=1.7.0", ("quantity", "'1.7.0' is not a counter")),
        ("series?quantities=1.7.0,9.9.9", ("quantities", "'9.9.9' is not a quantity")),
        ("comparison?from=2035-01-01&to=2030-01-01", ("from", "is not before to")),
        ("balance?from=2010-01-01&to=2035-01-01", ("to", "more than 4000 days")),
    ):
        answer = await client.get(f"/api/meters/m1/{question}")
        assert_problem(answer, 400, *words)
    answer = await client.get(f"/api/sites/{meter.site.id}/self-consumption")
    assert_problem(answer, 409, "role production", "ohmstead admin meter role")
    assert (await client.get("/api/meters/m1")).json()["makes_own"] is False
    await world.meter("sun", type="production")
    assert (await client.get("/api/meters/m1")).json()["makes_own"] is True
