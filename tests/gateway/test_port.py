"""Bytes of the meter from where the address says.  Source: walking skeleton, `--source`."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.wire.telegrams import dlms, p1

from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput, NotFound, OhmsteadError
from ohmstead.gateway import port
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.meter import Meter
from ohmstead.gateway.port import chunks
from ohmstead.gateway.source import (
    Ask,
    Listen,
    Replay,
    Serial,
    Simulate,
    Tcp,
    Udp,
    source_of,
)
from ohmstead.wire.telegram import NOT_CONNECTED

AT_ONCE = Backoff(first_s=0.01, most_s=0.02)
WAIT_S = 10


async def first(count: int, pieces: AsyncIterator[bytes]) -> list[bytes]:
    found = []
    async with asyncio.timeout(WAIT_S):
        async for piece in pieces:
            found.append(piece)
            if len(found) == count:
                break
    return found


def test_an_address_names_its_source(tmp_path: Path) -> None:
    """`tcp://HOST:PORT`, `replay:FILE?interval=S&loop=0`, `simulate:MODEL?seed=N`."""
    file = tmp_path / "recorded.bin"
    file.touch()
    assert source_of("tcp://[::1]:2000?silence=20") == Tcp("::1", 2000, 20)
    assert source_of(f"replay:{file}") == Replay(file)
    assert source_of(f"replay:{file}?interval=0.5&loop=0") == Replay(file, 0.5, loop=False)
    assert source_of("simulate:p1-dsmr5?seed=7") == Simulate("p1-dsmr5", 7)
    assert source_of("serial:/dev/ttyUSB0") == Serial("/dev/ttyUSB0")
    assert source_of(
        "serial:/dev/ttyUSB0?baudrate=2400&parity=even&stopbits=1.5&databits=7&ask=iec&address=42"
    ) == Serial("/dev/ttyUSB0", 2400, "even", 1.5, 7, Ask("iec", address="42"))
    assert source_of("listen://0.0.0.0:2000") == Listen("0.0.0.0", 2000)
    assert source_of("udp://[::]:2000?silence=1") == Udp("::", 2000, 1)
    assert source_of("tcp://host:1?ask=mbus&address=12345678&every=60") == Tcp(
        "host", 1, ask=Ask("mbus", 60, "12345678")
    )


@pytest.mark.parametrize(
    "url, error, says",
    [
        ("", BadInput, "tcp://HOST:PORT"),
        ("meter", BadInput, "tcp://HOST:PORT"),
        ("serial:ttyUSB0", BadInput, "name a device"),
        ("tcp://host", BadInput, "a host and a port"),
        ("tcp://:2000", BadInput, "a host and a port"),
        ("tcp://host:99999", BadInput, "a host and a port"),
        ("tcp://host:1/path", BadInput, "a host and a port"),
        ("tcp://host:1?silence=never", BadInput, "silence=never"),
        ("tcp://host:1?color=red", BadInput, "color"),
        ("replay:/no/such/file", NotFound, "/no/such/file"),
        ("replay:", NotFound, "file"),
        (f"replay:{__file__}?interval=0", BadInput, "interval=0"),
        (f"replay:{__file__}?loop=yes", BadInput, "loop=yes"),
        ("simulate:", BadInput, "tcp://HOST:PORT"),
        ("simulate:p1?seed=x", BadInput, "seed=x"),
        ("serial:/dev/x?baudrate=200", BadInput, "300 to 115200"),
        ("serial:/dev/x?baudrate=fast", BadInput, "baudrate=fast"),
        ("serial:/dev/x?parity=mark", BadInput, "none, odd, even"),
        ("serial:/dev/x?stopbits=3", BadInput, "1, 1.5, 2"),
        ("serial:/dev/x?databits=9", BadInput, "7, 8"),
        ("listen://0.0.0.0", BadInput, "listen://192.168.1.20:2000"),
        ("udp://host:1?ask=kmp", BadInput, "ask"),
        ("tcp://host:1?ask=me", BadInput, "kmp, mep, mbus, iec"),
        ("tcp://host:1?address=5", BadInput, "address"),
        ("tcp://host:1?ask=mbus&address=251", BadInput, "address=251"),
        ("tcp://host:1?ask=mbus&address=1234567", BadInput, "address=1234567"),
        ("tcp://host:1?ask=iec&address=a!b", BadInput, "address=a!b"),
        ("tcp://host:1?ask=kmp&every=0", BadInput, "every=0"),
    ],
)
def test_an_address_that_names_nothing_is_explained(
    url: str, error: type[OhmsteadError], says: str
) -> None:
    """Style 7: what happened, with which value, and what to do."""
    with pytest.raises(error, match=says):
        source_of(url)


async def test_a_recording_is_played_telegram_by_telegram(tmp_path: Path) -> None:
    """Paced: one telegram each interval, cut where the decoder says; every byte is played."""
    file = tmp_path / "recorded.bin"
    recorded = b"noise" + p1() * 3
    file.write_bytes(recorded)
    found = await first(9, chunks(source_of(f"replay:{file}?interval=0.01&loop=0")))
    assert b"".join(found) == recorded
    assert len([piece for piece in found if piece]) in (3, 4)
    assert found[-1] == b""


async def test_a_recording_begins_anew(tmp_path: Path) -> None:
    """Looped, unless told otherwise; HDLC frames as well as P1."""
    file = tmp_path / "recorded.bin"
    file.write_bytes(dlms())
    found = await first(3, chunks(source_of(f"replay:{file}?interval=0.01")))
    assert b"".join(found).startswith(dlms() * 2)


async def test_a_telegram_that_only_the_end_completes_is_read(corpus: Path, tmp_path: Path) -> None:
    """Recordings whose list stops in the middle: the end says that no more comes; as `decode`."""
    case = json.loads((corpus / "telegrams" / "dlms" / "sagemcom-egd-1.json").read_text())
    file = tmp_path / "recorded.bin"
    file.write_bytes(bytes.fromhex(case["raw_hex"]))
    meter = Meter("m", ZoneInfo("UTC"), SystemClock())
    found = await first(9, chunks(source_of(f"replay:{file}?interval=0.01&loop=0")))
    (reading,) = [reading for piece in found for reading in meter.feed(piece)]
    assert reading.values


async def test_what_is_no_telegram_is_played_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raw bytes are raw bytes: a protocol not known yet is played in large pieces."""
    monkeypatch.setattr(port, "LONGEST_UNRECOGNISED", 100)
    file = tmp_path / "recorded.bin"
    file.write_bytes(bytes(range(256)))
    found = await first(9, chunks(source_of(f"replay:{file}?interval=0.01&loop=0")))
    assert b"".join(found) == bytes(range(256))
    assert max(map(len, found)) <= 100 + port.REPLAY_PIECE


