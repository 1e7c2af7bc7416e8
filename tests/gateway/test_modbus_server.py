"""The Modbus TCP server, over real sockets and to real clients.

Sources: the device's documentation, "Modbus" (examples with mbpoll); Modbus application protocol
1.1b3; Modbus messaging on TCP/IP 1.0b.
"""

import asyncio
import json
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client import AsyncModbusTcpClient
from tests.surfaces.test_registers import READING, modbus_capture
from tests.surfaces.test_report import a_device

from ohmstead.gateway import modbus_server as room
from ohmstead.gateway.board import Board
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.modbus_server import ModbusServer, answer
from ohmstead.house.http import listen
from ohmstead.surfaces import registers
from ohmstead.surfaces.register_maps import DEFAULT
from ohmstead.surfaces.registers import Image

WAIT_S = 10
ID = "A842E39F8124"


def free_port() -> int:
    sock = listen("127.0.0.1", 0, "the test")
    with sock:
        return int(sock.getsockname()[1])


async def until(true: Callable[[], bool]) -> None:
    """Waits until something is true of another task."""
    async with asyncio.timeout(WAIT_S):
        while not true():  # noqa: ASYNC110  (nobody tells when)
            await asyncio.sleep(0.01)


class Served:
    """A server, what it is told, and clients of it."""

    def __init__(self, folder: Path, **also: Any) -> None:
        self.configuration = Configuration(folder, ID)
        self.board = Board()
        self.image = Image(DEFAULT)
        self.server = ModbusServer(
            self.configuration, lambda: self.image, self.board, a_device, "127.0.0.1", **also
        )

    async def switch(self, **modbus: object) -> None:
        await self.configuration.put("settings", {"services": {"modbus": modbus}})

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.server.port)


@asynccontextmanager
async def serving(folder: Path, **also: Any) -> AsyncIterator[Served]:
    served = Served(folder, **also)
    task = asyncio.create_task(served.server.run(), name="modbus")
    try:
        yield served
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A server that listens, with a reading on the board."""
    async with serving(tmp_path) as found:
        found.board.post(READING)
        await found.switch(enable=True, port=free_port())
        await until(lambda: found.server.port is not None)
        yield found


@pytest.fixture
async def client(served: Served) -> AsyncIterator[AsyncModbusTcpClient]:
    assert served.server.port
    found = AsyncModbusTcpClient("127.0.0.1", port=served.server.port, timeout=WAIT_S)
    await found.connect()
    yield found
    found.close()


@pytest.fixture
def mbpoll() -> str:
    found = shutil.which("mbpoll")
    if not found:
        pytest.skip("no mbpoll on this machine; install the package 'mbpoll'")
    return found


def request(
    address: int, count: int, *, function: int = 4, transaction: int = 1, unit: int = 1
) -> bytes:
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, function, address, count)


async def polled(mbpoll: str, served: Served, options: str) -> dict[int, str]:
    """What mbpoll prints: address -> value."""
    process = await asyncio.create_subprocess_exec(
        *(mbpoll, "-1", "-m", "tcp", "-p", str(served.server.port), *options.split(), "127.0.0.1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    async with asyncio.timeout(WAIT_S):
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    lines = [line for line in printed.decode().splitlines() if line.startswith("[")]
    return {int(at.strip("[]:")): value for at, value in (line.split() for line in lines)}


# --- clients ---------------------------------------------------------------------------------


async def test_modbus_reading_the_first_21_registers_using_mbpoll(
    served: Served, mbpoll: str
) -> None:
    """Modbus, last example: `mbpoll -B -t 3:float -c21 -0 -r1`, over the paddings."""
    found = await polled(mbpoll, served, "-B -t 3:float -c21 -0 -r1")
    assert len(found) == 21
    assert found[1] == "233.96"
    assert found[7] == found[41] == "0"
    assert found[13] == "-0.29"
    assert found[3] == "nan"


async def test_modbus_reading_energy_counters_using_mbpoll(
    served: Served, mbpoll: str, corpus: Path
) -> None:
    """Modbus, "Reading Energy Counters" and "Reading System Information", with the sample's map."""
    served.image = Image(registers.parse(modbus_capture(corpus, "1")))
    found = await polled(mbpoll, served, "-B -t 3:int -c3 -0 -r1000")
    assert found == {1000: "94255", 1002: "61344", 1004: "0"}
    hexadecimal = await polled(mbpoll, served, "-B -t 3:hex -c10 -0 -r2000")
    assert list(hexadecimal.values())[:4] == ["0xA842", "0xE39F", "0x8124", "0x0102"]


