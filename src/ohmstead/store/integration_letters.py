"""Who is written to when an integration is asked for, approved or refused.

Source: Cloud2Cloud 1.0, section 4 ("you will receive an email"); the password is never in it.
"""

from collections.abc import Callable
from datetime import datetime

import structlog

from ohmstead.access.roles import Role
from ohmstead.errors import OhmsteadError
from ohmstead.store.database import Database
from ohmstead.store.integrations import ACTIVE, REFUSED, REQUESTED, Integration
from ohmstead.store.mails import Letter, Mails
from ohmstead.store.people import People, User

KINDS = {
    REQUESTED: "integration-requested",
    ACTIVE: "integration-approved",
    REFUSED: "integration-refused",
}

log = structlog.get_logger(__name__)


def _always(_: str) -> bool:
    return True


class IntegrationLetters:
    """Writes them; `key` seals what waits, `pages_url` is what links begin with."""

    def __init__(self, database: Database, key: bytes, pages_url: str) -> None:
        self._people, self._mails, self._url = People(database), Mails(database, key), pages_url

    async def write(
        self, of: Integration, at: datetime, *, may_write: Callable[[str], bool] = _always
    ) -> int:
        """Tell whom its new state concerns; gives how many letters that are.

        A request: the admins of the installation; a decision: the owner or, where that account is
        gone, the admins of the organisation.  The step was taken: a mail that cannot be written is
        no trouble of whoever took it.
        """
        written = 0
        for reader in await self._readers(of):
            if not may_write(reader.email):
                continue
            fields = {
                "integration": of.id,
                "by": of.owner_email or "",
                "reason": of.reason or "",
                "link": f"{self._url}/integrations/{of.id}",
            }
            letter = Letter(reader.email, KINDS[of.state], reader.language, fields)
            try:
                await self._mails.add(letter, at)
            except OhmsteadError as trouble:
                log.warning("nobody is written to", integration=of.id, why=str(trouble))
                break
            written += 1
        return written

    async def _readers(self, of: Integration) -> list[User]:
        people = await self._people.all()
        if of.state == REQUESTED:
            return [each for each in people if _is_admin(each, None) and each.id != of.owner]
        owners = [each for each in people if each.id == of.owner]
        return owners or [each for each in people if _is_admin(each, of.organisation)]


def _is_admin(user: User, organisation: int | None) -> bool:
    return user.role is Role.ADMIN and user.organisation == organisation
