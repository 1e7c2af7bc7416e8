"""Meters that are formulas over others, and trees: what is kept, what is answered, what refused."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.store.conftest import MakeMeter

from ohmstead.clock import SetClock
from ohmstead.errors import BadInput, Conflict, OhmsteadError
from ohmstead.store.audit import By
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.devices import Devices
from ohmstead.store.energy import Energies
from ohmstead.store.managed_meters import Change, ManagedMeters
from ohmstead.store.meter_settings import MeterSettings
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.sites import Organisations, Sites
from ohmstead.store.virtual_meters import DEEPEST, VirtualMeters, users_first

HOUR = timedelta(hours=1)
FIRST = datetime(2025, 5, 1, tzinfo=UTC)


async def counts(
    database: Database,
    clock: SetClock,
    meter: Meter,
    *kwh: float,
    first: int = 0,
    code: str = "1.8.0",
) -> None:
    """The meter uses so much in each hour from `first` on."""
    said = [sum(kwh[:n]) for n in range(len(kwh) + 1)]
    rows = [
        Row(meter.stream, FIRST + (first + n) * HOUR, clock.now(),
            {code: value} if meter.type == "electricity" else {},
            value=None if meter.type == "electricity" else value)
        for n, value in enumerate(said)
    ]  # fmt: skip
    await Committer(database, clock).commit(rows)


async def hours(
    database: Database, clock: SetClock, meter: str, many: int, quantity: str = "1.8.0"
) -> list[float | None]:
    """What it counted in each of the first hours, asked as every meter is asked."""
    found = await Energies(database).by(
        await Meters(database).get(meter), quantity, "hour",
        FIRST.date(), FIRST.date() + timedelta(days=1), clock.now(),
    )  # fmt: skip
    return [each.energy for each in found][:many]


async def test_a_formula_is_asked_like_a_meter(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md: sums, differences, losses, loads; formulas over formulas."""
    for id, kwh in (("a", (4.0, 2.0)), ("b", (1.0, 3.0)), ("hall-2", (0.5, 0.5))):
        await counts(database, clock, await make_meter(id, "UTC", interval_s=3600.0), *kwh)
    site = (await Meters(database).get("a")).site.id
    virtual = VirtualMeters(database)
    made = await virtual.add("v", site, "a+b - 2*hall-2")
    assert (made.formula, made.type, made.unit) == ("a + b - 2 * 'hall-2'", "electricity", "kWh")
    await virtual.add("w", site, "v - 10% + 0.3 kW")
    assert await hours(database, clock, "v", 3) == [4.0, 4.0, None]
    assert await hours(database, clock, "w", 3) == [3.9, 3.9, None]
    changed = await virtual.change("v", "a - b")
    assert changed.formula == "a - b"
    assert await hours(database, clock, "w", 2) == [3.0, -0.6]
    day = await Energies(database).by_day(changed, FIRST.date(), date(2025, 5, 2), clock.now())
    assert [each and each.energy for each in day[0]] == [2.0, None]


