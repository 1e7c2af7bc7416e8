"""What a backup asks a database beside its rows, whatever version its schema has; all blocking."""

from collections.abc import Mapping

import psycopg
from psycopg import sql

from ohmstead.errors import Conflict
from ohmstead.store import facts
from ohmstead.store.dump import Dump, connected, counted

THERE = "SELECT to_regclass(%s) IS NOT NULL"


def archived(url: str) -> tuple[str | None, Mapping[str, str]]:
    """Where the archive is, if that is known, and its files, each with its SHA-256."""
    with connected(url) as connection:
        folder = None
        if _there(connection, "installation"):
            told = "SELECT value FROM installation WHERE key = %s"
            row = connection.execute(told, (facts.ARCHIVE,)).fetchone()
            folder = row[0] if row else None
        if not _there(connection, "archive_files"):
            return folder, {}
        found = connection.execute("SELECT name, sha256 FROM archive_files ORDER BY name")
        return folder, dict(found.fetchall())


def settled(url: str, archive: str | None) -> None:
    """The archive is in another folder now, or nobody knows where."""
    with connected(url) as connection:
        connection.execute("DELETE FROM installation WHERE key = %s", (facts.ARCHIVE,))
        if archive is not None:
            connection.execute(
                "INSERT INTO installation (key, value) VALUES (%s, %s)", (facts.ARCHIVE, archive)
            )
        connection.commit()


def recounted(url: str, told: Dump) -> int:
    """The rows of a database that was just filled; Conflict when a table has fewer than it had.

    A later version of the schema may have taken a table away, or put rows into one.
    """
    total = 0
    with connected(url) as connection:
        for table, rows in counted(told.tables).items():
            if not _there(connection, table):
                continue
            question = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            found = int((connection.execute(question).fetchone() or (0,))[0])
            if found < rows and table != "installation":  # which is settled anew
                raise Conflict(f"{table} has {found} rows after restoring instead of {rows}")
            total += found
    return total


def _there(connection: psycopg.Connection[tuple[object, ...]], table: str) -> bool:
    return bool((connection.execute(THERE, (table,)).fetchone() or (False,))[0])
