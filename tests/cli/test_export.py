"""`ohmstead export`: what a stranger types, and what comes out."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from ohmstead.cli.export import app
from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput, NotFound
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.meters import Meters
from ohmstead.store.sites import Organisations, Sites

FIRST = datetime(2025, 3, 29, 23, tzinfo=UTC)
"""Midnight in Zurich, before a day of 23 hours."""


async def fill(url: str) -> None:
    """A meter that uses half a kilowatt-hour each hour for a day and a half."""
    async with Database(url) as database:
        owner = await Organisations(database).add("Works")
        site = await Sites(database).add("Hall", owner.id, "Europe/Zurich")
        meter = await Meters(database).add("m1", site.id, "electricity", 3600.0)
        now = datetime.now(UTC)
        rows = [
            Row(meter.stream, FIRST + timedelta(hours=n), now, {"1.8.0": 0.1 + n / 2})
            for n in range(36)
        ]
        await Committer(database, SystemClock()).commit(rows)


def run(url: str, *words: str) -> str:
    done = CliRunner().invoke(app, ["energy", "--database", url, *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def test_energy_as_json_and_csv(database_url: str) -> None:
    """docs/commands.md: local times with their offset, null where nothing is known."""
    asyncio.run(fill(database_url))
    said = ("--meter", "m1", "--from", "2025-03-30", "--to", "2025-04-02", "--by", "day")
    rows = json.loads(run(database_url, *said, "--format", "json"))
    assert rows == [
        {
            "start": "2025-03-30T00:00:00+01:00",
            "end": "2025-03-31T00:00:00+02:00",
            "kwh": 11.5,
            "estimated_kwh": 0.0,
            "completeness": 100.0,
        },
        {
            "start": "2025-03-31T00:00:00+02:00",
            "end": "2025-04-01T00:00:00+02:00",
            "kwh": 6.0,
            "estimated_kwh": 0.0,
            "completeness": 50.0,
        },
        {
            "start": "2025-04-01T00:00:00+02:00",
            "end": "2025-04-02T00:00:00+02:00",
            "kwh": None,
            "estimated_kwh": None,
            "completeness": 0.0,
        },
    ]
    table = list(csv.reader(io.StringIO(run(database_url, *said, "--format", "csv"))))
    names = ["start", "end", "kwh", "estimated_kwh", "completeness", "start_utc", "end_utc"]
    assert table[0] == names
    assert table[1][5:] == ["2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z"]
    assert table[3][2:5] == ["", "", "0.0"]
    with pytest.raises(NotFound, match="'m2'"):
        run(database_url, "--meter", "m2", *said[2:])
    with pytest.raises(BadInput, match=r"--from '30\.3\.2025' is not a day"):
        run(database_url, "--meter", "m1", "--from", "30.3.2025", "--to", "2025-04-02")
