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
from ohmstead.errors import BadInput
from ohmstead.gateway.logs_api import Ring
from ohmstead.gateway.release import pinned
from ohmstead.house import gateway as house
from ohmstead.house import launcher
from ohmstead.settings import gateway as settings
from ohmstead.settings.gateway import GatewayOptions, Secret


def _log_to_stderr(ring: Ring) -> None:
    """One line an event, `key=value`, readable by eye and by machine; `ring` keeps the last."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            ring,
            structlog.processors.format_exc_info,  # the places, without the values in them
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


async def _until_told(options: GatewayOptions, log: Ring) -> None:
    """Runs the gateway until Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await house.run(options, clock=SystemClock(), stop=stop, log=log, ready=_ready)


def _ready(_: int | None) -> None:
    """Tells the launcher, if there is one."""
    if launcher.VARIABLE in os.environ:
        os.write(int(os.environ.pop(launcher.VARIABLE)), b"ready\n")


def _run(options: GatewayOptions, log: Ring) -> None:
    """Runs the gateway to its end, which no thread that is stuck in the network may hold up.

    The MQTT client resolves names and connects in a thread, for up to a minute when nobody answers.
    By then everything is written and closed, so the process leaves such a thread behind.
    """
    with closing(uvloop.new_event_loop()) as loop:  # which waits for no thread
        loop.run_until_complete(_until_told(options, log))
        loop.run_until_complete(loop.shutdown_asyncgens())
    if threading.active_count() > 1:
        sys.stderr.flush()
        os._exit(0)


def _keys(
    key: str | None, auth_key: str | None, file: Path | None
) -> tuple[Secret | None, Secret | None]:
    """The meter's keys, from the options, their variables or the file."""
    if file is not None:
        if key or auth_key:
            raise BadInput("the keys are given twice: in --key-file, and by --key or --auth-key")
        return settings.keys_in(file)
    return Secret(key) if key else None, Secret(auth_key) if auth_key else None


def gateway(  # noqa: PLR0913, PLR0917  (one argument an option)
    source: Annotated[
        str,
        typer.Option(
            help="The meter: serial:DEVICE, tcp://HOST:PORT, listen://HOST:PORT, udp://HOST:PORT,"
            " replay:FILE or simulate:MODEL; with ?ask=kmp, mep, mbus or iec it is asked."
        ),
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
    key: Annotated[
        str | None,
        typer.Option(
            envvar="OHMSTEAD_KEY",
            help="The meter's encryption key, hexadecimal. Other users of this machine can read it"
            " in the list of processes: better the variable, or --key-file.",
        ),
    ] = None,
    auth_key: Annotated[
        str | None,
        typer.Option(
            envvar="OHMSTEAD_AUTH_KEY",
            help="Its authentication key, hexadecimal; without it telegrams are opened and not"
            " authenticated.",
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="A file with the encryption key and, below it, the authentication key."),
    ] = None,
    scalers: Annotated[
        str,
        typer.Option(
            help="Scalers for DLMS telegrams that have none: default (by the meter's model) or"
            " lge570."
        ),
    ] = "default",
    scaler: Annotated[
        list[str] | None,
        typer.Option(
            help="One scaler of your own, like 1.7.0=-1; E 255 means every tariff. May be repeated."
        ),
    ] = None,
    conv_factor: Annotated[
        float,
        typer.Option(
            help="Power, energy, current and demand are multiplied by it.", min=0.001, max=10_000
        ),
    ] = 1,
    zone: Annotated[str, typer.Option(help="Local time of the meter.")] = settings.DEFAULT_ZONE,
    uplink_interval: Annotated[
        float,
        typer.Option(
            help="Least seconds between two reports sent up.",
            min=settings.SHORTEST_INTERVAL_S,
            max=settings.LONGEST_INTERVAL_S,
        ),
    ] = settings.DEFAULT_INTERVAL_S,
    licence: Annotated[
        settings.Licence,
        typer.Option(help="free imitates a device without a licence: no reports, no actions."),
    ] = "plus",
    reboot_host: Annotated[
        bool,
        typer.Option(
            "--reboot-host",
            help="Let the API's reboot restart this machine too, not the gateway alone.",
        ),
    ] = False,
    no_updates: Annotated[
        bool,
        typer.Option("--no-updates", help="Run this installation, and take no releases."),
    ] = False,
) -> None:
    """Read one meter, serve it under /api/v1 and send it to a cloud.

    Ends with Ctrl-C; what the cloud has not acknowledged is kept and sent after the next start.
    """
    launched = launcher.VARIABLE in os.environ
    if not launched and not no_updates and pinned():
        launcher.become(data.expanduser(), sys.argv[1:])
    log = Ring()
    _log_to_stderr(log)
    encryption, authentication = _keys(key, auth_key, key_file)
    options = GatewayOptions(
        source=source,
        http=http,
        data=data,
        id=id,
        uplink=settings.uplink(uplink) if uplink else None,
        zone=zone,
        uplink_interval_s=uplink_interval,
        key=encryption,
        authentication_key=authentication,
        meter=settings.meter(scalers, scaler or [], conv_factor),
        licence=licence,
        reboot_host=reboot_host,
        launched=launched,
    )
    _run(options, log)
