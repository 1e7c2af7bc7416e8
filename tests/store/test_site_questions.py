"""Questions about a site's meters, with answers worked out by hand."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.store.conftest import MakeMeter

from ohmstead.analytics.spans import Span
from ohmstead.clock import SetClock
from ohmstead.errors import BadInput, Conflict
from ohmstead.store.audit import By
from ohmstead.store.balance import Balances
from ohmstead.store.breakdown import Breakdowns
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.own_use import OwnUses
from ohmstead.store.roles import Roles
from ohmstead.store.series import SeriesOf
from ohmstead.store.virtual_meters import VirtualMeters

FIRST = datetime(2025, 5, 1, tzinfo=UTC)
DAYS = date(2025, 5, 1), date(2025, 5, 3)


async def steady(
    database: Database, clock: SetClock, meter: Meter, days: int, **a_day: float
) -> None:
    """Readings twice a day: `import_`, `export` or `value` so much a day."""
    names = {"import_": "1.8.0", "export": "2.8.0"}
    rows = [
        Row(
            meter.stream,
            FIRST + n * timedelta(hours=12),
            clock.now(),
            {names[name]: n * each / 2 for name, each in a_day.items() if name in names},
            value=n * a_day["value"] / 2 if "value" in a_day else None,
        )
        for n in range(2 * days + 1)
    ]
    await Committer(database, clock).commit(rows)


async def test_a_breakdown_has_what_is_untracked(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md, breakdown: 10 less 6 and 3 is 1, and null on the day one did not speak."""
    given = {"zone": "UTC", "interval_s": 43_200.0}
    main = await make_meter("main", **given)
    for id, kwh, days in (("main", 10.0, 2), ("oven", 6.0, 2), ("light", 3.0, 1)):
        meter = main if id == "main" else await make_meter(id, **given)
        await steady(database, clock, meter, days, import_=kwh)
        if id != "main":
            await VirtualMeters(database).set_parent(id, "main")
    await steady(database, clock, await make_meter("gas", type="gas", **given), 2, value=2.0)
    meters = await Meters(database).all()
    asked = Breakdowns(database)
    found = await asked.of(main.site, meters, "electricity", None, "day", *DAYS, clock.now())
    assert (found.unit, found.source, found.total) == ("kWh", "day", 20.0)
    parts = {part.meter: (list(part.energy), part.share) for part in found.parts}
    assert parts["oven"] == ([6.0, 6.0], 0.6)
    assert parts["light"] == ([3.0, None], 0.15)
    (rest,) = found.untracked
    assert (rest.meter, list(rest.energy), rest.total) == ("main", [1.0, None], 1.0)
    gas = await asked.of(main.site, meters, "gas", None, "whole", *DAYS, clock.now())
    assert (gas.unit, [list(part.energy) for part in gas.parts]) == ("m3", [[4.0]])
    with pytest.raises(BadInput, match="'steam' is no type of meter"):
        await asked.of(main.site, meters, "steam", None, "day", *DAYS, clock.now())


