"""`ohmstead demo`: a cloud and five simulated meters on this machine, in one command."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from ohmstead.cli import logs
from ohmstead.cli.signals import until_told
from ohmstead.clock import SystemClock
from ohmstead.house.demo import Demo, DemoOptions, Step, demo_data, opened

LOWEST_BASE, HIGHEST_BASE = 1024, 64000


def demo(
    data: Annotated[
        Path, typer.Option(help="Folder of the demo's data; a second start goes on with it.")
    ] = demo_data(),  # noqa: B008  (a constant of this machine)
    port_base: Annotated[
        int,
        typer.Option(
            min=LOWEST_BASE, max=HIGHEST_BASE, help="Where the ports begin; it moves them all."
        ),
    ] = 8000,
    days: Annotated[int, typer.Option(min=1, max=60, help="Days of past a new demo gets.")] = 14,
) -> None:
    """Run a cloud and five simulated meters here; Ctrl-C ends everything it started."""
    logs.to_stderr("error")
    asyncio.run(until_told(_run(DemoOptions(data.expanduser().resolve(), port_base, days))))
    typer.echo("Everything is stopped.")


async def _run(options: DemoOptions) -> None:
    console = Console(soft_wrap=True, highlight=False)
    began_s = time.monotonic()
    with Progress(
        TextColumn("{task.description:28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        bars: dict[Step, TaskID] = {}

        def show(step: Step, done: int, total: int) -> None:
            if step not in bars:
                bars[step] = progress.add_task(str(step), total=total)
            progress.update(bars[step], completed=done, total=total)

        async with opened(options, SystemClock(), show) as running:
            progress.stop()
            _say(console, running, time.monotonic() - began_s)
            try:
                await asyncio.Event().wait()
            finally:
                console.print("\nStopping …")


def _say(console: Console, demo: Demo, took_s: float) -> None:
    console.print(f"\nThe demo runs (after {took_s:.0f} s). Its pages:  {demo.cloud.http_url}")
    console.print(f"Sign in with this link, good once:\n  {demo.sign_in_link}\n")
    for meter, url in demo.gateways:
        console.print(f"  {meter.name_en:28} {meter.model:14} {url}/api/v1/report")
    console.print(f"\nMQTT service  {demo.cloud.mqtt_uri}")
    console.print("Ctrl-C stops everything.")
