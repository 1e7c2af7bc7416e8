"""The catalogue against the vendor documents themselves, where a machine can read their tables."""

import re
from pathlib import Path

import pytest

from ohmstead.reading.catalogue import ALL, BY_OBIS, ELECTRICAL, IDENTITIES, WATTICS_ALSO

MISPRINTS = {"L_P1": "I_P1", "L_P2": "I_P2", "L_P3": "I_P3"}
"""Interop 5, no. 5."""


def document(corpus: Path, number: int) -> str:
    """The text of one vendor document; skips where the corpus has none."""
    found = sorted((corpus / "seeds").glob(f"{number:03}_*.txt"))
    if not found:
        pytest.skip(f"the corpus has no document {number:03}")
    return found[0].read_text(encoding="utf-8")


def first_cells(text: str, start: str, end: str) -> list[str]:
    """The first cell of every table row between two headings, each where it last starts a line."""
    after = text[text.rindex(f"\n{start}") :]
    return re.findall(r"^([^\t\n]+)\t", after[: after.index(f"\n{end}")], re.MULTILINE)


def test_every_report_path_of_the_manual_is_known(corpus: Path) -> None:
    """REST/MQTT 2.0, 3.1."""
    cells = first_cells(document(corpus, 2), "3.1. ", "3.2. ")
    paths = [cell.removeprefix(".report.") for cell in cells if cell.startswith(".report.")]
    own = {"id", "interval", "tariff", "date_time", "conv_factor"}
    known = {q.report for q in ALL}
    measured = [path.replace(".rective.", ".reactive.") for path in paths if path not in own]
    assert len(measured) >= 50
    assert not [path for path in measured if path not in known]


def test_every_live_key_of_the_manual_is_known(corpus: Path) -> None:
    """REST/MQTT 2.0, 3.2."""
    cells = first_cells(document(corpus, 2), "3.2. ", "4. ")
    keys = [MISPRINTS.get(c, c) for c in cells if re.fullmatch(r"r?[A-Z]+[a-z]*(_\w+)?", c)]
    own = {"Endpoint", "Method", "Field", "Date", "Time", "Uptime"}
    known = {q.live for q in ALL}
    assert len(keys) >= 28
    assert not [key for key in keys if key not in known | own]


def test_every_measured_template_variable_of_the_manual_is_known(corpus: Path) -> None:
    """REST/MQTT 2.0, 4.1.1 and 4.1.2."""
    text = document(corpus, 2)
    table = first_cells(text, "4.1.1. ", "4.1.2. ")
    after = text[text.rindex("\n4.1.2. ") :]
    sample = re.findall(r'^ +"([^"]+)": "', after[: after.index("\n5. ")], re.MULTILINE)
    named = re.compile(r"s?\d+[._]\d+[._]\d+|(energy|power)\.(in|out)")
    measured = [name for name in table + sample if named.fullmatch(name)]
    known = {name for q in ALL for name in (q.template, *q.aliases)}
    assert len(measured) >= 58 + 61
    assert not [name for name in measured if not {name, name.replace(".", "_")} & known]


def test_every_code_of_the_appendix_is_known(corpus: Path) -> None:
    """REST/MQTT 2.0, Appendix D."""
    text = document(corpus, 2)
    codes = re.findall(r"^(\d+\.\d+\.\d+)\t", text[text.rindex("\nAppendix D") :], re.MULTILINE)
    known = {q.obis for q in ELECTRICAL} | {t.obis for t in IDENTITIES}
    assert len(codes) >= 56
    assert not [code for code in codes if code not in known]


def test_every_field_of_cloud2cloud_is_known_with_its_unit(corpus: Path) -> None:
    """Cloud2Cloud 2.0, section 6."""
    text = document(corpus, 0)
    default = re.findall(r"^([A-Z][\w.]+)\t(\d+\.\d+\.\d+)\t(\w+)\t", text, re.MULTILINE)
    assert len(default) == 10
    for field, code, unit in default:
        assert (BY_OBIS[code].cloud2cloud, BY_OBIS[code].unit) == (field, unit)
    offered = re.findall(r"^(\d+\.\d+\.\d+)( \(signed\))?\t([\w–]+)\t", text, re.MULTILINE)
    assert len(offered) == 32
    for code, signed, unit in offered:
        quantity = BY_OBIS[f"s{code}" if signed else code]
        assert quantity.offered
        assert quantity.unit == (None if unit == "–" else unit)


@pytest.mark.parametrize("number", [3, 4])
def test_every_field_of_a_wattics_packet_is_known(corpus: Path, number: int) -> None:
    """Wattics, page of 2019 and of 2016, "JSON Packet Format"."""
    fields = set(re.findall(r'^"(\w+)":xxx,? =>', document(corpus, number), re.MULTILINE))
    assert len(fields) == 22
    assert fields - {"value"} <= {q.wattics for q in ALL} | set(WATTICS_ALSO)
