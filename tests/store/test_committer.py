"""The committer: each reading once, in one transaction, by any number of writers."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.postgres import copied
from tests.store.conftest import NOW, MakeMeter

from ohmstead.clock import SetClock
from ohmstead.reading import catalogue
from ohmstead.reading.reading import Identity
from ohmstead.store.committer import Committer, Fate, Row
from ohmstead.store.database import Database, migrate
from ohmstead.store.meters import Counts, Meters
from ohmstead.store.readings import Readings
from ohmstead.store.server import PostgresServer

START = NOW - timedelta(hours=1)


def row(stream: int, second: float, kwh: float = 1.0) -> Row:
    return Row(stream, START + timedelta(seconds=second), NOW, {"1.8.0": kwh})


def rows(stream: int, *seconds: float) -> list[Row]:
    return [row(stream, second) for second in seconds]


async def stored(database: Database, stream: int) -> list[datetime]:
    found = await database.rows("SELECT at FROM readings WHERE stream = %s ORDER BY at", (stream,))
    return [each["at"] for each in found]


@pytest.fixture(params=["wheel", pytest.param("debian", marks=pytest.mark.optional)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the wheel's PostgreSQL, and one of the oldest that is supported."""
    server = "postgres_url" if request.param == "wheel" else "debian_url"
    yield from copied(request.getfixturevalue(server))


