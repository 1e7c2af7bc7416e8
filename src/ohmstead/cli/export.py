"""`ohmstead export`: what was measured, for other programs."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.cli import export_costs, progress
from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput
from ohmstead.house import export as house
from ohmstead.house.installation import Installation, Place, opened
from ohmstead.settings.cloud import DEFAULT_DATA
from ohmstead.store.energy_ways import IMPORT
from ohmstead.store.export_meters import countable, saying
from ohmstead.store.exports import (
    EnergyAsked,
    Exports,
    ReadingsAsked,
    sheet_of_readings,
)
from ohmstead.store.meters import Meter
from ohmstead.surfaces import formats
from ohmstead.surfaces.table import Page, Sheet

if TYPE_CHECKING:
    EnergyFormat = str
    ReadingsFormat = str
else:
    EnergyFormat = StrEnum("EnergyFormat", [(each, each) for each in formats.OF_ENERGY])
    ReadingsFormat = StrEnum("ReadingsFormat", [(each, each) for each in formats.OF_READINGS])

app = typer.Typer(
    help="Write out what was measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
CSV_OF_ENERGY = EnergyFormat("csv")
CSV_OF_READINGS = ReadingsFormat("csv")
TERMINATED = 128 + signal.SIGTERM


class By(StrEnum):
    """How long a row is."""

    QUARTER = "15min"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


MeterIds = Annotated[
    list[str] | None, typer.Option("--meter", help="Id of a meter; may be repeated.")
]
SiteId = Annotated[int | None, typer.Option("--site", help="Number of a site: all its meters.")]
All = Annotated[bool, typer.Option("--all", help="All meters.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write; standard output otherwise.")
]
Quiet = Annotated[bool, typer.Option("--no-progress", help="Do not show how far it is.")]
Data = Annotated[
    Path | None,
    typer.Option(
        envvar="OHMSTEAD_DATA",
        file_okay=False,
        help="Folder of the installation.",
        show_default=str(DEFAULT_DATA),
    ),
]
Database = Annotated[
    str | None,
    typer.Option(envvar="OHMSTEAD_DATABASE", help="Its PostgreSQL by URL, without the folder."),
]


@app.callback()
def export() -> None:
    """Write out what was measured; works while the cloud runs or not."""


app.command("costs")(export_costs.costs)


@app.command("energy")
def energy(  # noqa: PLR0913, PLR0917  (one argument an option)
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, at its site.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Day after the last.")],
    meter: MeterIds = None,
    site: SiteId = None,
    everything: All = False,
    by: Annotated[By, typer.Option(help="How long each row is.")] = By.DAY,
    quantity: Annotated[str, typer.Option(help="OBIS code: what is counted.")] = IMPORT,
    format: Annotated[EnergyFormat, typer.Option(help="How rows are written.")] = CSV_OF_ENERGY,
    counters: Annotated[
        bool, typer.Option("--counters", help="Add what the counter said at both ends.")
    ] = False,
    output: Output = None,
    no_progress: Quiet = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Write meters' energy by quarter of an hour, hour, day or month of their site."""
    span = house.day("--from", first), house.day("--to", last)
    chosen = formats.BY_NAME[format]
    if counters and not chosen.tabular:
        raise BadInput(f"{chosen.name} has no place for counters: leave --counters out")
    size = next(each for each in SIZES if each == by.value)

    async def table(home: Installation, now: Any) -> tuple[Sheet, AsyncIterator[Page]]:
        found = await house.chosen(home, meter or [], site, everything)
        if not meter:
            found = _without(*countable(found, quantity))
        asked = EnergyAsked(
            found,
            quantity,
            size,
            *span,
            named=len(found) > 1 or not meter,
            bare=chosen.bare,
            counters=counters,
        )
        return asked.sheet(now), Exports(home.database).energy(asked, now)

    _run(_place(data, database), chosen, output, no_progress, table)


@app.command("readings")
def readings(  # noqa: PLR0913, PLR0917  (one argument an option)
    first: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day at its site, or a moment.")
    ],
    last: Annotated[
        str, typer.Option("--to", metavar="DATE", help="Day after the last, or a moment.")
    ],
    meter: MeterIds = None,
    site: SiteId = None,
    everything: All = False,
    quantity: Annotated[
        list[str] | None,
        typer.Option(help="OBIS code of a column; may be repeated; all that were said otherwise."),
    ] = None,
    format: Annotated[ReadingsFormat, typer.Option(help="How rows are written.")] = CSV_OF_READINGS,
    output: Output = None,
    no_progress: Quiet = False,
    data: Data = None,
    database: Database = None,
) -> None:
    """Write what meters said, reading by reading."""
    span = house.moment("--from", first), house.moment("--to", last)
    chosen = formats.BY_NAME[format]

    async def table(home: Installation, now: Any) -> tuple[Sheet, AsyncIterator[Page]]:
        found = await house.chosen(home, meter or [], site, everything)
        if not meter:
            found = _without(*saying(found))
        formats.fits(chosen, len(found))
        asked = ReadingsAsked(found, *span, tuple(quantity or ()))
        exports = Exports(home.database)
        columns = await exports.columns(asked)
        return sheet_of_readings(asked, columns, now), exports.readings(asked, columns)

    _run(_place(data, database), chosen, output, no_progress, table)


Table: TypeAlias = Callable[
    [Installation, Any], Coroutine[Any, Any, tuple[Sheet, AsyncIterator[Page]]]
]


def _place(data: Path | None, database: str | None) -> Place:
    return Place(data or (None if database else DEFAULT_DATA), database, existing=True)


def _without(can: list[Meter], cannot: list[str]) -> list[Meter]:
    """Those of a site that can be asked; the others are named, BadInput where there is no other."""
    if not can and cannot:
        raise BadInput("; ".join(cannot))
    for why in cannot:
        typer.echo(f"ohmstead: left out: {why}", err=True)
    return can


def _run(
    place: Place, format: formats.Format, output: Path | None, no_progress: bool, table: Table
) -> None:
    """Write the table that `table` finds; what is told to stop leaves no half file."""

    async def work() -> int:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  (asyncio.run made one)
        with suppress(ValueError, RuntimeError):  # not in the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        clock = SystemClock()
        with house.opened(output, format) as file:
            async with opened(place, program="admin", clock=clock) as home:
                sheet, pages = await table(home, clock.now())
                with progress.shown("rows", no_progress) as told:
                    return await house.write(pages, format.write(sheet), file, told)

    try:
        rows = asyncio.run(work())
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    except BrokenPipeError:  # who read it has enough
        raise typer.Exit(1) from None
    if output is not None:
        typer.echo(f"{rows} rows in {output}", err=True)
