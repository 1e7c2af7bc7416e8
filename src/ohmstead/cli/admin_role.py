"""`ohmstead admin meter role`: what a meter is at its site."""

from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, print_one
from ohmstead.errors import BadInput
from ohmstead.house.admin_role import set_role


def add_to(meter: typer.Typer) -> None:
    """Give the group `ohmstead admin meter` this command."""
    meter.command("role", epilog=EPILOG)(role)


def role(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],
    role: Annotated[
        str | None, typer.Argument(metavar="ROLE", help="grid, production or consumption.")
    ] = None,
    no_role: Annotated[bool, typer.Option("--no-role", help="It has none.")] = False,
) -> None:
    """Say what a meter is at its site: the grid's, of production, of consumption."""
    if (role is None) != no_role:
        raise BadInput("say which role, grid, production or consumption, or --no-role")
    print_one(context, lambda installation, clock: set_role(installation, clock, id, role))
