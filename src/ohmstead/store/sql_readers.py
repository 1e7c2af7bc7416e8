"""Logins that may read the views of `reporting`, and nothing else.  docs/sql-views.md."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from ohmstead.errors import BadInput, Conflict, Forbidden, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database
from ohmstead.store.sites import Organisations

GROUP = "ohmstead_reader"
"""The role of all readers; pg_hba.conf names it too (store/listening.py)."""
PREFIX = "reader_"
LONGEST = 40
CONNECTIONS_MOST = 10
CHANGING = 0x0E57EAE
"""The advisory lock of whoever changes roles."""
DEFAULTS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "5s",
    "search_path": "reporting",
    "TimeZone": "UTC",
}
"""How a reader's session begins.  They keep mistakes small; what a reader may do are its rights."""
SHARED = """
    SELECT p.oid::regprocedure::text AS name FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
        AND (p.proname LIKE 'pg%advisory%' OR p.proname LIKE 'lo\\_%' OR p.proname = 'lowrite')
        AND has_function_privilege('public', p.oid, 'EXECUTE')
"""
"""What anybody may call, and a reader should not: locks that others wait for, large objects."""
READERS = """
    SELECT r.name, r.organisation, r.made_at, p.rolname IS NOT NULL AS can_sign_in
    FROM sql_readers r LEFT JOIN pg_roles p ON p.rolname = r.name
"""
OWN = frozenset({"user", "password", "passfile", "service", "options", "application_name"})
"""What of our own URL is not for others."""


@dataclass(frozen=True, slots=True)
class SqlReader:
    """One login; `organisation` None sees all.  `can_sign_in` is False when its role is gone, as it
    is after a restore into another server."""

    name: str
    organisation: int | None
    made_at: datetime
    can_sign_in: bool


