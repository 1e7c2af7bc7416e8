"""Exports from a real database: every reading, once and in order, wherever it is kept."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pyarrow import parquet
from tests.store.conftest import MakeMeter

from ohmstead.clock import SetClock
from ohmstead.errors import BadInput, Conflict
from ohmstead.reading.reading import Identity
from ohmstead.store.archive import Archive
from ohmstead.store.audit import By
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.export_meters import countable, saying
from ohmstead.store.exports import (
    PAGE_ROWS,
    EnergyAsked,
    Exports,
    ReadingsAsked,
    sheet_of_readings,
    stretches,
)
from ohmstead.store.meters import Meter
from ohmstead.store.retention import Retentions
from ohmstead.store.virtual_meters import VirtualMeters
from ohmstead.surfaces import formats
from ohmstead.surfaces.table import Cell

NOW = datetime(2025, 6, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> SetClock:
    """A noon in June."""
    return SetClock(NOW)


async def rows_of(exports: Exports, asked: ReadingsAsked) -> list[dict[str, Cell]]:
    """Every row by name of column."""
    columns = await exports.columns(asked)
    names = [column.name for column in columns]
    return [
        dict(zip(names, row, strict=True))
        async for page in exports.readings(asked, columns)
        for row in page.rows
    ]


async def written(exports: Exports, asked: ReadingsAsked, name: str) -> bytes:
    columns = await exports.columns(asked)
    writer = formats.BY_NAME[name].write(sheet_of_readings(asked, columns, NOW))
    said = [writer.feed(page) async for page in exports.readings(asked, columns)]
    return b"".join([*said, *writer.end()])


def hourly(meter: Meter, first: datetime, hours: int) -> list[Row]:
    """A reading each hour, with a counter that grows by an odd fraction."""
    return [
        Row(meter.stream, first + n * HOUR, NOW, {"1.8.0": n * 0.1, "1.7.0": n % 7 / 3}, number=n)
        for n in range(hours)
    ]


async def test_archived_months_are_in_an_export_as_if_they_were_stored(
    database: Database, clock: SetClock, make_meter: MakeMeter, tmp_path: Path
) -> None:
    """docs/exports.md: what retention moved into files is read from them, each reading once."""
    meter, other = await make_meter("m1", interval_s=3600.0), await make_meter("m2")
    commit = Committer(database, clock).commit
    await commit(hourly(meter, datetime(2025, 3, 29, tzinfo=UTC), 24 * 60))
    await commit([Row(other.stream, datetime(2025, 4, 2, tzinfo=UTC), NOW, {"2.8.0": 5.0})])
    exports = Exports(database, tmp_path)
    asked = ReadingsAsked([meter, other], date(2025, 3, 30), date(2025, 5, 10))
    before = await rows_of(exports, asked)
    assert len(before) == 24 * 41 - 1 + 1
    await Retentions(database).set(1, 1, by=By("test", NOW))
    done = await Archive(database, tmp_path).run(NOW)
    assert len(done.written) == 2
    assert await rows_of(exports, asked) == before
    assert json.loads(await written(exports, asked, "json"))[-1]["active_export_energy_kwh"] == 5.0
    (tmp_path / done.written[0].name).unlink()
    with pytest.raises(Conflict, match="is missing"):
        await rows_of(exports, asked)
    with pytest.raises(Conflict, match="archive"):
        await rows_of(Exports(database), asked)


async def test_readings_come_page_by_page_in_order_with_every_digit(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/exports.md: local and UTC time, numbers as they were stored, `to` is exclusive."""
    meter = await make_meter("m1", "Asia/Kathmandu")
    first = datetime(2025, 6, 1, tzinfo=UTC)
    count = 2 * PAGE_ROWS
    rows = [
        Row(meter.stream, first + timedelta(seconds=n), NOW, {"1.8.0": 0.1 * n, "1.7.0": n / 3})
        for n in range(count + 1)
    ]
    await Committer(database, clock).commit(rows)
    exports = Exports(database)
    asked = ReadingsAsked([meter], first, first + timedelta(seconds=count), ("1.8.0",))
    found = await rows_of(exports, asked)
    assert [row["active_import_energy_kwh"] for row in found] == [0.1 * n for n in range(count)]
    assert "active_import_power_kw" not in found[0]
    assert found[0]["at"].isoformat() == "2025-06-01T05:45:00+05:45"
    table = parquet.read_table(io.BytesIO(await written(exports, asked, "parquet")))
    assert table["active_import_energy_kwh"].to_pylist() == [0.1 * n for n in range(count)]
    day = ReadingsAsked([meter], date(2025, 6, 1), date(2025, 6, 2))
    assert await rows_of(exports, day) == await rows_of(
        exports, ReadingsAsked([meter], first - 5.75 * HOUR, first + 18.25 * HOUR)
    )
    with pytest.raises(BadInput, match="is not a quantity"):
        await exports.columns(ReadingsAsked([meter], *day.span(meter), ("9.9.9",)))
    with pytest.raises(BadInput, match="is not before"):
        await exports.columns(ReadingsAsked([meter], date(2025, 6, 2), date(2025, 6, 2)))