async def test_holding_registers_say_the_same(client: AsyncModbusTcpClient) -> None:
    """interop 1.2: newer firmware answers function 3 as it answers function 4."""
    one = await client.read_input_registers(1, count=42)
    other = await client.read_holding_registers(1, count=42)
    assert one.registers == other.registers
    value = client.convert_from_registers(one.registers[:2], client.DATATYPE.FLOAT32)
    assert value == pytest.approx(233.96)


@pytest.mark.parametrize("unit", [0, 1, 17, 247, 255])
async def test_any_unit_is_answered(served: Served, unit: int) -> None:
    """Modbus, "Slave Device Address": "it will respond to any address", and says the same one."""
    reader, writer = await served.client()
    writer.write(request(1, 2, unit=unit, transaction=0xBEEF))
    async with asyncio.timeout(WAIT_S):
        said = await reader.readexactly(13)
    assert said[:9] == bytes.fromhex("beef00000007") + bytes([unit, 4, 4])
    writer.close()


async def test_outside_the_blocks_there_is_nothing(client: AsyncModbusTcpClient) -> None:
    """1.1b3, 6.4: exception 2; a read may span paddings, not gaps."""
    for address, count in ((0, 1), (43, 1), (1, 43), (600, 2), (9998, 1), (65535, 125)):
        assert (await client.read_input_registers(address, count=count)).exception_code == 2
    assert not (await client.read_input_registers(833, count=125)).isError()


async def test_nothing_can_be_written(client: AsyncModbusTcpClient) -> None:
    """Modbus, "Access: Read-only": exception 1, an illegal function."""
    assert (await client.write_register(1, 7)).exception_code == 1
    assert (await client.write_coil(1, True)).exception_code == 1
    assert (await client.read_coils(1, count=1)).exception_code == 1


async def test_values_follow_the_readings(served: Served, client: AsyncModbusTcpClient) -> None:
    """A read tells the latest reading; the map may change while a client is connected."""
    before = await client.read_input_registers(501, count=2)
    served.board.post(type(READING)("m", READING.at, {"1.7.0": 3.5}))
    after = await client.read_input_registers(501, count=2)
    read = client.convert_from_registers
    kind = client.DATATYPE.FLOAT32
    assert (read(before.registers, kind), read(after.registers, kind)) == (24, 3500)
    served.image = Image(
        registers.parse(b'[{"start_address":7,"registers":[{"id":"1","type":"short"}]}]')
    )
    assert (await client.read_input_registers(7, count=1)).registers == [1]
    assert (await client.read_input_registers(501, count=2)).exception_code == 2


# --- frames ----------------------------------------------------------------------------------


async def test_requests_may_come_in_any_pieces(served: Served) -> None:
    """Messaging on TCP/IP 1.0b, 4.2.2: several in one segment, or one in several; all answered."""
    reader, writer = await served.client()
    stream = b"".join(request(1, 2, transaction=number) for number in range(20))
    for at in range(0, len(stream), 7):
        writer.write(stream[at : at + 7])
        await writer.drain()
        await asyncio.sleep(0)
    writer.write(stream)
    async with asyncio.timeout(WAIT_S):
        said = await reader.readexactly(13 * 40)
    numbers = [int.from_bytes(said[at : at + 2], "big") for at in range(0, len(said), 13)]
    assert numbers == [*range(20), *range(20)]
    writer.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">HHHB", 1, 0, 255, 1) + bytes(254),
        struct.pack(">HHHB", 1, 0, 1, 1) + bytes(4),
        b"\xff" * 100_000,
    ],
)
async def test_what_is_no_modbus_ends_the_connection(served: Served, garbage: bytes) -> None:
    """Messaging on TCP/IP 1.0b, 3.1.3: protocol 0, a length that fits; else nothing is believed."""
    reader, writer = await served.client()
    writer.write(garbage)
    with suppress(ConnectionError):
        async with asyncio.timeout(WAIT_S):
            assert await reader.read() == b""
    writer.close()


async def test_a_client_that_takes_no_answers_costs_no_memory(served: Served) -> None:
    """Who asks without end and reads nothing is not listened to any more."""
    reader, writer = await served.client()
    flood = request(833, 125) * 5000
    writer.write(flood)
    with suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            for _ in range(1000):
                writer.write(flood)
                await writer.drain()
            pytest.fail("the server listened to 60 MB of requests")
    async with asyncio.timeout(WAIT_S):
        assert len(await reader.readexactly(259 * 5000)) == 259 * 5000
    writer.transport.abort()


