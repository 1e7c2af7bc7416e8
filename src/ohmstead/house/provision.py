"""A real device made to send here: what changes is shown, backed up, written, and seen to work.

Source: REST/MQTT 2.0, 4 (mqtt/settings), 6.2 (report_interval).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ohmstead.access import secrets
from ohmstead.clock import Clock
from ohmstead.connect.whatwatt import WhatwattGo, differs, not_shown, writable
from ohmstead.errors import BadInput, Conflict, NotFound, OhmsteadError, Unavailable
from ohmstead.house.admin import DEVICE_INTERVAL_S, MQTT_URI, Admin
from ohmstead.house.backup import Backup
from ohmstead.house.installation import Installation
from ohmstead.house.provision_plan import changes, one_address, suits, warnings
from ohmstead.settings.mqtt import MqttSettings
from ohmstead.store import facts
from ohmstead.store.dead_letters import DeadLetters
from ohmstead.store.provisioning import ProvisionedDevices
from ohmstead.store.readings import Readings
from ohmstead.surfaces import compact

SHORTEST_S, LONGEST_S = 1, 3600
"""Range of report_interval.  Source: 6.2, and the device's later documentation."""
CLIENT = "go"
"""Behind the user name in the client id: our gateway's own uplink uses the user name alone."""
LOOK_S = 0.5
TELL_S = 10.0
FIRST_S = 60.0
"""How long the first reading may take, besides three intervals."""

Say = Callable[[str], None]
Ask = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What provisioning is asked to do."""

    site: int | None = None
    meter: str | None = None
    uri: str | None = None
    """Where the device finds the cloud, if not where the cloud says it is."""
    interval_s: int | None = None
    skip_name_check: bool = False
    wait_s: float | None = None
    """How long to wait for the first reading; 0 for not at all, None for as long as is usual."""
    dry_run: bool = False
    backup: Path | None = None
    """The file for what is replaced; None names one in the present folder."""


@dataclass(frozen=True, slots=True)
class Login:
    """A device's new password in the cloud, and how to go back to what was before."""

    password: str
    stream: int
    undo: Callable[[], Awaitable[object]]


