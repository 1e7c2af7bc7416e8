"""A real NATS server with TLS and callout, and devices that are real MQTT clients."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import pytest

from ohmstead.broker.callout import Callout, Grant, Login
from ohmstead.broker.child import free_port
from ohmstead.broker.server import BrokerOptions, NatsServer
from ohmstead.broker.stream import Limits
from ohmstead.clock import SystemClock
from ohmstead.house.authority import Authority, Files

DEVICES = {"GW1": "one", "GW2": "two"}
QUICK = Limits(batch=50, ack_wait_s=1.5, idle_s=1.0, recover_s=20.0)
"""Short waits, so that what happens after a crash happens soon."""


@dataclass(frozen=True)
class Pki:
    """An authority made for the tests."""

    files: Files
    ca: str


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    authority = Authority(tmp_path_factory.mktemp("pki"), SystemClock())
    return Pki(authority.ensure(), authority.ca_certificate)


@pytest.fixture
def options(tmp_path: Path, pki: Pki) -> BrokerOptions:
    return BrokerOptions(
        folder=tmp_path / "nats",
        certificate=pki.files.certificate,
        key=pki.files.key,
        port=free_port(),
        sync_always=False,
        limits=QUICK,
    )


@pytest.fixture
async def server(options: BrokerOptions) -> AsyncIterator[NatsServer]:
    async with NatsServer(options, SystemClock()) as running:
        yield running


async def authorise(login: Login) -> Grant | None:
    """Each device may publish on its own topic; `reader` may subscribe."""
    if login.username == "reader":
        return Grant(subscribe=("ext/7/#",))
    if login.username == "writer":
        return Grant(publish=("ext/7/+",))
    if DEVICES.get(login.username) != login.password:
        return None
    return Grant(publish=(f"up/{login.username}",))


@pytest.fixture
async def callout(server: NatsServer) -> AsyncIterator[Callout]:
    async with Callout(server.link, server.key, SystemClock(), authorise) as answering:
        yield answering


@dataclass(frozen=True)
class Field:
    """Where devices connect to."""

    port: int
    ca: str

    def client(
        self, user: str, password: str = "", client_id: str | None = None, **more: object
    ) -> aiomqtt.Client:
        """A device that is not connected yet."""
        return aiomqtt.Client(
            "localhost",
            self.port,
            username=user,
            password=password or DEVICES.get(user, "-"),
            identifier=client_id or user,
            tls_context=ssl.create_default_context(cadata=self.ca),
            timeout=10,
            **more,  # type: ignore[arg-type]
        )


@pytest.fixture
def field(options: BrokerOptions, pki: Pki, callout: Callout) -> Field:
    return Field(options.port, pki.ca)
