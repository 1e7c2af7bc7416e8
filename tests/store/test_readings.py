"""Questions about what was measured: energy by local day, mean power, holes."""

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from tests.store.conftest import NOW, MakeMeter

from ohmstead.clock import SetClock
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.readings import Readings, day_bounds

HOUR = timedelta(hours=1)


async def write(
    database: Database, clock: SetClock, stream: int, values: dict[datetime, dict[str, float]]
) -> None:
    rows = [
        Row(
            stream,
            at,
            NOW,
            {k: v for k, v in said.items() if k != "value"},
            value=said.get("value"),
        )
        for at, said in values.items()
    ]
    await Committer(database, clock).commit(rows)


async def test_a_local_day_has_23_24_or_25_hours(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """1 kW for a whole year: in Zurich's clock changes of 2025 a day has 23 and 25 kWh."""
    meter = await make_meter(interval_s=900.0)
    for first in (datetime(2025, 3, 28, tzinfo=UTC), datetime(2025, 10, 24, tzinfo=UTC)):
        moments = [first + n * timedelta(minutes=15) for n in range(4 * 24 * 5)]
        counted = {at: {"1.8.0": (at - first) / HOUR, "2.8.0": 0.0} for at in moments}
        await write(database, clock, meter.stream, counted)
    readings = Readings(database)
    spring = await readings.energy_by_day(meter, date(2025, 3, 29), date(2025, 4, 1), NOW)
    assert [day.imported for day in spring] == pytest.approx([24, 23, 24])
    assert [day.hours for day in spring] == [24, 23, 24]
    assert [day.completeness for day in spring] == pytest.approx([1, 1, 1])
    assert [day.exported for day in spring] == [0, 0, 0]
    autumn = await readings.energy_by_day(meter, date(2025, 10, 25), date(2025, 10, 28), NOW)
    assert [day.imported for day in autumn] == pytest.approx([24, 25, 24])
    assert autumn[1].start == datetime(2025, 10, 25, 22, tzinfo=UTC)
    assert autumn[1].end == datetime(2025, 10, 26, 23, tzinfo=UTC)


async def test_a_reset_of_the_counter_counts_as_nothing(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Energy is never negative: where a counter falls back only that step is lost."""
    meter = await make_meter(interval_s=3600.0, zone="UTC")
    first = datetime(2025, 11, 10, tzinfo=UTC)
    counters = [100, 101, 103, 2, 5, 5]
    counted = {first + n * HOUR: {"1.8.0": float(kwh)} for n, kwh in enumerate(counters)}
    await write(database, clock, meter.stream, counted)
    [day] = await Readings(database).energy_by_day(meter, first.date(), date(2025, 11, 11), NOW)
    assert day.imported == pytest.approx(1 + 2 + 0 + 3 + 0)
    assert day.exported is None


async def test_midnight_belongs_to_the_day_that_ends(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """A day's energy runs from the last reading at or before its start to the last in it."""
    meter = await make_meter(interval_s=3600.0, zone="UTC")
    midnight = datetime(2025, 11, 10, tzinfo=UTC)
    counted = {
        midnight - HOUR: {"1.8.0": 10.0},
        midnight: {"1.8.0": 12.0},
        midnight + HOUR: {"1.8.0": 17.0},
        midnight + 26 * HOUR: {"1.8.0": 30.0},
    }
    await write(database, clock, meter.stream, counted)
    days = await Readings(database).energy_by_day(meter, date(2025, 11, 9), date(2025, 11, 13), NOW)
    assert [day.imported for day in days] == [2.0, 5.0, 13.0, None]
    later = await Readings(database).energy_by_day(
        meter, date(2025, 11, 11), date(2025, 11, 12), NOW
    )
    assert [day.imported for day in later] == [13.0]


async def test_a_day_of_which_nothing_is_known_is_none(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Absent is None, never 0; also where a first reading has nothing before it."""
    meter = await make_meter(interval_s=3600.0, zone="UTC")
    alone = datetime(2025, 11, 10, 12, tzinfo=UTC)
    await write(database, clock, meter.stream, {alone: {"1.8.0": 5.0}})
    days = await Readings(database).energy_by_day(meter, date(2025, 11, 9), date(2025, 11, 12), NOW)
    assert [day.imported for day in days] == [None, None, None]
    assert [day.completeness for day in days] == pytest.approx([0, 1 / 24, 0])
    assert (
        await Readings(database).energy_by_day(meter, date(2025, 11, 9), date(2025, 11, 9), NOW)
        == []
    )


async def test_a_running_day_is_complete_when_all_until_now_came(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Completeness of today is of the readings expected by now."""
    meter = await make_meter(interval_s=3600.0, zone="UTC")
    midnight = NOW.replace(hour=0)
    await write(
        database, clock, meter.stream, {midnight + n * HOUR: {"1.8.0": n * 1.0} for n in range(13)}
    )
    [today] = await Readings(database).energy_by_day(
        meter, midnight.date(), midnight.date() + timedelta(days=1), NOW
    )
    assert today.completeness == pytest.approx(1)
    assert today.imported == pytest.approx(12)


async def test_rows_without_the_counter_do_not_break_it(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Meters send the counter more rarely than the power: a reading without it is skipped."""
    meter = await make_meter(interval_s=3600.0, zone="UTC")
    first = datetime(2025, 11, 10, tzinfo=UTC)
    said = {
        first + n * HOUR: {"1.7.0": 1.0} if n % 2 else {"1.8.0": n * 1.0, "2.8.0": 3.0}
        for n in range(25)
    }
    await write(database, clock, meter.stream, said)
    [day] = await Readings(database).energy_by_day(meter, first.date(), date(2025, 11, 11), NOW)
    assert [day.imported, day.exported] == pytest.approx([24, 0])


async def test_an_interval_meter_is_summed(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Each reading is the energy since the one before; gas comes as `value`."""
    meter = await make_meter("g1", type="gas", reading="interval", interval_s=3600.0, zone="UTC")
    first = datetime(2025, 11, 10, tzinfo=UTC)
    said = {first + n * HOUR: {"value": 0.5} for n in range(1, 25)}
    await write(database, clock, meter.stream, said)
    [day] = await Readings(database).energy_by_day(meter, first.date(), date(2025, 11, 11), NOW)
    assert (day.imported, day.exported, day.completeness) == (12.0, None, 1.0)


async def test_power_is_the_mean_of_each_step(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Bucket means on a grid aligned to the epoch; a step without a reading is None."""
    meter = await make_meter()
    first = datetime(2025, 11, 10, tzinfo=UTC)
    said = {
        first + timedelta(seconds=10 * n): {"1.7.0": n * 1.0, "2.7.0": 0.0}
        for n in range(36)
        if not 12 <= n < 24
    }
    await write(database, clock, meter.stream, said)
    power = await Readings(database).power(meter, first, first + timedelta(seconds=360), 6)
    assert power.resolution_s == 60
    assert power.at == [first.timestamp() + 60 * n for n in range(6)]
    assert power.imported == [2.5, 8.5, None, None, 26.5, 32.5]
    assert power.exported == [0, 0, None, None, 0, 0]


async def test_power_falls_back_to_the_net(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """16.7.0 alone: its positive part is import, its negative part export."""
    meter = await make_meter()
    first = datetime(2025, 11, 10, tzinfo=UTC)
    said = {first + timedelta(seconds=10 * n): {"16.7.0": n - 1.0} for n in range(3)}
    said[first + timedelta(seconds=30)] = {"1.7.0": 4.0, "16.7.0": 9.0}
    await write(database, clock, meter.stream, said)
    power = await Readings(database).power(meter, first, first + timedelta(seconds=40), 100)
    assert power.resolution_s == 10
    assert power.imported == [0.0, 0.0, 1.0, 4.0]
    assert power.exported == [1.0, 0.0, 0.0, None]


async def test_a_reading_that_comes_a_little_late_makes_no_hole(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """At the meter's own resolution jitter leaves steps empty although nothing is missing."""
    meter = await make_meter()
    first = datetime(2025, 11, 10, tzinfo=UTC)
    seconds = [1, 11, 20.5, 29.9, 40.1, 51, 71, 81]
    said = {first + timedelta(seconds=s): {"1.7.0": 1.0} for s in seconds}
    await write(database, clock, meter.stream, said)
    power = await Readings(database).power(meter, first, first + timedelta(seconds=90), 1000)
    assert power.imported == [1, 1, 1, 1, 1, 1, None, 1, 1]


@pytest.mark.parametrize("points", [0, 1, 7, 500, 10**9])
async def test_power_is_bounded(database: Database, make_meter: MakeMeter, points: int) -> None:
    """However many points are asked for, the answer has no more than the meter's interval gives."""
    meter = await make_meter()
    last = datetime(2025, 11, 10, 1, tzinfo=UTC)
    power = await Readings(database).power(meter, last - HOUR, last, points)
    assert len(power.at) <= min(360, max(points, 1)) + 1
    assert len(power.imported) == len(power.exported) == len(power.at)
    assert math.fmod(power.at[0], power.resolution_s) == 0


async def test_latest_is_asked_for_many_streams(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """A stream without readings is not in the answer."""
    one, two = await make_meter("m1"), await make_meter("m2")
    await write(database, clock, one.stream, {NOW: {"1.7.0": 1.5}})
    latest = await Readings(database).latest([one.stream, two.stream])
    assert list(latest) == [one.stream]
    assert latest[one.stream].values == {"1.7.0": 1.5}
    assert await Readings(database).latest([]) == {}


def test_days_begin_where_the_zone_says() -> None:
    """In Beirut the clock goes forward at midnight: that day begins at 01:00 local time."""
    bounds = day_bounds(date(2025, 3, 30), 2, ZoneInfo("Asia/Beirut"))
    assert bounds[0] == datetime(2025, 3, 29, 22, tzinfo=UTC)
    assert [(b - a) / HOUR for a, b in pairwise(bounds)] == [23, 24]
