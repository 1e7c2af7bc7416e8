"""The commands of integrations, word by word, on a real database."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ohmstead.cli.admin import app

MAC = "A842E39F8124"
Run = Callable[..., Result]
Said = Callable[..., Any]


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    """Runs `ohmstead admin ...` on an installation with one device and one account."""
    environment = {"OHMSTEAD_DATABASE": database_url, "OHMSTEAD_DATA": str(tmp_path / "data")}

    def run(*words: str) -> Result:
        done = CliRunner().invoke(app, words, env=environment)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    for line in (
        "org add Works",
        "site add House --org 1 --timezone Europe/Zurich",
        f"device add {MAC} --site 1",
        "user add ann@example.org --role manager --org 1",
    ):
        assert run(*line.split()).exit_code == 0
    return run


@pytest.fixture
def said(run: Run) -> Said:
    """What a command that must succeed prints, decoded."""

    def said(*words: str) -> Any:
        done = run("integration", *words, "--json")
        assert (done.exit_code, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)

    return said


def test_an_integration_from_the_command_line(said: Said) -> None:
    """`add` prints exactly what its client needs; then devices, pause, passwords, and its end."""
    made = said("add", "--owner", "ann@example.org", "--name", "acmepower", "--interval", "5")
    assert made.keys() == {"id", "uri", "username", "password", "topic", "certificate"}
    assert (made["id"], made["topic"]) == ("acmepower", "ext/acmepower/#")
    attached = said("attach", "acmepower", "a8:42:e3:9f:81:24", "--interval", "60")
    assert (attached["device"], attached["interval_s"]) == (MAC, 60)
    assert said("devices", "acmepower") == [attached]
    assert said("pause", "acmepower")["state"] == "paused"
    assert said("resume", "acmepower")["state"] == "active"
    renewed = said("renew-password", "acmepower", "--overlap", "60")
    assert renewed["password"] != made["password"]
    assert renewed["old_password_until"] is not None
    changed = said("change", "acmepower", "--absent", "zero", "--retain", "--note", "heat pumps")
    assert changed["interval_s"] == 5
    shown = said("show", "acmepower")
    assert (shown["absent"], shown["retain"], shown["note"]) == ("zero", True, "heat pumps")
    assert shown["counts"] == {"published": 0, "skipped": 0, "failed": 0, "dropped": 0}
    assert (shown["devices"], shown["owner"]) == ([MAC], "ann@example.org")
    assert said("detach", "acmepower", "a842e39f8124") == {
        "integration": "acmepower",
        "removed": MAC,
    }
    assert said("revoke", "acmepower")["state"] == "revoked"
    assert said("delete", "acmepower") == {"removed": "acmepower"}
    assert said("list") == []


def test_a_request_is_approved_or_refused(said: Said, run: Run) -> None:
    """Request, then approval with the sheet, or a refusal with its reason."""
    one = said("request", "--owner", "ann@example.org", "--note", "heat pumps")["id"]
    two = said("request", "--owner", "ann@example.org")["id"]
    assert [each["id"] for each in said("requests")] == [one, two]
    assert said("approve", one)["password"]
    assert said("refuse", two, "--reason", "no contract")["state"] == "refused"
    assert said("show", two)["reason"] == "no contract"
    assert said("requests") == []
    again = run("integration", "approve", one)
    assert (again.exit_code, again.stdout) == (1, "")
    assert f"integration {one} is active" in again.stderr


@pytest.mark.parametrize(
    "written, place",
    [
        ('{\n  "p": ${1_7_0},\n}', "line 3, column 1"),
        ('{\n  "p": "${nope}"\n}', "line 2, column 9"),
        ("x ${1_7_0", "line 1, column 3"),
    ],
)
def test_a_template_is_checked_with_its_place(
    run: Run, said: Said, tmp_path: Path, written: str, place: str
) -> None:
    """Validated when saved, with the offending place named; nothing is made then."""
    file = tmp_path / "template"
    file.write_text(written)
    done = run(
        "integration", "add", "--owner", "ann@example.org", "--template", str(file), "--json"
    )
    assert done.exit_code == 1
    trouble = json.loads(done.stderr)
    assert (trouble["status"], place in trouble["error"]) == (400, True)
    assert said("list") == []


def test_a_template_is_taken_from_a_file(said: Said, tmp_path: Path) -> None:
    """A text, or a JSON structure; `change` goes back to the default one."""
    file = tmp_path / "template.json"
    file.write_text('{"power": "${1_7_0}"}\n')
    made = said("add", "--owner", "ann@example.org", "--template", str(file))["id"]
    assert said("show", made)["template"] == {"power": "${1_7_0}"}
    file.write_text("p=${1_7_0}\n")
    said("change", made, "--template", str(file))
    assert said("show", made)["template"] == "p=${1_7_0}"
    said("change", made, "--default-template")
    assert said("show", made)["template"] is None


@pytest.mark.parametrize(
    "words, complaint",
    [
        (("add", "--owner", "eve@example.org"), "there is no user eve@example.org"),
        (("add", "--owner", "ann@example.org", "--name", "Acme"), "6 to 40 lower-case letters"),
        (("add", "--owner", "ann@example.org", "--interval", "1e6"), "one day"),
        (("show", "nobody"), "there is no integration 'nobody'"),
        (("attach", "nobody", MAC), "there is no integration"),
        (("pause", "nobody"), "there is no integration"),
    ],
)
def test_what_cannot_be_is_said(run: Run, words: tuple[str, ...], complaint: str) -> None:
    """An error says what, which value, and what to do; the status is 1."""
    done = run("integration", *words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert complaint in done.stderr


def test_people_read_tables(run: Run) -> None:
    """Without --json: a table, and one line a property."""
    assert run("integration", "add", "--owner", "ann@example.org").exit_code == 0
    assert "ann@example.org" in run("integration", "list").stdout.splitlines()[1]
