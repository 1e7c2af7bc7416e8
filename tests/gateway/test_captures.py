"""What the device was seen to say, and was said to it.  Source: interop, `captures/`."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import httpx
import msgspec
from tests.gateway.setting import MQTT
from tests.gateway.vendor import captured
from tests.surfaces.test_report import AT, a_device

from ohmstead.gateway.actions import Outcome
from ohmstead.reading import catalogue
from ohmstead.reading.reading import Reading
from ohmstead.surfaces.template import Template

TESTS = Path(__file__).parents[1]
NOT_THE_DEVICE = ("wattics-*", "gplug-*", "whatwatt-readings-*")
"""Of other systems, and a table that a third party polled."""

HOME_ASSISTANT = {
    "sys_id": "sys.id", "meter_id": "meter.id", "time": "meter.date_time",
    "power_in": "1_7_0", "power_out": "2_7_0",
    "power_in_l1": "21_7_0", "power_in_l2": "41_7_0", "power_in_l3": "61_7_0",
    "power_out_l1": "22_7_0", "power_out_l2": "42_7_0", "power_out_l3": "62_7_0",
    "energy_in": "1_8_0", "energy_out": "2_8_0",
    "energy_in_t1": "1_8_1", "energy_in_t2": "1_8_2",
    "energy_out_t1": "2_8_1", "energy_out_t2": "2_8_2",
    "voltage_l1": "32_7_0", "voltage_l2": "52_7_0", "voltage_l3": "72_7_0",
    "current_l1": "31_7_0", "current_l2": "51_7_0", "current_l3": "71_7_0",
    "power_factor": "13_7_0", "apparent_power": "9_7_0",
    "reactive_power_in": "3_7_0", "reactive_power_out": "4_7_0",
    "reactive_energy_in": "3_8_0", "reactive_energy_out": "4_8_0", "tariff": "tariff",
}  # fmt: skip
"""What the Home Assistant integration wants under each name."""


def test_every_capture_is_in_a_test(corpus: Path) -> None:
    """All of `captures/` that is the device's is named somewhere in these tests."""
    named: set[str] = set()
    for file in TESTS.rglob("test_*.py"):
        named |= set(re.findall(r'"([\w-]*(?:whatwatt)[^"\s]*)"', file.read_text()))
    patterns = [re.sub(r"\{.*?\}", "*", one) for one in named if one not in NOT_THE_DEVICE]
    found = [file.name for file in (corpus / "interop" / "captures").iterdir()]
    files = [name for name in found if not name.endswith(".source")]
    assert len(files) > 50
    for name in files:
        assert any(fnmatch(name, one) for one in (*patterns, *NOT_THE_DEVICE)), name


def test_6_6_3_published_outcomes_have_our_form(corpus: Path) -> None:
    """6.6.3, newer documentation: the same members in the same order, -1 while it runs."""
    published = captured(corpus, "whatwatt-docs-actions-status-*.json")
    assert len(published) == 2
    for outcomes in published.values():
        ours = json.loads(msgspec.json.encode(msgspec.convert(outcomes, list[Outcome])))
        assert ours == outcomes
        assert [list(one) for one in ours] == [list(one) for one in outcomes]


async def test_5_8_the_published_answer_is_within_ours(
    settings_client: httpx.AsyncClient, corpus: Path
) -> None:
    """5.8, newer documentation: the answer to the provisioning request has these members."""
    (given,) = captured(corpus, "whatwatt-docs-mqtt-tls-payload.json").values()
    (answered,) = captured(corpus, "whatwatt-docs-mqtt-tls-response.json").values()
    said = (await settings_client.post(MQTT, json=given)).json()
    assert {name: said[name] for name in answered} == answered | {"url": given["url"]}


def test_home_assistant_gets_its_message(corpus: Path) -> None:
    """The vendor's integration: a template that fills each of its members, with its type."""
    (sample,) = captured(corpus, "ha-whatwatt-mqtt-message.json").values()
    assert HOME_ASSISTANT.keys() == sample.keys()
    text = {name for name, value in sample.items() if isinstance(value, str)}
    members = (
        f'"{name}": "${{{variable}}}"' if name in text else f'"{name}": ${{{variable}}}'
        for name, variable in HOME_ASSISTANT.items()
    )
    values = {quantity.obis: 1.25 for quantity in catalogue.ALL}
    reading = Reading("m", AT, values, tariff=1)
    said = json.loads(Template("{" + ", ".join(members) + "}").render(reading, a_device()))
    assert {name: type(value) for name, value in said.items() if name != "tariff"} == {
        name: type(value) for name, value in sample.items() if name != "tariff"
    }
    assert (said["tariff"], said["power_in"]) == (1, 1.25)
