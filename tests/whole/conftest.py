"""A cloud on ports of its own, with one site, for tests of the whole way."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import memory
from tests.whole.programs import Program, admin, free_ports, running

MAC = "024F48000001"


@dataclass(frozen=True)
class Cloud:
    """Where a cloud is, and how to start it."""

    data: Path
    ports: tuple[int, int, int]

    @property
    def arguments(self) -> list[str]:
        """What `ohmstead` is called with."""
        http, https, mqtts = (f"127.0.0.1:{port}" for port in self.ports)
        addresses = ["--http", http, "--https", https, "--mqtts", mqtts]
        return ["cloud", "--data", str(self.data), *addresses]

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Program]:
        """The cloud as a process, listening."""
        async with running(*self.arguments) as program:
            await program.says(r"^CA certificate")
            yield program

    async def with_device(self, folder: Path) -> Path:
        """The uplink file of a device that may send to it; made once."""
        return await self.device(folder, await self.site(), MAC)

    async def site(self) -> str:
        """The number of a new site; made once."""
        organisation = await admin(self.data, "org", "add", "Test")
        site = await admin(
            self.data, "site", "add", "House", "--org", str(organisation["id"]),
            "--timezone", "Europe/Zurich",
        )  # fmt: skip
        return str(site["id"])

    async def device(self, folder: Path, site: str, mac: str) -> Path:
        """The uplink file of a device at a site."""
        file = folder / f"uplink-{mac}.json"
        file.write_text(json.dumps(await admin(self.data, "device", "add", mac, "--site", site)))
        return file


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's own user may enter when the tests run as root."""
    with memory.folder() as path:
        yield path


@pytest.fixture
def cloud(place: Path) -> Cloud:
    """A cloud that nobody started yet."""
    http, https, mqtts = free_ports(3)
    return Cloud(place / "cloud", (http, https, mqtts))
