"""Packets stored with one statement: the same as the long way, whatever comes."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests.postgres import copied
from tests.store.conftest import NOW, MakeMeter

from ohmstead.clock import SetClock
from ohmstead.reading.numbers import Fields, Numbers
from ohmstead.reading.reading import Identity
from ohmstead.store import archive_floors, at_once
from ohmstead.store.committer import Committer, Fate, Outcome, Row
from ohmstead.store.database import Database
from ohmstead.store.meters import Meters

START = NOW - timedelta(days=1)
FIELDS = Fields.of(("36.7.0", "32.7.0", "1.8.0"), (1000.0, 1.0, 1000.0))


@pytest.fixture(params=["wheel", pytest.param("debian", marks=pytest.mark.optional)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the wheel's PostgreSQL, and one of the oldest that is supported."""
    server = "postgres_url" if request.param == "wheel" else "debian_url"
    yield from copied(request.getfixturevalue(server))


@pytest.fixture
async def short(database: Database, clock: SetClock) -> AsyncIterator[Committer]:
    """A committer with a connection of its own, which takes the short way."""
    committer = Committer(database, clock, own=True)
    yield committer
    await committer.close()


def packet(stream: int, second: float, *said: float, value: float | None = None) -> Row:
    numbers = (*said, *(math.nan,) * (3 - len(said)))
    return Row(
        stream,
        START + timedelta(seconds=second),
        NOW,
        Numbers(FIELDS, FIELDS.packed.pack(*numbers)),
        value=value,
        raw=b"{%d}" % second,
    )


async def there(database: Database, streams: Sequence[int]) -> list[dict[str, Any]]:
    """All that is known of streams, each as its place among them."""
    found: list[dict[str, Any]] = []
    for question in (
        "SELECT stream, at, net_power_l1_kw, voltage_l1_v, active_import_energy_kwh, value"
        " FROM readings WHERE stream = ANY(%s) ORDER BY stream, at",
        "SELECT stream, at, raw, net_power_l1_kw FROM newest WHERE stream = ANY(%s)"
        " ORDER BY stream",
    ):
        found += await database.rows(question, (list(streams),))
    return [{**row, "stream": streams.index(row["stream"])} for row in found]


async def test_the_short_way_does_what_the_long_way_does(
    database: Database, clock: SetClock, make_meter: MakeMeter, short: Committer
) -> None:
    """Wattics REST API, "Important notes": older packets are dropped, in whatever batch they come.

    Batches of several meters with packets twice, out of order, of one moment, and with holes.
    """
    one = [(await make_meter(f"a{n}")).stream for n in range(4)]
    other = [(await make_meter(f"b{n}")).stream for n in range(4)]
    long = Committer(database, clock)
    chance = random.Random(7)
    for turn in range(40):
        said = [
            (
                chance.randrange(4),
                turn * 10 + chance.randrange(-15, 10),
                [chance.choice((math.nan, chance.randrange(9))) for _ in range(3)],
            )
            for _ in range(chance.randrange(1, 8))
        ]
        outcomes: list[Outcome] = []
        for committer, streams in ((short, one), (long, other)):
            batch = [packet(streams[n], at, *numbers) for n, at, numbers in said]
            outcomes.append(await committer.commit(batch, "discard"))
        assert outcomes[0] == outcomes[1], said
    assert await there(database, one) == await there(database, other)
    meters = Meters(database)
    for mine, its in zip(one, other, strict=True):
        assert await meters.counts(mine) == await meters.counts(its)


async def test_all_that_is_new_is_noted(
    database: Database, clock: SetClock, make_meter: MakeMeter, short: Committer
) -> None:
    """docs/energy.md: buckets are made of what commits note."""
    streams = [(await make_meter(f"m{n}")).stream for n in range(3)]
    rows = [packet(stream, second, 1.0) for second in range(3) for stream in streams]
    assert (await short.commit(rows, "discard")).accepted == 9
    (noted,) = await database.rows("SELECT streams, firsts, lasts FROM rollup_batches")
    assert noted["streams"] == streams
    assert noted["firsts"] == [START] * 3
    assert noted["lasts"] == [START + timedelta(seconds=2)] * 3


