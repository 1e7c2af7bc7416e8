"""`ohmstead export costs`: what energy cost, by intervals or as bills."""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.clock import SystemClock
from ohmstead.house import costs as house
from ohmstead.house.export import day
from ohmstead.house.installation import Place, opened
from ohmstead.settings.cloud import DEFAULT_DATA
from ohmstead.store.costs import Costs
from ohmstead.store.meters import Meters


class By(StrEnum):
    """How long a row is."""

    QUARTER = "15min"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    BILL = "bill"


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSON = "json"


def costs(
    meter: Annotated[str, typer.Option(help="Id of the meter.")],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, at its site.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Day after the last.")],
    by: Annotated[By, typer.Option(help="How long each row is; bill: bills with lines.")] = By.DAY,
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
    """Write what a meter's energy cost, by its tariffs: by interval, or bill by bill."""
    span = day("--from", first), day("--to", last)
    place = Place(data or (None if database else DEFAULT_DATA), database, existing=True)
    size = next((each for each in SIZES if each == by.value), None)

    async def rows() -> list[house.Row]:
        clock = SystemClock()
        async with opened(place, program="admin", clock=clock) as installation:
            found = await Meters(installation.database).get(meter)
            asked, zone = Costs(installation.database), found.site.zone
            if size is None:
                return house.of_bills(await asked.bills(found, *span, clock.now()), zone)
            return house.of_costs(await asked.by(found, size, *span, clock.now()), zone)

    made = asyncio.run(rows())
    table = house.lines_of(made) if size is None and format is Format.CSV else made
    columns = house.LINES if size is None else house.COSTS
    sys.stdout.writelines(house.FORMATS[format.value](columns, table))
