"""The catalogue against Cloud2Cloud 2.0 and the two Wattics pages, quoted as plain data.

Sources: "Integration Cloud2Cloud" 2.0 (seed 000), section 6; the Wattics data-push pages of 2019
(seed 003) and 2016 (seed 004), "JSON Packet Format".
"""

import re

import pytest

from ohmstead.reading import units
from ohmstead.reading.catalogue import ALL, BY_OBIS, MEDIA, WATTICS_ALSO, Quantity

DEFAULT_PAYLOAD = {
    "InstantaneousPower.Active.Positive": ("1.7.0", "kW"),
    "InstantaneousPower.Active.Negative": ("2.7.0", "kW"),
    "Voltage.L1": ("32.7.0", "V"),
    "Voltage.L2": ("52.7.0", "V"),
    "Voltage.L3": ("72.7.0", "V"),
    "Current.L1": ("31.7.0", "A"),
    "Current.L2": ("51.7.0", "A"),
    "Current.L3": ("71.7.0", "A"),
    "Energy.Active.Positive": ("1.8.0", "kWh"),
    "Energy.Active.Negative": ("2.8.0", "kWh"),
}

OFFERED = {
    **{f"{c}.8.{e}": "kWh" for c in (1, 2) for e in (0, 1, 2)},
    **{f"1.6.{e}": "kW" for e in (0, 1, 2)},
    **{f"{c}.7.0": "kW" for c in (1, 21, 41, 61, 2, 22, 42, 62)},
    **{f"{c}.7.0": "kvar" for c in (3, 4)},
    **{f"{c}.8.0": "kvarh" for c in (3, 4)},
    **{f"{c}.7.0": "V" for c in (32, 52, 72)},
    **{f"{c}.7.0": "A" for c in (31, 51, 71)},
    **{f"s{c}.7.0": "A" for c in (31, 51, 71)},  # "31.7.0 (signed)" in the table
    "13.7.0": None,
    "16.7.0": "kW",
}

WATTICS = {
    **{f"aP_{n}": "W" for n in (1, 2, 3)},
    **{f"rP_{n}": "var" for n in (1, 2, 3)},  # "VA reactive"
    **{f"apP_{n}": "VA" for n in (1, 2, 3)},
    **{f"v_{n}": "V" for n in (1, 2, 3)},
    **{f"c_{n}": "A" for n in (1, 2, 3)},
    **{f"pC_{n}": "Wh" for n in (1, 2, 3)},
    "v_12": "V",
    "v_13": "V",
    "v_23": "V",
}
"""Page of 2016; the page of 2019 has v_31 in its table where its own example has v_13."""

THD = {"thdV_1", "thdV_2", "thdV_3", "thdC_1", "thdC_2", "thdC_3"}
"""Both pages name distortion and give no field for it; these are the catalogue's own."""


def by_wattics(name: str) -> Quantity:
    """The quantity that a packet's field means."""
    (found,) = (q for q in ALL if q.wattics == name)
    return found


def test_the_default_payload_has_every_field_with_code_and_unit() -> None:
    """Cloud2Cloud 2.0, section 6, struct and first table."""
    assert {q.cloud2cloud: (q.obis, q.unit) for q in ALL if q.cloud2cloud} == DEFAULT_PAYLOAD


def test_every_field_offered_for_custom_templates_is_offered_with_its_unit() -> None:
    """Cloud2Cloud 2.0, section 6, tables from "Active energy" to "Other"."""
    assert {q.obis: q.unit for q in ALL if q.offered} == OFFERED


def test_what_the_cloud_computes_is_marked_as_derived() -> None:
    """Cloud2Cloud 2.0, section 6: 16.7.0 is computed, signed currents carry a direction."""
    assert all(BY_OBIS[code].derived for code in ("16.7.0", "s31.7.0", "s51.7.0", "s71.7.0"))
    assert not any(BY_OBIS[code].derived for code, _ in DEFAULT_PAYLOAD.values())


@pytest.mark.parametrize("field", WATTICS)
def test_a_field_of_a_packet_is_in_the_catalogue_with_a_fitting_unit(field: str) -> None:
    """Wattics, "JSON Packet Format", table of the page of 2016."""
    assert units.kept(1.0, WATTICS[field])[1] == by_wattics(field).unit


def test_the_catalogue_knows_no_packet_field_besides() -> None:
    """Wattics, both pages: powers, voltages, currents, energies, and distortion."""
    assert {q.wattics for q in ALL if q.wattics} == set(WATTICS) | THD


def test_a_packet_field_belongs_to_the_phase_in_its_name() -> None:
    """Wattics: the number after the underscore is the phase."""
    for quantity in ALL:
        if quantity.wattics and (found := re.search(r"_([123])$", quantity.wattics)):
            assert f"_l{found[1]}_" in quantity.column


def test_the_line_voltage_of_the_later_page_is_read_as_the_older_name() -> None:
    """Wattics 2019 table: v_31; its example and the page of 2016: v_13 (interop 5, no. 32)."""
    assert dict(WATTICS_ALSO) == {"v_31": "v_13"}
    assert by_wattics("v_13").obis == "126.7.0"


def test_every_other_kind_of_meter_sends_one_value() -> None:
    """Wattics, both pages: gas, water, heat, temperature, production, any numeric value."""
    kinds = {m.kind for m in MEDIA} - {"electricity"}
    assert kinds == {"gas", "water", "heat", "temperature", "production", "other"}
    assert {m.wattics for m in MEDIA} == {"value"}
