"""The settings objects over HTTP.  Source: REST/MQTT 2.0, 6.1 and 6.2."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.setting import (
    ETH,
    METER,
    MQTT,
    SCALERS,
    SETTINGS,
    WIFI,
    missing,
    put,
    refused,
)
from tests.gateway.vendor import captured, examples

from ohmstead.gateway.configuration import Configuration


async def test_6_1_a_get_reads_and_answers_json(settings_client: httpx.AsyncClient) -> None:
    """6.1: GET reads; 200, JSON in UTF-8, which nobody keeps and nobody guesses at."""
    for path in (SETTINGS, METER, MQTT, WIFI, ETH, SCALERS):
        answer = await settings_client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


async def test_6_1_post_replaces_and_what_is_absent_goes_to_its_default(
    settings_client: httpx.AsyncClient,
) -> None:
    """6.1: "if no value is sent in JSON, it defaults to the same value as if ... restored"."""
    factory = (await settings_client.get(SETTINGS)).json()
    await put(
        settings_client, SETTINGS, {"system": {"name": "cellar"}, "services": {"broadcast": False}}
    )
    answer = await settings_client.post(SETTINGS, json={"services": {"report_interval": 60}})
    assert answer.status_code == 200
    said = answer.json()
    assert said["services"].pop("report_interval") == 60
    assert factory["services"].pop("report_interval") == 30
    assert said == factory


async def test_6_1_put_changes_what_is_given(settings_client: httpx.AsyncClient) -> None:
    """6.1: PUT updates selected fields, also deep ones; the rest stays."""
    before = (await settings_client.get(SETTINGS)).json()
    said = await put(settings_client, SETTINGS, {"services": {"sd": {"frequency": 60}}})
    assert said["services"]["sd"] == {"enable": False, "frequency": 60, "recorder_mode": False}
    said["services"]["sd"]["frequency"] = 15
    assert said == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"[" * 8000]
)
async def test_6_1_what_is_no_object_is_refused(
    settings_client: httpx.AsyncClient, body: bytes
) -> None:
    """6.1: 400 bad request."""
    for path in (SETTINGS, METER, MQTT, WIFI, ETH):
        for method in ("PUT", "POST"):
            answer = await settings_client.request(method, path, content=body)
            assert answer.status_code == 400, (path, body[:10])


async def test_6_1_fields_nobody_knows_change_nothing(settings_client: httpx.AsyncClient) -> None:
    """6.2: "Not described fields are not currently supported": newer clients may send them."""
    before = (await settings_client.get(SETTINGS)).json()
    assert await put(settings_client, SETTINGS, {"system": {"shoe_size": 43}, "next": {}}) == before


async def test_4_a_body_is_json_whatever_its_content_type_says(
    settings_client: httpx.AsyncClient,
) -> None:
    """Appendix B: `curl -d` sends JSON as a form."""
    answer = await settings_client.put(
        SETTINGS,
        content=b'{"system": {"name": "x"}}',
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.json()["system"]["name"] == "x"


async def test_4_more_than_8_kb_is_refused(settings_client: httpx.AsyncClient) -> None:
    """4: "The maximum size of the set JSON cannot exceed 8 kB"."""
    body = b'{"enable": true' + b" " * 8200 + b"}"
    answer = await settings_client.put(MQTT, content=body)
    assert (answer.status_code, "8192" in answer.text) == (400, True)
    assert (
        await settings_client.put(MQTT, content=body[:15] + b" " * 8176 + b"}")
    ).status_code == 200


async def test_6_2_the_example_has_no_field_that_ours_has_not(
    settings_client: httpx.AsyncClient, corpus: Path
) -> None:
    """6.2, example response; and the newer firmware's."""
    (example,) = examples(corpus, "6.2.")
    ours = (await settings_client.get(SETTINGS)).json()
    newer = captured(corpus, "whatwatt-docs-settings-1.json").popitem()[1]
    assert missing(example, ours) == missing(newer, ours) == set()
    assert missing(ours, newer) == set()


async def test_6_2_published_changes_are_taken(
    settings_client: httpx.AsyncClient, corpus: Path
) -> None:
    """The newer firmware's settings page: each example is answered with what it set."""
    for name, given in captured(corpus, "whatwatt-docs-settings-[2-6].json").items():
        said = await put(settings_client, SETTINGS, given)
        shown = json.loads(json.dumps(given))
        password = shown.get("system", {}).pop("password", None)
        assert missing(shown, said) == set(), name
        if password:
            assert said["system"]["password_len"] == len(password)


