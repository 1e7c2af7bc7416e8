"""Being found on the local network: multicast DNS, by way of zeroconf.

Source: REST/MQTT 2.0, 2.2, and the device's documentation, discovery.  zeroconf comes with the
extra `gateway`; without it a gateway works, and is found by its address only.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.http import Route

if TYPE_CHECKING:
    from zeroconf import ServiceInfo
    from zeroconf.asyncio import AsyncZeroconf

WEB, MODBUS = "_http._tcp.local.", "_modbus._tcp.local."
DEVICE_TYPE = "100"
"""Of a whatwatt Go.  Source: 2.2."""

LOOK_S = 60.0
"""An address that came or went is noticed so soon."""
ANSWER_S = 10.0
"""Taking part in the network, and leaving it, takes no longer."""
INSIDE = ("docker", "br-", "veth", "virbr")
"""Interfaces that nobody outside this machine reaches, by the beginning of their names."""

_log = structlog.get_logger("gateway.discovery")


@dataclass(frozen=True, slots=True)
class Announced:
    """What is said on the network."""

    addresses: tuple[str, ...]
    web_port: int
    modbus_port: int | None
    claim: str | None = None
    """The code with which whoever is near takes the device over in the cloud."""


def addresses_of(host: str) -> tuple[str, ...]:
    """Where others reach what listens on `host`: its address, or those of all interfaces.

    Nothing for the loopback: nobody else reaches that.
    """
    try:
        listens = ipaddress.ip_address(host)
    except ValueError:
        return ()
    if not listens.is_unspecified:
        return () if listens.is_loopback else (str(listens),)
    return tuple(sorted(_of_interfaces(both=listens.version == 6)))


def _of_interfaces(*, both: bool) -> Iterator[str]:
    import ifaddr  # noqa: PLC0415  (comes with zeroconf)

    for adapter in ifaddr.get_adapters():
        if adapter.name.startswith(INSIDE):
            continue
        for one in adapter.ips:
            written = one.ip if isinstance(one.ip, str) else one.ip[0]
            found = ipaddress.ip_address(written)
            if found.version == 6 and (not both or found.is_link_local):
                continue
            if not found.is_loopback:
                yield written


class Announcement:
    """Says on the network who the gateway is, while `services.broadcast` is on."""

    def __init__(
        self,
        configuration: Configuration,
        device_id: str,
        host: str,
        port: int,
        addresses: Callable[[str], tuple[str, ...]] = addresses_of,
        *,
        claim: str | None = None,
    ) -> None:
        """The API listens on `host` and `port`; `claim` is the code of the uplink file, if any."""
        self._claim = claim
        self._configuration = configuration
        self._id = device_id
        self._host = host
        self._port = port
        self._addresses = addresses
        self._said: Announced | None = None
        self._network: AsyncZeroconf | None = None

    def routes(self) -> Sequence[Route]:
        """Nothing: it is found, not asked."""
        return ()

    async def run(self) -> None:
        """Announces, and keeps what is announced true, until it is cancelled."""
        try:
            import zeroconf  # noqa: F401, PLC0415
        except ImportError:
            _log.warning("not announced on the network: install ohmstead[gateway] (zeroconf)")
            return
        try:
            while True:
                seen = self._configuration.version
                wanted = self._wanted()
                if wanted != self._said:
                    await self._leave()
                    if wanted:
                        await self._enter(wanted)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._configuration.changed(seen)
        finally:
            await self._leave()

    def _wanted(self) -> Announced | None:
        services = self._configuration.settings.services
        addresses = self._addresses(self._host) if services.broadcast else ()
        if not addresses:
            return None
        return Announced(
            addresses,
            self._port,
            services.modbus.port if services.modbus.enable else None,
            self._claim,
        )

    async def _enter(self, wanted: Announced) -> None:
        """Announces; trouble is logged, and it is tried again at the next look."""
        from zeroconf import Error  # noqa: PLC0415
        from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415

        try:
            async with asyncio.timeout(ANSWER_S):
                self._network = AsyncZeroconf(interfaces=list(wanted.addresses))
                for service in services(self._id, wanted):
                    await (await self._network.async_register_service(service))
        except (Error, OSError) as error:
            why = str(error) or type(error).__name__
            _log.warning("not announced on the network", why=why, next_try_s=LOOK_S)
            await self._leave()
        else:
            self._said = wanted
            _log.info("announced on the network", host=host_of(self._id), at=wanted.addresses)

    async def _leave(self) -> None:
        """Says goodbye, so that nobody keeps an address that is no longer true."""
        self._said = None
        if self._network is not None:
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(ANSWER_S):
                    await self._network.async_close()
            self._network = None  # not before: who is cancelled while leaving leaves again


def host_of(device_id: str) -> str:
    """The name of a device's host.  Source: 2.2 (quirk 14: the setting has an underscore).

    >>> host_of("A842E39F8124")
    'whatwatt-9F8124.local.'
    """
    return f"whatwatt-{device_id[-6:]}.local."


def services(device_id: str, said: Announced) -> "Iterator[ServiceInfo]":
    """The pages' service, and the Modbus server's while there is one."""
    from zeroconf import ServiceInfo  # noqa: PLC0415

    def packed(address: str) -> bytes:
        return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)

    end = device_id[-6:]
    addresses = [packed(address) for address in said.addresses]
    yield ServiceInfo(
        WEB,
        f"whatwatt Go {end} WebUI.{WEB}",
        said.web_port,
        addresses=addresses,
        server=host_of(device_id),
        properties={  # avahi-browse prints them backwards: `id` and then `type`, as in 2.2
            "type": DEVICE_TYPE,
            "id": device_id,
            **({"claim": said.claim} if said.claim else {}),
        },
    )
    if said.modbus_port is not None:
        yield ServiceInfo(
            MODBUS,
            f"ModbusTCP Slave {end}.{MODBUS}",
            said.modbus_port,
            addresses=addresses,
            server=host_of(device_id),
        )
