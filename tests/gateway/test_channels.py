"""The meters behind the meter.  Sources: P1 companion standard 5.0.2, 6.12; e-MUCS P1 1.7."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ohmstead.gateway.channels import channels
from ohmstead.reading.reading import Channel
from ohmstead.wire.telegram import Value

BRUSSELS = ZoneInfo("Europe/Brussels")
AT = datetime(2025, 7, 3, 14, 10)
HEX = "4741533030303031"


def test_gas_water_and_heat_are_told_apart_by_their_type() -> None:
    """EN 13757-3, table of device types: 3 gas, 4 heat, 7 water; others are `other`."""
    said = {
        "0-1:24.1.0": Value("003"), "0-1:96.1.0": Value(HEX), "0-1:24.2.1": Value(1.5, "m3", AT),
        "0-2:24.1.0": Value(7), "0-2:24.2.1": Value(2500, "l", AT),
        "0-3:24.1.0": Value("4"), "0-3:24.2.1": Value(7.25, "GJ"),
        "0-4:24.1.0": Value("99"), "0-4:24.2.1": Value(1, "m3"),
    }  # fmt: skip
    taken = datetime(2025, 7, 3, 12, 10, tzinfo=UTC)
    assert channels(said, BRUSSELS) == (
        Channel(1, "gas", 1.5, "m3", "GAS00001", taken),
        Channel(2, "water", 2.5, "m3", None, taken),
        Channel(3, "heat", 7.25, "GJ"),
        Channel(4, "other", 1, "m3"),
    )


def test_belgium_and_old_dutch_meters_use_other_codes() -> None:
    """e-MUCS: 24.2.3 and 96.1.1; DSMR 2.2 and 3: 24.3.0."""
    belgian = {"0-1:24.2.3": Value(5.0, "m3"), "0-1:96.1.1": Value(HEX)}
    old = {"0-1:24.1.0": Value("3"), "0-1:24.3.0": Value(6.0, "m3")}
    assert channels(belgian, BRUSSELS) == (Channel(1, "other", 5.0, "m3", "GAS00001"),)
    assert channels(old, BRUSSELS) == (Channel(1, "gas", 6.0, "m3"),)


def test_a_place_with_nothing_connected_is_left_out() -> None:
    """Seen in the field: type and empty id, or a value of 1970-01-01 that was never read."""
    empty = {"0-2:24.1.0": Value("003")}
    never = {"0-3:24.2.1": Value(0, None, datetime(1970, 1, 1, 1)), "0-3:96.1.0": Value("000000")}
    assert channels(empty | never, BRUSSELS) == ()


def test_a_known_meter_without_a_value_is_listed() -> None:
    """Capture of an eRS801: `volume` has a bus and an id, and no value."""
    assert channels({"0-1:96.1.0": Value("20000741")}, BRUSSELS) == (
        Channel(1, "other", None, None, "20000741"),
    )


def test_a_heat_meter_that_answers_itself_is_its_own_channel() -> None:
    """KMP, register 60 of a MULTICAL: heat, in MWh or GJ; in another unit it is something else."""
    said = {"register:60": Value(55.006, "MWh"), "serial": Value("1234567")}
    assert channels(said, BRUSSELS) == (Channel(1, "heat", 55006, "kWh", "1234567"),)
    assert channels({"register:60": Value(3.0, "V")}, BRUSSELS) == ()


def test_a_place_with_nothing_connected_is_no_meter() -> None:
    """A Landis+Gyr E450 lists four places: identifier 0 and value 0 where nothing is connected."""
    said = {
        "0-1:96.1.0": Value(HEX), "0-1:24.2.1": Value(0),
        "0-2:96.1.0": Value("00"), "0-2:24.2.1": Value(0),
    }  # fmt: skip
    assert [channel.bus for channel in channels(said, BRUSSELS)] == [1]
