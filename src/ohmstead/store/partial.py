"""A packet that adds to a reading which is there: what that does not have yet is filled in."""

import json
from collections.abc import Sequence

from ohmstead.store import columns
from ohmstead.store.batch import Row
from ohmstead.store.database import Connection, Database

FILL = """
    UPDATE readings SET {filled} WHERE stream = %(stream)s AND at = %(at)s AND ({absent})
"""
RAW = "SELECT raw FROM latest WHERE stream = %s AND at = %s FOR UPDATE"
KEEP_RAW = "UPDATE latest SET raw = %s WHERE stream = %s"
NOTE = "INSERT INTO rollup_notes (stream, first, last) VALUES (%s, %s, %s)"


class Partials:
    """Fills in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def merge(self, rows: Sequence[Row]) -> list[bool]:
        """Whether each of `rows` filled anything in; what was said first stays.

        In one transaction, streams in one order, so that several may do so at once.
        """
        found = [False] * len(rows)
        async with self._database.transaction() as connection:
            for n in sorted(range(len(rows)), key=lambda n: rows[n].stream):
                found[n] = await _merge(connection, rows[n])
        return found


async def _merge(connection: Connection, row: Row) -> bool:
    said: dict[str, float] = {
        columns.VALUES[obis]: number
        for obis, number in row.values.items()
        if obis in columns.VALUES
    }
    if row.value is not None:
        said["value"] = row.value
    if not said:
        return False
    given = {**said, "stream": row.stream, "at": row.at}
    parts = {
        "filled": ", ".join(f"{c} = coalesce({c}, %({c})s)" for c in said),
        "absent": " OR ".join(f"{c} IS NULL" for c in said),
    }
    raw = await (await connection.execute(RAW, (row.stream, row.at))).fetchone()
    done = await connection.execute(FILL.format(**parts).encode(), given)
    if done.rowcount == 0:
        return False
    if raw is not None:
        await connection.execute(KEEP_RAW, (_together(raw[0], row.raw), row.stream))
    await connection.execute(NOTE, (row.stream, row.at, row.at))
    return True


def _together(first: bytes | None, then: bytes | None) -> bytes | None:
    """Two packets of one moment as one; None where one of them is no packet."""
    try:
        one, other = json.loads(bytes(first or b"")), json.loads(then or b"")
    except ValueError:
        return None
    if not isinstance(one, dict) or not isinstance(other, dict):
        return None
    added = {name: value for name, value in other.items() if one.get(name) is None}
    return json.dumps({**one, **added}, ensure_ascii=False, separators=(",", ":")).encode()
