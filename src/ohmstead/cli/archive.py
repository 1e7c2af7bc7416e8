"""`ohmstead archive`: old months in files, and back in the database."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, Anywhere, print_all, print_one
from ohmstead.clock import Clock
from ohmstead.house import archive as house
from ohmstead.house.installation import Installation, Place, on_the_machine
from ohmstead.settings.cloud import DEFAULT_DATA
from ohmstead.store.audit import By

app = typer.Typer(
    cls=Anywhere,
    help="Old months of readings, in files.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)

Of = Annotated[
    int | None, typer.Option("--organisation", help="Only of the organisation of this number.")
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--archive", file_okay=False, help="Where the files are, if not where the cloud said."
    ),
]


@app.callback()
def archive(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            envvar="OHMSTEAD_DATA",
            file_okay=False,
            help="Folder of the installation.",
            show_default=str(DEFAULT_DATA),
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(envvar="OHMSTEAD_DATABASE", help="Its PostgreSQL by URL, without the folder."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Put old readings into files, get them back; works while the cloud runs or not."""
    folder = data or (None if database else DEFAULT_DATA)
    context.obj = (Place(folder, database, existing=True), as_json)


def _resolved(folder: Path | None) -> Path | None:
    return folder.expanduser().resolve() if folder else None


def _by(clock: Clock) -> By:
    return By(on_the_machine(), clock.now())


@app.command("list", epilog=EPILOG)
def list_files(context: typer.Context, of: Of = None) -> None:
    """List what is in the archive."""
    print_all(context, lambda home, _: house.listed(home, of))


@app.command("run", epilog=EPILOG)
def run(
    context: typer.Context,
    of: Of = None,
    restored_too: Annotated[
        bool, typer.Option("--restored-too", help="Also what was restored and would stay longer.")
    ] = False,
    folder: Folder = None,
) -> None:
    """Archive now what the coming night would; prints the files it wrote."""

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    print_all(
        context,
        lambda home, clock: house.run(
            home, clock, _resolved(folder), of, restored_too, say, by=_by(clock)
        ),
    )


@app.command("restore", epilog=EPILOG)
def restore(
    context: typer.Context,
    of: Annotated[int, typer.Option("--organisation", help="Number of the organisation.")],
    month: Annotated[str, typer.Option(help="Which month: 2025-03.")],
    days: Annotated[int, typer.Option(help="How long it stays at least.")] = house.KEPT_DAYS,
    folder: Folder = None,
) -> None:
    """Bring a month's readings back into the database."""
    print_one(
        context,
        lambda home, clock: house.restore(
            home, clock, _resolved(folder), of, month, days, by=_by(clock)
        ),
    )


@app.command("columnar", epilog=EPILOG)
def columnar(
    context: typer.Context,
    before: Annotated[str, typer.Option(help="The months before this one: 2025-01.")],
) -> None:
    """Make old months columnar in the database, where PostgreSQL can; they take nothing late."""
    print_all(context, lambda home, clock: house.columnar(home, clock, before))


@app.command("verify", epilog=EPILOG)
def verify(context: typer.Context, of: Of = None, folder: Folder = None) -> None:
    """Read every file and compare it with what was written; status 1 when one is wrong."""
    wrong: list[bool] = []

    async def verified(home: Installation, _: object) -> list[house.Shown]:
        found = await house.verified(home, _resolved(folder), of)
        wrong.extend(not each["ok"] for each in found)
        return found

    print_all(context, verified)
    if any(wrong):
        raise typer.Exit(1)