async def test_null_is_null_unless_it_is_optional(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md, "What is not known": null, estimates and completeness add up."""
    a = await make_meter("a", "UTC", interval_s=3600.0)
    b = await make_meter("b", "UTC", interval_s=3600.0)
    await counts(database, clock, a, 1.0, 2.0, 3.0)
    await counts(database, clock, b, 5.0, first=1)
    virtual = VirtualMeters(database)
    await virtual.add("needed", a.site.id, "a + b")
    await virtual.add("optional", a.site.id, "a + b?")
    await virtual.add("neither", a.site.id, "a? - b?")
    assert await hours(database, clock, "needed", 4) == [None, 7.0, None, None]
    assert await hours(database, clock, "optional", 4) == [1.0, 7.0, 3.0, None]
    assert await hours(database, clock, "neither", 4) == [1.0, -3.0, 3.0, None]
    await Committer(database, clock).commit(  # a hole of ten hours, 20 kWh in it
        [Row(a.stream, FIRST + 13 * HOUR, clock.now(), {"1.8.0": 26.0})]
    )
    await virtual.add("less", a.site.id, "-0.5 * a - b?")
    less = await Meters(database).get("less")
    (found,) = await Energies(database).by(
        less, "1.8.0", "day", FIRST.date(), date(2025, 5, 2), clock.now()
    )
    assert (found.energy, found.estimated, found.completeness) == (-18.0, 10.0, round(1 / 24, 6))


async def test_a_quantity_may_be_named(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md: consumption is what came in, and what was made and not given away."""
    grid = await make_meter("grid", "UTC", interval_s=3600.0)
    sun = await make_meter("sun", "UTC", interval_s=3600.0)
    rows = [
        Row(grid.stream, FIRST + n * HOUR, clock.now(), {"1.8.0": 1.0 * n, "2.8.0": 2.0 * n})
        for n in range(3)
    ]
    await Committer(database, clock).commit(rows)
    await counts(database, clock, sun, 5.0, 6.0, code="2.8.0")
    virtual = VirtualMeters(database)
    used = await virtual.add("used", grid.site.id, "grid + sun[2.8.0] - grid[2.8.0]")
    assert await hours(database, clock, "used", 2) == [4.0, 5.0]
    with pytest.raises(BadInput, match=r"'used' says itself what it counts .* not for 2\.8\.0"):
        await hours(database, clock, "used", 2, "2.8.0")
    day = await Energies(database).by_day(used, FIRST.date(), date(2025, 5, 2), clock.now())
    assert (day[0][0].energy, day[0][1]) == (9.0, None)
    await virtual.add("both", grid.site.id, "grid + sun?")
    assert await hours(database, clock, "both", 2, "2.8.0") == [7.0, 8.0]
    assert await hours(database, clock, "both", 2, "16.8.0") == [-6.0, -7.0]


async def test_days_are_those_of_its_own_site(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md, "Time zones": a meter in Kathmandu counts for days in Zurich."""
    there = await make_meter("there", "Asia/Kathmandu", interval_s=3600.0)
    here = await make_meter("here", "Europe/Zurich", interval_s=3600.0)
    for meter in (there, here):
        await counts(database, clock, meter, *[1.0] * 72)
    made = await VirtualMeters(database).add("v", here.site.id, "there + here")
    found = await Energies(database).by(
        made, "1.8.0", "day", date(2025, 5, 2), date(2025, 5, 3), clock.now()
    )
    assert [(each.energy, each.completeness) for each in found] == [(48.0, 1.0)]


async def test_what_is_untracked(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md, "Trees": what a meter counts less what those below it count."""
    for id, kwh in (("main", 10.0), ("a", 3.0), ("b", 4.0)):
        await counts(database, clock, await make_meter(id, "UTC", interval_s=3600.0), kwh)
    main, virtual = await Meters(database).get("main"), VirtualMeters(database)
    await virtual.add("rest", main.site.id, "untracked(main)")
    assert await hours(database, clock, "rest", 1) == [10.0]
    await virtual.set_parent("a", "main")
    assert (await virtual.set_parent("b", "main")).parent == "main"
    assert await hours(database, clock, "rest", 1) == [3.0]
    with pytest.raises(BadInput, match="circle: rest → rest"):
        await virtual.set_parent("rest", "main")
    assert (await virtual.set_parent("b", None)).parent is None
    assert await hours(database, clock, "rest", 1) == [7.0]
    with pytest.raises(BadInput, match="circle: main → a → main"):
        await virtual.set_parent("main", "a")
    with pytest.raises(BadInput, match="circle: a → a"):
        await virtual.set_parent("a", "a")


async def test_circles_are_refused_with_the_way_round(
    database: Database, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md, "What is refused": recursive cycles, however long."""
    site = (await make_meter("m", "UTC")).site.id
    virtual = VirtualMeters(database)
    with pytest.raises(BadInput, match="circle: v → v"):
        await virtual.add("v", site, "m + v")
    for id, formula in (("a", "m"), ("b", "a + m"), ("c", "b * 2")):
        await virtual.add(id, site, formula)
    with pytest.raises(BadInput, match="circle: a → c → b → a"):
        await virtual.change("a", "m + c")
    assert (await Meters(database).get("a")).formula == "m"
    for n in range(DEEPEST - 4):
        await virtual.add(f"d{n}", site, f"d{n - 1}" if n else "c")
    with pytest.raises(BadInput, match=f"at most {DEEPEST} deep"):
        await virtual.add("deep", site, f"d{DEEPEST - 5}")


async def test_a_meter_is_not_below_its_own_rest(database: Database, make_meter: MakeMeter) -> None:
    """docs/virtual-meters.md, what is refused: what is untracked of a meter is a part of it."""
    for id in ("top", "main", "sub"):
        await make_meter(id)
    virtual = VirtualMeters(database)
    await virtual.set_parent("sub", "main")
    await virtual.set_parent("main", "top")
    await virtual.add("rest", (await Meters(database).get("main")).site.id, "untracked(main)")
    await virtual.add("again", (await Meters(database).get("main")).site.id, "rest + sub")
    with pytest.raises(BadInput, match="circle: main → rest → main"):
        await virtual.set_parent("main", "rest")
    with pytest.raises(BadInput, match="circle: top → rest → main → top"):
        await virtual.set_parent("top", "rest")
    with pytest.raises(BadInput, match="circle: main → again → main"):
        await virtual.set_parent("main", "again")
    await virtual.change("rest", "sub")
    await virtual.set_parent("top", "rest")
    with pytest.raises(BadInput, match="circle: rest → main → top → rest"):
        await virtual.change("rest", "untracked(main)")


async def test_two_changes_at_once_make_no_circle(
    database: Database, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md, "What is refused": two changes, each right alone, of one moment."""
    site = (await make_meter("m", "UTC")).site.id
    virtual = VirtualMeters(database)
    for id in ("a", "b"):
        await virtual.add(id, site, "m")
    for change in (
        (virtual.change("a", "b"), virtual.change("b", "a")),
        (virtual.set_parent("a", "b"), virtual.set_parent("b", "a")),
    ):
        ends = await asyncio.gather(*change, return_exceptions=True)
        refused = [end for end in ends if isinstance(end, BadInput)]
        assert len(refused) == 1
        assert "circle" in str(refused[0])


async def test_what_a_formula_may_not_name(database: Database, make_meter: MakeMeter) -> None:
    """docs/virtual-meters.md, "What is refused": unknown, others' meters, other units."""
    m = await make_meter("m", "UTC")
    await make_meter("gas", "UTC", type="gas")
    await make_meter("heat", "UTC", type="heat", unit="kWh")
    other = await Organisations(database).add("Others")
    there = await Sites(database).add("There", other.id, "UTC")
    await Meters(database).add("theirs", there.id, "electricity", 10.0)
    virtual, site = VirtualMeters(database), m.site.id
    organisation = m.site.organisation
    for formula, why in (
        ("m + nobody", f"no meter 'nobody' in organisation {organisation}"),
        ("m + theirs", f"no meter 'theirs' in organisation {organisation}"),
        ("m + gas", "one unit, and these have several: m kWh, gas m3"),
        ("m + heat", "electricity and heat: say --type"),
        ("gas + 1 kW", "to kWh only, and not to m3"),
        ("gas[2.8.0]", "of gas, and has no 2.8.0"),
    ):
        with pytest.raises(BadInput, match=why):
            await virtual.add("v", site, formula)
    with pytest.raises(BadInput, match="counts m3 or l, and this formula kWh"):
        await virtual.add("v", site, "m", type="water")
    with pytest.raises(Conflict, match="'m' exists already"):
        await virtual.add("m", site, "heat")
    with pytest.raises(BadInput, match="'m' is measured"):
        await virtual.change("m", "heat")
    assert (await virtual.add("warm", site, "m + heat", type="heat")).unit == "kWh"
    with pytest.raises(BadInput, match="counts kWh, and this formula m3"):
        await virtual.change("warm", "gas")
    with pytest.raises(BadInput, match="'gas' counts m3, and 'm' kWh"):
        await virtual.set_parent("gas", "m")
    with pytest.raises(BadInput, match="no meter 'theirs'"):
        await virtual.set_parent("m", "theirs")
    with pytest.raises(Conflict, match="formula over others"):
        await Devices(database).add("AABBCCDDEEFF", "warm", b"x")


async def test_a_meter_that_a_formula_uses_stays(database: Database, make_meter: MakeMeter) -> None:
    """docs/virtual-meters.md, "What is refused": removing it, even while the formula is made."""
    m = await make_meter("m", "UTC")
    virtual, meters = VirtualMeters(database), Meters(database)
    await virtual.add("v", m.site.id, "m * 2")
    await virtual.add("w", m.site.id, "v + m")
    with pytest.raises(Conflict, match="formula of meter 'v' uses meter 'm'"):
        await meters.remove("m", with_readings=True)
    assert [each.id for each in users_first(await meters.all())] == ["w", "v", "m"]
    await make_meter("n", "UTC")
    ends = await asyncio.gather(
        virtual.add("x", m.site.id, "n"), meters.remove("n"), return_exceptions=True
    )
    failed = [end for end in ends if isinstance(end, OhmsteadError)]
    assert len(failed) == 1
    left = {each.id: each.formula for each in await meters.all()}
    assert ("n" in left) == (left.get("x") == "n")


async def test_a_meter_in_a_formula_or_a_tree_keeps_what_it_is(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/virtual-meters.md, "What is refused": another unit, type or organisation."""
    by = By("somebody", clock.now())
    gas = await make_meter("gas", "UTC", type="gas")
    below = await make_meter("below", "UTC", type="gas")
    virtual, managed = VirtualMeters(database), ManagedMeters(database)
    made = await virtual.add("v", gas.site.id, "gas * 2")
    await virtual.set_parent("below", "v")
    other = await Organisations(database).add("Others")
    there = await Sites(database).add("There", other.id, "UTC")
    for meter in (gas, below, made):
        for change in (Change(unit="kWh"), Change(type="water"), Change(site=there)):
            with pytest.raises(Conflict, match="take it out first"):
                await managed.change(meter, change, by=by)
    with pytest.raises(Conflict, match="take it out first"):
        await MeterSettings(database).change("gas", unit="kWh")
    await virtual.set_parent("below", None)
    assert (await MeterSettings(database).change("below", unit="kWh")).unit == "kWh"