async def test_every_value_comes_back_as_it_was_given(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """The catalogue's quantities are all columns, and nothing else of a reading is lost."""
    meter = await make_meter()
    values = {quantity.obis: n + 0.1 for n, quantity in enumerate(catalogue.ALL)}
    full = Row(
        stream=meter.stream,
        at=START,
        received_at=NOW,
        values=values,
        tariff=2,
        meter_at=START - timedelta(seconds=3),
        number=2**40,
        identity=Identity(id="123", model="M\0X", protocol="DSMR"),
        value=7.5,
        raw=b'{"any": "\\u0000 bytes"}\xff',
    )
    outcome = await Committer(database, clock).commit([full])
    assert outcome.fates == (Fate.ACCEPTED,)
    latest = (await Readings(database).latest([meter.stream]))[meter.stream]
    assert latest.values == values
    assert (latest.at, latest.received_at, latest.meter_at) == (full.at, NOW, full.meter_at)
    assert (latest.tariff, latest.number, latest.value) == (2, 2**40, 7.5)
    assert latest.identity == Identity(id="123", model="MX", protocol="DSMR")
    kept = await database.one("SELECT raw FROM latest WHERE stream = %s", (meter.stream,))
    assert kept is not None
    assert bytes(kept["raw"]) == full.raw
    assert await stored(database, meter.stream) == [START]


async def test_each_row_learns_its_fate(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Order within a batch is order of arrival; design, walks: known? in order? twice?"""
    stream = (await make_meter()).stream
    committer = Committer(database, clock)
    first = await committer.commit(rows(stream, 10, 20, 20, 15, 30))
    assert first.fates == (Fate.ACCEPTED, Fate.ACCEPTED, Fate.DUPLICATE, Fate.LATE, Fate.ACCEPTED)
    second = await committer.commit(rows(stream, 30, 25, 15, 40))
    assert second.fates == (Fate.DUPLICATE, Fate.LATE, Fate.DUPLICATE, Fate.ACCEPTED)
    assert (second.accepted, second.late, second.duplicate, second.refused) == (1, 1, 2, 0)
    third = await committer.commit(rows(stream, 5, 40))
    assert third.fates == (Fate.LATE, Fate.DUPLICATE)
    assert len(await stored(database, stream)) == 7
    assert await Meters(database).counts(stream) == Counts(accepted=4, late=3, duplicate=4)


async def test_a_late_reading_never_moves_the_latest_back(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """`latest` only moves forward; a late reading is stored all the same."""
    stream = (await make_meter()).stream
    committer = Committer(database, clock)
    await committer.commit([row(stream, 100, kwh=5.0)])
    await committer.commit([row(stream, 50, kwh=4.0)])
    latest = (await Readings(database).latest([stream]))[stream]
    assert (latest.at, latest.values) == (START + timedelta(seconds=100), {"1.8.0": 5.0})


async def test_the_first_of_two_equal_moments_stays(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """A duplicate changes nothing, neither in `readings` nor in `latest`."""
    stream = (await make_meter()).stream
    committer = Committer(database, clock)
    await committer.commit([row(stream, 1, kwh=5.0), row(stream, 1, kwh=6.0)])
    await committer.commit([row(stream, 1, kwh=7.0)])
    found = await database.rows(
        "SELECT active_import_energy_kwh AS kwh FROM readings WHERE stream = %s", (stream,)
    )
    assert [each["kwh"] for each in found] == [5.0]
    assert (await Readings(database).latest([stream]))[stream].values == {"1.8.0": 5.0}


async def test_late_readings_can_be_discarded(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """The packet API answers an older packet with 200 and drops it; the same again is known."""
    stream = (await make_meter()).stream
    committer = Committer(database, clock)
    first = await committer.commit(rows(stream, 10, 30, 20), late="discard")
    assert first.fates == (Fate.ACCEPTED, Fate.ACCEPTED, Fate.LATE)
    second = await committer.commit(rows(stream, 30, 25), late="discard")
    assert second.fates == (Fate.DUPLICATE, Fate.LATE)
    third = await committer.commit(rows(stream, 5, 40, 40), late="discard")
    assert third.fates == (Fate.LATE, Fate.ACCEPTED, Fate.DUPLICATE)
    assert len(await stored(database, stream)) == 3


async def test_what_cannot_be_stored_is_refused_alone(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """A wrong clock or number spoils its own row only, and makes no part of the table."""
    stream = (await make_meter()).stream
    bad = [
        Row(stream, datetime(1999, 12, 31, tzinfo=UTC), NOW),
        Row(stream, NOW + timedelta(days=100), NOW),
        Row(stream, NOW, NOW, tariff=2**15),
        Row(stream, NOW, NOW, number=2**63),
    ]
    outcome = await Committer(database, clock).commit([*bad, row(stream, 0)])
    assert outcome.fates == (*[Fate.REFUSED] * 4, Fate.ACCEPTED)
    assert sorted(outcome.reasons) == [0, 1, 2, 3]
    assert "1999-12-31" in outcome.reasons[0]
    assert await Meters(database).counts(stream) == Counts(accepted=1, refused=4)
    assert (await Committer(database, clock).commit([])).fates == ()


async def test_parts_are_made_for_the_months_that_come(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Monthly partitions: on demand for old readings, ahead for the next month."""
    stream = (await make_meter()).stream
    edge = datetime(2024, 3, 1, tzinfo=UTC)
    moments = [edge - timedelta(microseconds=1), edge, datetime(2000, 1, 1, tzinfo=UTC)]
    await Committer(database, clock).commit([Row(stream, at, NOW) for at in moments])
    found = await database.rows(
        "SELECT inhrelid::regclass::text AS part FROM pg_inherits"
        " WHERE inhparent = 'readings'::regclass ORDER BY 1"
    )
    months = ["2000_01", "2024_02", "2024_03", "2025_11", "2025_12"]
    assert [each["part"] for each in found] == [f"readings_{month}" for month in months]
    for part in ("readings_2024_02", "readings_2024_03"):
        counted = await database.one(
            f"SELECT count(*) AS n FROM {part} WHERE stream = %s",
            (stream,),
        )
        assert counted == {"n": 1}


async def test_a_part_that_was_taken_away_is_made_again(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Retention drops old months while a committer runs that still knows them."""
    stream = (await make_meter()).stream
    committer = Committer(database, clock)
    await committer.commit(rows(stream, 1))
    await database.change("DROP TABLE readings_2025_11")
    assert (await committer.commit(rows(stream, 2))).fates == (Fate.ACCEPTED,)
    assert len(await stored(database, stream)) == 1


async def test_many_writers_store_each_reading_once(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Two committers as in two processes write the same streams in opposite orders."""
    streams = [(await make_meter(f"m{n}")).stream for n in range(5)]
    async with Database(database.url) as other:
        committers = [Committer(database, clock), Committer(other, clock)]

        async def write(committer: Committer, order: Sequence[int]) -> list[Fate]:
            fates: list[Fate] = []
            for second in range(40):
                batch = [row(stream, second) for stream in order]
                fates += (await committer.commit(batch)).fates
            return fates

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            orders = (streams, streams[::-1])
            tasks = [
                group.create_task(write(committer, order))
                for committer, order in zip(committers, orders, strict=True)
            ]
    fates = [fate for task in tasks for fate in task.result()]
    new = [fate for fate in fates if fate in (Fate.ACCEPTED, Fate.LATE)]
    assert len(new) == 5 * 40
    assert fates.count(Fate.DUPLICATE) == 5 * 40
    for stream in streams:
        assert len(await stored(database, stream)) == 40
        counts = await Meters(database).counts(stream)
        assert counts.accepted + counts.late == counts.duplicate == 40


WRITER = """
import asyncio, sys
from datetime import timedelta
from ohmstead.clock import SetClock
from ohmstead.store.committer import Committer
from ohmstead.store.database import Database
from tests.store.conftest import NOW
from tests.store.test_committer import rows

async def main(url, stream):
    async with Database(url) as database:
        committer = Committer(database, SetClock(NOW))
        for batch in range(20):
            outcome = await committer.commit(rows(stream, *range(10 * batch, 10 * batch + 10)))
            print(outcome.accepted + outcome.late, flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_two_processes_store_each_reading_once(
    database: Database, make_meter: MakeMeter
) -> None:
    """Several processes may commit the same readings at the same time."""
    stream = (await make_meter()).stream
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", WRITER, database.url, str(stream)),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(60):
        said = [(await process.communicate())[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum(int(line) for output in said for line in output.split()) == 200
    assert len(await stored(database, stream)) == 200


async def test_a_killed_backend_costs_nothing(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """The connection under a committer ends; the same batch is tried again until it is stored."""
    stream = (await make_meter()).stream
    committer = Committer(database, clock)
    await committer.commit(rows(stream, 1))
    async with Database(database.url) as other:
        await other.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert (await committer.commit(rows(stream, 2))).fates == (Fate.ACCEPTED,)
    assert len(await stored(database, stream)) == 2


async def test_a_killed_server_loses_nothing_that_was_said_to_be_stored(
    reachable_folder: Path, clock: SetClock
) -> None:
    """kill -9 of PostgreSQL while a committer writes: after its restart all is there, once."""
    async with PostgresServer(reachable_folder / "killed") as server, asyncio.TaskGroup() as group:
        watch = group.create_task(server.supervise())
        await asyncio.to_thread(migrate, server.url)
        async with Database(server.url) as database, asyncio.timeout(120):
            committer = Committer(database, clock)
            said: set[datetime] = set()
            written = asyncio.Event()

            async def write() -> None:
                for second in range(0, 600, 10):
                    batch = rows(1, *range(second, second + 10))
                    await committer.commit(batch)
                    said.update(each.at for each in batch)
                    if second in (100, 300):
                        written.set()

            writing = group.create_task(write())
            for _ in range(2):
                await written.wait()
                written.clear()
                assert server.pid is not None
                os.kill(server.pid, signal.SIGKILL)
            await writing
            assert set(await stored(database, 1)) == said
            counts = await Meters(database).counts(1)
            assert counts.accepted == 600
            assert (await Readings(database).latest([1]))[1].at == max(said)
        await server.stop()
        await watch
