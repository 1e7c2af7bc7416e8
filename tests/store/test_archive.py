"""Old months into files and back: nothing is lost, and energy stays as it was."""

import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest
import pytest_asyncio
from tests.store.conftest import MakeMeter

from ohmstead.clock import SetClock
from ohmstead.errors import Conflict, NotFound, Unavailable
from ohmstead.reading.reading import Identity
from ohmstead.store import rollup_make
from ohmstead.store.archive import Archive
from ohmstead.store.archive_floors import ARCHIVING
from ohmstead.store.audit import By
from ohmstead.store.columnar import convert
from ohmstead.store.committer import Committer, Fate, Row
from ohmstead.store.database import Connection, Database
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.retention import Retentions
from ohmstead.store.rollups import Rollups
from ohmstead.store.sites import Organisations, Sites

NOW = datetime(2025, 6, 10, 12, tzinfo=UTC)
MARCH, APRIL, MAY = ((2025, month) for month in (3, 4, 5))
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class World:
    """A database with an archive, at a moment in June."""

    database: Database
    archive: Archive
    folder: Path
    clock: SetClock

    async def keep(self, months: int | None, organisation: int = 1) -> None:
        await Retentions(self.database).set(organisation, months, by=By("test", NOW))

    async def commit(self, rows: list[Row]) -> list[Fate]:
        return list((await Committer(self.database, self.clock).commit(rows)).fates)

    async def readings(self) -> list[dict[str, Any]]:
        return await self.database.rows("SELECT * FROM readings ORDER BY stream, at")

    async def buckets(self) -> list[dict[str, Any]]:
        streams = [meter.stream for meter in await Meters(self.database).all()]
        await Rollups(self.database).refresh(streams)
        rows = await self.database.rows("SELECT * FROM rollups ORDER BY stream, level, at, part")
        return [{k: round(v, 9) if isinstance(v, float) else v for k, v in r.items()} for r in rows]

    async def events(self) -> list[dict[str, Any]]:
        return await self.database.rows("SELECT * FROM stream_events ORDER BY stream, at, kind")


@pytest_asyncio.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    """An archive with nothing in it."""
    folder = tmp_path / "archive"
    yield World(database, Archive(database, folder), folder, SetClock(NOW))


def hourly(meter: Meter, first: datetime, hours: int, kwh: float = 0.0) -> list[Row]:
    """A reading each hour, with a counter that grows by an odd fraction."""
    return [
        Row(meter.stream, first + n * HOUR, NOW, {"1.8.0": kwh + n * 0.1, "1.7.0": n % 7 / 3})
        for n in range(hours)
    ]


async def cut_off(*_: object) -> int:
    raise RuntimeError("the machine went off")


async def spring(world: World, make_meter: MakeMeter) -> Meter:
    """A meter with an hourly reading from the 30th of March to the 2nd of May."""
    meter = await make_meter(interval_s=3600.0)
    await world.commit(hourly(meter, datetime(2025, 3, 30, tzinfo=UTC), 24 * 34))
    return meter


async def test_months_that_are_due_become_files_and_leave(
    world: World, make_meter: MakeMeter
) -> None:
    """docs/retention.md: one file a month and organisation, sorted, whole; energy stays."""
    meter = await spring(world, make_meter)
    before, readings = await world.buckets(), await world.readings()
    await world.keep(1)
    said: list[str] = []
    done = await world.archive.run(NOW, say=said.append)
    assert not done.troubles
    assert [(entry.month, entry.rows) for entry in done.written] == [(MARCH, 48), (APRIL, 720)]
    assert said == ["Works, 2025-03: 1 meters", "Works, 2025-04: 1 meters"]
    left = await world.readings()
    assert left == [row for row in readings if row["at"] >= left[0]["at"]]
    assert left[0]["at"] >= datetime(2025, 4, 30, 20, tzinfo=UTC)
    assert await world.buckets() == before
    table = pq.read_table(world.folder / "organisation-1" / "2025-04.parquet")
    rows = [row for row in table.to_pylist() if not row["lead"]]
    wanted = [row for row in readings if row["at"].month == 4]
    for found, kept in zip(rows, wanted, strict=True):
        assert {**found, "lead": None, "meter": None} == {**kept, "lead": None, "meter": None}
    assert {row["meter"] for row in rows} == {meter.id}
    manifest = json.loads((world.folder / "organisation-1" / "2025-04.json").read_text())
    assert manifest["sha256"] == done.written[1].sha256
    assert manifest["rows"] == 720
    assert await world.archive.verify() == [
        ("organisation-1/2025-03.parquet", None),
        ("organisation-1/2025-04.parquet", None),
    ]
    again = await world.archive.run(NOW)
    assert (again.written, again.left) == ((), 0)


