"""Logins that read the views of SQL: what they see, and what they are kept from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from os import getpid
from urllib.parse import urlsplit

import psycopg
import pytest
from tests.store.conftest import NOW, MakeMeter

from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.clock import SetClock
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.audit import Audit, By
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies
from ohmstead.store.meters import Meters
from ohmstead.store.sites import Organisations, Sites
from ohmstead.store.sql_readers import SqlReaders, named

BY = By("test", NOW)
HOUR = timedelta(hours=1)
_number = count()


@asynccontextmanager
async def reader(
    database: Database, organisation: int | None = None
) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection of a new reader; logins are of the whole server, so it is taken away again."""
    readers = SqlReaders(database)
    username, password = await readers.add(f"t{getpid()}_{next(_number)}", organisation, by=BY)
    at = urlsplit(database.url)
    try:
        async with await psycopg.AsyncConnection.connect(
            host=at.hostname,
            port=at.port,
            dbname=at.path.strip("/"),
            user=username,
            password=password,
            autocommit=True,
        ) as connection:
            yield connection
    finally:
        await readers.remove(username, by=BY)


async def rows(connection: psycopg.AsyncConnection, question: str) -> list[tuple[object, ...]]:
    return await (await connection.execute(question.encode())).fetchall()


def about(percent: float) -> object:
    return pytest.approx(percent, abs=1e-3)


