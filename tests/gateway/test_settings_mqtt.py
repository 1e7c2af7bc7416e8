"""The MQTT client's settings over HTTP.  Source: REST/MQTT 2.0, 4 and 5.8."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.setting import (
    MQTT,
    PEM,
    PEM_KEY,
    put,
    refused,
)
from tests.gateway.vendor import captured, examples

from ohmstead.gateway.configuration import Configuration


async def test_4_the_example_is_answered_as_it_is_sent(
    settings_client: httpx.AsyncClient, corpus: Path
) -> None:
    """4, example response: the same object, sent back, is taken and shown again, byte for byte."""
    given = [
        *examples(corpus, "4."),
        *captured(corpus, "whatwatt-docs-mqtt-settings.json").values(),
    ]
    assert given
    for example in given:
        answer = await settings_client.post(MQTT, json=example)
        assert answer.status_code == 200
        assert answer.json() == example
        assert (await settings_client.get(MQTT)).json() == example


async def test_5_8_the_provisioning_request_is_answered_200_with_json(
    settings_client: httpx.AsyncClient, configuration: Configuration, corpus: Path
) -> None:
    """5.8 and 5.9: the script calls `r.json()` on the answer; the key is not in it."""
    requests = [
        *examples(corpus, "5.8."),
        *captured(corpus, "whatwatt-docs-mqtt-tls-payload.json").values(),
    ]
    assert len(requests) == 2
    for given in requests:
        answer = await settings_client.post(MQTT, json=given)
        assert answer.status_code == 200
        said = answer.json()
        assert said["broker"]["certificate"] == given["broker"]["certificate"]
        assert said["client"] == {
            "certificate": given["client"]["certificate"],
            "key_len": len(given["client"]["key"]),
            "key_password_len": 0,
        }
        assert configuration.mqtt.client.key == given["client"]["key"]


async def test_4_put_keeps_the_password_and_post_does_not(
    settings_client: httpx.AsyncClient,
) -> None:
    """4: "use the PUT method (then the password will not be deleted)"."""
    await put(settings_client, MQTT, {"username": "u", "password": "secret"})
    assert (await put(settings_client, MQTT, {"username": "v"}))["password_len"] == 6
    assert (await settings_client.post(MQTT, json={"username": "v"})).json()["password_len"] == 0


async def test_4_null_deletes_certificate_key_and_key_password(
    settings_client: httpx.AsyncClient, configuration: Configuration
) -> None:
    """4: "set the field value to null in JSON"."""
    pair = {"certificate": PEM, "key": PEM_KEY, "key_password": "pw"}
    said = await put(settings_client, MQTT, {"broker": {"certificate": PEM}, "client": pair})
    assert said["client"]["key_password_len"] == 2
    said = await put(settings_client, MQTT, {"client": {"key_password": None}})
    assert said["client"]["key_password_len"] == 0
    said = await put(settings_client, MQTT, {"client": {"certificate": None, "key": None}})
    assert "client" not in said
    assert said["broker"] == {"certificate": PEM}
    assert "broker" not in await put(settings_client, MQTT, {"broker": {"certificate": None}})
    await put(settings_client, MQTT, {"client": pair})
    assert "client" not in await put(settings_client, MQTT, {"client": None})
    assert configuration.mqtt.client.key is None


@pytest.mark.parametrize(
    "given, field",
    [
        ({"url": "http://host"}, "url"),
        ({"url": "mqtt://"}, "url"),
        ({"url": "mqtt://" + "h" * 121}, "url"),
        ({"username": "u" * 128}, "username"),
        ({"password": "p" * 128}, "password"),
        ({"client_id": "c" * 64}, "client_id"),
        ({"publish": {"topic": "t" * 128}}, "publish.topic"),
        ({"publish": {"topic": "a/#"}}, "publish.topic"),
        ({"publish": {"template": "t" * 1024}}, "publish.template"),
        ({"publish": {"template": None}, "enable": "on"}, "enable"),
        ({"broker": {"certificate": "ca.crt"}}, "broker.certificate"),
        ({"client": {"key": PEM_KEY}}, "client"),
        ({"client": {"certificate": PEM}}, "client"),
        ({"client": {"key_password": "p" * 256}}, "client.key_password"),
    ],
)
async def test_4_what_is_out_of_range_is_refused_by_name(
    settings_client: httpx.AsyncClient, given: dict[str, Any], field: str
) -> None:
    """4, columns Range and Remarks; 6.1: 400."""
    assert (await refused(settings_client, MQTT, given)).startswith(f"{field}:")
