"""What the admin command does: each function gives the objects it prints, ready for JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from ohmstead.access import passwords, secrets
from ohmstead.access.roles import Role
from ohmstead.clock import Clock
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.house.installation import Installation, new_link, on_the_machine
from ohmstead.store import facts
from ohmstead.store.audit import Audit, By, record
from ohmstead.store.break_outs import BreakOuts
from ohmstead.store.devices import Device, Devices, mac_of
from ohmstead.store.facts import Facts
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.people import People, User
from ohmstead.store.second_factors import SecondFactors
from ohmstead.store.sessions import Sessions
from ohmstead.store.sites import Organisation, Organisations, Site, Sites
from ohmstead.store.virtual_meters import users_first

Shown: TypeAlias = Mapping[str, Any]

MQTT_URI = "mqtts://127.0.0.1:8883"
PAGES_URL = "http://127.0.0.1:8000"
"""Where the cloud listens by default; a cloud that started says where it really does."""
DEVICE_INTERVAL_S = 10.0
_SECONDS: Mapping[str, float] = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_INTERVAL = re.compile(r"(\d{1,6})\s*(s|min|m|h|d|)")


def interval_s(written: str) -> float:
    """Seconds of an interval like `10s`, `5m`, `1h`; BadInput.

    >>> interval_s("5m"), interval_s("10s"), interval_s("30")
    (300.0, 10.0, 30.0)
    """
    found = _INTERVAL.fullmatch(written.strip().lower())
    if not found or int(found[1]) == 0:
        raise BadInput(f"{written!r} is not an interval; it looks like 10s, 5m or 1h")
    return float(found[1]) * _SECONDS[found[2]]


class Admin:
    """The work of `ohmstead admin` on one open installation; `who` acts, or this machine."""

    def __init__(self, installation: Installation, clock: Clock, who: str | None = None) -> None:
        database = installation.database
        self._installation, self._clock = installation, clock
        self._who = who or on_the_machine()
        self.organisations, self.sites = Organisations(database), Sites(database)
        self.meters, self.devices = Meters(database), Devices(database)
        self.people, self.facts = People(database), Facts(database)
        self.sessions, self.audit = Sessions(database), Audit(database)
        self.second_factors = SecondFactors(database, installation.key)

    @property
    def _by(self) -> By:
        """Who acts here, for the audit log."""
        return By(self._who, self._clock.now())

    async def _told(self, action: str, subject: str, organisation: int) -> None:
        """Tell the audit log what was done here."""
        by = self._by
        await record(
            self._installation.database,
            actor=by.name,
            organisation=organisation,
            action=action,
            subject=subject,
            at=by.at,
        )

    async def add_organisation(self, name: str) -> Shown:
        return of_organisation(await self.organisations.add(name, by=self._by))

    async def list_organisations(self) -> list[Shown]:
        return [of_organisation(each) for each in await self.organisations.all()]

    async def show_organisation(self, id: int) -> Shown:
        return of_organisation(await self.organisations.get(id))

    async def remove_organisation(self, id: int, yes: bool) -> Shown:
        """Remove it; with `yes` its users, sites and all below them too."""
        await self.organisations.get(id)
        sites = await self.sites.all(id)
        users = [user for user in await self.people.all() if user.organisation == id]
        if (sites or users) and not yes:
            raise Conflict(
                f"organisation {id} has {_counted(len(sites), 'site')} and "
                f"{_counted(len(users), 'user')}; add --yes to remove them too, with all readings"
            )
        for user in users:
            await self.people.remove(user.email, by=self._by)
        for meter in users_first(await self.meters.all(id)):
            if meter.formula is not None:  # it may be of meters of several sites
                await self.remove_meter(meter.id, yes)
        for site in sites:
            await self.remove_site(site.id, yes)
        await self.organisations.remove(id, by=self._by)
        return {"removed": id}

    async def add_site(self, name: str, organisation: int, timezone: str) -> Shown:
        made = await self.sites.add(name, organisation, timezone)
        await self._told("site added", made.name, organisation)
        return of_site(made)

    async def list_sites(self) -> list[Shown]:
        return [of_site(each) for each in await self.sites.all()]

    async def show_site(self, id: int) -> Shown:
        return of_site(await self.sites.get(id))

    async def remove_site(self, id: int, yes: bool) -> Shown:
        """Remove it; with `yes` its meters, their devices and readings too."""
        site = await self.sites.get(id)
        meters = [meter for meter in await self.meters.all() if meter.site.id == id]
        if meters and not yes:
            raise Conflict(
                f"site {id} has {_counted(len(meters), 'meter')}; "
                "add --yes to remove them too, with all readings"
            )
        for meter in users_first(meters):
            await self.remove_meter(meter.id, yes)
        await self.sites.remove(id)
        await self._told("site removed", site.name, site.organisation)
        return {"removed": id}

    async def add_meter(
        self, id: str, site: int, type: str, every_s: float, reading: str, name: str | None
    ) -> Shown:
        return of_meter(await self.meters.add(id, site, type, every_s, reading, name=name))

    async def list_meters(self) -> list[Shown]:
        return [of_meter(each) for each in await self.meters.all()]

    async def show_meter(self, id: str) -> Shown:
        meter = await self.meters.get(id)
        return {**of_meter(meter), "counts": asdict(await self.meters.counts(meter.stream))}

    async def remove_meter(self, id: str, yes: bool) -> Shown:
        """Remove it; with `yes` the device that reads it and its readings too."""
        meter = await self.meters.get(id)
        await self.meters.spare(meter)
        if meter.device:
            if not yes:
                raise Conflict(
                    f"device {meter.device} reads meter {id!r}; remove that first, or add --yes"
                )
            await self.devices.remove(meter.device)
            await self._told("device removed", meter.device, meter.site.organisation)
        await self.meters.remove(id, with_readings=yes)
        await self._told("meter removed", meter.id, meter.site.organisation)
        return {"removed": id}

    async def add_device(self, mac: str, site: int, meter: str | None) -> Shown:
        """A device and all it needs to send: what `ohmstead gateway --uplink` takes as it is.

        Without `meter` it reads an electricity meter of its own, with its MAC as the id.
        """
        id, certificate = mac_of(mac), await self._installation.ca_certificate()
        await self.sites.get(site)
        if id in await self.devices.known():
            raise Conflict(f"device {id} exists already; remove it first to give it a new password")
        read = await self._meter_of_device(id, site, meter)
        password, digest, claim, claim_digest = self._new_device_secrets()
        device = await self.devices.add(id, read.id, digest, claim_digest)
        await self._told("device added", device.mac, device.site.organisation)
        shown = await self._of_device(device)
        return {**shown, "password": password, "certificate": certificate, "claim": claim}

    async def renew_device(self, mac: str) -> Shown:
        """A new password and claim code for a device; the old ones end, with its connections."""
        password, digest, claim, claim_digest = self._new_device_secrets()
        device = await self.devices.renew(mac, digest, claim_digest)
        await self._told("device renewed", device.mac, device.site.organisation)
        shown, certificate = (
            await self._of_device(device),
            await self._installation.ca_certificate(),
        )
        return {**shown, "password": password, "certificate": certificate, "claim": claim}

    def _new_device_secrets(self) -> tuple[str, bytes, str, bytes]:
        """Password and claim code, each with its digest."""
        password, claim = secrets.new_secret(), secrets.new_claim()
        key = self._installation.key
        return password, secrets.digest(key, password), claim, secrets.digest(key, claim)

    async def _meter_of_device(self, mac: str, site: int, meter: str | None) -> Meter:
        try:
            found = await self.meters.get(meter or mac)
        except NotFound:
            if meter is not None:
                raise
            return await self.meters.add(mac, site, "electricity", DEVICE_INTERVAL_S)
        if found.site.id != site:
            raise Conflict(f"meter {found.id!r} stands at site {found.site.id}, not at site {site}")
        return found

    async def list_devices(self) -> list[Shown]:
        return [await self._of_device(each) for each in await self.devices.all()]

    async def show_device(self, mac: str) -> Shown:
        """The device; its password was shown once and is not kept."""
        device = await self._of_device(await self.devices.get(mac))
        tried = await BreakOuts(self._installation.database).of(device["username"])
        return {
            **device,
            "certificate": await self._installation.ca_certificate(),
            "break_outs": {kind: each.attempts for kind, each in sorted(tried.items())},
        }

    async def remove_device(self, mac: str) -> Shown:
        device = await self.devices.get(mac)
        await self.devices.remove(device.mac)
        await self._told("device removed", device.mac, device.site.organisation)
        return {"removed": device.mac}

    async def _of_device(self, device: Device) -> Shown:
        return {
            "id": device.mac,
            "uri": await self.facts.get(facts.MQTT_URI) or MQTT_URI,
            "username": device.username,
            "topic": f"up/{device.mac}",
            "meter": device.meter,
            "site": device.site.id,
        }

    async def add_user(
        self, email: str, role: Role, organisation: int | None, password: str | None
    ) -> Shown:
        """A user, with a password or else a sign-in link that is good once, for a day."""
        if password is not None and not passwords.acceptable(password):
            raise BadInput(f"a password has {passwords.SHORTEST} to {passwords.LONGEST} characters")
        user = await self.people.add(email, role, organisation, by=self._by)
        if password is None:
            return {**of_user(user), "link": await self._link(user)}
        await self.people.set_password(user.id, passwords.hashed(password))
        return {**of_user(user), "link": None}

    async def link_user(self, email: str) -> Shown:
        """A new sign-in link for somebody who exists."""
        user = await self.people.get(email)
        return {**of_user(user), "link": await self._link(user)}

    async def _link(self, user: User) -> str:
        token = await new_link(self._installation, user, self._clock.now(), self._by.name)
        return f"{await self.facts.get(facts.PAGES_URL) or PAGES_URL}/sign-in/{token}"

    async def list_users(self) -> list[Shown]:
        return [of_user(each) for each in await self.people.all()]

    async def show_user(self, email: str) -> Shown:
        return _whole(await self.people.get(email))

    async def remove_user(self, email: str) -> Shown:
        user = await self.people.get(email)
        await self.people.remove(user.email, by=self._by)
        return {"removed": user.email}

    async def set_role(self, email: str, role: Role) -> Shown:
        """Another role for somebody; it counts at once."""
        user = await self.people.get(email)
        return of_user(await self.people.set_role(user, role, by=self._by))

    async def sign_user_out(self, email: str) -> Shown:
        """End every session of somebody."""
        user = await self.people.get(email)
        ended = await self.sessions.end_others(user, None, by=self._by)
        return {**of_user(user), "ended": len(ended)}

    async def second_step_off(self, email: str) -> Shown:
        """Ask somebody for no code any more, who lost authenticator and recovery codes."""
        user = await self.people.get(email)
        if not await self.second_factors.turn_off(user, by=self._by):
            raise Conflict(f"{user.email} has no second step")
        return _whole(await self.people.get(email))

    async def list_audit(self, limit: int) -> list[Shown]:
        """The last steps, the newest first."""
        return [
            {
                "at": f"{step.at:%Y-%m-%dT%H:%M:%SZ}",
                "actor": step.actor,
                "action": step.action,
                "subject": step.subject,
                "org": step.organisation,
                "detail": None if step.detail is None else json.dumps(dict(step.detail)),
            }
            for step in await self.audit.page(limit=limit)
        ]


def of_organisation(organisation: Organisation) -> Shown:
    return {"id": organisation.id, "name": organisation.name}


def of_site(site: Site) -> Shown:
    return {
        "id": site.id,
        "name": site.name,
        "org": site.organisation,
        "timezone": site.timezone,
    }


def of_meter(meter: Meter) -> Shown:
    return {
        "id": meter.id,
        "site": meter.site.id,
        "type": meter.type,
        "interval_s": meter.interval_s,
        "reading": meter.reading,
        "name": meter.name,
        "device": meter.device,
        "formula": meter.formula,
        "parent": meter.parent,
    }


def of_user(user: User) -> Shown:
    return {
        "id": user.id,
        "email": user.email,
        "role": str(user.role),
        "org": user.organisation,
    }


def _whole(user: User) -> Shown:
    """A user, and whether signing in asks for a code."""
    return {**of_user(user), "second_step": user.second_factor}


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