async def test_late_readings_of_archived_time_are_refused_until_it_is_back(
    world: World, make_meter: MakeMeter
) -> None:
    """docs/retention.md: never silently wrong energy; a restored month takes them again."""
    meter = await spring(world, make_meter)
    await world.keep(1)
    await world.archive.run(NOW)
    before = await world.buckets()
    late = Row(meter.stream, datetime(2025, 4, 20, 10, 30, tzinfo=UTC), NOW, {"1.8.0": 63.23})
    outcome = await Committer(world.database, world.clock).commit([late])
    assert outcome.fates == (Fate.REFUSED,)
    assert "2025-04 is archived" in outcome.reasons[0]
    assert "ohmstead archive restore" in outcome.reasons[0]
    assert (await Meters(world.database).counts(meter.stream)).refused == 1
    assert await world.archive.restore(1, APRIL, NOW) > 700
    assert await world.buckets() == before
    assert await world.commit([late]) == [Fate.LATE]
    changed = await world.buckets()
    assert changed != before
    assert [row for row in changed if row["at"] > datetime(2025, 4, 21, tzinfo=UTC)] != []
    stays = await world.archive.run(NOW + timedelta(days=1))
    assert stays.written == ()
    done = await world.archive.run(NOW + timedelta(days=31))
    assert [(entry.month, entry.rows) for entry in done.written] == [(APRIL, 721), (MAY, 48)]
    assert await world.buckets() == changed
    entries = await world.archive.catalogue.all()
    assert [(entry.month, entry.state) for entry in entries] == [
        (MARCH, "archived"),
        (APRIL, "archived"),
        (MAY, "archived"),
    ]
    assert all(trouble is None for _, trouble in await world.archive.verify())
    first = world.folder / "organisation-1" / "2025-03.parquet"
    first.rename(first.with_name(f".{first.name}.gone"))  # cut off before it had gone
    await world.archive.run(NOW)
    assert not [name for name, _ in await world.archive.verify() if "2025-03" in name]


async def test_an_early_month_is_restored_to_be_looked_at(
    world: World, make_meter: MakeMeter
) -> None:
    """docs/retention.md: its readings are back as they were, it takes none, and leaves again."""
    meter = await spring(world, make_meter)
    everything = await world.readings()
    await world.keep(1)
    await world.archive.run(NOW)
    buckets, left = await world.buckets(), await world.readings()
    assert await world.archive.restore(1, MARCH, NOW, kept_for=timedelta(days=3)) == 48
    march = [row for row in await world.readings() if row["at"].month == 3]
    assert march == [row for row in everything if row["at"].month == 3]
    late = Row(meter.stream, datetime(2025, 3, 30, 10, 30, tzinfo=UTC), NOW, {"1.8.0": 8.0})
    assert await world.commit([late]) == [Fate.REFUSED]
    await world.archive.run(NOW + timedelta(days=2))
    assert len(await world.readings()) == len(left) + 48
    await world.archive.run(NOW + timedelta(days=4))
    assert await world.readings() == left
    assert await world.buckets() == buckets
    assert {entry.state for entry in await world.archive.catalogue.all()} == {"archived"}


async def test_what_others_keep_stays(world: World, make_meter: MakeMeter) -> None:
    """docs/retention.md: each organisation has its own number of months; none is for ever."""
    first = await spring(world, make_meter)
    other = await Organisations(world.database).add("Other")
    site = await Sites(world.database).add("Home", other.id, "UTC")
    second = await Meters(world.database).add("m2", site.id, "electricity", 3600.0)
    await world.commit(hourly(second, datetime(2025, 3, 30, tzinfo=UTC), 24 * 34))
    kept = [row for row in await world.readings() if row["stream"] == second.stream]
    before = await world.buckets()
    await world.keep(2)
    done = await world.archive.run(NOW)
    assert [entry.month for entry in done.written] == [MARCH]
    left = await world.readings()
    assert [row for row in left if row["stream"] == second.stream] == kept
    assert min(row["at"] for row in left if row["stream"] == first.stream).month == 3
    assert len([r for r in left if r["stream"] == first.stream and r["at"].month == 3]) < 10
    await world.keep(1, other.id)
    done = await world.archive.run(NOW)
    assert [entry.month for entry in done.written] == [MARCH, APRIL]
    assert await world.buckets() == before


