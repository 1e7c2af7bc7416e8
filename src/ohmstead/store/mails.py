"""Mail on its way: kept until it is sent or given up, so that a restart loses none.

What a mail says may hold a link that lets somebody in: it is sealed, and deleted with its sending.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from ohmstead.access import sealing
from ohmstead.errors import TooMany
from ohmstead.store.database import Database, Record

WAITING_MOST = 10_000
DONE_KEPT = 1_000
"""Of those that were sent or given up, what became of them is known; the oldest are forgotten."""
GIVEN_UP_AFTER = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be written to whom: `kind` names the text, `fields` what stands in it."""

    recipient: str
    kind: str
    language: str | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A letter that waits to be sent, and how often that was tried."""

    id: int
    letter: Letter
    tries: int
    made_at: datetime
    give_up_at: datetime
    error: str | None
    """Why the last try failed."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What became of a mail; `state` is `waiting`, `sent` or `dead`, `error` the last one."""

    id: int
    made_at: datetime
    recipient: str
    kind: str
    state: str
    way: str | None
    tries: int
    next_at: datetime
    done_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many there are of each state."""

    waiting: int
    sent: int
    dead: int


class Mails:
    """Every mail; what waiting ones say is sealed with `key`."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    async def add(self, letter: Letter, at: datetime, give_up_at: datetime | None = None) -> None:
        """Let it be sent; it is worth nothing any more at `give_up_at`.  TooMany when full."""
        content = msgspec.json.encode(dict(letter.fields))
        made = await self._database.change(
            "INSERT INTO mails (made_at, recipient, kind, language, content, next_at, give_up_at)"
            " SELECT %(at)s, %(to)s, %(kind)s, %(language)s, %(content)s, %(at)s, %(until)s"
            " WHERE (SELECT count(*) FROM mails WHERE state = 'waiting') < %(most)s",
            {
                "at": at,
                "to": letter.recipient,
                "kind": letter.kind,
                "language": letter.language,
                "content": sealing.sealed(self._key, content, letter.recipient),
                "until": min(give_up_at or at + GIVEN_UP_AFTER, at + GIVEN_UP_AFTER),
                "most": WAITING_MOST,
            },
        )
        if not made:
            raise TooMany(f"{WAITING_MOST} mails wait to be sent already; look at the mail page")

    async def due(self, now: datetime, limit: int = 20) -> list[Waiting]:
        """Those whose turn it is, the oldest first; what nobody can read any more is given up."""
        found = await self._database.rows(
            "SELECT id, recipient, kind, language, content, tries, made_at, give_up_at, error"
            " FROM mails"
            " WHERE state = 'waiting' AND next_at <= %s ORDER BY next_at, id LIMIT %s",
            (now, limit),
        )
        due = []
        for row in found:
            content = sealing.opened(self._key, bytes(row["content"]), row["recipient"])
            if content is None:
                await self.give_up(row["id"], now, "it was sealed with another key")
                continue
            fields = msgspec.json.decode(content, type=dict[str, str])
            letter = Letter(row["recipient"], row["kind"], row["language"], fields)
            due.append(
                Waiting(
                    row["id"], letter, row["tries"], row["made_at"], row["give_up_at"], row["error"]
                )
            )
        return due

    async def next_at(self) -> datetime | None:
        """When the next one is due, None when none waits."""
        found = await self._database.one(
            "SELECT min(next_at) AS at FROM mails WHERE state = 'waiting'"
        )
        return found["at"] if found else None

    async def sent(self, id: int, now: datetime, way: str) -> None:
        """It is on its way; what it said is forgotten."""
        await self._done(id, "sent", now, way, None)

    async def give_up(self, id: int, now: datetime, error: str) -> None:
        """It will not be sent; what it said is forgotten."""
        await self._done(id, "dead", now, None, error)

    async def _done(
        self, id: int, state: str, now: datetime, way: str | None, error: str | None
    ) -> None:
        await self._database.change(
            "UPDATE mails SET state = %s, done_at = %s, way = %s, error = %s,"
            " tries = tries + 1, content = NULL WHERE id = %s",
            (state, now, way, error and error[:500], id),
        )
        await self._database.change(
            "DELETE FROM mails WHERE state <> 'waiting' AND id IN (SELECT id FROM mails"
            " WHERE state <> 'waiting' ORDER BY id DESC OFFSET %s)",
            (DONE_KEPT,),
        )

    async def later(self, id: int, next_at: datetime, error: str) -> None:
        """It could not be sent now; another try comes at `next_at`."""
        await self._database.change(
            "UPDATE mails SET tries = tries + 1, next_at = %s, error = %s WHERE id = %s",
            (next_at, error[:500], id),
        )

    async def hurry(self, now: datetime) -> int:
        """Try all that wait now; gives how many."""
        return await self._database.change(
            "UPDATE mails SET next_at = %s WHERE state = 'waiting' AND next_at > %s", (now, now)
        )

    async def newest(self, limit: int = 100) -> list[Mail]:
        """The last ones, newest first; without what they say."""
        found = await self._database.rows(
            "SELECT id, made_at, recipient, kind, state, way, tries, next_at, done_at, error"
            " FROM mails ORDER BY id DESC LIMIT %s",
            (limit,),
        )
        return [_mail(row) for row in found]

    async def counts(self) -> Counts:
        """How many wait, were sent, were given up."""
        found = await self._database.one(
            "SELECT count(*) FILTER (WHERE state = 'waiting') AS waiting,"
            " count(*) FILTER (WHERE state = 'sent') AS sent,"
            " count(*) FILTER (WHERE state = 'dead') AS dead FROM mails"
        )
        return Counts(**found) if found else Counts(0, 0, 0)


def _mail(row: Record) -> Mail:
    return Mail(**row)
