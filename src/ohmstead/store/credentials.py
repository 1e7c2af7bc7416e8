"""Who may send packets, and of which meters: credentials of the push API, and partners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import dict_row

from ohmstead.access import secrets
from ohmstead.errors import BadInput, NotFound
from ohmstead.store import audit
from ohmstead.store.audit import By
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.meters import Meters
from ohmstead.store.partners import Partners
from ohmstead.store.sites import Organisations, Sites

KINDS = ("meter", "site", "org", "partner")
OVERLAP_S = 86_400.0
"""How long the old password works on after a rotation."""
LONGEST_OVERLAP_S = 366 * 86_400.0
NOTE_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Credential:
    """A user name that may send packets; `scope` is `meter:ID`, `site:N`, `org:N` or `partner:N`.

    `old_until` is until when the password before a rotation works on, None where there is none;
    `organisation` is whose meters it is for, None for a partner's, which are of several.
    """

    id: int
    username: str
    scope: str
    note: str
    made_at: datetime
    made_by: str
    last_used_at: datetime | None
    old_until: datetime | None
    organisation: int | None = None


LISTED = """
    SELECT c.id, c.username, c.note, c.made_at, c.made_by, c.last_used_at, c.old_secret_until,
           m.id AS meter, c.site, c.organisation, c.partner,
           coalesce(c.organisation, s.organisation) AS owner
    FROM push_credentials c LEFT JOIN meters m ON m.stream = c.stream
    LEFT JOIN sites s ON s.id = coalesce(c.site, m.site)
"""
ADD = """
    INSERT INTO push_credentials
        (username, stream, site, organisation, partner, note, secret, made_at, made_by)
    VALUES (%(username)s, %(meter)s, %(site)s, %(org)s, %(partner)s, %(note)s, %(secret)s,
            %(at)s, %(by)s)
"""
ROTATE = """
    UPDATE push_credentials
    SET old_secret = secret, old_secret_until = %(until)s, secret = %(secret)s
    WHERE username = %(username)s
"""
USED = """
    UPDATE push_credentials c SET last_used_at = greatest(c.last_used_at, u.at)
    FROM unnest(%s::int4[], %s::timestamptz[]) AS u (id, at) WHERE c.id = u.id
"""


class Credentials:
    """Every credential; passwords are kept as digests made with the installation's key."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database, self._key = database, key

    async def add(
        self, scope: str, *, note: str = "", at: datetime, by: str
    ) -> tuple[Credential, str]:
        """A new one and its password, which is not kept; BadInput, NotFound."""
        kind, whose = await self._whose(scope)
        if len(note) > NOTE_LONGEST or not note.isprintable():
            raise BadInput(f"a note has at most {NOTE_LONGEST} printable characters")
        username, password = f"push-{secrets.new_name()}", secrets.new_secret()
        columns: dict[str, object] = {**dict.fromkeys(KINDS), kind: whose}
        columns |= {"username": username, "note": note, "at": at, "by": by}
        columns |= {"secret": secrets.digest(self._key, password)}
        async with self._database.transaction() as connection:
            await connection.execute(ADD.encode(), columns)
            made = await _listed(connection, username)
            await _record(connection, "credential added", made, By(by, at))
        return made, password

    async def _whose(self, scope: str) -> tuple[str, int]:
        kind, colon, id = scope.partition(":")
        if kind == "meter" and colon:
            return kind, (await Meters(self._database).get(id)).stream
        if kind not in KINDS or not (id.isascii() and id.isdigit() and len(id) < 10):
            raise BadInput(
                f"{scope!r} is not a scope; it looks like meter:ID, site:1, org:1 or partner:1"
            )
        number = int(id)
        if kind == "site":
            await Sites(self._database).get(number)
        elif kind == "org":
            await Organisations(self._database).get(number)
        else:
            await Partners(self._database).get(number)
        return kind, number

    async def all(self) -> list[Credential]:
        """All of them, the oldest first."""
        return [_credential(row) for row in await self._database.rows(f"{LISTED} ORDER BY c.id")]

    async def page(
        self, organisation: int | None, *, partners: bool, after: int, limit: int
    ) -> list[Credential]:
        """Up to `limit` by number from behind `after`: of an organisation (None: of all).

        Those of partners, who send for several, only with `partners`.
        """
        found = await self._database.rows(
            f"{LISTED} WHERE c.id > %(after)s AND CASE WHEN c.partner IS NULL"
            " THEN %(of)s::int4 IS NULL OR coalesce(c.organisation, s.organisation) = %(of)s"
            " ELSE %(partners)s END ORDER BY c.id LIMIT %(limit)s",
            {"of": organisation, "partners": partners, "after": after, "limit": limit},
        )
        return [_credential(row) for row in found]

    async def get(self, username: str) -> Credential:
        """The one with this user name; NotFound."""
        async with self._database.transaction() as connection:
            return await _listed(connection, username)

    async def rotate(
        self, username: str, overlap_s: float = OVERLAP_S, *, by: By
    ) -> tuple[Credential, str]:
        """A new password; the one before works on for `overlap_s`.  BadInput, NotFound."""
        if not 0 <= overlap_s <= LONGEST_OVERLAP_S:
            raise BadInput(f"an overlap of {overlap_s:g} s is not between 0 and a year")
        password = secrets.new_secret()
        await self.get(username)
        async with self._database.transaction() as connection:
            await connection.execute(
                ROTATE.encode(),
                {
                    "username": username,
                    "secret": secrets.digest(self._key, password),
                    "until": by.at + timedelta(seconds=overlap_s),
                },
            )
            made = await _listed(connection, username)
            detail = {"overlap_s": overlap_s}
            await _record(connection, "credential rotated", made, by, detail)
        return made, password

    async def remove(self, username: str, *, by: By) -> None:
        """End it, within a second; NotFound."""
        await self.get(username)
        async with self._database.transaction() as connection:
            found = await _listed(connection, username)
            await connection.execute(
                "DELETE FROM push_credentials WHERE username = %s", (username,)
            )
            await _record(connection, "credential removed", found, by)

    async def used(self, when: Mapping[int, datetime]) -> None:
        """Note when credentials (by id) were used last."""
        if when:
            ids: Sequence[int] = sorted(when)
            await self._database.change(USED, (ids, [when[id] for id in ids]))


async def _listed(connection: Connection, username: str) -> Credential:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(f"{LISTED} WHERE c.username = %s".encode(), (username,))
    found = await cursor.fetchone()
    if found is None:
        raise NotFound(
            f"there is no credential {username!r}; `ohmstead admin credential list` shows them"
        )
    return _credential(found)


async def _record(
    connection: Connection,
    action: str,
    credential: Credential,
    by: By,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Tell of it in the audit log, in the transaction that does it; never of a password."""
    await audit.record(
        connection,
        actor=by.name,
        organisation=credential.organisation,
        action=action,
        subject=credential.username,
        detail={"scope": credential.scope, **(detail or {})},
        at=by.at,
    )


def _credential(row: Record) -> Credential:
    scopes = zip(KINDS, ("meter", "site", "organisation", "partner"), strict=True)
    scope = next(f"{kind}:{row[name]}" for kind, name in scopes if row[name] is not None)
    return Credential(
        id=row["id"],
        username=row["username"],
        scope=scope,
        note=row["note"],
        made_at=row["made_at"],
        made_by=row["made_by"],
        last_used_at=row["last_used_at"],
        old_until=row["old_secret_until"],
        organisation=row["owner"],
    )
