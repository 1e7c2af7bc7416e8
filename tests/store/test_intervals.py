"""What was sent, interval by interval: a rule a quantity, holes as holes."""

from datetime import datetime, timedelta

import pytest
from tests.store.conftest import NOW, MakeMeter

from ohmstead.clock import SetClock
from ohmstead.errors import BadInput
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.intervals import Intervals, intervals


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def of(found: Intervals) -> dict[str, tuple[str, list[float | None]]]:
    return {each.key: (each.rule, list(each.values)) for each in found.quantities}


async def test_what_comes_faster_is_put_together_by_the_rule_of_its_quantity(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Wattics FAQ: all packets received during an interval are aggregated; docs/push.md, rules."""
    made = {r: await make_meter(r, interval_s=300.0, reading=r) for r in ("cumulative", "interval")}
    said = [(1, 2.0, 10.0, 5.0), (3, 4.0, 11.0, 7.0), (5, 6.0, 12.0, 6.0), (16, 1.0, 20.0, 1.0)]
    for meter in made.values():
        rows = [
            Row(meter.stream, at(m), NOW, {"1.7.0": kw, "1.8.0": kwh, "1.6.0": peak})
            for m, kw, kwh, peak in said
        ]
        await Committer(database, clock).commit(rows)
    found = await intervals(database, made["cumulative"], at(0), at(20))
    assert found.start == [at(0), at(5), at(10), at(15)]
    assert found.packets == [3, 0, 0, 1]
    assert of(found) == {
        "1.8.0": ("last", [12.0, None, None, 20.0]),
        "1.6.0": ("max", [7.0, None, None, 1.0]),
        "1.7.0": ("mean", [4.0, None, None, 1.0]),
    }
    found = await intervals(database, made["interval"], at(0), at(20))
    assert of(found)["1.8.0"] == ("sum", [33.0, None, None, 20.0])
    assert (await intervals(database, made["interval"], at(60), at(60))).start == []
    with pytest.raises(BadInput, match="at most"):
        await intervals(database, made["interval"], at(-10_000_000), at(0))


async def test_a_value_goes_by_what_the_meter_measures(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/push.md: the mean of a temperature, the last of a gas counter."""
    for type, rule, wanted in (("temperature", "mean", 15.0), ("gas", "last", 20.0)):
        meter = await make_meter(type, type=type, interval_s=300.0)
        rows = [Row(meter.stream, at(m), NOW, value=v) for m, v in ((1, 10.0), (2, 20.0))]
        await Committer(database, clock).commit(rows)
        found = await intervals(database, meter, at(0), at(5))
        assert of(found) == {"value": (rule, [wanted])}
