"""What one telegram costs on the whole way, from the meter's socket to the committed row:
`python bench/socket_to_commit.py [--json]`.

The real programs run as processes: `ohmstead cloud` with its broker and database, and `ohmstead
gateway` at a TCP socket that this script writes telegrams to.  CPU time is each process's own, from
/proc, between the first telegram and the last row.  The peer, in the same run and database: one
INSERT and COMMIT a reading, of the same columns, from a plain psycopg loop.
"""

import asyncio
import json
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.whole.conftest import MAC, Cloud
from tests.whole.programs import Wire, command_of, descendants, free_ports, running

from ohmstead.simulate import Simulated
from ohmstead.store.server import running as database_of

COUNT = 4000
PIECE = 20
"""Telegrams written at once; then the loop lets the gateway read."""
BEGIN = datetime(2025, 6, 1, tzinfo=UTC)
TICKS = os.sysconf("SC_CLK_TCK")
WAIT_S = 180
COUNTED = "SELECT count(*) FROM readings r JOIN meters m USING (stream) WHERE m.id = %s"
COPIED = """
    SELECT at, active_import_energy_kwh, active_export_energy_kwh, active_import_power_kw,
           active_export_power_kw, voltage_l1_v, voltage_l2_v, voltage_l3_v, current_l1_a,
           current_l2_a, current_l3_a FROM readings r JOIN meters m USING (stream) WHERE m.id = %s
"""


def cpu_s(pid: int) -> float:
    """CPU time of one process and of its children that ended, user and system."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS


def shares(gateway: int, cloud: int) -> dict[str, float]:
    """CPU time so far of gateway, cloud, broker and database."""
    used = {"gateway": cpu_s(gateway), "cloud": cpu_s(cloud), "broker": 0.0, "database": 0.0}
    for pid in descendants(cloud):
        name = "broker" if Path(command_of(pid)).name.startswith("nats") else "database"
        used[name] += cpu_s(pid)
    return used


async def committed(connection: psycopg.AsyncConnection[tuple[object, ...]], count: int) -> None:
    """Wait until so many rows are there."""
    async with asyncio.timeout(WAIT_S):
        while True:
            found = await (await connection.execute(COUNTED, (MAC,))).fetchone()
            await connection.commit()
            if found and int(str(found[0])) >= count:
                return
            await asyncio.sleep(0.5)


async def whole_way(folder: Path) -> tuple[dict[str, float], float]:
    """CPU microseconds a telegram of each part, and of the peer."""
    http, https, mqtts = free_ports(3)
    cloud = Cloud(folder / "cloud", (http, https, mqtts))
    meter = Simulated("hdlc-aidon", 1)
    telegrams = [meter.telegram(BEGIN + timedelta(seconds=10 * n)) for n in range(COUNT)]
    async with cloud.up() as program, Wire() as wire:
        uplink = await cloud.with_device(folder)
        arguments = ["--source", wire.url, "--http", "127.0.0.1:0", "--uplink", str(uplink)]
        arguments += ["--uplink-interval", "0", "--data", str(folder / "gateway")]
        async with running("gateway", *arguments) as gateway:
            await gateway.says("meter connected")
            url = str(database_of(cloud.data))
            async with await psycopg.AsyncConnection.connect(url) as connection:
                before = shares(gateway.process.pid, program.process.pid)
                for first in range(0, COUNT, PIECE):
                    await wire.send(b"".join(telegrams[first : first + PIECE]))
                    await asyncio.sleep(0)
                await committed(connection, COUNT)
                after = shares(gateway.process.pid, program.process.pid)
            peer = await asyncio.to_thread(plain_inserts, url)
    parts = {part: (after[part] - before[part]) / COUNT * 1e6 for part in before}
    return parts, peer


def plain_inserts(url: str) -> float:
    """CPU microseconds a reading of one INSERT and COMMIT each, client and server together."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(COPIED, (MAC,)).fetchall()[: COUNT // 4]
        connection.execute(
            "CREATE TABLE peer (stream int, at timestamptz, a float8, b float8, c float8,"
            " d float8, e float8, f float8, g float8, h float8, i float8, j float8,"
            " PRIMARY KEY (stream, at))"
        )
        connection.commit()
        backend = connection.info.backend_pid
        before = cpu_s(os.getpid()) + cpu_s(backend)
        for row in rows:
            connection.execute(
                "INSERT INTO peer VALUES (1, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", row
            )
            connection.commit()
        return (cpu_s(os.getpid()) + cpu_s(backend) - before) / len(rows) * 1e6


def main() -> None:
    """Print the figures, as a table or as JSON."""
    with tempfile.TemporaryDirectory(prefix="ohmstead-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        parts, peer = asyncio.run(whole_way(folder))
    whole = sum(parts.values())
    figures = {part: round(used, 1) for part, used in parts.items()}
    figures |= {"whole": round(whole, 1), "peer": round(peer, 1), "ratio": round(whole / peer, 2)}
    if "--json" in sys.argv:
        print(json.dumps({"bench": "socket_to_commit", "cpu_us_per_telegram": figures}))
        return
    print(f"CPU µs per telegram, {COUNT} telegrams of 27 values, every report durable twice")
    for part, used in figures.items():
        print(f"  {part:<10}{used:>10}")


if __name__ == "__main__":
    main()
