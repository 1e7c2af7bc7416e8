"""`ohmstead cloud`: the server of a site, a town or a company."""

import asyncio
import ipaddress
import os
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from ohmstead.cli import logs
from ohmstead.cli.memory import settled
from ohmstead.cli.signals import until_told
from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput
from ohmstead.house.cloud import Running, opened
from ohmstead.settings.address import Address
from ohmstead.settings.broker import CREDENTIALS, MOST_REPLICAS, REPLICAS, external
from ohmstead.settings.cloud import DEFAULT_DATA, CloudOptions
from ohmstead.settings.mail import (
    FOLDER,
    MailOptions,
    default_sender,
    origin_of,
    sender_of,
    smtp_of,
)
from ohmstead.settings.push import MOST_WORKERS, push_options


def cloud(  # noqa: PLR0913, PLR0917  (one argument an option)
    data: Annotated[
        Path, typer.Option(help="Folder of everything this cloud keeps.")
    ] = DEFAULT_DATA,
    http: Annotated[
        str, typer.Option(help="Address of the pages without TLS: for this machine alone.")
    ] = "127.0.0.1:8000",
    https: Annotated[str, typer.Option(help="Address of the pages with TLS.")] = "127.0.0.1:8443",
    mqtts: Annotated[
        str, typer.Option(help="Address of the MQTT service (TLS).")
    ] = "127.0.0.1:8883",
    database: Annotated[
        str | None,
        typer.Option(
            envvar="OHMSTEAD_DATABASE",
            help="postgresql://… of your own PostgreSQL (15 or newer); without it one is started.",
        ),
    ] = None,
    sql_listen: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS:PORT",
            help="Let readers (`ohmstead admin reader`) ask our PostgreSQL here, over TLS.",
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name or address that clients use for this machine; may be repeated."),
    ] = None,
    smtp_url: Annotated[
        str | None,
        typer.Option(
            envvar="OHMSTEAD_SMTP_URL",
            help="smtps://user@host:465 or smtp://user@host:587; without it mail goes into files.",
        ),
    ] = None,
    smtp_password_file: Annotated[
        Path | None,
        typer.Option(help="File with the SMTP user's password; or OHMSTEAD_SMTP_PASSWORD."),
    ] = None,
    mail_from: Annotated[
        str | None, typer.Option(envvar="OHMSTEAD_MAIL_FROM", help="Who mail comes from.")
    ] = None,
    mail_folder: Annotated[
        Path | None,
        typer.Option(help="Folder of .eml files where no SMTP server is set; default DATA/mail."),
    ] = None,
    pages_url: Annotated[
        str | None,
        typer.Option(
            envvar="OHMSTEAD_PAGES_URL",
            help="How people reach the pages, for links in mails: https://energy.example.org",
        ),
    ] = None,
    sign_up: Annotated[
        bool,
        typer.Option(
            "--sign-up", help="Let anybody make an account and an organisation of their own."
        ),
    ] = False,
    token_rate: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Requests a minute with one API token.")
    ] = 600,
    broker: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OHMSTEAD_BROKER",
            help="nats://HOST:4222 of your own NATS cluster; may be repeated.",
        ),
    ] = None,
    broker_mqtts: Annotated[
        str | None,
        typer.Option(help="mqtts://HOST:8883 where devices reach it; commas between several."),
    ] = None,
    broker_ca: Annotated[
        Path | None, typer.Option(help="Authority of its certificates, PEM; our own otherwise.")
    ] = None,
    broker_credentials: Annotated[
        Path | None, typer.Option(help=f"Our keys for it; DATA/{CREDENTIALS} otherwise.")
    ] = None,
    broker_replicas: Annotated[
        int,
        typer.Option(min=1, max=MOST_REPLICAS, help="On how many servers each message is kept."),
    ] = REPLICAS,
    no_broker_sync: Annotated[
        bool,
        typer.Option(
            "--no-broker-sync",
            help="Acknowledge before the disk has it: much faster, and a power failure may lose"
            " two minutes.",
        ),
    ] = False,
    archive: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder for old readings; default DATA/archive."),
    ] = None,
    push: Annotated[
        str | None, typer.Option(help="A further address for packets alone (TLS).")
    ] = None,
    push_http: Annotated[
        str | None,
        typer.Option(help="The same without TLS: for this machine and trusted proxies."),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=0, max=MOST_WORKERS, help="Processes that take packets at these addresses."
        ),
    ] = 0,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address or network of a reverse proxy to believe; may be repeated."),
    ] = None,
) -> None:
    """Run the MQTT service, the collector, the store and the dashboard."""
    logs.to_stderr()
    folder = data.expanduser().resolve()
    options = CloudOptions(
        data=folder,
        http=_address(http),
        https=_address(https),
        mqtts=_address(mqtts),
        database=database,
        sql_listen=None if sql_listen is None else _address(sql_listen),
        names=tuple(name or ()),
        trusted_proxies=tuple(map(_network, trusted_proxy or ())),
        push=push_options(push, push_http, workers),
        sync_always=not no_broker_sync,
        archive=archive.expanduser().resolve() if archive else None,
        broker=external(
            broker or (),
            broker_mqtts,
            broker_credentials or data.expanduser().resolve() / CREDENTIALS,
            broker_ca,
            broker_replicas,
        ),
        mail=MailOptions(
            sender_of(mail_from) if mail_from else default_sender(),
            (mail_folder or folder / FOLDER).expanduser().resolve(),
            None if smtp_url is None else smtp_of(smtp_url, _secret(smtp_password_file)),
        ),
        sign_up=sign_up,
        token_rate=token_rate,
        pages_url=None if pages_url is None else origin_of(pages_url),
    )
    uvloop.run(until_told(_run(options)))


def _address(written: str) -> Address:
    try:
        return Address.parse(written)
    except ValueError as error:
        raise BadInput(str(error)) from error


def _secret(file: Path | None) -> str | None:
    """The first line of `file`, else what the environment says."""
    if file is None:
        return os.environ.get("OHMSTEAD_SMTP_PASSWORD")
    try:
        return file.read_text().partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the SMTP password in {file} cannot be read: {error}") from error


def _network(written: str) -> str:
    try:
        return str(ipaddress.ip_network(written))
    except ValueError as error:
        raise BadInput(
            f"{written!r} is not an address or network; write 192.0.2.10 or 192.0.2.0/24"
        ) from error


async def _run(options: CloudOptions) -> None:
    async with opened(options, SystemClock()) as running:
        _say(running)
        settled()
        await asyncio.Event().wait()


def _say(running: Running) -> None:
    typer.echo(f"Pages          {running.http_url}   {running.https_url}")
    typer.echo(f"MQTT service   {running.mqtt_uri}")
    if running.push_urls:
        typer.echo(f"Packets        {'   '.join(running.push_urls)}")
    if running.sql_at:
        typer.echo(f"SQL (readers)  {running.sql_at}")
    typer.echo(f"CA certificate {running.certificate}")
    if running.sign_in_link:
        typer.echo("Nobody has a password yet. Sign in once with this link, good for 24 hours:")
        typer.echo(f"  {running.sign_in_link}")
