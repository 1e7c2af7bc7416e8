"""Rollups: as the readings are, whatever the order they came in."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.store.conftest import MakeMeter

from ohmstead.clock import SetClock
from ohmstead.reading.reading import Identity
from ohmstead.store import rollup_make
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.meter_settings import MeterSettings
from ohmstead.store.rollup_pending import Pending, Stretch
from ohmstead.store.rollups import Rollups, rest_s

QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
START = datetime(2025, 3, 29, 20, tzinfo=UTC)
"""Some hours before the clocks are changed in Zurich."""


async def write(
    database: Database, clock: SetClock, stream: int, said: Sequence[tuple[float, float]]
) -> None:
    """Readings of 1.8.0, `said` in hours after START."""
    rows = [Row(stream, START + h * HOUR, clock.now(), {"1.8.0": kwh}) for h, kwh in said]
    await Committer(database, clock).commit(rows)


async def rollups(database: Database, stream: int, level: int) -> list[dict[str, Any]]:
    return await database.rows(
        "SELECT * FROM rollups WHERE stream = %s AND level = %s ORDER BY at, part", (stream, level)
    )


async def test_a_commit_is_in_the_buckets(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: each level is the sum of the one below."""
    meter = await make_meter(interval_s=900.0)
    await write(database, clock, meter.stream, [(0.25 * n, 100 + n) for n in range(9)])
    await Rollups(database).refresh([meter.stream])
    quarters = await rollups(database, meter.stream, 0)
    assert [row["active_import_energy_kwh"] for row in quarters] == [1.0] * 8
    assert [row["covered_s"] for row in quarters] == [900.0] * 8
    hours = await rollups(database, meter.stream, 1)
    assert [row["active_import_energy_kwh"] for row in hours] == [4.0, 4.0]
    assert [row["clock_15"] for row in hours] == [4.0, 4.0]
    (month,) = await rollups(database, meter.stream, 3)
    assert month["at"] == datetime(2025, 2, 28, 23, tzinfo=UTC)
    assert month["active_import_energy_kwh"] == 8.0
    assert month["sliding_60"] == 4.0
    assert await Rollups(database).work_off() == 1
    assert await rollups(database, meter.stream, 0) == quarters
    assert await Rollups(database).work_off() == 0


