"""Energy by bucket, asked for as people ask: histories with answers worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from tests.store.conftest import NOW, MakeMeter

from ohmstead.analytics.energy_calendar import Size
from ohmstead.clock import SetClock
from ohmstead.errors import BadInput
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.energy import Bucket, Energies
from ohmstead.store.meters import Meter
from ohmstead.store.peaks import PeakList
from ohmstead.store.series import SeriesOf

HOUR = timedelta(hours=1)


async def steady(
    database: Database, clock: SetClock, meter: Meter, first: datetime, hours: int
) -> None:
    """A meter that uses 1 kWh each hour, from `first` on."""
    rows = [
        Row(meter.stream, first + n * HOUR, clock.now(), {"1.8.0": 100.0 + n})
        for n in range(hours + 1)
    ]
    await Committer(database, clock).commit(rows)


async def asked(
    database: Database, clock: SetClock, meter: Meter, by: Size, first: str, last: str,
    quantity: str = "1.8.0",
) -> list[Bucket]:  # fmt: skip
    span = date.fromisoformat(first), date.fromisoformat(last)
    found = await Energies(database).by(meter, quantity, by, *span, clock.now())
    for one, other in pairwise(found):
        assert one.end == other.start
    return found


@pytest.mark.parametrize(
    "zone, day, after, hours",
    [
        ("Europe/Zurich", "2025-03-30", "2025-03-31", 23.0),
        ("Europe/Zurich", "2025-10-26", "2025-10-27", 25.0),
        ("Europe/Lisbon", "2025-03-30", "2025-03-31", 23.0),
        ("Europe/Lisbon", "2025-10-26", "2025-10-27", 25.0),
        ("Australia/Lord_Howe", "2025-04-06", "2025-04-07", 24.5),
        ("Australia/Lord_Howe", "2025-10-05", "2025-10-06", 23.5),
        ("Asia/Kathmandu", "2025-03-30", "2025-03-31", 24.0),
        ("Europe/Zurich", "2024-02-29", "2024-03-01", 24.0),
    ],
)
async def test_a_day_uses_as_much_as_it_has_hours(
    database: Database, clock: SetClock, make_meter: MakeMeter,
    zone: str, day: str, after: str, hours: float,
) -> None:  # fmt: skip
    """docs/energy.md: 1 kWh an hour, on the days on which clocks are changed and on a leap day."""
    meter = await make_meter("m1", zone, interval_s=3600.0)
    first = datetime.fromisoformat(day).replace(tzinfo=UTC) - 20 * HOUR
    await steady(database, clock, meter, first, 72)
    (found,) = await asked(database, clock, meter, "day", day, after)
    assert (found.energy, found.estimated, found.completeness) == (hours, 0.0, 1.0)
    assert (found.end - found.start) / HOUR == hours
    for size in ("hour", "15min", "month"):
        buckets = await asked(database, clock, meter, size, day, after)  # type: ignore[arg-type]
        assert sum(each.energy or 0 for each in buckets) == pytest.approx(hours, abs=1e-9)
        for each in buckets:
            assert each.energy == pytest.approx((each.end - each.start) / HOUR, abs=1e-9)


async def test_null_is_not_zero(database: Database, clock: SetClock, make_meter: MakeMeter) -> None:
    """docs/energy.md: a day without readings is not known, one without use is 0."""
    meter = await make_meter("m1", "UTC", interval_s=43_200.0)
    days = [datetime(2025, 5, 2, tzinfo=UTC) + n * 12 * HOUR for n in range(5)]
    await Committer(database, clock).commit(
        [Row(meter.stream, at, clock.now(), {"1.8.0": 7.0}) for at in days]
    )
    found = await asked(database, clock, meter, "day", "2025-05-01", "2025-05-05")
    assert [each.energy for each in found] == [None, 0.0, 0.0, None]
    assert [each.estimated for each in found] == [None, 0.0, 0.0, None]
    assert [each.completeness for each in found] == [0.0, 1.0, 1.0, 0.0]


async def test_a_hole_is_estimated_where_it_lies(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: 12 h without a reading over midnight; the sum stays that of the counter."""
    meter = await make_meter("m1", "UTC", interval_s=3600.0)
    first = datetime(2025, 5, 1, tzinfo=UTC)
    said = [(n, float(n)) for n in range(19)] + [(n, n + 6.0) for n in range(30, 49)]
    await Committer(database, clock).commit(
        [Row(meter.stream, first + n * HOUR, clock.now(), {"1.8.0": kwh}) for n, kwh in said]
    )
    found = await asked(database, clock, meter, "day", "2025-05-01", "2025-05-03")
    assert [(each.energy, each.estimated) for each in found] == [(27.0, 9.0), (27.0, 9.0)]
    assert [each.completeness for each in found] == [0.75, 0.75]


