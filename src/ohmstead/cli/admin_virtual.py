"""`ohmstead admin meter formula`, `set-parent`, `tree`: meters made of meters, and below them."""

import json
from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, done, print_one
from ohmstead.errors import BadInput
from ohmstead.house.admin_virtual import VirtualAdmin, drawn

Id = Annotated[str, typer.Argument(metavar="ID")]


def add_to(meter: typer.Typer) -> None:
    """Give the group `ohmstead admin meter` these commands."""
    meter.command("formula", epilog=EPILOG)(formula)
    meter.command("set-parent", epilog=EPILOG)(set_parent)
    meter.command("tree", epilog=EPILOG)(tree)


def add(
    context: typer.Context, id: str, site: int, formula: str, type: str | None, name: str | None
) -> None:
    """Add a meter that is a formula over others."""
    print_one(
        context,
        lambda installation, clock: VirtualAdmin(installation, clock).add(
            id, site, formula, type, name
        ),
    )


def formula(
    context: typer.Context,
    id: Id,
    formula: Annotated[
        str | None, typer.Argument(metavar="FORMULA", help="Like \"a + b - 0.5 * 'hall-2'\".")
    ] = None,
) -> None:
    """Show a virtual meter's formula, or give it another one; its past follows."""
    print_one(
        context, lambda installation, clock: VirtualAdmin(installation, clock).change(id, formula)
    )


def set_parent(
    context: typer.Context,
    id: Id,
    parent: Annotated[
        str | None, typer.Argument(metavar="PARENT", help="The meter that measures it, too.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Below no other meter.")] = False,
) -> None:
    """Put a meter below another one, whose energy is part of that one's, or below none."""
    if (parent is None) != none:
        raise BadInput("say below which meter, or --none")
    print_one(
        context,
        lambda installation, clock: VirtualAdmin(installation, clock).set_parent(id, parent),
    )


def tree(
    context: typer.Context,
    id: Annotated[str | None, typer.Argument(metavar="ID", help="Begin with this one.")] = None,
    site: Annotated[int | None, typer.Option(help="Only of this site.")] = None,
) -> None:
    """Show which meters are below which."""
    found = done(
        context, lambda installation, clock: VirtualAdmin(installation, clock).tree(id, site)
    )
    if context.obj[1]:
        print(json.dumps(found, ensure_ascii=False))
        return
    for line in drawn(found):
        print(line)