async def test_a_late_reading_changes_the_interval_after_it_too(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: what lay across a hole is measured once the hole is filled."""
    meter = await make_meter(interval_s=3600.0)
    await write(database, clock, meter.stream, [(0, 0), (1, 1), (4, 7), (5, 8)])
    await Rollups(database).refresh([meter.stream])
    hours = await rollups(database, meter.stream, 1)
    assert [(r["part"], r["active_import_energy_kwh"]) for r in hours] == [
        (0, 1), (0, 2), (1, 2), (0, 2), (1, 2), (0, 2), (1, 2), (0, 1),
    ]  # fmt: skip
    await write(database, clock, meter.stream, [(2, 1.5), (3, 2)])
    await Rollups(database).refresh([meter.stream])
    hours = await rollups(database, meter.stream, 1)
    assert [(r["part"], r["active_import_energy_kwh"]) for r in hours] == [
        (0, 1), (0, 0.5), (0, 0.5), (0, 5), (0, 1),
    ]  # fmt: skip
    events = await database.rows(
        "SELECT kind FROM stream_events WHERE stream = %s", (meter.stream,)
    )
    assert events == []


async def test_an_exchanged_meter_is_found_by_its_number(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: another serial number; nothing is known of the time in between."""
    meter = await make_meter(interval_s=3600.0)
    committer = Committer(database, clock)
    for hour, kwh, serial in ((2, 501.0, "new"), (0, 10.0, "old"), (1, 500.0, "new")):
        at, who = START + hour * HOUR, Identity(id=serial)
        await committer.commit([Row(meter.stream, at, clock.now(), {"1.8.0": kwh}, identity=who)])
    await Rollups(database).refresh([meter.stream])
    hours = await rollups(database, meter.stream, 1)
    assert [(row["at"], row["active_import_energy_kwh"]) for row in hours] == [(START + HOUR, 1.0)]
    (event,) = await database.rows(
        "SELECT kind, at, began FROM stream_events WHERE stream = %s", (meter.stream,)
    )
    assert event == {"kind": "exchange", "at": START + HOUR, "began": START}


ZONES = ["Europe/Zurich", "Europe/Lisbon", "Australia/Lord_Howe", "Asia/Kathmandu"]
SERIALS = [None, Identity(id="a"), Identity(id="b")]


def history(stream: int, chance: random.Random, now: datetime) -> list[Row]:
    """Two days of a meter that is read unevenly: holes, resets, another meter, two counters."""
    rows, kwh, sold, who = [], chance.choice([0.0, 99_995.0, 500.0]), 7.0, None
    at = START + timedelta(seconds=chance.randrange(900))
    gaps = chance.choice([[300, 900, 901, 900, 1800, 7200, 20_000], [900] * 40 + [20_000]])
    for _ in range(60):
        at += timedelta(seconds=chance.choice(gaps))
        kwh, sold = kwh + chance.random() * 3, sold + chance.random()
        if kwh > 100_000 or chance.random() < 0.03:
            kwh = kwh - 100_000 if kwh > 100_000 else chance.random()
        if chance.random() < 0.05:
            who = chance.choice(SERIALS)
        values = {"1.8.0": kwh, "1.7.0": chance.random() * 5}
        if chance.random() < 0.3:
            values = {"2.8.0": sold} if chance.random() < 0.5 else {**values, "2.8.0": sold}
        rows.append(Row(stream, at, now, values, identity=who))
    return rows


@pytest.mark.parametrize("seed", range(8))
async def test_rollups_are_those_of_a_full_recomputation(
    database: Database, clock: SetClock, make_meter: MakeMeter, seed: int
) -> None:
    """docs/energy.md: whatever comes in whatever batches and order, made as it comes or at once."""
    chance = random.Random(seed)
    zone = ZONES[seed % len(ZONES)]
    reading = "interval" if seed == 7 else "cumulative"
    one = await make_meter("m1", zone, interval_s=900.0, reading=reading)
    other = await make_meter("m2", zone, interval_s=900.0, reading=reading)
    said = history(one.stream, chance, clock.now())
    kept, committer = Rollups(database), Committer(database, clock)
    shuffled = sorted(enumerate(said), key=lambda each: each[0] + chance.choice([0, 0, 0, 9, 60]))
    while shuffled:
        size = chance.randrange(1, 25)
        batch, shuffled = shuffled[:size], shuffled[size:]
        await committer.commit([row for _, row in batch])
        how = chance.random()
        if how < 0.4:
            await kept.refresh([one.stream])
        elif how < 0.8:
            await kept.work_off()
    names = ("at", "received_at", "values", "identity")
    await committer.commit(
        [Row(other.stream, **{name: getattr(row, name) for name in names}) for row in said]
    )
    await kept.refresh([one.stream, other.stream])
    await as_each_other(database, one.stream, other.stream)


async def as_each_other(database: Database, one: int, other: int) -> None:
    """Buckets and events of both are the same."""
    for level in range(4):
        found = await rollups(database, one, level)
        wanted = await rollups(database, other, level)
        assert [(r["at"], r["part"]) for r in found] == [(r["at"], r["part"]) for r in wanted]
        for row, expected in zip(found, wanted, strict=True):
            for column in row.keys() - {"stream", "at"}:
                assert row[column] == pytest.approx(expected[column], abs=1e-8), (column, row["at"])
    events = [
        await database.rows(
            "SELECT at, kind, quantity, began, before, after, energy FROM stream_events"
            " WHERE stream = %s ORDER BY at, kind, quantity",
            (stream,),
        )
        for stream in (one, other)
    ]
    assert events[0] == events[1]


async def test_many_meters_that_go_on_are_made_at_once(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: made a few readings at a time, with others, or all at once and alone."""
    zones = ["Europe/Zurich", "Europe/Zurich", "Australia/Lord_Howe"]
    ones = [await make_meter(f"a{n}", zone, interval_s=900.0) for n, zone in enumerate(zones)]
    others = [await make_meter(f"b{n}", zone, interval_s=900.0) for n, zone in enumerate(zones)]
    kept, committer = Rollups(database), Committer(database, clock)

    def said(streams: Sequence[int], hour: float) -> list[Row]:
        at, kwh = START + hour * HOUR, hour * hour
        shown = {"1.8.0": kwh, "2.8.0": 2 * kwh, "1.7.0": hour}
        late = timedelta(seconds=100)
        return [Row(s, at + n * late, clock.now(), shown) for n, s in enumerate(streams)]

    for quarter in range(40):
        await committer.commit(said([meter.stream for meter in ones], quarter / 4))
        if quarter % 3 == 2:
            await kept.work_off()
    for quarter in range(40):
        await committer.commit(said([meter.stream for meter in others], quarter / 4))
    for meter in (*ones, *others):
        await kept.refresh([meter.stream])
    for one, other in zip(ones, others, strict=True):
        for level in range(4):
            found = await rollups(database, one.stream, level)
            wanted = await rollups(database, other.stream, level)
            assert [row.pop("at") for row in found] == [row.pop("at") for row in wanted] != []
            for row, expected in zip(found, wanted, strict=True):
                assert row == pytest.approx({**expected, "stream": one.stream}, abs=1e-8)


async def test_what_was_stored_before_there_were_rollups_is_made_too(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """A note without columns, as the migration writes it: the counters are looked for."""
    meter = await make_meter(interval_s=900.0)
    await write(database, clock, meter.stream, [(0, 1), (0.25, 2)])
    await database.change("DELETE FROM rollup_notes WHERE stream = %s", (meter.stream,))
    await database.change(
        "INSERT INTO rollup_notes (stream, first, last)"
        " SELECT stream, min(at), max(at) FROM readings WHERE stream = %s GROUP BY stream",
        (meter.stream,),
    )
    await Rollups(database).refresh([meter.stream])
    (quarter,) = await rollups(database, meter.stream, 0)
    assert quarter["active_import_energy_kwh"] == 1.0


async def test_the_worker_makes_what_it_can(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: within seconds nobody has to ask; a stream that fails holds up no other."""
    bad, good = await make_meter("bad"), await make_meter("good", interval_s=900.0)
    await write(database, clock, bad.stream, [(0, 1), (0.25, 2)])
    await database.change("UPDATE meters SET type = 'none' WHERE stream = %s", (bad.stream,))
    await write(database, clock, good.stream, [(0, 1), (0.25, 2)])
    assert await Rollups(database).work_off() == 2
    assert len(await rollups(database, good.stream, 3)) == 1
    assert await rollups(database, bad.stream, 0) == []
    for _ in range(2):
        kept = await database.rows("SELECT id FROM rollup_notes WHERE stream = %s", (bad.stream,))
        assert len(kept) == 1
        assert await Rollups(database).work_off() == 1
    assert await database.rows("SELECT id FROM rollup_batches") == []


@pytest.mark.parametrize("digits, energy, kind", [(None, 2.0, "rollover"), (6, None, "reset")])
async def test_known_digits_say_where_a_counter_begins_anew(
    database: Database, clock: SetClock, make_meter: MakeMeter,
    digits: int | None, energy: float | None, kind: str,
) -> None:  # fmt: skip
    """docs/energy.md: 99 999 to 1 is a rollover of five digits, and none of six."""
    meter = await make_meter(interval_s=3600.0)
    await write(database, clock, meter.stream, [(0, 99_999), (1, 1)])
    await Rollups(database).refresh([meter.stream])
    await MeterSettings(database).change(meter.id, counter_digits=digits)
    await Rollups(database).refresh([meter.stream])
    found = await rollups(database, meter.stream, 1)
    assert [row["active_import_energy_kwh"] for row in found] == ([energy] if energy else [])
    (event,) = await database.rows(
        "SELECT kind FROM stream_events WHERE stream = %s", (meter.stream,)
    )
    assert event == {"kind": kind}


def first_hours(stream: int, chance: random.Random, now: datetime) -> list[Row]:
    """A new meter: a reading every few minutes, resets, an outage, counters that come and go."""
    rows, kwh, at = [], 100.0, START + timedelta(seconds=chance.randrange(1800))
    for n in range(chance.randrange(3, 25)):
        at += timedelta(seconds=chance.choice([60, 300, 900, 900, 5400]))
        kwh = chance.random() if chance.random() < 0.1 else kwh + chance.random()
        said = {"1.8.0": kwh, "1.7.0": chance.random()}
        if n % 5 == stream % 5:
            said = {"2.8.0": float(n)} if chance.random() < 0.5 else {**said, "2.8.0": float(n)}
        rows.append(Row(stream, at, now, said))
    return rows


@pytest.mark.parametrize("seed", range(2))
async def test_new_meters_are_made_at_once_as_each_alone_with_all_that_is_beside(
    database: Database, clock: SetClock, make_meter: MakeMeter, monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:  # fmt: skip
    """docs/energy.md: first hours, late packets before the first, outages, an archived floor."""
    chance = random.Random(seed)
    ones = [await make_meter(f"a{n}", interval_s=900.0) for n in range(5)]
    others = [await make_meter(f"b{n}", interval_s=900.0) for n in range(5)]
    kept, committer = Rollups(database), Committer(database, clock)
    said = [row for meter in ones for row in first_hours(meter.stream, chance, clock.now())]
    said.sort(key=lambda row: row.at + chance.choice([0, 0, 0, 1, 4]) * HOUR)
    same = {one.stream: other.stream for one, other in zip(ones, others, strict=True)}
    await database.change(
        "INSERT INTO archive_floors (stream, floor, archived, exact) VALUES (%s, %s, %s, %s)",
        (ones[0].stream, START - 30 * HOUR, START - 60 * HOUR, START - 40 * HOUR),
    )
    alone: list[object] = []
    make_far = rollup_make._far

    async def far(*given: Any) -> None:
        alone.append(given)
        await make_far(*given)

    monkeypatch.setattr(rollup_make, "_far", far)
    for n in range(0, len(said), 25):
        await committer.commit(said[n : n + 25])
        await kept.work_off()
    assert alone == []
    monkeypatch.setattr(rollup_make, "_goes_on", lambda *_: None)
    await committer.commit([Row(same[r.stream], r.at, r.received_at, r.values) for r in said])
    await kept.work_off()
    assert len(alone) == len(others)
    for one, other in zip(ones, others, strict=True):
        await as_each_other(database, one.stream, other.stream)


@pytest.mark.parametrize("seed", range(2))
async def test_peaks_of_meters_that_speak_often_are_made_when_the_quarter_is_over_or_asked_for(
    database: Database, clock: SetClock, make_meter: MakeMeter, seed: int
) -> None:
    """docs/energy.md: whoever asks gets them at once; late packets, resets, silence in between."""
    chance = random.Random(seed)
    ones = [await make_meter(f"a{n}", interval_s=30.0) for n in range(2)]
    others = [await make_meter(f"b{n}", interval_s=30.0) for n in range(2)]
    kept, committer = Rollups(database), Committer(database, clock)
    rows: list[Row] = []
    for one in ones:
        at, kwh = START + timedelta(seconds=chance.randrange(900)), 5.0
        for n in range(150):
            at += timedelta(seconds=chance.choice([30] * 30 + [29.5, 31, 75, 1000]))
            kwh = 0.0 if chance.random() < 0.01 else kwh + chance.random() / 100
            said = {"1.8.0": kwh, "1.7.0": chance.random()}
            rows.append(Row(one.stream, at, clock.now(), {"2.8.0": n} if n % 50 == 9 else said))
    rows.sort(key=lambda row: row.at + chance.choice([0] * 40 + [1]) * timedelta(minutes=20))
    every = list(rows)
    owed = "SELECT stream FROM rollup_streams WHERE owed IS NOT NULL"
    left = 0
    while rows:
        size = chance.randrange(10, 60)
        batch, rows = rows[:size], rows[size:]
        await committer.commit(batch)
        await kept.work_off()
        left += len(await database.rows(owed))
        if chance.random() < 0.2:
            await kept.refresh([each.stream for each in ones])
            assert await database.rows(owed) == []
    assert left > 0
    same = {one.stream: other.stream for one, other in zip(ones, others, strict=True)}
    await committer.commit([Row(same[r.stream], r.at, r.received_at, r.values) for r in every])
    await kept.refresh([each.stream for each in others])
    await kept.work_off()
    assert await database.rows(owed) == []
    for one, other in zip(ones, others, strict=True):
        await as_each_other(database, one.stream, other.stream)


def test_the_worker_waits_for_more_packets_of_each_where_there_are_many() -> None:
    """docs/energy.md: it begins every two minutes, unless it works for longer than one."""
    many = {stream: [Stretch(0.0, 1.0, 0)] for stream in range(200)}
    assert rest_s(0.1, Pending({}, {}, [])) == 2.0
    assert rest_s(3.0, Pending(many, {}, [], 399)) == 12.0
    assert rest_s(90.0, Pending(many, {}, [], 200)) == 30.0
    assert rest_s(3.0, Pending(many, {}, [], 400)) == 117.0
    assert rest_s(90.0, Pending(many, {}, [], 400)) == 90.0