async def test_a_run_that_was_cut_off_is_taken_up(
    world: World, make_meter: MakeMeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/retention.md: a file that is noted is finished, one that is not is written anew."""
    await spring(world, make_meter)
    before = await world.buckets()
    await world.keep(1)

    with monkeypatch.context() as patch:
        patch.setattr(world.archive._leaving, "leave", cut_off)
        with pytest.raises(RuntimeError):
            await world.archive.run(NOW)
    half = world.folder / "organisation-1" / ".2025-04.parquet.new"
    half.write_bytes(b"half")
    (entry,) = await world.archive.catalogue.all()
    assert entry.state == "written"
    done = await world.archive.run(NOW)
    assert [entry.month for entry in done.written] == [APRIL]
    assert not half.exists()
    assert await world.buckets() == before
    assert {entry.state for entry in await world.archive.catalogue.all()} == {"archived"}


async def test_a_killed_run_closes_nothing(world: World, make_meter: MakeMeter) -> None:
    """docs/retention.md: only archived time refuses; what was never written out is none."""
    meter = await spring(world, make_meter)
    await world.archive._closed([meter.stream], datetime(2025, 4, 1, tzinfo=UTC))
    late = Row(meter.stream, datetime(2025, 3, 31, 10, 30, tzinfo=UTC), NOW, {"1.8.0": 3.45})
    assert await world.commit([late]) == [Fate.REFUSED]
    assert (await world.archive.run(NOW)).written == ()
    assert await world.commit([late]) == [Fate.LATE]


async def test_no_bucket_is_made_of_what_is_left_of_a_month(
    world: World, make_meter: MakeMeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/retention.md: energy stays, also of a month that leaves while its buckets are made."""
    await spring(world, make_meter)
    before = await world.buckets()
    await world.keep(1)
    make_turn, leave = rollup_make._turn, world.archive._leaving.leave

    with monkeypatch.context() as patch:
        patch.setattr(world.archive._leaving, "leave", cut_off)
        with pytest.raises(RuntimeError):
            await world.archive.run(NOW)
    turns: list[int] = []

    async def leaves_meanwhile(connection: Connection, *given: Any) -> None:
        if not turns:
            turns.append(await leave(MARCH, await world.archive.catalogue.all()))
        await make_turn(connection, *given)

    monkeypatch.setattr(rollup_make, "_turn", leaves_meanwhile)
    assert await Rollups(world.database).work_off() == 1
    assert turns[0] > 0
    assert await world.buckets() == before


async def test_a_month_that_cannot_be_written_stays_as_it_was(
    world: World, make_meter: MakeMeter
) -> None:
    """docs/retention.md: what cannot be archived stays, is said, and takes late readings on."""
    meter = await spring(world, make_meter)
    readings = await world.readings()
    await world.keep(1)
    world.folder.write_text("a file where the folder should be")
    done = await world.archive.run(NOW)
    assert (done.written, done.left) == ((), 0)
    assert len(done.troubles) == 1
    assert done.troubles[0].startswith("Works, 2025-03: the archive file ")
    assert await world.readings() == readings
    late = Row(meter.stream, datetime(2025, 3, 31, 10, 30, tzinfo=UTC), NOW, {"1.8.0": 3.45})
    assert await world.commit([late]) == [Fate.LATE]
    world.folder.unlink()
    done = await world.archive.run(NOW)
    assert [(entry.month, entry.rows) for entry in done.written] == [(MARCH, 49), (APRIL, 720)]


async def test_nothing_leaves_for_a_file_that_is_not_right(
    world: World, make_meter: MakeMeter
) -> None:
    """docs/retention.md: a damaged file is found, restores nothing, and is named."""
    await spring(world, make_meter)
    await world.keep(1)
    await world.archive.run(NOW)
    file = world.folder / "organisation-1" / "2025-03.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[:-10] + b"0123456789")
    (name, trouble), _ = await world.archive.verify()
    assert name == "organisation-1/2025-03.parquet"
    assert trouble is not None
    assert "SHA-256" in trouble
    with pytest.raises(Conflict, match="SHA-256"):
        await world.archive.restore(1, MARCH, NOW)
    file.unlink()
    with pytest.raises(Conflict, match="cannot be read"):
        await world.archive.restore(1, MARCH, NOW)
    (world.folder / "stray.parquet").write_bytes(whole)
    assert ("stray.parquet", "the database does not know this file") in (
        await world.archive.verify()
    )


async def test_one_at_a_time(world: World, make_meter: MakeMeter) -> None:
    """docs/retention.md: two programs would delete what the other writes out."""
    await spring(world, make_meter)
    with psycopg.connect(world.database.url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (ARCHIVING,))
        with pytest.raises(Conflict, match="another program archives"):
            await world.archive.run(NOW)
        with pytest.raises(Conflict, match="another program archives"):
            await world.archive.restore(1, MARCH, NOW)
    with pytest.raises(NotFound, match="nothing archived of 2025-03"):
        await world.archive.restore(1, MARCH, NOW)
    with pytest.raises(NotFound, match="no organisation 77"):
        await world.archive.restore(77, MARCH, NOW)


async def test_months_become_columnar_where_that_is(world: World, make_meter: MakeMeter) -> None:
    """docs/retention.md: found by itself; nothing is lost; a heap under that name stands in."""
    meter = await spring(world, make_meter)
    with pytest.raises(Unavailable, match="no access method 'columnar'"):
        await convert(world.database, MAY)
    await world.database.change(
        "CREATE ACCESS METHOD columnar TYPE TABLE HANDLER heap_tableam_handler"
    )
    before, readings = await world.buckets(), await world.readings()
    assert await convert(world.database, MAY) == [MARCH, APRIL]
    assert await convert(world.database, MAY) == []
    assert await world.readings() == readings
    late = Row(meter.stream, datetime(2025, 4, 20, 10, 30, tzinfo=UTC), NOW, {"1.8.0": 63.23})
    assert await world.commit([late]) == [Fate.REFUSED]
    await world.keep(2)
    other = await Organisations(world.database).add("Other")
    await Sites(world.database).add("Home", other.id, "UTC")
    done = await world.archive.run(NOW)
    assert [entry.month for entry in done.written] == [MARCH]
    assert await world.buckets() == before


def uneven(meter: Meter, chance: random.Random) -> list[Row]:
    """Days of a meter that is read unevenly, over the end of a month."""
    at, kwh, sold, who, rows = datetime(2025, 4, 27, tzinfo=UTC), 99_990.0, 5.0, None, []
    while at < datetime(2025, 5, 3, tzinfo=UTC):
        at += timedelta(minutes=chance.choice([15, 15, 15, 17, 60, 600, 4000]))
        kwh, sold = (kwh + chance.random()) % 100_000, sold + chance.random()
        if chance.random() < 0.03:
            who = chance.choice([None, Identity(id="a"), Identity(id="b")])
        values = {"1.8.0": kwh, "1.7.0": chance.random()}
        if chance.random() < 0.2:
            values["2.8.0"] = sold
        rows.append(Row(meter.stream, at, NOW, values, identity=who))
    return rows


@pytest.mark.parametrize("seed", range(2))
async def test_energy_after_the_edge_is_as_if_nothing_had_left(
    world: World, make_meter: MakeMeter, seed: int
) -> None:
    """docs/retention.md: late readings of months that are there give the buckets they would."""
    chance = random.Random(seed)
    one = await make_meter("archived", interval_s=900.0)
    rows = uneven(one, chance)
    edge = datetime(2025, 5, 1, tzinfo=UTC)
    late = [row for row in rows if row.at >= edge and chance.random() < 0.5]
    late += [row for row in rows if row.at >= edge][:2]  # those right at the edge, too
    early = [row for row in rows if row not in late]
    await world.commit(early)
    await world.keep(1)
    done = await world.archive.run(NOW)
    assert not done.troubles
    chance.shuffle(late)
    for n in range(0, len(late), 20):
        await world.commit(late[n : n + 20])
        await world.buckets()
    found, events = await world.buckets(), await world.events()
    await world.database.change("DELETE FROM archive_floors")
    await world.database.change("DELETE FROM readings WHERE stream = %s", (one.stream,))
    for table in ("rollups", "stream_events", "latest"):
        await world.database.change(f"DELETE FROM {table} WHERE stream = %s", (one.stream,))
    await world.commit(rows)
    assert_same(found, await world.buckets())
    assert_same(events, await world.events())


def assert_same(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    """The same rows; sums may differ in the last digit, since they begin elsewhere."""
    assert len(found) == len(wanted) > 0
    for one, other in zip(found, wanted, strict=True):
        assert one == {
            name: pytest.approx(value, abs=1e-6) if isinstance(value, float) else value
            for name, value in other.items()
        }
