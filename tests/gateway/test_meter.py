"""Telegrams in, readings out.  Sources: REST/MQTT 2.0, 2.3, 3.1, 4.1.1; corpus of telegrams."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.wire.telegrams import p1

from ohmstead.clock import SetClock
from ohmstead.gateway.meter import MOST_FURTHER, Meter, tariff_of, values_of
from ohmstead.reading import catalogue, units
from ohmstead.reading.reading import Identity, Reading
from ohmstead.wire.telegram import OK, Refused, Telegram, Value

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2025, 7, 3, 12, 15, 0, 123456, tzinfo=UTC)


class Script:
    """A decoder that finds what it is told to, one entry a feed."""

    status = OK

    def __init__(self, *found: Telegram | Refused) -> None:
        self._found = list(found)

    def feed(self, data: bytes) -> Iterable[Telegram | Refused]:
        return [self._found.pop(0)]


def a_telegram(values: Mapping[str, Value], at: datetime | None = None) -> Telegram:
    return Telegram("DLMS", "hdlc", values, at, Identity(id="7"), b"")


def read(*found: Telegram | Refused, step_s: float = 1.0) -> list[Reading]:
    clock = SetClock(NOON)
    meter = Meter("A842E39F8124", AMSTERDAM, clock, Script(*found))
    readings: list[Reading] = []
    for number in range(len(found)):
        clock.set(NOON + timedelta(seconds=number * step_s))
        readings += meter.feed(b".")
    return readings


def test_a_telegram_becomes_a_reading() -> None:
    """3.1: kWh, totals from tariffs, tariff, the meter's time, what is behind it, its number."""
    meter = Meter("A842E39F8124", AMSTERDAM, SetClock(NOON))
    (reading,) = meter.feed(p1())
    assert reading.meter == "A842E39F8124"
    assert reading.at == NOON.replace(microsecond=123000)
    assert reading.meter_at == datetime(2025, 7, 3, 12, 15, tzinfo=UTC)
    assert (reading.number, reading.interval_s, reading.tariff) == (1, None, 2)
    assert reading.values == {
        "1.8.0": 2000.0,
        "1.8.1": 1234.567,
        "1.8.2": 765.433,
        "2.8.1": 11.25,
        "1.7.0": 1.234,
        "2.7.0": 0,
        "16.7.0": 1.234,
        "32.7.0": 230.4,
        "31.7.0": 5,
    }
    assert reading.identity.protocol == "DSMR"
    assert reading.identity.interface == "P1"
    (gas,) = reading.channels
    assert (gas.bus, gas.kind, gas.value, gas.unit, gas.meter_id) == (
        1, "gas", 123.456, "m3", "GAS00012",
    )  # fmt: skip
    assert gas.at == datetime(2025, 7, 3, 12, 10, tzinfo=UTC)


def test_the_corpus_reads_as_expected(corpus: Path) -> None:
    """Corpus, plain telegrams: every electrical value equals the expected one in kW, kWh, V, A."""
    checked = 0
    for file in sorted((corpus / "telegrams" / "dsmr").glob("*.json")):
        case = json.loads(file.read_bytes())
        if case.get("encryption_key") or not case.get("expected"):
            continue
        readings = list(Meter("m", AMSTERDAM, SetClock(NOON)).feed(bytes.fromhex(case["raw_hex"])))
        said = {k: v for reading in readings for k, v in reading.values.items()}
        for key, expected in case["expected"].items():
            quantity = catalogue.BY_OBIS.get(key)
            if quantity is None or not expected.get("unit") or isinstance(expected["value"], str):
                continue
            value, unit = units.kept(expected["value"], expected["unit"])
            if unit != quantity.unit:
                continue
            assert said.get(key) == pytest.approx(value, rel=1e-12), (file.name, key)
            checked += 1
    assert checked > 100


def test_watts_become_kilowatts_without_binary_noise() -> None:
    """3.1, table: kW, kWh, kvarh; what the meter says in tenths of a watt has four decimals."""
    found = values_of({
        "1.7.0": Value(7849.7, "W"), "21.7.0": Value(2943.3, "W"), "1.8.0": Value(10049926, "Wh"),
        "3.8.0": Value(518.309, "kVArh"), "32.7.0": Value(2307, "mV"), "13.7.0": Value(0.88),
    })  # fmt: skip
    assert found == {
        "1.7.0": 7.8497, "21.7.0": 2.9433, "1.8.0": 10049.926, "3.8.0": 518.309, "32.7.0": 2.307,
        "13.7.0": 0.88,
    }  # fmt: skip


def test_a_value_of_unknown_size_is_left_out() -> None:
    """Findings, meters, pitfall 1: without a unit the value says nothing; absent beats wrong."""
    said = {"1.7.0": Value(244), "32.7.0": Value(230.0, "A"), "1.8.0": Value("007")}
    further = {"81.7.4": Value(120, "deg"), "96.7.21": Value(3), "0-1:24.2.1": Value(1.0, "m3")}
    assert values_of({**said, **further, "1.8.0*1": Value(5.0, "kWh")}) == {"81.7.4": 120}


