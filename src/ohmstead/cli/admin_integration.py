"""`ohmstead admin integration`: Cloud2Cloud integrations and the devices in them."""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ohmstead.cli.admin_words import EPILOG, Mac, Shown, print_all, print_one
from ohmstead.errors import BadInput
from ohmstead.house.admin_integration import IntegrationAdmin, template_in
from ohmstead.store.integration_wish import Wish
from ohmstead.store.integrations import OVERLAP_S
from ohmstead.surfaces.cloud2cloud_template import Given

app = typer.Typer(
    help="Cloud2Cloud integrations: who receives which devices' telemetry by MQTT.",
    no_args_is_help=True,
    epilog=EPILOG,
)


class Absent(StrEnum):
    """What stands for a value that the meter did not report."""

    NULL = "null"
    ZERO = "zero"


IntegrationId = Annotated[str, typer.Argument(metavar="ID")]
Owner = Annotated[str, typer.Option(help="E-mail address of an account that exists.")]
Name = Annotated[
    str | None, typer.Option(help="Its id: 6 to 40 letters a-z. Without it one is made.")
]
Template = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="File of the template: a text with ${1_7_0}, or JSON."
    ),
]
Interval = Annotated[
    float | None,
    typer.Option(help="Least seconds between two messages of a device; 30 unless said.", min=0),
]
AbsentOption = Annotated[
    Absent | None, typer.Option(help="How a value that the meter does not report is sent.")
]
Retain = Annotated[
    bool | None, typer.Option("--retain/--no-retain", help="Keep the last message at the broker.")
]
Note = Annotated[str | None, typer.Option(help="What it is for.")]

Work = Callable[[IntegrationAdmin], Awaitable[Shown]]


def _print(context: typer.Context, work: Work) -> None:
    print_one(context, lambda installation, clock: work(IntegrationAdmin(installation, clock)))


def _print_all(
    context: typer.Context, work: Callable[[IntegrationAdmin], Awaitable[Sequence[Shown]]]
) -> None:
    print_all(context, lambda installation, clock: work(IntegrationAdmin(installation, clock)))


def _template(context: typer.Context, file: Path | None) -> Given:
    """What `file` holds; an error in it ends the command as any other does."""
    try:
        return template_in(file)
    except BadInput as trouble:
        failed = trouble

    async def fail() -> Shown:
        raise failed

    print_one(context, lambda *_: fail())
    return None


def _wish(
    template: Given,
    interval: float | None,
    absent: Absent | None,
    retain: bool | None,
    note: str | None,
) -> Wish:
    return Wish(note, template, False, interval, absent and str(absent), retain)


@app.command("add", epilog=EPILOG)
def add(
    context: typer.Context,
    owner: Owner,
    name: Name = None,
    template: Template = None,
    interval: Interval = None,
    absent: AbsentOption = None,
    retain: Retain = None,
    note: Note = None,
) -> None:
    """Make an integration, approved, and print once what its client needs."""
    wish = _wish(_template(context, template), interval, absent, retain, note)
    _print(context, lambda admin: admin.add(owner, name, wish))


@app.command("request", epilog=EPILOG)
def request(
    context: typer.Context,
    owner: Owner,
    name: Name = None,
    template: Template = None,
    interval: Interval = None,
    note: Note = None,
) -> None:
    """Ask for an integration; `approve` or `refuse` decides."""
    wish = _wish(_template(context, template), interval, None, None, note)
    _print(context, lambda admin: admin.request(owner, name, wish))


@app.command("requests", epilog=EPILOG)
def requests(context: typer.Context) -> None:
    """List the requests that wait for a decision."""
    _print_all(context, lambda admin: admin.all(requests=True))


@app.command("approve", epilog=EPILOG)
def approve(context: typer.Context, id: IntegrationId) -> None:
    """Approve a request and print once what its client needs."""
    _print(context, lambda admin: admin.approve(id))


@app.command("refuse", epilog=EPILOG)
def refuse(
    context: typer.Context,
    id: IntegrationId,
    reason: Annotated[str, typer.Option(help="Why; whoever asked is told it.")],
) -> None:
    """Refuse a request."""
    _print(context, lambda admin: admin.refuse(id, reason))


@app.command("list", epilog=EPILOG)
def list_all(context: typer.Context) -> None:
    """List every integration."""
    _print_all(context, lambda admin: admin.all())


@app.command("show", epilog=EPILOG)
def show(context: typer.Context, id: IntegrationId) -> None:
    """Show one integration, and how passing on goes; its password cannot be shown again."""
    _print(context, lambda admin: admin.show(id))


@app.command("change", epilog=EPILOG)
def change(
    context: typer.Context,
    id: IntegrationId,
    template: Template = None,
    default_template: Annotated[
        bool, typer.Option("--default-template", help="Go back to the default template.")
    ] = False,
    interval: Interval = None,
    absent: AbsentOption = None,
    retain: Retain = None,
    note: Note = None,
) -> None:
    """Change what is named of an integration; the rest stays."""
    given = _template(context, template)
    wish = Wish(note, given, default_template, interval, absent and str(absent), retain)
    _print(context, lambda admin: admin.change(id, wish))


@app.command("attach", epilog=EPILOG)
def attach(
    context: typer.Context,
    id: IntegrationId,
    mac: Mac,
    template: Template = None,
    interval: Interval = None,
) -> None:
    """Add a device to an integration, or change how it is in it."""
    given = _template(context, template)
    _print(context, lambda admin: admin.attach(id, mac, given, interval))


@app.command("detach", epilog=EPILOG)
def detach(context: typer.Context, id: IntegrationId, mac: Mac) -> None:
    """Take a device out of an integration."""
    _print(context, lambda admin: admin.detach(id, mac))


@app.command("devices", epilog=EPILOG)
def devices(context: typer.Context, id: IntegrationId) -> None:
    """List the devices of an integration."""
    _print_all(context, lambda admin: admin.devices(id))


@app.command("pause", epilog=EPILOG)
def pause(context: typer.Context, id: IntegrationId) -> None:
    """Let nobody sign in and pass nothing on, until `resume`."""
    _print(context, lambda admin: admin.pause(id))


@app.command("resume", epilog=EPILOG)
def resume(context: typer.Context, id: IntegrationId) -> None:
    """Go on after a pause."""
    _print(context, lambda admin: admin.resume(id))


@app.command("revoke", epilog=EPILOG)
def revoke(context: typer.Context, id: IntegrationId) -> None:
    """End an integration for good; its record stays."""
    _print(context, lambda admin: admin.revoke(id))


@app.command("delete", epilog=EPILOG)
def delete(context: typer.Context, id: IntegrationId) -> None:
    """Remove an integration and all that belongs to it."""
    _print(context, lambda admin: admin.delete(id))


@app.command("renew-password", epilog=EPILOG)
def renew_password(
    context: typer.Context,
    id: IntegrationId,
    overlap: Annotated[
        float, typer.Option(help="Seconds that the old password works on; 0 ends it at once.")
    ] = OVERLAP_S,
) -> None:
    """Print, once, a new password; for a while both work."""
    _print(context, lambda admin: admin.renew_password(id, overlap))