async def test_phases_tariffs_and_power_stand_in_for_a_total(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: phase sums, tariff sums, and power integrated, which is marked."""
    first = datetime(2025, 5, 1, tzinfo=UTC)
    ways = {
        "phases": {"21.8.0": 1.0, "41.8.0": 2.0, "61.8.0": 3.0},
        "tariffs": {"1.8.1": 4.0, "1.8.2": 2.0},
        "power": {"1.7.0": 6.0},
        "net": {"16.7.0": 6.0},
    }
    for id, each in ways.items():
        meter = await make_meter(id, "UTC", interval_s=3600.0)
        rows = [
            Row(meter.stream, first + n * HOUR, clock.now(),
                {obis: v if ".7." in obis else v * n for obis, v in each.items()})
            for n in range(25)
        ]  # fmt: skip
        await Committer(database, clock).commit(rows)
        (found,) = await asked(database, clock, meter, "day", "2025-05-01", "2025-05-02")
        guessed = id in ("power", "net")
        assert (found.energy, found.estimated) == (144.0, 144.0 if guessed else 0.0), id


async def test_import_less_export(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: net may be negative."""
    meter = await make_meter("m1", "UTC", interval_s=3600.0)
    first = datetime(2025, 5, 1, tzinfo=UTC)
    rows = [
        Row(meter.stream, first + n * HOUR, clock.now(), {"1.8.0": 1.0 * n, "2.8.0": 3.0 * n})
        for n in range(25)
    ]
    await Committer(database, clock).commit(rows)
    (found,) = await asked(database, clock, meter, "day", "2025-05-01", "2025-05-02", "16.8.0")
    assert found.energy == -48.0


async def test_what_cannot_be_asked_for_is_said(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """BadInput names the value and what to do."""
    meter, gas = await make_meter(), await make_meter("g1", type="gas")
    with pytest.raises(BadInput, match=r"'1\.7\.0' is not a counter of energy"):
        await asked(database, clock, meter, "day", "2025-05-01", "2025-05-02", "1.7.0")
    with pytest.raises(BadInput, match="2025-05-02 is not before 2025-05-02"):
        await asked(database, clock, meter, "day", "2025-05-02", "2025-05-02")
    with pytest.raises(BadInput, match="counts m3, which is no energy"):
        await asked(database, clock, gas, "day", "2025-05-01", "2025-05-02")
    with pytest.raises(BadInput, match="too much at once"):
        await asked(database, clock, meter, "15min", "1990-01-01", "2025-05-02")


async def test_what_counts_changes_within_a_bucket(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: power alone, phases from 10:07, a counter from 14:08 to 20:10, then power."""
    meter = await make_meter("m1", "UTC", interval_s=60.0)
    first = datetime(2025, 5, 1, tzinfo=UTC)

    def said(n: int) -> dict[str, float]:
        values = {"1.7.0": 6.0}
        if n >= 607:
            values |= {"21.8.0": 50 + n / 30, "41.8.0": 7 + n / 60}
        if 848 <= n <= 1210:
            values["1.8.0"] = 500 + n / 10
        return values if n < 1300 else {"1.7.0": 6.0}

    rows = [
        Row(meter.stream, first + n * HOUR / 60, clock.now(), said(n)) for n in range(48 * 60 + 1)
    ]
    late, early = rows[500:900], rows[:500] + rows[900:]
    await Committer(database, clock).commit(early)
    await Energies(database).by(meter, "1.8.0", "day", date(2025, 5, 1), date(2025, 5, 3), NOW)
    await Committer(database, clock).commit(late)
    counted_kwh = (848 - 607) * 0.05 + (1210 - 848) * 0.1 + (1299 - 1210) * 0.05
    powered_kwh = (607 + 2880 - 1299) * 0.1
    for size in ("15min", "hour", "day", "month"):
        found = await asked(database, clock, meter, size, "2025-05-01", "2025-05-03")  # type: ignore[arg-type]
        kwh = sum(each.energy or 0 for each in found)
        assert kwh == pytest.approx(counted_kwh + powered_kwh, abs=1e-6), size
        estimated = sum(each.estimated or 0 for each in found)
        assert estimated == pytest.approx(powered_kwh, abs=1e-6), size
        assert all(each.energy for each in found)
    level = "SELECT sum(import_kwh) AS kwh, sum(import_estimated_kwh) AS estimated FROM reporting."
    for view in ("energy_15min", "energy_hour", "energy_day", "energy_month"):
        (row,) = await database.rows(f"{level}{view} WHERE meter = %s", ("m1",))
        assert row["kwh"] == pytest.approx(counted_kwh + powered_kwh, abs=1e-6), view
        assert row["estimated"] == pytest.approx(powered_kwh, abs=1e-6), view
    fine = await SeriesOf(database).of(
        meter, ["1.8.0"], first, first + 24 * HOUR, clock.now(), resolution="5min"
    )
    assert fine.columns[0].estimated is not None
    powers = await PeakList(database).of(
        meter, first, first + 24 * HOUR, clock.now(), window_min=60, count=30
    )
    assert len(powers.end) == 24  # those of power as well as those of counters
    assert set(powers.demand) >= {3.0, 6.0}
    at = 600 // 5 + 1
    kwh_5min = list(fine.columns[0].values)[at]
    assert kwh_5min == pytest.approx(0.2 + 3 * 0.05, abs=1e-9)  # 10:05 to 10:07 are of power


async def test_a_counter_that_fell_is_not_made_good_by_power(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/energy.md: across a reset nothing is known, whatever the meter's power was."""
    meter = await make_meter("m1", "UTC", interval_s=900.0)
    first = datetime(2025, 5, 1, tzinfo=UTC)
    rows = [
        Row(meter.stream, first + n * HOUR / 4, clock.now(),
            {"1.8.0": n + 70.0 if n < 3 else n - 3.0, "1.7.0": 4.0})
        for n in range(6)
    ]  # fmt: skip
    await Committer(database, clock).commit(rows)
    found = await asked(database, clock, meter, "15min", "2025-05-01", "2025-05-02")
    assert [each.energy for each in found[:6]] == [1.0, 1.0, None, 1.0, 1.0, None]
