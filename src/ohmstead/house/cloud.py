"""The cloud: its stages, and how they are joined.

broker → collector → store → dashboard.  Started from the store outwards, so that nothing is
accepted before it can be kept; stopped in the opposite order.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from ohmstead.access.roles import Role
from ohmstead.broker.callout import Callout
from ohmstead.broker.messages import Messages
from ohmstead.broker.stream import RELAY
from ohmstead.clock import Clock
from ohmstead.collector.intake import Intake, Stored
from ohmstead.collector.telemetry import collect
from ohmstead.dashboard.api import app as pages
from ohmstead.dashboard.live import Hub
from ohmstead.house import installation as installations
from ohmstead.house import listeners, push_doors
from ohmstead.house.archive import FOLDER, nightly
from ohmstead.house.authority import Authority
from ohmstead.house.background import Background
from ohmstead.house.broker import Broker, broker_of, trusted_by_devices
from ohmstead.house.desk import Desk
from ohmstead.house.http import HttpServer
from ohmstead.house.installation import Installation, Place
from ohmstead.house.packets import push_api
from ohmstead.house.post import accounts
from ohmstead.house.rights import Attempts, Rights, Watch
from ohmstead.house.sessions import look_after_sessions
from ohmstead.house.sql_door import SqlDoor
from ohmstead.house.upkeep import Upkeep
from ohmstead.integrations.outlet import Endpoint, Outlet
from ohmstead.integrations.relay import Relay
from ohmstead.jobs.housekeeping import Housekeeping
from ohmstead.settings.address import Address
from ohmstead.settings.cloud import CloudOptions
from ohmstead.store import facts
from ohmstead.store.audit import By
from ohmstead.store.committer import Committer
from ohmstead.store.dead_letters import DeadLetters
from ohmstead.store.devices import Devices
from ohmstead.store.facts import Facts
from ohmstead.store.integration_devices import IntegrationDevices
from ohmstead.store.job_runs import JobRuns
from ohmstead.store.people import People
from ohmstead.store.rollups import Rollups
from ohmstead.surfaces import compact

log = structlog.get_logger("cloud")

UPKEEP_S = 3600.0
FIRST_ADMIN = "admin@localhost"


@dataclass(frozen=True, slots=True)
class Running:
    """A cloud that is up: where it is, and its parts."""

    http_url: str
    https_url: str
    mqtt_uri: str
    certificate: Path
    installation: Installation
    broker: Broker
    hub: Hub
    sign_in_link: str | None
    """A link that signs the first person in, once; None when somebody has an account."""
    sql_at: str | None = None
    """host:port at which readers reach the database from outside; None where they do not."""
    push_urls: tuple[str, ...] = ()
    """Where packets are taken beside the pages' addresses."""


@asynccontextmanager
async def opened(options: CloudOptions, clock: Clock) -> AsyncIterator[Running]:
    """The cloud of `options`, up for as long as the block lasts.

    Raises Unavailable or Conflict, saying what to do, when a port or the data folder is taken or
    the database cannot be reached, BadInput when two listeners are given one address.  When a stage
    fails for good, the block is cancelled.
    """
    async with AsyncExitStack() as stack:
        at = stack.enter_context(listeners.held(options))
        place = Place(options.data, options.database)
        home = await stack.enter_async_context(
            installations.opened(place, program="cloud", clock=clock)
        )
        authority = Authority(options.data / "pki", clock)
        files = authority.ensure(listeners.certified(options))
        mqtt_uri = listeners.mqtt_uri(options)
        known = Facts(home.database)
        await known.set(facts.MQTT_URI, mqtt_uri)
        await known.set(facts.CA_CERTIFICATE, trusted_by_devices(options, authority))

        tasks = await stack.enter_async_context(Background())
        if home.server is not None:
            tasks.run(home.server.supervise(), name="postgres")
        tasks.run(Rollups(home.database).run(), name="rollups")
        tasks.run((await _housekeeping(options, home, clock)).run(), name="housekeeping")
        broker = broker_of(options, files, clock)
        await stack.enter_async_context(broker)
        hub = Hub()
        relay_tls = ssl.create_default_context(cadata=trusted_by_devices(options, authority))
        show = _shown_by(hub)
        relay = await stack.enter_async_context(
            _intake(home, broker, show, clock, listeners.broker_at(options), relay_tls)
        )
        urls, context = at.urls(), authority.server_context()
        app = pages(
            home.database,
            hub,
            home.key,
            clock,
            accounts=await stack.enter_async_context(accounts(options, home, urls, clock)),
            passing=Desk(relay, broker.link),
            upkeep=_upkeep_of(options, home, clock, tasks),
            trusted_proxies=options.trusted_proxies,
        )
        push = await stack.enter_async_context(
            push_api(
                home.database,
                home.key,
                clock,
                app,
                trusted=options.trusted_proxies,
                on_stored=show,
                watched=lambda: hub.meters,
            )
        )
        sql_at = None
        if at.sql is not None:
            own = await stack.enter_async_context(SqlDoor(at.sql, context, lambda: home.url))
            host = at.sql.getsockname()[0]
            sql_at = listeners.reached(Address(host, own.port), options.names)
        await known.set(facts.SQL_AT, sql_at or "")
        for sock, tls in ((at.http, None), (at.https, context)):
            await stack.enter_async_context(
                HttpServer(push.app, sock, tls=tls, protocol=push.protocol)
            )
        await stack.enter_async_context(
            push_doors.served(options, at.push, push, home, (files, context), hub, show)
        )
        stack.callback(hub.close)  # a server that stops waits for the streams that are open
        tasks.run(_upkeep(authority, options, broker, context), name="upkeep")
        await known.set(facts.PAGES_URL, urls[0])
        await known.set(facts.PUSH_URL, urls[1])
        link = await _first_link(home, clock)
        yield Running(
            http_url=urls[0],
            https_url=urls[1],
            mqtt_uri=mqtt_uri,
            certificate=files.ca,
            installation=home,
            broker=broker,
            hub=hub,
            sign_in_link=f"{urls[0]}/sign-in/{link}" if link else None,
            sql_at=sql_at,
            push_urls=at.push_urls(),
        )


