"""`ohmstead admin`: organisations, sites, meters, devices, users; for a terminal or a script."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ohmstead.access.roles import Role
from ohmstead.cli import (
    admin_broker,
    admin_credential,
    admin_energy,
    admin_integration,
    admin_meter,
    admin_reader,
    admin_retention,
    admin_role,
    admin_tariff,
    admin_token,
    admin_virtual,
)
from ohmstead.cli.admin_words import EPILOG, Anywhere, Email, Mac, print_all, print_one
from ohmstead.errors import BadInput
from ohmstead.house.admin import Admin, Shown, interval_s
from ohmstead.house.installation import Place
from ohmstead.reading.catalogue import MEDIA
from ohmstead.settings.cloud import DEFAULT_DATA

if TYPE_CHECKING:
    MeterType = str
else:
    MeterType = StrEnum("MeterType", [medium.kind for medium in MEDIA])


class ReadingWay(StrEnum):
    """What a reading's energy is."""

    CUMULATIVE = "cumulative"
    INTERVAL = "interval"


app = typer.Typer(cls=Anywhere, no_args_is_help=True, add_completion=False, epilog=EPILOG)
_subjects = {
    name: typer.Typer(help=what, no_args_is_help=True, epilog=EPILOG)
    for name, what in (
        ("org", "Organisations: whose meters they are."),
        ("site", "Sites: where meters stand, and their time zone."),
        ("meter", "Meters: what is measured, and how often."),
        ("device", "Devices that read meters and send what they say."),
        ("user", "People who look at the pages."),
    )
}
for _name, _subject in _subjects.items():
    app.add_typer(_subject, name=_name)
app.add_typer(admin_integration.app, name="integration")
app.add_typer(_subjects["org"], name="organisation", hidden=True)  # its whole name is as good
app.add_typer(admin_broker.app, name="broker")
app.add_typer(admin_reader.app, name="reader")
app.add_typer(admin_credential.app, name="credential")
app.add_typer(admin_credential.partner, name="partner")
app.add_typer(admin_token.app, name="token")
app.add_typer(admin_energy.app, name="energy")
app.add_typer(admin_tariff.app, name="tariff")
_org, _site, _meter, _device, _user = _subjects.values()
admin_virtual.add_to(_meter)
admin_meter.add_to(_meter)
admin_role.add_to(_meter)

Yes = Annotated[bool, typer.Option("--yes", help="Remove also what belongs to it, and readings.")]
SiteId = Annotated[int, typer.Option("--site", help="Number of the site.")]
OrgId = Annotated[int, typer.Option("--org", help="Number of the organisation.")]
Number = Annotated[int, typer.Argument(metavar="ID")]
Id = Annotated[str, typer.Argument(metavar="ID")]


