"""Integrations: asked for, approved or refused, paused, revoked; each step is in the audit log.

Source: Cloud2Cloud 2.0, section 4 (an id of ours, by an existing account) and 1.0, section 2 (a
name of a-z with at least 6 letters; 30 s is the default interval and the shortest).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ohmstead.access import secrets
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store import audit
from ohmstead.store.changes import changed
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.integration_wish import (
    INTERVAL_S,
    Step,
    Wish,
    adapted,
    chosen,
    plain_note,
    values_of,
)
from ohmstead.store.trouble import explained
from ohmstead.surfaces.cloud2cloud_template import Given

REQUESTED, ACTIVE, PAUSED, REVOKED, REFUSED = "requested", "active", "paused", "revoked", "refused"
PREFIX = "integration-"
"""What user names begin with.  1.0 has dots in them, which the broker's client ids cannot have."""
LONGEST_OVERLAP_S = 30 * 86_400.0
OVERLAP_S = 86_400.0
"""How long the password before works on when it is renewed."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One integration.

    `owner` is who manages it (None when that account was removed), `organisation` the owner's.
    `floor_s` is the shortest interval that it may have without an admin.
    """

    id: str
    username: str
    owner: int | None
    owner_email: str | None
    organisation: int | None
    state: str
    note: str
    reason: str | None
    template: Given
    interval_s: float
    floor_s: float
    absent: str
    retain: bool
    has_password: bool
    old_password_until: datetime | None
    created_at: datetime
    decided_at: datetime | None
    devices: int

    @property
    def topic(self) -> str:
        """What to subscribe to."""
        return f"ext/{self.id}/#"

    @property
    def zero(self) -> bool:
        """Whether what the meter did not say is sent as 0, not as null."""
        return self.absent == "zero"


@dataclass(frozen=True, slots=True)
class Credential:
    """An integration that may sign in, and the digests of its passwords."""

    id: str
    username: str
    digest: bytes
    old_digest: bytes | None
    old_until: datetime | None


INTEGRATIONS = """
    SELECT i.id, i.username, i.owner, u.email AS owner_email, i.organisation, i.state, i.note,
           i.reason, i.template, i.interval_s, i.floor_s, i.absent, i.retain,
           i.secret IS NOT NULL AS has_password,
           CASE WHEN i.old_secret_until > now() THEN i.old_secret_until END AS old_password_until,
           i.created_at, i.decided_at,
           (SELECT count(*) FROM integration_devices d WHERE d.integration = i.id) AS devices
    FROM integrations i LEFT JOIN users u ON u.id = i.owner
"""


