"""`ohmstead import`, word by word, on a real database: what is stored, counted, and refused."""

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ohmstead.cli.export import app as export
from ohmstead.cli.import_ import app
from ohmstead.errors import BadInput, NotFound
from ohmstead.store.database import Database
from ohmstead.store.import_checks import spoken
from ohmstead.store.meters import Meters
from ohmstead.store.sites import Organisations, Sites
from ohmstead.store.virtual_meters import VirtualMeters

METERS = {
    "hours": ("electricity", 3600.0, "interval"),
    "again": ("electricity", 3600.0, "interval"),
    "counter": ("electricity", 15.0, "cumulative"),
    "moved": ("electricity", 15.0, "cumulative"),
    "gas": ("gas", 3600.0, "cumulative"),
}


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    status: int
    said: dict[str, Any]


Run = Callable[..., Done]


@pytest.fixture
def run(database_url: str) -> Run:
    """Runs `ohmstead import ... --json` on a database with the meters."""

    async def fill() -> None:
        async with Database(database_url) as database:
            owner = await Organisations(database).add("Works")
            site = await Sites(database).add("Hall", owner.id, "Europe/Zurich")
            for id, how in METERS.items():
                await Meters(database).add(id, site.id, *how)
            await VirtualMeters(database).add("virtual", site.id, "hours * 2")

    asyncio.run(fill())

    def run(*words: str | Path) -> Done:
        line = [*map(str, words), "--database", database_url, "--json"]
        done = CliRunner().invoke(app, line)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, json.loads(done.stdout))

    return run


def hours(url: str, meter: str) -> list[float | None]:
    """The energy of each hour of a day of 25."""
    words = ["energy", "--meter", meter, "--from", "2025-10-26", "--to", "2025-10-27"]
    line = [*words, "--by", "hour", "--format", "json", "--database", url]
    return [row["kwh"] for row in json.loads(CliRunner().invoke(export, line).stdout)]


def a_day(*, fourth: str = "1003") -> str:
    """A day of 25 hours, each named by its start, in Wh with a comma."""
    clocks = [0, 1, 2, 2, *range(3, 24)]
    watts = ["1000,5", "1001", "1002", fourth, *(str(1000 + n) for n in range(4, 25))]
    lines = (f"26.10.2025 {c:02}:00;{w}" for c, w in zip(clocks, watts, strict=True))
    return "\r\n".join(["Zeit;Verbrauch", *lines]) + "\r\n"


TABLE = ("--column", "Verbrauch=1.8.0:Wh", "--time-is-start")


