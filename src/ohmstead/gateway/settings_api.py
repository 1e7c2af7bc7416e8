"""The settings objects over HTTP.  Source: REST/MQTT 2.0, 4, 6.1, 6.2, 6.3, 6.5, 6.7 and 6.10."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ohmstead.gateway.configuration import Apply, Configuration, Name
from ohmstead.gateway.http import NO_CONTENT, About, Request, Response, Route, json
from ohmstead.gateway.network_api import Network, Undo
from ohmstead.settings.meter_port import CustomScaler

Use = Callable[..., Awaitable[Undo | None]]
Change = Callable[[Name, object, Apply | None], Awaitable[dict[str, Any]]]


class SettingsApi:
    """GET, POST, PUT and, where there is one, DELETE of each settings object."""

    def __init__(self, configuration: Configuration, network: Network) -> None:
        """`network` takes what concerns it before it is kept."""
        self._configuration = configuration
        self._uses: Mapping[Name, Use] = {
            "wifi_sta": network.use_wifi,
            "eth": network.use_ethernet,
        }

    def routes(self) -> Sequence[Route]:
        """Five objects, and the custom scalers."""
        return (
            *self._object("settings", "/api/v1/settings", "Services and basic settings", "6.2"),
            *self._object("meter", "/api/v1/meter/settings", "The meter's port and keys", "6.3"),
            *self._object("mqtt", "/api/v1/mqtt/settings", "The MQTT client", "4"),
            *self._object("wifi_sta", "/api/v1/wifi/sta/settings", "The Wi-Fi client", "6.7"),
            Route(
                "DELETE",
                "/api/v1/wifi/sta/settings",
                self._delete_wifi,
                About(
                    summary="Forgets the Wi-Fi network and leaves it",
                    source="REST/MQTT 2.0, 6.7",
                    statuses=(204, 503),
                ),
            ),
            *self._object("eth", "/api/v1/eth/settings", "The Ethernet port", "6.10"),
            *self._scalers(),
        )

    def _object(self, name: Name, path: str, what: str, section: str) -> Sequence[Route]:
        kind = self._configuration.kind(name)
        source = f"REST/MQTT 2.0, {section}"
        statuses = (200, 503)
        return (
            Route(
                "GET",
                path,
                partial(self._get, name),
                About(summary=what, source=source, gives=kind),
            ),
            Route(
                "POST",
                path,
                partial(self._write, name, self._configuration.post),
                About(
                    summary=f"{what}: all of it; what is absent goes to its factory setting",
                    source=source,
                    takes=kind,
                    gives=kind,
                    statuses=statuses,
                ),
            ),
            Route(
                "PUT",
                path,
                partial(self._write, name, self._configuration.put),
                About(
                    summary=f"{what}: what is given changes, the rest stays",
                    source=source,
                    takes=kind,
                    gives=kind,
                    statuses=statuses,
                ),
            ),
        )

    def _scalers(self) -> Sequence[Route]:
        path, source = "/api/v1/meter/scalers/custom", "REST/MQTT 2.0, 6.5"
        kind = list[CustomScaler]
        return (
            Route(
                "GET",
                path,
                self._get_scalers,
                About(summary="The scalers of one's own", source=source, gives=kind),
            ),
            Route(
                "POST",
                path,
                self._set_scalers,
                About(
                    summary="Replaces the scalers of one's own; they count while `scalars_set` is"
                    " custom",
                    source=source,
                    takes=kind,
                    gives=kind,
                    statuses=(200, 503),
                ),
            ),
        )

    async def _get(self, name: Name, request: Request) -> Response:
        del request
        return json(self._configuration.shown(name))

    async def _write(self, name: Name, change: Change, request: Request) -> Response:
        return json(await change(name, request.value(), self._apply(name, request)))

    def _apply(self, name: Name, request: Request) -> Apply | None:
        use = self._uses.get(name)
        return partial(use, asked_by=request.client) if use else None

    async def _delete_wifi(self, request: Request) -> Response:
        await self._configuration.delete("wifi_sta", self._apply("wifi_sta", request))
        return NO_CONTENT

    async def _get_scalers(self, request: Request) -> Response:
        del request
        return json(self._configuration.scalers)

    async def _set_scalers(self, request: Request) -> Response:
        return json(await self._configuration.set_scalers(request.value()))
