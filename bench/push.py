"""What a packet of the push API costs: `python bench/push.py [--seconds 8] [--quick] [--million]`.

One packet an HTTP request, 21 numbers each, sent by wrk (`apt install wrk`); beside it, in the same
run, other databases that take the same readings one a request.  CPU is that of all processes of a
server, from /proc, divided by the requests that it answered; wrk's own is not counted.  Buckets of
energy are made later, of many packets of a meter together: what they cost has lines of its own.
"""

import argparse
import asyncio
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.load import place
from bench.load.peers import peer_cases, started
from tests.whole.conftest import Cloud
from tests.whole.programs import descendants, free_ports, running

from ohmstead.clock import SystemClock
from ohmstead.house.admin import Admin
from ohmstead.house.installation import Place, opened
from ohmstead.store.credentials import Credentials
from ohmstead.store.database import Database
from ohmstead.store.rollups import Rollups
from ohmstead.store.server import running as database_of

HERE = Path(__file__).resolve().parent
PATH = "/measurements/v2/unifiedjson/"
STREAMS = 10_000
PEERS = HERE.parent / ".venv-peers" / "bin"
BUCKETS_S = 120.0
WHOLE_S = 120.0
"""The worker that makes buckets rests no longer: all that a packet costs shows in as much time."""
SETTLE_S = 3.0
"""Backends that end meanwhile take what they used out of the sum."""
MILLION = 1_000_000


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    url: str
    pid: int
    connections: int = 256
    streams: int = STREAMS
    mode: str = "packet"
    login: str = ""
    close: bool = False
    workers: bool = False
    """Whether packets are taken by processes below `pid`."""


@dataclass(frozen=True)
class Figures:
    """What a case gave; CPU in microseconds a request, times in milliseconds."""

    requests_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    worker_us: float
    """Of the processes that take packets; of a peer, all of it."""
    rest_us: float
    """Of the cloud's own process: rollups above all."""
    database_us: float
    bad: int


def cpu(pid: int) -> tuple[float, float, float]:
    """CPU seconds of a process and all below it; of that PostgreSQL's, and the first one's own."""
    whole = database = 0.0
    for each in (pid, *descendants(pid)):
        used = place.cpu_s(each)
        whole += used
        try:
            name = Path(f"/proc/{each}/comm").read_text()
        except OSError:
            continue
        database += used if name.startswith("postgres") else 0.0
    return whole, database, place.cpu_s(pid)


class Times:
    """Where each case begins: a packet is newer than all before, as if the senders went on."""

    def __init__(self) -> None:
        self._at = int(time.time()) - 20 * 86_400

    def next(self) -> int:
        return self._at

    def sent(self, requests: int, streams: int) -> None:
        """So many packets were sent, to the streams in turn."""
        self._at += requests // streams + 2


def warmed(case: Case, times: Times) -> None:
    """Send until each stream had two packets: who sends, and what, is known from then on."""
    sent = 0.0
    while sent < 2 * case.streams:
        sent += 3 * measured(case, 3, times).requests_s


