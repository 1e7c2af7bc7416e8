"""The catalogue's labels in German."""

from ohmstead.reading import catalogue, labels


def test_every_quantity_has_a_german_name() -> None:
    """One line a family; a new family without one fails here."""
    for quantity in catalogue.ALL:
        assert labels.german(quantity)
    assert labels.german(catalogue.BY_OBIS["41.7.0"]).endswith(", Phase L2")


def test_no_german_name_is_left_over() -> None:
    """A family that was renamed in the catalogue does not leave its old name here."""
    families = {q.label.split(", phase ")[0].split(", tariff ")[0] for q in catalogue.ALL}
    assert set(labels.GERMAN) == families
