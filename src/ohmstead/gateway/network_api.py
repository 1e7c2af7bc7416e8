"""The machine's Wi-Fi over HTTP, and what sets up its network.  Source: REST/MQTT 2.0, 6.8, 6.9."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from ohmstead.errors import BadInput, Unavailable
from ohmstead.gateway.http import NO_CONTENT, About, Request, Response, Route, json
from ohmstead.settings.device import Settings
from ohmstead.settings.network import Ethernet, WifiSta
from ohmstead.surfaces import device

NO_NETWORK = "This machine has no NetworkManager: its network cannot be set from here."


class Station(Struct, frozen=True):
    """A Wi-Fi network nearby.  Source: 6.8."""

    ssid: str
    bssid: str
    """Twelve upper-case hexadecimal digits."""
    channel: int
    """1 to 13 in the band of the device (2.4 GHz); a machine may see others."""
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


Undo = Callable[[], Awaitable[None]]
"""Takes back what was done."""


class Network(Protocol):
    """What sets up the machine's network.  Each raises Unavailable when it cannot.

    `asked_by` is the host of who wants a change: one who comes over the network that changes is
    answered first.
    """

    async def use_wifi(self, settings: WifiSta, asked_by: str) -> Undo | None:
        """Joins the network of `settings`, or leaves it."""
        ...

    async def use_ethernet(self, settings: Ethernet, asked_by: str) -> Undo | None:
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

    wifi: device.Wifi | None = None
    ethernet: device.Ethernet | None = None

    def routes(self) -> Sequence[Route]:
        """None."""
        return ()

    async def use_wifi(self, settings: WifiSta, asked_by: str) -> None:
        """Unavailable."""
        del settings, asked_by
        raise Unavailable(NO_NETWORK)

    async def use_ethernet(self, settings: Ethernet, asked_by: str) -> None:
        """Unavailable."""
        del settings, asked_by
        raise Unavailable(NO_NETWORK)

    async def stations(self) -> Sequence[Station]:
        """Unavailable."""
        raise Unavailable(NO_NETWORK)

    async def pair(self) -> None:
        """Unavailable."""
        raise Unavailable(NO_NETWORK)

    async def forget(self) -> None:
        """Nothing is remembered."""


def check_power(new: object, now: Settings, ethernet: device.Ethernet | None) -> None:
    """Refuses to begin saving power while Ethernet is up: BadInput.

    Source: the newer firmware's documentation, settings: 400 then.
    """
    if not isinstance(new, Settings) or not new.system.power_save or now.system.power_save:
        return
    if ethernet and ethernet.up:
        raise BadInput("system.power_save: not while Ethernet is up; unplug it first, or leave it")


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
