"""`ohmstead admin meter set`: what a meter was registered as, changed."""

from enum import StrEnum
from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, print_all, print_one
from ohmstead.house.admin import interval_s
from ohmstead.house.admin_senders import SenderAdmin


class Reading(StrEnum):
    """What a reading's energy is."""

    CUMULATIVE = "cumulative"
    INTERVAL = "interval"


Unit = Annotated[str | None, typer.Option(help="Unit of `value`: kWh, Wh, MWh, m3, l, GJ.")]
Pulse = Annotated[
    float | None, typer.Option(help="Energy of a pulse, for a meter that counts pulses.")
]
Digits = Annotated[
    int | None, typer.Option(help="Digits of its counters before the point, 3 to 12; 0: not known.")
]


def add_to(meter: typer.Typer) -> None:
    """Give the group `ohmstead admin meter` this command."""
    meter.command("set", epilog=EPILOG)(change)


def add(
    context: typer.Context,
    meter: tuple[str, int, str, float, str],
    name: str | None,
    unit: str | None,
    wh_per_pulse: float | None,
    digits: int | None = None,
) -> None:
    """Add a meter that is measured: id, site, type, interval in seconds and way of reading."""
    print_one(
        context,
        lambda installation, clock: SenderAdmin(installation, clock).add(
            *meter, name=name, unit=unit, wh_per_pulse=wh_per_pulse, counter_digits=digits
        ),
    )


def show(context: typer.Context, id: str) -> None:
    """Show one meter."""
    print_one(context, lambda installation, clock: SenderAdmin(installation, clock).show(id))


def show_all(context: typer.Context) -> None:
    """Show every meter."""
    print_all(context, lambda installation, clock: SenderAdmin(installation, clock).all())


def change(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID")],
    interval: Annotated[
        str | None, typer.Option(help="How often it says something: 10s, 5m, 1h.")
    ] = None,
    reading: Annotated[
        Reading | None, typer.Option(help="A counter, or the energy of each interval.")
    ] = None,
    unit: Unit = None,
    wh_per_pulse: Pulse = None,
    digits: Digits = None,
    name: Annotated[str | None, typer.Option(help="A name to be shown with.")] = None,
) -> None:
    """Change what is named of a meter; the rest stays, and its energy is made anew."""
    every_s = None if interval is None else interval_s(interval)
    print_one(
        context,
        lambda installation, clock: SenderAdmin(installation, clock).change(
            id,
            interval_s=every_s,
            reading=None if reading is None else str(reading),
            unit=unit,
            wh_per_pulse=wh_per_pulse,
            name=name,
            counter_digits=digits,
        ),
    )
