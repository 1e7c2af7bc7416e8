"""Organisations, sites, meters: what may be added, what clashes, what goes with what."""

import pytest
from tests.store.conftest import NOW, MakeMeter

from ohmstead.clock import SetClock
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.devices import Devices
from ohmstead.store.meters import Counts, Meters
from ohmstead.store.sites import Organisations, Sites


async def test_names_are_unique_where_they_must_be(database: Database) -> None:
    """Adding twice is a Conflict that names what exists."""
    organisations, sites = Organisations(database), Sites(database)
    works, other = await organisations.add(" Works "), await organisations.add("Other")
    assert works.name == "Works"
    with pytest.raises(Conflict, match="'Works'"):
        await organisations.add("Works")
    home = await sites.add("Home", works.id, "Europe/Zurich")
    assert home.zone.key == "Europe/Zurich"
    with pytest.raises(Conflict, match="'Home'"):
        await sites.add("Home", works.id, "UTC")
    await sites.add("Home", other.id, "UTC")
    assert [site.organisation for site in await sites.all()] == [works.id, other.id]
    assert [site.id for site in await sites.all(works.id)] == [home.id]


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime", "Europe"])
async def test_a_zone_must_be_one(database: Database, zone: str) -> None:
    """IANA names only, and no way into the file system."""
    works = await Organisations(database).add("Works")
    with pytest.raises(BadInput, match="time zone"):
        await Sites(database).add("Home", works.id, zone)


async def test_what_is_in_use_stays(database: Database, make_meter: MakeMeter) -> None:
    """An organisation with sites, a site with meters, cannot be removed."""
    meter = await make_meter()
    with pytest.raises(Conflict, match="meters"):
        await Sites(database).remove(meter.site.id)
    with pytest.raises(Conflict, match="sites"):
        await Organisations(database).remove(meter.site.organisation)
    await Meters(database).remove(meter.id)
    await Sites(database).remove(meter.site.id)
    await Organisations(database).remove(meter.site.organisation)
    for missing in (Sites(database).get(1), Organisations(database).get(1)):
        with pytest.raises(NotFound):
            await missing


async def test_a_meter_has_the_usual_unit_of_its_type(make_meter: MakeMeter) -> None:
    """The catalogue's media say which units there are; an id is its first name."""
    gas = await make_meter("g1", type="gas")
    assert (gas.unit, gas.name, gas.reading, gas.device) == ("m3", "g1", "cumulative", None)
    assert (await make_meter("h1", type="heat", unit="MWh", name="Boiler")).unit == "MWh"
    assert (await make_meter("o1", type="other", unit="pieces")).unit == "pieces"
    assert (await make_meter("o2", type="other")).unit is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "steam"},
        {"reading": "sometimes"},
        {"interval_s": 0.0},
        {"interval_s": 1e9},
        {"type": "gas", "unit": "kWh/m3"},
        {"id": ""},
        {"id": "a b"},
        {"id": "a/b"},
        {"id": "x" * 101},
        {"name": "tab\tbed"},
    ],
)
async def test_a_property_that_cannot_be_is_refused(
    make_meter: MakeMeter, wrong: dict[str, object]
) -> None:
    """BadInput names the property; nothing is added."""
    with pytest.raises(BadInput):
        await make_meter(**wrong)


async def test_a_meter_with_readings_goes_only_when_said_so(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """Readings are removed with their meter, from every table, and only on demand."""
    meter, other = await make_meter("m1"), await make_meter("m2")
    await Committer(database, clock).commit([Row(m.stream, NOW, NOW) for m in (meter, other)])
    meters = Meters(database)
    with pytest.raises(Conflict, match="--yes"):
        await meters.remove("m1")
    await meters.remove("m1", with_readings=True)
    for table in ("readings", "latest"):
        found = await database.rows(
            f"SELECT stream FROM {table} WHERE stream = ANY(%s)",
            ([meter.stream, other.stream],),
        )
        assert [row["stream"] for row in found] == [other.stream]
    assert await meters.counts(meter.stream) == Counts()
    with pytest.raises(NotFound, match="'m1'"):
        await meters.get("m1")


async def test_a_device_reads_one_meter(database: Database, make_meter: MakeMeter) -> None:
    """One device a meter, one meter a device, known by its MAC however it is written."""
    await make_meter("m1")
    await make_meter("m2")
    devices, meters = Devices(database), Meters(database)
    device = await devices.add("a8:48:fa:01:02:03", "m1", b"digest")
    assert (device.mac, device.username, device.meter) == ("A848FA010203",) * 2 + ("m1",)
    assert (await meters.get("m1")).device == device.mac
    assert await devices.known() == {device.mac: device}
    with pytest.raises(Conflict, match="exists already"):
        await devices.add("A848FA010203", "m2", b"digest")
    with pytest.raises(Conflict, match="another device"):
        await devices.add("A848FA010204", "m1", b"digest")
    with pytest.raises(NotFound):
        await devices.add("A848FA010204", "m3", b"digest")
    with pytest.raises(Conflict, match="A848FA010203"):
        await meters.remove("m1")
    credential = await devices.credential(device.username)
    assert credential is not None
    assert (credential.device, credential.digest) == (device, b"digest")
    for stranger in ("nobody", "\0", "\ud800", ""):
        assert await devices.credential(stranger) is None
    await devices.remove("a848fa010203")
    assert await devices.all() == []
    with pytest.raises(NotFound):
        await devices.get("A848FA010203")


@pytest.mark.parametrize("mac", ["", "A848FA01020", "A848FA01020G", "A848FA0102030"])
async def test_what_is_not_a_mac_is_refused(
    database: Database, make_meter: MakeMeter, mac: str
) -> None:
    """Twelve hex digits."""
    await make_meter("m1")
    with pytest.raises(BadInput, match="12 hex digits"):
        await Devices(database).add(mac, "m1", b"")


async def test_meters_are_listed_by_organisation_and_renamed(
    database: Database, make_meter: MakeMeter
) -> None:
    """A user of one organisation sees only its meters."""
    meter = await make_meter("m1")
    meters = Meters(database)
    assert await meters.all(meter.site.organisation) == [meter]
    assert await meters.all(meter.site.organisation + 1) == []
    assert (await meters.rename("m1", "Kitchen")).name == "Kitchen"
    with pytest.raises(NotFound):
        await meters.rename("m9", "Kitchen")
