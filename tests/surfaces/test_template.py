"""Templates of messages.  Source: REST/MQTT 2.0, 4.1.1, and the official device descriptions."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.surfaces.test_report import AT, a_device
from tests.surfaces.test_variables import READING, listed

from ohmstead.reading.reading import Reading
from ohmstead.surfaces.template import VARIABLE, Template, canonical

LISTED = listed()
QUANTITY = re.compile(r"(s?\d+)_(\d+)_(\d+)")
LITERAL = st.text().filter(lambda text: not VARIABLE.search(text))
NAMES = st.sampled_from(sorted(LISTED))


def rendered(template: str, reading: Reading | None = READING) -> str:
    return Template(template).render(reading, a_device())


def test_4_1_1_the_example_becomes_its_printed_message() -> None:
    """4.1.1, example (quirk 10: the document prints the message; this template makes it)."""
    template = """{
  "sys_id": "${sys.id}", "meter_id": "${meter.id}", "time": ${timestamp}, "tariff": ${tariff},
  "power_in": ${power.in}, "power_out": ${power.out}, "energy_in": ${energy.in},
  "energy_out": ${energy.out}
}"""
    assert json.loads(rendered(template)) == {
        "sys_id": "A842E39F8124",
        "meter_id": "",
        "time": int(AT.timestamp()),
        "tariff": 2,
        "power_in": 0.006,
        "power_out": 0,
        "energy_in": 24.087,
        "energy_out": None,
    }


def test_4_the_example_of_the_settings_keeps_what_it_cannot_resolve() -> None:
    """4, example response: its misprints stay as they stand (quirks 8 and 9)."""
    template = (
        '{\n\t"P_In": ${1_7_1},\n\t"P_Out": ${2_7_1},\n\t"E_In":\n${1_8_0},\n\t"E_Out": ${2_8_0},'
        '\n\t"Meter": {\n\t\t"DateTime": "${\n{meter.date_time}}\n\t\t},\n\t\t"Sys": {\n\t\t\t'
        '"Id": "${sys.id}}\n\t\t}\n\t}\n}'
    )
    expected = template.replace("${1_8_0}", "24.087").replace("${2_8_0}", "null")
    assert rendered(template) == expected.replace("${sys.id}", "A842E39F8124")


@pytest.mark.parametrize(
    "template",
    [
        "$(1_7_0)",
        "${}",
        "${ 1_7_0 }",
        "${1_7_1}",
        "${16_7_0}",
        "${some_undefined_variable}",
        "${1_7_0",
        "$1_7_0 {1_7_0} $",
        "${vol[0].volume}",
        "${1-7-0}",
        "${1_7_0\n}",
    ],
)
def test_4_1_1_what_is_not_a_known_variable_stays_as_written(template: str) -> None:
    """4.1.1, note: "the entire ${some_undefined_variable} string will be in the output"."""
    assert rendered(template) == template


@pytest.mark.parametrize(
    "template, expected",
    [
        ("${1.8.0} ${1_8.0} ${1.8_0} ${1_8_0}", "24.087 24.087 24.087 24.087"),
        ("${s31_7.0} ${s31_7_0} ${32_7.0}", "-0.06 -0.06 233"),
        ("\\${tariff} $${tariff} ${x${tariff}} {${tariff}}", "\\2 $2 ${x2} {2}"),
        ("${plug.voltage.pl}", "null"),
        ("${vol[0].bus} ${vol[0].cumulative} '${vol[0].meter_id}'", "1 5.5 ''"),
    ],
)
def test_4_1_1_a_variable_may_be_written_in_each_of_its_spellings(
    template: str, expected: str
) -> None:
    """4.1.1, table and samples (quirks 2 and 7): dots, underscores, both; `pl` means p1."""
    assert rendered(template) == expected


def test_4_1_1_what_the_meter_does_not_send_is_null_or_empty() -> None:
    """4.1.1, note: "null in case of a numeric variable or an empty string"."""
    template = "${1_8_0}|${71_7.0}|${tariff}|${meter.id}|${eth.ip}|${vol[1].cumulative}"
    assert rendered(template, None) == "null|null|null|||null"
    assert rendered("${vol[2].meter_id}${vol[2].date_time}${eth.state}") == "down"


@pytest.mark.corpus
def test_4_1_1_every_name_of_the_table_resolves(corpus: Path) -> None:
    """4.1.1, "Possible variables": no name of the table stays as it is written."""
    (document,) = (corpus / "seeds").glob("002_*.txt")
    text = document.read_text()
    table = text[text.index("Possible variables") : text.index("4.1.2. Reading variables locally")]
    names = re.findall(r"^([a-z0-9_.]+)\t", table, re.MULTILINE)
    assert len(names) == 98
    for name in names:
        assert rendered(f"${{{name}}}") != f"${{{name}}}", name


@pytest.mark.corpus
@pytest.mark.parametrize("which", ["VSEFull", "VSEMin"])
def test_the_template_of_the_device_description_makes_json(corpus: Path, which: str) -> None:
    """SmartGridready device description of the MQTT interface, its recommended template."""
    (file,) = (corpus / "interop" / "eid").glob(f"*_MQTT_{which}_*.xml")
    found = re.search(r"<code>(.*?)</code>", file.read_text(), re.DOTALL)
    assert found
    message = json.loads(rendered(found[1].strip()))
    assert (message["P_In"], message["E_In"]) == (0.006, 24.087)
    assert message["Meter"]["DateTime"] == "2025-01-22T11:54:02Z"


@given(st.lists(st.tuples(LITERAL, NAMES)), LITERAL)
@example([("$", "tariff"), ("${", "1_7_0")], "}")
def test_literals_are_kept_and_names_replaced(pairs: list[tuple[str, str]], end: str) -> None:
    """4.1.1: a template is literals and variables, and nothing else happens to it."""
    template = "".join(f"{literal}${{{name}}}" for literal, name in pairs) + end
    if len(VARIABLE.findall(template)) == len(pairs):  # two literals may make a variable together
        expected = "".join(f"{literal}{LISTED[name]}" for literal, name in pairs) + end
        assert Template(template).filled(LISTED) == expected


@given(st.text(st.sampled_from("${}_.178in \n\\"), max_size=60))
def test_any_text_is_a_template(written: str) -> None:
    """The message may be any text: nothing raises, and nothing but known variables changes."""
    said = Template(written).filled(LISTED)
    if not any(canonical(name) in LISTED for name in VARIABLE.findall(written)):
        assert said == written


@given(st.sampled_from([n for n in LISTED if QUANTITY.fullmatch(n)]), st.data())
def test_every_code_may_be_dotted(name: str, data: st.DataObject) -> None:
    """Quirk 7: each separator of a code may be a dot or an underscore."""
    first, second = (data.draw(st.sampled_from("._")) for _ in range(2))
    c, d, e = name.split("_")
    assert canonical(f"{c}{first}{d}{second}{e}") == name


@given(st.text())
def test_a_value_is_not_looked_into(value: str) -> None:
    """A device named `${sys.id}` is called that: what is put in is not a template."""
    assert Template("${sys.name}").filled({"sys.name": value, "sys.id": "X"}) == value
