"""`ohmstead backup`, `ohmstead restore`: an installation in one file, and out of it again."""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput
from ohmstead.house import backups as house
from ohmstead.house.installation import Place
from ohmstead.settings.cloud import DEFAULT_DATA


class _MakesByDefault(TyperGroup):
    """`ohmstead backup FILE` is `ohmstead backup make FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["make", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_MakesByDefault,
    help="Put an installation into one file. `ohmstead backup FILE` is short for `… make FILE`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]
Data = Annotated[
    Path | None,
    typer.Option(
        envvar="OHMSTEAD_DATA",
        file_okay=False,
        help="Folder of the installation.",
        show_default=str(DEFAULT_DATA),
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(envvar="OHMSTEAD_DATABASE", help="Its PostgreSQL by URL, without the folder."),
]
Passphrase = Annotated[
    Path | None,
    typer.Option(
        help="File whose first line seals the backup; or OHMSTEAD_BACKUP_PASSPHRASE.",
        dir_okay=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Folder = Annotated[
    Path | None,
    typer.Option("--archive", file_okay=False, help="Where the archive is, if not where it was."),
]


@app.callback()
def backup() -> None:
    """Put an installation into one file, while the cloud runs or not."""


@app.command("make")
def make(
    to: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", help="A new file, or a folder of them.")
    ],
    data: Data = None,
    database: DatabaseUrl = None,
    archive: Folder = None,
    without_archive: Annotated[
        bool,
        typer.Option("--without-archive", help="Only name the archive's files, do not take them."),
    ] = False,
    keep: Annotated[
        int | None, typer.Option(help="How many backups stay in DIR; the oldest go.")
    ] = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """Write a backup and read it back.  It holds every secret of the installation: keep it safe."""
    folder = data or (None if database else DEFAULT_DATA)
    asked = house.Asked(
        Place(folder, database),
        archive=archive.expanduser().resolve() if archive else None,
        with_archive=not without_archive,
        keep=keep,
        passphrase=_passphrase(passphrase_file),
    )
    _print(house.backup(asked, to.expanduser().resolve(), SystemClock(), _say), as_json)


@app.command("verify")
def verify(file: File, passphrase_file: Passphrase = None, as_json: AsJson = False) -> None:
    """Read a whole backup and compare each part with its checksum; status 1 if it is not whole."""
    _print(house.verify(file, _passphrase(passphrase_file)), as_json)


def restore(
    file: File,
    data: Annotated[
        Path | None, typer.Option(file_okay=False, help="New folder for the installation.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://… of an empty database, if not in the folder.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Put aside what is in the folder, empty the database."),
    ] = False,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """Make an installation of a backup: verified first, compared afterwards, up to date then."""
    _print(
        house.restore(
            file,
            house.at(data, database),
            _passphrase(passphrase_file),
            force=force,
            clock=SystemClock(),
            say=_say,
        ),
        as_json,
    )


def _passphrase(file: Path | None) -> str | None:
    """The first line of `file`, else what the environment says."""
    if file is None:
        return os.environ.get("OHMSTEAD_BACKUP_PASSPHRASE") or None
    try:
        line = file.read_text().partition("\n")[0]
    except (OSError, UnicodeDecodeError) as trouble:
        raise BadInput(f"the passphrase in {file} cannot be read: {trouble}") from trouble
    if not line:
        raise BadInput(f"the first line of {file} is empty: a passphrase is wanted there")
    return line


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _print(work: Coroutine[Any, Any, house.Shown], as_json: bool) -> None:
    shown = asyncio.run(work)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if as_json:
        print(json.dumps(shown, ensure_ascii=False))
        return
    width = max(map(len, shown))
    for name, value in shown.items():
        text = ", ".join(value) if isinstance(value, list) else value
        print(f"{name.replace('_', ' '):{width}}  {'-' if text in (None, '') else text}")