def test_a_reading_stays_small() -> None:
    """Style, TigerStyle: a limit on everything; the catalogue's own quantities are always in."""
    said = {f"9.9.{e}": Value(1.0, "V") for e in range(250)} | {"1.7.0": Value(1.0, "kW")}
    found = values_of(said)
    assert len(found) == MOST_FURTHER + 1
    assert found["1.7.0"] == 1


@pytest.mark.parametrize(
    "said, tariff",
    [("0002", 2), ("RATE1", 1), ("RATE1\0\0\0", 1), (1.0, 1), ("", None), ("night", None)],
)
def test_the_tariff_is_a_number(said: str | float, tariff: int | None) -> None:
    """DSMR 5.0.2, 96.14.0 `(0001)`; a Landis+Gyr push says `RATE1` padded with zeros."""
    assert tariff_of({"96.14.0": Value(said)}) == tariff


def test_no_two_readings_have_the_same_moment() -> None:
    """The time rule: receipt in milliseconds, strictly increasing, whatever the clock does."""
    clock = SetClock(NOON)
    telegram = a_telegram({"1.7.0": Value(1.0, "kW")})
    meter = Meter("m", AMSTERDAM, clock, Script(*[telegram] * 5))
    at = []
    for step_s in (0, 0, -30, 0.5, -7200):
        clock.set(clock.now() + timedelta(seconds=step_s))
        at += [reading.at for reading in meter.feed(b".")]
    assert at[:4] == sorted(set(at[:4]))
    assert at[4] < at[0]  # a clock put right by hours is believed


def test_the_interval_is_measured() -> None:
    """3.1, `.report.interval`: the report period, here between two receipts."""
    first, second = read(*[a_telegram({})] * 2, step_s=0.998)
    assert (first.interval_s, second.interval_s) == (None, 0.998)
    assert (first.number, second.number) == (1, 2)


def test_what_changes_slowly_is_carried_over_alternating_messages() -> None:
    """4.1.1, note: "Some meters send values alternately"; powers are never carried on."""
    long = {"1.7.0": Value(1.0, "kW"), "2.7.0": Value(0.0, "kW"), "32.7.0": Value(230.0, "V")}
    energy = {"1.8.0": Value(5.0, "kWh")}
    short = {"1.7.0": Value(2.0, "kW")}
    found = read(a_telegram(long | energy), a_telegram(short), step_s=59)
    assert found[1].values == {"1.7.0": 2.0, "32.7.0": 230.0, "1.8.0": 5.0}
    late = read(a_telegram(long | energy), a_telegram(short), step_s=61)
    assert late[1].values == {"1.7.0": 2.0}


@pytest.mark.parametrize(
    "at, expected",
    [
        (datetime(2025, 10, 26, 2, 30), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        (datetime(2025, 10, 26, 2, 30, fold=1), datetime(2025, 10, 26, 1, 30, tzinfo=UTC)),
        (datetime(2025, 7, 3, 14, 15, tzinfo=UTC), datetime(2025, 7, 3, 14, 15, tzinfo=UTC)),
        (None, None),
    ],
    ids=["summer", "winter", "with-offset", "none"],
)
def test_the_meters_clock_is_local_unless_it_says_otherwise(
    at: datetime | None, expected: datetime | None
) -> None:
    """DSMR 5.0.2, 6.4: wall time with a mark for daylight saving; DLMS may tell its offset."""
    (reading,) = read(a_telegram({}, at))
    assert reading.meter_at == expected


def test_refusals_are_counted() -> None:
    """Style 7: expected trouble is a value, counted and shown."""
    clock = SetClock(NOON)
    meter = Meter("m", AMSTERDAM, clock, Script(Refused("CRC is 1, not 2", 0)))
    assert list(meter.feed(b".")) == []
    assert (meter.refused, meter.refusal) == (1, "CRC is 1, not 2")


def test_the_status_tells_where_it_fails() -> None:
    """2.3, `.meter.status`: NOT CONNECTED, NO DATA, RECOGNITION, OK; NO DATA after a silence."""
    clock = SetClock(NOON)
    meter = Meter("m", AMSTERDAM, clock)
    seen = [meter.status]
    meter.connected(True)
    seen.append(meter.status)
    telegram = p1()
    list(meter.feed(telegram[:40]))
    seen.append(meter.status)
    list(meter.feed(telegram[40:]))
    seen.append(meter.status)
    clock.set(NOON + timedelta(seconds=61))
    seen.append(meter.status)
    meter.connected(False)
    seen.append(meter.status)
    assert seen == ["NOT CONNECTED", "NO DATA", "RECOGNITION", "OK", "NO DATA", "NOT CONNECTED"]


def test_an_identity_lacks_neither_protocol_nor_interface() -> None:
    """2.3, `.meter.interface` and `.meter.protocol`: filled in where the decoder left them."""
    (reading,) = read(a_telegram({}))
    assert (reading.identity.protocol, reading.identity.interface) == ("DLMS", "MBUS")