async def test_6_2_the_example_can_be_sent_back(
    settings_client: httpx.AsyncClient, corpus: Path
) -> None:
    """4: "send the same object as you received"."""
    for given in (*examples(corpus, "6.2."), (await settings_client.get(SETTINGS)).json()):
        answer = await settings_client.post(SETTINGS, json=given)
        assert answer.status_code == 200
        assert missing(given, answer.json()) == set()


async def test_6_2_the_host_name_is_the_end_of_the_id(settings_client: httpx.AsyncClient) -> None:
    """6.2, `.system.host_name`: also after an empty one."""
    assert (await settings_client.get(SETTINGS)).json()["system"]["host_name"] == "whatwatt_9F8124"
    said = await put(settings_client, SETTINGS, {"system": {"host_name": "meter-cellar"}})
    assert said["system"]["host_name"] == "meter-cellar"
    said = await put(settings_client, SETTINGS, {"system": {"host_name": ""}})
    assert said["system"]["host_name"] == "whatwatt_9F8124"


async def test_6_2_the_password_is_never_shown(
    settings_client: httpx.AsyncClient, configuration: Configuration
) -> None:
    """6.2, `.system.password`: "not returned"; its length is, while there is one."""
    assert "password_len" not in (await settings_client.get(SETTINGS)).json()["system"]
    said = await put(settings_client, SETTINGS, {"system": {"password": "öffne dich"}})
    assert said["system"]["password_len"] == 10
    assert "öffne" not in (await settings_client.get(SETTINGS)).text
    assert configuration.settings.system.password == "öffne dich"
    said = await put(settings_client, SETTINGS, {"system": {"password": None}})
    assert "password_len" not in said["system"]


@pytest.mark.parametrize(
    "given, field",
    [
        ({"system": {"name": "n" * 32}}, "system.name"),
        ({"system": {"host_name": "h" * 32}}, "system.host_name"),
        ({"system": {"host_name": "no spaces"}}, "system.host_name"),
        ({"system": {"host_name": "line\n"}}, "system.host_name"),
        ({"system": {"host_name": '"'}}, "system.host_name"),
        ({"system": {"password": "p" * 32}}, "system.password"),
        ({"system": {"protection": 1}}, "system.protection"),
        ({"system": {"protection": None}}, "system.protection"),
        ({"system": []}, "system"),
        ({"services": {"report_interval": 0}}, "services.report_interval"),
        ({"services": {"report_interval": 3601}}, "services.report_interval"),
        ({"services": {"report_interval": 1.5}}, "services.report_interval"),
        ({"services": {"report_interval": "30"}}, "services.report_interval"),
        ({"services": {"report_interval": True}}, "services.report_interval"),
        ({"services": {"sd": {"frequency": 0}}}, "services.sd.frequency"),
        ({"services": {"sd": {"frequency": 1441}}}, "services.sd.frequency"),
        ({"services": {"modbus": {"port": 0}}}, "services.modbus.port"),
        ({"services": {"modbus": {"port": 65536}}}, "services.modbus.port"),
        ({"services": {"berry": {"run_delay": 59}}}, "services.berry.run_delay"),
        ({"services": {"cloud": {"mystrom": "yes"}}}, "services.cloud.mystrom"),
    ],
)
async def test_6_2_what_is_out_of_range_is_refused_by_name(
    settings_client: httpx.AsyncClient, given: dict[str, Any], field: str
) -> None:
    """6.2, column Range; 6.1: 400."""
    assert (await refused(settings_client, SETTINGS, given)).startswith(f"{field}:")


async def test_6_2_ranges_include_their_ends(settings_client: httpx.AsyncClient) -> None:
    """6.2, column Range: 1..1440, 1..65535, 0..31."""
    for frequency, port, name in ((1, 1, ""), (1440, 65535, "n" * 31)):
        given = {
            "system": {"name": name, "password": name},
            "services": {"sd": {"frequency": frequency}, "modbus": {"port": port}},
        }
        said = await put(settings_client, SETTINGS, given)
        assert said["services"]["sd"]["frequency"] == frequency
        assert said["services"]["modbus"]["port"] == port


async def test_a_whole_number_may_come_with_a_fraction_of_zero(
    settings_client: httpx.AsyncClient,
) -> None:
    """RFC 8259, 6: JSON has one kind of number; JavaScript and Lua write 30 as they like."""
    answer = await settings_client.put(SETTINGS, content=b'{"services": {"report_interval": 45.0}}')
    assert '"report_interval":45,' in answer.text
