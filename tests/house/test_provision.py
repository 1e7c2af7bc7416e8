"""Provisioning a device.  Sources: REST/MQTT 2.0, 4, 5.2 and 6.2; docs/commands.md."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from tests.connect.pretended import MAC, Pretended

from ohmstead.clock import SystemClock
from ohmstead.connect.device import Device
from ohmstead.connect.whatwatt import WhatwattGo
from ohmstead.errors import BadInput, Conflict, NotFound, Unavailable
from ohmstead.house.admin import Admin
from ohmstead.house.backup import Backup
from ohmstead.house.installation import Installation
from ohmstead.house.provision import Provisioning, Wish, restored
from ohmstead.house.provision_plan import changes, one_address
from ohmstead.store import facts
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.dead_letters import DeadLetter, DeadLetters
from ohmstead.surfaces import compact

CLOCK = SystemClock()
CA = "-----BEGIN CERTIFICATE-----\nof a test\n-----END CERTIFICATE-----\n"


@pytest.fixture
def device() -> Iterator[Pretended]:
    with Pretended() as running:
        yield running


@dataclass
class Stage:
    """An installation with one site, and what was said."""

    home: Installation
    admin: Admin
    backup: Path
    said: list[str] = field(default_factory=list)
    agrees: bool = True

    async def provision(self, device: Pretended, **wish: object) -> None:
        work = Provisioning(
            self.home,
            WhatwattGo(Device(device.address)),
            CLOCK,
            say=self.said.append,
            ask=lambda _: self.agrees,
        )
        await work.done(Wish(**{"backup": self.backup, "wait_s": 0, **wish}))  # type: ignore[arg-type]

    async def message(self, stream: int, payload: bytes) -> None:
        """What the collector would store."""
        now = CLOCK.now() + timedelta(milliseconds=1)
        row = Row(stream, now, now, {"1.7.0": 0.5}, raw=payload)
        await Committer(self.home.database, CLOCK).commit([row])


@pytest.fixture
async def stage(database: Database, tmp_path: Path) -> Stage:
    home = Installation(None, database.url, b"k" * 32, database, None, CLOCK)
    admin = Admin(home, CLOCK)
    await admin.facts.set(facts.CA_CERTIFICATE, CA)
    await admin.facts.set(facts.MQTT_URI, "mqtts://127.0.0.1:8883")
    organisation = await admin.add_organisation("Test")
    await admin.add_site("House", organisation["id"], "Europe/Zurich")
    return Stage(home, admin, tmp_path / "backup.json")


async def test_the_device_gets_everything_it_needs(stage: Stage, device: Pretended) -> None:
    """4: TLS url, authority, user, password, a client id without dots, topic, template; 6.2."""
    await stage.provision(device, interval_s=5)
    (login,) = await stage.admin.list_devices()
    assert login["id"] == MAC
    (written,) = device.written
    assert written["enable"] is True
    assert written["url"] == "mqtts://127.0.0.1:8883"
    assert (written["username"], written["client_id"]) == (MAC, f"{MAC}:go")
    assert written["publish"] == {"topic": f"up/{MAC}", "template": compact.TEMPLATE}
    assert written["broker"] == {"certificate": CA}
    assert len(written["password"]) >= 32
    assert device.interval == 5
    told = "\n".join(stage.said)
    assert written["password"] not in told
    assert "hush" not in told, "the password in the old address"
    assert "url: mqtt://me:(hidden)@old.example:1883 -> mqtts://127.0.0.1:8883" in told
    assert "does not show password" in told


async def test_what_it_had_is_backed_up_and_put_back(stage: Stage, device: Pretended) -> None:
    """4: "send the same object as you received", without the lengths; the password is not in it."""
    before, interval = device.shown(), device.interval
    await stage.provision(device, interval_s=5)
    assert stage.backup.stat().st_mode & 0o777 == 0o600
    kept = Backup.read(stage.backup)
    assert (kept.device, kept.mqtt, kept.report_interval_s) == (MAC, before, interval)
    assert "was-secret" not in stage.backup.read_text()
    said: list[str] = []
    go = WhatwattGo(Device(device.address))
    await restored(go, kept, None, say=said.append)
    assert device.shown() == {**before, "password_len": 0}
    assert device.interval == interval
    assert "set again by hand: password" in "\n".join(said)
    await restored(go, kept, "was-secret", say=said.append)
    assert device.shown() == before
    with pytest.raises(Conflict, match="exists already"):
        await stage.provision(device)


async def test_a_backup_is_for_its_own_device(stage: Stage, device: Pretended) -> None:
    """docs/commands.md: `--restore` puts back what this backup holds."""
    await stage.provision(device)
    other = json.loads(stage.backup.read_text()) | {"device": "A842E3000000"}
    stage.backup.write_text(json.dumps(other))
    with pytest.raises(Conflict, match="A842E3000000"):
        await restored(
            WhatwattGo(Device(device.address)), Backup.read(stage.backup), None, say=print
        )
    stage.backup.write_text("{}")
    with pytest.raises(BadInput, match="no backup"):
        Backup.read(stage.backup)
    with pytest.raises(NotFound):
        Backup.read(stage.backup.with_name("other"))


@pytest.mark.parametrize("how", ["dry run", "no", "old", "elsewhere", "meter", "site"])
async def test_nothing_is_changed_when(stage: Stage, device: Pretended, how: str) -> None:
    """docs/commands.md: what goes wrong before writing changes nothing, here and there."""
    wish: dict[str, object] = {}
    match how:
        case "dry run":
            await stage.provision(device, dry_run=True)
            assert "Nothing was changed" in stage.said[-1]
        case "no":
            stage.agrees = False
        case "old":
            device.firmware = "1.2.6"
        case "meter":
            wish = {"meter": "nobody"}
        case "site":
            wish = {"site": 99}
        case _:
            wish = {"uri": "http://somewhere"}
    if how != "dry run":
        with pytest.raises((Conflict, BadInput, NotFound)):
            await stage.provision(device, **wish)
    assert device.written == []
    assert await stage.admin.list_devices() == []
    assert await stage.admin.list_meters() == []
    assert not stage.backup.exists()


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("how", ["refuses", "truncates"])
async def test_what_the_device_does_not_take_is_undone(
    stage: Stage, device: Pretended, how: str, known: bool
) -> None:
    """4, 0..1023: a device that refuses or cuts it keeps what it had, and so does the cloud."""
    if known:
        await stage.admin.add_device(MAC, 1, None)
    before = device.mqtt
    credential = await stage.admin.devices.credential(MAC)
    if how == "refuses":
        device.refuses = 400
    else:
        device.longest_template = 500
    with pytest.raises((BadInput, Unavailable), match=r"refuses|publish.template") as trouble:
        await stage.provision(device)
    assert ("old settings are back" in str(trouble.value)) is (how == "truncates")
    assert device.mqtt == before
    assert await stage.admin.devices.credential(MAC) == credential
    assert len(await stage.admin.list_meters()) == known


async def test_a_known_device_gets_a_new_password(stage: Stage, device: Pretended) -> None:
    """docs/commands.md: a login is made for it, or a device that is known gets a new password."""
    await stage.admin.add_device(MAC, 1, None)
    old = await stage.admin.devices.credential(MAC)
    await stage.provision(device)
    new = await stage.admin.devices.credential(MAC)
    assert old
    assert new
    assert old.device == new.device
    assert old.digest != new.digest
    with pytest.raises(Conflict, match="reads meter"):
        await stage.provision(device, meter="another")
    assert device.interval == 10, "the meter's"


async def test_it_ends_when_the_first_reading_is_stored(stage: Stage, device: Pretended) -> None:
    """docs/commands.md: "waits until the first reading is stored", by this template."""
    work = asyncio.create_task(stage.provision(device, wait_s=30))
    async with asyncio.timeout(30):
        while not stage.said or not stage.said[-1].startswith("Waiting"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        found = await stage.admin.devices.get(MAC)
        await stage.message(found.stream, compact.BEGIN + b"1}")
        await work
    assert stage.said[-1].startswith("Arrived  a reading with 1 values")


@pytest.mark.parametrize("why", ["not connected", "no meter", "refused", "gone"])
async def test_when_nothing_comes_it_says_why(stage: Stage, device: Pretended, why: str) -> None:
    """4, note: only with a meter; TLS refused shows as not connected; dead letters have reasons."""
    device.connected = why != "not connected"
    if why == "no meter":
        device.meter = "NO DATA"
    if why == "refused":
        at = CLOCK.now() + timedelta(minutes=1)
        letter = DeadLetter(at, "mqtt", "the payload has no time", b"x", f"up/{MAC}", None)
        await DeadLetters(stage.home.database).keep([letter])
    expected = {
        "not connected": "not connected to the MQTT service",
        "no meter": "NO DATA",
        "refused": "the payload has no time",
        "gone": "has sent nothing yet",
    }[why]
    with pytest.raises(Unavailable, match=expected) as trouble:
        await stage.provision(device, wait_s=0.6)
    assert f"--restore {stage.backup}" in str(trouble.value)


async def test_the_site_is_said_when_there_are_several(stage: Stage, device: Pretended) -> None:
    """docs/commands.md, `--site`: not needed where there is only one."""
    await stage.admin.add_site("Shop", 1, "Europe/Zurich")
    with pytest.raises(BadInput, match="--site"):
        await stage.provision(device)
    await stage.provision(device, site=2)
    assert (await stage.admin.show_device(MAC))["site"] == 2


@pytest.mark.parametrize("uri", ["mqtts://localhost:8883", "mqtts://127.0.0.1", "mqtts://[::1]:1"])
def test_a_device_elsewhere_cannot_reach_the_loopback(uri: str) -> None:
    """docs/commands.md, `--uri`: as the device reaches the cloud."""
    with pytest.raises(BadInput, match="--uri"):
        one_address(uri, "192.0.2.7:80")
    assert one_address(uri, "localhost:80").startswith("mqtts://")
    assert one_address("mqtts://a.example,b.example:9", "192.0.2.7") == "mqtts://a.example:8883"
    for wrong in ("mqtt://a", "mqtts://", "mqtts://a:b"):
        with pytest.raises(BadInput):
            one_address(wrong, "192.0.2.7")


def test_what_goes_away_is_shown_too() -> None:
    """4: POST sends what is left out to its factory setting."""
    before = {"client": {"certificate": "-----BEGIN", "key_len": 3}, "password_len": 2}
    found = {one.name: (one.old, one.new) for one in changes(before, {"url": "x"}, None, 10)}
    assert found["client.certificate"] == ("-----BEGIN", "none")
    assert found["report_interval"] == ("unknown", "10 s")
    assert found["password"][0] == "(2 characters)"
