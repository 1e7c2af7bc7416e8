"""The command `ohmstead` itself: what it loads, and how it ends when something is wrong."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from ohmstead import cli
from ohmstead.errors import BadInput, NotFound


def ending_with(trouble: BaseException) -> typer.Typer:
    """An app whose one command raises `trouble`."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def fail() -> None:
        raise trouble

    return app


def ended(monkeypatch: pytest.MonkeyPatch, trouble: BaseException) -> object:
    """The exit code of `ohmstead demo` when the demo raises `trouble`."""
    monkeypatch.setattr(cli, "_loaded", lambda _command: ending_with(trouble))
    monkeypatch.setattr(sys, "argv", ["ohmstead", "demo"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code


def test_an_own_error_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Style 7: an error says what happened; a person at a terminal needs no traceback."""
    assert ended(monkeypatch, BadInput("port 8883 is in use")) == 1
    assert capsys.readouterr().err == "ohmstead: port 8883 is in use\n"


def test_own_errors_of_several_tasks_are_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A TaskGroup wraps what its tasks raise; a person should see the errors, not the wrapping."""
    group = ExceptionGroup("tasks", [BadInput("a"), ExceptionGroup("more", [NotFound("b")])])
    assert ended(monkeypatch, group) == 1
    assert capsys.readouterr().err == "ohmstead: a\nohmstead: b\n"


def test_an_unexpected_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Style 7: unexpected trouble is an error, and hiding where it came from helps nobody."""
    monkeypatch.setattr(cli, "_loaded", lambda _command: ending_with(ZeroDivisionError()))
    monkeypatch.setattr(sys, "argv", ["ohmstead", "demo"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_what_follows_a_subcommand_reaches_it_unread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The outer command must not take `--help` or options that belong to the subcommand."""
    app = typer.Typer()

    @app.command()
    def echo(source: str) -> None:
        """Say where from."""
        print(source)

    monkeypatch.setattr(cli, "_loaded", lambda _command: app)
    for arguments, said in (("x:1",), "x:1"), (("--help",), "Say where from."):
        monkeypatch.setattr(sys, "argv", ["ohmstead", "gateway", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0
        assert said in capsys.readouterr().out


def test_a_full_disk_is_said_in_one_line() -> None:
    """full(4), and write(2), ENOSPC: no traceback, and not the status of success."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", "from ohmstead.cli import main; main()", "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == (
        b"ohmstead: what was asked for cannot be written: No space left on device\n"
    )


def test_help_loads_no_room() -> None:
    """`ohmstead --help` answers at once: the table of subcommands is text (decision 19)."""
    code = (
        "import sys; from ohmstead.cli import main\n"
        "try: main()\n"
        "finally: print([m for m in sys.modules if m.startswith('ohmstead.') "
        "and m not in ('ohmstead.cli', 'ohmstead.errors')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert said.rstrip().endswith("[]")
    for command in cli.COMMANDS:
        assert command.name in said


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_subcommand_exists(command: cli.Subcommand) -> None:
    """The table names code as text, which no type checker follows."""
    module, _, attribute = command.code.partition(":")
    assert callable(getattr(import_module(module), attribute))
