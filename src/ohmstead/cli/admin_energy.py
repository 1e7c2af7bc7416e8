"""`ohmstead admin energy`: buckets of energy made anew from the readings."""

import sys
from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, print_all
from ohmstead.house.archive import Shown
from ohmstead.house.export import day
from ohmstead.house.installation import Installation
from ohmstead.house.recompute import recompute as made_anew

app = typer.Typer(
    help="Energy that is kept by quarter of an hour, hour, day and month.",
    no_args_is_help=True,
    epilog=EPILOG,
)


@app.callback()
def energy() -> None:
    """Energy that is kept by quarter of an hour, hour, day and month."""


@app.command("recompute", epilog=EPILOG)
def recompute(
    context: typer.Context,
    meter: Annotated[
        list[str] | None, typer.Option("--meter", metavar="ID", help="A meter; may be repeated.")
    ] = None,
    site: Annotated[int | None, typer.Option(help="Every meter of this site.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every meter.")] = False,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day, of the site.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="The day after the last.")
    ] = None,
) -> None:
    """Make kept energy anew from the readings; says how it goes, and prints what was made."""
    days = (
        None if first is None else day("--from", first),
        None if last is None else day("--to", last),
    )
    trouble: list[str] = []

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    async def made(home: Installation, _: object) -> list[Shown]:
        rows = await made_anew(home, meter or [], site, everything, days, say)
        trouble.extend(str(row["trouble"]) for row in rows if row["trouble"])
        return rows

    print_all(context, made)
    if trouble:
        raise typer.Exit(1)
