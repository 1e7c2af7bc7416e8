"""The demo: a cloud, and five gateways that read meters which do not exist.

Nothing is short cut: the simulated meters send real telegrams, gateways decode them and send their
reports through the broker, for the past as for the present.
"""

import asyncio
import json
import math
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

from ohmstead import simulate
from ohmstead.clock import Clock, SetClock
from ohmstead.errors import Conflict, NotFound
from ohmstead.house import cloud, gateway, installation
from ohmstead.house.admin import Admin
from ohmstead.house.background import Background
from ohmstead.house.cloud import Running
from ohmstead.settings.address import Address
from ohmstead.settings.cloud import CloudOptions, default_data
from ohmstead.settings.gateway import GatewayOptions, uplink
from ohmstead.simulate import DemoMeter, Simulated
from ohmstead.store.devices import Devices
from ohmstead.store.people import People
from ohmstead.store.readings import Readings

HOST = "127.0.0.1"
HTTPS, MQTTS, GATEWAYS = 443, 883, 81
"""Ports, counted from the port base; the pages without TLS are at the base itself."""
SPACING = timedelta(minutes=10)
"""Between two readings of the past; also how often the demo's meters are expected to send."""
PROGRESS_EVERY = 50
ORGANISATION = "Demo"


def demo_data() -> Path:
    """Where the demo keeps its data when nobody says: beside the cloud's."""
    return default_data().parent / f"{default_data().name}-demo"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How the demo runs."""

    data: Path
    port_base: int = 8000
    days: int = 14
    """How much past a new demo has."""

    def cloud(self) -> CloudOptions:
        """The cloud of the demo."""
        base = self.port_base
        return CloudOptions(
            data=self.data,
            http=Address(HOST, base),
            https=Address(HOST, base + HTTPS),
            mqtts=Address(HOST, base + MQTTS),
        )

    def gateway_address(self, number: int) -> str:
        """Where the local API of one of the gateways listens."""
        return f"{HOST}:{self.port_base + GATEWAYS + number}"


class Step(StrEnum):
    """What the demo is busy with."""

    CLOUD = "Starting broker and database"
    PAST = "Making the meters' past"
    STORED = "Storing it"
    METERS = "Starting the gateways"


Show = Callable[[Step, int, int], None]
"""Told how far a step is: done, and of how many."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that is up."""

    cloud: Running
    sign_in_link: str
    gateways: tuple[tuple[DemoMeter, str], ...]
    """Each meter with the address of its gateway's local API."""


@asynccontextmanager
async def opened(options: DemoOptions, clock: Clock, show: Show) -> AsyncIterator[Demo]:
    """The demo, up for as long as the block lasts; a folder used before is gone on with."""
    meters = simulate.demo_meters()
    async with AsyncExitStack() as stack:
        show(Step.CLOUD, 0, 1)
        running = await stack.enter_async_context(cloud.opened(options.cloud(), clock))
        show(Step.CLOUD, 1, 1)
        admin = Admin(running.installation, clock)
        files = {meter.mac: await _registered(admin, options, meter) for meter in meters}
        await _live_through(options, running, clock, show, files)
        tasks = await stack.enter_async_context(Background())
        urls = []
        for number, meter in enumerate(meters):
            address = options.gateway_address(number)
            up = asyncio.Event()
            tasks.run(_gateway(meter, files[meter.mac], address, clock, up), meter.id)
            await up.wait()
            urls.append((meter, f"http://{address}"))
            show(Step.METERS, number + 1, len(meters))
        yield Demo(running, await _link(running, clock), tuple(urls))


async def _registered(admin: Admin, options: DemoOptions, meter: DemoMeter) -> Path:
    """The meter and its device in the cloud, as `ohmstead admin` adds them; its uplink file."""
    file = options.data / "gateways" / meter.mac / "uplink.json"
    if meter.mac in await admin.devices.known():
        if file.exists() and uplink(file).uri == options_uri(options):
            return file
        await admin.devices.remove(meter.mac)
    organisations = {each.name: each.id for each in await admin.organisations.all()}
    organisation = organisations.get(ORGANISATION)
    if organisation is None:
        organisation = int((await admin.add_organisation(ORGANISATION))["id"])
    sites = {each.name: each.id for each in await admin.sites.all(organisation)}
    site = sites.get(meter.name_en)
    if site is None:
        site = int((await admin.add_site(meter.name_en, organisation, meter.zone))["id"])
    try:
        await admin.meters.get(meter.id)
    except NotFound:
        every_s = SPACING.total_seconds()
        await admin.add_meter(meter.id, site, "electricity", every_s, "cumulative", meter.name_en)
    shown = await admin.add_device(meter.mac, site, meter.id)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(dict(shown), out)
    return file


