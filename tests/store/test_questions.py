"""Questions about one meter, asked of a database, with answers worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.store.conftest import MakeMeter

from ohmstead.clock import SetClock
from ohmstead.errors import BadInput
from ohmstead.store.balance import Balances
from ohmstead.store.committer import Committer, Row
from ohmstead.store.comparison import Comparisons
from ohmstead.store.database import Database
from ohmstead.store.duration import Durations
from ohmstead.store.heat_maps import Matrices
from ohmstead.store.meter_holes import MeterHoles
from ohmstead.store.meters import Meter
from ohmstead.store.peaks import PeakList
from ohmstead.store.raw import Raw
from ohmstead.store.series import Series, SeriesOf

FIRST = datetime(2025, 5, 1, tzinfo=UTC)
"""A Thursday."""
DAY = timedelta(days=1)
Said = dict[str, float]


async def measured(
    database: Database, clock: SetClock, meter: Meter, *rows: tuple[float, Said]
) -> None:
    """Readings so many hours after FIRST."""
    await Committer(database, clock).commit(
        [
            Row(
                meter.stream, FIRST + timedelta(hours=h), clock.now(), said, value=said.get("value")
            )
            for h, said in rows
        ]
    )


async def test_series_fit_the_pixels(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md, series: readings, minutes, hours, days and weeks of one meter."""
    meter = await make_meter("m1", "UTC", interval_s=900.0)
    rows = [
        (n / 4, {"1.8.0": n / 4, "1.7.0": float(n % 4), "32.7.0": 230.0 + n % 2})
        for n in range(192)
    ]
    rows.append((48.0, {"1.8.0": 48.0}))
    await measured(database, clock, meter, *rows)
    series = SeriesOf(database)

    async def asked(quantities: list[str], days: int, pixels: int, wanted: str = "auto") -> Series:
        span = FIRST, FIRST + days * DAY
        return await series.of(
            meter, quantities, *span, clock.now(), pixels=pixels, resolution=wanted
        )

    found = await asked(["1.7.0", "32.7.0"], 1, 96)
    assert (found.resolution, len(found.start), found.sources) == (
        "readings", 96, ["readings", "readings"],
    )  # fmt: skip
    found = await asked(["1.7.0", "1.8.0", "32.7.0"], 1, 30)
    assert (found.resolution, found.sources) == ("hour", ["hour", "hour", "readings"])
    power, energy, voltage = found.columns
    assert (power.unit, power.statistic, power.values[5]) == ("kW", "mean", 1.5)
    assert power.least is not None
    assert power.most is not None
    assert voltage.most is not None
    assert (power.least[5], power.most[5], voltage.most[5]) == (0.0, 3.0, 231.0)
    assert (energy.unit, energy.statistic, set(energy.values)) == ("kWh", "sum", {1.0})
    found = await asked(["1.7.0", "16.8.0"], 14, 3)
    assert (found.resolution, found.sources) == ("week", ["day", "day"])
    assert [datetime.fromtimestamp(at, UTC).weekday() for at in found.start] == [0, 0, 0]
    assert [each.values for each in found.columns] == [[1.5, None, None], [48.0, None, None]]
    found = await asked(["1.8.0"], 1, 10, "5min")
    assert sum(value or 0.0 for value in found.columns[0].values) == pytest.approx(24.0)
    with pytest.raises(BadInput, match=r"'9\.9\.9' is not a quantity"):
        await asked(["9.9.9"], 1, 10)
    with pytest.raises(BadInput, match="more than 10000 buckets of 10s"):
        await asked(["1.8.0"], 3, 10, "10s")