def _shown_by(hub: Hub) -> Callable[[Sequence[Stored]], None]:
    def show(readings: Sequence[Stored]) -> None:
        for each in readings:
            hub.post(each.meter, each.at, each.values, each.value)

    return show


@asynccontextmanager
async def _intake(
    home: Installation,
    broker: Broker,
    show: Callable[[Sequence[Stored]], None],
    clock: Clock,
    relay_at: tuple[tuple[str, int], ...],
    relay_tls: ssl.SSLContext,
) -> AsyncIterator[Relay]:
    """What comes from the broker: stored, shown, and passed on to integrations."""
    devices = Devices(home.database)
    intake = Intake(
        devices.known,
        Committer(home.database, clock),
        DeadLetters(home.database),
        clock,
        parse=compact.either,
        on_stored=show,
        find_channel=devices.channel,
    )
    rights, attempts = Rights(home, clock), Attempts(home, clock)
    first, *others = relay_at
    to = Endpoint(*first, rights.relay_user, rights.relay_password, relay_tls, tuple(others))
    async with (
        Callout(
            broker.link, broker.key, clock, rights.of, on_wrong_client=attempts.wrong_client
        ) as callout,
        Messages(broker.link, clock) as messages,
        Messages(broker.link, clock, consumer=RELAY) as reports,
        Outlet(to) as outlet,
        Background() as tasks,
    ):
        relay = Relay(IntegrationDevices(home.database), outlet, clock, compact.either)
        watch = Watch(home, broker.link, relay, clock)
        broker.log.on_violation = lambda each: attempts.violation(
            callout.user_of(each.client_id), each
        )
        tasks.run(collect(messages, intake), "telemetry")
        tasks.run(relay.run(reports), "relay")
        tasks.run(watch.listen(), "changed rights")
        tasks.run(watch.end(), "ending of connections")
        tasks.run(attempts.write(), "attempts to break out")
        tasks.run(look_after_sessions(home, broker.link, to, clock), "sessions")
        yield relay


async def _upkeep(
    authority: Authority, options: CloudOptions, broker: Broker, context: ssl.SSLContext
) -> None:
    """Renew the server's certificate in time; those who connect afterwards see the new one."""
    while True:
        await asyncio.sleep(UPKEEP_S)
        files = await asyncio.to_thread(authority.ensure, listeners.certified(options))
        if not files.renewed:
            continue
        context.load_cert_chain(files.certificate, files.key)
        try:
            await broker.reload_certificate()
        except TimeoutError:  # it takes the new one at its next start, long before the old one ends
            log.warning("the broker did not take the new certificate yet")


async def _housekeeping(options: CloudOptions, home: Installation, clock: Clock) -> Housekeeping:
    """The jobs of the night; where the archive is, the database tells the commands."""
    folder = options.archive or options.data / FOLDER
    await Facts(home.database).set(facts.ARCHIVE, str(folder))
    jobs = [nightly(home, folder)]
    return Housekeeping(JobRuns(home.database), clock, jobs)


def _upkeep_of(
    options: CloudOptions, home: Installation, clock: Clock, tasks: Background
) -> Upkeep:
    """The work on the installation that is asked for over the API, which begins."""
    found = Upkeep(
        home,
        clock,
        options.data,
        archive_folder=options.archive,
        keys=options.broker.credentials if options.broker else None,
    )
    tasks.run(found.run(), name="jobs")
    return found


async def _first_link(home: Installation, clock: Clock) -> str | None:
    """A sign-in link for the first person, as long as nobody can sign in otherwise."""
    people = People(home.database)
    everybody = await people.all()
    if any(user.has_password for user in everybody):
        return None
    first = next((user for user in everybody if user.role is Role.ADMIN), None)
    if first is None:
        first = await people.add(FIRST_ADMIN, Role.ADMIN, by=By("cloud", clock.now()))
    return await installations.new_link(home, first, clock.now())