class Provisioning:
    """One device, one installation: `await Provisioning(...).done(wish)`."""

    def __init__(
        self, home: Installation, device: WhatwattGo, clock: Clock, *, say: Say, ask: Ask
    ) -> None:
        """`say` takes what is told; `ask` puts a question that is answered with yes or no."""
        self._home, self._device, self._clock = home, device, clock
        self._say, self._ask = say, ask
        self._admin = Admin(home, clock)

    async def done(self, wish: Wish) -> None:
        """All of it; any OhmsteadError says how far it came, and what to do."""
        system = await asyncio.to_thread(self._device.system)
        self._say(f"Device   {system.model} {system.id}, firmware {system.firmware}")
        suits(system)
        site, interval_s = await self._placed(system.id, wish)
        settings = await self._settings(system.id, wish)
        before = await asyncio.to_thread(self._device.mqtt)
        interval_before = await asyncio.to_thread(self._device.report_interval_s)
        for change in changes(before, settings, interval_before, interval_s):
            self._say(f"  {change.name}: {change.old} -> {change.new}")
        for warning in warnings(system, before):
            self._say(f"Careful: {warning}")
        if wish.dry_run:
            self._say("Nothing was changed (--dry-run).")
            return
        if wish.wait_s != 0 and self._home.server is not None:
            raise Unavailable(
                "the cloud of this folder does not run: start it first, or do not wait (--wait 0)"
            )
        if not self._ask(f"Write this to {self._device.name}?"):
            raise Conflict("nothing was changed")
        backup = Backup.of(self._device.name, system, before, interval_before, self._clock.now())
        file = await asyncio.to_thread(backup.kept, wish.backup)
        self._say(f"Backup   {file}")
        login = await self._login(system.id, site, wish)
        began = self._clock.now()
        settings["password"] = login.password
        await self._written(settings, interval_s, backup, login)
        self._say("Written  the device has the settings")
        if wish.wait_s != 0:
            wait_s = FIRST_S + 3 * interval_s if wish.wait_s is None else wish.wait_s
            try:
                await self._arrived(login.stream, system.id, began, wait_s)
            except Unavailable as trouble:
                undo = f"`ohmstead provision {self._device.name} --restore {file}` undoes it"
                raise Unavailable(f"{trouble}; {undo}") from trouble

    # --- what is wanted

    async def _placed(self, mac: str, wish: Wish) -> tuple[int, int]:
        """The site and the interval in seconds; whatever speaks against it, before anything is
        changed."""
        known = (await self._admin.devices.known()).get(mac)
        every_s = known.interval_s if known else DEVICE_INTERVAL_S
        if known is not None:
            if wish.meter not in (None, known.meter):
                raise Conflict(f"device {mac} reads meter {known.meter!r}; remove it first")
            if wish.site not in (None, known.site.id):
                raise Conflict(f"device {mac} stands at site {known.site.id}; remove it first")
            site = known.site.id
        else:
            site = await self._site(wish)
            if wish.meter is not None:
                meter = await self._admin.meters.get(wish.meter)
                every_s = meter.interval_s
                if meter.site.id != site:
                    raise Conflict(f"meter {meter.id!r} stands at site {meter.site.id}")
                if meter.device is not None:
                    raise Conflict(f"device {meter.device} reads meter {meter.id!r} already")
        chosen = wish.interval_s or round(every_s)
        return site, min(max(chosen, SHORTEST_S), LONGEST_S)

    async def _site(self, wish: Wish) -> int:
        if wish.site is not None:
            return (await self._admin.sites.get(wish.site)).id
        if wish.meter is not None:
            return (await self._admin.meters.get(wish.meter)).site.id
        sites = await self._admin.sites.all()
        if len(sites) != 1:
            raise BadInput(
                "say with --site where the device stands; `ohmstead admin site list` shows them"
                if sites
                else "there is no site yet; `ohmstead admin site add` makes one"
            )
        return sites[0].id

    async def _settings(self, mac: str, wish: Wish) -> dict[str, Any]:
        """What goes into mqtt/settings, the password excepted; BadInput."""
        uri = wish.uri or await self._admin.facts.get(facts.MQTT_URI) or MQTT_URI
        wanted: dict[str, Any] = {
            "enable": True,
            "url": one_address(uri, self._device.name),
            "username": mac,
            "client_id": f"{mac}:{CLIENT}",
            "skip_cn_check": wish.skip_name_check,
            "publish": {"topic": f"up/{mac}", "template": compact.TEMPLATE},
            "broker": {"certificate": await self._home.ca_certificate()},
        }
        try:
            msgspec.convert(wanted, MqttSettings)
        except msgspec.ValidationError as error:
            raise BadInput(f"a device does not take these settings: {error}") from error
        return wanted

    # --- what is done

    async def _login(self, mac: str, site: int, wish: Wish) -> Login:
        devices = self._admin.devices
        if mac in await devices.known():
            old = await devices.credential(mac)
            if old is None:
                raise NotFound(f"device {mac} signs in by another name; remove it first")
            password = secrets.new_secret()
            store = ProvisionedDevices(self._home.database)
            await store.set_secret(mac, secrets.digest(self._home.key, password))
            return Login(password, old.device.stream, lambda: store.set_secret(mac, old.digest))
        meters = {meter.id for meter in await self._admin.meters.all()}
        made = await self._admin.add_device(mac, site, wish.meter)
        device = await devices.get(mac)

        async def undo() -> None:
            await devices.remove(mac)
            if device.meter not in meters:
                await self._admin.meters.remove(device.meter, with_readings=False)

        return Login(str(made["password"]), device.stream, undo)

    async def _written(
        self, settings: dict[str, Any], interval_s: int, backup: Backup, login: Login
    ) -> None:
        """Write and read back; what a device takes only in part is taken back again."""
        try:
            await asyncio.to_thread(self._device.write_mqtt, settings)
            await asyncio.to_thread(self._device.write_report_interval, interval_s)
            wrong = differs(settings, await asyncio.to_thread(self._device.mqtt))
            if wrong:
                raise Unavailable(f"the device kept something else than was written: {wrong}")
        except BaseException as trouble:
            await login.undo()
            back = await self._back(backup)
            if not isinstance(trouble, OhmsteadError):
                raise
            raise type(trouble)(f"{trouble}; {back}") from trouble

    async def _back(self, backup: Backup) -> str:
        try:
            await asyncio.to_thread(restore, self._device, backup)
        except OhmsteadError as again:
            return f"and its old settings could not be put back: {again}"
        lost = not_shown(backup.mqtt)
        return "its old settings are back" + (f", without {', '.join(lost)}" if lost else "")

    # --- what comes of it

    async def _arrived(self, stream: int, mac: str, began: datetime, wait_s: float) -> None:
        """Return when the device's first message is stored; Unavailable says why none is."""
        self._say(f"Waiting  for the first reading, up to {wait_s:.0f} s")
        store, start_s = ProvisionedDevices(self._home.database), self._clock.monotonic_s()
        tell_at_s = TELL_S
        while True:
            found = await store.arrived(stream)
            if found and found[0] >= began and found[1].startswith(compact.BEGIN):
                break
            elapsed_s = self._clock.monotonic_s() - start_s
            if elapsed_s >= wait_s or elapsed_s >= tell_at_s:
                why = await self._why_not(mac, began)
                if elapsed_s >= wait_s:
                    raise Unavailable(f"no reading arrived within {wait_s:.0f} s: {why}")
                self._say(f"  {elapsed_s:.0f} s: {why}")
                tell_at_s += TELL_S
            await asyncio.sleep(LOOK_S)
        values = (await Readings(self._home.database).latest([stream]))[stream].values
        self._say(f"Arrived  a reading with {len(values)} values: data arrive and are stored")

    async def _why_not(self, mac: str, began: datetime) -> str:
        """What is known of why nothing is stored yet, in words."""
        letters = await DeadLetters(self._home.database).newest()
        refused = [one for one in letters if one.topic == f"up/{mac}" and one.at >= began]
        if refused:
            return f"a message came and was refused: {refused[0].reason}"
        try:
            system = await asyncio.to_thread(self._device.system)
        except OhmsteadError as trouble:
            return str(trouble)
        if not system.mqtt_connected:
            said = f" ({system.mqtt_trouble})" if system.mqtt_trouble else ""
            return f"the device is not connected to the MQTT service{said}; does it reach its url?"
        if system.meter_status not in ("OK", ""):
            status = system.meter_status
            return f"the device has no meter to tell of (its status is {status})"
        return "the device is connected and has sent nothing yet"


