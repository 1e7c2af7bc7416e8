"""The network's settings over HTTP.  Source: REST/MQTT 2.0, 6.7 and 6.10."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.serving import served
from tests.gateway.setting import (
    ETH,
    WIFI,
    TakingNetwork,
    put,
    refused,
)
from tests.gateway.vendor import captured, examples

from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.network_api import NoNetwork
from ohmstead.gateway.settings_api import SettingsApi
from ohmstead.settings.network import Ethernet, WifiSta

STATIC = {
    "static_ip": True,
    "ip": "192.168.1.201",
    "netmask": "255.255.255.0",
    "gateway": "192.168.1.1",
    "dns": "8.8.8.8",
}


async def test_6_7_the_example_is_answered_as_it_is_sent(
    settings_client: httpx.AsyncClient, network: TakingNetwork, corpus: Path
) -> None:
    """6.7, example response; the network is given it before it is kept."""
    (example,) = examples(corpus, "6.7.")
    answer = await settings_client.post(WIFI, json=example)
    assert (answer.status_code, answer.json()) == (200, example)
    assert isinstance(network.used[-1], WifiSta)
    assert network.used[-1].name == example["name"]


async def test_6_7_both_names_of_the_transmission_power_are_taken(
    settings_client: httpx.AsyncClient,
) -> None:
    """6.7, table `max_power`, example `max_tx_power`; resolution 0.5."""
    assert (await put(settings_client, WIFI, {"max_power": 10.5}))["max_tx_power"] == 10.5
    assert (await put(settings_client, WIFI, {"max_tx_power": 12.2}))["max_tx_power"] == 12


async def test_6_7_delete_forgets_the_network(
    settings_client: httpx.AsyncClient, network: TakingNetwork
) -> None:
    """6.7: "erases all Wi-Fi configuration and shuts down the client"."""
    given = {"enable": True, "name": "cellar", "password": "12345678"}
    assert (await put(settings_client, WIFI, given))["password_len"] == 8
    answer = await settings_client.delete(WIFI)
    assert (answer.status_code, answer.content) == (204, b"")
    assert network.used[-1] == WifiSta()
    said = (await settings_client.get(WIFI)).json()
    assert (said["enable"], said["name"], "password_len" in said) == (False, "", False)


async def test_6_10_published_examples_are_answered_as_they_are_sent(
    settings_client: httpx.AsyncClient, network: TakingNetwork, corpus: Path
) -> None:
    """6.10 and the newer firmware's Ethernet page."""
    given = [*examples(corpus, "6.10."), *captured(corpus, "whatwatt-docs-eth-*.json").values()]
    assert len(given) == 7
    for example in given:
        answer = await settings_client.post(ETH, json=example)
        assert (answer.status_code, answer.json()) == (200, example)
    assert isinstance(network.used[-1], Ethernet)


@pytest.mark.parametrize(
    "path, given, field",
    [
        (WIFI, {"name": "n" * 33}, "name"),
        (WIFI, {"enable": True, "name": ""}, "name"),
        (WIFI, {"password": "1234567"}, "password"),
        (WIFI, {"password": "1" * 65}, "password"),
        (WIFI, {"password": "x" * 64}, "password"),
        (WIFI, {"name": "ä" * 17}, "name"),
        (WIFI, {"max_tx_power": 21.5}, "max_tx_power"),
        (WIFI, {"max_power": -0.5}, "max_tx_power"),
        (ETH, {"ip": "192.168.1"}, "ip"),
        (ETH, {"ip": "192.168.1.256"}, "ip"),
        (ETH, {"netmask": "255.255.255.0\n"}, "netmask"),
        (ETH, {"static_ip": True}, "ip"),
        (ETH, {"static_ip": True, "ip": "10.0.0.2", "netmask": "255.0.0.0"}, "gateway"),
        (ETH, STATIC | {"netmask": "255.0.255.0"}, "netmask"),
        (ETH, STATIC | {"ip": "224.0.0.1"}, "ip"),
        (ETH, STATIC | {"ip": "192.168.1.255"}, "ip"),
        (ETH, STATIC | {"ip": "192.168.1.0"}, "ip"),
        (ETH, STATIC | {"gateway": "127.0.0.1"}, "gateway"),
        (ETH, STATIC | {"gateway": "192.168.1.201"}, "gateway"),
    ],
)
async def test_6_7_and_6_10_what_cannot_be_is_refused_by_name(
    settings_client: httpx.AsyncClient,
    network: TakingNetwork,
    path: str,
    given: dict[str, Any],
    field: str,
) -> None:
    """6.7 and 6.10, columns Range and Remarks; 6.1: 400."""
    assert (await refused(settings_client, path, given)).startswith(field)
    assert network.used == []


async def test_a_machine_whose_network_cannot_be_set_says_so(configuration: Configuration) -> None:
    """6.1: 503 service unavailable; what is wrong in itself is still 400."""
    async with served(SettingsApi(configuration, NoNetwork()).routes()) as api:
        for path in (WIFI, ETH):
            assert (await api.client.get(path)).status_code == 200
            for method in ("POST", "PUT"):
                answer = await api.client.request(method, path, json={"static_ip": False})
                assert (answer.status_code, "NetworkManager" in answer.text) == (503, True)
                answer = await api.client.request(method, path, json={"static_ip": 7})
                assert answer.status_code == 400
        assert (await api.client.delete(WIFI)).status_code == 503
