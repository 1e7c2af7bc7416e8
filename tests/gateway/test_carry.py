"""Meters that send their values in turns.  Source: REST/MQTT 2.0, 4.1.1, note."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ohmstead.clock import SetClock
from ohmstead.gateway.carry import GAUGES_KEPT_S, KEPT_S, Carry
from ohmstead.gateway.meter import Meter
from ohmstead.reading.reading import Channel


def test_two_messages_in_turns_make_whole_readings() -> None:
    """An E450 that says powers and energies in one message, voltages and currents in the other."""
    carry = Carry()
    energy = {"1.7.0": 1.0, "2.7.0": 0.0, "1.8.0": 5.0}
    phases = {"32.7.0": 230.0, "31.7.0": 4.3}
    assert carry.completed(energy, 0) == energy
    assert carry.completed(phases, 5) == energy | phases
    assert carry.completed(energy | {"1.7.0": 2.0}, 10) == energy | phases | {"1.7.0": 2.0}


@pytest.mark.parametrize(
    "obis, kept_s",
    [("1.8.0", KEPT_S), ("1.6.0", KEPT_S), ("52.7.0", KEPT_S), ("1.7.0", GAUGES_KEPT_S),
     ("31.7.0", GAUGES_KEPT_S), ("13.7.0", GAUGES_KEPT_S), ("81.7.4", -1)],
)  # fmt: skip
def test_what_is_too_old_is_gone(obis: str, kept_s: float) -> None:
    """The stated limits: 60 s for what changes slowly, 15 s for the rest; nothing unknown."""
    carry = Carry()
    carry.completed({obis: 1.0}, 0)
    assert (obis in carry.completed({}, kept_s)) == (kept_s > 0)
    assert obis not in carry.completed({}, kept_s + 0.01)


def test_import_and_export_are_of_one_moment() -> None:
    """A net of an import and an export that were never there together never was."""
    carry = Carry()
    carry.completed({"1.7.0": 1.0, "2.7.0": 0.0, "21.7.0": 1.0, "3.7.0": 0.5}, 0)
    assert carry.completed({"2.7.0": 4.0}, 1) == {"2.7.0": 4.0, "21.7.0": 1.0, "3.7.0": 0.5}
    assert carry.completed({}, 2) == {"2.7.0": 4.0, "21.7.0": 1.0, "3.7.0": 0.5}


def test_carried_values_do_not_grow_younger() -> None:
    """A value is as old as the message that said it, however often it is carried on."""
    carry = Carry()
    carry.completed({"32.7.0": 230.0}, 0)
    for now_s in range(1, int(KEPT_S) + 1):
        assert "32.7.0" in carry.completed({"1.7.0": 1.0}, now_s)
    assert "32.7.0" not in carry.completed({"1.7.0": 1.0}, KEPT_S + 1)


def test_meters_behind_the_meter_are_kept_too() -> None:
    """Gas in one message, water in the next: both are there until they are too old."""
    carry = Carry()
    gas, water = Channel(1, "gas", 30.5, "m3"), Channel(2, "water", 7.0, "m3")
    assert carry.behind([gas], 0) == (gas,)
    assert carry.behind([water], KEPT_S) == (gas, water)
    assert carry.behind([], KEPT_S + 1) == (water,)


def test_a_real_e450_that_splits_its_values_reads_whole(corpus: Path) -> None:
    """Corpus: an E450 says powers, voltages and energies in one message, gas in another."""
    clock = SetClock(datetime(2026, 5, 4, 9, 39, tzinfo=UTC))
    meter = Meter("m", ZoneInfo("Europe/Zurich"), clock)
    found = []
    for name in ("landisgyr-e450-4", "landisgyr-e450-3", "landisgyr-e450-4"):
        case = json.loads((corpus / "telegrams" / "dlms" / f"{name}.json").read_bytes())
        found += meter.feed(bytes.fromhex(case["raw_hex"]))
        clock.set(clock.now() + timedelta(seconds=5))
    electricity, gas, again = found
    assert (electricity.values["1.8.0"], electricity.values["32.7.0"]) == (482.939, 236)
    assert gas.values == electricity.values == again.values
    assert electricity.channels == ()
    assert [(one.bus, one.value) for one in gas.channels] == [(1, 30545)]
    assert again.channels == gas.channels
