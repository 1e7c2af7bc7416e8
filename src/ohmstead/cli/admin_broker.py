"""`ohmstead admin broker`: what an external broker must be told."""

from pathlib import Path
from typing import Annotated

import typer

from ohmstead.errors import BadInput
from ohmstead.house.broker import configuration
from ohmstead.settings.broker import CREDENTIALS

app = typer.Typer(help="A NATS cluster of your own as the broker.", no_args_is_help=True)


@app.callback()
def broker() -> None:
    """A NATS cluster of your own as the broker (docs/broker.md)."""


@app.command("configuration")
def print_configuration(
    context: typer.Context,
    credentials: Annotated[
        Path | None,
        typer.Option(help=f"File for our private keys; DATA/{CREDENTIALS} otherwise."),
    ] = None,
) -> None:
    """Print what each server of the cluster includes; makes our keys at the first call."""
    folder = context.obj[0].data
    if folder is None and credentials is None:
        raise BadInput("say where the keys are kept: --data DIR, or --credentials FILE")
    print(configuration(folder or Path(), credentials), end="")
