"""Simulated meters: the real decoders read their telegrams, and find what the meter measured."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.listening import read

from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput, NotFound
from ohmstead.reading import units
from ohmstead.simulate import MODELS, Simulated, demo_meters, stream

Meters = Callable[[str], Simulated]

FINE = {"kW": 0.0005, "kvar": 0.0005, "kVA": 0.0005, "kWh": 0.0005, "kvarh": 0.0005}
FINE |= {"V": 0.05, "A": 0.05, "Hz": 0.005, "m3": 0.0005}
KAMSTRUP = {"kWh": 0.005, "kvarh": 0.005, "V": 0.5}
COARSE: dict[str, dict[str, float]] = {
    "p1-dsmr4": {"A": 0.5},
    "p1-dsmr5": {"A": 0.005},
    "p1-be": {"A": 0.005},
    "p1-dsmr22": {"kW": 0.005},
    "hdlc-kamstrup": KAMSTRUP,
    "hdlc-kamstrup-sealed": KAMSTRUP,
    "apdu-flat": KAMSTRUP,
    "hdlc-blocks": {"V": 0.5},
    "hdlc-blocks-sealed": {"V": 0.5},
    "kmp": {"V": 0.5},
    "mbus-counters": {"kWh": 1},
    "mep": {"kWh": 0.0015},
    "mep-keyed": {"kWh": 0.0015},
    "sml": {"Hz": 0.05},
    "sml-dzg": {"Hz": 0.05},
}
"""How far what a kind of meter says may be off, by unit: half of its last digit."""
FEW = {
    "p1-dsmr22": 6,
    "p1-at": 8,
    "hdlc-kaifa": 1,
    "mbus-rows": 8,
    "mbus-fixed-sealed": 6,
    "mbus-counters": 1,
}
"""Kinds of meters that say less than the rest."""
LEAST = 11
CLOCKLESS = ("p1-dsmr22", "kmp", "mep", "mep-keyed", "mbus-counters", "sml", "sml-dzg")
NAMELESS = ("p1-se", "hdlc-compact", "mep", "mep-keyed")
BY_LOGICAL_NAME = (
    "p1-lu", "hdlc-blocks", "hdlc-blocks-sealed", "hdlc-segments", "hdlc-segments-sealed"
)  # fmt: skip
BY_DIGITS = ("KMP", "MBUS", "IEC62056-21", "SML")
moments = st.datetimes(datetime(2025, 1, 2), datetime(2026, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=5)
@given(at=moments)
def test_a_telegram_reads_back_as_what_was_measured(
    name: str, at: datetime, meters: Meters
) -> None:
    """Every printed number, in its unit, within half of its last digit; and the meter's clock, also
    in the hour that autumn repeats: P1 says S or W, DLMS its deviation."""
    meter = meters(name)
    telegram, moment = read(name, meter.telegram(at)), meter.moment(at)
    compared = 0
    for obis, value in telegram.values.items():
        if obis in moment.values and not isinstance(value.value, str):
            kept, unit = units.kept(value.value, value.unit)
            off = (FINE | COARSE.get(name, {})).get(unit or "", 0.005)
            assert kept == pytest.approx(moment.values[obis], abs=off + 1e-9), obis
            compared += 1
    assert compared >= FEW.get(name, LEAST)
    assert (telegram.at is None) is (name in CLOCKLESS)
    if shown := telegram.at:
        aware = shown if shown.tzinfo else shown.replace(tzinfo=meter.zone)
        assert aware.astimezone(UTC) == at.replace(microsecond=0)


@pytest.mark.parametrize("hour", [0, 1])
@pytest.mark.parametrize("name", ["p1-dsmr5", "hdlc-aidon"])
def test_the_repeated_hour_of_autumn_is_two_hours(name: str, hour: int, meters: Meters) -> None:
    """25 October 2026: 02:30 comes twice."""
    at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
    shown = read(name, meters(name).telegram(at)).at
    assert shown is not None
    assert (shown.hour, shown.minute) == (2, 30)
    aware = shown if shown.tzinfo else shown.replace(tzinfo=meters(name).zone)
    assert aware.astimezone(UTC) == at


@pytest.mark.parametrize("name", MODELS)
def test_the_meter_says_who_it_is(name: str, meters: Meters) -> None:
    """The same telegram gives protocol and, where the kind has one, the serial number."""
    meter = meters(name)
    telegram = read(name, meter.telegram(datetime(2026, 5, 5, tzinfo=UTC)))
    who = telegram.identity
    assert telegram.protocol == meter.model.protocol
    if telegram.protocol in BY_DIGITS and name not in NAMELESS:
        assert re.sub(r"\D", "", who.id or "")[-8:] == meter.serial[-8:]
    elif name in BY_LOGICAL_NAME:
        assert (who.id, who.logical_name) == (None, meter.serial)
    else:
        assert who.id == (None if name in NAMELESS else meter.serial)


def test_the_same_seed_is_the_same_meter_and_another_seed_another() -> None:
    """Determinism: bytes for bytes, in whatever order they are asked for."""
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=7 * n) for n in range(20)]
    one, again, other = (Simulated("p1-be", seed) for seed in (1, 1, 2))
    forth = [one.telegram(at) for at in times]
    assert forth == [again.telegram(at) for at in reversed(times)][::-1]
    assert all(a != b for a, b in zip(forth, map(other.telegram, times), strict=True))
    assert one.serial != other.serial


@pytest.mark.parametrize("name", MODELS)
def test_printed_counters_never_go_back(name: str, meters: Meters) -> None:
    """A day at twenty minutes, as the decoder reads it."""
    meter, start = meters(name), datetime(2026, 6, 20, tzinfo=UTC)
    moments = (start + timedelta(minutes=20 * n) for n in range(72))
    seen = [read(name, meter.telegram(at)).values for at in moments]
    for before, after in pairwise(seen):
        for obis in before.keys() & after.keys():
            if ".8." in obis:
                first, last = before[obis].value, after[obis].value
                assert isinstance(first, (int, float))
                assert isinstance(last, (int, float))
                assert 0 <= first <= last


def test_a_meter_that_does_not_exist_is_named_with_those_that_do() -> None:
    """`simulate:MODEL` is typed by people."""
    with pytest.raises(NotFound, match="p1-dsmr5"):
        Simulated("p1-dsmr9")


def test_a_moment_must_have_a_zone_and_lie_after_the_fitting(meters: Meters) -> None:
    """Time is aware; a counter has a beginning."""
    with pytest.raises(ValueError, match="time zone"):
        meters("p1-se").telegram(datetime(2026, 1, 1))
    with pytest.raises(BadInput):
        meters("p1-se").telegram(datetime(2024, 1, 1, tzinfo=UTC))


def test_the_demo_has_five_kinds_of_meter_one_with_a_roof() -> None:
    """Each gateway needs an address of its own; locally administered, not a group's."""
    demo = demo_meters()
    assert len({meter.model for meter in demo}) == len({meter.id for meter in demo}) == 5
    assert sum(MODELS[meter.model].building.roof is not None for meter in demo) == 1
    assert len({meter.mac for meter in demo}) == 5
    for meter in demo:
        assert len(bytes.fromhex(meter.mac)) == 6
        assert bytes.fromhex(meter.mac)[0] & 3 == 2
        assert meter.name_en
        assert meter.name_de
        assert meter.zone == MODELS[meter.model].zone


async def test_a_stream_sends_at_every_interval_of_the_model() -> None:
    """Ten times as fast as the clock, so that five seconds of the meter take half a second."""
    times: list[datetime] = []
    began = datetime.now(UTC)
    async with asyncio.timeout(30):
        async for sent in stream("p1-dsmr5", 1, SystemClock(), speed=10):
            shown = read("p1-dsmr5", sent).at
            assert shown is not None
            times.append(shown)
            if len(times) == 5:
                break
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(times))
    assert datetime.now(UTC) - began > timedelta(seconds=0.3)
