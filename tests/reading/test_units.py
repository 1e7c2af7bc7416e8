"""Units: what a meter says, what the catalogue keeps, and COSEM's numbers for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.reading import units


@pytest.mark.parametrize(
    "number, unit",
    [
        (8, "deg"),
        (9, "°C"),
        (13, "m3"),
        (14, "m3"),
        (19, "l"),
        (23, "Pa"),
        (24, "bar"),
        (25, "J"),
        (27, "W"),
        (28, "VA"),
        (29, "var"),
        (30, "Wh"),
        (31, "VAh"),
        (32, "varh"),
        (33, "A"),
        (35, "V"),
        (44, "Hz"),
        (45, "1/Wh"),
        (46, "1/varh"),
        (56, "%"),
        (63, "g/m3"),
    ],
)
def test_a_cosem_number_is_this_unit(number: int, unit: str) -> None:
    """IEC 62056-6-2, enumeration of units."""
    assert units.COSEM[number] == unit


@pytest.mark.parametrize(
    "said, kept",
    [
        ((10049926, "Wh"), (10049.926, "kWh")),
        ((518.309, "kVArh"), (518.309, "kvarh")),
        ((0.5, "MWh"), (500.0, "kWh")),
        ((107, "dm3"), (0.107, "m3")),
        ((230000, "mV"), (230.0, "V")),
        ((480, "mA"), (0.48, "A")),
        ((50.01, "Hz"), (50.01, "Hz")),
        ((3, "parsec"), (3, "parsec")),
    ],
)
def test_a_value_comes_into_the_unit_that_is_kept(
    said: tuple[float, str], kept: tuple[float, str]
) -> None:
    """Meters of the corpus say Wh or kWh, kVArh or kvarh, m3 or dm3."""
    assert units.kept(*said) == kept


@given(st.integers(-(2**53), 2**53), st.integers(-6, 0))
def test_shifting_adds_no_noise(raw: int, power: int) -> None:
    """A scaled value prints as the meter's digits, not as a binary fraction beside them."""
    assert units.shifted(raw, power) == float(f"{raw}e{power}")


@pytest.mark.parametrize("unit", units.KEPT)
def test_a_kept_unit_stays_as_it_is(unit: str) -> None:
    """Keeping twice is keeping once."""
    once = units.kept(1.0, unit)
    assert units.kept(*once) == once
