"""Telegrams in, readings out.  Sources: REST/MQTT 2.0, 2.3, 3.1, 4.1.1; corpus of telegrams."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.wire.telegrams import KEYS, LINES, ROWS, hdlc, notification, p1, sealed

from ohmstead.clock import SetClock
from ohmstead.gateway.meter import MOST_FURTHER, Meter, tariff_of, values_of
from ohmstead.gateway.scaling import Scaling
from ohmstead.reading import catalogue, units
from ohmstead.reading.reading import Identity, Reading
from ohmstead.settings.gateway import MeterSettings
from ohmstead.wire.cipher import Keys
from ohmstead.wire.telegram import NO_DATA, NOT_CONNECTED, OK, Refused, Telegram, Value

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2025, 7, 3, 12, 15, 0, 123456, tzinfo=UTC)


class Script:
    """A decoder that finds what it is told to, one entry a feed."""

    status = OK

    def __init__(self, *found: Telegram | Refused) -> None:
        self._found = list(found)

    def feed(self, data: bytes) -> Iterable[Telegram | Refused]:
        return [self._found.pop(0)]

    def close(self) -> Iterable[Telegram | Refused]:
        return self.feed(b"")


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


def test_a_power_factor_without_a_unit_counts() -> None:
    """P1 writes `1-0:13.7.0(0.98)`: text, for it has no unit, and the catalogue wants none."""
    said = {"13.7.0": Value("0.98"), "1.7.0": Value("0.98"), "0.9.9": Value("7")}
    assert values_of(said) == {"13.7.0": 0.98}
    assert values_of({"13.7.0": Value("nan")}) == values_of({"13.7.0": Value("")}) == {}
    (reading,) = Meter("m", AMSTERDAM, SetClock(NOON)).feed(p1([*LINES, "1-0:13.7.0(0.98)"]))
    assert reading.values["13.7.0"] == 0.98


def test_what_was_worked_out_is_marked() -> None:
    """A meter that says 16.7.0 alone: import and export are there, and marked as derived."""
    (reading,) = read(a_telegram({"16.7.0": Value(-1500, "W")}))
    assert reading.values == {"16.7.0": -1.5, "1.7.0": 0, "2.7.0": 1.5}
    assert reading.derived == {"1.7.0", "2.7.0"}


def test_the_answers_of_one_round_make_one_reading() -> None:
    """A meter that is asked answers in several telegrams: what they say together is a reading."""
    meter = Meter("m", AMSTERDAM, SetClock(NOON))
    meter.port(None)
    first = replace(a_telegram({"1.8.0": Value(5.0, "kWh")}, NOON), identity=Identity(id="7"))
    second = replace(a_telegram({"1.7.0": Value(2.0, "kW")}), identity=Identity(vendor="K"))
    reading = meter.take([first, Refused("one register is not there", 0), second])
    assert reading is not None
    assert reading.values == {"1.8.0": 5.0, "1.7.0": 2.0}
    assert (reading.identity.id, reading.identity.vendor) == ("7", "K")
    assert reading.meter_at == NOON
    assert (meter.status, meter.refused) == (OK, 1)


def test_a_meter_that_does_not_answer_has_no_data() -> None:
    """2.3: NO DATA while nothing answers; what it refuses says why it does not."""
    clock = SetClock(NOON)
    meter = Meter("m", AMSTERDAM, clock, silent_s=30)
    meter.port(None)
    assert meter.take([]) is None
    assert meter.status == NO_DATA
    assert meter.take([Refused("wrong sequence number", 0)]) is None
    assert meter.status == "RECOGNITION"
    assert meter.take([Refused("the digest is wrong", 0, "ENCRYPTION KEY")]) is None
    assert meter.status == "ENCRYPTION KEY"
    clock.set(NOON + timedelta(seconds=31))
    assert meter.status == NO_DATA


def test_the_port_says_how_the_search_stands() -> None:
    """2.3: RECOGNITION and NOT RECOGNIZED while the setting of the line is sought."""
    meter = Meter("m", AMSTERDAM, SetClock(NOON))
    for state in (NOT_CONNECTED, NO_DATA, "RECOGNITION", "NOT RECOGNIZED"):
        meter.port(state)
        assert meter.status == state
    meter.port(None)
    assert meter.status == NO_DATA
    list(meter.feed(p1()))
    assert meter.status == OK


@pytest.mark.parametrize(
    "keys, status",
    [(None, "KEY REQUIRED"), (Keys(bytes(16)), "ENCRYPTION KEY"), (KEYS, OK)],
    ids=["none", "wrong", "right"],
)
def test_keys_open_what_is_sealed(keys: Keys | None, status: str) -> None:
    """2.3, KEY REQUIRED and ENCRYPTION KEY; with the right keys the telegram is a reading."""
    meter = Meter("m", AMSTERDAM, SetClock(NOON), keys=keys)
    plain = notification(ROWS)[3:]
    readings = list(meter.feed(hdlc(b"\xe6\xe7\x00" + sealed(plain))))
    assert meter.status == status
    assert len(readings) == (status == OK)


def test_what_cannot_be_right_is_doubted_and_shown() -> None:
    """The plausibility check warns and changes nothing."""
    clock = SetClock(NOON)
    meter = Meter("m", AMSTERDAM, clock, Script(a_telegram({"32.7.0": Value(2357.0, "V")})))
    (reading,) = meter.feed(b".")
    assert reading.values["32.7.0"] == 2357
    assert [doubt.obis for doubt in meter.doubts] == ["32.7.0"]


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


def test_the_factor_shown_is_the_one_the_last_reading_was_made_with() -> None:
    """3.1, `.report.conv_factor`: what the values beside it "will be multiplied" by; what was said
    before another factor was set is not carried on."""
    clock = SetClock(NOON)
    energy, power = {"1.8.0": Value(5.0, "kWh")}, {"1.7.0": Value(2.0, "kW")}
    script = Script(a_telegram(energy | power), a_telegram(power))
    meter = Meter("A842E39F8124", AMSTERDAM, clock, script)
    assert meter.conv_factor == 1
    found = list(meter.feed(b"."))
    meter.use(None, Scaling(MeterSettings(conv_factor=10)))
    assert (found[0].values["1.7.0"], meter.conv_factor) == (2, 1)
    found += meter.feed(b".")
    assert (found[1].values, meter.conv_factor) == ({"1.7.0": 20}, 10)


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
    meter.port(None)
    seen.append(meter.status)
    telegram = p1()
    list(meter.feed(telegram[:40]))
    seen.append(meter.status)
    list(meter.feed(telegram[40:]))
    seen.append(meter.status)
    clock.set(NOON + timedelta(seconds=61))
    seen.append(meter.status)
    meter.port(NOT_CONNECTED)
    seen.append(meter.status)
    assert seen == ["NOT CONNECTED", "NO DATA", "RECOGNITION", "OK", "NO DATA", "NOT CONNECTED"]


def test_an_identity_lacks_neither_protocol_nor_interface() -> None:
    """2.3, `.meter.interface` and `.meter.protocol`: filled in where the decoder left them."""
    (reading,) = read(a_telegram({}))
    assert (reading.identity.protocol, reading.identity.interface) == ("DLMS", "MBUS")
