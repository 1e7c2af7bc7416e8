"""The document from its first page to its last: every table and every example has its test.

Source: REST/MQTT 2.0, whole.  What is wrong in it stands here beside the quirk that says so.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from tests.gateway.setting import ID
from tests.surfaces.test_report import AT, a_device, flat

from ohmstead.gateway.configuration import Configuration, Name
from ohmstead.reading import catalogue
from ohmstead.reading.reading import Identity, Reading
from ohmstead.settings import form
from ohmstead.surfaces import live, report, system
from ohmstead.surfaces.device import Ethernet, Wifi

TESTS = Path(__file__).parents[1]
HEADING = re.compile(r"^(?:(\d+(?:\.\d+)*)\. ?[A-Z]\D|(Appendix [A-D])\s*$)")
EXAMPLE = re.compile(r"^```|(?<![-\w])curl (?!command|tool|and)")

READING = Reading(
    meter=ID,
    at=AT,
    values={quantity.obis: 1.5 for quantity in catalogue.ALL},
    identity=Identity(**dict.fromkeys(report.IDENTITY, "x")),
    tariff=1,
    number=7,
    interval_s=1.0,
)
DEVICE = a_device(wifi=Wifi(), ethernet=Ethernet())
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "IPv4 string": (str,),
    "ISO8601": (str,),
    "int": (int,),
    "uint": (int,),
    "double": (int, float),
    "float": (int, float),
    "bool": (bool,),
    "boolean": (bool,),
}


@pytest.fixture(scope="module")
def sections(corpus: Path) -> dict[str, str]:
    """The text of each section by its number, the contents left out."""
    (file,) = (corpus / "seeds").glob("002_*.txt")
    text = file.read_text()
    found: dict[str, str] = {}
    number, fenced = "", False
    for line in text[text.index("\n1. Introduction\n\nThe") :].splitlines(keepends=True):
        heading = None if fenced else HEADING.match(line)
        if heading:
            number = heading[1] or heading[2]
        fenced ^= line.startswith("```")
        found[number] = found.get(number, "") + line
    return found


def rows(text: str) -> Iterator[list[str]]:
    """The rows of its tables that begin with a field."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) > 1 and re.match(r"\.|\[\]\.|json\.", cells[0]):
            yield cells


def blocks(text: str) -> list[str]:
    """Its blocks of code; those that a page break cuts in two are one."""
    whole = re.sub(r"\n```\n\s*\n```\n\n?", "\n", text)
    return re.findall(r"^```\n(.*?)^```", whole, re.DOTALL | re.MULTILINE)


def test_every_example_has_a_test_named_after_its_section(sections: dict[str, str]) -> None:
    """Whole document: a block of code or a call of curl in 6.6.2 is shown by `test_6_6_2_…`."""
    named = set()
    for file in TESTS.rglob("test_*.py"):
        named |= set(re.findall(r"def test_(appendix_[a-d]|\d+(?:_\d+)*)_", file.read_text()))
    for number, text in sections.items():
        if not any(EXAMPLE.search(line) for line in text.splitlines()):
            continue
        own = number.lower().replace(".", "_").replace(" ", "_")
        whole = "5" if number.startswith("5.") else own  # one procedure, followed in one test
        assert {own, whole} & named, f"section {number} has an example and no test of its name"


def test_2_3_every_field_of_the_table(sections: dict[str, str]) -> None:
    """2.3, "JSON object fields description": each is there, of its type."""
    given = flat(json.loads(msgspec.json.encode(system.document(READING, DEVICE))))
    wrong = {".device.time_since_reboot": ".device.time_since_boot"}  # quirk 1
    found = list(rows(sections["2.3"]))
    assert len(found) > 50
    for name, kind, *_ in found:
        at = wrong.get(name, name)
        types = (bool,) if at == ".wifi.wps" else TYPES.get(kind, (str,))  # quirk 12
        assert isinstance(given[at], types), name


def test_3_1_every_field_of_the_table(sections: dict[str, str]) -> None:
    """3.1, "Fields description": a meter that says everything has each of them."""
    given = flat(json.loads(msgspec.json.encode(report.document(READING, DEVICE))))
    found = list(rows(sections["3.1"]))
    assert len(found) > 70
    for name, kind, *_ in found:
        at = name.replace(".rective.", ".reactive.")  # quirk 3
        assert isinstance(given[at], TYPES.get(kind, (str,))), name


