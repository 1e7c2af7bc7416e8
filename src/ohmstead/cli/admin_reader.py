"""`ohmstead admin reader`: logins for programs that ask the database (docs/sql-views.md)."""

from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, print_all, print_one
from ohmstead.house.admin_reader import ReaderAdmin

app = typer.Typer(
    help="Logins for Tableau, Power BI, Grafana: they read the views of SQL.",
    no_args_is_help=True,
    epilog=EPILOG,
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")]


@app.command("add", epilog=EPILOG)
def add(
    context: typer.Context,
    name: Name,
    organisation: Annotated[
        int | None,
        typer.Option(
            "--organisation", "--org", help="Number of the organisation; without it, all of them."
        ),
    ] = None,
) -> None:
    """Add a reader and print, once, its password and the URL it connects with."""
    print_one(context, lambda home, clock: ReaderAdmin(home, clock).add(name, organisation))


@app.command("list", epilog=EPILOG)
def list_readers(context: typer.Context) -> None:
    """List every reader."""
    print_all(context, lambda home, clock: ReaderAdmin(home, clock).list())


@app.command("renew", epilog=EPILOG)
def renew(context: typer.Context, name: Name) -> None:
    """Give a reader a new password, or its login back after a restore."""
    print_one(context, lambda home, clock: ReaderAdmin(home, clock).renew(name))


@app.command("remove", epilog=EPILOG)
def remove(context: typer.Context, name: Name) -> None:
    """Remove a reader; its connections end."""
    print_one(context, lambda home, clock: ReaderAdmin(home, clock).remove(name))
