"""The catalogue against the device's field lists, quoted as plain data.

Sources: "Local Integration via REST/MQTT" 2.0 (seed 002), sections 3.1, 3.2, 4.1.1, 4.1.2 and
Appendix D; the device's own documentation of SD-card columns and Modbus ids (interop 1.1, 1.2).
Slips of the documents are read as the interop notes, section 5, recommend; each is named below.
"""

import pytest

from ohmstead.reading import units
from ohmstead.reading.catalogue import ALL, BY_OBIS, ELECTRICAL, IDENTITIES, TEMPLATES

L, T = ("l1", "l2", "l3"), ("t1", "t2")

REPORT = {
    **{
        f"instantaneous_power.active.{way}.{of}": "kW"
        for way in ("positive", "negative")
        for of in ("total", *L)
    },
    **{
        f"instantaneous_power.reactive.{way}.{of}": "kvar"
        for way in ("positive", "negative")
        for of in ("total", *L)
    },
    "instantaneous_power.apparent.total": "kVA",
    **{f"voltage.{of}": "V" for of in L},
    **{f"current.{of}": "A" for of in L},
    **{
        f"energy.active.{way}.{of}": "kWh"
        for way in ("positive", "negative")
        for of in ("total", *T)
    },
    # Printed as "rective" (interop 5, no. 3).
    **{
        f"energy.reactive.{way}.{of}": "kvarh"
        for way in ("positive", "negative")
        for of in ("total", *T)
    },
    **{
        f"energy.reactive.{way}.{kind}.{of}": "kvarh"
        for way in ("imported", "exported")
        for kind in ("inductive", "capacitive")
        for of in ("total", *T)
    },
    **{
        f"max_demand.active.{way}.{of}": "kW"
        for way in ("positive", "negative")
        for of in ("total", *T)
    },
    "power_factor": None,
}

LIVE = {
    "P_In": "kW",
    "P_Out": "kW",
    "P_P1_In": "kW",
    "P_P2_In": "kW",
    "P_P3_In": "kW",
    "P_P1_Out": "kW",
    "P_P2_Out": "kW",
    "P_P3_Out": "kW",
    "P_P_In": "kW",
    "P_P_In_T1": "kW",
    "P_P_In_T2": "kW",
    "I_P1": "A",
    "I_P2": "A",
    "I_P3": "A",  # printed as L_P1..3 (interop 5, no. 5)
    "V_P1": "V",
    "V_P2": "V",
    "V_P3": "V",
    "rP_In": "kvar",
    "rP_Out": "kvar",
    "PF": None,
    "E_In": "kWh",
    "E_In_T1": "kWh",
    "E_In_T2": "kWh",
    "E_Out": "kWh",
    "E_Out_T1": "kWh",
    "E_Out_T2": "kWh",
    "rE_In": "kvarh",
    "rE_Out": "kvarh",
}
LIVE_LATER = {
    **{f"rP_P{n}_{way}": "kvar" for n in (1, 2, 3) for way in ("In", "Out")},
    **dict.fromkeys(("rEii", "rEic", "rEei", "rEec"), "kvarh"),
}
"""What later firmware sends as well (the device's documentation, example of the stream)."""

VARIABLES = [
    *("1_8_0", "energy.in", "1_8_1", "1_8_2", "2_8_0", "energy.out", "2_8_1", "2_8_2"),
    *(f"{c}_8_{e}" for c in (3, 4, 5, 6, 7, 8) for e in (0, 1, 2)),
    *(f"{c}_6_{e}" for c in (1, 2) for e in (0, 1, 2)),
    *("1_7_0", "power.in", "21_7_0", "41_7_0", "61_7_0"),
    *("2_7_0", "power.out", "22_7_0", "42_7_0", "62_7_0"),
    *("3_7_0", "23_7_0", "43_7_0", "63_7_0", "4_7_0", "24_7_0", "44_7_0", "64_7_0", "9_7_0"),
    *("31_7_0", "51_7_0", "71_7_0", "s31_7_0", "s51_7_0", "s71_7_0"),
    *("32_7_0", "52_7_0", "72_7_0", "13_7_0"),
]
"""4.1.1, in its order, which 4.1.2 has too; underscores throughout (interop 5, no. 7)."""

SAMPLE_LEAVES_OUT = {"s31_7_0", "s51_7_0", "s71_7_0"}
"""The sample of 4.1.2 comes from older firmware."""

APPENDIX_D = {
    "13.7.0": None,
    **{f"{c}.8.{e}": "Wh" for c in (1, 2) for e in (0, 1, 2)},
    **{f"{c}.8.{e}": "varh" for c in range(3, 9) for e in (0, 1, 2)},
    **{f"{c}.6.{e}": "W" for c in (1, 2) for e in (0, 1, 2)},  # printed as Wh (interop 5, no. 25)
    **{f"{c + p}.7.0": "W" for c in (1, 2) for p in (0, 20, 40, 60)},
    **{f"{c + p}.7.0": "var" for c in (3, 4) for p in (0, 20, 40, 60)},
    "9.7.0": "VA",
    **{f"{c}.7.0": "V" for c in (32, 52, 72)},
    **{f"{c}.7.0": "A" for c in (31, 51, 71)},
}