class Adapter:
    """A TCP server that sends what a meter would, one telegram a connection, then hangs up."""

    def __init__(self, *, silent: bool = False) -> None:
        self.connected = asyncio.Semaphore(0)
        self._silent = silent
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, on: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", on)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected.release()
        if self._silent:
            await reader.read()
        else:
            writer.write(p1())
        writer.close()


async def test_a_connection_that_ends_is_made_again() -> None:
    """`tcp://HOST:PORT`: a client that reconnects, and tells when it is connected."""
    adapter = Adapter()
    await adapter.start()
    told: list[str | None] = []
    url = f"tcp://127.0.0.1:{adapter.port}"
    found = b"".join(await first(3, chunks(source_of(url), tell=told.append, backoff=AT_ONCE)))
    await adapter.stop()
    assert found.startswith(p1())
    assert told[:3] == [None, NOT_CONNECTED, None]


async def test_an_adapter_that_comes_later_is_found(unused_tcp_port: int) -> None:
    """A gateway that starts before its adapter waits for it."""
    adapter = Adapter()
    url = f"tcp://127.0.0.1:{unused_tcp_port}"
    tried = asyncio.Event()

    class Watched(Backoff):
        def wait_s(self, tries: int) -> float:
            tried.set()
            return AT_ONCE.wait_s(tries)

    waiting = asyncio.create_task(first(1, chunks(source_of(url), backoff=Watched())))
    await asyncio.wait_for(tried.wait(), WAIT_S)
    await adapter.start(unused_tcp_port)
    assert await waiting
    await adapter.stop()


async def test_a_silent_connection_is_given_up() -> None:
    """An adapter that fell off without a word: connected again after the silence."""
    adapter = Adapter(silent=True)
    await adapter.start()
    url = f"tcp://127.0.0.1:{adapter.port}?silence=0.02"
    reading = asyncio.create_task(first(1, chunks(source_of(url), backoff=AT_ONCE)))
    async with asyncio.timeout(WAIT_S):
        for _ in range(3):
            await adapter.connected.acquire()
    reading.cancel()
    await asyncio.wait({reading}, timeout=WAIT_S)
    await adapter.stop()


def test_waits_grow_and_never_agree() -> None:
    """Back-off with jitter: doubled each time, at most the most, at least half of it."""
    backoff = Backoff(first_s=1, most_s=60)
    for tries, whole in ((1, 1), (2, 2), (5, 16), (9, 60), (10**6, 60)):
        waits = [backoff.wait_s(tries) for _ in range(50)]
        assert whole / 2 <= min(waits) < max(waits) <= whole
