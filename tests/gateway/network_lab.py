"""A gateway's network API on a real bus, beside a NetworkManager of the tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.networkmanager import FakeNetworkManager
from tests.gateway.serving import served
from tests.gateway.setting import ID
from tests.surfaces.test_report import a_device

from ohmstead.gateway import network_manager, network_manager_apply, network_manager_change
from ohmstead.gateway import network_manager_wps as wps
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.network_api import NetworkApi, check_power
from ohmstead.gateway.network_manager import NetworkManager
from ohmstead.gateway.settings_api import SettingsApi
from ohmstead.surfaces import system, variables

WAIT_S = 20.0
SOON = Backoff(0.05, 0.1)


@dataclass
class Lab:
    """What a test works with."""

    nm: FakeNetworkManager
    network: NetworkManager
    configuration: Configuration
    client: httpx.AsyncClient
    running: asyncio.Task[None]

    async def stop(self) -> None:
        """Ends the gateway's part; NetworkManager stays."""
        await _cancelled(self.running)

    def system(self) -> dict[str, Any]:
        """`/api/v1/system`, as it is now."""
        present = a_device(wifi=self.network.wifi, ethernet=self.network.ethernet)
        return dict(system.document(None, present))

    def variables(self) -> dict[str, str]:
        """`/api/v1/variables`, as they are now."""
        present = a_device(wifi=self.network.wifi, ethernet=self.network.ethernet)
        return {k: v for one in variables.document(None, present) for k, v in one.items()}

    async def until(self, condition: Callable[[], Any]) -> None:
        """There is no event for what the gateway knows: it looks again and again."""
        async with asyncio.timeout(WAIT_S):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


def hastened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits that are for people and routers, shorter."""
    monkeypatch.setattr(network_manager, "EASE_S", 0.01)
    monkeypatch.setattr(network_manager, "SCAN_LOOK_S", 0.01)
    monkeypatch.setattr(network_manager_apply, "ANSWER_S", 0.01)
    monkeypatch.setattr(network_manager_change, "LOOK_S", 0.01)
    monkeypatch.setattr(wps, "LOOK_S", 0.01)


@asynccontextmanager
async def lab(
    address: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    prepare: Callable[[FakeNetworkManager], Any] | None = None,
    start: bool = True,
) -> AsyncIterator[Lab]:
    """NetworkManager on the bus (unless `start` is off), and a gateway that uses it."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
    hastened(monkeypatch)
    nm = FakeNetworkManager(address)
    if prepare:
        prepare(nm)
    async with AsyncExitStack() as stack:
        if start:
            await nm.start()
        stack.push_async_callback(_ended, nm)

        def check(new: object) -> None:
            check_power(new, configuration.settings, network.ethernet)

        configuration = Configuration(folder / "settings", ID, check=check)
        network = NetworkManager(ID, configuration, SOON)
        running = asyncio.create_task(network.run())
        stack.push_async_callback(_cancelled, running)
        routes = [*SettingsApi(configuration, network).routes(), *NetworkApi(network).routes()]
        api = await stack.enter_async_context(served(routes))
        yield Lab(nm, network, configuration, api.client, running)


async def _ended(nm: FakeNetworkManager) -> None:
    with suppress(Exception):  # the bus may be gone
        await nm.stop()


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task}, timeout=WAIT_S)
