"""`ohmstead export`: what was measured, for other programs."""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.clock import SystemClock
from ohmstead.house import export as house
from ohmstead.house.installation import Place, opened
from ohmstead.settings.cloud import DEFAULT_DATA

app = typer.Typer(
    help="Write out what was measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class By(StrEnum):
    """How long a row is."""

    QUARTER = "15min"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSON = "json"


@app.callback()
def export() -> None:
    """Write out what was measured; works while the cloud runs or not."""


@app.command("energy")
def energy(
    meter: Annotated[str, typer.Option(help="Id of the meter.")],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, at its site.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Day after the last.")],
    by: Annotated[By, typer.Option(help="How long each row is.")] = By.DAY,
    quantity: Annotated[str, typer.Option(help="OBIS code: what is counted.")] = "1.8.0",
    format: Annotated[Format, typer.Option(help="How rows are written.")] = Format.CSV,
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
) -> None:
    """Write a meter's energy by quarter of an hour, hour, day or month of its site."""
    span = house.day("--from", first), house.day("--to", last)
    place = Place(data or (None if database else DEFAULT_DATA), database)
    size = next(each for each in SIZES if each == by.value)

    async def rows() -> list[house.Row]:
        clock = SystemClock()
        async with opened(place, program="admin", clock=clock) as installation:
            return await house.energy(installation, clock, meter, quantity, *span, size)

    found = asyncio.run(rows())
    sys.stdout.writelines(house.FORMATS[format.value](house.ENERGY, found))