def restore(device: WhatwattGo, backup: Backup, password: str | None = None) -> None:
    """Put back what a backup holds, with the broker's `password` if there was one; blocking."""
    settings = writable(backup.mqtt)
    if password is not None:
        settings["password"] = password
    client = settings.get("client")
    if isinstance(client, dict) and not client.get("key"):
        del settings["client"]  # a certificate without its key is not taken
    device.write_mqtt(settings)
    if backup.report_interval_s is not None:
        device.write_report_interval(backup.report_interval_s)


async def restored(device: WhatwattGo, backup: Backup, password: str | None, *, say: Say) -> None:
    """The whole of `--restore`: the right device, written, and read back."""
    system = await asyncio.to_thread(device.system)
    if system.id != backup.device:
        raise Conflict(f"the backup is of device {backup.device}, and {device.name} is {system.id}")
    await asyncio.to_thread(restore, device, backup, password)
    wrong = differs(writable(backup.mqtt), await asyncio.to_thread(device.mqtt))
    if wrong := [name for name in wrong if not name.startswith("client.")]:
        raise Unavailable(f"the device kept something else than was written: {', '.join(wrong)}")
    say(f"Restored {device.name} ({system.id}) to what it had at {backup.taken_at}")
    lost = [name for name in not_shown(backup.mqtt) if name != "password" or password is None]
    if lost:
        say(f"A device does not show its secrets; set again by hand: {', '.join(lost)}")
    say(f"In the cloud, `ohmstead admin device remove {system.id}` ends its login")
