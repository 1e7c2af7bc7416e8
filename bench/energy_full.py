"""A full house: 100,000 meters of 15 minutes; what questions take, and the bytes of a reading.

`python bench/energy_full.py [--json] [--meters N]`.  One server of the wheel, with the settings it
is run with, on made-up readings: a day of all meters, buckets of 30 days of 500 of them, a year of
hours of one, and a year of holes.  Each question is asked nine times after a first one; printed is
the middle, and the worst.
"""

import argparse
import asyncio
import io
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.store import months
from ohmstead.store.database import Database, migrate
from ohmstead.store.energy import Energies
from ohmstead.store.holes import holes
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.readings import Readings
from ohmstead.store.server import PostgresServer
from ohmstead.store.sites import Organisations, Sites

DAY = datetime(2025, 11, 3, tzinfo=UTC)
SOME, ROUNDS = 500, 9
ADD = """
    INSERT INTO meters (id, site, type, interval_s, reading, unit, name)
    SELECT 'm' || n, %s, 'electricity', 900, 'cumulative', 'kWh', 'm' || n
    FROM generate_series(1, %s) n
"""
COLUMNS = """
    stream, at, received_at, active_import_energy_kwh, active_export_energy_kwh,
    active_import_power_kw, active_export_power_kw, voltage_l1_v
"""
SAID = """
    t, t + interval '2 seconds', 1000 + mod(s, 977) + round((random() * 900)::numeric, 3), 0,
    round((random() * 5)::numeric, 3), 0, round((225 + random() * 10)::numeric, 1)
"""
RAW = f"""
    INSERT INTO readings ({COLUMNS}) SELECT s, {SAID}
    FROM generate_series(%s::timestamptz, %s::timestamptz, interval '15 minutes') t,
         generate_series(1, %s) s
"""
LATEST = """
    INSERT INTO latest (stream, at) SELECT s, t
    FROM generate_series(1, %s) s, (SELECT %s::timestamptz) of (t)
"""
BUCKETS = """
    INSERT INTO rollups (stream, level, at, part, active_import_energy_kwh, covered_s, mean, least,
        most, samples, clock_15, clock_30, clock_60, sliding_15, sliding_30, sliding_60)
    SELECT s, %s, t, 0, random(), extract(epoch FROM %s::interval), 1, 0, 2, 4, 1, 1, 1, 1, 1, 1
    FROM unnest(%s::int4[]) s, generate_series(%s::timestamptz, %s, %s::interval) t
"""
STEPS = ("15 minutes", "1 hour", "1 day")
HOLES = """
    INSERT INTO stream_events (stream, at, kind, quantity, began)
    SELECT s, t + mod(s, 24) * interval '1 hour', 'gap', '',
           t + (mod(s, 24) - 1) * interval '1 hour'
    FROM generate_series(1, %s, 100) s,
         generate_series(%s::timestamptz, %s::timestamptz, interval '1 day') t
"""
EVER = "INSERT INTO rollup_streams (stream, columns) SELECT s, 1 FROM generate_series(1, %s) s"
SIZES_OF = """
    SELECT sum(pg_table_size(inhrelid)) AS heap, sum(pg_indexes_size(inhrelid)) AS keys
    FROM pg_inherits WHERE inhparent = %s::regclass
"""
SAMPLE = "SELECT * FROM readings WHERE stream <= %s ORDER BY stream, at"
Figures = dict[str, float]


