"""The devices in each integration, and how passing their reports on goes.

A device may be in several integrations, each time with a template and an interval of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ohmstead.errors import NotFound
from ohmstead.store import audit
from ohmstead.store.changes import changed
from ohmstead.store.database import Database, Record
from ohmstead.store.devices import Devices, mac_of
from ohmstead.store.integration_wish import Step, interval, kept_template
from ohmstead.store.integrations import Integration
from ohmstead.store.sites import Site
from ohmstead.surfaces.cloud2cloud_template import Given, checked


@dataclass(frozen=True, slots=True)
class Member:
    """A device in an integration; None is as the integration says.

    `last_at` is the time of the last report of it that was passed on.
    """

    mac: str
    meter: str
    stream: int
    site: Site
    template: Given
    interval_s: float | None
    added_at: datetime
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with the reports of a device for one integration."""

    integration: str
    mac: str
    template: Given
    interval_s: float
    zero: bool
    retain: bool
    zone: ZoneInfo
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the reports for an integration."""

    published: int = 0
    skipped: int = 0
    """Within the interval."""
    failed: int = 0
    """Its template could not be filled, or the message was too large."""
    dropped: int = 0
    """Published, kept for clients that were away, and dropped for being too many."""
    last_published_at: datetime | None = None
    last_failure: str | None = None
    published_of_day: int = 0
    """Published on the day (UTC) of `last_published_at`."""

    def published_on(self, now: datetime) -> int:
        """How many were published on the day (UTC) of `now`, so far."""
        last = self.last_published_at
        if last is None or last.astimezone(UTC).date() != now.astimezone(UTC).date():
            return 0
        return self.published_of_day


@dataclass(frozen=True, slots=True)
class Progress:
    """What the relay did with a batch.

    `passed` maps (integration, MAC) to the time of the last report that was passed on; `counts`
    are to be added.
    """

    passed: Mapping[tuple[str, str], datetime]
    counts: Mapping[str, Counts]


MEMBERS = """
    SELECT x.mac, m.id AS meter, m.stream, s.id AS site, s.name AS site_name, s.organisation,
           s.timezone, x.template, x.interval_s, x.added_at, x.last_at
    FROM integration_devices x JOIN devices d ON d.mac = x.mac
    JOIN meters m ON m.stream = d.stream JOIN sites s ON s.id = m.site
"""
ROUTES = """
    SELECT i.id AS integration, x.mac, coalesce(x.template, i.template) AS template,
           coalesce(x.interval_s, i.interval_s) AS interval_s, i.absent, i.retain, s.timezone,
           x.last_at
    FROM integration_devices x JOIN integrations i ON i.id = x.integration AND i.state = 'active'
    JOIN devices d ON d.mac = x.mac JOIN meters m ON m.stream = d.stream
    JOIN sites s ON s.id = m.site
    ORDER BY x.mac, i.id
