"""`ohmstead admin org retention`: how long an organisation's readings stay in the database."""

from typing import Annotated

import typer

from ohmstead.cli.admin_words import print_one
from ohmstead.errors import BadInput
from ohmstead.house import archive as house


def retention(
    context: typer.Context,
    id: Annotated[int, typer.Argument(metavar="ID", help="Number of the organisation.")],
    raw_months: Annotated[
        int | None,
        typer.Option(help="Whole months of readings that stay, beside the present one."),
    ] = None,
    for_ever: Annotated[bool, typer.Option("--for-ever", help="All readings stay.")] = False,
) -> None:
    """Say, or set, for how many months an organisation's readings stay as they came."""
    if for_ever and raw_months is not None:
        raise BadInput("--raw-months and --for-ever say different things: give one of them")
    change = for_ever or raw_months is not None
    print_one(context, lambda home, clock: house.retention(home, clock, id, change, raw_months))