async def test_views_of_energy_say_what_exports_say(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/sql-views.md: import_kwh and export_kwh are those of `ohmstead export energy`."""
    first = datetime(2025, 10, 25, 20, 10, tzinfo=UTC)
    told = {
        "own": ("Europe/Zurich", {"1.8.0": 1.0, "2.8.0": 0.25}),
        "phases": ("Australia/Lord_Howe", {"21.8.0": 0.5, "41.8.0": 0.25, "61.8.0": 0.125}),
        "tariffs": ("Asia/Kathmandu", {"1.8.1": 0.5, "1.8.2": 0.3}),
        "power": ("Europe/Zurich", {"1.7.0": 0.0}),
    }
    skipped = (7, 8, 9)
    meters = {}
    for id, (zone, steps) in told.items():
        meters[id] = await make_meter(id, zone, interval_s=1800.0)
        readings = [
            Row(
                meters[id].stream,
                first + n * HOUR / 2,
                NOW,
                {obis: 100 + n * step + (2.0 if step == 0 else 0) for obis, step in steps.items()},
            )
            for n in range(80)
            if n not in skipped
        ]
        await Committer(database, clock).commit(readings)
    span = date(2025, 10, 1), date(2025, 11, 1)
    for meter in meters.values():
        for size in SIZES:
            for quantity, name in (("1.8.0", "import"), ("2.8.0", "export")):
                asked = await Energies(database).by(meter, quantity, size, *span, NOW)
                known = [
                    (
                        b.start,
                        b.end,
                        b.energy,
                        b.estimated,
                        pytest.approx(100 * b.completeness, abs=1e-3),
                    )
                    for b in asked
                    if b.energy is not None
                ]
                question = (
                    f"SELECT start_utc, end_utc, {name}_kwh, {name}_estimated_kwh,"
                    f" completeness_percent FROM reporting.energy_{size}"
                    f" WHERE meter = '{meter.id}' AND {name}_kwh IS NOT NULL ORDER BY start_utc"
                )
                async with database.transaction() as connection:
                    found = await (await connection.execute(question.encode())).fetchall()
                assert found == known, (meter.id, size, quantity)
                assert known or (name == "export" and meter.id != "own")


async def test_a_reader_sees_its_organisation_alone(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """docs/sql-views.md: which rows those are is decided inside the views."""
    own = await make_meter("own")
    owner = await Organisations(database).add("Others")
    site = await Sites(database).add("Elsewhere", owner.id, "Asia/Kathmandu")
    theirs = await Meters(database).add("theirs", site.id, "gas", 900.0)
    when = NOW - 2 * HOUR
    await Committer(database, clock).commit(
        [
            Row(own.stream, when, NOW, {"1.8.0": 1.5, "1.7.0": 0.1}),
            Row(theirs.stream, when, NOW, value=12345.678),
            Row(theirs.stream, when + HOUR, NOW, value=12346.678),
        ]
    )
    await Energies(database).by(theirs, "value", "day", NOW.date(), NOW.date() + 24 * HOUR, NOW)
    async with reader(database, owner.id) as connection:
        assert await rows(connection, "SELECT meter, timezone FROM meters") == [
            ("theirs", "Asia/Kathmandu")
        ]
        assert await rows(connection, "SELECT site FROM sites") == [("Elsewhere",)]
        assert await rows(connection, "SELECT at_utc, value, value_unit FROM latest") == [
            (when + HOUR, 12346.678, "m3")
        ]
        local = when.replace(tzinfo=None) + timedelta(hours=5, minutes=45)
        assert await rows(connection, "SELECT at_local FROM readings ORDER BY 1 LIMIT 1") == [
            (local,)
        ]
        assert await rows(connection, "SELECT amount, amount_unit, import_kwh FROM energy_day") == [
            (1.0, "m3", None)
        ]
        assert await rows(connection, "SELECT * FROM readings WHERE meter = 'own'") == []
        await connection.execute("SET ROLE ohmstead_reader")
        assert await rows(connection, "SELECT DISTINCT meter FROM readings") == [("theirs",)]
    async with reader(database) as connection:
        found = await rows(connection, "SELECT meter, active_import_energy_kwh FROM readings")
        assert sorted(found, key=str) == [("own", 1.5), ("theirs", None), ("theirs", None)]
    await Meters(database).remove("theirs", with_readings=True)
    await Sites(database).remove(site.id)
    async with reader(database, owner.id) as connection:
        await Organisations(database).remove(owner.id)
        assert await rows(connection, "SELECT meter FROM meters") == [], "nor all, without one"


FORBIDDEN = (
    "SELECT * FROM public.meters",
    "SELECT * FROM public.sql_streams",
    "SELECT secret FROM public.devices",
    "UPDATE public.sql_readers SET organisation = NULL",
    "DELETE FROM public.readings",
    "CREATE TABLE reporting.mine (a int)",
    "CREATE TEMPORARY TABLE mine (a int)",
    "CREATE SCHEMA mine",
    "SELECT pg_advisory_lock(1)",
    "SELECT lo_create(0)",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SET ROLE ohmstead",
    "ALTER ROLE ohmstead_reader LOGIN",
)

REFUSALS = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)


async def test_a_reader_may_only_look(database: Database) -> None:
    """docs/sql-views.md, "A reader": also once it has left its read-only transactions."""
    async with reader(database) as connection:
        said = await rows(connection, "SHOW statement_timeout")
        assert said == [("1min",)]
        for open_to_writes in ("on", "off"):
            await connection.execute(
                f"SET default_transaction_read_only = {open_to_writes}".encode()
            )
            for statement in FORBIDDEN:
                with pytest.raises(
                    (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
                ):
                    await connection.execute(statement.encode())


async def test_readers_are_added_renewed_removed(database: Database) -> None:
    """docs/sql-views.md: passwords are shown once; a removed reader's connections end."""
    readers, name = SqlReaders(database), f"t{getpid()}_{next(_number)}"
    username, password = await readers.add(name, None, by=BY)
    assert username == f"reader_{name}"
    assert [each.can_sign_in for each in await readers.all()] == [True]
    with pytest.raises(Conflict, match="there is a login"):
        await readers.add(name, None, by=BY)
    with pytest.raises(NotFound, match="no organisation 99"):
        await readers.add(f"{name}x", 99, by=BY)
    renewed = await readers.renew(name, by=BY)
    assert renewed[0] == username
    assert renewed[1] != password
    at = urlsplit(database.url)
    async with await psycopg.AsyncConnection.connect(
        host=at.hostname, port=at.port, dbname=at.path[1:], user=username, password=renewed[1]
    ) as connection:
        assert await readers.remove(name, by=BY) == username
        with pytest.raises(psycopg.OperationalError):
            await connection.execute("SELECT 1")
    with pytest.raises(NotFound, match=username):
        await readers.remove(name, by=BY)
    told = [entry.action for entry in await Audit(database).page()]
    assert told == ["reader removed", "reader renewed", "reader added"]


@pytest.mark.parametrize("bad", ["", "a b", "1a", "a-b", "ä", "x" * 41, 'a"; --', "_"])
def test_what_is_no_name_for_a_reader_is_refused(bad: str) -> None:
    """Style 7: which value, and what it may be."""
    with pytest.raises(BadInput, match="is not a name for a reader"):
        named(bad)