async def filled(database: Database, meters: int) -> list[Meter]:
    """The scratch database; gives the meters that are asked about."""
    owner = await Organisations(database).add("Bench")
    site = await Sites(database).add("Bench", owner.id, "UTC")
    await database.change(ADD, (site.id, meters))
    async with database.transaction() as connection:
        await months.make(connection, {(2025, 11)})
    last = DAY + timedelta(hours=23, minutes=45)
    for first in range(0, 24, 6):
        begin = DAY + timedelta(hours=first)
        await database.change(RAW, (begin, begin + timedelta(hours=5, minutes=45), meters))
    await database.change(LATEST, (meters, last))
    some = list(range(1, SOME + 1))
    for level, step in enumerate(STEPS):
        end = DAY + timedelta(days=30, seconds=-1)
        await database.change(BUCKETS, (level, step, some, DAY, end, step))
    year = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, 23, tzinfo=UTC)
    await database.change(BUCKETS, (1, STEPS[1], [1], *year, STEPS[1]))
    await database.change(HOLES, (meters, DAY - timedelta(days=365), DAY + timedelta(days=29)))
    await database.change(EVER, (meters,))
    for table in ("readings", "latest", "rollups", "stream_events", "meters"):
        await database.change(f"ANALYZE {table}")
    return [await Meters(database).get(f"m{n}") for n in some]


async def asked(database: Database, meters: list[Meter]) -> Figures:
    """How long each question takes."""
    energies, now = Energies(database), DAY + timedelta(days=30)
    year, month = (date(2024, 1, 1), date(2025, 1, 1)), (DAY.date(), now.date())
    found: Figures = {}

    async def timed(name: str, ask: Callable[[], Awaitable[object]]) -> None:
        await ask()
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            await ask()
            took.append((time.perf_counter() - began) * 1e3)
        found[name], found[f"{name}_worst"] = sorted(took)[ROUNDS // 2], max(took)

    day = DAY, DAY + timedelta(days=1)
    await timed("latest_ms", lambda: Readings(database).latest([meters[0].stream]))
    await timed(
        "a_year_by_hour_ms", lambda: energies.columns(meters[0], "1.8.0", SIZES[1], *year, now)
    )
    await timed("meters_500_days_30_ms", lambda: energies.many(meters, "1.8.0", "day", *month, now))
    await timed("holes_of_a_day_all_meters_ms", lambda: holes(database, None, *day, now=day[1]))
    found["holes_found"] = len((await holes(database, None, *day, now=day[1])).stream)
    return found


async def sizes(database: Database, meters: int) -> Figures:
    """Bytes of a reading and of a bucket, on disk and in an archive."""
    found: Figures = {}
    rows = meters * 96
    of = await database.one(SIZES_OF, ("readings",)) or {}
    found["bytes_a_reading_heap"] = float(of["heap"]) / rows
    found["bytes_a_reading_key"] = float(of["keys"]) / rows
    kept = await database.one("SELECT count(*) AS n FROM rollups WHERE stream <= 500") or {}
    of = await database.one(SIZES_OF, ("rollups",)) or {}
    found["bytes_a_bucket_with_key"] = float(of["heap"] + of["keys"]) / kept["n"]
    sample = await database.rows(SAMPLE, (min(meters, 2000),))
    table = pa.table({name: [row[name] for row in sample] for name in sample[0]})
    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd")
    found["bytes_a_reading_parquet"] = written.tell() / len(sample)
    return found


async def main() -> None:
    """Start a server, fill it, ask, print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--meters", type=int, default=100_000)
    given.add_argument("--json", action="store_true")
    options = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="ohmstead-bench-") as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101  (one call before anything runs)
        server = PostgresServer(Path(folder) / "server")
        await server.start()
        try:
            await asyncio.to_thread(migrate, server.url)
            async with Database(server.url) as database:
                began = time.perf_counter()
                meters = await filled(database, options.meters)
                found: Figures = {"fill_s": time.perf_counter() - began}
                found |= await asked(database, meters)
                found |= await sizes(database, options.meters)
        finally:
            await server.stop()
    found = {name: round(value, 2) for name, value in found.items()}
    if options.json:
        print(json.dumps(found))
        return
    print(f"{options.meters} meters of 15 minutes, one day of readings")
    for name, value in found.items():
        print(f"{name:40} {value}")


if __name__ == "__main__":
    asyncio.run(main())
