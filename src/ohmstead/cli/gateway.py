"""`ohmstead gateway`: reads one meter, serves it on the local network, sends it to the cloud."""

import asyncio
import os
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from ohmstead.clock import SystemClock
from ohmstead.house import gateway as house
from ohmstead.settings import gateway as settings
from ohmstead.settings.gateway import GatewayOptions


def _log_to_stderr() -> None:
    """One line an event, `key=value`, readable by eye and by machine."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


async def _until_told(options: GatewayOptions) -> None:
    """Runs the gateway until Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await house.run(options, clock=SystemClock(), stop=stop)


def _run(options: GatewayOptions) -> None:
    """Runs the gateway to its end, which no thread that is stuck in the network may hold up.

    The MQTT client resolves names and connects in a thread, for up to a minute when nobody answers.
    By then everything is written and closed, so the process leaves such a thread behind.
    """
    with closing(uvloop.new_event_loop()) as loop:  # which waits for no thread
        loop.run_until_complete(_until_told(options))
        loop.run_until_complete(loop.shutdown_asyncgens())
    if threading.active_count() > 1:
        sys.stderr.flush()
        os._exit(0)


def gateway(
    source: Annotated[
        str,
        typer.Option(help="The meter: tcp://HOST:PORT, replay:FILE or simulate:MODEL."),
    ],
    http: Annotated[
        str, typer.Option(help="Where the local API listens, HOST:PORT.")
    ] = settings.DEFAULT_HTTP,
    data: Annotated[
        Path, typer.Option(help="The folder for its id and for reports that wait.")
    ] = settings.DEFAULT_DATA,
    id: Annotated[
        str | None,
        typer.Option(help="Its id, 12 hexadecimal digits. [default: one made once and kept]"),
    ] = None,
    uplink: Annotated[
        Path | None,
        typer.Option(help="The cloud to send to: what `ohmstead admin device add --json` prints."),
    ] = None,
    zone: Annotated[str, typer.Option(help="Local time of the meter.")] = settings.DEFAULT_ZONE,
    uplink_interval: Annotated[
        float,
        typer.Option(
            help="Least seconds between two reports sent up.",
            min=settings.SHORTEST_INTERVAL_S,
            max=settings.LONGEST_INTERVAL_S,
        ),
    ] = settings.DEFAULT_INTERVAL_S,
) -> None:
    """Read one meter, serve it under /api/v1 and send it to a cloud.

    Ends with Ctrl-C; what the cloud has not acknowledged is kept and sent after the next start.
    """
    _log_to_stderr()
    options = GatewayOptions(
        source=source,
        http=http,
        data=data,
        id=id,
        uplink=settings.uplink(uplink) if uplink else None,
        zone=zone,
        uplink_interval_s=uplink_interval,
    )
    _run(options)
