"""The commands of tariffs and costs, word by word, on a real database."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ohmstead.cli import admin, export
from ohmstead.clock import SystemClock
from ohmstead.errors import NotFound
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.meters import Meters
from ohmstead.store.sites import Organisations, Sites

FIRST = datetime(2025, 3, 29, 23, tzinfo=UTC)
"""Midnight in Zurich, before a day of 23 hours."""
TOML = """
name = "Home"
currency = "CHF"
vat = 8.1

[[versions]]
from = 2025-01-01
charges = [
  { kind = "dynamic", name = "Spot", plus = 0.1 },
  { kind = "fixed", name = "Fee", amount = 31 },
]
"""
Run = Callable[..., Result]


async def fill(url: str) -> None:
    """A meter that uses 1 kWh an hour for a day."""
    async with Database(url) as database:
        owner = await Organisations(database).add("Works")
        site = await Sites(database).add("Hall", owner.id, "Europe/Zurich")
        meter = await Meters(database).add("m1", site.id, "electricity", 3600.0)
        now = datetime.now(UTC)
        rows = [
            Row(meter.stream, FIRST + timedelta(hours=n), now, {"1.8.0": 100.0 + n})
            for n in range(24)
        ]
        await Committer(database, SystemClock()).commit(rows)


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    """Runs `ohmstead admin tariff ...`, or `ohmstead export costs ...`."""
    environment = {"OHMSTEAD_DATABASE": database_url, "OHMSTEAD_DATA": str(tmp_path / "data")}
    asyncio.run(fill(database_url))

    def run(*words: str, given: str | None = None) -> Result:
        app, rest = (export.app, words) if words[0] == "costs" else (admin.app, ("tariff", *words))
        done = CliRunner().invoke(app, rest, env=environment, input=given)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


def test_a_tariff_from_file_to_bill(run: Run, tmp_path: Path) -> None:
    """docs/commands.md: add, import prices, assign, export costs and bills, unassign."""
    file = tmp_path / "home.toml"
    file.write_text(TOML)

    def said(*words: str, given: str | None = None) -> Any:
        done = run(*words, "--json", given=given)
        assert (done.exit_code, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)

    made = said("add", str(file), "--org", "1")
    assert made == {
        "id": 1,
        "name": "Home",
        "org": 1,
        "currency": "CHF",
        "from": "2025-01-01",
        "to": None,
        "versions": 1,
        "meters": 0,
    }
    hours = [FIRST + timedelta(hours=n) for n in range(23)]
    prices = "".join(f"{each.isoformat()},0.3\n" for n, each in enumerate(hours) if n != 4)
    kept = said("prices", "import", "home", "-", given=prices)
    assert kept == {"tariff": 1, "series": "spot", "prices": 22, "quarters": 88, "changed": 88}
    assert said("prices", "list", "1")[0]["quarters"] == 88
    given = said("assign", "m1", "Home", "--from", "2025-03-30", "--to", "2025-04-30")
    assert (given["from"], given["to"], given["name"]) == ("2025-03-30", "2025-04-30", "Home")
    assert said("contracts", "m1") == said("contracts") == [given]
    shown = said("show", "1")
    assert shown["document"]["versions"][0]["charges"][0]["plus"] == "0.1"
    asked = ("costs", "--meter", "m1", "--from", "2025-03-30", "--to", "2025-03-31")
    rows = json.loads(run(*asked, "--by", "hour", "--format", "json").stdout, parse_float=Decimal)
    assert len(rows) == 23
    # 1 kWh x (0.3 + 0.1); a twenty-third of a thirty-first of 31; tax on both
    assert (rows[0]["energy_cost"], rows[0]["kwh"]) == (Decimal("0.4"), 1)
    assert (rows[0]["start"], rows[1]["end"]) == (
        "2025-03-30T00:00:00+01:00",
        "2025-03-30T03:00:00+02:00",
    )
    assert rows[0]["net"] == pytest.approx(Decimal("0.4") + Decimal(1) / 23)
    assert (rows[4]["net"], rows[4]["gross"], rows[4]["kwh"]) == (None, None, 1)
    assert rows[4]["missing"] == [
        {
            "start": "2025-03-30T05:00:00+02:00",
            "end": "2025-03-30T06:00:00+02:00",
            "why": "no price",
        }
    ]
    (bill,) = json.loads(run(*asked, "--by", "bill", "--format", "json").stdout)
    # of March: 22 x 0.4 = 8.80, two days of the fee 2.00; tax 0.87 (0.8748)
    assert [(each["name"], each["amount"]) for each in bill["lines"]] == [
        ("Spot", 8.8),
        ("Fee", 2.0),
    ]
    assert (bill["lines"][0]["unpriced"], bill["complete"]) == (1, False)
    assert (bill["vat"], bill["gross"]) == (0.87, 11.67)
    table = list(csv.DictReader(io.StringIO(run(*asked, "--by", "bill").stdout)))
    assert [each["line"] for each in table] == ["Spot", "Fee", "VAT", "Total"]
    assert sum(Decimal(each["amount"]) for each in table[:-1]) == Decimal(table[-1]["amount"])
    days = list(csv.DictReader(io.StringIO(run(*asked).stdout)))
    assert days[0]["missing"].endswith("06:00:00+02:00: no price")
    assert said("unassign", "m1", "--to", "2025-04-02")["to"] == "2025-04-02"
    assert said("change", "1", str(file))["meters"] == 1
    assert "has been used" in run("remove", "1").stderr
    with pytest.raises(NotFound, match="has no tariff from 2024"):
        run("costs", "--meter", "m1", "--from", "2024-03-30", "--to", "2024-03-31")


def test_what_cannot_be_is_said(run: Run, tmp_path: Path) -> None:
    """An error says what, which value, and what to do; the status is 1."""
    bad = tmp_path / "bad"
    for text, complaint in (
        ("name = ", "is neither JSON nor TOML"),
        ('{"name": "x"', "is neither JSON nor TOML"),
        ('{"name": "x", "currency": "CHF"}', "missing required field `versions`"),
        (TOML.replace("CHF", "chf"), "'chf' is not a currency"),
        (TOML.replace("plus", "minus"), r"unknown field `minus`"),
    ):
        bad.write_text(text)
        done = run("add", str(bad))
        assert (done.exit_code, complaint in done.stderr) == (1, True), done.stderr
    bad.write_bytes(b"\xff\xfe")
    for words, complaint in (
        (("add", str(bad)), "is not UTF-8 (byte 0)"),
        (("add", str(tmp_path / "none")), "cannot be read: No such file"),
        (("add", "-", "--org", "9"), "there is no organisation 9"),
        (("show", "Nothing"), "there is no tariff 'Nothing'"),
        (("assign", "m1", "1", "--from", "2025-01-01"), "there is no tariff 1"),
        (("assign", "m9", "1", "--from", "2025-01-01"), "there is no meter 'm9'"),
        (("assign", "m1", "1", "--from", "1.1.2025"), "--from '1.1.2025' is not a day"),
        (("unassign", "m1"), "has no tariff on the day before"),
        (("unassign", "m1", "--contract", "7"), "has no contract 7"),
        (("prices", "import", "7", "-"), "there is no tariff 7"),
    ):
        done = run(*words, given=TOML)
        assert (done.exit_code, complaint in done.stderr) == (1, True), done.stderr