@given(st.binary(min_size=1, max_size=253))
def test_any_request_has_an_answer(pdu: bytes) -> None:
    """1.1b3, 7: the function, or the function as an exception with its code; never an error."""
    said = answer(pdu, lambda address, count: bytes(2 * count) if address < 1000 else None)
    if said[0] & 0x80:
        assert said[0] == pdu[0] | 0x80
        assert said[1] in (1, 2, 3)
    else:
        assert pdu[0] in (3, 4)
        assert said[1] == len(said) - 2 == 2 * int.from_bytes(pdu[3:5], "big")


@pytest.mark.parametrize("count, code", [(0, 3), (126, 3), (65535, 3), (125, None)])
def test_a_read_has_1_to_125_words(count: int, code: int | None) -> None:
    """1.1b3, 6.4: quantity of input registers."""
    pdu = struct.pack(">BHH", 4, 0, count)
    said = answer(pdu, lambda address, count: bytes(2 * count))
    assert (said[1] if said[0] == 0x84 else None) == code


# --- bounds and settings ---------------------------------------------------------------------


async def test_the_settings_switch_it(tmp_path: Path) -> None:
    """6.2, `.services.modbus`: off by default, on and to another port without a restart."""
    async with serving(tmp_path) as served:
        assert served.server.port is None
        first, second = free_port(), free_port()
        await served.switch(enable=True, port=first)
        await until(lambda: served.server.port == first)
        reader, writer = await served.client()
        await served.switch(port=second)
        await until(lambda: served.server.port == second)
        with suppress(ConnectionError):
            async with asyncio.timeout(WAIT_S):
                assert await reader.read() == b""
        writer.close()
        await served.switch(enable=False)
        await until(lambda: served.server.port is None)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", second)


async def test_without_a_licence_it_does_not_listen(tmp_path: Path) -> None:
    """interop 1.4: on a FREE device Modbus stays inactive."""
    async with serving(tmp_path, licensed=False) as served:
        await served.switch(enable=True, port=free_port())
        await asyncio.sleep(0)
        assert served.server.port is None


async def test_a_port_that_is_taken_is_tried_again(tmp_path: Path) -> None:
    """A port in use is said, and had as soon as it is free."""
    taken = listen("127.0.0.1", 0, "the test")
    taken.listen()
    async with serving(tmp_path, retry_s=0.05) as served:
        await served.switch(enable=True, port=int(taken.getsockname()[1]))
        await until(lambda: bool(served.server.trouble))
        assert "services.modbus.port" in served.server.trouble
        assert served.server.port is None
        taken.close()
        await until(lambda: served.server.port is not None)
        assert served.server.trouble == ""


async def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    """Messaging on TCP/IP 1.0b, 4.2.2: a client that crashed must not hold its place for ever."""
    async with serving(tmp_path, idle_s=0.2) as served:
        await served.switch(enable=True, port=free_port())
        await until(lambda: served.server.port is not None)
        reader, writer = await served.client()
        with suppress(ConnectionError):
            async with asyncio.timeout(WAIT_S):
                assert await reader.read() == b""
        writer.close()


async def test_of_too_many_connections_the_most_silent_goes(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messaging on TCP/IP 1.0b, 4.2.2: a new client is let in, the longest unused goes."""
    monkeypatch.setattr(room, "MOST_CONNECTIONS", 3)
    clients = [await served.client() for _ in range(3)]
    for reader, writer in clients[1:]:
        writer.write(request(1, 2))
        async with asyncio.timeout(WAIT_S):
            await reader.readexactly(13)
    clients.append(await served.client())
    with suppress(ConnectionError):
        async with asyncio.timeout(WAIT_S):
            assert await clients[0][0].read() == b""
    for reader, writer in clients[1:]:
        writer.write(request(1, 2))
        async with asyncio.timeout(WAIT_S):
            await reader.readexactly(13)
    for _, writer in clients:
        writer.close()


async def test_many_clients_at_once(served: Served) -> None:
    """A building full of clients: each gets its own answers."""

    async def client(number: int) -> None:
        reader, writer = await served.client()
        for turn in range(20):
            writer.write(request(1, 42, transaction=number * 100 + turn))
            async with asyncio.timeout(WAIT_S):
                said = await reader.readexactly(9 + 84)
            assert int.from_bytes(said[:2], "big") == number * 100 + turn
        writer.close()

    await asyncio.gather(*map(client, range(20)))


def test_the_published_map_is_json() -> None:
    """The map that counts can be posted as it is shown."""
    shown = json.dumps(registers.compact(DEFAULT)).encode()
    assert [block.end_address for block in registers.parse(shown)] == [43, 71, 221, 521, 557, 961]
    assert len(shown) < 8192
