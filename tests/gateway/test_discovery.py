"""Being found on the local network.  Source: REST/MQTT 2.0, 2.2, and the device's documentation."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import ifaddr
import pytest
from tests.gateway.broker import MAC
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from ohmstead.gateway import discovery
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.discovery import MODBUS, WEB, Announced, Announcement, addresses_of

HERE = "127.0.0.1"
WAIT_S = 20.0
WEBUI = f"whatwatt Go 9F8124 WebUI.{WEB}"
SLAVE = f"ModbusTCP Slave 9F8124.{MODBUS}"


class Listener:
    """A browser of both kinds of service, on the loopback."""

    def __init__(self) -> None:
        self.network = AsyncZeroconf(interfaces=[HERE])
        self.there: set[str] = set()
        self._changed = asyncio.Event()
        self._browser = AsyncServiceBrowser(
            self.network.zeroconf, [WEB, MODBUS], handlers=[self._on_change]
        )

    def _on_change(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if "9F8124" not in name:
            return
        (self.there.discard if state_change is ServiceStateChange.Removed else self.there.add)(name)
        self._changed.set()

    async def until(self, *names: str) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.there != set(names):
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        await self._browser.async_cancel()
        await self.network.async_close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    try:
        yield listener
    finally:
        await listener.close()


@asynccontextmanager
async def announced(configuration: Configuration, *addresses: str) -> AsyncIterator[None]:
    announcement = Announcement(configuration, MAC, "0.0.0.0", 8080, lambda _: addresses or (HERE,))
    assert announcement.routes() == ()
    task = asyncio.create_task(announcement.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=WAIT_S)


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path, device_id=MAC)


async def test_2_2_the_device_is_found(configuration: Configuration) -> None:
    """2.2, "Example result": host name, address, port, TXT id and type."""
    async with listening() as listener:
        async with announced(configuration):
            await listener.until(WEBUI)
            found = AsyncServiceInfo(WEB, WEBUI)
            assert await found.async_request(listener.network.zeroconf, WAIT_S * 1000)
            assert found.server == "whatwatt-9F8124.local."
            assert found.parsed_addresses() == [HERE]
            assert found.port == 8080
            assert found.properties == {b"id": b"A842E39F8124", b"type": b"100"}
        await listener.until()  # it says goodbye


def test_the_claim_code_of_the_uplink_is_announced() -> None:
    """Who is near may claim the device: the code stands in the TXT record, where there is one."""
    (page,) = discovery.services(MAC, Announced((HERE,), 8080, None, "ABCD-EF23"))
    assert page.properties == {b"id": b"A842E39F8124", b"type": b"100", b"claim": b"ABCD-EF23"}


async def test_the_modbus_server_is_announced_while_it_is_on(configuration: Configuration) -> None:
    """Device's documentation, Modbus: `_modbus._tcp`, instance `ModbusTCP Slave 9F8124`."""
    async with listening() as listener, announced(configuration):
        await listener.until(WEBUI)
        modbus = {"services": {"modbus": {"enable": True, "port": 1502}}}
        await configuration.put("settings", modbus)
        await listener.until(WEBUI, SLAVE)
        found = AsyncServiceInfo(MODBUS, SLAVE)
        assert await found.async_request(listener.network.zeroconf, WAIT_S * 1000)
        assert (found.server, found.port) == ("whatwatt-9F8124.local.", 1502)
        await configuration.put("settings", {"services": {"modbus": {"enable": False}}})
        await listener.until(WEBUI)


async def test_6_2_broadcast_switches_it(configuration: Configuration) -> None:
    """6.2, `.services.broadcast`: "Enable/disables mDNS broadcasting"."""
    await configuration.put("settings", {"services": {"broadcast": False}})
    async with listening() as listener, announced(configuration):
        await configuration.put("settings", {"services": {"broadcast": True}})
        await listener.until(WEBUI)
        await configuration.put("settings", {"services": {"broadcast": False}})
        await listener.until()


async def test_an_interface_that_is_not_there_does_not_end_the_gateway(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that went away between two looks: said, and tried again."""
    monkeypatch.setattr(discovery, "LOOK_S", 0.05)
    addresses = ["192.0.2.1"]
    announcement = Announcement(configuration, MAC, "0.0.0.0", 8080, lambda _: tuple(addresses))
    async with listening() as listener:
        task = asyncio.create_task(announcement.run())
        await asyncio.wait({task}, timeout=0.3)
        assert not task.done()
        addresses[:] = [HERE]
        await listener.until(WEBUI)
        task.cancel()
        await asyncio.wait({task}, timeout=WAIT_S)


async def test_without_zeroconf_a_gateway_works(
    configuration: Configuration,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Decision 13: the extra `gateway` may be missing; the log says what to install."""
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    await Announcement(configuration, MAC, "0.0.0.0", 8080).run()
    assert "ohmstead[gateway]" in capsys.readouterr().out


def test_only_what_others_reach_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else reaches the loopback, a link-local address without its link, or a container."""
    adapters = [
        ifaddr.Adapter("lo", "lo", [ifaddr.IP("127.0.0.1", 8, "lo")]),
        ifaddr.Adapter(
            "eth0",
            "eth0",
            [
                ifaddr.IP("192.168.99.176", 24, "eth0"),
                ifaddr.IP(("fe80::1", 0, 2), 64, "eth0"),
                ifaddr.IP(("fd00::7", 0, 0), 64, "eth0"),
            ],
        ),
        ifaddr.Adapter("docker0", "docker0", [ifaddr.IP("172.17.0.1", 16, "docker0")]),
    ]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)
    assert addresses_of("0.0.0.0") == ("192.168.99.176",)
    assert addresses_of("::") == ("192.168.99.176", "fd00::7")
    assert addresses_of("192.168.99.176") == ("192.168.99.176",)
    assert addresses_of("127.0.0.1") == addresses_of("::1") == addresses_of("localhost") == ()
