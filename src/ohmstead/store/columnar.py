"""Old months as columnar tables, in the database, where PostgreSQL has such an access method.

Source: Citus, "Columnar Storage": append only, with no upserts; so a month is closed first.
"""

from datetime import datetime

from ohmstead.errors import Unavailable
from ohmstead.store import months
from ohmstead.store.archive_floors import BARRIER
from ohmstead.store.database import Connection, Database
from ohmstead.store.months import Month
from ohmstead.store.rollups import Rollups

METHOD = "columnar"
THERE = "SELECT EXISTS (SELECT FROM pg_am WHERE amname = %s AND amtype = 't') AS there"
IS = """
    SELECT a.amname = %s AS so FROM pg_class c JOIN pg_am a ON a.oid = c.relam
    WHERE c.oid = to_regclass(%s)
"""
BY_FUNCTION = "SELECT to_regprocedure('alter_table_set_access_method(regclass,text)') IS NOT NULL"
STREAMS = "SELECT stream FROM meters"
CLOSE = """
    INSERT INTO archive_floors (stream, floor) SELECT stream, %s FROM meters
    ON CONFLICT (stream) DO UPDATE SET floor = greatest(archive_floors.floor, excluded.floor)
"""
LOCK_TIMEOUT = "3s"


async def is_columnar(connection: Connection, month: Month) -> bool:
    """Whether the part of a month is columnar."""
    found = await connection.execute(IS, (METHOD, months.name_of(month)))
    return bool((await found.fetchone() or (False,))[0])


async def columnar_until(connection: Connection) -> datetime | None:
    """When the newest columnar month ends; None when there is none."""
    found = [m for m in await months.existing(connection) if await is_columnar(connection, m)]
    return months.start(months.after(found[-1])) if found else None


async def convert(database: Database, before: Month) -> list[Month]:
    """Make every month before `before` columnar that is not; gives those that became so.

    They take no late readings from then on.  Unavailable where there is no such access method.
    """
    there = await database.one(THERE, (METHOD,))
    if not there or not there["there"]:
        raise Unavailable(
            f"this PostgreSQL has no access method {METHOD!r}; Citus brings it. "
            "Without it, `ohmstead admin org retention` puts old readings into files"
        )
    async with database.transaction() as connection:
        parts = [month for month in await months.existing(connection) if month < before]
        todo = [month for month in parts if not await is_columnar(connection, month)]
    if not todo:
        return []
    await database.change(CLOSE, (months.start(months.after(todo[-1])),))
    async with database.transaction() as connection:  # those who did not know it end
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (BARRIER,))
    streams = [row["stream"] for row in await database.rows(STREAMS)]
    await Rollups(database).refresh(streams)
    for month in todo:
        async with database.transaction() as connection:
            await _convert(connection, months.name_of(month))
    return todo


async def _convert(connection: Connection, part: str) -> None:
    await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'".encode())
    by_function = await (await connection.execute(BY_FUNCTION)).fetchone()
    if by_function and by_function[0]:
        await connection.execute(
            "SELECT alter_table_set_access_method(%s::regclass, %s)", (part, METHOD)
        )
    else:
        await connection.execute(f"ALTER TABLE {part} SET ACCESS METHOD {METHOD}".encode())
