"""The admin command, word by word, on a real database."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from ohmstead.access import passwords, secrets
from ohmstead.cli.admin import app
from ohmstead.errors import BadInput
from ohmstead.house.admin import interval_s


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    """This test's database, and a folder for the authority."""
    return {"OHMSTEAD_DATABASE": database_url, "OHMSTEAD_DATA": str(tmp_path / "data")}


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs `ohmstead admin ...`."""

    def run(*words: str, given: str = "", **more: str) -> Done:
        done = CliRunner().invoke(app, words, input=given, env={**environment, **more})
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Done(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def said(run: Run) -> Callable[..., Any]:
    """What a command that must succeed prints, decoded."""

    def said(*words: str, given: str = "") -> Any:
        done = run(*words, "--json", given=given)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)

    return said


Said = Callable[..., Any]


def test_it_is_a_program(environment: dict[str, str]) -> None:
    """`ohmstead admin`, started as people and scripts start it."""
    done = subprocess.run(
        [sys.executable, "-m", "ohmstead", "admin", "org", "add", "Works", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, **environment},
    )
    assert (json.loads(done.stdout), done.stderr) == ({"id": 1, "name": "Works"}, "")


def test_everything_from_organisation_to_device(said: Said) -> None:
    """Each subcommand with --json, ids in the objects it prints."""
    org = said("org", "add", "Works")
    assert org == {"id": 1, "name": "Works"}
    site = said("site", "add", "Home", "--org", "1", "--timezone", "Europe/Zurich")
    assert site == {"id": 1, "name": "Home", "org": 1, "timezone": "Europe/Zurich"}
    options = ["--site", "1", "--type", "gas", "--interval", "5m", "--reading", "cumulative"]
    meter = said("meter", "add", "G-1", *options, "--name", "Boiler")
    assert meter == {
        "id": "G-1",
        "site": 1,
        "type": "gas",
        "interval_s": 300,
        "reading": "cumulative",
        "name": "Boiler",
        "device": None,
        "formula": None,
        "parent": None,
        "unit": "m3",
        "wh_per_pulse": None,
    }
    assert said("org", "list") == [org]
    assert said("org", "show", "1") == org
    assert said("site", "list") == [site]
    assert said("site", "show", "1") == site
    (listed,) = said("meter", "list")
    assert listed.items() > {"id": "G-1", "late": 0, "duplicate": 0, "warnings": 0}.items()
    counts = {"accepted": 0, "late": 0, "duplicate": 0, "refused": 0}
    more = {"counts": counts, "unknown_fields": [], "warnings": []}
    assert said("meter", "show", "G-1") == {**meter, **more}
    options = ["--interval", "15m", "--unit", "kWh", "--wh-per-pulse", "10"]
    changed = {**meter, "interval_s": 900, "unit": "kWh", "wh_per_pulse": 10}
    assert said("meter", "set", "G-1", *options) == changed
    digits = said("meter", "set", "G-1", "--digits", "6")
    assert digits == {**changed, "counter_digits": 6}
    assert said("meter", "set", "G-1", "--digits", "0") == changed


def test_a_device_gets_all_it_needs_to_send(said: Said, run: Run) -> None:
    """One object that `ohmstead gateway --uplink FILE` takes as it is; the password shown once."""
    said("org", "add", "Works")
    said("site", "add", "Home", "--org", "1", "--timezone", "UTC")
    device = said("device", "add", "a8:48:fa:01:02:03", "--site", "1")
    password, certificate = device.pop("password"), device.pop("certificate")
    claim = device.pop("claim")
    assert re.fullmatch(r"[A-Z2-7]{4}-[A-Z2-7]{4}", claim)
    assert device == {
        "id": "A848FA010203",
        "uri": "mqtts://127.0.0.1:8883",
        "username": "A848FA010203",
        "topic": "up/A848FA010203",
        "meter": "A848FA010203",
        "site": 1,
    }
    assert len(password) == 32
    assert certificate.startswith("-----BEGIN CERTIFICATE-----")
    assert said("device", "list") == [device]
    shown = {**device, "certificate": certificate, "break_outs": {}}
    assert said("device", "show", "A848FA010203") == shown
    [meter] = said("meter", "list")
    assert (meter["id"], meter["type"], meter["interval_s"]) == ("A848FA010203", "electricity", 10)
    again = run("device", "add", "A848FA010203", "--site", "1", "--json")
    assert again.returncode == 1
    assert "exists already" in json.loads(again.stderr)["error"]
    renewed = said("device", "renew", "a848fa010203")
    assert renewed.keys() == {*device, "password", "certificate", "claim"}
    assert password != renewed["password"]
    assert claim != renewed["claim"]
    assert said("device", "remove", "A848FA010203") == {"removed": "A848FA010203"}
    anew = said("device", "add", "A848FA010203", "--site", "1")
    assert anew["password"] != password


def test_a_device_may_read_a_meter_that_is_there(said: Said, run: Run) -> None:
    """--meter names it; it must stand at the device's site."""
    said("org", "add", "Works")
    for name in ("Home", "Barn"):
        said("site", "add", name, "--org", "1", "--timezone", "UTC")
    options = ["--type", "electricity", "--interval", "10s", "--reading", "cumulative"]
    said("meter", "add", "M1", "--site", "2", *options)
    wrong = run("device", "add", "A848FA010203", "--site", "1", "--meter", "M1")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "ohmstead: meter 'M1' stands at site 2, not at site 1\n"
    assert said("device", "add", "A848FA010203", "--site", "2", "--meter", "M1")["meter"] == "M1"
    assert len(said("meter", "list")) == 1


