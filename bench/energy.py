"""What energy costs: commits with their notes, making buckets, and questions.

`python bench/energy.py [--json]`.  One server of the wheel, durable as it is run; CPU time is this
process's and the database's, from /proc.  Sizes are printed with the figures.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ohmstead.clock import SystemClock
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database, migrate
from ohmstead.store.energy import Energies
from ohmstead.store.meters import Meters
from ohmstead.store.readings import Readings
from ohmstead.store.rollups import Rollups
from ohmstead.store.server import PostgresServer
from ohmstead.store.sites import Organisations, Sites

METERS, DAYS, BATCH = 500, 30, 500
YEAR_HOURS = 8760
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
TICKS = os.sysconf("SC_CLK_TCK")
HOURS = """
    INSERT INTO rollups (stream, level, at, part, active_import_energy_kwh, covered_s)
    SELECT %s::int4, 1, t, 0, 1.0, 3600 FROM generate_series(%s::timestamptz, %s::timestamptz,
        interval '1 hour') t
"""
BY_DAY = """
    INSERT INTO rollups (stream, level, at, part, active_import_energy_kwh, covered_s)
    SELECT s, 2, t, 0, 24.0, 86400 FROM unnest(%s::int4[]) s,
        generate_series(%s::timestamptz, %s::timestamptz, interval '1 day') t
"""
ASKED = """
    SELECT stream, at, active_import_energy_kwh FROM rollups
    WHERE stream = ANY(%s) AND level = 2 AND part = 0 AND at >= %s AND at < %s
"""


def cpu_s(server: int) -> float:
    """CPU time of this process, the server, and its children, those that ended included."""
    used = sum(os.times()[:2])
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(entry.name) == server or int(fields[1]) == server:
                used += sum(map(int, fields[11:13])) / TICKS
                used += sum(map(int, fields[13:15])) / TICKS if int(entry.name) == server else 0
    return used


async def measured(url: str, server: int) -> dict[str, float]:
    """The figures."""
    found: dict[str, float] = {}
    async with Database(url) as database:
        owner = await Organisations(database).add("Bench")
        site = await Sites(database).add("Bench", owner.id, "UTC")
        meters = [
            await Meters(database).add(f"m{n}", site.id, "electricity", 900.0)
            for n in range(METERS)
        ]
        clock, kept = SystemClock(), Rollups(database)
        committer = Committer(database, clock)
        streams = [meter.stream for meter in meters]
        values = {"1.8.0": 1.0, "2.8.0": 0.0, "1.7.0": 0.5, "2.7.0": 0.0, "32.7.0": 230.0}
        rounds = 20
        before = cpu_s(server)
        for n in range(rounds):
            at = FIRST + n * timedelta(minutes=15)
            now = clock.now()
            said = {**values, "1.8.0": 1.0 + n}
            await committer.commit([Row(stream, at, now, said) for stream in streams[:BATCH]])
        found["commit_us_cpu_a_packet"] = (cpu_s(server) - before) / (rounds * BATCH) * 1e6
        before, some = cpu_s(server), streams[:50]
        await kept.refresh(some)
        found["buckets_ms_cpu_a_meter_20_readings"] = (cpu_s(server) - before) / len(some) * 1e3
        before = cpu_s(server)
        at = FIRST + rounds * timedelta(minutes=15)
        await committer.commit([Row(s, at, clock.now(), {**values, "1.8.0": 99.0}) for s in some])
        await kept.refresh(some)
        found["buckets_ms_cpu_a_meter_1_reading"] = (cpu_s(server) - before) / len(some) * 1e3
        await database.change("DELETE FROM rollup_notes WHERE stream = ANY(%s)", (streams,))
        await database.change(HOURS, (streams[-1], FIRST, FIRST + timedelta(hours=YEAR_HOURS)))
        await database.change(BY_DAY, (streams, FIRST + timedelta(days=60), FIRST + timedelta(89)))
        energies, readings = Energies(database), Readings(database)
        await energies.by(meters[-1], "1.8.0", "day", date(2025, 1, 1), date(2025, 1, 2), FIRST)

        async def timed(name: str, ask: object) -> None:
            took = []
            for _ in range(5):
                began = time.perf_counter()
                await ask()  # type: ignore[operator]
                took.append((time.perf_counter() - began) * 1e3)
            found[name] = sorted(took)[2]

        await timed("latest_ms", lambda: readings.latest(streams[:1]))
        span = date(2025, 1, 1), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
        await database.change(
            "INSERT INTO rollup_streams (stream, columns) VALUES (%s, 1) ON CONFLICT DO NOTHING",
            (streams[-1],),
        )
        await timed("year_by_hour_ms", lambda: energies.by(meters[-1], "1.8.0", "hour", *span))
        days = FIRST + timedelta(days=60), FIRST + timedelta(days=90)
        await timed("meters_500_days_30_ms", lambda: database.rows(ASKED, (streams, *days)))
    return {name: round(value, 2) for name, value in found.items()}


async def main() -> None:
    """Start a server, measure, print."""
    with tempfile.TemporaryDirectory(prefix="ohmstead-bench-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101  (one call before anything runs)
        server = PostgresServer(Path(folder) / "server")
        await server.start()
        try:
            await asyncio.to_thread(migrate, server.url)
            found = await measured(server.url, server.pid or 0)
        finally:
            await server.stop()
    if "--json" in sys.argv:
        print(json.dumps(found))
        return
    print(f"{METERS} meters, batches of {BATCH}, a year of hours, {DAYS} days")
    for name, value in found.items():
        print(f"{name:40} {value}")


if __name__ == "__main__":
    asyncio.run(main())
