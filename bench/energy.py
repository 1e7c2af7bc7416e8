"""What energy costs: commits with their notes, making buckets, and questions.

`python bench/energy.py [--json]`.  One server of the wheel, durable as it is run; CPU time is this
process's and the database's, from /proc.  Sizes are printed with the figures; bench/energy_full.py
asks a full house.
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

METERS, DAYS = 500, 30
SECONDS_METERS, STEADY_METERS = 1000, 100
TOGETHER = 10
QUARTER_ROUNDS = 8
"""So often the worker begins in a quarter of an hour, under load."""
FULL_ROUNDS = 800
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


class Saying:
    """Meters that say something by turns: three powers and counters, and a voltage."""

    def __init__(self, committer: Committer, clock: SystemClock, streams: list[int]) -> None:
        self._committer, self._clock, self._streams = committer, clock, streams
        self._at, self._kwh = clock.now() - timedelta(days=26), 1.0

    def follow(self, other: "Saying") -> None:
        """Go on where another one ended."""
        self._at, self._kwh = other._at, other._kwh

    async def round(self, step: timedelta, count: int = 1) -> None:
        """`count` packets of each, each `step` after the last, committed at once."""
        rows = []
        for _ in range(count):
            self._at += step
            self._kwh += 0.3
            values = {"1.8.0": self._kwh, "2.8.0": 0.0, "1.7.0": 0.5, "2.7.0": 0.0, "32.7.0": 230.0}
            now = self._clock.now()
            rows += [Row(each, self._at, now, values) for each in self._streams]
        await self._committer.commit(rows)


async def full_rate(say: Saying, kept: Rollups, server: int) -> float:
    """CPU of a packet, microseconds, while the worker makes buckets beside the commits."""
    before = cpu_s(server)
    working = asyncio.create_task(kept.run())
    for _ in range(FULL_ROUNDS):
        await say.round(timedelta(minutes=15))
    working.cancel()
    await asyncio.wait({working})
    await kept.work_off()
    return (cpu_s(server) - before) / (FULL_ROUNDS * METERS) * 1e6


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


async def by_the_second(
    database: Database, site: int, kept: Rollups, server: int
) -> dict[str, float]:
    """CPU of the buckets of a packet, microseconds, where meters speak each second."""
    clock, found = SystemClock(), dict[str, float]()
    committer = Committer(database, clock)
    await database.change(
        "INSERT INTO meters (id, site, type, interval_s, reading, unit, name)"
        " SELECT 's' || n, %s, 'electricity', 1.0, 'cumulative', 'kWh', 's' || n"
        " FROM generate_series(1, %s) AS n",
        (site, SECONDS_METERS),
    )
    rows = await database.rows("SELECT stream FROM meters WHERE interval_s = 1.0 ORDER BY stream")
    streams = [row["stream"] for row in rows]

    async def costs(say: Saying, rounds: int, each: int, meters: int) -> float:
        used = 0.0
        for _ in range(rounds):
            for begin in range(0, each, TOGETHER):
                await say.round(timedelta(seconds=1), min(TOGETHER, each - begin))
            before = cpu_s(server)
            await kept.work_off()
            used += cpu_s(server) - before
        return used / (rounds * each * meters) * 1e6

    new = Saying(committer, clock, streams)
    for each in (2, 10, 30, 120):
        found[f"buckets_first_minutes_{each}_packets_each"] = await costs(
            new, 1, each, SECONDS_METERS
        )
    steady = Saying(committer, clock, streams[:STEADY_METERS])
    steady.follow(new)
    await costs(steady, 1, 3900, STEADY_METERS)
    found["buckets_steady_112_packets_each"] = await costs(
        steady, QUARTER_ROUNDS, 112, STEADY_METERS
    )
    return found


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
        say = Saying(committer, clock, streams)

        async def costs(name: str, rounds: int, step: timedelta, each: int) -> None:
            """CPU of a packet: `rounds` of one packet a meter, buckets made after `each`."""
            before = cpu_s(server)
            for n in range(rounds):
                await say.round(step)
                if each and n % each == each - 1:
                    await kept.work_off()
            found[name] = (cpu_s(server) - before) / (rounds * METERS) * 1e6

        quarter = timedelta(minutes=15)
        await costs("", 16, quarter, 16)  # what is asked for the first time is not counted
        await costs("commit_us_cpu_a_packet", 100, quarter, 0)
        await kept.work_off()
        found["with_buckets_at_full_rate_us_cpu_a_packet"] = await full_rate(say, kept, server)
        await costs("with_buckets_of_a_day_at_once", 192, quarter, 96)
        await costs("with_buckets_of_4_packets_at_once", 32, quarter, 4)
        await costs("with_buckets_of_each_packet", 8, quarter, 1)
        await costs("with_buckets_15_packets_a_minute_apart", 60, timedelta(minutes=1), 15)
        del found[""]
        found |= await by_the_second(database, site.id, kept, server)
        await database.change("DELETE FROM rollups WHERE stream = ANY(%s)", (streams,))
        await database.change(HOURS, (streams[-1], FIRST, FIRST + timedelta(hours=YEAR_HOURS)))
        await database.change(BY_DAY, (streams, FIRST + timedelta(days=60), FIRST + timedelta(89)))
        energies, readings = Energies(database), Readings(database)

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
        await timed("year_by_hour_ms", lambda: energies.columns(meters[-1], "1.8.0", "hour", *span))
        days = date(2025, 3, 2), date(2025, 4, 1), datetime(2026, 1, 1, tzinfo=UTC)
        await timed("meters_500_days_30_ms", lambda: energies.many(meters, "1.8.0", "day", *days))
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
    print(f"{METERS} meters, each commit a packet of each, a year of hours, {DAYS} days")
    for name, value in found.items():
        print(f"{name:40} {value}")


if __name__ == "__main__":
    asyncio.run(main())
