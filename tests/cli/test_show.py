"""`ohmstead show`: what a stranger types, and what comes out."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from ohmstead.cli.admin import app as admin
from ohmstead.cli.show import app
from ohmstead.clock import SystemClock
from ohmstead.errors import NotFound
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.sites import Organisations, Sites

FIRST = datetime(2025, 10, 25, 22, tzinfo=UTC)
"""Midnight in Zurich, before a day of 25 hours."""
SPAN = ("--from", "2025-10-26", "--to", "2025-10-27")
QUESTIONS = {
    "latest": "meter",
    "readings --meter m1 --from 2025-10-26 --to 2025-10-27": "25 readings",
    "series --meter m1 --from 2025-10-26 --to 2025-10-27 --quantities 1.8.0": "m1 by hour",
    "energy --meter m1": "2025-10-26 00:00+02:00   25",
    "balance --meter m1": "1.8.0 kWh",
    "breakdown --site 1": "2025-10-26 00:00+02:00       25    –",
    "holes --meter m1 --from 2025-10-26 --to 2025-10-27": "0 holes, 0 s",
    "holes --from 2025-10-27 --to 2025-10-28": "Meters with holes: 2; holes: 2",
    "compare --meter m1": "Compared: 0 of 1",
    "peaks --meter m1": "2025-10-26 00:00+02:00  2025-10-26 01:00+02:00   1",
    "duration --meter m1 --by hour --at-least 0.5": "0.5 kW or more: 25 h",
    "heat-map --meter m1": "02:00 again",
}


async def fill(url: str) -> None:
    """A meter that uses a kilowatt-hour each hour, and one of production that makes two."""
    async with Database(url) as database:
        owner = await Organisations(database).add("Works")
        site = await Sites(database).add("Hall", owner.id, "Europe/Zurich")
        meters = Meters(database)
        grid = await meters.add("m1", site.id, "electricity", 3600.0)
        sun = await meters.add("sun", site.id, "electricity", 3600.0)

        def row(meter: Meter, n: int, quantity: str, kwh: float) -> Row:
            at = FIRST + timedelta(hours=n)
            return Row(meter.stream, at, datetime.now(UTC), {quantity: kwh})

        rows = [row(grid, n, "1.8.0", float(n)) for n in range(26)]
        rows += [row(sun, n, "2.8.0", 2.0 * n) for n in range(26)]
        await Committer(database, SystemClock()).commit(rows)


def test_every_question(database_url: str) -> None:
    """docs/commands.md, show: each prints a table, and with --json what the API answers."""
    asyncio.run(fill(database_url))

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--database", database_url])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    for question, wanted in QUESTIONS.items():
        words = question.split()
        span = SPAN if words[0] != "latest" and "--from" not in words else ()
        assert wanted in run(*words, *span), question
    found = json.loads(run("--json", "breakdown", "--site", "1", "--by", "whole", *SPAN))
    assert [(part["meter"], part["total"]) for part in found["parts"]] == [
        ("m1", 25),
        ("sun", None),
    ]
    with pytest.raises(NotFound, match="'m2'"):
        run("energy", "--meter", "m2")
    for id, role in (("m1", "grid"), ("sun", "production")):
        said = ["meter", "role", id, role, "--json", "--database", database_url]
        assert json.loads(CliRunner().invoke(admin, said).stdout)["role"] == role
    assert "100.0 %" in run("self-consumption", "--site", "1", *SPAN)
