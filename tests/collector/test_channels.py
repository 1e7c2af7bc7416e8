"""Gas, water and heat behind a device's meter: each becomes a meter with a stream of its own."""

from datetime import datetime, timedelta

from tests.collector.conftest import NOW, Place, Said, at, report

from ohmstead.store.devices import Devices
from ohmstead.store.meters import Meters
from ohmstead.store.readings import Readings

HOUR = NOW - timedelta(minutes=30)


def gas(read_at: datetime, value: float = 123.456, unit: str = "m3", bus: int = 1) -> list[object]:
    """`report.volume` as a gateway sends it (interop 1.5, field additions)."""
    return [
        {
            "bus": bus,
            "kind": "gas",
            "unit": unit,
            "meter_id": "G0042",
            "cumulative": value,
            "date_time_utc": read_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    ]


async def _gas_rows(place: Place, id: str = "grid-gas") -> list[tuple[datetime, float]]:
    meter = await Meters(place.database).get(id)
    rows = await place.database.rows(
        "SELECT at, value FROM readings WHERE stream = %s ORDER BY at", (meter.stream,)
    )
    return [(row["at"], row["value"]) for row in rows]


async def test_a_gas_meter_behind_the_port_becomes_a_meter(place: Place) -> None:
    """Its unit and its own time come along; it stands at the device's site."""
    await place.intake().take([Said(report(at(0), volume=gas(HOUR)))])
    meter = await Meters(place.database).get("grid-gas")
    assert (meter.type, meter.unit, meter.site) == ("gas", "m3", place.device.site)
    assert await _gas_rows(place) == [(HOUR, 123.456)]
    latest = (await Readings(place.database).latest([meter.stream]))[meter.stream]
    assert (latest.value, latest.identity.id) == (123.456, "G0042")
    assert [(each.meter, each.value) for each in place.live] == [
        ("grid", None),
        ("grid-gas", 123.456),
    ]


async def test_what_every_telegram_repeats_is_stored_once(place: Place) -> None:
    """DSMR repeats the hour's gas value in each telegram (P1 companion standard 5.0.2)."""
    intake = place.intake()
    messages = [Said(report(at(n), volume=gas(HOUR))) for n in range(5)]
    await intake.take(messages[:3])
    await intake.take(messages[3:])
    await intake.take([Said(report(at(9), volume=gas(HOUR + timedelta(minutes=5), 124.0)))])
    assert [value for _, value in await _gas_rows(place)] == [123.456, 124.0]
    meter = await Meters(place.database).get("grid-gas")
    counts = await Meters(place.database).counts(meter.stream)
    assert (counts.accepted, counts.duplicate) == (2, 0)


async def test_two_gas_meters_are_two_meters(place: Place) -> None:
    """A second channel of the same kind gets its number behind the id."""
    both = [*gas(HOUR), *gas(HOUR, 7.0, bus=2)]
    await place.intake().take([Said(report(at(0), volume=both))])
    assert await _gas_rows(place, "grid-gas-2") == [(HOUR, 7.0)]


async def test_another_unit_is_not_mixed_in(place: Place) -> None:
    """A meter counts in one unit for ever; what comes in another is left out, and logged."""
    await place.intake().take([Said(report(at(0), volume=gas(HOUR)))])
    later = HOUR + timedelta(minutes=5)
    await place.intake().take([Said(report(at(1), volume=gas(later, 5.0, unit="kWh")))])
    assert len(await _gas_rows(place)) == 1


async def test_a_device_that_comes_again_goes_on_with_its_gas_meter(place: Place) -> None:
    """The channel is forgotten with the device, the meter and its readings are not."""
    devices = Devices(place.database)
    await place.intake().take([Said(report(at(0), volume=gas(HOUR)))])
    await devices.remove(place.device.mac)
    await devices.add(place.device.mac, "grid", b"other")
    later = HOUR + timedelta(minutes=5)
    await place.intake().take([Said(report(at(1), volume=gas(later, 124.0)))])
    assert [value for _, value in await _gas_rows(place)] == [123.456, 124.0]
