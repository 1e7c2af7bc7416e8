"""The command `ohmstead`: one line a subcommand, each imported only when it is called.

*To add a subcommand: one line in COMMANDS.*  A gateway must not load the cloud, and `--help` must
not load either, so the table names the code as text and `_loaded` fetches it.
"""

import errno
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, NamedTuple

import typer

from ohmstead import __version__
from ohmstead.errors import OhmsteadError


class Subcommand(NamedTuple):
    """A word after `ohmstead`, where its code is (`module:attribute`), and what it does."""

    name: str
    code: str
    does: str


COMMANDS: tuple[Subcommand, ...] = (
    Subcommand("demo", "ohmstead.cli.demo:demo", "Run a cloud and five simulated meters here."),
    Subcommand("cloud", "ohmstead.cli.cloud:cloud", "Run the server: broker, database, pages."),
    Subcommand("gateway", "ohmstead.cli.gateway:gateway", "Read one meter, serve it, send it on."),
    Subcommand("decode", "ohmstead.cli.decode:decode", "Tell what a meter's bytes say."),
    Subcommand(
        "download-csv", "ohmstead.cli.download_csv:download_csv", "Fetch a device's daily files."
    ),
    Subcommand("provision", "ohmstead.cli.provision:provision", "Make a device send to a cloud."),
    Subcommand("flatten", "ohmstead.cli.flatten:flatten", "Show JSON as path, type and value."),
    Subcommand("simulate", "ohmstead.cli.simulate:simulate", "Be a meter that does not exist."),
    Subcommand("release", "ohmstead.cli.release:app", "Make and look into releases of it."),
    Subcommand("show", "ohmstead.cli.show:app", "Ask what was measured."),
    Subcommand("export", "ohmstead.cli.export:app", "Write out what was measured."),
    Subcommand("import", "ohmstead.cli.import_:app", "Take in what other programs measured."),
    Subcommand("archive", "ohmstead.cli.archive:app", "Put old readings into files, and back."),
    Subcommand("backup", "ohmstead.cli.backup:app", "Put an installation into one file."),
    Subcommand("restore", "ohmstead.cli.backup:restore", "Make an installation of a backup."),
    Subcommand(
        "migrate", "ohmstead.cli.migrate:migrate", "Bring the database's schema up to date."
    ),
    Subcommand("admin", "ohmstead.cli.admin:app", "Add, list, show, remove meters and the rest."),
)

app = typer.Typer(
    name="ohmstead",
    help="An open, self-hosted smart-meter platform.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _loaded(command: Subcommand) -> typer.Typer:
    """The subcommand's own app; a plain function becomes an app of one command."""
    module, _, attribute = command.code.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return found
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(help=found.__doc__)(found)
    return single


def _forwarding(command: Subcommand) -> Callable[[typer.Context], None]:
    """A command that takes whatever follows its name, unread, and hands it on."""

    def forward(context: typer.Context) -> None:
        _loaded(command)(args=context.args, prog_name=f"ohmstead {command.name}")

    return forward


for _command in COMMANDS:
    app.command(
        _command.name,
        help=_command.does,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(_forwarding(_command))


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ohmstead {__version__}")
        raise typer.Exit


@app.callback()
def _whole(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """An open, self-hosted smart-meter platform."""


def reported(trouble: BaseException) -> list[OhmsteadError] | None:
    """Ohmstead's own errors in `trouble`, alone or grouped; None if anything else is in it too."""
    if isinstance(trouble, OhmsteadError):
        return [trouble]
    if not isinstance(trouble, BaseExceptionGroup):
        return None
    found: list[OhmsteadError] = []
    for member in trouble.exceptions:
        own = reported(member)
        if own is None:
            return None
        found += own
    return found


def main() -> None:
    """Run the command line.  Ohmstead's own errors end it with one line each and status 1.

    So does a full disk, under a file or under standard output.
    """
    try:
        try:
            app(prog_name="ohmstead")
        finally:
            if sys.stdout is not None:  # `>&-` in a shell
                sys.stdout.flush()
    except (OhmsteadError, BaseExceptionGroup) as trouble:
        own = reported(trouble)
        if own is None:
            raise
        for line in dict.fromkeys(str(error) for error in own):
            print(f"ohmstead: {line}", file=sys.stderr)
        sys.exit(1)
    except OSError as trouble:
        if trouble.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EPIPE):
            raise
        if trouble.errno != errno.EPIPE:  # who has read enough is no trouble
            where = trouble.filename or "what was asked for"
            print(f"ohmstead: {where} cannot be written: {trouble.strerror}", file=sys.stderr)
        if sys.stdout is not None:  # what still waits goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