class SqlReaders:
    """Every login that reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[SqlReader]:
        """All of them, by name."""
        return [SqlReader(**row) for row in await self._database.rows(f"{READERS} ORDER BY r.name")]

    async def page(self, after: str, limit: int) -> list[SqlReader]:
        """Up to `limit` by name, from behind `after`."""
        found = await self._database.rows(
            f"{READERS} WHERE r.name > %s ORDER BY r.name LIMIT %s", (after, limit)
        )
        return [SqlReader(**row) for row in found]

    async def get(self, name: str) -> SqlReader:
        """The one of this name; NotFound."""
        wanted = named(name)
        found = next((each for each in await self.all() if each.name == wanted), None)
        if found is None:
            raise NotFound(
                f"there is no reader {wanted!r}; `ohmstead admin reader list` shows them"
            )
        return found

    async def add(self, name: str, organisation: int | None, *, by: By) -> tuple[str, str]:
        """User name and password of a new reader; Conflict, NotFound, Forbidden."""
        role, password = named(name), secrets.token_urlsafe(24)
        if organisation is not None:
            await Organisations(self._database).get(organisation)
        async with self._alone() as connection:
            known = "SELECT 1 FROM pg_roles WHERE rolname = %s"
            if await (await connection.execute(known, (role,))).fetchone():
                raise Conflict(f"there is a login {role!r} already; take another name")
            await prepare(connection)
            await _make(connection, role, password)
            await connection.execute(
                "INSERT INTO sql_readers (name, organisation, made_at) VALUES (%s, %s, %s)"
                " ON CONFLICT (name) DO UPDATE SET organisation = excluded.organisation",
                (role, organisation, by.at),
            )
            await _tell(connection, by, "reader added", role, organisation)
        return role, password

    async def renew(self, name: str, *, by: By) -> tuple[str, str]:
        """User name and new password; who is connected stays so.  NotFound, Forbidden."""
        reader, password = await self.get(name), secrets.token_urlsafe(24)
        async with self._alone() as connection:
            await _still(connection, reader.name)
            await prepare(connection)
            await _make(connection, reader.name, password, there=reader.can_sign_in)
            await _tell(connection, by, "reader renewed", reader.name, reader.organisation)
        return reader.name, password

    async def remove(self, name: str, *, by: By) -> str:
        """Remove a reader and end its connections; gives its user name.  NotFound, Forbidden."""
        reader = await self.get(name)
        async with self._alone() as connection:
            await _still(connection, reader.name)
            await connection.execute("DELETE FROM sql_readers WHERE name = %s", (reader.name,))
            if reader.can_sign_in:
                await connection.execute(SQL("ALTER ROLE {} NOLOGIN").format(_role(reader.name)))
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = %s AND pg_has_role(usesysid, 'MEMBER')",
                    (reader.name,),
                )
                await connection.execute(SQL("DROP ROLE {}").format(_role(reader.name)))
            await _tell(connection, by, "reader removed", reader.name, reader.organisation)
        return reader.name

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[Connection]:
        """A transaction in which nobody else changes roles: two at once would both fail."""
        async with _allowed(), self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (CHANGING,))
            yield connection


async def _still(connection: Connection, name: str) -> None:
    """NotFound when somebody was quicker and removed it."""
    found = await connection.execute("SELECT FROM sql_readers WHERE name = %s", (name,))
    if await found.fetchone() is None:
        raise NotFound(f"there is no reader {name!r}; `ohmstead admin reader list` shows them")


def named(name: str) -> str:
    """The user name of the reader `name`; BadInput when it cannot be one.

    >>> named("Grafana"), named("reader_grafana")
    ('reader_grafana', 'reader_grafana')
    """
    plain = name.strip().lower().removeprefix(PREFIX)
    if (
        not plain.isascii()
        or not plain.replace("_", "").isalnum()
        or not plain[:1].isalpha()
        or len(plain) > LONGEST
    ):
        raise BadInput(
            f"{name!r} is not a name for a reader: a letter, then letters, digits and _,"
            f" {LONGEST} at most"
        )
    return PREFIX + plain


def url_of(own: str, username: str, password: str, at: str | None, authority: str | None) -> str:
    """How a reader connects: over TLS to `at` (host:port), or where we do ourselves.

    >>> url_of("postgresql://me:x@127.0.0.1:2/postgres", "a", "b", "db.lan:5432", None)
    'postgresql://a:b@db.lan:5432/postgres?sslmode=verify-full'
    """
    parts = urlsplit(own)
    said = {name: each[-1] for name, each in parse_qs(parts.query).items() if name not in OWN}
    if at is not None:
        said = {"sslmode": "verify-full", **({"sslrootcert": authority} if authority else {})}
    where = at or parts.netloc.rpartition("@")[2]
    login = f"{quote(username, safe='')}:{quote(password, safe='')}"
    return urlunsplit((parts.scheme, f"{login}@{where}", parts.path, urlencode(said, safe="/"), ""))


async def prepare(connection: Connection) -> None:
    """See to the group and its rights, and take from everybody what no reader should have.

    The second is only for who may: on a server of others, its owner decides.
    """
    there = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (GROUP,))
    if await there.fetchone() is None:
        await connection.execute(SQL("CREATE ROLE {} NOLOGIN").format(_role(GROUP)))
    for grant in ("USAGE ON SCHEMA reporting", "SELECT ON ALL TABLES IN SCHEMA reporting"):
        await connection.execute(SQL("GRANT {} TO {}").format(SQL(grant), _role(GROUP)))
    mine = await connection.execute(
        "SELECT rolsuper, current_database() FROM pg_roles WHERE rolname = current_user"
    )
    row = await mine.fetchone()
    if row is None or not row[0]:
        return
    await connection.execute(
        SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(Identifier(row[1]))
    )
    shared = [name for (name,) in await (await connection.execute(SHARED)).fetchall()]
    for name in shared:
        await connection.execute(f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC".encode())


async def _make(connection: Connection, role: str, password: str, *, there: bool = False) -> None:
    """A role that signs in with `password`, which the server gets as a digest (SCRAM) alone."""
    digest = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    begin = SQL("ALTER ROLE {} WITH" if there else "CREATE ROLE {} WITH").format(_role(role))
    rights = SQL(" LOGIN CONNECTION LIMIT {} PASSWORD {}").format(
        Literal(CONNECTIONS_MOST), Literal(digest)
    )
    await connection.execute(Composed([begin, rights]))
    await connection.execute(SQL("GRANT {} TO {}").format(_role(GROUP), _role(role)))
    for setting, value in DEFAULTS.items():
        await connection.execute(
            SQL("ALTER ROLE {} SET {} = {}").format(
                _role(role), Identifier(setting), Literal(value)
            )
        )


def _role(name: str) -> Identifier:
    return Identifier(name)


@asynccontextmanager
async def _allowed() -> AsyncIterator[None]:
    """Says what is missing when the database's user may make no roles."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as trouble:
        raise Forbidden(
            "the user of this database may make no logins; let its administrator give it"
            f" CREATEROLE, or make {GROUP} and the login by hand (docs/sql-views.md)"
        ) from trouble


async def _tell(
    connection: Connection, by: By, action: str, role: str, organisation: int | None
) -> None:
    await record(
        connection,
        actor=by.name,
        organisation=organisation,
        action=action,
        subject=role,
        at=by.at,
    )