"""


class IntegrationDevices:
    """Every device of every integration."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(
        self, integration: str, *, after: str = "", limit: int | None = None
    ) -> list[Member]:
        """The devices of one integration, by MAC; with `limit` so many, from behind `after`."""
        found = await self._database.rows(
            f"{MEMBERS} WHERE x.integration = %s AND x.mac > %s ORDER BY x.mac LIMIT %s",
            (integration, after, limit),
        )
        return [_member(row) for row in found]

    async def get(self, integration: str, mac: str) -> Member:
        """One device of one integration; NotFound."""
        found = await self._database.one(
            f"{MEMBERS} WHERE x.integration = %s AND x.mac = %s", (integration, mac_of(mac))
        )
        if found is None:
            raise NotFound(f"device {mac} is not in integration {integration}")
        return _member(found)

    async def attach(
        self,
        integration: Integration,
        mac: str,
        step: Step,
        *,
        template: Given = None,
        interval_s: float | None = None,
    ) -> Member:
        """Put a device in, or change how it is in; NotFound, BadInput."""
        device = await Devices(self._database).get(mac)
        wished = kept_template(checked(template))
        if interval_s is not None:
            interval(interval_s, integration.floor_s, step)
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO integration_devices"
                " (integration, mac, template, interval_s, added_at) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (integration, mac) DO UPDATE SET"
                " template = excluded.template, interval_s = excluded.interval_s",
                (integration.id, device.mac, wished, interval_s, step.at),
            )
            await audit.record(
                connection,
                actor=step.actor,
                organisation=integration.organisation,
                action="device added to integration",
                subject=integration.id,
                detail={"device": device.mac, "interval_s": interval_s},
                at=step.at,
            )
            await changed(connection, "")
        return await self.get(integration.id, device.mac)

    async def detach(self, integration: Integration, mac: str, step: Step) -> None:
        """Take a device out; NotFound when it is not in."""
        member = await self.get(integration.id, mac)
        async with self._database.transaction() as connection:
            await connection.execute(
                "DELETE FROM integration_devices WHERE integration = %s AND mac = %s",
                (integration.id, member.mac),
            )
            await audit.record(
                connection,
                actor=step.actor,
                organisation=integration.organisation,
                action="device removed from integration",
                subject=integration.id,
                detail={"device": member.mac},
                at=step.at,
            )
            await changed(connection, "")

    async def containing(self, macs: Sequence[str]) -> Mapping[str, list[str]]:
        """MAC -> ids of the integrations it is in."""
        found: dict[str, list[str]] = {mac: [] for mac in macs}
        for row in await self._database.rows(
            "SELECT mac, integration FROM integration_devices WHERE mac = ANY(%s)"
            " ORDER BY integration",
            (list(macs),),
        ):
            found[row["mac"]].append(row["integration"])
        return found

    async def routes(self) -> Mapping[str, list[Route]]:
        """MAC -> what is to be done with its reports, of the integrations that are active."""
        found: dict[str, list[Route]] = {}
        for row in await self._database.rows(ROUTES):
            absent, zone = row.pop("absent"), ZoneInfo(row.pop("timezone"))
            route = Route(**row, zero=absent == "zero", zone=zone)
            found.setdefault(route.mac, []).append(route)
        return found

    async def counts(self, integration: str) -> Counts:
        """What became of the reports for one integration."""
        found = await self._database.one(
            "SELECT published, skipped, failed, dropped, last_published_at, last_failure,"
            " published_of_day FROM integration_counts WHERE integration = %s",
            (integration,),
        )
        return Counts(**found) if found else Counts()

    async def all_counts(self) -> Mapping[str, Counts]:
        """What became of the reports for each integration that there were any for."""
        found = await self._database.rows(
            "SELECT integration, published, skipped, failed, dropped, last_published_at,"
            " last_failure, published_of_day FROM integration_counts"
        )
        return {row.pop("integration"): Counts(**row) for row in found}

    async def keep(self, progress: Progress) -> None:
        """Add to what is known of how it goes; what was removed meanwhile is left out.

        Written without waiting for the disk: after a power failure a report may be passed on
        twice, never too few.
        """
        passed, counts = sorted(progress.passed.items()), sorted(progress.counts.items())
        async with self._database.transaction() as connection:
            await connection.execute("SET LOCAL synchronous_commit = off")
            if passed:
                await connection.execute(
                    "UPDATE integration_devices x SET last_at = p.at"
                    " FROM unnest(%s::text[], %s::text[], %s::timestamptz[])"
                    " AS p (integration, mac, at)"
                    " WHERE x.integration = p.integration AND x.mac = p.mac",
                    [
                        list(column)
                        for column in zip(*((*key, at) for key, at in passed), strict=True)
                    ],
                )
            if counts:
                await connection.cursor().executemany(
                    "INSERT INTO integration_counts AS c (integration, published, skipped, failed,"
                    " last_published_at, last_failure, day, published_of_day)"
                    " SELECT id, %s, %s, %s, %s, %s, %s, %s FROM integrations WHERE id = %s"
                    " ON CONFLICT (integration) DO UPDATE SET"
                    " published = c.published + excluded.published,"
                    " skipped = c.skipped + excluded.skipped,"
                    " failed = c.failed + excluded.failed, last_published_at ="
                    " coalesce(excluded.last_published_at, c.last_published_at),"
                    " last_failure = coalesce(excluded.last_failure, c.last_failure),"
                    " day = coalesce(excluded.day, c.day),"
                    " published_of_day = excluded.published_of_day + CASE WHEN"
                    " coalesce(excluded.day, c.day) = c.day THEN c.published_of_day ELSE 0 END",
                    [
                        (
                            *(c.published, c.skipped, c.failed, c.last_published_at),
                            *(c.last_failure, _day(c.last_published_at), c.published, id),
                        )
                        for id, c in counts
                    ],
                )


def _day(moment: datetime | None) -> date | None:
    """The day (UTC) of a moment."""
    return moment.astimezone(UTC).date() if moment else None


def _member(row: Record) -> Member:
    site = Site(row["site"], row.pop("site_name"), row.pop("organisation"), row.pop("timezone"))
    return Member(**{**row, "site": site})
