"""What `ohmstead admin credential` and `partner` do: who may send packets, and for whom."""

from dataclasses import asdict
from datetime import datetime

from ohmstead.clock import Clock
from ohmstead.house.admin import Shown
from ohmstead.house.installation import Installation, on_the_machine
from ohmstead.store import facts
from ohmstead.store.audit import By
from ohmstead.store.credentials import Credential, Credentials
from ohmstead.store.facts import Facts
from ohmstead.store.partners import Partner, Partners

PATH = "/measurements/v2/unifiedjson/"


class CredentialAdmin:
    """The work of the two commands on one open installation."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        self._clock = clock
        self._credentials = Credentials(installation.database, installation.key)
        self._partners = Partners(installation.database)
        self._facts = Facts(installation.database)

    @property
    def _by(self) -> By:
        return By(on_the_machine(), self._clock.now())

    async def add(self, scope: str, note: str) -> Shown:
        """A new credential; its password is shown this once."""
        made, password = await self._credentials.add(
            scope, note=note, at=self._clock.now(), by=on_the_machine()
        )
        return await self._signing_in(made, password)

    async def rotate(self, username: str, overlap_s: float) -> Shown:
        """A new password; the old one works on for a while."""
        made, password = await self._credentials.rotate(username, overlap_s, by=self._by)
        return await self._signing_in(made, password)

    async def _signing_in(self, made: Credential, password: str) -> Shown:
        shown = {"username": made.username, "password": password, "scope": made.scope}
        pages = await self._facts.get(facts.PUSH_URL)
        return {**shown, "url": f"{pages}{PATH}" if pages else None}

    async def all(self) -> list[Shown]:
        return [self._of(each) for each in await self._credentials.all()]

    async def show(self, username: str) -> Shown:
        return self._of(await self._credentials.get(username))

    async def remove(self, username: str) -> Shown:
        await self._credentials.remove(username, by=self._by)
        return {"removed": username}

    def _of(self, each: Credential) -> Shown:
        old = each.old_until
        return {
            "username": each.username,
            "scope": each.scope,
            "note": each.note or None,
            "made_at": _at(each.made_at),
            "made_by": each.made_by,
            "last_used_at": _at(each.last_used_at),
            "old_password_until": _at(old) if old and old > self._clock.now() else None,
        }

    async def add_partner(self, name: str) -> Shown:
        return _partner(await self._partners.add(name, by=self._by))

    async def partners(self) -> list[Shown]:
        return [_partner(each) for each in await self._partners.all()]

    async def show_partner(self, id: int) -> Shown:
        return _partner(await self._partners.get(id))

    async def attach(self, id: int, organisation: int) -> Shown:
        return _partner(await self._partners.attach(id, organisation, by=self._by))

    async def detach(self, id: int, organisation: int) -> Shown:
        return _partner(await self._partners.detach(id, organisation, by=self._by))

    async def remove_partner(self, id: int) -> Shown:
        await self._partners.remove(id, by=self._by)
        return {"removed": id}


def _partner(partner: Partner) -> Shown:
    said = asdict(partner)
    return {**said, "organisations": list(partner.organisations)}


def _at(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