async def test_a_breakdown_counts_nothing_twice(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md, breakdown: formulas over meters of the tree stand apart, or above them."""
    given = {"zone": "UTC", "interval_s": 43_200.0}
    for id, kwh in (("main", 10.0), ("oven", 6.0), ("light", 3.0), ("shed", 5.0)):
        await steady(database, clock, await make_meter(id, **given), 2, import_=kwh)
    site = (await Meters(database).get("main")).site
    virtual, asked = VirtualMeters(database), Breakdowns(database)
    formulas = {"hall": "oven + light", "rest": "untracked(main)", "tenth": "0.1 * main"}
    for id, formula in formulas.items():
        await virtual.add(id, site.id, formula)
    for id in ("oven", "light", "tenth"):
        await virtual.set_parent(id, "main")

    async def found() -> tuple[dict[str, tuple[float | None, Sequence[str]]], float | None, float]:
        meters = await Meters(database).all()
        of = await asked.of(site, meters, "electricity", None, "whole", *DAYS, clock.now())
        shares = {part.meter: (part.share, part.again) for part in of.parts}
        below = sum(p.share or 0 for p in (*of.parts, *of.untracked) if p.meter != "shed")
        return shares, of.total, below

    shares, total, below = await found()
    assert shares["oven"] == (0.6, ())
    assert shares["tenth"] == (0.1, ())
    assert shares["hall"] == (None, ("light", "oven"))
    assert shares["rest"] == (None, ("main",))
    assert total == 30.0
    assert below == pytest.approx(20 / 30 + 1)  # main's of the whole, and all that is below it
    for id, parent in (("oven", "hall"), ("light", "hall"), ("hall", "main")):
        await virtual.set_parent(id, parent)
    shares, total, below = await found()
    assert shares["hall"] == (0.9, ())
    assert shares["oven"] == (pytest.approx(6 / 9, abs=1e-6), ())
    assert total == 30.0
    await virtual.set_parent("hall", None)
    shares, total, _ = await found()  # hall is a root now, with its meters below it
    assert shares["hall"] == (pytest.approx(18 / 48, abs=1e-6), ())
    assert total == 48.0


async def test_own_use_of_a_site(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md, self-consumption: 6 in, 1 out, 5 made: 4 used, 80 % and 40 %."""
    given = {"zone": "UTC", "interval_s": 43_200.0}
    grid = await make_meter("grid", **given)
    await steady(database, clock, grid, 2, import_=6.0, export=1.0)
    asked, meters = OwnUses(database), Meters(database)
    span: tuple[Span, date, date, datetime] = "day", *DAYS, clock.now()
    with pytest.raises(Conflict, match="has no meter with the role production"):
        await asked.of(grid.site, await meters.all(), *span)
    sun = await make_meter("sun", **given)
    await steady(database, clock, sun, 1, import_=0.0, export=5.0)
    with pytest.raises(Conflict, match="has no meter with the role grid"):
        await asked.of(grid.site, await meters.all(), *span)
    await Roles(database).set("sun", "production", by=By("test", clock.now()))
    found = await asked.of(grid.site, await meters.all(), *span)
    assert (found.grid_meters, found.production_meters) == (["grid"], ["sun"])
    assert (list(found.own_use), list(found.consumption)) == ([4.0, None], [10.0, None])
    assert (found.totals.buckets, found.totals.grid_import) == (1, 6.0)
    assert (found.totals.self_consumption, found.totals.autarky) == (0.8, 0.4)
    with pytest.raises(BadInput, match="'roof' is not a role"):
        await Roles(database).set("sun", "roof", by=By("test", clock.now()))


async def test_a_formula_is_asked_like_a_meter(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/questions.md: 10 less 6 a day is 4, and in the site's total once; its mean power too."""
    given = {"zone": "UTC", "interval_s": 43_200.0}
    main = await make_meter("main", **given)
    await steady(database, clock, main, 2, import_=12.0)
    await steady(database, clock, await make_meter("oven", **given), 2, import_=6.0)
    rest = await VirtualMeters(database).add("rest", main.site.id, "main - oven")
    meters = await Meters(database).all()
    span: tuple[Span, date, date, datetime] = "whole", *DAYS, clock.now()
    found = await Breakdowns(database).of(main.site, meters, "electricity", None, *span)
    assert found.total == 36.0
    assert {part.meter: part.total for part in found.parts}["rest"] == 12.0
    power = await SeriesOf(database).of(
        rest, [], FIRST, FIRST + timedelta(days=3), clock.now(), pixels=3
    )
    assert (power.resolution, power.sources) == ("day", ["day", "day"])
    assert list(power.columns[0].values) == [0.25, 0.25, None]
    fixed = await VirtualMeters(database).add("fixed", main.site.id, "main + 1 kW")
    one = await Balances(database).of(fixed, *span)
    assert [(each.quantity, list(each.values)) for each in one.columns] == [("1.8.0", [72.0])]
    power = await SeriesOf(database).of(fixed, [], FIRST, FIRST + timedelta(days=1), clock.now())
    assert (power.columns[0].values[0], power.columns[1].values[0]) == (1.5, None)
    out = await Breakdowns(database).of(
        main.site, await Meters(database).all(), "electricity", "2.8.0", *span
    )
    assert [left.meter for left in out.left_out] == ["fixed"]
    counted = await Balances(database).of(rest, *span)
    assert [(each.quantity, list(each.values)) for each in counted.columns] == [
        ("1.8.0", [12.0]),
        ("16.8.0", [12.0]),
    ]
