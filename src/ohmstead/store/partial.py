"""A packet that adds to a reading which is there: what that does not have yet is filled in."""

from codecs import BOM_UTF8 as BOM
from collections.abc import Sequence

import msgspec

from ohmstead.store import columns
from ohmstead.store.batch import Row
from ohmstead.store.database import Connection, Database

FILL = """
    UPDATE readings SET {filled} WHERE stream = %(stream)s AND at = %(at)s AND ({absent})
"""
RAW = "SELECT raw FROM latest WHERE stream = %s AND at = %s FOR UPDATE"
KEEP_RAW = "UPDATE latest SET raw = %s WHERE stream = %s"
NULL = b"null"
_read = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
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
    """Two packets of one moment as one, each value as it was written; None where one is no packet.

    >>> _together(b'{"id":"m","aP_1":1.10}', b'{"id":"m","aP_1":2,"v_1":2.30e2}')
    b'{"id":"m","aP_1":1.10,"v_1":2.30e2}'
    """
    try:
        one, other = (_read(bytes(raw or b"").removeprefix(BOM)) for raw in (first, then))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    added = {name: value for name, value in other.items() if bytes(one.get(name, NULL)) == NULL}
    return msgspec.json.encode({**one, **added})
