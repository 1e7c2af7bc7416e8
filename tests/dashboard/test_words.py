"""The catalogue's labels in German, and the catalogue as the pages get it."""

from tests.dashboard.conftest import SignIn, World

from ohmstead.dashboard import words
from ohmstead.reading import catalogue


def test_every_quantity_has_a_german_name() -> None:
    """One line a family; a new family without one fails here."""
    for quantity in catalogue.ALL:
        assert words.german(quantity)
    assert words.german(catalogue.BY_OBIS["41.7.0"]).endswith(", Phase L2")


def test_no_german_name_is_left_over() -> None:
    """A family that was renamed in the catalogue does not leave its old name here."""
    families = {q.label.split(", phase ")[0].split(", tariff ")[0] for q in catalogue.ALL}
    assert set(words.GERMAN) == families


async def test_the_catalogue_has_every_quantity(world: World, sign_in: SignIn) -> None:
    """GET /api/catalogue: the table itself, in its order."""
    await world.user()
    said = (await (await sign_in()).get("/api/catalogue")).json()
    assert [each["obis"] for each in said["quantities"]] == [q.obis for q in catalogue.ALL]
    power = next(each for each in said["quantities"] if each["obis"] == "1.7.0")
    assert (power["unit"], power["kind"], power["label"]) == ("kW", "gauge", "Power imported")
    assert set(power["labels"]) == {"en", "de"}
    assert [each["kind"] for each in said["media"]] == [m.kind for m in catalogue.MEDIA]
