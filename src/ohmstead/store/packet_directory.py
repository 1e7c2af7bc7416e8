"""What whoever takes packets must know: which meters there are, and who may send for which."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog

from ohmstead.store.database import AWAY, CONNECT_TIMEOUT_S, Database, Record, checked

CHANNEL = "ohmstead_packets"
"""Where migration 10 tells of changes."""
LOOK_S = 20.0
"""A silent connection is tried so often."""
_PAUSE_S = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """A meter that packets may be of."""

    id: str
    stream: int
    site: int
    organisation: int
    type: str
    unit: str | None
    wh_per_pulse: float | None
    timezone: str
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends, and for what: the digests of the password and of the one before, and the scope."""

    id: int
    username: str
    digest: bytes
    old_digest: bytes | None
    old_until: datetime | None
    stream: int | None
    site: int | None
    organisations: frozenset[int]

    def may(self, target: Target) -> bool:
        """Whether it may send packets of `target`, and see them."""
        return (
            target.organisation in self.organisations
            or self.site == target.site
            or self.stream == target.stream
        )


TARGETS = """
    SELECT m.id, m.stream, m.site, s.organisation, m.type, m.unit, m.wh_per_pulse, s.timezone,
           m.formula
    FROM meters m JOIN sites s ON s.id = m.site WHERE m.id = ANY(%s)
"""
SENDERS = """
    SELECT c.id, c.username, c.secret, c.old_secret, c.old_secret_until, c.stream, c.site,
           CASE WHEN c.organisation IS NULL
               THEN ARRAY(SELECT o.organisation FROM partner_organisations o
                          WHERE o.partner = c.partner)
               ELSE ARRAY[c.organisation] END AS organisations
    FROM push_credentials c WHERE c.username = ANY(%s)
"""
KEEP_UNKNOWN = """
    INSERT INTO unknown_fields (stream, field, first_at)
    SELECT m.stream, u.field, u.at
    FROM unnest(%s::int4[], %s::text[], %s::timestamptz[]) AS u (stream, field, at)
    JOIN meters m ON m.stream = u.stream ON CONFLICT DO NOTHING
"""


class PacketDirectory:
    """Questions of whoever takes packets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def targets(self, ids: Iterable[str]) -> Mapping[str, Target]:
        """The meters among `ids`; an id that no meter can have is not asked for."""
        wanted = [id for id in ids if id.isprintable()]
        found = await self._database.rows(TARGETS, (wanted,)) if wanted else []
        return {row["id"]: Target(**row) for row in found}

    async def senders(self, usernames: Iterable[str]) -> Mapping[str, Sender]:
        """The credentials among `usernames`."""
        wanted = [name for name in usernames if name.isprintable()]
        found = await self._database.rows(SENDERS, (wanted,)) if wanted else []
        return {row["username"]: _sender(row) for row in found}

    async def keep_unknown(self, fields: Mapping[tuple[int, str], datetime]) -> None:
        """Keep that packets of a stream have a field that nobody knows, and since when."""
        keys = sorted(fields)
        columns = [s for s, _ in keys], [f for _, f in keys], [fields[key] for key in keys]
        await self._database.change(KEEP_UNKNOWN, columns)

    async def changes(self) -> AsyncIterator[None]:
        """Something at the start, after each change, and whenever one may have been missed."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    checked(self._database.url), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
                ) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    yield
                    while True:
                        async for _ in connection.notifies(timeout=LOOK_S):
                            yield
                        await connection.execute("SELECT 1")
            except AWAY as trouble:
                log.warning("not told of changed meters for now", why=str(trouble).strip())
            yield
            await asyncio.sleep(_PAUSE_S)


def _sender(row: Record) -> Sender:
    old = row["old_secret"]
    return Sender(
        id=row["id"],
        username=row["username"],
        digest=bytes(row["secret"]),
        old_digest=None if old is None else bytes(old),
        old_until=row["old_secret_until"],
        stream=row["stream"],
        site=row["site"],
        organisations=frozenset(row["organisations"]),
    )