def test_3_1_example_responses(sections: dict[str, str]) -> None:
    """3.1, both examples: read back and written again they have every field they had."""
    lg, ensor = blocks(sections["3.1"])
    assert '"reactive": {' in lg  # quirk 4: it stands outside of `energy`, and the braces are cut
    with pytest.raises(ValueError, match=r"Extra data|Expecting"):
        json.loads(lg)
    original: dict[str, Any] = json.loads(ensor)
    reading = report.parse(ensor.encode(), ZoneInfo("Europe/Zurich"))
    written = flat(report.document(reading, replace(DEVICE, meter_status="OK")))
    expected = {
        name: value for name, value in flat(original).items() if not name.startswith(".system")
    }
    assert {name: value for name, value in expected.items() if written.get(name) != value} == {}
    order = [name for name in written if name in expected and name.startswith(".report")]
    assert order == [name for name in expected if name.startswith(".report")]


def test_3_2_every_field_of_the_table(sections: dict[str, str]) -> None:
    """3.2, "Fields in data object": each is sent."""
    given = live.fields(READING, DEVICE)
    table = sections["3.2"].partition("Fields in data object")[2]
    named = re.findall(r"^(\w+)\t(?:double|string)\t", table, re.MULTILINE)
    assert len(named) > 28
    for name in named:
        assert re.sub(r"^L_P", "I_P", name) in given  # quirk 5


DEFAULTS: dict[tuple[str, str], object] = {
    ("settings", ".system.host_name"): "whatwatt_9F8124",  # of our id
    ("settings", ".services.cloud.mystrom"): False,  # quirk 15
    ("settings", ".services.local.solar_manager"): False,  # quirk 15
    ("wifi_sta", ".max_power"): 17,
}
"""Where the table says something else than a value, or than the samples."""
SECTIONS: tuple[tuple[Name, str], ...] = (
    ("mqtt", "4"),
    ("settings", "6.2"),
    ("meter", "6.3"),
    ("wifi_sta", "6.7"),
    ("eth", "6.10"),
)


def default_of(written: str) -> object:
    """The value of a table's default.

    >>> default_of("empty string"), default_of("30"), default_of("false")
    ('', 30, False)
    """
    if written == "empty string":
        return ""
    try:
        return json.loads(written)
    except ValueError:
        return written


def at(tree: Any, path: str) -> Any:
    """What stands at `.a.b`."""
    for name in path.strip(".").split("."):
        tree = getattr(tree, name) if isinstance(tree, form.Form) else tree[name]
    return tree


def aliased(path: str) -> str:
    return path.replace(".max_power", ".max_tx_power")  # quirk 13


@pytest.mark.parametrize("name, section", SECTIONS)
def test_6_defaults_and_ranges_of_the_tables(
    sections: dict[str, str], tmp_path: Path, name: Name, section: str
) -> None:
    """4, 6.2, 6.3, 6.7 and 6.10, tables: every field, its factory setting and its bounds."""
    configuration = Configuration(tmp_path, ID)
    now = getattr(configuration, name)
    schema = form.schema(type(now))
    found = [row for row in rows(sections[section]) if row[0] != ".services.sd"]
    assert len(found) >= 6
    for field, kind, written, *more in found:
        factory = at(now, aliased(field))
        said = default_of(written) if written else factory
        said = DEFAULTS.get((name, field), written if field == ".stop_bits" else said)
        if field == ".scalars_set":
            assert written.split() == ["default", "lge570", "custom"]
            said = "default"
        assert factory == said, field
        rule = at(schema, field.replace(".", ".properties."))
        bounds = re.fullmatch(r"(\d+)\.\.(\d+)", more[0]) if more else None
        if bounds is None:
            continue
        least, most = map(int, bounds.groups())
        if kind in ("uint", "float"):
            assert rule["maximum"] == most, field
            assert rule["minimum"] <= least, field  # quirk 16: the factor may be a fraction
        elif "pattern" not in rule:
            longest = rule.get("maxLength") or rule["anyOf"][0]["maxLength"]
            assert longest == most, field


def test_appendix_d_every_code_of_the_table(sections: dict[str, str]) -> None:
    """Appendix D: each code is known, in a unit of the same kind; the catalogue counts in kilo."""
    table = re.findall(
        r"^(\d+\.\d+\.\d+)\t[^\t]+\t?(\S*)\s*$", sections["Appendix D"], re.MULTILINE
    )
    assert len(table) > 50
    identity = {"96.1.0", "96.1.1", "42.0.0", "96.14.0"}
    for obis, unit in table:
        if obis in identity:
            continue
        ours = catalogue.BY_OBIS[obis].unit or ""
        demand = obis.split(".")[1] == "6"  # quirk 25: a demand is a power
        assert ours.removeprefix("k") == ("W" if demand else unit), obis