def measured(case: Case, seconds: float, times: Times) -> Figures:
    """wrk on one case."""
    before = cpu(case.pid)
    command = [
        *("wrk", "-t1", f"-c{case.connections}", f"-d{seconds:g}s", "--latency"),
        *("-s", str(HERE / "load" / "packets.lua"), case.url, "--"),
        *(case.mode, str(case.streams), str(times.next()), case.login),
        *(["close"] if case.close else []),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = cpu(case.pid)
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", said)
    assert found, said
    requests, took_us, bad, p50_us, p99_us = map(int, found.groups())
    times.sent(requests, case.streams)
    each = 1e6 / max(requests, 1)
    whole, database, first = ((b - a) * each for a, b in zip(before, after, strict=True))
    rest = first if case.workers else 0.0
    worker = whole - database - rest
    rate = requests / took_us * 1e6
    return Figures(rate, p50_us / 1e3, p99_us / 1e3, whole, worker, rest, database, bad)


def row(case: Case, figures: Figures) -> str:
    """A line of the table."""
    return (
        f"{case.name:46} {figures.requests_s:9.0f} {figures.p50_ms:8.1f} {figures.p99_ms:8.1f}"
        f" {figures.cpu_us:7.1f} {figures.worker_us:7.1f} {figures.database_us:7.1f}"
        f" {figures.rest_us:7.1f}"
        f" {figures.bad:5}"
    )


HEAD = (
    f"{'':46} {'packets/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>7} {'server':>7} {'PG':>7}"
    f" {'rollups':>7} {'bad':>5}"
)


async def furnish(data: Path) -> str:
    """Meters and a credential for all of them; gives the header it signs in with."""
    clock = SystemClock()
    async with opened(Place(data), program="admin", clock=clock) as home:
        admin = Admin(home, clock)
        organisation = await admin.add_organisation("Bench")
        site = await admin.add_site("Site", organisation["id"], "Europe/Zurich")
        await admin.meters.add("bench-0", site["id"], "electricity", 1.0)
        await home.database.change(
            "INSERT INTO meters (id, site, type, interval_s, reading, unit, name)"
            " SELECT 'bench-' || n, site, type, interval_s, reading, unit, 'bench-' || n"
            " FROM meters, generate_series(1, %s) AS n WHERE id = 'bench-0'",
            (STREAMS - 1,),
        )
        made, password = await Credentials(home.database, home.key).add(
            f"org:{organisation['id']}", at=clock.now(), by="bench"
        )
    return f"{made.username}:{password}"


def header(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


def measure_peers(folder: Path, seconds: float, times: Times) -> Iterator[tuple[Case, Figures]]:
    """The two databases, an HTTP write for each reading, as their line protocol has it."""
    for name, command, ready, url in peer_cases(folder, ["victoria-metrics", "influxd"]):
        with started(command, ready, folder / name, {}) as pid:
            if name == "influxd":
                query = ready.replace("/ping", "/query?q=CREATE+DATABASE+bench")
                urllib.request.urlopen(urllib.request.Request(query, method="POST"), timeout=10)
            case = Case(f"{name}, 256 connections", url, pid, mode="influx")
            warmed(case, times)
            yield case, measured(case, seconds, times)
            case = Case(f"{name}, a connection each, 64", url, pid, 64, mode="influx", close=True)
            yield case, measured(case, seconds, times)


def measure_plain(
    folder: Path, database: str, seconds: float, times: Times
) -> Iterator[tuple[Case, Figures]]:
    """FastAPI and SQLAlchemy on the same PostgreSQL, in a process of its own."""
    if not (PEERS / "uvicorn").exists():
        print("FastAPI + SQLAlchemy is left out: `make peers` gets it")
        return
    (port,) = free_ports(1)
    own = folder / "plain"
    own.mkdir(exist_ok=True)
    shutil.copy(HERE / "peers" / "plain_insert.py", own)
    env = {
        "DATABASE_URL": database.replace("postgresql://", "postgresql+psycopg://"),
        "LOGIN": "bench:bench",
    }
    command = [str(PEERS / "uvicorn"), "plain_insert:app", "--port", str(port), "--no-access-log"]
    at = f"http://127.0.0.1:{port}"
    with started(command, at, own, env) as pid:
        case = Case(
            "FastAPI + SQLAlchemy (without PG), 64", at + PATH, pid, 64, login=header("bench:bench")
        )
        yield case, measured(case, seconds, times)


async def ours(folder: Path, workers: int, options: argparse.Namespace, times: Times) -> None:
    """A cloud with so many processes that take packets, and the peers beside it."""
    ports = free_ports(5)
    cloud = Cloud(folder / f"cloud{workers}", (ports[0], ports[1], ports[2]))
    at, tls = f"127.0.0.1:{ports[3]}", f"127.0.0.1:{ports[4]}"
    more = ["--push-http", at, "--push", tls, "--workers", str(workers)]
    async with running(*cloud.arguments, *more) as program:
        await program.says(r"^CA certificate")
        login = header(await furnish(cloud.data))
        pid, url = program.process.pid, f"http://{at}{PATH}"
        what = f"{workers} worker{'s' if workers > 1 else ''}"
        main = Case(f"ohmstead, {what}, 256 connections", url, pid, login=login, workers=True)
        await asyncio.to_thread(warmed, main, times)
        packets, us = await buckets(cloud.data, pid)  # so that the worker rests meanwhile
        print(f"buckets of {packets} packets, made afterwards: {us / max(packets, 1):.1f} us each")
        await asyncio.sleep(SETTLE_S)
        cases = [main]
        if workers == 1 and not options.quick:
            cases += [
                Case(f"ohmstead, {what}, 64 connections", url, pid, 64, login=login, workers=True),
                Case(
                    f"ohmstead, {what}, TLS", f"https://{tls}{PATH}", pid, login=login, workers=True
                ),
                Case(
                    f"ohmstead, {what}, a connection each",
                    url,
                    pid,
                    64,
                    login=login,
                    close=True,
                    workers=True,
                ),
            ]
        for case in cases:
            print(row(case, await asyncio.to_thread(measured, case, options.seconds, times)))
        if workers == 1:
            for case, figures in await asyncio.to_thread(
                lambda: list(measure_peers(folder, options.seconds, times))
            ):
                print(row(case, figures))
            if not options.quick:
                url_of = str(database_of(cloud.data))
                for case, figures in await asyncio.to_thread(
                    lambda: list(measure_plain(folder, url_of, options.seconds, times))
                ):
                    print(row(case, figures))
            print(await whole(main, cloud.data, times))
            await asyncio.sleep(SETTLE_S)
            one = replace(main, name=f"ohmstead, {what}, 1 stream", streams=1)
            print(row(one, await asyncio.to_thread(measured, one, options.seconds, times)))
        if options.million:
            await million(main, times)


async def million(case: Case, times: Times) -> None:
    """Memory of each process before and after a million packets."""
    pids = [case.pid, *(p for p in descendants(case.pid) if "python" in _name(p))]
    before = [place.resident_kb(pid) for pid in pids]
    sent = 0.0
    while sent < MILLION:
        figures = await asyncio.to_thread(measured, case, 20, times)
        sent += figures.requests_s * 20
        now = [place.resident_kb(pid) for pid in pids]
        print(
            f"{sent:9.0f} packets: "
            + ", ".join(f"{b} -> {a} kB" for b, a in zip(before, now, strict=True))
        )


async def whole(case: Case, data: Path, times: Times) -> str:
    """What a packet costs with its buckets: two minutes of packets, then what is left is made."""
    figures = await asyncio.to_thread(measured, case, WHOLE_S, times)
    packets, left_us = await buckets(data, case.pid)
    each = figures.cpu_us + left_us / (figures.requests_s * WHOLE_S)
    return (
        f"{row(case, figures)} two minutes; with the buckets of {packets} packets, made afterwards:"
        f" {each:.1f} us"
    )


async def buckets(data: Path, pid: int) -> tuple[int, float]:
    """Make the buckets of energy that wait to be made; of how many packets, and the CPU, in us.

    The cloud does so by itself when its worker has rested, at most two minutes after many meters.
    """
    async with Database(str(database_of(data)), size=2) as database:
        waiting = await database.one(
            "SELECT coalesce(sum(cardinality(streams)), 0)::int8 AS packets FROM rollup_batches"
        )
        packets = waiting["packets"] if waiting else 0
        before = time.process_time() + cpu(pid)[1]
        end = time.monotonic() + BUCKETS_S
        while not await Rollups(database).work_off() and packets and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(1)  # the worker has it at this moment
        return packets, (time.process_time() + cpu(pid)[1] - before) * 1e6


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="how long each case is measured")
    parser.add_argument("--quick", action="store_true", help="only the lines that are compared")
    parser.add_argument("--million", action="store_true", help="memory over a million packets too")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not here: apt install wrk")
    folder = Path(tempfile.mkdtemp(prefix="ohmstead-bench-"))
    folder.chmod(0o755)
    print(f"{STREAMS} streams; load of the machine at the start: {os.getloadavg()[0]:.1f}")
    print(HEAD)
    times = Times()
    try:
        for workers in (1,) if options.quick else (1, 2):
            asyncio.run(ours(folder, workers, options, times))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
