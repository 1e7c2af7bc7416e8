"""What `ohmstead admin reader` does: logins for the views of SQL, and the URL they connect with."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ohmstead.clock import Clock
from ohmstead.house.installation import Installation, on_the_machine
from ohmstead.store import facts
from ohmstead.store.audit import By
from ohmstead.store.facts import Facts
from ohmstead.store.sql_readers import SqlReader, SqlReaders, url_of

Shown: TypeAlias = Mapping[str, Any]


class ReaderAdmin:
    """The work of `ohmstead admin reader` on one open installation."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        self._installation = installation
        self._readers = SqlReaders(installation.database)
        self._by = By(on_the_machine(), clock.now())

    async def add(self, name: str, organisation: int | None) -> Shown:
        """A login, its password and the URL it connects with; both only this time."""
        username, password = await self._readers.add(name, organisation, by=self._by)
        return await self._shown(username, password)

    async def renew(self, name: str) -> Shown:
        """The same with a new password."""
        username, password = await self._readers.renew(name, by=self._by)
        return await self._shown(username, password)

    async def list(self) -> Sequence[Shown]:
        """Every reader; passwords were shown once."""
        return [of_reader(each) for each in await self._readers.all()]

    async def remove(self, name: str) -> Shown:
        """Remove a reader; its connections end."""
        return {"removed": await self._readers.remove(name, by=self._by)}

    async def _shown(self, username: str, password: str) -> Shown:
        reader = await self._readers.get(username)
        known = Facts(self._installation.database)
        at = await known.get(facts.SQL_AT) or None
        folder = self._installation.folder
        authority = None if folder is None else str(folder / "pki" / "ca.crt")
        return {
            "username": username,
            "password": password,
            "url": url_of(self._installation.url, username, password, at, authority),
            "org": reader.organisation,
            "certificate": await known.get(facts.CA_CERTIFICATE) if at else None,
        }


def of_reader(reader: SqlReader) -> Shown:
    """A reader as it is listed."""
    return {
        "username": reader.name,
        "org": reader.organisation,
        "made_at": f"{reader.made_at:%Y-%m-%dT%H:%M:%SZ}",
        "can_sign_in": reader.can_sign_in,
    }