async def test_the_devices_own_csv(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/exports.md: as a gateway's SD card has it, with the meter's name and local time."""
    meter = await make_meter("m1")
    at = datetime(2025, 6, 1, 10, tzinfo=UTC)
    who = Identity(id="4711", model="AM550")
    row = Row(meter.stream, at, NOW, {"1.8.0": 12.5}, number=7, tariff=1, identity=who)
    await Committer(database, clock).commit([row])
    asked = ReadingsAsked([meter], date(2025, 6, 1), date(2025, 6, 2))
    lines = (await written(Exports(database), asked, "sd-card")).decode().split("\n")
    assert lines[0].startswith("RID,TIME,")
    assert lines[1].startswith('7,"2025-06-01T12:00:00')
    assert '"4711"' in lines[1]
    assert len(lines[1].split(",")) == len(lines[0].split(","))
    assert lines[2:] == [""]
    old = Row(meter.stream, at - HOUR, NOW, {"1.8.0": 99.0}, identity=Identity(id="4710"))
    then = [Row(meter.stream, at + n * HOUR, NOW, {"1.8.0": 13.0}) for n in (-0.5, 0.5)]
    await Committer(database, clock).commit([old, *then])
    lines = (await written(Exports(database), asked, "sd-card")).decode().split("\n")
    assert [line.split(",")[2] for line in lines[1:5]] == ['""', '""', '"4711"', '"4711"']
    two = ReadingsAsked([meter, await make_meter("m2")], date(2025, 6, 1), date(2025, 6, 2))
    with pytest.raises(BadInput, match="give one --meter"):
        await written(Exports(database), two, "sd-card")


async def energy(database: Database, asked: EnergyAsked) -> list[Sequence[Cell]]:
    pages = Exports(database).energy(asked, NOW)
    return [row async for page in pages for row in page.rows]


async def test_what_the_counter_said_at_both_ends(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/exports.md: counter_start and counter_end; empty where the meter was silent before."""
    meter = await make_meter("m1", interval_s=3600.0)
    first = datetime(2025, 5, 31, 22, tzinfo=UTC)
    rows = [each for n, each in enumerate(hourly(meter, first, 60)) if not 20 <= n < 30]
    await Committer(database, clock).commit(rows)
    asked = EnergyAsked([meter], "1.8.0", "day", date(2025, 6, 1), date(2025, 6, 4), counters=True)
    found = await energy(database, asked)
    assert [column.name for column in asked.columns][-2:] == ["counter_start", "counter_end"]
    assert [list(row[-2:]) for row in found] == [
        [0.0, None],
        [None, 4.800000000000001],
        [4.800000000000001, None],
    ]
    for quantity, why in (("16.8.0", "no counter of its own"), ("9.9.9", "is not a counter")):
        wrong = EnergyAsked([meter], quantity, "day", asked.first, asked.last, counters=True)
        with pytest.raises(BadInput, match=why):
            await energy(database, wrong)


async def test_a_long_time_is_cut_where_months_begin(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/exports.md: an export is read in pages; whatever the cuts, the rows are the same."""
    meter = await make_meter("m1", interval_s=3600.0)
    await Committer(database, clock).commit(hourly(meter, datetime(2025, 1, 15, tzinfo=UTC), 2400))
    span = date(2025, 1, 10), date(2025, 4, 20)
    by_day = await energy(database, EnergyAsked([meter], "1.8.0", "day", *span, bare=True))
    assert [row[0].date() for row in by_day] == [
        span[0] + timedelta(days=n) for n in range((span[1] - span[0]).days)
    ]
    by_month = await energy(database, EnergyAsked([meter], "1.8.0", "month", *span, named=True))
    assert [row[0] for row in by_month] == ["m1"] * 4
    assert sum(row[3] for row in by_month) == pytest.approx(sum(row[2] or 0 for row in by_day))
    with pytest.raises(BadInput, match="the last day is not part of what is asked"):
        await energy(database, EnergyAsked([meter], "1.8.0", "day", span[1], span[0]))


async def test_meters_that_count_no_energy_are_left_out(make_meter: MakeMeter) -> None:
    """docs/commands.md: of a site, those that count no energy are named on standard error."""
    meters = [await make_meter("m1"), await make_meter("g", type="gas")]
    can, cannot = countable(meters, "1.8.0")
    assert [meter.id for meter in can] == ["m1"]
    assert cannot == ["meter 'g' of gas counts m3, which is no energy: ask for the quantity value"]


async def test_virtual_meters_have_neither_readings_nor_counters(
    database: Database, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md: nothing of one is stored, so its readings are refused."""
    real = await make_meter("m1")
    virtual = await VirtualMeters(database).add("v", real.site.id, "m1 * 2")
    can, cannot = saying([real, virtual])
    assert can == [real]
    first, last = date(2025, 7, 1), date(2025, 7, 2)
    with pytest.raises(
        BadInput, match="'v' is virtual and has no readings: export its energy"
    ) as no:
        await Exports(database).columns(ReadingsAsked([real, virtual], first, last))
    assert cannot == [str(no.value)]
    both = EnergyAsked([real, virtual], "1.8.0", "day", first, last, named=True, counters=True)
    assert [row[-2:] for row in await energy(database, both)] == [[None, None], [None, None]]
    with pytest.raises(BadInput, match="meter 'v' counts intervals: leave --counters out"):
        EnergyAsked([virtual], "1.8.0", "day", first, last, counters=True).check()


def test_stretches_end_where_a_month_does() -> None:
    """docs/exports.md: a month of a meter is in memory at a time."""
    months = stretches("hour", date(2024, 12, 30), date(2025, 2, 1))
    assert months == [
        (date(2024, 12, 30), date(2025, 1, 1)),
        (date(2025, 1, 1), date(2025, 2, 1)),
    ]
    assert len(stretches("month", date(2024, 6, 1), date(2026, 6, 1))) == 3