async def test_peaks_on_the_clock_and_sliding(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md, peaks: 6 kW from 00:10 to 00:25 is 4 and 4 kW on the clock, 6 sliding."""
    meter = await make_meter("m1", "UTC", interval_s=300.0)
    used, rows = 0.0, []
    for n in range(25):
        rows.append((n / 12, {"1.8.0": used}))
        used += 0.5 if 2 <= n < 5 else 0.0
    await measured(database, clock, meter, *rows)
    peaks, span = PeakList(database), (FIRST, FIRST + DAY, clock.now())
    found = await peaks.of(meter, *span, 15, "clock", 3)
    assert (found.demand, found.unit) == ([4.0, 2.0, 0.0], "kW")
    assert [end - FIRST.timestamp() for end in found.end] == [1800.0, 900.0, 2700.0]
    found = await peaks.of(meter, *span, 15, "sliding", 1)
    assert (found.demand, found.exact) == ([6.0], [True])
    assert [at - FIRST.timestamp() for at in (*found.start, *found.end)] == [600.0, 1500.0]
    hourly = await make_meter("m2", "UTC", interval_s=3600.0)
    with pytest.raises(BadInput, match="speaks each 60 minutes: a window of 15 is not known"):
        await peaks.of(hourly, *span, 15)
    assert (await peaks.of(hourly, *span)).window_min == 60


async def test_peaks_of_a_sum_of_phases(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md, peaks: 1, 2 and 3 kW on the phases are 6 kW, not those of the first."""
    meter = await make_meter("m1", "UTC", interval_s=900.0)
    said = [(n / 4 + 0.1, n / 4, n / 2, n * 0.75) for n in range(9)]
    rows = [(at, {"21.8.0": a, "41.8.0": b, "61.8.0": c}) for at, a, b, c in said]
    await measured(database, clock, meter, *rows)
    peaks, span = PeakList(database), (FIRST, FIRST + DAY, clock.now())
    assert (await peaks.of(meter, *span, 60, "clock", 9)).demand == [6.0]
    found = await peaks.of(meter, *span, 60, "sliding", 9)
    assert (found.demand[0], found.exact[0]) == (6.0, True)
    power = await make_meter("m2", "UTC", interval_s=900.0)
    await measured(database, clock, power, *((n / 4, {"1.7.0": 3.0}) for n in range(9)))
    assert (await peaks.of(power, *span, 60, "clock", 9)).demand == [3.0, 3.0]
    with pytest.raises(BadInput, match="take kind clock"):
        await peaks.of(power, *span, 60, "sliding")


async def test_what_is_worked_out_of_buckets(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md: two days of 1 and of 3 kW with a hole between."""
    meter = await make_meter("m1", "UTC", interval_s=3600.0)
    rows = [(float(n), {"1.8.0": float(n)}) for n in range(25)]
    rows += [(30.0 + n, {"1.8.0": 42.0 + 3 * n}) for n in range(19)]
    await measured(database, clock, meter, *rows)
    days, now = (date(2025, 5, 1), date(2025, 5, 3)), clock.now()
    curve = await Durations(database).of(meter, "1.8.0", "hour", *days, now, at_least=[3.0, 1.0])
    assert (curve.unit, curve.known_hours, curve.unknown_hours) == ("kW", 42.0, 6.0)
    assert (curve.base_load, curve.percentiles[-1], curve.at_least_hours) == (
        1.0,
        3.0,
        [18.0, 42.0],
    )
    matrix = await Matrices(database).of(meter, "1.8.0", "hour", *days, now)
    assert (len(matrix.columns), [row[10] for row in matrix.values]) == (24, [1.0, 3.0])
    second = date(2025, 5, 2), date(2025, 5, 4)
    compared = await Comparisons(database).of(meter, "1.8.0", "day", *second, now)
    assert (compared.current.energy, compared.before.energy) == ([72.0, None], [None, 24.0])
    assert (compared.compared, compared.difference) == (0, None)
    one = date(2025, 5, 2), date(2025, 5, 3)
    compared = await Comparisons(database).of(meter, "1.8.0", "hour", *one, now)
    assert (compared.compared, compared.difference, compared.difference_percent) == (24, 48, 200)
    holes = await MeterHoles(database).of(meter, FIRST, FIRST + 3 * DAY, FIRST + 3 * DAY)
    assert [at - FIRST.timestamp() for at in holes.began] == [24 * 3600.0, 48 * 3600.0]
    assert (holes.ended[1], holes.duration_s, holes.hole_s) == (None, [21600.0, 86400.0], 108000.0)


async def test_a_balance_has_quadrants_phases_and_their_sums(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md, balance: reactive import is I + II where only quadrants are counted."""
    meter = await make_meter("m1", "UTC", interval_s=43_200.0)
    each = {"1.8.0": 9.0, "2.8.0": 4.0, "5.8.0": 1.0, "6.8.0": 2.0, "8.8.0": 5.0}
    each |= {"21.8.0": 2.0, "41.8.0": 3.0, "61.8.0": 4.0, "1.8.1": 6.0, "1.8.2": 3.0}
    rows = [(12.0 * n, {obis: n * value for obis, value in each.items()}) for n in range(3)]
    await measured(database, clock, meter, *rows)
    days = date(2025, 5, 1), date(2025, 5, 2)
    found = await Balances(database).of(meter, "day", *days, clock.now())
    said = {column.quantity: (column.values[0], column.unit) for column in found.columns}
    assert said == {
        **{obis: (2 * value, "kvarh" if obis in ("5.8.0", "6.8.0", "8.8.0") else "kWh")
           for obis, value in each.items()},
        "16.8.0": (10.0, "kWh"),
        "3.8.0": (6.0, "kvarh"),
        "4.8.0": (10.0, "kvarh"),
        "1.8.0 phases": (18.0, "kWh"),
    }  # fmt: skip


async def test_readings_page_by_page(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md: `next` is where the next page begins; the newest of meters without any."""
    meter, silent = await make_meter(), await make_meter("m2", type="gas")
    await measured(database, clock, meter, *((float(n), {"1.7.0": n / 2}) for n in range(5)))
    raw, end = Raw(database), FIRST + DAY
    page = await raw.stretch(meter, FIRST, end, [], 3)
    assert [column.quantity for column in page.columns] == ["1.7.0"]
    assert page.next == FIRST + timedelta(hours=3)
    rest = await raw.stretch(meter, page.next, end, ["1.7.0", "1.8.0"], 3)
    assert [list(column.values) for column in rest.columns] == [[1.5, 2.0], [None, None]]
    assert (len(rest.at), rest.next) == (2, None)
    newest = await raw.latest([meter, silent], [])
    assert (newest.meters, newest.units) == (["m1", "m2"], ["kWh", "m3"])
    assert [list(column.values) for column in newest.columns] == [[2.0, None]]
    with pytest.raises(BadInput, match=r"'1\.7' is not a quantity"):
        await raw.latest([meter], ["1.7"])