LIVE_S = 5.0
"""Least seconds between two reports of one gateway."""


def options_uri(options: DemoOptions) -> str:
    """Where the gateways find the broker."""
    return f"mqtts://{options.cloud().mqtts}"


async def _gateway(
    meter: DemoMeter,
    file: Path,
    address: str,
    clock: Clock,
    up: asyncio.Event,
) -> None:
    """One gateway in the present, like `ohmstead gateway --source simulate:MODEL`."""
    await gateway.run(
        GatewayOptions(
            source=f"simulate:{meter.model}",
            data=file.parent,
            http=address,
            uplink=uplink(file),
            zone=meter.zone,
            uplink_interval_s=LIVE_S,
        ),
        clock=clock,
        stop=asyncio.Event(),
        source=simulate.stream(meter.model, meter.seed, clock),
        ready=lambda _: up.set(),
    )


def moments(first: datetime, last: datetime) -> list[datetime]:
    """When the past is read: on the full ten minutes from `first` to before `last`."""
    count = max(0, math.ceil((last - first) / SPACING))
    begin = first - timedelta(seconds=first.timestamp() % SPACING.total_seconds()) + SPACING
    return [at for n in range(count) if (at := begin + n * SPACING) < last]


async def _live_through(
    options: DemoOptions, running: Running, clock: Clock, show: Show, files: dict[str, Path]
) -> None:
    """What the meters sent from the last time, or `days` ago, up to now."""
    now = clock.now()
    database = running.installation.database
    devices = await Devices(database).known()
    latest = await Readings(database).latest([device.stream for device in devices.values()])
    pasts: list[tuple[DemoMeter, list[datetime]]] = []
    for meter in simulate.demo_meters():
        newest = latest.get(devices[meter.mac].stream)
        begin = now - timedelta(days=options.days)
        pasts.append((meter, moments(max(begin, newest.at) if newest else begin, now)))
    total, done = sum(len(past) for _, past in pasts), 0
    for meter, past in pasts:
        if past:
            await _relive(meter, past, files[meter.mac], partial(_tell, show, done, total))
            done += len(past)
    show(Step.PAST, total, max(total, 1))


def _tell(show: Show, base: int, total: int, done: int) -> None:
    show(Step.PAST, base + done, total)


async def _relive(
    meter: DemoMeter, past: list[datetime], file: Path, told: Callable[[int], None]
) -> None:
    """A gateway at the meter, on a clock that is put to each of the past's moments."""
    then = SetClock(past[0])

    async def telegrams() -> AsyncIterator[bytes]:
        simulated = await asyncio.to_thread(_worked_out, meter, past[0])
        for done, at in enumerate(past):
            then.set(at)
            yield simulated.telegram(at)
            if done % PROGRESS_EVERY == 0:
                told(done)
                await asyncio.sleep(0)

    options = GatewayOptions(
        source=f"simulate:{meter.model}",
        data=file.parent,
        http=None,
        uplink=uplink(file),
        zone=meter.zone,
        uplink_interval_s=0,
        ends=True,
    )
    await gateway.run(options, clock=then, stop=asyncio.Event(), source=telegrams())


def _worked_out(meter: DemoMeter, at: datetime) -> Simulated:
    simulated = Simulated(meter.model, meter.seed)
    simulated.moment(at)
    return simulated


async def _link(running: Running, clock: Clock) -> str:
    """A sign-in link for the first person of the demo, whether the folder is new or not."""
    if running.sign_in_link:
        return running.sign_in_link
    people = await People(running.installation.database).all()
    if not people:
        raise Conflict("the demo's data have no user; remove the folder and start again")
    token = await installation.new_link(running.installation, people[0], clock.now())
    return f"{running.http_url}/sign-in/{token}"
