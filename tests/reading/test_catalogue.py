"""The catalogue against itself: what must hold of every line, whoever reads it."""

import itertools
import re
from collections.abc import Callable, Iterator

import pytest

from ohmstead.reading import catalogue, obis, units
from ohmstead.reading.catalogue import ALL, ELECTRICAL, FURTHER, IDENTITIES, MEDIA, Kind, Quantity

BY_D = {8: Kind.COUNTER, 7: Kind.GAUGE, 6: Kind.DEMAND}


def test_the_device_measures_54_quantities() -> None:
    """Interop 1.1: 64 SD columns, less five in front and five behind that are no quantity."""
    assert len(ELECTRICAL) == 54
    assert ALL == ELECTRICAL + FURTHER


NAMES = ["obis", "column", "report", "live", "template", "cloud2cloud", "modbus"]


@pytest.mark.parametrize("field", NAMES)
def test_a_name_means_one_quantity_on_each_surface(field: str) -> None:
    """Design, "The catalogue": one table names every quantity once."""
    names = [name for q in ALL if (name := getattr(q, field)) is not None]
    assert len(names) == len(set(names))


def test_an_alias_means_one_quantity() -> None:
    """REST/MQTT 2.0, 4.1.1: an alias stands beside one name."""
    aliases = list(itertools.chain.from_iterable(q.aliases for q in ALL))
    assert len(aliases) == len(set(aliases))


@pytest.mark.parametrize("quantity", ALL, ids=lambda q: q.obis)
def test_a_code_is_an_obis_code_and_its_d_group_gives_the_kind(quantity: Quantity) -> None:
    """IEC 62056-6-1: D 8 is a time integral, 7 an instantaneous value, 6 a maximum."""
    code = obis.parse(quantity.obis.removeprefix("s"))
    assert quantity.obis.removeprefix("s") == code.short
    assert quantity.kind is BY_D[code.d]
    assert quantity.label


@pytest.mark.parametrize("quantity", ALL, ids=lambda q: q.obis)
def test_a_unit_is_one_that_the_catalogue_keeps(quantity: Quantity) -> None:
    """reading/units: what is kept is kept as it is."""
    if quantity.unit is not None:
        assert units.kept(1.0, quantity.unit) == (1.0, quantity.unit)


@pytest.mark.parametrize("quantity", ALL, ids=lambda q: q.obis)
def test_a_column_is_a_plain_sql_name_with_its_unit_last(quantity: Quantity) -> None:
    """Style 1: one word per idea, unit last; the column needs no quoting."""
    assert re.fullmatch(r"[a-z][a-z0-9_]*", quantity.column)
    if quantity.unit:
        unit = "percent" if quantity.unit == "%" else quantity.unit.lower()
        assert quantity.column.endswith(f"_{unit}")


def test_the_phases_of_a_family_are_twenty_apart() -> None:
    """IEC 62056-6-1: C is 20, 40, 60 above the total for L1, L2, L3."""
    by_column = {q.column: obis.parse(q.obis.removeprefix("s")) for q in ALL}
    for column, code in by_column.items():
        if found := re.search(r"(?<!_l1)(?<!_l2)_l([123])_(?!l)", column):
            first = by_column[column.replace(found[0], found[0].replace(found[1], "1"))]
            assert code.c - first.c == 20 * (int(found[1]) - 1)


LOOKUPS: list[tuple[Callable[[], Iterator[str]], Callable[[], Iterator[str]]]] = [
    (lambda: iter(catalogue.BY_OBIS), lambda: (q.obis for q in ALL)),
    (lambda: iter(catalogue.BY_MEDIUM), lambda: (m.kind for m in MEDIA)),
]


@pytest.mark.parametrize("table, lines", LOOKUPS, ids=["obis", "medium"])
def test_a_look_up_leaves_nothing_out(
    table: Callable[[], Iterator[str]], lines: Callable[[], Iterator[str]]
) -> None:
    """Each look-up is a view of the table, so a line added is a line found."""
    assert list(table()) == list(lines())


def test_an_m_bus_device_type_means_one_medium() -> None:
    """EN 13757-3, table of media: electricity 2, gas 3, heat 4, warm water 6, water 7."""
    numbers = list(itertools.chain.from_iterable(m.mbus for m in MEDIA))
    assert len(numbers) == len(set(numbers))
    kinds = {n: m.kind for n, m in catalogue.BY_MBUS.items()}
    assert {n: kinds[n] for n in (2, 3, 4, 6, 7)} == {
        2: "electricity",
        3: "gas",
        4: "heat",
        6: "water",
        7: "water",
    }


@pytest.mark.parametrize("medium", MEDIA, ids=lambda m: m.kind)
def test_a_medium_comes_in_its_own_unit(medium: catalogue.Medium) -> None:
    """The unit of a medium is the first of those it may come in."""
    assert medium.unit == medium.units[0]
    if medium.unit and medium.unit != "GJ":
        assert units.kept(1.0, medium.unit)[1] == medium.unit


def test_an_identity_has_a_code_of_its_own() -> None:
    """REST/MQTT 2.0, Appendix D: 96.1.0, 42.0.0, 96.14.0; interop 26 adds 96.1.1."""
    assert [t.obis for t in IDENTITIES] == ["96.1.0", "42.0.0", "96.1.1", "96.14.0"]
    assert not {t.obis for t in IDENTITIES} & set(catalogue.BY_OBIS)
