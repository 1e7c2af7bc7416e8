"""What `ohmstead admin integration` does: each function gives the objects it prints."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from ohmstead.access import secrets
from ohmstead.clock import Clock
from ohmstead.errors import BadInput
from ohmstead.house.admin import MQTT_URI, PAGES_URL
from ohmstead.house.installation import Installation
from ohmstead.store import facts
from ohmstead.store.break_outs import BreakOuts
from ohmstead.store.devices import mac_of
from ohmstead.store.facts import Facts
from ohmstead.store.integration_devices import IntegrationDevices, Member
from ohmstead.store.integration_letters import IntegrationLetters
from ohmstead.store.integration_wish import Step, Wish
from ohmstead.store.integrations import REQUESTED, Integration, Integrations
from ohmstead.store.people import People
from ohmstead.surfaces import cloud2cloud_template
from ohmstead.surfaces.cloud2cloud_template import Given

Shown: TypeAlias = Mapping[str, Any]
ACTOR = "command line"


def template_in(file: Path | None) -> Given:
    """The template that a file holds, None without a file; BadInput names the place in it."""
    if file is None:
        return None
    try:
        written = file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"the template {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"the template {file} is not UTF-8 (byte {error.start})") from error
    return cloud2cloud_template.read(written)


class IntegrationAdmin:
    """The work of `ohmstead admin integration` on one open installation."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        database = installation.database
        self._installation, self._clock = installation, clock
        self._integrations, self._devices = Integrations(database), IntegrationDevices(database)
        self._people, self._facts = People(database), Facts(database)
        self._break_outs = BreakOuts(database)

    @property
    def _step(self) -> Step:
        return Step(ACTOR, self._clock.now(), is_admin=True)

    async def add(self, owner: str, name: str | None, wish: Wish) -> Shown:
        """A new one, approved at once: all that its client needs; the password only this time."""
        certificate = await self._installation.ca_certificate()
        asked = await self._asked(owner, name, wish)
        password = secrets.new_secret()
        digest = secrets.digest(self._installation.key, password)
        approved = await self._integrations.approve(asked.id, self._step, digest)
        await self._tell(approved)
        return await self._sheet(approved, password, certificate)

    async def request(self, owner: str, name: str | None, wish: Wish) -> Shown:
        """Ask for one, on behalf of an account."""
        asked = await self._asked(owner, name, wish)
        await self._tell(asked)
        return of_integration(asked)

    async def _asked(self, owner: str, name: str | None, wish: Wish) -> Integration:
        user = await self._people.get(owner)
        return await self._integrations.request(user.id, user.organisation, self._step, name, wish)

    async def _tell(self, of: Integration) -> None:
        """Mail those whom its new state concerns; a cloud that runs sends it."""
        url = await self._facts.get(facts.PAGES_URL) or PAGES_URL
        letters = IntegrationLetters(self._installation.database, self._installation.key, url)
        await letters.write(of, self._clock.now())

    async def approve(self, id: str) -> Shown:
        """Approve a request; gives what its client needs, the password only this time."""
        certificate = await self._installation.ca_certificate()
        password = secrets.new_secret()
        digest = secrets.digest(self._installation.key, password)
        approved = await self._integrations.approve(id, self._step, digest)
        await self._tell(approved)
        return await self._sheet(approved, password, certificate)

    async def refuse(self, id: str, reason: str) -> Shown:
        refused = await self._integrations.refuse(id, reason, self._step)
        await self._tell(refused)
        return of_integration(refused)

    async def renew_password(self, id: str, overlap_s: float) -> Shown:
        """A new password; the old one works for `overlap_s` more."""
        certificate = await self._installation.ca_certificate()
        password = secrets.new_secret()
        digest = secrets.digest(self._installation.key, password)
        renewed = await self._integrations.renew(id, digest, overlap_s, self._step)
        return {
            **await self._sheet(renewed, password, certificate),
            "old_password_until": _iso(renewed.old_password_until),
        }

    async def _sheet(self, of: Integration, password: str, certificate: str) -> Shown:
        return {
            "id": of.id,
            "uri": await self._facts.get(facts.MQTT_URI) or MQTT_URI,
            "username": of.username,
            "password": password,
            "topic": of.topic,
            "certificate": certificate,
        }

    async def change(self, id: str, wish: Wish) -> Shown:
        """Change its template, interval and the like."""
        return of_integration(await self._integrations.change(id, wish, self._step))

    async def pause(self, id: str) -> Shown:
        return of_integration(await self._integrations.pause(id, self._step))

    async def resume(self, id: str) -> Shown:
        return of_integration(await self._integrations.resume(id, self._step))

    async def revoke(self, id: str) -> Shown:
        return of_integration(await self._integrations.revoke(id, self._step))

    async def delete(self, id: str) -> Shown:
        await self._integrations.remove(id, self._step)
        return {"removed": id}

    async def all(self, *, requests: bool = False) -> list[Shown]:
        """All of them, or only those that wait for a decision."""
        everybody = await self._integrations.all()
        return [of_integration(e) for e in everybody if not requests or e.state == REQUESTED]

    async def show(self, id: str) -> Shown:
        """One with all that is known of it, apart from its password."""
        found = await self._integrations.get(id)
        counts = await self._devices.counts(id)
        tried = await self._break_outs.of(found.username)
        return {
            **of_integration(found),
            "uri": await self._facts.get(facts.MQTT_URI) or MQTT_URI,
            "username": found.username,
            "topic": found.topic,
            "template": found.template,
            "absent": found.absent,
            "retain": found.retain,
            "note": found.note,
            "reason": found.reason,
            "old_password_until": _iso(found.old_password_until),
            "devices": [each.mac for each in await self._devices.of(id)],
            "counts": {
                "published": counts.published,
                "skipped": counts.skipped,
                "failed": counts.failed,
                "dropped": counts.dropped,
            },
            "last_published_at": _iso(counts.last_published_at),
            "last_failure": counts.last_failure,
            "break_outs": {kind: each.attempts for kind, each in sorted(tried.items())},
        }

    async def attach(self, id: str, mac: str, template: Given, interval_s: float | None) -> Shown:
        """Put a device in, or change how it is in."""
        integration = await self._integrations.get(id)
        member = await self._devices.attach(
            integration, mac, self._step, template=template, interval_s=interval_s
        )
        return of_member(integration, member)

    async def detach(self, id: str, mac: str) -> Shown:
        integration = await self._integrations.get(id)
        await self._devices.detach(integration, mac, self._step)
        return {"integration": id, "removed": mac_of(mac)}

    async def devices(self, id: str) -> list[Shown]:
        """The devices of one."""
        integration = await self._integrations.get(id)
        return [of_member(integration, each) for each in await self._devices.of(id)]


def of_integration(one: Integration) -> Shown:
    """An integration as lists show it."""
    return {
        "id": one.id,
        "state": one.state,
        "owner": one.owner_email,
        "org": one.organisation,
        "interval_s": one.interval_s,
        "template": "default" if one.template is None else "own",
        "devices": one.devices,
        "created_at": _iso(one.created_at),
    }


def of_member(integration: Integration, member: Member) -> Shown:
    """A device in an integration, with what counts for it."""
    own = member.interval_s
    return {
        "integration": integration.id,
        "device": member.mac,
        "meter": member.meter,
        "topic": f"ext/{integration.id}/{member.mac}",
        "interval_s": integration.interval_s if own is None else own,
        "template": "the integration's" if member.template is None else "own",
        "last_published_at": _iso(member.last_at),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