def test_a_table_is_stored_once_and_its_energy_is_right(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    """docs/imports.md: a day of 25 hours; broken off, begun again, nothing twice, virtual ones."""
    file = tmp_path / "day.csv.gz"
    file.write_bytes(gzip.compress(a_day(fourth="?").encode()))
    words = ("csv", file, "--meter", "hours", *TABLE)
    dry = run(*words, "--dry-run")
    assert (dry.status, dry.said["new"], dry.said["stored"]) == (1, 24, 0)
    done = run(*words)
    assert (done.status, done.said["stored"], done.said["refused"]) == (1, 24, 1)
    assert done.said["reasons"] == ["day.csv.gz, line 5: column 'Verbrauch': '?' is not a number"]
    assert done.said["first"] == "2025-10-25T23:00:00Z"
    file.write_bytes(gzip.compress(a_day().encode()))
    again = run(*words)
    assert (again.status, again.said["stored"], again.said["duplicate"]) == (0, 1, 24)
    wanted = [1.0005, *((1000 + n) / 1000 for n in range(1, 25))]
    assert hours(database_url, "hours") == wanted
    assert hours(database_url, "virtual") == [2 * kwh for kwh in wanted]


def test_an_exchange_of_meters_comes_back(run: Run, database_url: str, tmp_path: Path) -> None:
    """docs/imports.md, "Another instance": another meter that stands higher has used nothing."""
    card, file = tmp_path / "20251026.CSV", tmp_path / "readings.csv"
    said = [("A1", 10.0), ("A1", 11.0), ("B2", 5000.0), ("B2", 5002.0)]
    lines = [f"{n},2025-10-26T12:00:{15 * n:02}Z,{who},{kwh}" for n, (who, kwh) in enumerate(said)]
    card.write_text("\r\n".join(["RID,TIME,MID,EAP_T", *lines]) + "\r\n")
    assert run("sd-card", card, "--meter", "counter").said["stored"] == 4
    span = ["--from", "2025-10-26", "--to", "2025-10-27", "--database", database_url]
    words = ["readings", "--meter", "counter", *span, "--output", str(file)]
    assert CliRunner().invoke(export, words).exit_code == 0
    assert run("instance", file, "--map", "counter=moved").said["stored"] == 4
    used = {meter: hours(database_url, meter) for meter in ("counter", "moved")}
    assert used["counter"] == used["moved"]
    assert [kwh for kwh in used["moved"] if kwh is not None] == [3.0]


def test_what_was_exported_comes_back(run: Run, database_url: str, tmp_path: Path) -> None:
    """docs/imports.md, "Another instance", "Green Button": each format gives the same energy."""
    table = tmp_path / "day.csv"
    table.write_text(a_day())
    run("csv", table, "--meter", "hours", *TABLE)
    span = ("--from", "2025-10-26", "--to", "2025-10-28", "--database", database_url)
    for n, form in enumerate(("csv", "ndjson", "parquet")):
        file = tmp_path / f"readings.{form}"
        words = ["readings", "--meter", "hours", *span, "--format", form, "--output", str(file)]
        assert CliRunner().invoke(export, words).exit_code == 0
        done = run("instance", file, "--map", "hours=again")
        assert (done.status, done.said["read"], done.said["stored"]) == (0, 25, 25 * (n == 0))
    assert hours(database_url, "again") == hours(database_url, "hours")
    said = run("instance", file, "--map", "hours=nobody").said
    assert said["refused"] == 25
    assert "'nobody' (that --map names for 'hours') is not registered" in str(said["reasons"])
    feed = tmp_path / "usage.xml"
    words = ["energy", "--meter", "hours", *span, "--by", "hour", "--format", "green-button"]
    CliRunner().invoke(export, [*words, "--output", str(feed)])
    done = run("green-button", feed, "--meter", "hours")
    assert (done.status, done.said["stored"], done.said["duplicate"]) == (0, 0, 25)
    with pytest.raises(BadInput, match="energies of intervals, and meter 'counter' was added"):
        run("green-button", feed, "--meter", "counter")


def test_counters_and_energies_are_not_mixed(run: Run, tmp_path: Path) -> None:
    """docs/imports.md, "Counters or energies": refused whole, before anything is stored."""
    card = tmp_path / "20250701.CSV"
    rows = (f'{n},"2025-07-01T10:{n:02}:00Z",{n / 8}' for n in range(60))
    card.write_text("\n".join(["RID,TIME,EAP_T", *rows]))
    with pytest.raises(BadInput, match="file has counters, and meter 'hours' was added with"):
        run("sd-card", card, "--meter", "hours")
    done = run("sd-card", tmp_path, "--meter", "counter")
    assert (done.status, done.said["stored"], len(done.said["warnings"])) == (0, 60, 0)
    table = tmp_path / "table.txt"
    table.write_text(
        "time,1.8.0\n"
        + "".join(f"2025-06-{1 + n // 24:02} {n % 24:02}:00,{n % 9}\n" for n in range(99))
    )
    with pytest.raises(BadInput, match="fall again and again"):
        run("csv", table, "--meter", "counter")
    table.write_text(
        "time,1.8.0\n"
        + "".join(f"2025-06-{1 + n // 24:02} {n % 24:02}:00,{9000 + n}\n" for n in range(99))
    )
    with pytest.raises(BadInput, match="only grow, as counters do"):
        run("csv", table, "--meter", "hours")
    done = run("csv", table, "--meter", "counter", "--dry-run")
    assert "1h apart, and meter 'counter' is expected each 15s" in done.said["warnings"][0]
    table.write_text("time,1.8.0\n" + "".join(f"2025-06-01 00:{n:02},1\n" for n in range(9)))
    with pytest.raises(BadInput, match=r"1m apart, and meter 'hours' was added with --interval 1h"):
        run("csv", table, "--meter", "hours")


def test_what_an_import_refuses(run: Run, tmp_path: Path) -> None:
    """docs/imports.md: virtual and unknown meters, other kinds of meter, other kinds of file."""
    table = tmp_path / "table.csv"
    table.write_text("time,volume,name\n2025-06-01 00:00,1500,gas\n2025-06-01 01:00,2500,hours\n")
    with pytest.raises(BadInput, match="'virtual' is a formula"):
        run("csv", table, "--meter", "virtual")
    with pytest.raises(NotFound, match="'nobody'"):
        run("csv", table, "--meter", "nobody")
    for words, why in (
        (("csv", table), "--meter ID, or --meter-column"),
        (("csv", table, "--meter", "gas", "--decimal", "x"), "neither . nor ,"),
        (("csv", table, "--meter", "gas", "--delimiter", "::"), "not one character"),
        (("csv", table, "--meter", "gas", "--zone", "Mars"), "'Mars' is not a time zone"),
        (("csv", table, "--meter", "gas", "--encoding", "x"), "no encoding 'x'"),
        (("csv", tmp_path / "none", "--meter", "gas"), "cannot be read: No such file"),
        (("instance", table, "--map", "x"), "looks like THERE=HERE"),
        (("instance", table), "no export of readings"),
        (
            (
                *("instance", "--url", "https://there", "--from", "2025-06-01"),
                *("--to", "2025-06-02", "--meter", "gas", "--map", "a=gas"),
            ),
            "--meter ID or --map",
        ),
        (("sd-card", table, "--meter", "counter"), "no file of a device's SD card"),
        (("green-button", table, "--meter", "hours"), "line 1 is no XML"),
    ):
        with pytest.raises(BadInput, match=why):
            run(*words)
    done = run("csv", table, "--meter", "gas", "--column", "volume=value:l", "--zone", "+01:00")
    assert (done.said["stored"], done.said["first"]) == (2, "2025-05-31T23:00:00Z")
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(gzip.compress(b"time,1.8.0\n" + b"2025-01-01,1\n" * 9000)[:-20])
    with pytest.raises(BadInput, match="damaged"):
        run("csv", damaged, "--meter", "counter")


def test_times_are_said_as_options_have_them() -> None:
    """docs/commands.md, `--interval`: 10s, 5m, 1h."""
    assert [spoken(s) for s in (10.0, 300.0, 3600.0, 86_400.0, 90.0)] == [
        "10s",
        "5m",
        "1h",
        "1d",
        "90s",
    ]
