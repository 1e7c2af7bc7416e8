"""The machine's Wi-Fi over HTTP, and what sets up its network.  Source: REST/MQTT 2.0, 6.8, 6.9."""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

from ohmstead.errors import Unavailable
from ohmstead.gateway.http import NO_CONTENT, About, Request, Response, Route, json
from ohmstead.settings.network import Ethernet, WifiSta

NO_NETWORK = "This machine has no NetworkManager: its network cannot be set from here."


class Station(Struct, frozen=True):
    """A Wi-Fi network nearby.  Source: 6.8."""

    ssid: str
    bssid: str
    """Twelve upper-case hexadecimal digits."""
    channel: int
    ht: Literal["20", "40+", "40-"]
    rssi: int
    """dBm."""
    signal: int
    """Percent."""
    auth_mode: str
    pairwise_cipher: str
    group_cipher: str
    phy: str
    wps: str
    """`true` or `false`, as text."""
    country: str


class Network(Protocol):
    """What sets up the machine's network.  Each raises Unavailable when it cannot."""

    async def use_wifi(self, settings: WifiSta) -> None:
        """Joins the network of `settings`, or leaves it."""
        ...

    async def use_ethernet(self, settings: Ethernet) -> None:
        """Addresses the Ethernet port as `settings` say."""
        ...

    async def stations(self) -> Sequence[Station]:
        """The Wi-Fi networks nearby."""
        ...

    async def pair(self) -> None:
        """Begins WPS pairing, by the button."""
        ...


class NoNetwork:
    """A machine whose network is not ours to set."""

    async def use_wifi(self, settings: WifiSta) -> None:
        """Unavailable."""
        del settings
        raise Unavailable(NO_NETWORK)

    async def use_ethernet(self, settings: Ethernet) -> None:
        """Unavailable."""
        del settings
        raise Unavailable(NO_NETWORK)

    async def stations(self) -> Sequence[Station]:
        """Unavailable."""
        raise Unavailable(NO_NETWORK)

    async def pair(self) -> None:
        """Unavailable."""
        raise Unavailable(NO_NETWORK)


class NetworkApi:
    """Scanning and pairing."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def routes(self) -> Sequence[Route]:
        """`wifi/scan` and `wifi/wps`."""
        return (
            Route(
                "GET",
                "/api/v1/wifi/scan",
                self._scan,
                About(
                    summary="The Wi-Fi networks nearby",
                    source="REST/MQTT 2.0, 6.8",
                    gives=list[Station],
                    statuses=(200, 503),
                ),
            ),
            Route(
                "POST",
                "/api/v1/wifi/wps",
                self._pair,
                About(
                    summary="Begins pairing by the router's button",
                    source="REST/MQTT 2.0, 6.9",
                    statuses=(204, 503),
                ),
            ),
        )

    async def _scan(self, request: Request) -> Response:
        del request
        return json(list(await self._network.stations()))

    async def _pair(self, request: Request) -> Response:
        del request
        await self._network.pair()
        return NO_CONTENT
