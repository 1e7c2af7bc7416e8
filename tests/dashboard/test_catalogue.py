"""The catalogue as the pages get it."""

from tests.dashboard.conftest import SignIn, World

from ohmstead.reading import catalogue


async def test_the_catalogue_has_every_quantity(world: World, sign_in: SignIn) -> None:
    """GET /api/catalogue: the table itself, in its order."""
    await world.user()
    said = (await (await sign_in()).get("/api/catalogue")).json()
    assert [each["obis"] for each in said["quantities"]] == [q.obis for q in catalogue.ALL]
    power = next(each for each in said["quantities"] if each["obis"] == "1.7.0")
    assert (power["unit"], power["kind"], power["label"]) == ("kW", "gauge", "Power imported")
    assert set(power["labels"]) == {"en", "de"}
    assert [each["kind"] for each in said["media"]] == [m.kind for m in catalogue.MEDIA]
