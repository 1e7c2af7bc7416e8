"""The audit log: who did what to what, and when.  Only ever added to: the database sees to it.

*To tell of a step: `await record(connection, actor=…, …)` in the transaction that takes it.*
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ohmstead.errors import BadInput
from ohmstead.store.database import Connection, Database, Record

PAGE_MOST = 500
LONGEST = 320
"""Characters of an actor or a subject: an e-mail address fits."""
DETAIL_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Entry:
    """One step.

    `actor` is an e-mail address, or what acted instead of a person; `organisation` None is of the
    whole installation; `action` is in few words ("user invited"); `subject` names what it was done
    to; `detail` never holds a secret.
    """

    id: int
    at: datetime
    actor: str
    organisation: int | None
    action: str
    subject: str
    detail: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, and when: `name` is an e-mail address, or says what acts instead of a person."""

    name: str
    at: datetime


async def record(
    where: Connection | Database,
    *,
    actor: str,
    organisation: int | None,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
    at: datetime,
) -> None:
    """Add a step to the log, for good.

    `where` is the connection of the transaction that the step happens in, so that both are kept or
    neither; a Database when there is none.  `detail` is what JSON takes, up to 8 KiB, without any
    secret.  Long texts are cut.
    """
    said = None if detail is None else json.dumps(_plain(detail))
    if said is not None and len(said) > DETAIL_BYTES:
        raise BadInput(f"the detail of {action!r} has {len(said)} bytes; {DETAIL_BYTES} are kept")
    if isinstance(where, Database):
        async with where.transaction() as connection:
            await _insert(connection, (at, actor, organisation, action, subject), said)
    else:
        await _insert(where, (at, actor, organisation, action, subject), said)


async def _insert(
    connection: Connection, step: tuple[datetime, str, int | None, str, str], detail: str | None
) -> None:
    at, actor, organisation, action, subject = step
    await connection.execute(
        "INSERT INTO audit (at, actor, organisation, action, subject, detail)"
        " VALUES (%s, %s, %s, %s, %s, %s::jsonb)",
        (at, _text(actor), organisation, _text(action), _text(subject), detail),
    )


class Audit:
    """The log, read newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        *,
        organisation: int | None = None,
        before: int | None = None,
        limit: int = 100,
        actor: str | None = None,
        action: str | None = None,
        subject: str | None = None,
    ) -> Sequence[Entry]:
        """Up to `limit` steps, the newest first.

        `organisation` None gives those of all and of the whole installation.  `before` is the id
        of the last step of the page before.  `actor` and `subject` are parts of those texts,
        `action` the beginning of that one, in any case of their letters.
        """
        found = await self._database.rows(
            "SELECT id, at, actor, organisation, action, subject, detail FROM audit"
            " WHERE (%(of)s::int4 IS NULL OR organisation = %(of)s)"
            " AND (%(before)s::int8 IS NULL OR id < %(before)s)"
            " AND (%(actor)s::text IS NULL OR strpos(lower(actor), lower(%(actor)s)) > 0)"
            " AND (%(subject)s::text IS NULL OR strpos(lower(subject), lower(%(subject)s)) > 0)"
            " AND (%(action)s::text IS NULL OR starts_with(lower(action), lower(%(action)s)))"
            " ORDER BY id DESC LIMIT %(limit)s",
            {
                "of": organisation,
                "before": before,
                "limit": max(1, min(limit, PAGE_MOST)),
                "actor": actor,
                "action": action,
                "subject": subject,
            },
        )
        return [_entry(row) for row in found]


def _entry(row: Record) -> Entry:
    return Entry(**row)


def _text(said: str) -> str:
    cut = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut)


def _plain(value: Any) -> Any:
    """`value` with texts that a jsonb column takes."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    if isinstance(value, Mapping):
        return {_plain(str(name)): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
