"""`ohmstead show`: questions about what was measured, as tables or as JSON."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from ohmstead.analytics.comparison import With
from ohmstead.analytics.spans import Span
from ohmstead.cli import show_tables
from ohmstead.cli.admin_words import Anywhere
from ohmstead.clock import SystemClock
from ohmstead.house.installation import Place, opened
from ohmstead.house.show import Fine, Show, When
from ohmstead.settings.cloud import DEFAULT_DATA
from ohmstead.store.peaks import Clock
from ohmstead.store.series import Resolution

EPILOG = "Also, before or after the question: --data DIR, --database URL, --json."
app = typer.Typer(
    cls=Anywhere,
    help="Ask what was measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
)
Window = Literal["15", "30", "60"]
MeterId = Annotated[str, typer.Option("--meter", metavar="ID", help="Id of the meter.")]
SiteId = Annotated[int, typer.Option("--site", metavar="ID", help="Number of the site.")]
First = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="First day, at the site; 14 days with today else."),
]
Last = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Day after the last.")]
Begin = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="Begin: a day or a time, at the site; today else."),
]
End = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="End, which is not part of it.")
]
By = Annotated[Span, typer.Option(help="How long each row is.")]
Quantity = Annotated[str | None, typer.Option(help="OBIS code: what is counted; 16.8.0 is net.")]
Quantities = Annotated[str | None, typer.Option(help="OBIS codes with commas between them.")]


@app.callback()
def show(
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
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as the API answers.")
    ] = False,
) -> None:
    """Ask what was measured; works while the cloud runs or not."""
    context.obj = (
        Place(data or (None if database else DEFAULT_DATA), database, existing=True),
        as_json,
    )


def answered(context: typer.Context, ask: Callable[[Show], Awaitable[Any]]) -> None:
    """Print what is answered."""
    place, as_json = context.obj

    async def on_installation() -> Any:
        clock = SystemClock()
        async with opened(place, program="admin", clock=clock) as installation:
            return await ask(Show(installation, clock))

    found = asyncio.run(on_installation())
    if as_json:
        text = msgspec.json.format(msgspec.json.encode(found), indent=2)
        sys.stdout.write(f"{text.decode()}\n")
    else:
        show_tables.print_answer(found)


def several(written: str | None) -> list[str]:
    """What stands between commas."""
    return [each.strip() for each in (written or "").split(",") if each.strip()]


@app.command("latest", epilog=EPILOG)
def latest(
    context: typer.Context,
    meter: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Id of a meter, more than once; all else."),
    ] = None,
    quantities: Quantities = None,
) -> None:
    """The newest reading of each meter."""
    answered(context, lambda show: show.latest(meter or [], several(quantities)))


@app.command("readings", epilog=EPILOG)
def readings(
    context: typer.Context,
    meter: MeterId,
    first: Begin = None,
    last: End = None,
    quantities: Quantities = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 1000,
) -> None:
    """Readings as they came, the oldest first."""
    when = When(first, last)
    answered(context, lambda show: show.readings(meter, when, several(quantities), limit))


@app.command("series", epilog=EPILOG)
def series(
    context: typer.Context,
    meter: MeterId,
    first: Begin = None,
    last: End = None,
    quantities: Quantities = None,
    pixels: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows at most.")] = 100,
    resolution: Annotated[Resolution, typer.Option(help="How long each row is.")] = "auto",
) -> None:
    """Quantities over time, at a resolution that fits."""
    when, named = When(first, last), several(quantities)
    answered(context, lambda show: show.series(meter, when, named, pixels, resolution))


@app.command("energy", epilog=EPILOG)
def energy(
    context: typer.Context,
    meter: MeterId,
    first: First = None,
    last: Last = None,
    by: By = "day",
    quantity: Quantity = None,
) -> None:
    """Energy by bucket."""
    answered(context, lambda show: show.energy(meter, When(first, last), by, quantity))


@app.command("balance", epilog=EPILOG)
def balance(
    context: typer.Context, meter: MeterId, first: First = None, last: Last = None, by: By = "day"
) -> None:
    """Import, export, net, reactive by quadrant, tariffs, phases and their sums."""
    answered(context, lambda show: show.balance(meter, When(first, last), by))


@app.command("breakdown", epilog=EPILOG)
def breakdown(
    context: typer.Context,
    site: SiteId,
    first: First = None,
    last: Last = None,
    by: By = "day",
    type: Annotated[str, typer.Option(help="Which kind of meters.")] = "electricity",
    quantity: Quantity = None,
) -> None:
    """Where a site's energy goes: each of its meters, and what none of them tracks."""
    when = When(first, last)
    answered(context, lambda show: show.breakdown(site, when, by, type, quantity))