SD_CARD = (
    "RID,TIME,MID,MSTAT,TARIFF,PF,EAP_T,EAP_T1,EAP_T2,EAN_T,EAN_T1,EAN_T2,ERP_T,ERP_T1,ERP_T2,"
    "ERN_T,ERN_T1,ERN_T2,ERII_T,ERII_T1,ERII_T2,ERIC_T,ERIC_T1,ERIC_T2,EREI_T,EREI_T1,EREI_T2,"
    "EREC_T,EREC_T1,EREC_T2,MDAP_T,MDAP_T1,MDAP_T2,MDAN_T,MDAN_T1,MDAN_T2,IPAP_T,IPAP_L1,"
    "IPAP_L2,IPAP_L3,IPAN_T,IPAN_L1,IPAN_L2,IPAN_L3,IPRP_T,IPRP_L1,IPRP_L2,IPRP_L3,IPRN_T,"
    "IPRN_L1,IPRN_L2,IPRN_L3,IPA_T,V_L1,V_L2,V_L3,I_L1,I_L2,I_L3,MIDENT,MMODEL,MIF,MPROT,RP"
)

MODBUS_NETS = [
    *("power.active", "power.active.l1", "power.active.l2", "power.active.l3"),
    *("power.reactive", "power.reactive.l1", "power.reactive.l2", "power.reactive.l3"),
    *("current.l1", "current.l2", "current.l3"),
]


def test_the_report_has_every_path_of_its_table_with_the_unit() -> None:
    """REST/MQTT 2.0, 3.1, table of fields."""
    assert {q.report: q.unit for q in ALL if q.report} == REPORT


def test_the_live_stream_has_every_key_of_its_table_with_the_unit() -> None:
    """REST/MQTT 2.0, 3.2, table and sample; the device's documentation for the later keys."""
    assert {q.live: q.unit for q in ALL if q.live} == LIVE | LIVE_LATER


@pytest.mark.parametrize(
    "key, code",
    [
        ("rEii", "5.8.0"),
        ("rEic", "6.8.0"),
        ("rEei", "7.8.0"),
        ("rEec", "8.8.0"),
        ("P_P_In", "1.6.0"),
    ],
)
def test_a_live_key_that_is_easily_mistaken_means_this_code(key: str, code: str) -> None:
    """Interop 5, no. 39 (quadrants) and no. 6 (P_P_In is the maximum demand, not phase 1)."""
    assert BY_OBIS[code].live == key


def test_the_templates_know_every_variable_in_the_order_of_the_manual() -> None:
    """REST/MQTT 2.0, 4.1.1, table of variables, and 4.1.2, sample."""
    names = [name for q in TEMPLATES for name in (q.template, *q.aliases)]
    assert names == VARIABLES
    assert len([n for n in names if n not in SAMPLE_LEAVES_OUT]) == 58


def test_every_quantity_that_has_a_template_variable_is_among_the_templates() -> None:
    """REST/MQTT 2.0, 4.1.1."""
    assert {q.obis for q in TEMPLATES} == {q.obis for q in ALL if q.template}


@pytest.mark.parametrize("code", APPENDIX_D)
def test_a_code_of_the_appendix_is_kept_in_the_thousandfold_of_its_unit(code: str) -> None:
    """REST/MQTT 2.0, Appendix D."""
    unit = APPENDIX_D[code]
    quantity = BY_OBIS[code]
    assert quantity in ELECTRICAL
    expected = 1000.0 if unit in (None, "V", "A") else 1.0
    assert units.kept(1000.0, unit) == (expected, quantity.unit)


def test_the_appendix_has_every_quantity_of_the_device_and_no_other() -> None:
    """REST/MQTT 2.0, Appendix D."""
    assert {q.obis for q in ELECTRICAL} == set(APPENDIX_D)


def test_the_sd_card_has_64_columns_in_this_order() -> None:
    """Interop 1.1, header of the CSV file."""
    text = {t.obis: t.sd_card for t in IDENTITIES}
    header = ["RID", "TIME", text["96.1.0"], "MSTAT", text["96.14.0"]]
    header += [q.sd_card for q in ELECTRICAL]
    header += [text["42.0.0"], text["96.1.1"], "MIF", "MPROT", "RP"]
    assert ",".join(map(str, header)) == SD_CARD
    assert len(header) == 64


def test_modbus_names_the_codes_and_the_signed_nets() -> None:
    """Interop 1.2, register ids: dotted OBIS, power.active, power.reactive, current."""
    ids = {q.modbus for q in ALL if q.modbus}
    assert ids == {q.obis for q in ELECTRICAL} | set(MODBUS_NETS)
    assert {t.modbus for t in IDENTITIES} == {"96.1.0", "96.1.1", "42.0.0", "96.14.0"}


@pytest.mark.parametrize(
    "code, paths",
    [
        ("96.1.0", ("meter.id", "meter.id", "MID")),
        ("42.0.0", ("meter.logical_name", "meter.type", "MIDENT")),
        ("96.1.1", ("meter.model", "meter.model", "MMODEL")),
        ("96.14.0", ("report.tariff", "tariff", "TARIFF")),
    ],
)
def test_an_identity_has_its_name_on_each_surface(code: str, paths: tuple[str, str, str]) -> None:
    """REST/MQTT 2.0, 3.1 and 4.1.1; interop 5, no. 26."""
    (text,) = (t for t in IDENTITIES if t.obis == code)
    assert (text.report, text.template, text.sd_card) == paths
