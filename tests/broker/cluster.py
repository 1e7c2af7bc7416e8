"""NATS servers of an external broker, as its operator would run them, on the loopback."""

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from ohmstead.broker import binary, child
from ohmstead.house.authority import Files

READY_S = 60.0


@dataclass
class Node:
    """One server: where it listens, and its process."""

    name: str
    client: int
    mqtt: int
    route: int
    file: Path
    process: asyncio.subprocess.Process | None = None
    lines: list[str] = field(default_factory=list)
    reader: asyncio.Task[None] | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Start it; it is ready a little later."""
        self.ready.clear()
        self.process = await child.start([await binary.find(None), "-c", self.file])
        self.reader = asyncio.create_task(self._read(self.process), name=f"log of {self.name}")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in child.lines(process.stdout):
            self.lines.append(line)
            if "Server is ready" in line:
                self.ready.set()

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        assert self.reader is not None
        await self.reader


_NODE = """
include "{shared}"
server_name: {name}
listen: "127.0.0.1:{client}"
jetstream {{ store_dir: "{store}", max_file_store: 8GB }}
mqtt {{
  listen: "127.0.0.1:{mqtt}"
  tls {{ cert_file: "{certificate}", key_file: "{key}", timeout: 10 }}
  {replicas}
}}
{cluster}
"""


class Cluster:
    """`count` servers that know each other, with the shared part that the command prints."""

    def __init__(self, folder: Path, shared: str, files: Files, count: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ohmstead.conf").write_text(shared)
        ports = _ports(3 * count)
        self.nodes = [
            Node(f"n{n + 1}", *ports[3 * n : 3 * n + 3], folder / f"n{n + 1}.conf")
            for n in range(count)
        ]
        routes = "\n".join(f'    "nats://127.0.0.1:{node.route}"' for node in self.nodes)
        for node in self.nodes:
            cluster = (
                f'cluster {{\n  name: test\n  listen: "127.0.0.1:{node.route}"\n'
                f"  routes [\n{routes}\n  ]\n}}"
            )
            text = _NODE.format(
                shared="ohmstead.conf", name=node.name, client=node.client, mqtt=node.mqtt,
                store=folder / node.name, certificate=files.certificate, key=files.key,
                replicas=f"stream_replicas: {count}" if count > 1 else "",
                cluster=cluster if count > 1 else "",
            )  # fmt: skip
            node.file.write_text(text)
        self._stack = AsyncExitStack()

    @property
    def urls(self) -> tuple[str, ...]:
        """For `--broker`."""
        return tuple(f"nats://127.0.0.1:{node.client}" for node in self.nodes)

    @property
    def mqtts(self) -> str:
        """For `--broker-mqtts`: what devices are told."""
        return ",".join(f"mqtts://localhost:{node.mqtt}" for node in self.nodes)

    async def __aenter__(self) -> Self:
        for node in self.nodes:
            await node.start()
        try:
            async with asyncio.timeout(READY_S):
                for node in self.nodes:
                    await node.ready.wait()
        except TimeoutError:
            said = "\n".join(line for node in self.nodes for line in node.lines)
            await self.__aexit__(None, None, None)
            raise AssertionError(f"the servers did not start:\n{said}") from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for node in self.nodes:
            if node.process is not None:
                await node.kill()


def _ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        if (port := child.free_port()) not in found:
            found.append(port)
    return found