@app.command("holes", epilog=EPILOG)
def holes(
    context: typer.Context,
    meter: Annotated[
        str | None, typer.Option("--meter", metavar="ID", help="Id of the meter; all else.")
    ] = None,
    first: Begin = None,
    last: End = None,
) -> None:
    """When nothing was read; of all meters, whose readings are missing."""
    when = When(first, last)
    answered(context, lambda show: show.holes(meter, when) if meter else show.all_holes(when))


@app.command("compare", epilog=EPILOG)
def compare(
    context: typer.Context,
    meter: MeterId,
    first: First = None,
    last: Last = None,
    by: By = "day",
    quantity: Quantity = None,
    with_: Annotated[
        With, typer.Option("--with", help="The period before, or the same a year ago.")
    ] = "previous",
    weekdays: Annotated[
        bool, typer.Option("--weekdays", help="Move by whole weeks: Mondays beside Mondays.")
    ] = False,
) -> None:
    """A period beside the same period before."""
    when = When(first, last)
    answered(context, lambda show: show.compare(meter, when, by, quantity, with_, weekdays))


@app.command("peaks", epilog=EPILOG)
def peaks(
    context: typer.Context,
    meter: MeterId,
    first: First = None,
    last: Last = None,
    window: Annotated[
        Window | None, typer.Option(help="Minutes of which it is the mean power.")
    ] = None,
    kind: Annotated[
        Clock, typer.Option(help="On the tariff clock, or of any such time.")
    ] = "clock",
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 10,
) -> None:
    """The highest demands, and when they were."""
    when, minutes = When(first, last), None if window is None else int(window)
    answered(context, lambda show: show.peaks(meter, when, minutes, kind, count))


@app.command("duration", epilog=EPILOG)
def duration(
    context: typer.Context,
    meter: MeterId,
    first: First = None,
    last: Last = None,
    by: Annotated[Fine, typer.Option(help="Of which the mean power is taken.")] = "15min",
    quantity: Quantity = None,
    at_least: Annotated[
        list[float] | None,
        typer.Option(help="A power: for how many hours it was reached. More than once."),
    ] = None,
    points: Annotated[int, typer.Option(min=2, max=50_000, help="Points of the curve.")] = 25,
) -> None:
    """For how many hours the power was how high; percentiles and base load."""
    when = When(first, last)
    answered(
        context,
        lambda show: show.duration(meter, when, by, quantity, at_least or [], points),
    )


@app.command("heat-map", epilog=EPILOG)
def heat_map(
    context: typer.Context,
    meter: MeterId,
    first: First = None,
    last: Last = None,
    by: Annotated[Fine, typer.Option(help="How long each column is.")] = "hour",
    quantity: Quantity = None,
) -> None:
    """Energy by day and time of day."""
    when = When(first, last)
    answered(context, lambda show: show.heat_map(meter, when, by, quantity))


@app.command("self-consumption", epilog=EPILOG)
def self_consumption(
    context: typer.Context, site: SiteId, first: First = None, last: Last = None, by: By = "day"
) -> None:
    """What a site uses of its own production, and how much of its need that covers."""
    answered(context, lambda show: show.self_consumption(site, When(first, last), by))
