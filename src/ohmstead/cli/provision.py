"""`ohmstead provision`: make a whatwatt Go send to this cloud, and see that it does."""

import asyncio
import sys
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.clock import SystemClock
from ohmstead.connect.device import Device
from ohmstead.connect.whatwatt import WhatwattGo
from ohmstead.errors import BadInput, NotSignedIn
from ohmstead.house.backup import Backup
from ohmstead.house.installation import Place, opened
from ohmstead.house.provision import Provisioning, Wish, restored
from ohmstead.settings.cloud import DEFAULT_DATA

LONGEST_PASSWORD_FILE = 1024


def provision(  # noqa: PLR0913, PLR0917  (one argument an option)
    device: Annotated[
        str, typer.Argument(help="HOST, HOST:PORT or URL.", metavar="DEVICE-ADDRESS")
    ],
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
    site: Annotated[
        int | None, typer.Option(help="Number of the site; not needed where there is one.")
    ] = None,
    meter: Annotated[
        str | None, typer.Option(help="Meter it reads; without it one is made, named by its MAC.")
    ] = None,
    password: Annotated[
        str,
        typer.Option(
            envvar="OHMSTEAD_DEVICE_PASSWORD",
            help="Password of the device; others on this machine can read an argument.",
        ),
    ] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="A file with the device's password on its first line.")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(help="mqtts://HOST:PORT as the device reaches the cloud, if it is another."),
    ] = None,
    interval: Annotated[
        int | None, typer.Option(min=1, max=3600, help="Seconds between two readings.")
    ] = None,
    skip_name_check: Annotated[
        bool,
        typer.Option(
            "--skip-name-check", help="Let the device ignore the name in the certificate."
        ),
    ] = False,
    wait: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds to wait for the first reading; 0: do not wait."),
    ] = None,
    backup: Annotated[
        Path | None, typer.Option(help="File for what is replaced; one is named otherwise.")
    ] = None,
    restore: Annotated[
        Path | None, typer.Option(help="Put back what this backup holds, and nothing else.")
    ] = None,
    broker_password_file: Annotated[
        Path | None,
        typer.Option(help="With --restore: a file with the password of the broker it had."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")] = False,
) -> None:
    """Make a whatwatt Go (or an Ohmstead gateway) publish to this cloud over TLS.

    Shows what it changes, keeps what it replaces in a file, and waits for the first reading.
    """
    if password_file is not None:
        password = _first_line(password_file)
    go = _signed_in(device, password)
    if restore is not None:
        kept = Backup.read(restore)
        secret = _first_line(broker_password_file) if broker_password_file else None
        if not _ask(yes)(f"Put the settings of {kept.taken_at} back into {go.name}?"):
            raise typer.Exit(1)
        asyncio.run(restored(go, kept, secret, say=_say))
        return
    wish = Wish(
        site=site,
        meter=meter,
        uri=uri,
        interval_s=interval,
        skip_name_check=skip_name_check,
        wait_s=wait,
        dry_run=dry_run,
        backup=backup,
    )
    folder = data or (None if database else DEFAULT_DATA)
    place = Place(folder and folder.expanduser().resolve(), database)
    asyncio.run(_provisioned(place, go, wish, _ask(yes)))


async def _provisioned(
    place: Place, go: WhatwattGo, wish: Wish, ask: Callable[[str], bool]
) -> None:
    clock = SystemClock()
    async with opened(place, program="admin", clock=clock) as home:
        await Provisioning(home, go, clock, say=_say, ask=ask).done(wish)


def _signed_in(address: str, password: str) -> WhatwattGo:
    """The device; at a terminal its password is asked for when it wants one."""
    go = WhatwattGo(Device(address, password))
    try:
        go.system()
    except NotSignedIn as error:
        if password:
            raise
        if not sys.stdin.isatty():
            raise NotSignedIn(
                f"{go.name} asks for its password: --password-file FILE, or the variable "
                "OHMSTEAD_DEVICE_PASSWORD"
            ) from error
        go = WhatwattGo(Device(address, getpass(f"Password of {go.name}: ")))
        go.system()
    return go


def _first_line(file: Path) -> str:
    try:
        with file.open() as stream:
            return stream.readline(LONGEST_PASSWORD_FILE).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the password file {file} cannot be read: {error}") from error


def _ask(yes: bool) -> Callable[[str], bool]:
    def ask(question: str) -> bool:
        if yes:
            return True
        if not sys.stdin.isatty():
            raise BadInput("nothing was changed: nobody is here to answer; add --yes or --dry-run")
        return typer.confirm(question)

    return ask


def _say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()