async def test_whatever_is_not_ordinary_goes_the_long_way(
    database: Database, clock: SetClock, make_meter: MakeMeter, short: Committer
) -> None:
    """Archived months, odd numbers and who a meter is are looked at closely."""
    stream = (await make_meter()).stream
    old = NOW - archive_floors.YOUNG - timedelta(days=100)
    assert (await short.commit([Row(stream, old, NOW)], "discard")).fates == (Fate.ACCEPTED,)
    await database.change(
        "INSERT INTO archive_floors (stream, floor, archived, exact) VALUES (%s, %s, %s, %s)",
        (stream, *[NOW - archive_floors.YOUNG] * 3),
    )
    later = old + timedelta(days=1)
    rows = [Row(stream, later, NOW), Row(stream, NOW, NOW, tariff=2**15)]
    refused = await short.commit(rows, "discard")
    assert refused.fates == (Fate.REFUSED, Fate.REFUSED)
    assert "is archived" in refused.reasons[0]
    named = Row(stream, NOW, NOW, identity=Identity(id="7"))
    assert (await short.commit([named], "discard")).fates == (Fate.ACCEPTED,)
    kept = await database.one("SELECT identity FROM latest WHERE stream = %s", (stream,))
    assert kept == {"identity": {"id": "7"}}


async def test_a_reading_that_latest_does_not_know_is_found(
    database: Database, clock: SetClock, make_meter: MakeMeter, short: Committer
) -> None:
    """One duplicate must not fail a batch: the key of `readings` tells of it."""
    stream = (await make_meter()).stream
    await short.commit([packet(stream, 1, 1.0)], "discard")
    await database.change(
        "INSERT INTO readings (stream, at, received_at) VALUES (%s, %s, %s)",
        (stream, START + timedelta(seconds=2), NOW),
    )
    outcome = await short.commit([packet(stream, 2, 5.0), packet(stream, 3, 6.0)], "discard")
    assert outcome.fates == (Fate.DUPLICATE, Fate.ACCEPTED)


async def test_two_writers_of_one_stream_keep_the_order(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Two workers, shuffled packets: what is accepted was newer than all before it."""
    streams = [(await make_meter(f"m{n}")).stream for n in range(3)]
    chance = random.Random(3)
    seconds = list(range(60))
    async with Database(database.url) as second_database:
        committers = [Committer(each, clock, own=True) for each in (database, second_database)]

        async def write(committer: Committer, order: Sequence[int]) -> int:
            accepted = 0
            for n in range(0, 60, 6):
                batch = [packet(s, at, 1.0) for at in order[n : n + 6] for s in streams]
                accepted += (await committer.commit(batch, "discard")).accepted
            return accepted

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(write(each, chance.sample(seconds, 60))) for each in committers
            ]
        for each in committers:
            await each.close()
    found = await database.rows("SELECT stream, at FROM readings")
    assert len(found) == sum(task.result() for task in tasks)
    newest = await database.rows("SELECT at FROM latest")
    assert {row["at"] for row in newest} == {START + timedelta(seconds=59)}
    counted = [await Meters(database).counts(stream) for stream in streams]
    assert sum(each.accepted for each in counted) == len(found)
    assert all(each.accepted + each.late + each.duplicate == 120 for each in counted)


async def test_a_database_that_cannot_do_it_at_once_is_asked_once(
    database: Database,
    make_meter: MakeMeter,
    short: Committer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Citus may refuse a statement that writes several tables (decision 52)."""
    stream = (await make_meter()).stream
    asked: list[int] = []

    async def refused(*_: object) -> None:
        asked.append(1)
        raise psycopg.errors.FeatureNotSupported("not in a CTE")

    monkeypatch.setattr(at_once, "store", refused)
    for second in range(3):
        outcome = await short.commit([packet(stream, second, 1.0)], "discard")
        assert outcome.fates == (Fate.ACCEPTED,)
    assert asked == [1]
