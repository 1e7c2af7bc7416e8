"""`ohmstead admin tariff`: what energy costs, who has which tariff, and prices by the hour."""

import json
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, Shown, print_all, print_one
from ohmstead.house.admin_tariff import TariffAdmin
from ohmstead.house.export import day

app = typer.Typer(
    help="Tariffs: what energy costs, and who has which.", no_args_is_help=True, epilog=EPILOG
)
_prices = typer.Typer(
    help="Prices that change by the hour or quarter.", no_args_is_help=True, epilog=EPILOG
)
app.add_typer(_prices, name="prices")


class Every(StrEnum):
    """How long each price holds."""

    QUARTER = "15min"
    HALF = "30min"
    HOUR = "hour"


Which = Annotated[str, typer.Argument(metavar="TARIFF", help="Its number or name.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="JSON or TOML; - is standard input.")]
MeterId = Annotated[str, typer.Argument(metavar="METER")]


def _print(context: typer.Context, work: Callable[[TariffAdmin], Awaitable[Shown]]) -> None:
    print_one(context, lambda installation, clock: work(TariffAdmin(installation, clock)))


def _print_all(
    context: typer.Context, work: Callable[[TariffAdmin], Awaitable[Sequence[Shown]]]
) -> None:
    print_all(context, lambda installation, clock: work(TariffAdmin(installation, clock)))


@app.command("add", epilog=EPILOG)
def add(
    context: typer.Context,
    file: File,
    org: Annotated[
        int | None, typer.Option(help="Number of the organisation; without it, everybody's.")
    ] = None,
) -> None:
    """Add a tariff from a file."""
    _print(context, lambda admin: admin.add(file, org))


@app.command("change", epilog=EPILOG)
def change(context: typer.Context, tariff: Which, file: File) -> None:
    """Give a tariff another document: new versions, or corrections."""
    _print(context, lambda admin: admin.change(tariff, file))


@app.command("list", epilog=EPILOG)
def list_all(context: typer.Context) -> None:
    """List every tariff."""
    _print_all(context, lambda admin: admin.all())


@app.command("show", epilog=EPILOG)
def show(context: typer.Context, tariff: Which) -> None:
    """Show one tariff: its document, its prices, who has it."""
    if context.obj[1]:
        _print(context, lambda admin: admin.show(tariff))
    else:
        _print(context, lambda admin: _readable(admin, tariff))


async def _readable(admin: TariffAdmin, tariff: str) -> Shown:
    """One tariff, its lists as text."""
    shown = await admin.show(tariff)
    document = json.dumps(shown["document"], indent=2, ensure_ascii=False)
    lists = {
        name: "\n".join(", ".join(f"{k} {v}" for k, v in row.items()) for row in shown[name])
        or None
        for name in ("prices", "contracts")
    }
    return {**shown, "document": document, **lists}


@app.command("remove", epilog=EPILOG)
def remove(context: typer.Context, tariff: Which) -> None:
    """Remove a tariff that no meter ever had."""
    _print(context, lambda admin: admin.remove(tariff))


@app.command("assign", epilog=EPILOG)
def assign(
    context: typer.Context,
    meter: MeterId,
    tariff: Which,
    first: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day, at the meter's site.")
    ],
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="Day after the last; without it, no end."),
    ] = None,
) -> None:
    """Give a meter a tariff from a day on."""

    async def work(admin: TariffAdmin) -> Shown:
        end = None if last is None else day("--to", last)
        return await admin.assign(meter, tariff, day("--from", first), end)

    _print(context, work)


@app.command("unassign", epilog=EPILOG)
def unassign(
    context: typer.Context,
    meter: MeterId,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="Day after the last; tomorrow unless said."),
    ] = None,
    contract: Annotated[
        int | None, typer.Option(help="Number of one that has not begun, to take it away.")
    ] = None,
) -> None:
    """End the tariff of a meter; what it cost until then stays."""

    async def work(admin: TariffAdmin) -> Shown:
        return await admin.unassign(meter, None if last is None else day("--to", last), contract)

    _print(context, work)


@app.command("contracts", epilog=EPILOG)
def contracts(
    context: typer.Context,
    meter: Annotated[str | None, typer.Argument(metavar="METER")] = None,
) -> None:
    """List which meter had which tariff when: all, or one meter's."""
    _print_all(context, lambda admin: admin.contracts(meter))


@_prices.command("import", epilog=EPILOG)
def import_prices(
    context: typer.Context,
    tariff: Which,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV: start, price; - is standard input.")
    ],
    series: Annotated[str, typer.Option(help="The list of prices that a charge names.")] = "spot",
    timezone: Annotated[
        str | None, typer.Option(help="Of times without an offset, like Europe/Zurich.")
    ] = None,
    every: Annotated[
        Every | None,
        typer.Option(help="How long a price without an end holds; told from the list otherwise."),
    ] = None,
) -> None:
    """Keep the prices of a CSV file; those that are there already are replaced."""
    step = None if every is None else every.value
    _print(context, lambda admin: admin.import_prices(tariff, file, series, timezone, step))


@_prices.command("list", epilog=EPILOG)
def list_prices(context: typer.Context, tariff: Which) -> None:
    """List what prices a tariff has."""
    _print_all(context, lambda admin: admin.prices(tariff))