def test_a_user_gets_a_link_or_a_password(said: Said, run: Run, database_url: str) -> None:
    """No default password: a sign-in link that is good once, or a password from standard input."""
    said("org", "add", "Works")
    anna = said("user", "add", "anna@example.org", "--role", "admin")
    assert anna.pop("link").startswith("http://127.0.0.1:8000/sign-in/")
    assert anna == {"id": 1, "email": "anna@example.org", "role": "admin", "org": None}
    options = ["--role", "viewer", "--org", "1", "--password-stdin"]
    ben = said("user", "add", "ben@example.org", *options, given="correct horse\n")
    assert ben == {"id": 2, "email": "ben@example.org", "role": "viewer", "org": 1, "link": None}
    assert said("user", "link", "anna@example.org")["link"] != anna
    assert [user["id"] for user in said("user", "list")] == [1, 2]
    assert said("user", "show", "anna@example.org") == {**anna, "second_step": False}
    short = run("user", "add", "c@example.org", "--role", "viewer", "--password-stdin", given="x\n")
    assert short.returncode == 1
    assert "8 to 1024" in short.stderr
    assert said("user", "remove", "Ben@example.org") == {"removed": "ben@example.org"}


def test_options_may_stand_before_and_after(run: Run, database_url: str) -> None:
    """--data, --database and --json, on either side of the subcommand and in between."""
    without = {"OHMSTEAD_DATABASE": "", "OHMSTEAD_DATA": ""}
    for words in (
        ("--database", database_url, "--json", "org", "list"),
        ("org", "--json", "list", f"--database={database_url}"),
        ("org", "list", "--json", "--database", database_url),
    ):
        done = run(*words, **without)
        assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_people_read_aligned_lines(run: Run) -> None:
    """Without --json: a line a property, a line a thing, nothing cut off."""
    assert run("org", "add", "A very long name " * 8).returncode == 0
    listed = run("org", "list")
    assert listed.stdout.splitlines()[0] == "id  name"
    assert listed.stdout.splitlines()[1] == f"1   {('A very long name ' * 8).strip()}"
    assert run("org", "show", "1").stdout.splitlines()[0] == "id    1"
    empty = run("site", "list")
    assert (empty.returncode, empty.stdout, empty.stderr) == (0, "", "none yet\n")


@pytest.mark.parametrize(
    "words,says",
    [
        (("org", "show", "7"), "organisation 7"),
        (("site", "add", "x", "--org", "7", "--timezone", "UTC"), "organisation 7"),
        (("meter", "show", "m"), "meter 'm'"),
        (("device", "show", "A848FA010203"), "device A848FA010203"),
        (("device", "add", "nonsense", "--site", "1"), "12 hex digits"),
        (("user", "show", "a@b"), "user a@b"),
        (("user", "add", "nobody", "--role", "viewer"), "e-mail address"),
        (("org", "add", ""), "name"),
    ],
)
def test_an_error_says_what_and_what_to_do(run: Run, words: tuple[str, ...], says: str) -> None:
    """On standard error, status 1; with --json as an object."""
    done = run(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    told = json.loads(run("--json", *words).stderr)
    assert says in told["error"]
    assert told["status"] in (400, 404)


def test_what_has_something_in_it_goes_only_with_yes(said: Said, run: Run) -> None:
    """Removing asks nothing, so that it needs --yes where more than one thing goes."""
    said("org", "add", "Works")
    said("site", "add", "Home", "--org", "1", "--timezone", "UTC")
    said("device", "add", "A848FA010203", "--site", "1")
    said("user", "add", "a@b.ch", "--role", "viewer", "--org", "1")
    for words in (
        ("org", "remove", "1"),
        ("site", "remove", "1"),
        ("meter", "remove", "A848FA010203"),
    ):
        done = run(*words)
        assert done.returncode == 1
        assert "--yes" in done.stderr
    assert said("org", "remove", "1", "--yes") == {"removed": 1}
    for subject in ("org", "site", "meter", "device", "user"):
        assert said(subject, "list") == []


def test_a_database_that_does_not_answer_is_said_so(run: Run) -> None:
    """Errors name where, and never the password."""
    done = run("--database", "postgresql://me:secret@127.0.0.1:1/none", "org", "list")
    assert done.returncode == 1
    assert "127.0.0.1:1/none" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize("written", ["", "m", "5x", "-5m", "0s", "1.5h", "5m5s"])
def test_what_is_not_an_interval_is_refused(written: str) -> None:
    """Like 10s, 5m or 1h."""
    with pytest.raises(BadInput, match="10s, 5m or 1h"):
        interval_s(written)


def test_the_password_of_a_user_is_kept_as_a_hash(said: Said, database_url: str) -> None:
    """Nothing that can be read back is in the database."""
    said("org", "add", "Works")
    said("site", "add", "Home", "--org", "1", "--timezone", "UTC")
    password = said("device", "add", "A848FA010203", "--site", "1")["password"]
    said("user", "add", "a@b.ch", "--role", "viewer", "--password-stdin", given="correct horse")
    with psycopg.connect(database_url) as connection:
        [(kept,)] = connection.execute("SELECT password_hash FROM users").fetchall()
        [(digest,)] = connection.execute("SELECT secret FROM devices").fetchall()
    assert passwords.matches(kept, "correct horse")
    assert digest not in (password.encode(), secrets.digest(bytes(32), password))