class Integrations:
    """Every integration."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def request(
        self, owner: int, organisation: int | None, step: Step, name: str | None, wish: Wish
    ) -> Integration:
        """A new one that waits for an admin's decision.

        Conflict when the name is taken; BadInput says what cannot be.
        """
        id = secrets.new_name() if name is None else chosen(name)
        values = values_of(wish, INTERVAL_S, step)
        values.setdefault("interval_s", INTERVAL_S)
        values.setdefault("floor_s", INTERVAL_S)
        whole = {
            "note": "", "absent": "null", "retain": False, "template": None, **values,
            "id": id, "username": PREFIX + id, "owner": owner, "organisation": organisation,
            "state": REQUESTED, "created_at": step.at,
        }  # fmt: skip
        with explained(f"an integration named {id!r} exists already; choose another name"):
            async with self._database.transaction() as connection:
                columns = ", ".join(whole)
                places = ", ".join(f"%({name})s" for name in whole)
                await connection.execute(
                    f"INSERT INTO integrations ({columns}) VALUES ({places})".encode(),  # noqa: S608
                    adapted(whole),
                )
                await _record(connection, step, organisation, "integration requested", id)
        return await self.get(id)

    async def all(self) -> list[Integration]:
        """All of them, the oldest first."""
        found = await self._database.rows(f"{INTEGRATIONS} ORDER BY i.created_at, i.id")
        return [_integration(row) for row in found]

    async def page(
        self,
        *,
        owner: int,
        organisation: int | None,
        state: str | None,
        behind: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Integration]:
        """Up to `limit`, the oldest first, from behind one made then with that id.

        Those that `owner` manages and those of `organisation`, of which None means all; `state`
        narrows them.
        """
        at, id = behind or (None, None)
        found = await self._database.rows(
            f"{INTEGRATIONS} WHERE (%(of)s::int4 IS NULL OR i.organisation = %(of)s"
            " OR i.owner = %(owner)s) AND (%(state)s::text IS NULL OR i.state = %(state)s)"
            " AND (%(at)s::timestamptz IS NULL OR (i.created_at, i.id) > (%(at)s, %(id)s))"
            " ORDER BY i.created_at, i.id LIMIT %(limit)s",
            {"of": organisation, "owner": owner, "state": state}
            | {"at": at, "id": id, "limit": limit},
        )
        return [_integration(row) for row in found]

    async def get(self, id: str) -> Integration:
        """The one with this id; NotFound."""
        try:
            found = await self._database.one(f"{INTEGRATIONS} WHERE i.id = %s", (id,))
        except BadInput:  # no text that could be an id
            found = None
        if found is None:
            raise NotFound(
                f"there is no integration {id[:60]!r}; `ohmstead admin integration list` shows them"
            )
        return _integration(found)

    async def change(self, id: str, wish: Wish, step: Step) -> Integration:
        """Change what `wish` names; BadInput."""
        before = await self.get(id)
        values = values_of(wish, before.floor_s, step)
        if values:
            assigned = ", ".join(f"{name} = %({name})s" for name in values)
            statement = f"UPDATE integrations SET {assigned} WHERE id = %(id)s"  # noqa: S608
            async with self._database.transaction() as connection:
                await connection.execute(statement.encode(), adapted({**values, "id": id}))
                await _record(
                    connection, step, before.organisation, "integration changed", id,
                    {"changed": sorted(values)},
                )  # fmt: skip
                await changed(connection, "")
        return await self.get(id)

    async def approve(self, id: str, step: Step, digest: bytes | None = None) -> Integration:
        """Let it begin, with the digest of its first password if that was made already."""
        async with self._turned(id, (REQUESTED,), ACTIVE, step, "integration approved") as one:
            await one.execute(
                "UPDATE integrations SET decided_at = %s, secret = %s, reason = NULL WHERE id = %s",
                (step.at, digest, id),
            )
        return await self.get(id)

    async def refuse(self, id: str, reason: str, step: Step) -> Integration:
        """Say no to a request, and why."""
        said = plain_note(reason, "a reason")
        if not said:
            raise BadInput("a refusal needs a reason: whoever asked is told it")
        async with self._turned(
            id, (REQUESTED,), REFUSED, step, "integration refused", {"reason": said}
        ) as connection:
            await connection.execute(
                "UPDATE integrations SET decided_at = %s, reason = %s WHERE id = %s",
                (step.at, said, id),
            )
        return await self.get(id)

    async def pause(self, id: str, step: Step) -> Integration:
        """Nobody signs in and nothing is passed on until it goes on."""
        async with self._turned(id, (ACTIVE,), PAUSED, step, "integration paused"):
            pass
        return await self.get(id)

    async def resume(self, id: str, step: Step) -> Integration:
        """Go on after a pause."""
        async with self._turned(id, (PAUSED,), ACTIVE, step, "integration resumed"):
            pass
        return await self.get(id)

    async def revoke(self, id: str, step: Step) -> Integration:
        """End it for good: its passwords are gone, its record stays."""
        states = (REQUESTED, ACTIVE, PAUSED)
        async with self._turned(id, states, REVOKED, step, "integration revoked") as connection:
            await connection.execute(
                "UPDATE integrations SET secret = NULL, old_secret = NULL,"
                " old_secret_until = NULL WHERE id = %s",
                (id,),
            )
        return await self.get(id)

    async def renew(self, id: str, digest: bytes, overlap_s: float, step: Step) -> Integration:
        """Give it the password of this digest; the one before works for `overlap_s` more."""
        if not 0 <= overlap_s <= LONGEST_OVERLAP_S:
            raise BadInput(
                f"an overlap of {overlap_s:.15g} s is not between 0 and {LONGEST_OVERLAP_S:.0f} s"
            )
        before = await self.get(id)
        if before.state not in (ACTIVE, PAUSED):
            raise Conflict(f"integration {id} is {before.state}; it has no password")
        until = step.at + timedelta(seconds=overlap_s)
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE integrations SET secret = %(new)s,"
                " old_secret = CASE WHEN %(keeps)s THEN secret END,"
                " old_secret_until = CASE WHEN %(keeps)s AND secret IS NOT NULL"
                " THEN %(until)s::timestamptz END WHERE id = %(id)s",
                {"new": digest, "keeps": overlap_s > 0, "until": until, "id": id},
            )
            await _record(
                connection, step, before.organisation, "integration password renewed", id,
                {"overlap_s": overlap_s},
            )  # fmt: skip
            if overlap_s == 0:
                await changed(connection, before.username)
        return await self.get(id)

    async def remove(self, id: str, step: Step) -> None:
        """Remove it with all that belongs to it; the audit log stays.  NotFound."""
        before = await self.get(id)
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM integrations WHERE id = %s", (id,))
            await connection.execute(
                "DELETE FROM break_outs WHERE username = %s", (before.username,)
            )
            await _record(connection, step, before.organisation, "integration deleted", id)
            await changed(connection, before.username)

    async def credential(self, username: str) -> Credential | None:
        """Who signs in as `username` and may; None when nobody of this name may."""
        try:
            found = await self._database.one(
                "SELECT id, username, secret AS digest, old_secret AS old_digest,"
                " old_secret_until AS old_until FROM integrations"
                " WHERE username = %s AND state = 'active' AND secret IS NOT NULL",
                (username,),
            )
        except BadInput:  # not even a text: a stranger may send anything
            return None
        return Credential(**found) if found else None

    async def usernames(self) -> frozenset[str]:
        """The user names of those that may sign in, or are paused and so keep their sessions."""
        found = await self._database.rows(
            "SELECT username FROM integrations WHERE state IN ('active', 'paused')"
        )
        return frozenset(row["username"] for row in found)

    @asynccontextmanager
    async def _turned(
        self,
        id: str,
        states: tuple[str, ...],
        to: str,
        step: Step,
        action: str,
        detail: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Connection]:
        """A transaction that takes it from one of `states` to another; NotFound, Conflict."""
        before = await self.get(id)
        async with self._database.transaction() as connection:
            done = await connection.execute(
                "UPDATE integrations SET state = %s WHERE id = %s AND state = ANY(%s)",
                (to, id, list(states)),
            )
            if done.rowcount != 1:
                raise Conflict(
                    f"integration {id} is {before.state}; only one that is {' or '.join(states)}"
                    f" can become {to}"
                )
            await _record(connection, step, before.organisation, action, id, detail)
            await changed(connection, before.username)
            yield connection


async def _record(
    connection: Connection,
    step: Step,
    organisation: int | None,
    action: str,
    id: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    await audit.record(
        connection,
        actor=step.actor,
        organisation=organisation,
        action=action,
        subject=id,
        detail=detail,
        at=step.at,
    )


def _integration(row: Record) -> Integration:
    return Integration(**row)