@app.callback()
def admin(
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Add, list, show and remove what an installation knows; works while it runs or not."""
    folder = data or (None if database else DEFAULT_DATA)
    context.obj = (Place(folder, database), as_json)


def _print(context: typer.Context, work: Callable[[Admin], Awaitable[Shown]]) -> None:
    """Print the one object that `work` gives."""
    print_one(context, lambda installation, clock: work(Admin(installation, clock)))


def _print_all(context: typer.Context, work: Callable[[Admin], Awaitable[Sequence[Shown]]]) -> None:
    """Print the objects that `work` gives, one a line."""
    print_all(context, lambda installation, clock: work(Admin(installation, clock)))


@_org.command("add", epilog=EPILOG)
def add_organisation(context: typer.Context, name: Annotated[str, typer.Argument()]) -> None:
    """Add an organisation."""
    _print(context, lambda admin: admin.add_organisation(name))


_org.command("retention", epilog=EPILOG)(admin_retention.retention)


@_org.command("list", epilog=EPILOG)
def list_organisations(context: typer.Context) -> None:
    """List every organisation."""
    _print_all(context, lambda admin: admin.list_organisations())


@_org.command("show", epilog=EPILOG)
def show_organisation(context: typer.Context, id: Number) -> None:
    """Show one organisation."""
    _print(context, lambda admin: admin.show_organisation(id))


@_org.command("remove", epilog=EPILOG)
def remove_organisation(context: typer.Context, id: Number, yes: Yes = False) -> None:
    """Remove an organisation."""
    _print(context, lambda admin: admin.remove_organisation(id, yes))


@_site.command("add", epilog=EPILOG)
def add_site(
    context: typer.Context,
    name: Annotated[str, typer.Argument()],
    org: OrgId,
    timezone: Annotated[str, typer.Option(help="IANA name, like Europe/Zurich.")],
) -> None:
    """Add a site to an organisation."""
    _print(context, lambda admin: admin.add_site(name, org, timezone))


@_site.command("list", epilog=EPILOG)
def list_sites(context: typer.Context) -> None:
    """List every site."""
    _print_all(context, lambda admin: admin.list_sites())


@_site.command("show", epilog=EPILOG)
def show_site(context: typer.Context, id: Number) -> None:
    """Show one site."""
    _print(context, lambda admin: admin.show_site(id))


@_site.command("remove", epilog=EPILOG)
def remove_site(context: typer.Context, id: Number, yes: Yes = False) -> None:
    """Remove a site."""
    _print(context, lambda admin: admin.remove_site(id, yes))


@_meter.command("add", epilog=EPILOG)
def add_meter(  # noqa: PLR0913, PLR0917  (one argument an option)
    context: typer.Context,
    id: Id,
    site: SiteId,
    type: Annotated[MeterType | None, typer.Option(help="What it measures.")] = None,
    interval: Annotated[
        str | None, typer.Option(help="How often it says something: 10s, 5m, 1h.")
    ] = None,
    reading: Annotated[
        ReadingWay | None, typer.Option(help="A counter, or the energy of each interval.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="A name to be shown with.")] = None,
    unit: admin_meter.Unit = None,
    wh_per_pulse: admin_meter.Pulse = None,
    digits: admin_meter.Digits = None,
    formula: Annotated[
        str | None, typer.Option(help="Of which meters a virtual one is made: a + b - 0.5 * c.")
    ] = None,
) -> None:
    """Add a meter to a site: one that is measured, or with --formula a virtual one."""
    if formula is not None:
        if any(each is not None for each in (interval, reading, unit, wh_per_pulse, digits)):
            raise BadInput(
                "a virtual meter has no --interval, --reading, --unit, --wh-per-pulse and "
                "--digits: its formula says all"
            )
        admin_virtual.add(context, id, site, formula, type, name)
        return
    if type is None or interval is None or reading is None:
        raise BadInput("a meter that is measured needs --type, --interval and --reading")
    every_s = interval_s(interval)
    admin_meter.add(context, (id, site, type, every_s, reading), name, unit, wh_per_pulse, digits)


@_meter.command("list", epilog=EPILOG)
def list_meters(context: typer.Context) -> None:
    """List every meter."""
    admin_meter.show_all(context)


@_meter.command("show", epilog=EPILOG)
def show_meter(context: typer.Context, id: Id) -> None:
    """Show one meter, how many of its readings came well, and what is to be put right."""
    admin_meter.show(context, id)


@_meter.command("remove", epilog=EPILOG)
def remove_meter(context: typer.Context, id: Id, yes: Yes = False) -> None:
    """Remove a meter."""
    _print(context, lambda admin: admin.remove_meter(id, yes))


@_device.command("add", epilog=EPILOG)
def add_device(
    context: typer.Context,
    mac: Mac,
    site: SiteId,
    meter: Annotated[
        str | None, typer.Option(help="Meter it reads; without it one is made, named by its MAC.")
    ] = None,
) -> None:
    """Add a device and print, once, what it signs in with."""
    _print(context, lambda admin: admin.add_device(mac, site, meter))


@_device.command("list", epilog=EPILOG)
def list_devices(context: typer.Context) -> None:
    """List every device."""
    _print_all(context, lambda admin: admin.list_devices())


@_device.command("show", epilog=EPILOG)
def show_device(context: typer.Context, mac: Mac) -> None:
    """Show one device; its password cannot be shown again."""
    _print(context, lambda admin: admin.show_device(mac))


@_device.command("renew", epilog=EPILOG)
def renew_device(context: typer.Context, mac: Mac) -> None:
    """Give a device a new password and claim code; the old ones end at once."""
    _print(context, lambda admin: admin.renew_device(mac))


@_device.command("remove", epilog=EPILOG)
def remove_device(context: typer.Context, mac: Mac) -> None:
    """Remove a device; its meter and readings stay."""
    _print(context, lambda admin: admin.remove_device(mac))


@_user.command("add", epilog=EPILOG)
def add_user(
    context: typer.Context,
    email: Email,
    role: Annotated[Role, typer.Option(help="What the user may do.")],
    org: Annotated[
        int | None, typer.Option(help="Number of the organisation; without it, all of them.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read a password from standard input.")
    ] = False,
) -> None:
    """Add a user and print a sign-in link that is good once, for a day."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    _print(context, lambda admin: admin.add_user(email, role, org, password))


@_user.command("list", epilog=EPILOG)
def list_users(context: typer.Context) -> None:
    """List every user."""
    _print_all(context, lambda admin: admin.list_users())


@_user.command("show", epilog=EPILOG)
def show_user(context: typer.Context, email: Email) -> None:
    """Show one user."""
    _print(context, lambda admin: admin.show_user(email))


@_user.command("link", epilog=EPILOG)
def link_user(context: typer.Context, email: Email) -> None:
    """Print a new sign-in link for a user, good once, for a day."""
    _print(context, lambda admin: admin.link_user(email))


@_user.command("remove", epilog=EPILOG)
def remove_user(context: typer.Context, email: Email) -> None:
    """Remove a user."""
    _print(context, lambda admin: admin.remove_user(email))


@_user.command("role", epilog=EPILOG)
def set_role(
    context: typer.Context,
    email: Email,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help="What the user may do.")],
) -> None:
    """Give a user another role; it counts at once."""
    _print(context, lambda admin: admin.set_role(email, role))


@_user.command("sign-out", epilog=EPILOG)
def sign_user_out(context: typer.Context, email: Email) -> None:
    """End every session of a user."""
    _print(context, lambda admin: admin.sign_user_out(email))


@_user.command("totp-off", epilog=EPILOG)
def second_step_off(context: typer.Context, email: Email) -> None:
    """Turn the second step off, for a user who lost authenticator and recovery codes."""
    _print(context, lambda admin: admin.second_step_off(email))


@app.command("audit", epilog=EPILOG)
def list_audit(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many steps at most.")] = 50,
) -> None:
    """List who did what, the newest first."""
    _print_all(context, lambda admin: admin.list_audit(limit))
