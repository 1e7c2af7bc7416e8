"""What tests of the settings objects share."""

from typing import Any

import httpx

from ohmstead.gateway.network_api import Station
from ohmstead.settings.network import Ethernet, WifiSta

ID = "A842E39F8124"
SETTINGS, METER, MQTT = "/api/v1/settings", "/api/v1/meter/settings", "/api/v1/mqtt/settings"
WIFI, ETH, SCALERS = (
    "/api/v1/wifi/sta/settings",
    "/api/v1/eth/settings",
    "/api/v1/meter/scalers/custom",
)
PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
PEM_KEY = "-----BEGIN EC PRIVATE KEY-----\nMA==\n-----END EC PRIVATE KEY-----\n"
KEY = "00112233445566778899AABBCCDDEEFF"


class TakingNetwork:
    """A network that takes what it is given."""

    def __init__(self) -> None:
        self.used: list[WifiSta | Ethernet] = []

    async def use_wifi(self, settings: WifiSta, asked_by: str) -> None:
        self.used.append(settings)

    async def use_ethernet(self, settings: Ethernet, asked_by: str) -> None:
        self.used.append(settings)

    async def stations(self) -> list[Station]:
        return []

    async def pair(self) -> None:
        return


async def put(client: httpx.AsyncClient, path: str, given: object) -> Any:
    answer = await client.put(path, json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, given: object) -> str:
    """The message of a 400, which nothing has changed by."""
    before = (await client.get(path)).json()
    for method in ("PUT", "POST"):
        answer = await client.request(method, path, json=given)
        assert answer.status_code == 400, (method, given, answer.text)
        assert answer.json()["error"] == "bad_request"
    assert (await client.get(path)).json() == before
    return str(answer.json()["message"])


def missing(documented: Any, ours: Any, at: str = "") -> set[str]:
    """Fields of a documented object that ours has not, or has of another type."""
    if isinstance(documented, dict):
        if not isinstance(ours, dict):
            return {at}
        gaps = (missing(value, ours.get(key), f"{at}.{key}") for key, value in documented.items())
        return set().union(*gaps)
    same = type(documented) is type(ours) or {type(documented), type(ours)} <= {int, float}
    return set() if same else {at}
